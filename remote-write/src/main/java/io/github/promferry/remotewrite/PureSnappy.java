package io.github.promferry.remotewrite;

import java.util.Arrays;

/**
 * The Snappy block format in plain Java, for where the native library cannot be loaded: a temporary folder mounted
 * noexec, an unknown platform. Written from the published format description, because snappy-java 1.1.10.12 has no pure Java
 * mode: the package that older releases had for it is not in the jar.
 *
 * <p>Compression is the usual greedy one: a table from the hash of four bytes to where they were last seen, per 64 KiB of
 * input, so that no copy reaches further back than two offset bytes can say.
 */
final class PureSnappy {
    private static final int FRAGMENT = 1 << 16;
    private static final int MIN_MATCH = 4;
    private static final int HASH_BITS = 14;
    private static final int LITERAL = 0;
    private static final int COPY_1 = 1;
    private static final int COPY_2 = 2;

    private PureSnappy() {}

    /** What incompressible input grows to at most. */
    static int maxCompressedLength(int length) {
        return 32 + length + length / 6;
    }

    /** Returns the index after the last byte written. */
    static int compress(byte[] in, int from, int to, byte[] out, int outFrom) {
        int at = WireBuffer.putVarint(out, outFrom, to - from);
        short[] table = new short[1 << HASH_BITS];
        for (int start = from; start < to; start += FRAGMENT) {
            at = fragment(in, start, Math.min(start + FRAGMENT, to), table, out, at);
        }
        return at;
    }

    private static int fragment(byte[] in, int start, int end, short[] table, byte[] out, int outAt) {
        Arrays.fill(table, (short) 0);
        int written = outAt;
        int literalStart = start;
        int at = start + 1;
        // Looks further apart the longer nothing has matched, so that incompressible input passes quickly.
        int misses = 32;
        while (at + MIN_MATCH <= end) {
            int word = int32(in, at);
            int slot = (word * 0x1e35a7bd) >>> (32 - HASH_BITS);
            int candidate = start + (table[slot] & 0xFFFF);
            table[slot] = (short) (at - start);
            if (candidate >= at || int32(in, candidate) != word) {
                at += misses++ >>> 5;
                continue;
            }
            int matched = MIN_MATCH;
            while (at + matched < end && in[at + matched] == in[candidate + matched]) {
                matched++;
            }
            written = literal(in, literalStart, at, out, written);
            written = copy(at - candidate, matched, out, written);
            at += matched;
            literalStart = at;
            misses = 32;
        }
        return literal(in, literalStart, end, out, written);
    }

    private static int literal(byte[] in, int from, int to, byte[] out, int outAt) {
        int length = to - from;
        if (length == 0) {
            return outAt;
        }
        int at = outAt;
        int code = length - 1;
        if (code < 60) {
            out[at++] = (byte) ((code << 2) | LITERAL);
        } else if (code < 1 << 8) {
            out[at++] = (byte) ((60 << 2) | LITERAL);
            out[at++] = (byte) code;
        } else {
            // A fragment has 64 KiB at most, so two length bytes always do.
            out[at++] = (byte) ((61 << 2) | LITERAL);
            out[at++] = (byte) code;
            out[at++] = (byte) (code >>> 8);
        }
        System.arraycopy(in, from, out, at, length);
        return at + length;
    }

    private static int copy(int offset, int length, byte[] out, int outAt) {
        int at = outAt;
        int left = length;
        while (left > 0) {
            if (left >= 4 && left <= 11 && offset < 1 << 11) {
                out[at++] = (byte) ((offset >>> 8 << 5) | ((left - 4) << 2) | COPY_1);
                out[at++] = (byte) offset;
                return at;
            }
            int part = Math.min(left, 64);
            out[at++] = (byte) (((part - 1) << 2) | COPY_2);
            out[at++] = (byte) offset;
            out[at++] = (byte) (offset >>> 8);
            left -= part;
        }
        return at;
    }

    /** Returns the uncompressed bytes; throws {@link IllegalStateException} if the input is no Snappy block. */
    static byte[] uncompress(byte[] in) {
        try {
            WireReader header = new WireReader(in, 0, in.length);
            long length = header.varint();
            if (length < 0 || length > Integer.MAX_VALUE - 8) {
                throw new IllegalStateException("uncompressed length is " + length);
            }
            byte[] out = new byte[(int) length];
            int at = header.end();
            int written = 0;
            while (at < in.length) {
                int tag = in[at++] & 0xFF;
                if ((tag & 3) == LITERAL) {
                    int size = tag >>> 2;
                    if (size >= 60) {
                        int sizeBytes = size - 59;
                        size = 0;
                        for (int i = 0; i < sizeBytes; i++) {
                            size |= (in[at++] & 0xFF) << (8 * i);
                        }
                    }
                    size++;
                    System.arraycopy(in, at, out, written, size);
                    at += size;
                    written += size;
                    continue;
                }
                int size;
                int offset;
                if ((tag & 3) == COPY_1) {
                    size = 4 + (tag >>> 2 & 7);
                    offset = (tag >>> 5 << 8) | (in[at++] & 0xFF);
                } else {
                    size = 1 + (tag >>> 2);
                    offset = (in[at++] & 0xFF) | ((in[at++] & 0xFF) << 8);
                    if ((tag & 3) != COPY_2) {
                        offset |= ((in[at++] & 0xFF) << 16) | ((in[at++] & 0xFF) << 24);
                    }
                }
                if (offset == 0) {
                    throw new IllegalStateException("copy from offset 0");
                }
                // Byte by byte: source and target may overlap, which repeats what lies between them.
                for (int i = 0; i < size; i++, written++) {
                    out[written] = out[written - offset];
                }
            }
            if (written != out.length) {
                throw new IllegalStateException("got " + written + " of " + out.length + " bytes");
            }
            return out;
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalStateException("truncated or damaged", e);
        }
    }

    private static int int32(byte[] in, int at) {
        return (in[at] & 0xFF) | ((in[at + 1] & 0xFF) << 8) | ((in[at + 2] & 0xFF) << 16) | (in[at + 3] << 24);
    }
}

package io.github.promferry.remotewrite;

/**
 * Walks the fields of a protobuf message that this package wrote itself. Malformed input ends in an {@link
 * IndexOutOfBoundsException} or {@link IllegalStateException}, never in an endless loop.
 */
final class WireReader {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int BYTES = 2;

    final byte[] bytes;
    private final int end;
    private int at;

    /** The field number and wire type of the current field. */
    int field;

    int type;

    /** Where the current field begins, tag included. */
    int start;

    /** The content of a length-delimited field. */
    int from;

    int to;

    /** The value of a varint or fixed field. */
    long value;

    WireReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    boolean next() {
        if (at >= end) {
            return false;
        }
        start = at;
        int tag = (int) varint();
        field = tag >>> 3;
        type = tag & 7;
        switch (type) {
            case VARINT -> value = varint();
            case FIXED64 -> {
                value = (long) WireBuffer.LONG.get(bytes, at);
                at += Long.BYTES;
            }
            case BYTES -> {
                int size = (int) varint();
                if (size < 0 || size > end - at) {
                    throw new IllegalStateException("field of " + size + " bytes with " + (end - at) + " left");
                }
                from = at;
                at += size;
                to = at;
            }
            default -> throw new IllegalStateException("unknown wire type " + type);
        }
        return true;
    }

    /** The field just read, tag included, ends here. */
    int end() {
        return at;
    }

    /** Reads a bare varint, as packed fields hold. */
    long varint() {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte b = bytes[at++];
            result |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return result;
            }
        }
        throw new IllegalStateException("varint of more than 10 bytes");
    }

    boolean hasMore() {
        return at < end;
    }

    WireReader inner() {
        return new WireReader(bytes, from, to);
    }
}

package io.github.promferry.remotewrite;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The fixed part of a record in a spool: what accounting needs to know without a look at the body. Reused; not
 * thread-safe.
 *
 * <pre>
 *  0 magic         4 CRC32C of the segment's salt and of bytes 8 to 71
 *  8 kind         12 length of the body          16 CRC32C of the body
 * 20 samples      24 exemplars                   28 zero
 * 32, 36, 40 what {@link BlockPacker} needs to join records   44 number of the block
 * 48 oldest sample   56 newest sample   64 time of the append, all in milliseconds since the Unix epoch
 * </pre>
 *
 * <p>All numbers are big-endian. Header and body have a checksum each, so that a damaged body is still counted exactly and
 * skipped at its known length. The salt keeps a body from passing for a record: label values are foreign bytes, and after
 * damage the reader looks for the next header byte by byte. It tells the records of a segment from those that an earlier
 * one has left in its file, too; a header of a kind of its own follows the last record.
 */
final class SpoolHeader {
    static final int BYTES = 72;

    /** No body is longer; a longer one is damage. */
    static final int MAX_BODY_BYTES = 64 << 20;

    /** The {@link #kind} of what follows the last record. */
    private static final int END = -1;

    private static final int MAGIC = 0x50665231; // "PfR1"
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** What the body is: the number of the Remote Write version. */
    int kind;

    /** Records of one block follow each other and have the same number, which differs from that of their neighbors. */
    int block;

    int bodyLength;
    int bodyChecksum;
    int samples;
    int exemplars;

    /** How many bytes of the body, after its leading length, are compressed symbols. */
    int symbolBytes;

    /** The size of these symbols when uncompressed. */
    int symbolRawBytes;

    /**
     * Where they belong in the symbols of the block; 0 if they are all of them so far. A last record of no samples may
     * bring all of them once more.
     */
    int symbolOffset;

    long minTimestampMillis;
    long maxTimestampMillis;
    long appendedMillis;

    private final CRC32C crc = new CRC32C();

    SpoolHeader copy() {
        SpoolHeader copy = new SpoolHeader();
        copy.kind = kind;
        copy.block = block;
        copy.samples = samples;
        copy.exemplars = exemplars;
        copy.symbolBytes = symbolBytes;
        copy.symbolRawBytes = symbolRawBytes;
        copy.symbolOffset = symbolOffset;
        copy.minTimestampMillis = minTimestampMillis;
        copy.maxTimestampMillis = maxTimestampMillis;
        return copy;
    }

    /** Writes what follows the last record of a segment: a header without a body. */
    void writeEnd(byte[] bytes, int at, int salt) {
        Arrays.fill(bytes, at, at + BYTES, (byte) 0);
        INT.set(bytes, at, MAGIC);
        INT.set(bytes, at + 8, END);
        INT.set(bytes, at + 4, headerChecksum(bytes, at, salt));
    }

    /** Whether this follows the last record. */
    boolean isEnd() {
        return kind == END;
    }

    static boolean hasMagic(byte[] bytes, int at) {
        return (int) INT.get(bytes, at) == MAGIC;
    }

    /** Sets length and checksum of the body. */
    void describe(byte[] body, int from, int length) {
        bodyLength = length;
        bodyChecksum = checksum(body, from, length);
    }

    boolean matchesBody(byte[] body, int from) {
        return checksum(body, from, bodyLength) == bodyChecksum;
    }

    void write(byte[] bytes, int at, int salt) {
        INT.set(bytes, at, MAGIC);
        INT.set(bytes, at + 8, kind);
        INT.set(bytes, at + 12, bodyLength);
        INT.set(bytes, at + 16, bodyChecksum);
        INT.set(bytes, at + 20, samples);
        INT.set(bytes, at + 24, exemplars);
        INT.set(bytes, at + 28, 0);
        INT.set(bytes, at + 32, symbolBytes);
        INT.set(bytes, at + 36, symbolRawBytes);
        INT.set(bytes, at + 40, symbolOffset);
        INT.set(bytes, at + 44, block);
        LONG.set(bytes, at + 48, minTimestampMillis);
        LONG.set(bytes, at + 56, maxTimestampMillis);
        LONG.set(bytes, at + 64, appendedMillis);
        INT.set(bytes, at + 4, headerChecksum(bytes, at, salt));
    }

    /** Reads a header if there is a sound one. */
    boolean read(byte[] bytes, int at, int salt) {
        if (!hasMagic(bytes, at) || (int) INT.get(bytes, at + 4) != headerChecksum(bytes, at, salt)) {
            return false;
        }
        kind = (int) INT.get(bytes, at + 8);
        bodyLength = (int) INT.get(bytes, at + 12);
        bodyChecksum = (int) INT.get(bytes, at + 16);
        samples = (int) INT.get(bytes, at + 20);
        exemplars = (int) INT.get(bytes, at + 24);
        symbolBytes = (int) INT.get(bytes, at + 32);
        symbolRawBytes = (int) INT.get(bytes, at + 36);
        symbolOffset = (int) INT.get(bytes, at + 40);
        block = (int) INT.get(bytes, at + 44);
        minTimestampMillis = (long) LONG.get(bytes, at + 48);
        maxTimestampMillis = (long) LONG.get(bytes, at + 56);
        appendedMillis = (long) LONG.get(bytes, at + 64);
        return bodyLength >= 0 && bodyLength <= MAX_BODY_BYTES;
    }

    private int headerChecksum(byte[] bytes, int at, int salt) {
        crc.reset();
        crc.update(salt >>> 24);
        crc.update(salt >>> 16);
        crc.update(salt >>> 8);
        crc.update(salt);
        crc.update(bytes, at + 8, BYTES - 8);
        return (int) crc.getValue();
    }

    private int checksum(byte[] bytes, int from, int length) {
        crc.reset();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }
}

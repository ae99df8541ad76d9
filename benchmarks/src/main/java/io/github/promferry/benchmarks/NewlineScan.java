package io.github.promferry.benchmarks;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The yardstick: finds the line ends of a page eight bytes at a time and does nothing else. No parser of a text format that
 * has to look at every byte is faster without vector instructions.
 */
final class NewlineScan {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long NEWLINES = 0x0A0A_0A0A_0A0A_0A0AL;
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    private NewlineScan() {}

    /** Writes where the lines end and returns how many there are; the array is long enough. */
    static int lineEnds(byte[] page, int to, int[] ends) {
        int count = 0;
        int at = 0;
        for (; at + 8 <= to; at += 8) {
            long word = (long) LONGS.get(page, at) ^ NEWLINES;
            long hits = word - ONES & ~word & HIGH_BITS;
            while (hits != 0) {
                // A byte above a real hit may be flagged falsely (0x0B after 0x0A), so look at the byte itself.
                int end = at + (Long.numberOfTrailingZeros(hits) >>> 3);
                if (page[end] == '\n') {
                    ends[count++] = end;
                }
                hits &= hits - 1;
            }
        }
        for (; at < to; at++) {
            if (page[at] == '\n') {
                ends[count++] = at;
            }
        }
        return count;
    }
}

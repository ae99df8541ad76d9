package io.github.promferry.scrape;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The bytes of a page: an array that grows to the need, and how much of it is used. Belongs to one thread at a time. */
final class PageBuffer {
    private static final int INITIAL_BYTES = 16 * 1024;

    /** A page larger than this is rare, so its array is not worth keeping. */
    private static final int LARGEST_KEPT = 4 << 20;

    private byte[] bytes = {};
    private int length;

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    void clear() {
        length = 0;
    }

    /** Takes all that is left in the source. The caller has checked the limit. */
    void append(ByteBuffer source) {
        int count = source.remaining();
        reserve(count);
        source.get(bytes, length, count);
        length += count;
    }

    /** Makes room for so many bytes after the used ones. */
    void reserve(int count) {
        if (bytes.length - length < count) {
            int needed = Math.addExact(length, count);
            // Twice the size: a page of n bytes is copied less than n bytes in all.
            bytes = Arrays.copyOf(bytes, Math.max(needed, Math.max(INITIAL_BYTES, saturatedDouble(bytes.length))));
        }
    }

    /** Says that so many bytes were written into {@link #bytes()} after the used ones. */
    void advance(int count) {
        length += count;
    }

    /** Lets an unusually large array go. */
    void trim() {
        if (bytes.length > LARGEST_KEPT) {
            bytes = new byte[0];
            length = 0;
        }
    }

    private static int saturatedDouble(int size) {
        return (int) Math.min(2L * size, Integer.MAX_VALUE - 8);
    }
}

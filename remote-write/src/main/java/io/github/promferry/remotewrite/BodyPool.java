package io.github.promferry.remotewrite;

import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * Arrays of requests that have been sent, for the next ones. A body that nobody gives back is garbage, no more. Thread-safe.
 */
final class BodyPool {
    /** Looking for one that fits should take no time. */
    private static final int MAX_ARRAYS = 32;

    private final long maxBytes;

    /** Longest unused first. Guarded by this, like what follows. */
    private final ArrayDeque<byte[]> unused = new ArrayDeque<>();

    private long bytes;

    /**
     * An empty pool.
     *
     * @param maxBytes how much it keeps at most
     */
    BodyPool(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** A body to be filled. Its array is hardly longer: what waits should take no more memory than it must. */
    synchronized Body take(int length) {
        int longest = length + length / 8;
        for (Iterator<byte[]> all = unused.descendingIterator(); all.hasNext(); ) {
            byte[] one = all.next();
            if (one.length >= length && one.length <= longest) {
                all.remove();
                bytes -= one.length;
                return new Body(one, length);
            }
        }
        // Requests of the same targets differ by a few bytes.
        return new Body(new byte[length + length / 32], length);
    }

    /** Ends the use of a body, after which reading it fails. */
    synchronized void giveBack(Body body) {
        byte[] array = body.release();
        if (array == null || array.length > maxBytes) {
            return;
        }
        unused.addLast(array);
        bytes += array.length;
        while (bytes > maxBytes || unused.size() > MAX_ARRAYS) {
            bytes -= unused.removeFirst().length;
        }
    }
}

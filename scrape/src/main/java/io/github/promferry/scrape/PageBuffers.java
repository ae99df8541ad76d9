package io.github.promferry.scrape;

import java.util.ArrayDeque;

/**
 * Lends page buffers for the time of a scrape. A buffer a target would cost a thousand engines a hundred megabytes that
 * are idle nearly always; this way it is the number of pages in flight that counts. Thread-safe.
 */
final class PageBuffers {
    /** Targets are due many at once ({@link TickGrid}), and each of their pages has a buffer for a moment. */
    static final int KEPT_BYTES = 8 << 20;

    private final int keptAtLeast;
    private final ArrayDeque<PageBuffer> idle = new ArrayDeque<>();
    private long idleBytes;

    /**
     * Lends as many as are wanted.
     *
     * @param keptAtLeast how many are kept, however large; more if all together are small
     */
    PageBuffers(int keptAtLeast) {
        this.keptAtLeast = keptAtLeast;
    }

    PageBuffer lend() {
        synchronized (idle) {
            PageBuffer known = idle.pollLast();
            if (known != null) {
                idleBytes -= known.bytes().length;
                return known;
            }
        }
        return new PageBuffer();
    }

    /** Takes a buffer back. Nobody else may still write to it. */
    void giveBack(PageBuffer buffer) {
        buffer.clear();
        buffer.trim();
        synchronized (idle) {
            if (idle.size() < keptAtLeast || idleBytes + buffer.bytes().length <= KEPT_BYTES) {
                idle.addLast(buffer);
                idleBytes += buffer.bytes().length;
            }
        }
    }
}

package io.github.promferry.scrape;

import java.util.ArrayDeque;

/**
 * Lends page buffers for the time of a scrape. A buffer a target would cost a thousand engines a hundred megabytes that
 * are idle nearly always; this way it is the number of pages in flight that counts. Thread-safe.
 */
final class PageBuffers {
    private final int mostKept;
    private final ArrayDeque<PageBuffer> idle = new ArrayDeque<>();

    PageBuffers(int mostKept) {
        this.mostKept = mostKept;
    }

    PageBuffer lend() {
        synchronized (idle) {
            PageBuffer known = idle.pollLast();
            if (known != null) {
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
            if (idle.size() < mostKept) {
                idle.addLast(buffer);
            }
        }
    }
}

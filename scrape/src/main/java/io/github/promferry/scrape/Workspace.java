package io.github.promferry.scrape;

import io.github.promferry.SampleBatch;
import java.util.ArrayDeque;

/** What a worker needs to turn a page into samples. Lent for the time of that, so there are as many as workers. */
final class Workspace {
    private static final int MAX_IDLE_ROWS = 1 << 17;

    private final PageBuffer page = new PageBuffer();
    private final GzipReader gzip = new GzipReader();
    private SampleBatch batch = new SampleBatch();
    private int largestBatch;

    private Workspace() {}

    /** For an unpacked page. */
    PageBuffer page() {
        return page;
    }

    GzipReader gzip() {
        return gzip;
    }

    SampleBatch batch() {
        return batch;
    }

    /** Lets go of what an unusually large page has made grow. */
    private void tidy() {
        largestBatch = Math.max(largestBatch, batch.size());
        batch.truncate(0);
        if (largestBatch > MAX_IDLE_ROWS) {
            batch = new SampleBatch();
            largestBatch = 0;
        }
        page.clear();
        page.trim();
    }

    /** Those nobody uses at the moment. Thread-safe. */
    static final class Pool {
        private final ArrayDeque<Workspace> idle = new ArrayDeque<>();
        private boolean closed;

        Workspace lend() {
            synchronized (idle) {
                Workspace known = idle.pollLast();
                if (known != null) {
                    return known;
                }
            }
            return new Workspace();
        }

        void giveBack(Workspace workspace) {
            workspace.tidy();
            synchronized (idle) {
                if (!closed) {
                    idle.addLast(workspace);
                    return;
                }
            }
            workspace.gzip.close();
        }

        void close() {
            synchronized (idle) {
                closed = true;
                idle.forEach(workspace -> workspace.gzip.close());
                idle.clear();
            }
        }
    }
}

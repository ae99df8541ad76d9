package io.github.promferry.remotewrite;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Map;

/** Sends one request and reads the answer, following nothing. Thread-safe. */
interface Poster {
    /**
     * Waits for the whole answer until the deadline, after which the connection is closed.
     *
     * @param body not changed, its position neither; see {@link #keepsBodies} for how long it is read
     * @param deadlineNanos of {@link System#nanoTime}, whatever the clock: it bounds what a real network does
     * @throws IOException if there was no answer, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the connection is closed
     */
    Response post(URI url, Map<String, String> headers, ByteBuffer body, long deadlineNanos)
            throws IOException, InterruptedException;

    /** Whether a body may still be read after {@code post} has ended, in whatever way, until nobody knows when. */
    boolean keepsBodies();
}

package io.github.promferry.remotewrite;

import java.io.IOException;
import java.net.URI;
import java.util.Map;

/** Sends one request and reads the answer, following nothing. Thread-safe. */
interface Poster {
    /**
     * Waits for the whole answer until the deadline, after which the connection is closed.
     *
     * @param deadlineNanos of {@link System#nanoTime}, whatever the clock: it bounds what a real network does
     * @throws IOException if there was no answer, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the connection is closed
     */
    Response post(URI url, Map<String, String> headers, byte[] body, long deadlineNanos)
            throws IOException, InterruptedException;
}

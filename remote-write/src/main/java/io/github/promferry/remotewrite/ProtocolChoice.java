package io.github.promferry.remotewrite;

import io.github.promferry.Clock;

/**
 * Which message a receiver gets. Under {@link WriteProtocol#AUTO} that is 2.0 until the receiver turns out not to know it,
 * then 1.0, and 2.0 again after {@value #RETRY_MINUTES} minutes: receivers get updated. Thread-safe.
 */
final class ProtocolChoice {
    static final int RETRY_MINUTES = 60;
    private static final long RETRY_NANOS = RETRY_MINUTES * 60_000_000_000L;

    private final Clock clock;
    private final boolean auto;
    private WriteProtocol current;

    /** The receiver has confirmed a 2.0 message since it became the current one. */
    private boolean confirmed;

    private long tryAgainNanos;

    ProtocolChoice(WriteProtocol configured, Clock clock) {
        this.clock = clock;
        auto = configured == WriteProtocol.AUTO;
        current = auto ? WriteProtocol.V2 : configured;
    }

    /** What a new block is encoded as. */
    synchronized WriteProtocol forNewBlock() {
        if (auto && current == WriteProtocol.V1 && clock.nanos() - tryAgainNanos >= 0) {
            current = WriteProtocol.V2;
            confirmed = false;
        }
        return current;
    }

    /** Whether a finished block must become 1.0 before it is sent. */
    synchronized boolean isV1Only() {
        return auto && current == WriteProtocol.V1;
    }

    synchronized boolean mayFallBack() {
        return auto;
    }

    /** Whether a 400 may mean that the receiver does not know 2.0. */
    synchronized boolean isUnsure() {
        return auto && current == WriteProtocol.V2 && !confirmed;
    }

    /** The receiver has taken a 2.0 message. */
    synchronized void confirm() {
        confirmed |= current == WriteProtocol.V2;
    }

    /** The receiver does not know 2.0; returns false if that was known already. */
    synchronized boolean fallBack() {
        if (!auto || current == WriteProtocol.V1) {
            return false;
        }
        current = WriteProtocol.V1;
        tryAgainNanos = clock.nanos() + RETRY_NANOS;
        return true;
    }
}

package io.github.promferry.remotewrite;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that did not succeed. Immutable.
 *
 * @param status the HTTP status, or {@link #NO_RESPONSE}
 * @param message the first bytes of the receiver's answer, or what went wrong on the way to it
 * @param cause what was thrown, or null if there was a response
 * @param retryAfter what the response's {@code Retry-After} says, or null if it says nothing of use
 * @param attempts how often this block has been sent, this attempt included
 * @param elapsed since the first attempt of this block
 * @since 0.1
 */
public record WriteFailure(
        int status,
        String message,
        @Nullable Throwable cause,
        @Nullable Duration retryAfter,
        int attempts,
        Duration elapsed) {
    /** The status when no response came: refused or broken connection, TLS failure, timeout. */
    public static final int NO_RESPONSE = 0;

    /**
     * Rejects nulls.
     *
     * @param status the HTTP status, or {@link #NO_RESPONSE}
     * @param message what the receiver or the network said
     * @param cause what was thrown, or null
     * @param retryAfter what {@code Retry-After} says, or null
     * @param attempts how often this block has been sent
     * @param elapsed since the first attempt of this block
     */
    public WriteFailure {
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(elapsed, "elapsed");
    }

    /**
     * Whether the receiver answered at all.
     *
     * @return false for a broken connection or a timeout
     */
    public boolean hasResponse() {
        return status != NO_RESPONSE;
    }
}

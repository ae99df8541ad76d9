package io.github.promferry.remotewrite;

import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a block that was not delivered: wait and send it again, or drop it and go on. Asked for every failure
 * but those that the sender mends by itself: 413 (the block is split), and 415 under {@link WriteProtocol#AUTO} (it is
 * sent as 1.0).
 *
 * <p>Replace it, or refine the standard one:
 *
 * <pre>{@code
 * RetryPolicy.standard(Backoff.DEFAULT).holdOn(401, 403).giveUpAfter(Duration.ofHours(6))
 * }</pre>
 *
 * <p>Implementations are thread-safe.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface RetryPolicy {
    /** {@link #standard} with {@link Backoff#DEFAULT}. */
    RetryPolicy DEFAULT = standard(Backoff.DEFAULT);

    /** A longer {@code Retry-After} is cut to this by {@link #standard}: no typing error stops a writer for a day. */
    Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);

    /**
     * Decides about a block. While it waits, no later block of its shard is sent, so that the order per series holds.
     *
     * @param failure the attempt that failed
     * @return how long to wait before the next attempt, or null to drop the block
     */
    @Nullable
    Duration nextDelay(WriteFailure failure);

    /**
     * The standard: no response, 5xx, 429 and 408 are tried again for ever, with the backoff's waits or the receiver's
     * {@code Retry-After}, whichever is longer; everything else is dropped. What the configured proxy answers with 407 was
     * no response of the receiver.
     *
     * @param backoff the waits
     * @return an immutable policy
     */
    static RetryPolicy standard(Backoff backoff) {
        return new StandardRetry(
                Objects.requireNonNull(backoff, "backoff"),
                () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * This policy, but blocks that were refused with one of the statuses are held and tried again as if it had been 503.
     * With 401 and 403 a revoked password costs no data as long as the queue has room.
     *
     * @param statuses HTTP statuses
     * @return a new policy
     */
    default RetryPolicy holdOn(int... statuses) {
        Set<Integer> held = IntStream.of(statuses).boxed().collect(Collectors.toUnmodifiableSet());
        return failure -> nextDelay(
                held.contains(failure.status())
                        ? new WriteFailure(
                                503,
                                failure.message(),
                                failure.cause(),
                                failure.retryAfter(),
                                failure.attempts(),
                                failure.elapsed())
                        : failure);
    }

    /**
     * This policy, but blocks that were refused with one of the statuses are dropped.
     *
     * @param statuses HTTP statuses
     * @return a new policy
     */
    default RetryPolicy dropOn(int... statuses) {
        Set<Integer> dropped = IntStream.of(statuses).boxed().collect(Collectors.toUnmodifiableSet());
        return failure -> dropped.contains(failure.status()) ? null : nextDelay(failure);
    }

    /**
     * This policy, but a block is dropped when it has failed for so long.
     *
     * @param limit counted from the block's first attempt
     * @return a new policy
     */
    default RetryPolicy giveUpAfter(Duration limit) {
        Objects.requireNonNull(limit, "limit");
        return failure -> failure.elapsed().compareTo(limit) >= 0 ? null : nextDelay(failure);
    }
}

package io.github.promferry.remotewrite;

import java.util.concurrent.TimeUnit;

/**
 * How many shards a writer should have: as many as take what arrives at the speed at which requests are finished now, and
 * a twentieth of the backlog each second besides. That is Prometheus' rule ({@code calculateDesiredShards} in
 * storage/remote/queue_manager.go), with its constants; but the backlog is known here and need not be guessed from
 * timestamps. Thread-safe.
 */
final class ShardScaling {
    static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How much the last interval counts in a rate. */
    private static final double EWMA_WEIGHT = 0.2;

    private static final double CATCH_UP_PER_SECOND = 0.05;

    /** A smaller change is not worth it. */
    private static final double TOLERANCE = 0.3;

    /** With a backlog of more seconds than this, there is no shrinking. */
    private static final double MAX_BACKLOG_TO_SHRINK_SECONDS = 10;

    /**
     * What has happened so far.
     *
     * @param sealed samples in finished requests
     * @param finished samples in requests that were sent and decided
     * @param sendNanos how long the last attempt of each of these took, summed up
     * @param waiting samples that wait
     */
    record Totals(long sealed, long finished, long sendNanos, long waiting) {}

    private final int min;
    private final int max;
    private Totals last = new Totals(0, 0, 0, 0);
    private long lastNanos;
    private boolean hasRates;
    private double arriving;
    private double finishing;

    /** How many requests were under way on average. */
    private double sending;

    private double desired;

    ShardScaling(QueueConfig queue, long nowNanos) {
        min = queue.minShards();
        max = queue.maxShards();
        desired = min;
        lastNanos = nowNanos;
    }

    /** Whether the number may change and an interval is over. */
    synchronized boolean isDue(long nowNanos) {
        return min < max && nowNanos - lastNanos >= INTERVAL_NANOS;
    }

    /** What the last interval asked for, not rounded and whatever the bounds. */
    synchronized double desired() {
        return desired;
    }

    /**
     * Ends the interval, if it is over.
     *
     * @param shards how many there are
     * @param targets how many there would be work for
     * @return how many there should be
     */
    synchronized int next(Totals now, int shards, int targets, long nowNanos) {
        if (!isDue(nowNanos)) {
            // Another sender was first.
            return shards;
        }
        double seconds = (nowNanos - lastNanos) / 1e9;
        boolean nothingFinished = now.finished == last.finished;
        arriving = rate(arriving, (now.sealed - last.sealed) / seconds);
        finishing = rate(finishing, (now.finished - last.finished) / seconds);
        sending = rate(sending, (now.sendNanos - last.sendNanos) / 1e9 / seconds);
        last = now;
        lastNanos = nowNanos;
        hasRates = true;
        if (nothingFinished || finishing <= 0) {
            return shards;
        }
        double secondsPerSample = sending / finishing;
        desired = secondsPerSample * (arriving + CATCH_UP_PER_SECOND * now.waiting);
        if (desired > shards * (1 - TOLERANCE) && desired < shards * (1 + TOLERANCE)) {
            return shards;
        }
        boolean behind = now.waiting > MAX_BACKLOG_TO_SHRINK_SECONDS * arriving;
        int wanted = (int) Math.min(max, Math.ceil(desired));
        if (wanted < shards && behind) {
            return shards;
        }
        return Math.max(min, Math.min(wanted, Math.max(targets, shards)));
    }

    private double rate(double before, double now) {
        return hasRates ? EWMA_WEIGHT * now + (1 - EWMA_WEIGHT) * before : now;
    }
}

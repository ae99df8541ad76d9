package io.github.promferry.remotewrite;

import java.time.Duration;

/**
 * Waits between attempts: doubles from {@code min} to {@code max}, each cut by up to {@code jitter}.
 *
 * <p>The cut is small on purpose: at most a tenth by default, so that one wait is never more than a tenth shorter than the
 * one before and an exponential backoff can still be recognized as one. The defaults make 17 attempts at most in the first
 * minute of an outage and notice its end within 5 seconds.
 *
 * @param min the first wait
 * @param max the longest wait
 * @param jitter the largest share that chance cuts off, from 0 to 0.1
 * @since 0.1
 */
public record Backoff(Duration min, Duration max, double jitter) {
    /** The default: 250 ms, 500 ms, 1 s, 2 s, 4 s, then 5 s for ever, each cut by up to 10 %. */
    public static final Backoff DEFAULT = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(5), 0.1);

    /**
     * Checks the bounds.
     *
     * @param min the first wait, positive
     * @param max the longest wait, at least {@code min}
     * @param jitter from 0 to 0.1
     */
    public Backoff {
        if (min.isNegative() || min.isZero()) {
            throw new IllegalArgumentException("min " + min + " is not positive");
        }
        if (max.compareTo(min) < 0) {
            throw new IllegalArgumentException("max " + max + " is below min " + min);
        }
        if (!(jitter >= 0 && jitter <= 0.1)) {
            throw new IllegalArgumentException("jitter is " + jitter + ", expected 0 to 0.1");
        }
    }

    /**
     * The wait after an attempt that failed.
     *
     * @param failures how many attempts have failed in a row, at least 1
     * @param random01 chance, from 0 to 1
     * @return a wait between {@code min × (1 - jitter)} and {@code max}
     */
    public Duration delay(int failures, double random01) {
        // 62 doublings of a nanosecond are more than any max that fits into a long.
        int doublings = Math.min(Math.max(failures, 1) - 1, 62);
        long minNanos = min.toNanos();
        long maxNanos = max.toNanos();
        long full = minNanos > maxNanos >> doublings ? maxNanos : minNanos << doublings;
        return Duration.ofNanos(full - (long) (full * jitter * random01));
    }
}

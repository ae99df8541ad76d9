package io.github.promferry.testkit;

import io.github.promferry.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * A clock that stands still until a test moves it. Thread-safe.
 *
 * <p>The two times differ in origin, so that code which mixes them up fails, and the wall clock can {@linkplain
 * #jumpWall jump} alone.
 */
public final class ManualClock implements Clock {
    private long wallNanos;
    private long monotonicNanos = 1_000_000_007;

    /** A clock at 2026-01-01T00:00:00Z. */
    public ManualClock() {
        this(Instant.parse("2026-01-01T00:00:00Z"));
    }

    /**
     * A clock at the given time.
     *
     * @param now what {@link #wallMillis()} shows
     */
    public ManualClock(Instant now) {
        wallNanos = Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
    }

    @Override
    public synchronized long wallMillis() {
        return Math.floorDiv(wallNanos, 1_000_000);
    }

    @Override
    public synchronized long nanos() {
        return monotonicNanos;
    }

    /**
     * Lets time pass on both clocks.
     *
     * @param step not negative
     * @return this clock
     */
    public synchronized ManualClock advance(Duration step) {
        if (step.isNegative()) {
            throw new IllegalArgumentException(
                    "time only goes forward, got " + step + "; jumpWall sets the wall clock back");
        }
        wallNanos += step.toNanos();
        monotonicNanos += step.toNanos();
        return this;
    }

    /**
     * Sets the wall clock forward or back, as a time server or an administrator does; {@link #nanos()} stays.
     *
     * @param step negative to go back
     * @return this clock
     */
    public synchronized ManualClock jumpWall(Duration step) {
        wallNanos += step.toNanos();
        return this;
    }
}

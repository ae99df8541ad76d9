package io.github.promferry.http;

import io.github.promferry.Clock;
import java.time.Duration;

/** A clock that stands still until a test moves it. */
public final class HandClock implements Clock {
    private volatile long nanos = 1_000_000_007;

    /** A clock at any time. */
    public HandClock() {}

    @Override
    public long wallMillis() {
        throw new UnsupportedOperationException("nothing here tells the time of day");
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // By one test.
    public void advance(Duration step) {
        nanos += step.toNanos();
    }
}

package io.github.promferry.http.wire;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Tells which connections are too old for another request: {@link HttpSettings.Builder#maxConnectionAge}. Thread-safe. */
public final class ConnectionAge {
    private final Clock clock;
    private final long maxNanos;

    /**
     * The limit of the settings.
     *
     * @param http says how old a connection may be
     * @param clock that {@link #nanos} is read from
     */
    public ConnectionAge(HttpSettings http, Clock clock) {
        this.clock = clock;
        Duration max = http.maxConnectionAge();
        maxNanos = max.isZero() ? Long.MAX_VALUE : TimeUnit.NANOSECONDS.convert(max);
    }

    /**
     * The time, to remember when a connection is opened.
     *
     * @return of {@link Clock#nanos}
     */
    public long nanos() {
        return clock.nanos();
    }

    /**
     * Whether a connection is to be replaced.
     *
     * @param openedNanos when it was opened, by {@link #nanos}
     * @return true if it must not be used for another request
     */
    public boolean isOver(long openedNanos) {
        return clock.nanos() - openedNanos > maxNanos;
    }
}

package io.github.promferry.scrape.discovery;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * What every discovery that looks again and again is built with. Public by the builders that extend it alone.
 *
 * @param <B> the builder itself
 */
abstract class PolledBuilder<B extends PolledBuilder<B>> {
    Duration refreshInterval;

    @Nullable
    ScheduledExecutorService executor;

    PolledBuilder(Duration defaultRefreshInterval) {
        refreshInterval = defaultRefreshInterval;
    }

    abstract B self();

    /**
     * How long after a look the next one follows; {@code DEFAULT_REFRESH_INTERVAL} of the discovery by default.
     *
     * @param refreshInterval at least a millisecond
     * @return this
     * @throws IllegalArgumentException if it is shorter
     */
    public B refreshInterval(Duration refreshInterval) {
        this.refreshInterval = PeriodicLookup.checkedInterval(refreshInterval);
        return self();
    }

    /**
     * Where to run; a thread of its own by default.
     *
     * @param executor blocked during a look; not closed by the discovery
     * @return this
     */
    public B executor(ScheduledExecutorService executor) {
        this.executor = Objects.requireNonNull(executor, "executor");
        return self();
    }
}

package io.github.promferry.scrape.discovery;

import io.github.promferry.http.HttpSettings;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What every discovery that asks servers by HTTP is built with. Public by the builders that extend it alone.
 *
 * @param <B> the builder itself
 */
abstract class AskingBuilder<B extends AskingBuilder<B>> extends PolledBuilder<B> {
    HttpSettings http = HttpSettings.DEFAULTS;
    /** Null until told. */
    @Nullable
    Duration timeout;

    AskingBuilder(Duration defaultRefreshInterval) {
        super(defaultRefreshInterval);
    }

    /**
     * Credentials, headers and the like; none by default.
     *
     * @param http how to reach servers
     * @return this
     */
    public B http(HttpSettings http) {
        this.http = Objects.requireNonNull(http, "http");
        return self();
    }

    /**
     * How long to wait for a complete answer, redirects included; the discovery says how long by default.
     *
     * @param timeout at least a millisecond
     * @return this
     * @throws IllegalArgumentException if it is shorter
     */
    public B timeout(Duration timeout) {
        if (timeout.toMillis() < 1) {
            throw new IllegalArgumentException("timeout " + timeout + " is below a millisecond");
        }
        this.timeout = timeout;
        return self();
    }
}

package io.github.promferry.http.wire;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of {@code java.net.http} that is made anew now and then: it does not tell the age of its connections, so they all
 * go with it. The one before ends its thread when it is collected; before JDK 21 it has no way to be told. Thread-safe.
 */
public final class AgingClient {
    /** A connection this old is not used again, so that a host that has moved is noticed: its name is looked up anew. */
    public static final Duration MAX_CONNECTION_AGE = Duration.ofMinutes(10);

    private final Supplier<HttpClient> maker;
    private final long maxAgeNanos;

    // Guarded by this; made when needed, since a client starts a thread and loads much code.
    private @Nullable HttpClient client;
    private long madeNanos;

    /**
     * No client yet.
     *
     * @param maker of clients
     * @param maxAge of a client
     */
    public AgingClient(Supplier<HttpClient> maker, Duration maxAge) {
        this.maker = maker;
        maxAgeNanos = maxAge.toNanos();
    }

    /**
     * The client for the next request.
     *
     * @return one that is not too old
     */
    public synchronized HttpClient get() {
        HttpClient known = client;
        long now = System.nanoTime();
        if (known == null || now - madeNanos > maxAgeNanos) {
            known = maker.get();
            client = known;
            madeNanos = now;
        }
        return known;
    }
}

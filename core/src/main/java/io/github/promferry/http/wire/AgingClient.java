package io.github.promferry.http.wire;

import java.net.http.HttpClient;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of {@code java.net.http} that is made anew now and then: it does not tell the age of its connections, so they all
 * go with it. The one before ends its thread when it is collected; before JDK 21 it has no way to be told. Thread-safe.
 *
 * <p>A host that has moved is noticed without that, since the client looks hosts up for each request. This is for those
 * behind whose one address the servers change.
 */
public final class AgingClient {
    private final Supplier<HttpClient> maker;
    private final ConnectionAge age;

    // Guarded by this; made when needed, since a client starts a thread and loads much code.
    private @Nullable HttpClient client;
    private long madeNanos;

    /**
     * No client yet.
     *
     * @param maker of clients
     * @param age of a client
     */
    public AgingClient(Supplier<HttpClient> maker, ConnectionAge age) {
        this.maker = maker;
        this.age = age;
    }

    /**
     * The client for the next request.
     *
     * @return one that is not too old
     */
    public synchronized HttpClient get() {
        HttpClient known = client;
        if (known == null || age.isOver(madeNanos)) {
            known = maker.get();
            client = known;
            madeNanos = age.nanos();
        }
        return known;
    }
}

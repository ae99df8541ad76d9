package io.github.promferry.scrape;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.PlainRoute;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Plain {@code http} by sockets of our own, everything else ({@code https}, a proxy) by {@code java.net.http}. */
final class RoutedFetcher implements Fetcher {
    private final HttpSettings settings;
    private final HttpClientFetcher client;
    private final SocketFetcher sockets;

    RoutedFetcher(HttpSettings settings, EventLoop io, Executor blocking, PageBuffers buffers) {
        this.settings = settings;
        ConnectionAge age = new ConnectionAge(settings, io.clock());
        client = new HttpClientFetcher(settings, blocking, buffers, age);
        sockets = new SocketFetcher(settings, io, blocking, buffers, age, client);
    }

    @Override
    public Fetch fetch(Request request, Receiver receiver) {
        try {
            Fetcher route = PlainRoute.leadsTo(settings, request.uri()) ? sockets : client;
            return route.fetch(request, receiver);
        } catch (RejectedExecutionException e) {
            receiver.failed(ScrapeFailure.of(ScrapeFailure.Kind.CONNECTION, "the scraper is closed"));
            return () -> {};
        }
    }

    @Override
    public void close() {
        sockets.close();
        client.close();
    }
}

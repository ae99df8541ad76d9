package io.github.promferry.scrape;

import io.github.promferry.http.HttpSettings;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Plain {@code http} by sockets of our own, everything else ({@code https}, a proxy) by {@code java.net.http}. */
final class RoutedFetcher implements Fetcher {
    private final HttpClientFetcher client;
    private final SocketFetcher sockets;

    RoutedFetcher(HttpSettings settings, SocketIo io, Executor blocking, PageBuffers buffers) {
        client = new HttpClientFetcher(settings, blocking, buffers);
        sockets = new SocketFetcher(settings, io, blocking, buffers, client);
    }

    @Override
    public Fetch fetch(Request request, Receiver receiver) {
        try {
            return isPlainAndDirect(request.uri()) ? sockets.fetch(request, receiver) : client.fetch(request, receiver);
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

    /** The proxy of the process, if any, is the one that {@code java.net.http} would use. */
    private static boolean isPlainAndDirect(URI uri) {
        if (!"http".equalsIgnoreCase(uri.getScheme())) {
            return false;
        }
        ProxySelector selector = ProxySelector.getDefault();
        return selector == null
                || uri.getHost() == null
                || selector.select(uri).stream().allMatch(proxy -> proxy.type() == Proxy.Type.DIRECT);
    }
}

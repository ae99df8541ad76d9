package io.github.promferry.scrape.discovery;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ClientExchange;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.parse.AcceptHeader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

/** Asks for a page as a scrape of an engine does: text 0.0.4, not compressed, no redirects. */
final class PageRequest {
    /** As much as a scrape takes unless told otherwise. */
    private static final int MAX_BYTES = 16 << 20;

    private final HttpSettings http;
    private final Duration timeout;
    private final AgingClient client;

    PageRequest(HttpSettings http, Duration timeout) {
        this.http = http;
        this.timeout = timeout;
        client = new AgingClient(http::newClient, new ConnectionAge(http, Clock.SYSTEM));
    }

    /**
     * The answer, whatever its status.
     *
     * @throws ConnectException if nobody listens
     * @throws IOException if there is no complete answer
     */
    HttpResponse<byte[]> get(URI page) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(page)
                .GET()
                .setHeader("Accept", AcceptHeader.TEXT_ONLY)
                .setHeader("User-Agent", http.userAgent());
        http.proxyHeaders(page).forEach(request::setHeader);
        http.applyTo(request);
        try {
            return ClientExchange.send(
                    client.get(),
                    request.build(),
                    info -> BoundedBody.upTo(MAX_BYTES),
                    System.nanoTime() + timeout.toNanos(),
                    timeout.toMillis() + " ms");
        } catch (HttpTimeoutException e) {
            throw e;
        } catch (ConnectException e) {
            throw refused(e);
        } catch (IOException e) {
            throw new IOException(e.toString(), e);
        }
    }

    /** One with a message: the client's has none. */
    private static ConnectException refused(ConnectException cause) {
        ConnectException refused = new ConnectException(cause.toString());
        refused.initCause(cause);
        return refused;
    }
}

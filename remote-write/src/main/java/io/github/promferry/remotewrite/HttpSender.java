package io.github.promferry.remotewrite;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.ProxySettings;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.PlainRoute;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Posts blocks, one attempt at a time for each caller: plain {@code http} over sockets of its own, everything else ({@code
 * https}, a proxy, a client of the service's own) by {@code java.net.http}. Thread-safe.
 */
final class HttpSender implements AutoCloseable {
    private static final int MAX_REDIRECTS = 5;

    private final RemoteWriteConfig config;
    private final HttpSettings http;
    private final ThreadFactory threads;
    private final ConnectionAge age;
    private final SocketPoster sockets;

    private final Object lock = new Object();
    // Guarded by lock; made when needed, since it starts threads and loads much code.
    private @Nullable Poster client;
    private @Nullable ExecutorService clientThreads;

    /**
     * A sender without connections.
     *
     * @param threads of an HTTP client, and for looking up hosts
     */
    HttpSender(RemoteWriteConfig config, ThreadFactory threads) {
        this.config = config;
        this.threads = threads;
        http = config.http();
        age = new ConnectionAge(http, config.clock());
        sockets = new SocketPoster(http.connectTimeout(), config.timeout(), threads, age);
    }

    /** Makes what the first request will need; no I/O. */
    void prepare() {
        Poster unused = poster(config.url());
    }

    /** Closes what is idle and ends threads; a request under way ends by the interruption of its thread. */
    @Override
    public void close() {
        sockets.close();
        synchronized (lock) {
            if (clientThreads != null) {
                clientThreads.shutdownNow();
            }
        }
    }

    /**
     * Sends a block and waits for the answer until the deadline, after which the exchange is cancelled.
     *
     * @throws IOException if there was no response, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the exchange is cancelled
     */
    Response post(Block block) throws IOException, InterruptedException {
        // The deadline is real time whatever the clock: it bounds what a real network does.
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(config.timeout());
        URI url = withoutUsualPort(config.url());
        boolean trusted = true;
        for (int redirects = 0; ; redirects++) {
            Poster poster = poster(url);
            Map<String, String> headers = headers(block, url, trusted, deadline);
            if (poster.keepsBodies()) {
                block.body.lend();
            }
            Response response = poster.post(url, headers, block.body.bytes(), deadline);
            checkProxy(response, url);
            URI target = redirects < MAX_REDIRECTS && http.followRedirects() ? redirectTarget(response, url) : null;
            if (target == null) {
                return response;
            }
            trusted &= HttpSettings.isSameServer(config.url(), target);
            url = withoutUsualPort(target);
        }
    }

    /** {@code java.net.http} does not send a port that goes without saying, so it must not be signed either. */
    private static URI withoutUsualPort(URI url) {
        if (url.getPort() != ("https".equalsIgnoreCase(url.getScheme()) ? 443 : 80)) {
            return url;
        }
        String text = url.toString();
        int end = text.indexOf("//") + 2 + url.getRawAuthority().length();
        return URI.create(text.substring(0, text.lastIndexOf(':', end - 1)) + text.substring(end));
    }

    /** The answer of a proxy that lets nothing through: the receiver has not seen the block, so it is to be sent again. */
    private void checkProxy(Response response, URI url) throws IOException {
        ProxySettings proxies = config.httpClient() == null ? http.proxy() : null;
        URI proxy = proxies == null ? null : proxies.proxyFor(url);
        if (response.status() == 407 && proxy != null) {
            throw new IOException("proxy " + proxy + " wants another user or password (HTTP 407)"
                    + ("https".equalsIgnoreCase(url.getScheme())
                            ? "; java.net.http sends them for https only with"
                                    + " -Djdk.http.auth.tunneling.disabledSchemes="
                            : ""));
        }
    }

    private Poster poster(URI url) {
        return config.httpClient() == null && PlainRoute.leadsTo(http, url) ? sockets : client();
    }

    private Poster client() {
        synchronized (lock) {
            Poster known = client;
            if (known == null) {
                HttpClient given = config.httpClient();
                known = new ClientPoster(given == null ? ownClients()::get : () -> given, config.timeout());
                client = known;
            }
            return known;
        }
    }

    private AgingClient ownClients() {
        ExecutorService executor = Executors.newCachedThreadPool(threads);
        clientThreads = executor;
        return new AgingClient(() -> http.newClientBuilder().executor(executor).build(), age);
    }

    private Map<String, String> headers(Block block, URI url, boolean trusted, long deadline) throws IOException {
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.put("User-Agent", config.http().userAgent());
        headers.put("Content-Encoding", "snappy");
        if (block.protocol == WriteProtocol.V2) {
            // Exactly so: receivers compare the whole string, or split at the semicolon without trimming.
            headers.put("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request");
            headers.put("X-Prometheus-Remote-Write-Version", "2.0.0");
        } else {
            headers.put("Content-Type", "application/x-protobuf");
            headers.put("X-Prometheus-Remote-Write-Version", "0.1.0");
        }
        if (config.httpClient() == null) {
            headers.putAll(http.proxyHeaders(url));
        }
        if (block.attempts > 1) {
            headers.put("Retry-Attempt", Integer.toString(block.attempts - 1));
        }
        if (trusted) {
            headers.putAll(http.headers());
            String authorization = http.credentials().authorization(Duration.ofNanos(deadline - System.nanoTime()));
            if (authorization != null) {
                headers.put("Authorization", authorization);
            }
            RequestSigner signer = config.signer();
            if (signer != null) {
                headers.putAll(signer.sign(url, Collections.unmodifiableMap(headers), block.body.copy()));
            }
        }
        return headers;
    }

    /** Where a redirect of a POST leads that may be repeated as it is; null for everything else. */
    private static @Nullable URI redirectTarget(Response response, URI from) {
        int status = response.status();
        // 303 asks for a GET, 300 and 304 for nothing. 301 and 302 are followed with the body, as the receiver meant
        // it.
        if (status != 301 && status != 302 && status != 307 && status != 308) {
            return null;
        }
        try {
            return response.headers()
                    .firstValue("Location")
                    .map(from::resolve)
                    .filter(to -> to.getHost() != null
                            && ("https".equalsIgnoreCase(to.getScheme()) || "http".equalsIgnoreCase(to.getScheme())))
                    .orElse(null);
        } catch (IllegalArgumentException notAUri) {
            return null;
        }
    }
}

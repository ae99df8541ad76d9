package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.http.HttpSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Posts blocks, one attempt at a time for each caller. Thread-safe. */
final class HttpSender {
    private static final int MAX_REDIRECTS = 5;

    private final HttpClient client;
    private final RemoteWriteConfig config;
    private final HttpSettings http;

    HttpSender(RemoteWriteConfig config, HttpClient client) {
        this.config = config;
        this.client = client;
        http = config.http();
    }

    /**
     * Sends a block and waits for the answer until the deadline, after which the exchange is cancelled.
     *
     * @throws IOException if there was no response, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the exchange is cancelled
     */
    Response post(Block block) throws IOException, InterruptedException {
        // The deadline is real time whatever the clock: it bounds what a real network does.
        long deadline = System.nanoTime() + config.timeout().toNanos();
        URI url = config.url();
        boolean trusted = true;
        for (int redirects = 0; ; redirects++) {
            HttpResponse<String> response = exchange(request(block, url, trusted), deadline);
            URI target = redirects < MAX_REDIRECTS && http.followRedirects() ? redirectTarget(response, url) : null;
            if (target == null) {
                return new Response(response.statusCode(), response.headers(), response.body());
            }
            trusted &= HttpSettings.isSameServer(config.url(), target);
            url = target;
        }
    }

    private HttpRequest request(Block block, URI url, boolean trusted) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .POST(HttpRequest.BodyPublishers.ofByteArray(block.body))
                .setHeader("User-Agent", config.userAgent())
                .setHeader("Content-Encoding", "snappy");
        if (block.protocol == WriteProtocol.V2) {
            // Exactly so: receivers compare the whole string, or split at the semicolon without trimming.
            request.setHeader("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request");
            request.setHeader("X-Prometheus-Remote-Write-Version", "2.0.0");
        } else {
            request.setHeader("Content-Type", "application/x-protobuf");
            request.setHeader("X-Prometheus-Remote-Write-Version", "0.1.0");
        }
        if (block.attempts > 1) {
            request.setHeader("Retry-Attempt", Integer.toString(block.attempts - 1));
        }
        if (trusted) {
            http.applyTo(request);
            sign(request, url, block);
        }
        return request.build();
    }

    private void sign(HttpRequest.Builder request, URI url, Block block) throws IOException {
        RequestSigner signer = config.signer();
        if (signer == null) {
            return;
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        request.copy().build().headers().map().forEach((name, values) -> headers.put(name, String.join(",", values)));
        signer.sign(url, Collections.unmodifiableMap(headers), block.body).forEach(request::setHeader);
    }

    private HttpResponse<String> exchange(HttpRequest request, long deadline) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(request, info -> new FirstBytes());
        try {
            return answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no complete answer within " + config.timeout());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } finally {
            // Nothing happens if it is complete; else this closes the connection.
            answer.cancel(true);
        }
    }

    /** Where a redirect of a POST leads that may be repeated as it is; null for everything else. */
    private static @Nullable URI redirectTarget(HttpResponse<String> response, URI from) {
        int status = response.statusCode();
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

    /**
     * Keeps the first bytes of a body and drains the rest, so that the connection can be used again; gives up on a body
     * without end.
     */
    static final class FirstBytes implements HttpResponse.BodySubscriber<String> {
        /** As much as Prometheus keeps of a receiver's message. */
        static final int MAX_KEPT = 1024;

        private static final int MAX_DRAINED = 1 << 20;

        private final CompletableFuture<String> result = new CompletableFuture<>();
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private Flow.@Nullable Subscription subscription;
        private long seen;

        @Override
        public CompletionStage<String> getBody() {
            return result;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            newSubscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                seen += buffer.remaining();
                byte[] some = new byte[Math.min(buffer.remaining(), MAX_KEPT - kept.size())];
                buffer.get(some);
                kept.writeBytes(some);
            }
            if (seen > MAX_DRAINED && subscription != null) {
                subscription.cancel();
                onComplete();
            }
        }

        @Override
        public void onError(Throwable error) {
            result.completeExceptionally(error);
        }

        @Override
        public void onComplete() {
            result.complete(printable(kept.toString(UTF_8)));
        }

        /** One line, without what would disturb a terminal or forge a line of a log. */
        private static String printable(String text) {
            StringBuilder line = new StringBuilder();
            text.strip().codePoints().forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
            return line.toString();
        }
    }
}

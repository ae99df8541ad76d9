package io.github.promferry.remotewrite;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Posts by {@code java.net.http}: what needs TLS or a proxy, and whatever a client of the service's own is for. */
final class ClientPoster implements Poster {
    private final HttpClient client;
    private final Duration timeout;

    ClientPoster(HttpClient client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
    }

    @Override
    public Response post(URI url, Map<String, String> headers, byte[] body, long deadlineNanos)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url).POST(BodyPublishers.ofByteArray(body));
        headers.forEach(request::setHeader);
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(request.build(), info -> new FirstBytes());
        try {
            HttpResponse<String> response =
                    answer.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
            return new Response(response.statusCode(), response.headers(), response.body());
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no complete answer within " + timeout);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } finally {
            // Nothing happens if it is complete; else this closes the connection.
            answer.cancel(true);
        }
    }

    /**
     * Keeps the first bytes of a body and drains the rest, so that the connection can be used again; gives up on a body
     * without end.
     */
    static final class FirstBytes implements HttpResponse.BodySubscriber<String> {
        private static final int MAX_DRAINED = 1 << 20;

        private final CompletableFuture<String> result = new CompletableFuture<>();
        private final AnswerText kept = new AnswerText();
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
                kept.append(buffer);
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
            result.complete(kept.toString());
        }
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.http.wire.ClientExchange;
import io.github.promferry.http.wire.RequestHead;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Posts by {@code java.net.http}: what needs TLS or a proxy, and whatever a client of the service's own is for. */
final class ClientPoster implements Poster {
    private final Supplier<HttpClient> client;
    private final Duration timeout;

    /**
     * A poster.
     *
     * @param client for the next request
     * @param timeout for messages; deadlines are given by the caller
     */
    ClientPoster(Supplier<HttpClient> client, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
    }

    @Override
    public Response post(URI url, Map<String, String> headers, ByteBuffer body, long deadlineNanos)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .POST(BodyPublishers.ofByteArray(body.array(), body.arrayOffset() + body.position(), body.remaining()));
        headers.forEach((name, value) -> {
            // The client's own message would show the value.
            RequestHead.check(name, value);
            request.setHeader(name, value);
        });
        HttpResponse<String> response =
                ClientExchange.send(client.get(), request.build(), info -> new FirstBytes(), deadlineNanos, timeout);
        return new Response(response.statusCode(), response.headers(), response.body());
    }

    /** An exchange that was cancelled ends some time later, on threads of the client. */
    @Override
    public boolean keepsBodies() {
        return true;
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

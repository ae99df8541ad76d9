package io.github.promferry.http.wire;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Exchanges by {@code java.net.http} whose end is certain. */
public final class ClientExchange {
    private ClientExchange() {}

    /**
     * Sends a request and waits for the complete answer. The limit is real time whatever the clock: it bounds what a real
     * network does.
     *
     * @param <T> of the body
     * @param client sends
     * @param request to send
     * @param body takes the answer's body
     * @param limit after which the connection is closed
     * @return the complete answer
     * @throws HttpTimeoutException if it is not complete in time
     * @throws IOException if there was no answer, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the connection is closed
     */
    public static <T> HttpResponse<T> send(
            HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> body, Duration limit)
            throws IOException, InterruptedException {
        return send(client, request, body, System.nanoTime() + limit.toNanos(), limit);
    }

    /**
     * Sends a request and waits for the complete answer; the client's own timeout stops at the headers.
     *
     * @param <T> of the body
     * @param client sends
     * @param request to send
     * @param body takes the answer's body
     * @param deadlineNanos of {@link System#nanoTime}, after which the connection is closed
     * @param limit how long that is from the start, for the message
     * @return the complete answer
     * @throws HttpTimeoutException if it is not complete in time
     * @throws IOException if there was no answer, for whatever reason
     * @throws InterruptedException if the thread was interrupted; the connection is closed
     */
    public static <T> HttpResponse<T> send(
            HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> body, long deadlineNanos, Object limit)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request, body);
        try {
            return answer.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no complete answer within " + limit);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } finally {
            // Only this closes the connection of an exchange that has not ended. Does nothing to one that has.
            answer.cancel(true);
        }
    }
}

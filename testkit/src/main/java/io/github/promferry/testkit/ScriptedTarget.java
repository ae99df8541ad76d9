package io.github.promferry.testkit;

import io.github.promferry.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A scrape target on a free loopback port whose answers a test scripts, faults included. Records what was asked.
 * Thread-safe.
 *
 * <pre>{@code
 * try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("up 1\n"))) {
 *     target.then(ScriptedAnswer.status(503), ScriptedAnswer.hang());   // the next two; afterwards the page again
 *     ... scrape target.hostPort() ...
 *     assertThat(target.requests()).hasSize(3);
 * }
 * }</pre>
 */
public final class ScriptedTarget implements AutoCloseable {
    private final LoopbackServer server;
    private final String scheme;
    private String host = "127.0.0.1";
    private final Deque<ScriptedAnswer> script = new ArrayDeque<>();
    private final List<RecordedRequest> requests = new ArrayList<>();
    private Function<RecordedRequest, ScriptedAnswer> usual;

    private ScriptedTarget(ScriptedAnswer usual, @Nullable SSLContext tls) {
        this.usual = request -> usual;
        this.scheme = tls == null ? "http" : "https";
        this.server = new LoopbackServer("scripted-target", Clock.SYSTEM, tls, this::handle);
    }

    /**
     * Starts a target.
     *
     * @param usual the answer to every request that is not scripted
     * @return a running target
     */
    public static ScriptedTarget start(ScriptedAnswer usual) {
        return start(usual, null);
    }

    /**
     * Starts a target that speaks TLS.
     *
     * @param usual the answer to every request that is not scripted
     * @param tls keys and trust of the server, or null for plain HTTP
     * @return a running target
     */
    public static ScriptedTarget start(ScriptedAnswer usual, @Nullable SSLContext tls) {
        ScriptedTarget target = new ScriptedTarget(usual, tls);
        target.server.start();
        return target;
    }

    /**
     * Starts a target that listens on the IPv6 loopback address.
     *
     * @param usual the answer to every request that is not scripted
     * @return a running target, or null if this machine has no such address
     */
    public static @Nullable ScriptedTarget startOnIpv6(ScriptedAnswer usual) {
        try {
            InetAddress loopback =
                    InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
            if (NetworkInterface.getByInetAddress(loopback) == null) {
                return null;
            }
            ScriptedTarget target = new ScriptedTarget(usual, null);
            target.host = "[::1]";
            target.server.address(loopback);
            target.server.start();
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Sets the answer to every request that is not scripted.
     *
     * @param answer from now on
     * @return this target
     */
    public ScriptedTarget answer(ScriptedAnswer answer) {
        return answer(request -> answer);
    }

    /**
     * Sets the answer to every request that is not scripted.
     *
     * @param answer called on a thread of the server; the request is without its body
     * @return this target
     */
    public synchronized ScriptedTarget answer(Function<RecordedRequest, ScriptedAnswer> answer) {
        usual = answer;
        return this;
    }

    /**
     * Scripts the next requests, after those that are scripted already.
     *
     * @param answers each is used once
     * @return this target
     */
    public synchronized ScriptedTarget then(ScriptedAnswer... answers) {
        script.addAll(List.of(answers));
        return this;
    }

    /**
     * Where it listens.
     *
     * @return such as {@code 127.0.0.1:40123}
     */
    public String hostPort() {
        return host + ":" + port();
    }

    /**
     * Its page.
     *
     * @return such as {@code http://127.0.0.1:40123/metrics}
     */
    public URI uri() {
        return URI.create(scheme + "://" + hostPort() + "/metrics");
    }

    /**
     * Its port, which it keeps when stopped and started again.
     *
     * @return a port number
     */
    public int port() {
        return server.port();
    }

    /**
     * All requests so far, in order of arrival.
     *
     * @return a copy
     */
    public synchronized List<RecordedRequest> requests() {
        return List.copyOf(requests);
    }

    /**
     * How many connections were accepted so far.
     *
     * @return fewer than requests if connections are kept alive
     */
    public int connectionCount() {
        return server.connectionCount();
    }

    /**
     * Waits for requests.
     *
     * @param count how many, since the start
     * @param atMost how long to wait
     * @return all requests so far
     * @throws AssertionError if fewer came in time
     */
    public List<RecordedRequest> awaitRequests(int count, Duration atMost) {
        awaitCount(this, requests::size, count, atMost, "requests");
        return requests();
    }

    /** Refuses connections until started again; the open ones are closed. */
    public void stop() {
        server.stop();
    }

    /** Listens again on the same port. */
    public void restart() {
        server.start();
    }

    @Override
    public void close() {
        server.close();
    }

    private boolean handle(LoopbackServer.Exchange exchange) throws IOException, InterruptedException {
        ScriptedAnswer answer;
        synchronized (this) {
            ScriptedAnswer scripted = script.poll();
            answer = scripted != null ? scripted : usual.apply(exchange.head());
        }
        RecordedRequest request =
                answer.leavesBodyUnread() ? exchange.head() : exchange.head().withBody(exchange.readBody());
        synchronized (this) {
            requests.add(request);
            notifyAll();
        }
        return answer.send(exchange);
    }

    /** Waits on a monitor that is notified whenever the count may have grown. */
    static void awaitCount(Object monitor, IntSupplier count, int wanted, Duration atMost, String what) {
        long deadline = System.nanoTime() + atMost.toNanos();
        synchronized (monitor) {
            while (count.getAsInt() < wanted) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new AssertionError(
                            "expected " + wanted + " " + what + " within " + atMost + ", got " + count.getAsInt());
                }
                try {
                    monitor.wait(left / 1_000_000 + 1);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted while waiting for " + what, e);
                }
            }
        }
    }
}

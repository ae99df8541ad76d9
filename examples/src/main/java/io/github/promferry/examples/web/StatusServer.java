package io.github.promferry.examples.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.promferry.parse.ExpositionFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Serves the status page: plain HTML, a style sheet and a script, all from the jar, and what they show as JSON.
 *
 * <table>
 * <caption>Paths</caption>
 * <tr><td>{@code /}</td><td>the page</td></tr>
 * <tr><td>{@code /status.json}</td><td>what the page shows</td></tr>
 * <tr><td>{@code /metrics}</td><td>the forwarder's own metrics, text 0.0.4</td></tr>
 * <tr><td>{@code /-/healthy}</td><td>200 as long as the process answers</td></tr>
 * <tr><td>{@code /-/ready}</td><td>200 once scraping has begun, 503 before</td></tr>
 * </table>
 *
 * <p>Takes GET and HEAD only and changes nothing. It has no password: bound to a loopback address it answers only requests
 * that were made for one, so that no web site can read it through a visitor's browser (DNS rebinding); bound to another
 * one it is for networks where everybody may see it. Two daemon threads; the library's work never waits for them.
 */
public final class StatusServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger("io.github.promferry.forwarder");
    private static final int THREADS = 2;
    private static final Map<String, Asset> ASSETS = Map.of(
            "/", new Asset("index.html", "text/html; charset=utf-8"),
            "/status.css", new Asset("status.css", "text/css; charset=utf-8"),
            "/status.js", new Asset("status.js", "text/javascript; charset=utf-8"));

    private record Asset(String file, String contentType) {}

    private static final class Answer {
        final int status;
        final String contentType;
        final byte[] body;

        Answer(int status, String contentType, byte[] body) {
            this.status = status;
            this.contentType = contentType;
            this.body = body;
        }

        static Answer text(int status, String text) {
            return new Answer(status, "text/plain; charset=utf-8", (text + "\n").getBytes(UTF_8));
        }
    }

    private final HttpServer server;
    private final ExecutorService threads;
    private final boolean loopback;
    private final StatusJson json;
    private final OwnMetrics metrics;
    private volatile boolean ready;

    private StatusServer(InetSocketAddress address, StatusSource source) throws IOException {
        json = new StatusJson(source);
        metrics = new OwnMetrics(source);
        server = HttpServer.create(address, 0);
        loopback = server.getAddress().getAddress().isLoopbackAddress();
        AtomicInteger number = new AtomicInteger();
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "promferry-web-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    /**
     * Starts to serve.
     *
     * @param address where; port 0 takes a free one
     * @param source what is shown
     * @return a running server, not {@linkplain #ready() ready} yet
     * @throws IOException if the address cannot be bound
     */
    public static StatusServer start(InetSocketAddress address, StatusSource source) throws IOException {
        return new StatusServer(address, source);
    }

    /** From now on {@code /-/ready} answers 200. */
    public void ready() {
        ready = true;
    }

    /**
     * Where the page is.
     *
     * @return a URL for a browser on this machine
     */
    public String url() {
        InetSocketAddress bound = server.getAddress();
        InetAddress address = bound.getAddress();
        String host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
        return "http://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + bound.getPort() + "/";
    }

    /** Ends at once; requests under way are cut off. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) {
        try (exchange) {
            send(exchange, answer(exchange));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, () -> "a reader of the status page went away: " + e);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot show the status", e);
        }
    }

    private Answer answer(HttpExchange exchange) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return Answer.text(405, "only GET and HEAD");
        }
        if (loopback && !isForLoopback(exchange.getRequestHeaders().getFirst("Host"))) {
            return Answer.text(403, "this server is for this machine only: ask for 127.0.0.1 or localhost");
        }
        String path = exchange.getRequestURI().getPath();
        Asset asset = ASSETS.get(path);
        if (asset != null) {
            return new Answer(200, asset.contentType(), read(asset.file()));
        }
        return switch (path) {
            case "/status.json" ->
                new Answer(
                        200,
                        "application/json",
                        json.write(System.currentTimeMillis()).getBytes(UTF_8));
            case "/metrics" ->
                new Answer(200, ExpositionFormat.TEXT_0_0_4.contentType(), metrics.page(ExpositionFormat.TEXT_0_0_4));
            case "/-/healthy" -> Answer.text(200, "healthy");
            case "/-/ready" ->
                ready ? Answer.text(200, "ready") : Answer.text(503, "not ready: scraping has not begun");
            default -> Answer.text(404, "there is / and /metrics, /status.json, /-/healthy, /-/ready");
        };
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", answer.contentType);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
        exchange.getResponseHeaders()
                .set(
                        "Content-Security-Policy",
                        "default-src 'none'; script-src 'self'; style-src 'self';"
                                + " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(answer.status, -1);
        } else {
            exchange.sendResponseHeaders(answer.status, answer.body.length);
            exchange.getResponseBody().write(answer.body);
        }
    }

    /** Whether the name that the client asked for can only mean this machine. */
    private static boolean isForLoopback(@Nullable String host) {
        if (host == null) {
            return true;
        }
        int colon = host.lastIndexOf(':');
        String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
        return name.equalsIgnoreCase("localhost")
                || name.equals("[::1]")
                || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    }

    private static byte[] read(String file) {
        try (InputStream in = StatusServer.class.getResourceAsStream(file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

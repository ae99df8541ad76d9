package io.github.promferry.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Prometheus server of this machine that takes Remote Write, on a free loopback port. Data and port stay over {@link
 * #stop()} and {@link #restart()}. Thread-safe.
 */
public final class LocalPrometheus implements AutoCloseable {
    private static final String REQUESTS = "prometheus_http_requests_total";

    private final LocalServer server;
    private final int port;
    private final QueryApi api;

    private LocalPrometheus(LocalServer server, int port) {
        this.server = server;
        this.port = port;
        this.api = new QueryApi(URI.create("http://127.0.0.1:" + port));
    }

    /**
     * Starts a server that scrapes nothing, and waits until it is ready.
     *
     * @param binary the program, see {@link LocalServer#find}
     * @param directory for configuration, data and log; exists
     * @param options of the command line, besides those that it needs
     * @return a running server
     */
    public static LocalPrometheus start(Path binary, Path directory, String... options) {
        Path config = directory.resolve("prometheus.yml");
        try {
            Files.writeString(config, "global: {}\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + config, e);
        }
        int port = LocalServer.freePort();
        List<String> command = new ArrayList<>(List.of(
                binary.toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port,
                "--web.enable-remote-write-receiver"));
        command.addAll(List.of(options));
        LocalServer server = LocalServer.start(directory, URI.create("http://127.0.0.1:" + port + "/-/ready"), command);
        return new LocalPrometheus(server, port);
    }

    /**
     * Where to write to.
     *
     * @return the receiver's URL
     */
    public URI writeUri() {
        return URI.create("http://127.0.0.1:" + port + "/api/v1/write");
    }

    /**
     * The port that it listens on.
     *
     * @return a port number
     */
    public int port() {
        return port;
    }

    /**
     * Evaluates PromQL now.
     *
     * @param expression to evaluate
     * @return the answer, JSON
     * @throws IllegalStateException with the server's words, if it refuses the expression
     */
    public String query(String expression) {
        return api.post("query", "query", expression);
    }

    /**
     * Finds exemplars.
     *
     * @param selector of their series
     * @param fromMillis the earliest timestamp
     * @param toMillis the latest timestamp
     * @return the answer, JSON
     */
    public String exemplars(String selector, long fromMillis, long toMillis) {
        return api.post(
                "query_exemplars",
                "query",
                selector,
                "start",
                String.valueOf(fromMillis / 1000.0),
                "end",
                String.valueOf(toMillis / 1000.0));
    }

    /**
     * Finds all values of a label.
     *
     * @param label its name
     * @return the answer, JSON
     */
    public String labelValues(String label) {
        return api.get("/api/v1/label/" + label + "/values");
    }

    /**
     * What the server exposes about itself.
     *
     * @return a page in text format
     */
    public String ownMetrics() {
        return api.get("/metrics");
    }

    /**
     * How many write requests the server has refused since it was started last.
     *
     * @return answers other than 2xx
     */
    public long refusedWrites() {
        return ownMetrics()
                .lines()
                .filter(line -> line.startsWith(REQUESTS) && line.contains("handler=\"/api/v1/write\""))
                .filter(line -> !line.startsWith(REQUESTS + "{code=\"2"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Asks the server to end and waits for it. */
    public void stop() {
        server.stop();
    }

    /** Starts the server again and waits until it is ready. */
    public void restart() {
        server.start();
    }

    /**
     * What the server has printed since its first start.
     *
     * @return its log
     */
    public String log() {
        return server.log();
    }

    @Override
    public void close() {
        server.close();
    }
}

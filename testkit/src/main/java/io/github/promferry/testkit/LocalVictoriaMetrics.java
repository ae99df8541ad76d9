package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.List;

/** A VictoriaMetrics server of this machine, on a free loopback port. Thread-safe. */
public final class LocalVictoriaMetrics implements AutoCloseable {
    private final LocalServer server;
    private final URI uri;
    private final QueryApi api;

    private LocalVictoriaMetrics(LocalServer server, URI uri) {
        this.server = server;
        this.uri = uri;
        this.api = new QueryApi(uri);
    }

    /**
     * Starts a server that scrapes nothing and hides no recent sample, and waits until it is ready.
     *
     * @param binary the program, see {@link LocalServer#find}
     * @param directory for data and log; exists
     * @return a running server
     */
    public static LocalVictoriaMetrics start(Path binary, Path directory) {
        URI uri = URI.create("http://127.0.0.1:" + LocalServer.freePort());
        LocalServer server = LocalServer.start(
                directory,
                uri.resolve("/health"),
                List.of(
                        binary.toString(),
                        "-httpListenAddr=" + uri.getAuthority(),
                        "-storageDataPath=" + directory.resolve("data"),
                        "-search.latencyOffset=0s"));
        return new LocalVictoriaMetrics(server, uri);
    }

    /**
     * Where to write to.
     *
     * @return the receiver's URL
     */
    public URI writeUri() {
        return uri.resolve("/api/v1/write");
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
     * All samples of some series, those that it has only in memory included.
     *
     * @param selector of the series
     * @return a line of JSON for each series
     */
    public String export(String selector) {
        api.get("/internal/force_flush");
        return api.get("/api/v1/export?match%5B%5D=" + URLEncoder.encode(selector, UTF_8));
    }

    /**
     * What the server has printed since its start.
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

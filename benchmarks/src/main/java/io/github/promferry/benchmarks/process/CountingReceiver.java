package io.github.promferry.benchmarks.process;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.xerial.snappy.Snappy;

/** Takes Remote Write requests of both versions and counts what is in them. */
public final class CountingReceiver implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService workers = Executors.newFixedThreadPool(4);
    private final AtomicLong samples = new AtomicLong();
    private final AtomicLong wireBytes = new AtomicLong();
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile long firstSampleNanos;

    /**
     * A receiver on a free port.
     *
     * @throws IOException if there is none
     */
    public CountingReceiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/api/v1/write", this::write);
    }

    /** Begins to answer. */
    public void start() {
        server.start();
    }

    /**
     * Where to write to.
     *
     * @return the URL
     */
    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/api/v1/write";
    }

    long samples() {
        return samples.get();
    }

    long wireBytes() {
        return wireBytes.get();
    }

    long requests() {
        return requests.get();
    }

    /** Requests that were no Remote Write; 0 in a valid run. */
    long refused() {
        return refused.get();
    }

    /** {@link System#nanoTime} of the first request that held a sample, 0 before. */
    long firstSampleNanos() {
        return firstSampleNanos;
    }

    @Override
    public void close() {
        server.stop(0);
        workers.shutdownNow();
    }

    private void write(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String type = exchange.getRequestHeaders().getFirst("Content-Type");
            boolean version2 = type != null && type.contains("io.prometheus.write.v2.Request");
            int count;
            try {
                count = SampleCount.of(Snappy.uncompress(body), version2);
            } catch (IOException | IndexOutOfBoundsException e) {
                refused.incrementAndGet();
                exchange.sendResponseHeaders(400, -1);
                return;
            }
            if (count > 0 && firstSampleNanos == 0) {
                firstSampleNanos = System.nanoTime();
            }
            samples.addAndGet(count);
            wireBytes.addAndGet(body.length);
            requests.incrementAndGet();
            if (version2) {
                exchange.getResponseHeaders().set("X-Prometheus-Remote-Write-Samples-Written", Integer.toString(count));
                exchange.getResponseHeaders().set("X-Prometheus-Remote-Write-Histograms-Written", "0");
                exchange.getResponseHeaders().set("X-Prometheus-Remote-Write-Exemplars-Written", "0");
            }
            exchange.sendResponseHeaders(204, -1);
        }
    }
}

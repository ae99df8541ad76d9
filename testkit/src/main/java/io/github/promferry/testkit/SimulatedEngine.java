package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.IOException;
import java.net.URI;
import java.util.Locale;

/**
 * An inference engine without a model: a scheduler under changing load whose metrics move as those of vLLM or SGLang,
 * served on a free loopback port. The course of events depends on the seed and the clock alone. Thread-safe.
 *
 * <pre>{@code
 * try (SimulatedEngine engine = SimulatedEngine.vllm().start()) {
 *     ... scrape engine.hostPort() ...
 * }
 * }</pre>
 */
public final class SimulatedEngine implements AutoCloseable {
    /** About half of what the engine can serve, so that only the bursts fill the queue. */
    private static final double REQUESTS_PER_SECOND = 7;

    private final LoopbackServer server;
    private final Clock clock;
    private final String model;
    private final EngineMetrics metrics;
    private final ServingSimulation simulation;
    private final long startNanos;
    private boolean frozen;
    private int pagesServed;
    private double uptimeSeconds;
    private String page = "";

    private SimulatedEngine(Builder builder) {
        clock = builder.clock;
        model = builder.model;
        double startSeconds = clock.wallMillis() / 1e3;
        metrics = builder.isVllm ? new VllmMetrics(model, startSeconds) : new SglangMetrics(model, startSeconds);
        simulation = new ServingSimulation(builder.seed, REQUESTS_PER_SECOND, metrics);
        startNanos = clock.nanos();
        server = new LoopbackServer("simulated-engine", clock, null, this::handle);
    }

    /**
     * An engine that looks like vLLM's V1 engine.
     *
     * @return a builder
     */
    public static Builder vllm() {
        return new Builder(true, "Qwen/Qwen3-0.6B");
    }

    /**
     * An engine that looks like SGLang.
     *
     * @return a builder
     */
    public static Builder sglang() {
        return new Builder(false, "meta-llama/Llama-3.1-8B-Instruct");
    }

    /**
     * What {@code /metrics} answers at this moment.
     *
     * @return a page in text format 0.0.4
     */
    public synchronized String page() {
        if (!frozen) {
            uptimeSeconds = (clock.nanos() - startNanos) / 1e9;
            simulation.runUntil(uptimeSeconds);
            page = metrics.page(simulation, uptimeSeconds);
        }
        return page;
    }

    /** Stops the course of events for good: from now on every page is the same. */
    public synchronized void freeze() {
        page();
        frozen = true;
    }

    /**
     * How many pages were asked for over HTTP.
     *
     * @return since the start
     */
    public synchronized int pagesServed() {
        return pagesServed;
    }

    /**
     * The served model.
     *
     * @return value of the label {@code model_name}
     */
    public String model() {
        return model;
    }

    /**
     * Where it listens.
     *
     * @return such as {@code 127.0.0.1:40123}
     */
    public String hostPort() {
        return "127.0.0.1:" + server.port();
    }

    /**
     * Its page.
     *
     * @return such as {@code http://127.0.0.1:40123/metrics}
     */
    public URI uri() {
        return URI.create("http://" + hostPort() + "/metrics");
    }

    /** Refuses connections until started again, as an engine that has crashed; its numbers stay. */
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
        RecordedRequest request = exchange.head();
        if (!request.target().split("\\?", 2)[0].equals("/metrics")) {
            return ScriptedAnswer.status(404).body("only /metrics is here\n").send(exchange);
        }
        synchronized (this) {
            pagesServed++;
        }
        ScriptedAnswer answer = ScriptedAnswer.page(page().getBytes(UTF_8), ScriptedAnswer.TEXT_0_0_4);
        boolean compress = request.headers("Accept-Encoding").stream()
                .anyMatch(value -> value.toLowerCase(Locale.ROOT).contains("gzip"));
        return (compress ? answer.gzip() : answer).send(exchange);
    }

    /** Settings of an engine. */
    public static final class Builder {
        private final boolean isVllm;
        private String model;
        private Clock clock = Clock.SYSTEM;
        private long seed = 1;

        private Builder(boolean isVllm, String model) {
            this.isVllm = isVllm;
            this.model = model;
        }

        /**
         * Sets the served model.
         *
         * @param name value of the label {@code model_name}
         * @return this
         */
        public Builder model(String name) {
            model = name;
            return this;
        }

        /**
         * Sets the clock that the simulation follows.
         *
         * @param newClock the system's by default
         * @return this
         */
        public Builder clock(Clock newClock) {
            clock = newClock;
            return this;
        }

        /**
         * Sets what makes this engine differ from others.
         *
         * @param newSeed any number, 1 by default
         * @return this
         */
        public Builder seed(long newSeed) {
            seed = newSeed;
            return this;
        }

        /**
         * Makes and serves the engine.
         *
         * @return a running engine
         */
        public SimulatedEngine start() {
            SimulatedEngine engine = new SimulatedEngine(this);
            engine.server.start();
            return engine;
        }
    }
}

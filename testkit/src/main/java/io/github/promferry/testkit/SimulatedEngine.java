package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import java.util.Map;

/**
 * An inference engine without a model: a scheduler under changing load whose metrics move as those of vLLM, SGLang, TGI or
 * llama.cpp, served on a free loopback port. Can restart, {@linkplain #stall stall}, {@linkplain #freeze freeze} and
 * {@linkplain #hang hang}. The course of events depends on the seed and the clock alone. Thread-safe.
 *
 * <pre>{@code
 * try (SimulatedEngine engine = SimulatedEngine.vllm().start()) {
 *     ... scrape engine.hostPort() ...
 *     engine.stall();     // requests run, no token is made
 *     engine.resume();
 *     engine.restart();   // all counters begin anew
 * }
 * }</pre>
 */
public final class SimulatedEngine implements AutoCloseable {
    /** About half of what the engine can serve, so that only the bursts fill the queue. */
    private static final double REQUESTS_PER_SECOND = 7;

    /** What the server does with its page. */
    private enum Answers {
        FRESH,
        FROZEN,
        NOTHING
    }

    private final LoopbackServer server;
    private final Clock clock;
    private final EngineRelease release;
    private final String model;
    private final long seed;
    private EngineMetrics metrics;
    private ServingSimulation simulation;
    private long startNanos;
    private int restarts;
    private double traffic = 1;
    private Answers answers = Answers.FRESH;
    private int pagesServed;
    private String page = "";

    private SimulatedEngine(Builder builder) {
        clock = builder.clock;
        release = builder.release;
        model = builder.model;
        seed = builder.seed;
        metrics = release.metrics(model, clock.wallMillis() / 1e3);
        simulation = new ServingSimulation(seed, REQUESTS_PER_SECOND, metrics);
        startNanos = clock.nanos();
        server = new LoopbackServer("simulated-engine", clock, null, this::handle);
    }

    /**
     * An engine that looks like vLLM's V1 engine.
     *
     * @return a builder
     */
    public static Builder vllm() {
        return of(EngineRelease.VLLM);
    }

    /**
     * An engine that looks like SGLang.
     *
     * @return a builder
     */
    public static Builder sglang() {
        return of(EngineRelease.SGLANG);
    }

    /**
     * An engine that looks like Text Generation Inference.
     *
     * @return a builder
     */
    public static Builder tgi() {
        return of(EngineRelease.TGI);
    }

    /**
     * An engine that looks like the server of llama.cpp.
     *
     * @return a builder
     */
    public static Builder llamaCpp() {
        return of(EngineRelease.LLAMA_CPP);
    }

    /**
     * An engine that looks like the given one.
     *
     * @param release whose page it has
     * @return a builder
     */
    public static Builder of(EngineRelease release) {
        return new Builder(release);
    }

    /**
     * What {@code /metrics} answers at this moment.
     *
     * @return a page in text format 0.0.4
     */
    public synchronized String page() {
        if (answers != Answers.FROZEN) {
            double uptime = uptimeSeconds();
            simulation.runUntil(uptime);
            page = metrics.page(simulation, uptime);
        }
        return page;
    }

    /** From now on every page is the same, until resumed: a server that outlived its engine. */
    public synchronized void freeze() {
        page();
        answers = Answers.FROZEN;
    }

    /** No token is made until resumed; requests go on arriving, and the page tells of that. */
    public synchronized void stall() {
        simulation.runUntil(uptimeSeconds());
        simulation.stall();
    }

    /** Takes requests for the page and does not answer them until resumed. */
    public synchronized void hang() {
        answers = Answers.NOTHING;
    }

    /** Ends whatever {@link #freeze}, {@link #stall} or {@link #hang} began. */
    public synchronized void resume() {
        answers = Answers.FRESH;
        simulation.recover(uptimeSeconds());
        notifyAll();
    }

    /**
     * Sets how many clients are there from now on.
     *
     * @param share of those that came before, from 0 for none to 1 for all
     */
    public synchronized void traffic(double share) {
        simulation.runUntil(uptimeSeconds());
        traffic = share;
        simulation.traffic(share);
    }

    private double uptimeSeconds() {
        return (clock.nanos() - startNanos) / 1e9;
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
     * @return value of the label {@code model_name}, if the engine has it
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

    /** Refuses connections until restarted, as an engine that has crashed. */
    public void stop() {
        server.stop();
    }

    /** Ends the process, if it runs, and starts another on the same port: every number begins anew. */
    public void restart() {
        server.stop();
        synchronized (this) {
            restarts++;
            metrics = release.metrics(model, clock.wallMillis() / 1e3);
            simulation = new ServingSimulation(seed + restarts, REQUESTS_PER_SECOND, metrics);
            simulation.traffic(traffic);
            startNanos = clock.nanos();
            answers = Answers.FRESH;
        }
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
        ScriptedAnswer answer = answer();
        boolean compress = request.headers("Accept-Encoding").stream()
                .anyMatch(value -> value.toLowerCase(Locale.ROOT).contains("gzip"));
        return (compress ? answer.gzip() : answer).send(exchange);
    }

    private synchronized ScriptedAnswer answer() throws InterruptedException {
        pagesServed++;
        while (answers == Answers.NOTHING) {
            wait();
        }
        ScriptedAnswer answer = ScriptedAnswer.page(page().getBytes(UTF_8), ScriptedAnswer.TEXT_0_0_4);
        for (Map.Entry<String, String> header : metrics.headers().entrySet()) {
            answer = answer.header(header.getKey(), header.getValue());
        }
        return answer;
    }

    /** Settings of an engine. */
    public static final class Builder {
        private final EngineRelease release;
        private String model;
        private Clock clock = Clock.SYSTEM;
        private long seed = 1;

        private Builder(EngineRelease release) {
            this.release = release;
            this.model = release.usualModel;
        }

        /**
         * Sets the served model.
         *
         * @param name value of the label {@code model_name}, for engines that have it
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

package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Client;
import io.github.promferry.testkit.MetricsPage.Family;
import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;

/** The page of SGLang until 0.4.4, in the order and the words of its documentation's example. */
final class SglangOldMetrics implements EngineMetrics {
    private static final double[] TTFT_BOUNDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 25, 30
    };
    private static final double[] E2E_BOUNDS = {0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60};
    private static final double[] TOKEN_TIME_BOUNDS = {
        0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5
    };
    private static final double[] FUNCTION_BOUNDS = functionBounds();
    private static final int LOG_STEPS = 40;

    private final MetricsPage page;
    private final String[] labels;
    private final Family promptTokens;
    private final Family generationTokens;
    private final Family tokenUsage;
    private final Family hitRate;
    private final Family ttft;
    private final Family e2e;
    private final Family timePerOutputToken;
    private final Family functionLatency;
    private final Family running;
    private final Family usedTokens;
    private final Family throughput;
    private final Family queued;
    private int steps;
    private int tokensSinceLog;
    private double secondsOfLog;

    SglangOldMetrics(String model, double startSeconds) {
        page = new MetricsPage(Client.PYTHON_MULTIPROCESS, startSeconds);
        labels = new String[] {"model_name", model};
        promptTokens = counter("prompt_tokens", "Number of prefill tokens processed.");
        generationTokens = counter("generation_tokens", "Number of generation tokens processed.");
        tokenUsage = gauge("token_usage", "The token usage");
        hitRate = gauge("cache_hit_rate", "The cache hit rate");
        ttft = histogram("time_to_first_token_seconds", "Histogram of time to first token in seconds.", TTFT_BOUNDS);
        e2e = histogram(
                "e2e_request_latency_seconds", "Histogram of End-to-end request latency in seconds", E2E_BOUNDS);
        timePerOutputToken = histogram(
                "time_per_output_token_seconds", "Histogram of time per output token in seconds.", TOKEN_TIME_BOUNDS);
        functionLatency = page.histogram("sglang:func_latency_seconds", "Function latency in seconds", FUNCTION_BOUNDS);
        running = gauge("num_running_reqs", "The number of running requests");
        usedTokens = gauge("num_used_tokens", "The number of used tokens");
        throughput = gauge("gen_throughput", "The generate throughput (token/s)");
        queued = gauge("num_queue_reqs", "The number of requests in the waiting queue");
    }

    private Family counter(String name, String help) {
        return page.counter("sglang:" + name, help).common(labels);
    }

    private Family gauge(String name, String help) {
        return page.gauge("sglang:" + name, help).common(labels);
    }

    private Family histogram(String name, String help, double[] bounds) {
        return page.histogram("sglang:" + name, help, bounds).common(labels);
    }

    /** 0.05 times 1.5 to the n. */
    private static double[] functionBounds() {
        double[] bounds = new double[18];
        for (int n = 0; n < bounds.length; n++) {
            bounds[n] = 0.05 * Math.pow(1.5, n);
        }
        return bounds;
    }

    @Override
    public void arrived(Request request) {
        functionLatency.of("name", "generate_request").observe(0.0003);
    }

    @Override
    public void scheduled(Request request) {
        hitRate.of().set(request.cachedTokens / (double) request.promptTokens);
    }

    @Override
    public void preempted(Request request) {
        // Not told.
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        tokensSinceLog += generated;
        if (generated > 0 && ++steps % LOG_STEPS == 0) {
            throughput.of().set(tokensSinceLog / (end - secondsOfLog));
            tokensSinceLog = 0;
            secondsOfLog = end;
        }
    }

    @Override
    public void firstToken(Request request) {
        ttft.of().observe(request.firstTokenAt - request.arrival);
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        timePerOutputToken.of().observe(interTokenSeconds);
    }

    @Override
    public void finished(Request request, Finish finish) {
        promptTokens.of().add(request.promptTokens);
        generationTokens.of().add(request.generated);
        e2e.of().observe(request.finishedAt - request.arrival);
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        running.of().set(simulation.runningCount());
        queued.of().set(simulation.waitingCount());
        usedTokens.of().set(simulation.kvTokens());
        tokenUsage.of().set(Math.rint(simulation.kvUsage() * 100) / 100);
        hitRate.of();
        throughput.of();
        return page.text();
    }
}

package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Child;
import io.github.promferry.testkit.MetricsPage.Client;
import io.github.promferry.testkit.MetricsPage.Family;
import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;
import org.jspecify.annotations.Nullable;

/**
 * The page of SGLang 0.5, in the order and the words of a captured one: multiprocess mode, so no process families and no
 * created times, sums before buckets, families that appear with their first use.
 */
final class SglangMetrics implements EngineMetrics {
    private static final double[] TTFT_BOUNDS = {
        0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400
    };
    private static final double[] TOKEN_TIME_BOUNDS = {
        0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1,
        2, 4, 6, 8
    };
    private static final double[] E2E_BOUNDS = {
        0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 600, 1200, 1800, 2400
    };
    private static final double[] QUEUE_BOUNDS = {
        0, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400, 500, 600, 700, 800,
        900, 1000, 1200, 1400, 1600, 1800, 2000, 2500, 3000
    };
    private static final double[] RETRACTION_BOUNDS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 75, 100
    };
    private static final double[] STAGE_BOUNDS = stageBounds();
    /** Throughput and the cache's hit rate are those of the last this many steps. */
    private static final int LOG_STEPS = 40;

    private final MetricsPage page;
    private final String[] schedulerLabels;
    private final String[] tokenizerLabels;
    private final Family stageLatency;
    private final Family queueTime;
    private final Family realtimeTokens;
    private final Family cudaGraphPasses;
    private final Family running;
    private final Family usedTokens;
    private final Family tokenUsage;
    private final Family decodeLengths;
    private final Family throughput;
    private final Family queued;
    private final Family hitRate;
    private final Family ttft;
    private final Family interTokenLatency;
    private final Family e2e;
    private final Family retractions;
    private final Family promptTokens;
    private final Family generationTokens;
    private final Family requests;
    private final Family cachedTokens;

    private int steps;
    private int tokensSinceLog;
    private double secondsOfLog;
    private @Nullable Request lastScheduled;

    SglangMetrics(String model, double startSeconds) {
        page = new MetricsPage(Client.PYTHON_MULTIPROCESS, startSeconds);
        schedulerLabels = new String[] {
            "engine_type", "unified", "model_name", model, "moe_ep_rank", "0", "pp_rank", "0", "tp_rank", "0"
        };
        tokenizerLabels = new String[] {"model_name", model};
        stageLatency = page.histogram(
                        "sglang:per_stage_req_latency_seconds", "The latency of each stage of requests.", STAGE_BOUNDS)
                .common(schedulerLabels);
        queueTime = page.histogram("sglang:queue_time_seconds", "Histogram of queueing time in seconds.", QUEUE_BOUNDS)
                .common(schedulerLabels);
        realtimeTokens = page.counter(
                        "sglang:realtime_tokens", "Total number of tokens processed (updated on each log interval).")
                .common(schedulerLabels);
        cudaGraphPasses = page.counter(
                        "sglang:cuda_graph_passes", "Total number of forward passes categorized by CUDA graph.")
                .common(schedulerLabels);
        gauge("num_retracted_reqs", "The number of retracted requests.")
                .of("pid", "697544")
                .set(0);
        gauge("num_paused_reqs", "The number of paused requests by async weight sync.")
                .of("pid", "697544")
                .set(0);
        running = gauge("num_running_reqs", "The number of running requests.");
        usedTokens = gauge("num_used_tokens", "The number of used tokens.");
        tokenUsage = gauge("token_usage", "The token usage.");
        constant(
                "pending_prealloc_token_usage",
                "The token usage for pending preallocated tokens (not preallocated yet).",
                0);
        constant("swa_token_usage", "The token usage for SWA layers.", 0);
        constant("mamba_usage", "The token usage for Mamba layers.", 0);
        decodeLengths = gauge("decode_sum_seq_lens", "The sum of all sequence lengths in decode.");
        throughput = gauge("gen_throughput", "The generation throughput (token/s).");
        queued = gauge("num_queue_reqs", "The number of requests in the waiting queue.");
        constant("num_grammar_queue_reqs", "The number of requests in the grammar waiting queue.", 0);
        constant(
                "num_running_reqs_offline_batch",
                "The number of running low-priority offline batch requests(label is 'batch').",
                0);
        hitRate = gauge("cache_hit_rate", "The prefix cache hit rate.");
        constant(
                "max_total_num_tokens",
                "Maximum total number of tokens in the KV cache pool.",
                ServingSimulation.KV_BLOCKS * ServingSimulation.BLOCK_TOKENS);
        constant("spec_accept_length", "The average acceptance length of speculative decoding.", 0);
        constant(
                "spec_accept_rate",
                "The average acceptance rate of speculative decoding (`accepted tokens / total draft tokens` in"
                        + " batch).",
                0);
        constant("num_prefill_prealloc_queue_reqs", "The number of requests in the prefill prealloc queue.", 0);
        constant("num_prefill_inflight_queue_reqs", "The number of requests in the prefill inflight queue.", 0);
        constant("num_decode_prealloc_queue_reqs", "The number of requests in the decode prealloc queue.", 0);
        constant("num_decode_transfer_queue_reqs", "The number of requests in the decode transfer queue.", 0);
        constant("kv_transfer_speed_gb_s", "The transfer speed of the KV cache in GB/s.", 0);
        constant("kv_transfer_latency_ms", "The transfer latency of the KV cache in ms.", 0);
        constant("kv_transfer_bootstrap_ms", "The bootstrap time of the KV transfer in ms.", 0);
        constant("kv_transfer_alloc_ms", "The allocation waiting time of the KV transfer in ms.", 0);
        constant("kv_transfer_total_mb", "The total number of tokens transferred in the KV cache.", 0);
        constant("utilization", "The utilization.", 0);
        constant("engine_startup_time", "The time taken for the engine to start up.", 19.3);
        constant("engine_load_weights_time", "The time taken for the engine to load weights.", 4.75);
        constant("new_token_ratio", "The new token ratio.", 0.7);
        constant("is_cuda_graph", "Whether the batch is using CUDA graph.", 1);
        ttft = page.histogram(
                        "sglang:time_to_first_token_seconds",
                        "Histogram of time to first token in seconds.",
                        TTFT_BOUNDS)
                .common(tokenizerLabels);
        interTokenLatency = page.histogram(
                        "sglang:inter_token_latency_seconds",
                        "Histogram of inter-token latency in seconds.",
                        TOKEN_TIME_BOUNDS)
                .common(tokenizerLabels);
        e2e = page.histogram(
                        "sglang:e2e_request_latency_seconds",
                        "Histogram of End-to-end request latency in seconds",
                        E2E_BOUNDS)
                .common(tokenizerLabels);
        retractions = page.histogram(
                        "sglang:num_retractions", "Histogram of retraction counts per request.", RETRACTION_BOUNDS)
                .common(tokenizerLabels);
        promptTokens = tokenizerCounter("prompt_tokens", "Number of prefill tokens processed.");
        generationTokens = tokenizerCounter("generation_tokens", "Number of generation tokens processed.");
        cachedTokens = tokenizerCounter("cached_tokens", "Number of cached prompt tokens.");
        requests = tokenizerCounter("num_requests", "Number of requests processed.");
    }

    private Family gauge(String name, String help) {
        return page.gauge("sglang:" + name, help).common(schedulerLabels);
    }

    private void constant(String name, String help, double value) {
        gauge(name, help).of().set(value);
    }

    private Family tokenizerCounter(String name, String help) {
        return page.counter("sglang:" + name, help).common(tokenizerLabels);
    }

    /** 0.001 times 1.62 to the n. */
    private static double[] stageBounds() {
        double[] bounds = new double[30];
        for (int n = 0; n < bounds.length; n++) {
            bounds[n] = 0.001 * Math.pow(1.62, n);
        }
        return bounds;
    }

    @Override
    public void arrived(Request request) {
        // Waiting requests are counted when the page is made.
    }

    @Override
    public void scheduled(Request request) {
        lastScheduled = request;
        double queuedSeconds = request.scheduled - request.arrival;
        queueTime.of().observe(queuedSeconds);
        stageLatency.of("stage", "prefill_waiting").observe(queuedSeconds);
        Child compute = realtimeTokens.of("mode", "prefill_compute");
        Child cached = realtimeTokens.of("mode", "prefill_cache");
        compute.add(request.promptTokens - request.cachedTokens);
        cached.add(request.cachedTokens);
    }

    @Override
    public void preempted(Request request) {
        // Counted when the request ends.
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        if (generated == 0) {
            return;
        }
        realtimeTokens.of("mode", "decode").add(generated);
        cudaGraphPasses.of("mode", "decode_cuda_graph").add(1);
        tokensSinceLog += generated;
        if (++steps % LOG_STEPS == 0) {
            throughput.of().set(tokensSinceLog / (end - secondsOfLog));
            tokensSinceLog = 0;
            secondsOfLog = end;
        }
    }

    @Override
    public void firstToken(Request request) {
        ttft.of().observe(request.firstTokenAt - request.arrival);
        stageLatency.of("stage", "prefill_forward").observe(request.firstTokenAt - request.scheduled);
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        interTokenLatency.of().observe(interTokenSeconds);
    }

    @Override
    public void finished(Request request, Finish finish) {
        e2e.of().observe(request.finishedAt - request.arrival);
        retractions.of().observe(request.preemptions);
        promptTokens.of().add(request.promptTokens);
        generationTokens.of().add(request.generated);
        cachedTokens.of("cache_source", "device").add(request.cachedTokens);
        requests.of().add(1);
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        running.of().set(simulation.runningCount());
        queued.of().set(simulation.waitingCount());
        int tokens = simulation.kvTokens();
        usedTokens.of().set(tokens);
        decodeLengths.of().set(tokens);
        // Two decimals, as the engine's own log line has it.
        tokenUsage.of().set(Math.rint(simulation.kvUsage() * 100) / 100);
        throughput.of();
        Request last = lastScheduled;
        hitRate.of().set(last == null ? 0 : last.cachedTokens / (double) last.promptTokens);
        return page.text();
    }
}

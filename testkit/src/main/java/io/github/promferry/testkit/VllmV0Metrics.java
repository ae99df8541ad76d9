package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Child;
import io.github.promferry.testkit.MetricsPage.Client;
import io.github.promferry.testkit.MetricsPage.Family;
import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;

/** The page of vLLM's V0 engine, in the order and the words of one captured from 0.4: no created times, fewer buckets. */
final class VllmV0Metrics implements EngineMetrics {
    private static final double[] TTFT_BOUNDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
    };
    private static final double[] TOKEN_TIME_BOUNDS = {
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5
    };
    private static final double[] E2E_BOUNDS = {1, 2.5, 5, 10, 15, 20, 30, 40, 50, 60};
    /** Up to the longest request of the captured engine's model. */
    private static final double[] TOKEN_BOUNDS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000};

    private static final double[] N_BOUNDS = {1, 2, 5, 10, 20};
    /** Its throughput gauges are those of the last this many seconds. */
    private static final double LOG_SECONDS = 5;

    private final MetricsPage page = new MetricsPage(Client.PYTHON, 0);
    private final PythonProcess process;
    private final String[] labels;
    private final Child running;
    private final Child waiting;
    private final Child kvUsage;
    private final Child preemptions;
    private final Child promptTokens;
    private final Child generationTokens;
    private final Child ttft;
    private final Child timePerOutputToken;
    private final Child e2e;
    private final Child requestPromptTokens;
    private final Child requestGenerationTokens;
    private final Child bestOf;
    private final Child paramsN;
    private final Family successes;
    private final Child promptThroughput;
    private final Child generationThroughput;
    private double logSeconds;
    private double promptSinceLog;
    private double generatedSinceLog;

    VllmV0Metrics(String model, double startSeconds) {
        process = new PythonProcess(page, startSeconds);
        labels = new String[] {"model_name", model};
        cacheConfig();
        running = gauge("num_requests_running", "Number of requests currently running on GPU.");
        waiting = gauge("num_requests_waiting", "Number of requests waiting to be processed.");
        gauge("num_requests_swapped", "Number of requests swapped to CPU.");
        kvUsage = gauge("gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent usage.");
        gauge("cpu_cache_usage_perc", "CPU KV-cache usage. 1 means 100 percent usage.");
        preemptions = counter("num_preemptions", "Cumulative number of preemption from the engine.")
                .of();
        promptTokens =
                counter("prompt_tokens", "Number of prefill tokens processed.").of();
        generationTokens = counter("generation_tokens", "Number of generation tokens processed.")
                .of();
        ttft = histogram("time_to_first_token_seconds", "Histogram of time to first token in seconds.", TTFT_BOUNDS);
        timePerOutputToken = histogram(
                "time_per_output_token_seconds", "Histogram of time per output token in seconds.", TOKEN_TIME_BOUNDS);
        e2e = histogram(
                "e2e_request_latency_seconds", "Histogram of end to end request latency in seconds.", E2E_BOUNDS);
        requestPromptTokens = histogram("request_prompt_tokens", "Number of prefill tokens processed.", TOKEN_BOUNDS);
        requestGenerationTokens =
                histogram("request_generation_tokens", "Number of generation tokens processed.", TOKEN_BOUNDS);
        bestOf = histogram("request_params_best_of", "Histogram of the best_of request parameter.", N_BOUNDS);
        paramsN = histogram("request_params_n", "Histogram of the n request parameter.", N_BOUNDS);
        successes = counter("request_success", "Count of successfully processed requests.");
        promptThroughput = gauge("avg_prompt_throughput_toks_per_s", "Average prefill throughput in tokens/s.");
        generationThroughput =
                gauge("avg_generation_throughput_toks_per_s", "Average generation throughput in tokens/s.");
    }

    private Child gauge(String name, String help) {
        return page.gauge("vllm:" + name, help).common(labels).of();
    }

    private Family counter(String name, String help) {
        return page.counter("vllm:" + name, help).common(labels).withoutCreated();
    }

    private Child histogram(String name, String help, double[] bounds) {
        return page.histogram("vllm:" + name, help, bounds)
                .common(labels)
                .withoutCreated()
                .of();
    }

    private void cacheConfig() {
        page.gauge("vllm:cache_config_info", "information of cache_config")
                .of(
                        "block_size",
                        String.valueOf(ServingSimulation.BLOCK_TOKENS),
                        "cache_dtype",
                        "auto",
                        "cpu_kvcache_space_bytes",
                        "4294967296",
                        "enable_prefix_caching",
                        "False",
                        "gpu_memory_utilization",
                        "0.9",
                        "num_cpu_blocks",
                        "0",
                        "num_gpu_blocks",
                        String.valueOf(ServingSimulation.KV_BLOCKS),
                        "num_gpu_blocks_override",
                        "None",
                        "sliding_window",
                        "None",
                        "swap_space_bytes",
                        "4294967296")
                .set(1);
    }

    @Override
    public void arrived(Request request) {
        // Waiting requests are counted when the page is made.
    }

    @Override
    public void scheduled(Request request) {
        // Counted when the first token is there.
    }

    @Override
    public void preempted(Request request) {
        preemptions.add(1);
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        generationTokens.add(generated);
        promptSinceLog += prompt;
        generatedSinceLog += generated;
        double seconds = end - logSeconds;
        if (seconds >= LOG_SECONDS) {
            promptThroughput.set(promptSinceLog / seconds);
            generationThroughput.set(generatedSinceLog / seconds);
            logSeconds = end;
            promptSinceLog = 0;
            generatedSinceLog = 0;
        }
    }

    @Override
    public void firstToken(Request request) {
        promptTokens.add(request.promptTokens);
        ttft.observe(request.firstTokenAt - request.arrival);
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        timePerOutputToken.observe(interTokenSeconds);
    }

    @Override
    public void finished(Request request, Finish finish) {
        successes.of("finished_reason", finish.word).add(1);
        e2e.observe(request.finishedAt - request.arrival);
        requestPromptTokens.observe(request.promptTokens);
        requestGenerationTokens.observe(request.generated);
        bestOf.observe(1);
        paramsN.observe(1);
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        process.update(uptimeSeconds);
        running.set(simulation.runningCount());
        waiting.set(simulation.waitingCount());
        kvUsage.set(simulation.kvUsage());
        return page.text();
    }
}

package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Child;
import io.github.promferry.testkit.MetricsPage.Client;
import io.github.promferry.testkit.MetricsPage.Family;
import io.github.promferry.testkit.ServingSimulation.Finish;
import io.github.promferry.testkit.ServingSimulation.Request;

/**
 * The page of vLLM's V1 engine, in the order and the words of a captured one (about 0.13), behind the families that its
 * API server and the Python client add.
 */
final class VllmMetrics implements EngineMetrics {
    /** The names of a release. */
    enum Names {
        /** Until 0.9.1. */
        OLD,
        /** From 0.13 on. */
        NEW,
        /** Old and new ones of the KV cache's usage and the time between tokens, which no single release has. */
        BOTH
    }

    private static final double[] TOKEN_BOUNDS = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000};
    private static final double[] TTFT_BOUNDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560
    };
    private static final double[] TOKEN_TIME_BOUNDS = {
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
    };
    private static final double[] DURATION_BOUNDS = {
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
    private static final double[] STEP_BOUNDS = {1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384};
    private static final double[] N_BOUNDS = {1, 2, 5, 10, 20};
    private static final double[] HTTP_FINE_BOUNDS = {
        0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60
    };
    private static final double[] HTTP_BOUNDS = {0.1, 0.5, 1};
    private static final String HANDLER = "/v1/chat/completions";

    private final MetricsPage page;
    /** For what the release does not have. */
    private final MetricsPage unseen;

    private final String[] labels;
    private final PythonProcess process;
    private final Child running;
    private final Child waiting;
    private final Child kvUsage;
    private final Child gpuUsage;
    private final Child prefixQueries;
    private final Child prefixHits;
    private final Child preemptions;
    private final Child promptTokens;
    private final Child generationTokens;
    private final Family successes;
    private final Child requestPromptTokens;
    private final Child requestGenerationTokens;
    private final Child stepTokens;
    private final Child requestMaxTokens;
    private final Child paramsN;
    private final Child paramsMaxTokens;
    private final Child ttft;
    private final Child interTokenLatency;
    private final Child timePerOutputToken;
    private final Child requestTimePerOutputToken;
    private final Child e2e;
    private final Child queueTime;
    private final Child inferenceTime;
    private final Child prefillTime;
    private final Child decodeTime;
    private final Child prefillComputed;
    private final Family httpRequests;
    private final Family httpRequestBytes;
    private final Family httpResponseBytes;
    private final Child httpFineDuration;
    private final Family httpDuration;

    VllmMetrics(Names names, String model, double startSeconds) {
        // Loading the model takes a while; then the metrics are made.
        page = new MetricsPage(Client.PYTHON, startSeconds + 21.4);
        unseen = new MetricsPage(Client.PYTHON, 0);
        MetricsPage old = names == Names.NEW ? unseen : page;
        MetricsPage young = names == Names.OLD ? unseen : page;
        String prefixCache = names == Names.OLD ? "gpu_prefix_cache" : "prefix_cache";
        labels = new String[] {"engine", "0", "model_name", model};
        process = new PythonProcess(page, startSeconds);
        running = gauge(page, "num_requests_running", "Number of requests in model execution batches.");
        waiting = gauge(page, "num_requests_waiting", "Number of requests waiting to be processed.");
        Family sleep = young.gauge(
                        "vllm:engine_sleep_state",
                        "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake;"
                                + " weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.")
                .common(labels);
        sleep.of("sleep_state", "awake").set(1);
        sleep.of("sleep_state", "weights_offloaded").set(0);
        sleep.of("sleep_state", "discard_all").set(0);
        kvUsage = gauge(young, "kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.");
        gpuUsage = gauge(
                old,
                "gpu_cache_usage_perc",
                "GPU KV-cache usage. 1 means 100 percent usage. DEPRECATED: Use vllm:kv_cache_usage_perc instead.");
        prefixQueries =
                counter(page, prefixCache + "_queries", "Prefix cache queries, in terms of number of queried tokens.");
        prefixHits = counter(page, prefixCache + "_hits", "Prefix cache hits, in terms of number of cached tokens.");
        counter(
                young,
                "external_prefix_cache_queries",
                "External prefix cache queries from KV connector cross-instance cache sharing, in terms of number of"
                        + " queried tokens.");
        counter(
                young,
                "external_prefix_cache_hits",
                "External prefix cache hits from KV connector cross-instance cache sharing, in terms of number of"
                        + " cached tokens.");
        counter(young, "mm_cache_queries", "Multi-modal cache queries, in terms of number of queried items.");
        counter(young, "mm_cache_hits", "Multi-modal cache hits, in terms of number of cached items.");
        preemptions = counter(page, "num_preemptions", "Cumulative number of preemption from the engine.");
        promptTokens = counter(page, "prompt_tokens", "Number of prefill tokens processed.");
        generationTokens = counter(page, "generation_tokens", "Number of generation tokens processed.");
        successes = page.counter("vllm:request_success", "Count of successfully processed requests.")
                .common(labels);
        for (Finish finish : Finish.values()) {
            successes.of("finished_reason", finish.word);
        }
        requestPromptTokens =
                histogram(page, "request_prompt_tokens", "Number of prefill tokens processed.", TOKEN_BOUNDS);
        requestGenerationTokens =
                histogram(page, "request_generation_tokens", "Number of generation tokens processed.", TOKEN_BOUNDS);
        stepTokens = histogram(
                page, "iteration_tokens_total", "Histogram of number of tokens per engine_step.", STEP_BOUNDS);
        requestMaxTokens = histogram(
                page,
                "request_max_num_generation_tokens",
                "Histogram of maximum number of requested generation tokens.",
                TOKEN_BOUNDS);
        paramsN = histogram(page, "request_params_n", "Histogram of the n request parameter.", N_BOUNDS);
        paramsMaxTokens = histogram(
                page, "request_params_max_tokens", "Histogram of the max_tokens request parameter.", TOKEN_BOUNDS);
        ttft = histogram(
                page, "time_to_first_token_seconds", "Histogram of time to first token in seconds.", TTFT_BOUNDS);
        interTokenLatency = histogram(
                young,
                "inter_token_latency_seconds",
                "Histogram of inter-token latency in seconds.",
                TOKEN_TIME_BOUNDS);
        timePerOutputToken = histogram(
                old,
                "time_per_output_token_seconds",
                "Histogram of time per output token in seconds. DEPRECATED: Use vllm:inter_token_latency_seconds"
                        + " instead.",
                TOKEN_TIME_BOUNDS);
        requestTimePerOutputToken = histogram(
                young,
                "request_time_per_output_token_seconds",
                "Histogram of time_per_output_token_seconds per request.",
                TOKEN_TIME_BOUNDS);
        e2e = histogram(
                page, "e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", DURATION_BOUNDS);
        queueTime = histogram(
                page,
                "request_queue_time_seconds",
                "Histogram of time spent in WAITING phase for request.",
                DURATION_BOUNDS);
        inferenceTime = histogram(
                page,
                "request_inference_time_seconds",
                "Histogram of time spent in RUNNING phase for request.",
                DURATION_BOUNDS);
        prefillTime = histogram(
                page,
                "request_prefill_time_seconds",
                "Histogram of time spent in PREFILL phase for request.",
                DURATION_BOUNDS);
        decodeTime = histogram(
                page,
                "request_decode_time_seconds",
                "Histogram of time spent in DECODE phase for request.",
                DURATION_BOUNDS);
        prefillComputed = histogram(
                young,
                "request_prefill_kv_computed_tokens",
                "Histogram of new KV tokens computed during prefill (excluding cached tokens).",
                TOKEN_BOUNDS);
        cacheConfig();
        httpRequests = page.counter("http_requests", "Total number of requests by method, status and handler.");
        httpRequestBytes = page.summary(
                "http_request_size_bytes",
                "Content length of incoming requests by handler. Only value of header is respected. Otherwise"
                        + " ignored. No percentile calculated. ");
        httpResponseBytes = page.summary(
                "http_response_size_bytes",
                "Content length of outgoing responses by handler. Only value of header is respected."
                        + " Otherwise ignored. No percentile calculated. ");
        httpFineDuration = page.histogram(
                        "http_request_duration_highr_seconds",
                        "Latency with many buckets but no API specific labels. Made for more accurate percentile"
                                + " calculations. ",
                        HTTP_FINE_BOUNDS)
                .of();
        httpDuration = page.histogram(
                "http_request_duration_seconds",
                "Latency with only few buckets by handler. Made to be only used if aggregation by handler is"
                        + " important. ",
                HTTP_BOUNDS);
    }

    private Child gauge(MetricsPage on, String name, String help) {
        return on.gauge("vllm:" + name, help).common(labels).of();
    }

    private Child counter(MetricsPage on, String name, String help) {
        return on.counter("vllm:" + name, help).common(labels).of();
    }

    private Child histogram(MetricsPage on, String name, String help, double[] bounds) {
        return on.histogram("vllm:" + name, help, bounds).common(labels).of();
    }

    private void cacheConfig() {
        page.gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig")
                .common("engine", "0")
                .of(
                        "block_size",
                        String.valueOf(ServingSimulation.BLOCK_TOKENS),
                        "cache_dtype",
                        "auto",
                        "calculate_kv_scales",
                        "False",
                        "cpu_kvcache_space_bytes",
                        "None",
                        "cpu_offload_gb",
                        "0.0",
                        "enable_prefix_caching",
                        "True",
                        "gpu_memory_utilization",
                        "0.9",
                        "is_attention_free",
                        "False",
                        "kv_cache_memory_bytes",
                        "None",
                        "kv_offloading_backend",
                        "None",
                        "kv_offloading_size",
                        "None",
                        "kv_sharing_fast_prefill",
                        "False",
                        "mamba_block_size",
                        "None",
                        "mamba_cache_dtype",
                        "auto",
                        "mamba_page_size_padded",
                        "None",
                        "mamba_ssm_cache_dtype",
                        "auto",
                        "num_cpu_blocks",
                        "None",
                        "num_gpu_blocks",
                        String.valueOf(ServingSimulation.KV_BLOCKS),
                        "num_gpu_blocks_override",
                        "None",
                        "prefix_caching_hash_algo",
                        "sha256",
                        "sliding_window",
                        "None",
                        "swap_space",
                        "4.0")
                .set(1);
    }

    @Override
    public void arrived(Request request) {
        // Waiting requests are counted when the page is made.
    }

    @Override
    public void scheduled(Request request) {
        prefixQueries.add(request.promptTokens);
        prefixHits.add(request.cachedTokens);
    }

    @Override
    public void preempted(Request request) {
        preemptions.add(1);
    }

    @Override
    public void step(int prompt, int generated, double begin, double end) {
        generationTokens.add(generated);
        stepTokens.observe(prompt + generated);
    }

    @Override
    public void firstToken(Request request) {
        promptTokens.add(request.promptTokens);
        ttft.observe(request.firstTokenAt - request.arrival);
    }

    @Override
    public void nextToken(double interTokenSeconds) {
        interTokenLatency.observe(interTokenSeconds);
        timePerOutputToken.observe(interTokenSeconds);
    }

    @Override
    public void finished(Request request, Finish finish) {
        successes.of("finished_reason", finish.word).add(1);
        requestPromptTokens.observe(request.promptTokens);
        requestGenerationTokens.observe(request.generated);
        requestMaxTokens.observe(request.generated);
        paramsN.observe(1);
        paramsMaxTokens.observe(request.maxTokens);
        double decode = request.finishedAt - request.firstTokenAt;
        if (request.generated > 1) {
            requestTimePerOutputToken.observe(decode / (request.generated - 1));
        }
        double latency = request.finishedAt - request.arrival;
        e2e.observe(latency);
        queueTime.observe(request.scheduled - request.arrival);
        inferenceTime.observe(request.finishedAt - request.scheduled);
        prefillTime.observe(request.firstTokenAt - request.scheduled);
        decodeTime.observe(decode);
        prefillComputed.observe(request.promptTokens - request.cachedTokens);

        httpRequests.of("handler", HANDLER, "method", "POST", "status", "2xx").add(1);
        httpRequestBytes.of("handler", HANDLER).observe(180 + 4.0 * request.promptTokens);
        httpResponseBytes.of("handler", HANDLER).observe(320 + 5.0 * request.generated);
        httpFineDuration.observe(latency);
        httpDuration.of("handler", HANDLER, "method", "POST").observe(latency);
    }

    @Override
    public String page(ServingSimulation simulation, double uptimeSeconds) {
        process.update(uptimeSeconds);
        running.set(simulation.runningCount());
        waiting.set(simulation.waitingCount());
        kvUsage.set(simulation.kvUsage());
        gpuUsage.set(simulation.kvUsage());
        return page.text();
    }
}

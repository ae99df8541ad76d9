package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SimulatedEngineTest {
    private static final String VLLM_LABELS = "engine=\"0\",model_name=\"Qwen/Qwen3-0.6B\"";

    private final ManualClock clock = new ManualClock();

    @ParameterizedTest
    @EnumSource
    void theSameSeedGivesTheSamePageHoweverOftenItIsAsked(EngineRelease release) {
        try (SimulatedEngine often = engine(release).start();
                SimulatedEngine once = engine(release).start();
                SimulatedEngine other = engine(release).seed(2).start()) {
            for (int i = 0; i < 100; i++) {
                clock.advance(Duration.ofMillis(317));
                often.page();
            }
            String page = withoutReadingAverages(often.page());
            assertThat(withoutReadingAverages(once.page())).isEqualTo(page);
            assertThat(withoutReadingAverages(other.page())).isNotEqualTo(page);
        }
    }

    /** Those of llama.cpp are averages since the last reading. */
    private static String withoutReadingAverages(String page) {
        return page.replaceAll("llamacpp:(prompt|predicted)_tokens_seconds .*", "");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    VLLM           | vllm:num_requests_running     | vllm:num_requests_waiting   | vllm:kv_cache_usage_perc
                    VLLM_V0        | vllm:num_requests_running     | vllm:num_requests_waiting   | vllm:gpu_cache_usage_perc
                    VLLM_0_9       | vllm:num_requests_running     | vllm:num_requests_waiting   | vllm:gpu_cache_usage_perc
                    VLLM_0_13      | vllm:num_requests_running     | vllm:num_requests_waiting   | vllm:kv_cache_usage_perc
                    SGLANG         | sglang:num_running_reqs       | sglang:num_queue_reqs       | sglang:token_usage
                    SGLANG_0_4     | sglang:num_running_reqs       | sglang:num_queue_reqs       | sglang:token_usage
                    TGI            | tgi_batch_current_size        | tgi_queue_size              |
                    LLAMA_CPP      | llamacpp:requests_processing  | llamacpp:requests_deferred  |
                    LLAMA_CPP_2025 | llamacpp:requests_processing  | llamacpp:requests_deferred  | llamacpp:kv_cache_usage_ratio
                    """)
    void loadMovesEveryPartOfTheEngine(EngineRelease release, String running, String waiting, @Nullable String usage) {
        double mostRunning = 0;
        double mostWaiting = 0;
        double leastWaiting = Double.MAX_VALUE;
        double highestUsage = 0;
        try (SimulatedEngine engine = engine(release).start()) {
            for (int second = 0; second < 300; second++) {
                clock.advance(Duration.ofSeconds(1));
                Map<String, Double> samples = samples(engine.page());
                mostRunning = Math.max(mostRunning, valueOf(samples, running));
                mostWaiting = Math.max(mostWaiting, valueOf(samples, waiting));
                leastWaiting = Math.min(leastWaiting, valueOf(samples, waiting));
                highestUsage = Math.max(highestUsage, usage == null ? 1 : valueOf(samples, usage));
            }
        }
        assertThat(mostRunning).isBetween(10.0, (double) ServingSimulation.MAX_RUNNING);
        assertThat(mostWaiting).isBetween(5.0, 500.0);
        assertThat(leastWaiting).isZero();
        assertThat(highestUsage).isBetween(0.5, 1.0);
    }

    @Test
    void aFullCachePreemptsRequests() {
        try (SimulatedEngine engine = engine(EngineRelease.VLLM).start()) {
            clock.advance(Duration.ofMinutes(5));
            assertThat(valueOf(samples(engine.page()), "vllm:num_preemptions_total"))
                    .isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource
    void countersOnlyGrowAndHistogramsAddUp(EngineRelease release) {
        Map<String, Double> before = Map.of();
        try (SimulatedEngine engine = engine(release).start()) {
            for (int i = 0; i < 20; i++) {
                clock.advance(Duration.ofSeconds(3));
                String page = engine.page();
                Map<String, Double> samples = samples(page);
                Map<String, String> types = types(page);
                for (Map.Entry<String, Double> sample : samples.entrySet()) {
                    String name = sample.getKey().split("[{]", 2)[0];
                    boolean cumulative = "counter".equals(types.get(name))
                            || "histogram".equals(types.get(name.replaceAll("_(bucket|count|sum)$", "")));
                    assertThat(cumulative || types.containsKey(name) || name.matches(".*_(count|sum)"))
                            .as(name)
                            .isTrue();
                    if (cumulative && !name.equals("llamacpp:n_busy_slots_per_decode")) {
                        assertThat(sample.getValue())
                                .as(sample.getKey())
                                .isGreaterThanOrEqualTo(before.getOrDefault(sample.getKey(), 0.0));
                    }
                    if (sample.getKey().contains("le=\"+Inf\"")) {
                        String count = sample.getKey()
                                .replace("_bucket{", "_count{")
                                .replaceAll("le=\"[+]Inf\",?", "")
                                .replace(",}", "}")
                                .replace("{}", "");
                        assertThat(samples).as(count).containsEntry(count, sample.getValue());
                    }
                }
                before = samples;
            }
        }
    }

    /** The captured page has 346 {@code vllm:} series. */
    @Test
    void vllmPageIsCompleteFromTheFirstScrape() {
        try (SimulatedEngine engine = engine(EngineRelease.VLLM_0_13).start()) {
            List<String> first = List.copyOf(samples(engine.page()).keySet());
            assertThat(first).filteredOn(series -> series.startsWith("vllm:")).hasSize(346);
            clock.advance(Duration.ofMinutes(2));
            assertThat(samples(engine.page()).keySet()).containsAll(first);
            assertThat(engine.page())
                    .contains("# TYPE vllm:iteration_tokens_total histogram\n")
                    .contains(
                            "# TYPE vllm:prompt_tokens_created gauge\nvllm:prompt_tokens_created{" + VLLM_LABELS + "} ")
                    .contains("\nhttp_requests_total{handler=\"/v1/chat/completions\",method=\"POST\",status=\"2xx\"} ")
                    .contains("\nprocess_start_time_seconds ");
        }
    }

    @Test
    void sglangPageGrowsWithUseAndHasNeitherProcessNorCreatedFamilies() {
        try (SimulatedEngine engine = engine(EngineRelease.SGLANG).start()) {
            int first = samples(engine.page()).size();
            clock.advance(Duration.ofMinutes(1));
            Map<String, Double> later = samples(engine.page());
            assertThat(later.size()).isGreaterThan(first + 150);
            assertThat(later.keySet()).noneMatch(series -> series.matches("(process_|python_).*|.*_created.*"));
            assertThat(later.keySet())
                    .contains(
                            "sglang:per_stage_req_latency_seconds_bucket{engine_type=\"unified\","
                                    + "le=\"0.0016200000000000001\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\","
                                    + "moe_ep_rank=\"0\",pp_rank=\"0\",stage=\"prefill_waiting\",tp_rank=\"0\"}",
                            "sglang:per_stage_req_latency_seconds_bucket{engine_type=\"unified\","
                                    + "le=\"1191.064887146242\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\","
                                    + "moe_ep_rank=\"0\",pp_rank=\"0\",stage=\"prefill_waiting\",tp_rank=\"0\"}");
        }
    }

    @Test
    void llamaCppPrintsNumbersAsItsServerDoes() {
        try (SimulatedEngine engine = engine(EngineRelease.LLAMA_CPP_2025).start()) {
            assertThat(engine.page()).isEqualTo("""
                            # HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
                            # TYPE llamacpp:prompt_tokens_total counter
                            llamacpp:prompt_tokens_total 0
                            # HELP llamacpp:prompt_seconds_total Prompt process time
                            # TYPE llamacpp:prompt_seconds_total counter
                            llamacpp:prompt_seconds_total 0
                            # HELP llamacpp:tokens_predicted_total Number of generation tokens processed.
                            # TYPE llamacpp:tokens_predicted_total counter
                            llamacpp:tokens_predicted_total 0
                            # HELP llamacpp:tokens_predicted_seconds_total Predict process time
                            # TYPE llamacpp:tokens_predicted_seconds_total counter
                            llamacpp:tokens_predicted_seconds_total 0
                            # HELP llamacpp:n_decode_total Total number of llama_decode() calls
                            # TYPE llamacpp:n_decode_total counter
                            llamacpp:n_decode_total 0
                            # HELP llamacpp:n_busy_slots_per_decode Average number of busy slots per llama_decode() call
                            # TYPE llamacpp:n_busy_slots_per_decode counter
                            llamacpp:n_busy_slots_per_decode -nan
                            # HELP llamacpp:prompt_tokens_seconds Average prompt throughput in tokens/s.
                            # TYPE llamacpp:prompt_tokens_seconds gauge
                            llamacpp:prompt_tokens_seconds 0
                            # HELP llamacpp:predicted_tokens_seconds Average generation throughput in tokens/s.
                            # TYPE llamacpp:predicted_tokens_seconds gauge
                            llamacpp:predicted_tokens_seconds 0
                            # HELP llamacpp:kv_cache_usage_ratio KV-cache usage. 1 means 100 percent usage.
                            # TYPE llamacpp:kv_cache_usage_ratio gauge
                            llamacpp:kv_cache_usage_ratio 0
                            # HELP llamacpp:kv_cache_tokens KV-cache tokens.
                            # TYPE llamacpp:kv_cache_tokens gauge
                            llamacpp:kv_cache_tokens 0
                            # HELP llamacpp:requests_processing Number of request processing.
                            # TYPE llamacpp:requests_processing gauge
                            llamacpp:requests_processing 0
                            # HELP llamacpp:requests_deferred Number of request deferred.
                            # TYPE llamacpp:requests_deferred gauge
                            llamacpp:requests_deferred 0
                            """);
        }
        assertThat(Stream.of(8.168, 29.567, 1_234_567.0, 999_999.5, 0.000_012_3, 0.5, 673.0)
                        .map(LlamaCppMetrics::number))
                .containsExactly("8.168", "29.567", "1.23457e+06", "1e+06", "1.23e-05", "0.5", "673");
    }

    /** The documentation of TGI lists 21 families; two more are counters that its router has. */
    @Test
    void tgiHasTheFamiliesOfItsDocumentationOnceInUse() {
        try (SimulatedEngine engine = engine(EngineRelease.TGI).start()) {
            assertThat(engine.page()).isEmpty();
            clock.advance(Duration.ofMinutes(3));
            Map<String, Double> samples = samples(engine.page());
            assertThat(types(engine.page())).hasSize(21 + 2);
            assertThat(samples.size()).isGreaterThan(1700);
            assertThat(samples.keySet())
                    .contains(
                            "tgi_batch_next_size_bucket{le=\"1024\"}",
                            "tgi_request_duration_bucket{le=\"0.00015000000000000001\"}",
                            "tgi_request_duration_bucket{le=\"145.61096060497135\"}",
                            "tgi_batch_forward_duration_bucket{method=\"prefill\",le=\"0.0003375\"}",
                            "tgi_request_input_length_bucket{le=\"40.95\"}");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFrozenEngineRepeatsItsPageUntilItIsResumed(EngineRelease release) {
        try (SimulatedEngine engine = engine(release).start()) {
            clock.advance(Duration.ofSeconds(10));
            engine.freeze();
            String page = engine.page();
            clock.advance(Duration.ofSeconds(10));
            assertThat(engine.page()).isEqualTo(page);
            engine.resume();
            assertThat(engine.page()).isNotEqualTo(page);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "VLLM,      vllm:num_requests_running,    vllm:num_requests_waiting,  vllm:generation_tokens_total",
        "SGLANG,    sglang:num_running_reqs,      sglang:num_queue_reqs,      sglang:inter_token_latency_seconds_count",
        "TGI,       tgi_batch_current_size,       tgi_queue_size,             'tgi_batch_inference_count{method=\"decode\"}'",
        "LLAMA_CPP, llamacpp:requests_processing, llamacpp:requests_deferred, llamacpp:n_decode_total",
    })
    void aStalledEngineMakesNoTokenWhileRequestsWait(
            EngineRelease release, String running, String waiting, String progress) {
        try (SimulatedEngine engine = engine(release).start()) {
            clock.advance(Duration.ofSeconds(10));
            engine.stall();
            Map<String, Double> first = samples(engine.page());
            clock.advance(Duration.ofSeconds(20));
            Map<String, Double> stalled = samples(engine.page());
            assertThat(valueOf(stalled, running)).isPositive().isEqualTo(valueOf(first, running));
            assertThat(valueOf(stalled, waiting)).isGreaterThan(valueOf(first, waiting));
            assertThat(valueOf(stalled, progress)).isEqualTo(valueOf(first, progress));
            engine.resume();
            clock.advance(Duration.ofSeconds(1));
            assertThat(valueOf(samples(engine.page()), progress)).isGreaterThan(valueOf(first, progress));
        }
    }

    @ParameterizedTest
    @EnumSource
    void withoutClientsTheEngineRunsDry(EngineRelease release) {
        try (SimulatedEngine engine = engine(release).start()) {
            clock.advance(Duration.ofSeconds(10));
            engine.page();
            engine.traffic(0);
            clock.advance(Duration.ofMinutes(2));
            Map<String, Double> samples = samples(engine.page());
            assertThat(samples.entrySet())
                    .filteredOn(sample -> sample.getKey()
                            .matches(".*(requests_running|requests_processing|running_reqs|batch_current_size|"
                                    + "requests_waiting|requests_deferred|queue_reqs|queue_size)([{].*|$)"))
                    .hasSizeGreaterThanOrEqualTo(2)
                    .allMatch(sample -> sample.getValue() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRestartedEngineCountsAnew(EngineRelease release) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (SimulatedEngine engine = engine(release).start()) {
            clock.advance(Duration.ofSeconds(30));
            HttpResponse<String> old = get(client, engine);
            engine.restart();
            HttpResponse<String> fresh = get(client, engine);
            Map<String, Double> samples = samples(fresh.body());
            assertThat(samples.entrySet())
                    .filteredOn(
                            sample -> sample.getKey().matches("(vllm|sglang|llamacpp|tgi).*_(total|count)([{].*|$)"))
                    .allMatch(sample -> sample.getValue() == 0);
            assertThat(startOf(fresh)).isEqualTo(startOf(old) + (release.name().startsWith("VLLM") ? 30 : 0));
            if (samples.containsKey("vllm:prompt_tokens_created" + "{" + VLLM_LABELS + "}")) {
                assertThat(valueOf(samples, "vllm:prompt_tokens_created"))
                        .isCloseTo(valueOf(samples(old.body()), "vllm:prompt_tokens_created") + 30, within(0.001));
            }
        }
    }

    private static double startOf(HttpResponse<String> page) {
        return samples(page.body()).getOrDefault("process_start_time_seconds", 0.0);
    }

    @Test
    void llamaCppTellsItsStartInAHeader() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (SimulatedEngine engine = engine(EngineRelease.LLAMA_CPP).start()) {
            long start = get(client, engine)
                    .headers()
                    .firstValueAsLong("Process-Start-Time-Unix")
                    .orElseThrow();
            assertThat(start).isEqualTo(clock.wallMillis() / 1000);
            clock.advance(Duration.ofSeconds(30));
            engine.restart();
            assertThat(get(client, engine).headers().firstValueAsLong("Process-Start-Time-Unix"))
                    .hasValue(start + 30);
        }
    }

    @Test
    void aHangingEngineAnswersOnceItIsResumed() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (SimulatedEngine engine = engine(EngineRelease.VLLM).start()) {
            engine.hang();
            CompletableFuture<HttpResponse<String>> answer =
                    client.sendAsync(HttpRequest.newBuilder(engine.uri()).build(), BodyHandlers.ofString());
            await().until(() -> engine.pagesServed() == 1);
            assertThat(answer).isNotDone();
            engine.resume();
            assertThat(answer.get(10, TimeUnit.SECONDS).body()).isEqualTo(engine.page());
        }
    }

    private static HttpResponse<String> get(HttpClient client, SimulatedEngine engine) throws Exception {
        return client.send(HttpRequest.newBuilder(engine.uri()).build(), BodyHandlers.ofString());
    }

    @Test
    void servesThePageAsThePythonClientDoes() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (SimulatedEngine engine =
                engine(EngineRelease.VLLM).model("a \"b\"").start()) {
            HttpResponse<byte[]> plain =
                    client.send(HttpRequest.newBuilder(engine.uri()).build(), BodyHandlers.ofByteArray());
            assertThat(plain.headers().firstValue("Content-Type")).contains(ScriptedAnswer.TEXT_0_0_4);
            assertThat(plain.body()).asString(StandardCharsets.UTF_8).isEqualTo(engine.page());
            HttpResponse<byte[]> packed = client.send(
                    HttpRequest.newBuilder(engine.uri())
                            .header("Accept-Encoding", "gzip")
                            .build(),
                    BodyHandlers.ofByteArray());
            try (InputStream page = new GZIPInputStream(new ByteArrayInputStream(packed.body()))) {
                assertThat(page.readAllBytes()).isEqualTo(plain.body());
            }
            assertThat(engine.page()).contains("model_name=\"a \\\"b\\\"\"");
            HttpResponse<byte[]> other = client.send(
                    HttpRequest.newBuilder(engine.uri().resolve("/health")).build(), BodyHandlers.ofByteArray());
            assertThat(other.statusCode()).isEqualTo(404);
        }
    }

    private SimulatedEngine.Builder engine(EngineRelease release) {
        return SimulatedEngine.of(release).clock(clock);
    }

    private static double valueOf(Map<String, Double> samples, String name) {
        return samples.entrySet().stream()
                .filter(sample ->
                        sample.getKey().equals(name) || sample.getKey().startsWith(name + "{"))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    /** Series text to value; fails on a repeated series. */
    private static Map<String, Double> samples(String page) {
        Map<String, Double> samples = new LinkedHashMap<>();
        for (String line : page.lines().toList()) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                int blank = line.lastIndexOf(' ');
                Double before = samples.put(
                        line.substring(0, blank),
                        Double.parseDouble(line.substring(blank + 1).replace("-nan", "NaN")));
                assertThat(before).as(line).isNull();
            }
        }
        return samples;
    }

    private static Map<String, String> types(String page) {
        Map<String, String> types = new TreeMap<>();
        for (String line : page.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ", 4);
                types.put(words[2], words[3]);
            }
        }
        return types;
    }
}

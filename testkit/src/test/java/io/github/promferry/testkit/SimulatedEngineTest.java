package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatedEngineTest {
    private static final String VLLM_LABELS = "engine=\"0\",model_name=\"Qwen/Qwen3-0.6B\"";

    private final ManualClock clock = new ManualClock();

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theSameSeedGivesTheSamePageHoweverOftenItIsAsked(boolean vllm) {
        try (SimulatedEngine often = engine(vllm).start();
                SimulatedEngine once = engine(vllm).start();
                SimulatedEngine other = engine(vllm).seed(2).start()) {
            for (int i = 0; i < 100; i++) {
                clock.advance(Duration.ofMillis(317));
                often.page();
            }
            assertThat(once.page()).isEqualTo(often.page());
            assertThat(other.page()).isNotEqualTo(often.page());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void loadMovesEveryPartOfTheEngine(boolean vllm) {
        String running = vllm ? "vllm:num_requests_running" : "sglang:num_running_reqs";
        String waiting = vllm ? "vllm:num_requests_waiting" : "sglang:num_queue_reqs";
        String usage = vllm ? "vllm:kv_cache_usage_perc" : "sglang:token_usage";
        double mostRunning = 0;
        double mostWaiting = 0;
        double leastWaiting = Double.MAX_VALUE;
        double highestUsage = 0;
        try (SimulatedEngine engine = engine(vllm).start()) {
            for (int second = 0; second < 300; second++) {
                clock.advance(Duration.ofSeconds(1));
                Map<String, Double> samples = samples(engine.page());
                mostRunning = Math.max(mostRunning, valueOf(samples, running));
                mostWaiting = Math.max(mostWaiting, valueOf(samples, waiting));
                leastWaiting = Math.min(leastWaiting, valueOf(samples, waiting));
                highestUsage = Math.max(highestUsage, valueOf(samples, usage));
            }
            if (vllm) {
                assertThat(valueOf(samples(engine.page()), "vllm:num_preemptions_total"))
                        .isPositive();
            }
        }
        assertThat(mostRunning).isBetween(10.0, (double) ServingSimulation.MAX_RUNNING);
        assertThat(mostWaiting).isBetween(5.0, 500.0);
        assertThat(leastWaiting).isZero();
        assertThat(highestUsage).isBetween(0.5, 1.0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countersOnlyGrowAndHistogramsAddUp(boolean vllm) {
        Map<String, Double> before = Map.of();
        try (SimulatedEngine engine = engine(vllm).start()) {
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
                    if (cumulative) {
                        assertThat(sample.getValue())
                                .as(sample.getKey())
                                .isGreaterThanOrEqualTo(before.getOrDefault(sample.getKey(), 0.0));
                    }
                    if (sample.getKey().contains("le=\"+Inf\"")) {
                        String count = sample.getKey()
                                .replace("_bucket{", "_count{")
                                .replace("le=\"+Inf\",", "")
                                .replaceAll("[{]?,?le=\"[+]Inf\"[}]?", "");
                        assertThat(samples).as(count).containsEntry(count, sample.getValue());
                    }
                }
                before = samples;
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    time_to_first_token_seconds         | 0.001,0.005,0.01,0.02,0.04,0.06,0.08,0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0,20.0,40.0,80.0,160.0,640.0,2560.0,+Inf
                    inter_token_latency_seconds         | 0.01,0.025,0.05,0.075,0.1,0.15,0.2,0.3,0.4,0.5,0.75,1.0,2.5,5.0,7.5,10.0,20.0,40.0,80.0,+Inf
                    e2e_request_latency_seconds         | 0.3,0.5,0.8,1.0,1.5,2.0,2.5,5.0,10.0,15.0,20.0,30.0,40.0,50.0,60.0,120.0,240.0,480.0,960.0,1920.0,7680.0,+Inf
                    request_prompt_tokens               | 1.0,2.0,5.0,10.0,20.0,50.0,100.0,200.0,500.0,1000.0,2000.0,5000.0,10000.0,20000.0,+Inf
                    iteration_tokens_total              | 1.0,8.0,16.0,32.0,64.0,128.0,256.0,512.0,1024.0,2048.0,4096.0,8192.0,16384.0,+Inf
                    request_params_n                    | 1.0,2.0,5.0,10.0,20.0,+Inf
                    """)
    void vllmHistogramsHaveTheBoundsOfTheCapturedPage(String name, String bounds) {
        try (SimulatedEngine engine = engine(true).start()) {
            List<String> found = samples(engine.page()).keySet().stream()
                    .filter(series -> series.startsWith("vllm:" + name + "_bucket{"))
                    .map(series -> series.replaceAll(".*le=\"([^\"]*)\".*", "$1"))
                    .toList();
            assertThat(String.join(",", found)).isEqualTo(bounds);
        }
    }

    /** The captured page has 346 {@code vllm:} series without the two names that no single release has together. */
    @Test
    void vllmPageIsCompleteFromTheFirstScrape() {
        try (SimulatedEngine engine = engine(true).start()) {
            List<String> first = List.copyOf(samples(engine.page()).keySet());
            long captured = first.stream()
                    .filter(series -> series.startsWith("vllm:"))
                    .filter(series -> !series.contains("gpu_cache_usage_perc"))
                    .filter(series -> !series.startsWith("vllm:time_per_output_token_seconds"))
                    .count();
            assertThat(captured).isEqualTo(346);
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
        try (SimulatedEngine engine = engine(false).start()) {
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
    void aFrozenEngineRepeatsItsPage() {
        try (SimulatedEngine engine = engine(true).start()) {
            clock.advance(Duration.ofSeconds(10));
            engine.freeze();
            String page = engine.page();
            clock.advance(Duration.ofSeconds(10));
            assertThat(engine.page()).isEqualTo(page);
        }
    }

    @Test
    void servesThePageAsThePythonClientDoes() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (SimulatedEngine engine = engine(true).model("a \"b\"").start()) {
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

    private SimulatedEngine.Builder engine(boolean vllm) {
        return (vllm ? SimulatedEngine.vllm() : SimulatedEngine.sglang()).clock(clock);
    }

    private static double valueOf(Map<String, Double> samples, String name) {
        return samples.entrySet().stream()
                .filter(sample -> sample.getKey().startsWith(name + "{"))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    /** Series text to value; fails on a repeated series. */
    private static Map<String, Double> samples(String page) {
        Map<String, Double> samples = new LinkedHashMap<>();
        for (String line : page.lines().toList()) {
            if (!line.startsWith("#")) {
                int blank = line.lastIndexOf(' ');
                Double before = samples.put(line.substring(0, blank), Double.parseDouble(line.substring(blank + 1)));
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

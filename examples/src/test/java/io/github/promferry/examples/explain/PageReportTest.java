package io.github.promferry.examples.explain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.engine.EngineCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PageReportTest {
    private static final EngineCatalog CATALOG = EngineCatalog.builtIn();

    private static List<String> report(String file) throws IOException {
        try (InputStream page = PageReportTest.class.getResourceAsStream("/corpus/" + file)) {
            ExpositionFormat format =
                    file.endsWith(".openmetrics") ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
            return PageReport.of(page.readAllBytes(), format, CATALOG);
        }
    }

    @Test
    void explainsAPageOfAGateway() throws IOException {
        assertThat(report("sglang-router-aggregated-2026-excerpt.prom"))
                .containsExactly(
                        "4 series, 1197 bytes",
                        "engines",
                        "  engines behind an SGLang router (sglang_cuda_graph_passes_total)",
                        "families",
                        "  engines behind an SGLang router: 4, 4 of them known",
                        "  others: 0",
                        "seen on the page",
                        "  series that a gateway repeats of several engines, told apart by worker_addr: 4"
                                + " (sglang_cuda_graph_passes_total, sglang_num_prefill_prealloc_queue_reqs,"
                                + " sglang_cache_hit_rate, ...)",
                        "to know",
                        "  engines behind an SGLang router: Several engines on one page, told apart by worker_addr;"
                                + " sglang-router turns colons into underscores, even in HELP.",
                        "series come from",
                        "  1  sglang_cache_hit_rate, gauge",
                        "  1  sglang_cuda_graph_passes_total, unknown",
                        "  1  sglang_num_prefill_prealloc_queue_reqs, gauge",
                        "  1  sglang_realtime_tokens_total, counter",
                        "labels with the most values",
                        "  2  mode",
                        "series that a profile keeps",
                        "  4  full",
                        "  4  dashboard",
                        "  2  lean");
    }

    @Test
    void explainsAPageOfNoKnownEngine() throws IOException {
        assertThat(report("mindie-2025-unprefixed-excerpt.prom"))
                .startsWith(
                        "7 series, 1195 bytes",
                        "engines",
                        "  none that is known",
                        "families",
                        "  others: 7, such as generation_tokens_total, num_preemptions_total, num_requests_running,"
                                + " prompt_tokens_total, request_failed_total, request_received_total,"
                                + " request_success_total",
                        "series come from")
                .endsWith("  7  full", "  7  dashboard", "  7  lean");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # page | a line of its report
            dynamo-vllm-v1-lmcache.prom | vLLM 0.11 or newer (vllm:kv_cache_usage_perc)
            dynamo-vllm-v1-lmcache.prom | Dynamo worker (dynamo_component_inflight_requests)
            dynamo-vllm-v1-lmcache.prom | vLLM: 55, 55 of them known
            dynamo-vllm-v1-lmcache.prom | histograms whose names end in _total: 1 (vllm:iteration_tokens_total)
            dynamo-vllm-v1-lmcache.prom | 25  vllm:time_to_first_token_seconds, histogram
            dynamo-vllm-v1-lmcache.prom | 66  le
            dynamo-vllm-v1-lmcache.prom | 120  lean
            dynamo-vllm-v1-lmcache.prom | HTTP answers by status: there is no http_requests_total
            dynamo-sglang-0.5.x.prom | not here: time_per_output_token, cached_tokens, preemptions, requests_failed
            dynamo-sglang-0.5.x.prom | series with a label pid, one for each process of the server: 2 (sglang:num_retracted_reqs, sglang:num_paused_reqs)
            dynamo-sglang-0.5.x.prom | Prompt tokens from the cache: there is no sglang:cached_tokens_total
            vllm-0.7-v0-engine-excerpt-aibrix.prom | vLLM V0 engine (0.10 or older) (vllm:gpu_cache_usage_perc)
            vllm-0.7-v0-engine-excerpt-aibrix.prom | nothing tells of a restart of vLLM: no process_start_time_seconds, no vllm:prompt_tokens_created
            dynamo-sglang-0.5.x.prom | Requests failed: there is no llm_requests_failed_total (SGLang has it as num_aborted_requests_total)
            dynamo-sglang-0.5.x.prom | Sleeping: there is no llm_engine_sleeping (SGLang does not tell it)
            triton-trtllm-backend-docs.prom | Queue time: there is no llm_request_queue_time_seconds (Triton has no buckets, but inference_queue_duration_us and inference_request_success)
            dynamo-sglang-0.5.x.prom | 14 of Dynamo frontend, which is not on this page: Requests in flight, Requests queued, Tokens generated, Time to first token, p95, Time to first token, Inter-token latency, Request duration, Time to first token, distribution and 6 more
            llamacpp-server-2025-02-nan.prom | values that are NaN: 1 (llamacpp:n_busy_slots_per_decode)
            llamacpp-server-2025-02-nan.prom | not as the format says, signed nan: 1
            llamacpp-server-2025-02-nan.prom | KV cache usage: there is no llamacpp:kv_cache_usage_ratio
            dcgm-exporter-readme.prom | values that are codes for no value: 1 (DCGM_FI_DEV_MEMORY_TEMP)
            dcgm-exporter-readme.prom | samples of a series that was on the page already, of which the first counts: 6
            sglang-openmetrics-colon-mismatch.openmetrics | families declared with a colon whose samples have an underscore, as servers write OpenMetrics: ask for text 0.0.4 alone: 1 (sglang:token_usage)
            node_exporter-e2e-linux.prom | 76  lean
            litellm-proxy-1.100.prom | LiteLLM (litellm_proxy_failed_requests_metric_total)
            ray-serve-2.60-vllm-0.33-excerpt.prom | vLLM in Ray Serve: 21, 21 of them known
            """)
    void saysOfAPage(String page, String line) throws IOException {
        assertThat(report(page)).extracting(String::strip).contains(line);
    }

    @Test
    void isSilentOfTrapsThatAPageDoesNotHave() throws IOException {
        assertThat(report("dynamo-frontend-0.8.prom")).doesNotContain("seen on the page");
    }

    @Test
    void showsTheDashboardsThatFit() throws IOException {
        assertThat(report("dynamo-vllm-v1-lmcache.prom"))
                .filteredOn(line -> line.startsWith("dashboard "))
                .extracting(line -> line.replaceFirst(":.*", ""))
                .containsExactly("dashboard LLM engines (with --signal-names)", "dashboard vLLM", "dashboard Dynamo");
    }

    @Test
    void hasAllDashboardsOfEngines() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("grafana"))) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".json") && !name.equals("forwarder.json"))
                            .map(name -> name.replace(".json", "")))
                    .containsExactlyInAnyOrderElementsOf(DashboardPanels.FILES);
        }
        assertThat(DashboardPanels.readAll())
                .allSatisfy(dashboard -> assertThat(dashboard.panels()).hasSizeGreaterThan(5));
    }

    @Test
    void aPanelNeedsMoreThanTheName() {
        String page = "nv_inference_count 1\nnv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"used\"} 5\n";

        assertThat(PageReport.of(page.getBytes(UTF_8), ExpositionFormat.TEXT_0_0_4, CATALOG))
                .anyMatch(line -> line.endsWith(
                        ": there is no nv_trt_llm_kv_cache_block_metrics with kv_cache_block_type=\"fraction\""))
                .noneMatch(line -> line.contains("used|free|max"));
    }
}

package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DetectionTest {
    private static final EngineCatalog CATALOG = EngineCatalog.builtIn();

    @ParameterizedTest
    @CsvSource(delimiter = '|', emptyValue = "", textBlock = """
            # page                                    | engines, with a question mark if not certain, and versions
            dynamo-vllm-v1-lmcache.prom               | vllm 0.11 or newer, dynamo-worker
            vllm-0.4-with-v1-additions-datadog.prom   | vllm 2026
            vllm-0.7-v0-engine-excerpt-aibrix.prom    | vllm V0 engine (0.10 or older)
            tgis-on-vllm-2024-quoted-label-excerpt.prom | tgi
            dynamo-sglang-0.5.x.prom                  | sglang newer than 0.4.4, dynamo-worker
            sglang-0.4-docs-under-load.prom           | sglang 0.4.4 or older
            sglang-0.5.10-abridged-datadog.prom       | sglang newer than 0.4.4
            sglang-dp8-excerpt-aibrix-issue.prom      | sglang
            sglang-openmetrics-colon-mismatch.openmetrics | sglang
            sglang-router-aggregated-2026-excerpt.prom | smg-engine-metrics
            dynamo-trtllm-1.x.prom                    | trtllm 1.1 or newer, dynamo-worker
            dynamo-frontend-0.8.prom                  | dynamo-frontend
            triton-trtllm-backend-docs.prom           | triton
            triton-server-docs-histogram-summary.prom | triton
            triton-server-2024-08-vllm-backend-issue.prom | triton
            llamacpp-server-2025-02-nan.prom          | llamacpp
            llamacpp-server-2025-06.prom              | llamacpp
            mindie-2025-unprefixed-excerpt.prom       | ''
            dcgm-exporter-readme.prom                 | dcgm
            dcgm-exporter-a100-issue.prom             | dcgm driver 510.47.03
            node_exporter-e2e-linux.prom              | node
            node_exporter-e2e-linux-64k-page.prom     | node
            cadvisor-testdata.prom                    | ''
            cadvisor-testdata-perf-aggregated.prom    | ''
            cadvisor-machine-testdata.prom            | ''
            cadvisor-kubelet-k8s-1.35-1.4MB.prom      | ''
            kube-state-metrics-k8s-1.35.prom          | ''
            etcd-k8s-1.35.prom                        | ''
            kube-scheduler-k8s-1.35.prom              | ''
            client_java-jvm-docs.prom                 | ''
            prometheus-docs-example.prom              | ''
            prometheus-alltypes-237mfs.prom           | ''
            prometheus-alltypes-237mfs-nometa.prom    | ''
            prometheus-alltypes-5mfs.openmetrics      | ''
            prometheus-1histogram.openmetrics         | ''
            vllm-0.33-logger.prom                     | vllm 2026
            sglang-0.5.23-collectors.prom             | sglang newer than 0.4.4
            llamacpp-server-2026-10.prom              | llamacpp 2026
            lmdeploy-0.18-logger.prom                 | lmdeploy
            ray-serve-2.60-vllm-0.33-excerpt.prom     | ray-vllm Ray 2.60.0, ray-serve Ray 2.60.0
            sglang-router-0.3.2.prom                  | smg
            smg-1.13.prom                             | smg
            litellm-proxy-1.100.prom                  | litellm
            node_exporter-1.5-some-collectors.prom    | node 1.5.0
            """)
    void recognizesTheEnginesOfRealPages(String page, String engines) {
        assertThat(words(CATALOG.detect(CorpusPage.samples(page)))).isEqualTo(engines);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', emptyValue = "", textBlock = """
            # a series                                   | engines
            vllm:num_requests_running                    | vllm?
            vllm_kv_cache_usage_perc                     | vllm 0.9.2 or newer
            vllm:gpu_cache_usage_perc                    | vllm older than 0.9.2
            vllm:num_requests_running server             | vllm-router
            vllm:kv_cache_usage_perc worker_addr         | smg-engine-metrics
            ray_vllm_kv_cache_usage_perc                 | ray-vllm
            ray_vllm:num_requests_running                | ray-vllm
            smg_worker_requests_active                   | smg
            sgl_router_requests_total                    | smg
            trtllm_num_requests_running                  | trtllm 2026
            lmdeploy:num_requests_running                | lmdeploy
            llamacpp:kv_cache_usage_ratio                | llamacpp? before May 2025
            litellm_spend_metric_total                   | litellm
            node_load1                                   | ''
            vllm                                         | ''
            vllm:                                        | ''
            vllmx_kv_cache_usage_perc                    | ''
            """)
    void recognizesTheEngineOfASeries(String series, String engines) {
        String[] words = series.split(" ", -1);
        Labels labels = words.length == 1
                ? Labels.of("__name__", words[0])
                : Labels.of("__name__", words[0], words[1], "http://127.0.0.1:8000");

        assertThat(words(CATALOG.detect(List.of(labels)))).isEqualTo(engines);
    }

    private static String words(List<EngineMatch> matches) {
        return matches.stream()
                .map(match -> (match.engine().id() + (match.decisive() ? "" : "?") + " " + match.version()).strip())
                .collect(Collectors.joining(", "));
    }
}

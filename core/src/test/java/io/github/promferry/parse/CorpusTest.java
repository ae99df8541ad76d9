package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleBatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every page of the corpus, with the number of samples that its description states. */
class CorpusTest {
    private static final ParseOptions MAY_BE_CUT_OFF =
            ParseOptions.builder().endMarkRequired(false).build();

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            dynamo-vllm-v1-lmcache.prom, 474
            vllm-0.4-with-v1-additions-datadog.prom, 185
            vllm-0.7-v0-engine-excerpt-aibrix.prom, 29
            tgis-on-vllm-2024-quoted-label-excerpt.prom, 15
            dynamo-sglang-0.5.x.prom, 227
            sglang-0.4-docs-under-load.prom, 91
            sglang-0.5.10-abridged-datadog.prom, 43
            sglang-dp8-excerpt-aibrix-issue.prom, 9
            sglang-openmetrics-colon-mismatch.openmetrics, 1
            sglang-router-aggregated-2026-excerpt.prom, 4
            dynamo-trtllm-1.x.prom, 124
            dynamo-frontend-0.8.prom, 89
            triton-trtllm-backend-docs.prom, 33
            triton-server-docs-histogram-summary.prom, 16
            triton-server-2024-08-vllm-backend-issue.prom, 12
            llamacpp-server-2025-02-nan.prom, 7
            llamacpp-server-2025-06.prom, 4
            mindie-2025-unprefixed-excerpt.prom, 7
            dcgm-exporter-readme.prom, 9
            dcgm-exporter-a100-issue.prom, 4
            node_exporter-e2e-linux.prom, 3027
            node_exporter-e2e-linux-64k-page.prom, 3003
            cadvisor-testdata.prom, 287
            cadvisor-testdata-perf-aggregated.prom, 17
            cadvisor-machine-testdata.prom, 66
            cadvisor-kubelet-k8s-1.35-1.4MB.prom, 4621
            kube-state-metrics-k8s-1.35.prom, 1698
            etcd-k8s-1.35.prom, 1461
            kube-scheduler-k8s-1.35.prom, 2334
            client_java-jvm-docs.prom, 85
            prometheus-docs-example.prom, 28
            prometheus-alltypes-237mfs.prom, 1857
            prometheus-alltypes-237mfs-nometa.prom, 1857
            prometheus-alltypes-5mfs.openmetrics, 53
            prometheus-1histogram.openmetrics, 42
            """)
    void everySampleLineArrivesColdAndWarm(String file, int samples) {
        byte[] page = Pages.corpus(file);
        assertThat(Pages.sampleLines(page)).isEqualTo(samples);
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), MAY_BE_CUT_OFF);

        SampleBatch cold = Pages.parse(parser, Pages.formatOf(file), page);
        assertThat(parser.sampleCount()).isEqualTo(samples);
        assertThat(parser.newSeriesCount()).isEqualTo(samples - parser.duplicateCount());
        assertThat(cold.size()).isEqualTo(samples - parser.duplicateCount());

        SampleBatch warm = Pages.parse(parser, Pages.formatOf(file), page);
        assertThat(Pages.rows(warm)).isEqualTo(Pages.rows(cold));
        assertThat(parser.newSeriesCount()).isZero();
        SampleBatch stale = new SampleBatch();
        parser.addVanished(Pages.SCRAPE_TIME, stale);
        assertThat(stale.size()).isZero();
    }
}

package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import java.util.zip.CRC32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every page of the corpus, with the number of samples that its description states and a checksum of what they are.
 *
 * <p>The checksums are not this parser's output: {@code src/test/python/corpus_checksums.py}, a reading of its own with
 * Python's regular expressions and {@code float()}, printed them. It also says over which bytes they are.
 */
class CorpusTest {
    private static final ParseOptions MAY_BE_CUT_OFF =
            ParseOptions.builder().endMarkRequired(false).build();

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            dynamo-vllm-v1-lmcache.prom, 474, dc590ac5
            vllm-0.4-with-v1-additions-datadog.prom, 185, f29592e1
            vllm-0.7-v0-engine-excerpt-aibrix.prom, 29, 9c53a97e
            tgis-on-vllm-2024-quoted-label-excerpt.prom, 15, df7dbacc
            dynamo-sglang-0.5.x.prom, 227, 527c335d
            sglang-0.4-docs-under-load.prom, 91, facaa678
            sglang-0.5.10-abridged-datadog.prom, 43, aba98d92
            sglang-dp8-excerpt-aibrix-issue.prom, 9, f5f9423d
            sglang-openmetrics-colon-mismatch.openmetrics, 1, f2fbcb6c
            sglang-router-aggregated-2026-excerpt.prom, 4, 34eaac42
            dynamo-trtllm-1.x.prom, 124, 56dd2089
            dynamo-frontend-0.8.prom, 89, abb567e5
            triton-trtllm-backend-docs.prom, 33, 74872cb6
            triton-server-docs-histogram-summary.prom, 16, 5507222a
            triton-server-2024-08-vllm-backend-issue.prom, 12, 111ac831
            llamacpp-server-2025-02-nan.prom, 7, dbee7e81
            llamacpp-server-2025-06.prom, 4, 11d69fd1
            mindie-2025-unprefixed-excerpt.prom, 7, 6fce570f
            dcgm-exporter-readme.prom, 9, e6efc1de
            dcgm-exporter-a100-issue.prom, 4, 982adf52
            node_exporter-e2e-linux.prom, 3027, 9d88c9ee
            node_exporter-e2e-linux-64k-page.prom, 3003, 7f4e4bf7
            cadvisor-testdata.prom, 287, 48478a91
            cadvisor-testdata-perf-aggregated.prom, 17, 9c7585cb
            cadvisor-machine-testdata.prom, 66, 9f604800
            cadvisor-kubelet-k8s-1.35-1.4MB.prom, 4621, 8221a7d7
            kube-state-metrics-k8s-1.35.prom, 1698, 9ef148b6
            etcd-k8s-1.35.prom, 1461, 119701e8
            kube-scheduler-k8s-1.35.prom, 2334, f2182873
            client_java-jvm-docs.prom, 85, e1547561
            prometheus-docs-example.prom, 28, 2c81d58b
            prometheus-alltypes-237mfs.prom, 1857, 503e68d3
            prometheus-alltypes-237mfs-nometa.prom, 1857, 503e68d3
            prometheus-alltypes-5mfs.openmetrics, 53, e1300af8
            prometheus-1histogram.openmetrics, 42, d8354318
            llamacpp-server-2026-10.prom, 15, 10dffda9
            vllm-0.33-logger.prom, 399, dfd12f55
            sglang-0.5.23-collectors.prom, 573, 7d2c7c15
            lmdeploy-0.18-logger.prom, 312, 592f82e6
            ray-serve-2.60-vllm-0.33-excerpt.prom, 650, ecc59833
            litellm-proxy-1.100.prom, 372, 0bebeaa7
            sglang-router-0.3.2.prom, 124, 36d66244
            smg-1.13.prom, 335, 0d25d6f8
            node_exporter-1.5-some-collectors.prom, 265, f8196d1b
            """)
    void everySampleArrivesColdAndWarm(String file, int samples, String checksum) {
        byte[] page = Pages.corpus(file);
        assertThat(Pages.sampleLines(page)).isEqualTo(samples);
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), MAY_BE_CUT_OFF);

        SampleBatch cold = Pages.parse(parser, Pages.formatOf(file), page);
        assertThat(parser.sampleCount()).isEqualTo(samples);
        assertThat(parser.newSeriesCount()).isEqualTo(samples - parser.leftOutCount(LeftOut.DUPLICATE));
        assertThat(cold.size()).isEqualTo(samples - parser.leftOutCount(LeftOut.DUPLICATE));
        assertThat(checksum(cold)).isEqualTo(checksum);

        SampleBatch warm = Pages.parse(parser, Pages.formatOf(file), page);
        assertThat(Pages.rows(warm)).isEqualTo(Pages.rows(cold));
        assertThat(checksum(warm)).isEqualTo(checksum);
        assertThat(parser.newSeriesCount()).isZero();
        SampleBatch stale = new SampleBatch();
        parser.addVanished(Pages.SCRAPE_TIME, stale);
        assertThat(stale.size()).isZero();
    }

    /** Name, labels, value bits and timestamp of each row, as {@code corpus_checksums.py} describes it. */
    private static String checksum(SampleBatch batch) {
        CRC32 crc = new CRC32();
        for (int row = 0; row < batch.size(); row++) {
            Labels.Cursor label = batch.series(row).labels().cursor();
            while (label.next()) {
                update(crc, label.name());
                update(crc, label.value());
            }
            String sample = String.format("%016x %d\n", batch.valueBits(row), batch.timestamp(row));
            crc.update(Pages.bytes(sample));
        }
        return String.format("%08x", crc.getValue());
    }

    private static void update(CRC32 crc, String text) {
        crc.update(Pages.bytes(text));
        crc.update(0xFF);
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.MetricFamily.Sample;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MetricFamilyTest {
    private static final long NONE = SampleBatch.NO_TIMESTAMP;
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).utf8Names(true).build();

    @Test
    void samplesBecomeTypedPoints() {
        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.OPENMETRICS_1_0_0, """
                # TYPE h histogram
                h_bucket{a="1",le="0.5"} 2
                h_bucket{a="1",le="+Inf"} 3
                h_count{a="1"} 3
                h_sum{a="1"} 4.5
                h_created{a="1"} 100
                h_bucket{a="2",le="+Inf"} 0
                # TYPE s summary
                s{quantile="0.5"} 7
                s_count 1
                s_sum 7
                # TYPE c counter
                c_total 5 1.5
                c_created 1
                lonely 1
                # EOF
                """.getBytes(UTF_8));
        assertThat(families).extracting(family -> family.metadata().family()).containsExactly("h", "s", "c", "lonely");
        Labels one = Labels.of("a", "1");
        assertThat(families.get(0).points())
                .containsExactly(
                        new MetricFamily.Histogram(
                                one,
                                NONE,
                                List.of(
                                        new MetricFamily.Bucket(0.5, 2),
                                        new MetricFamily.Bucket(Double.POSITIVE_INFINITY, 3)),
                                3,
                                4.5,
                                null),
                        new MetricFamily.Histogram(
                                Labels.of("a", "2"),
                                NONE,
                                List.of(new MetricFamily.Bucket(Double.POSITIVE_INFINITY, 0)),
                                Double.NaN,
                                Double.NaN,
                                null));
        assertThat(families.get(1).points())
                .containsExactly(
                        new MetricFamily.Summary(Labels.EMPTY, NONE, List.of(new MetricFamily.Quantile(0.5, 7)), 1, 7));
        assertThat(families.get(2).points()).containsExactly(new MetricFamily.Scalar("c_total", Labels.EMPTY, 1500, 5));
        assertThat(families.get(3).metadata().type()).isEqualTo(MetricType.UNKNOWN);
    }

    @Test
    void nativeHistogramsAndStartsSurviveInOpenMetrics2() {
        NativeHistogram histogram = NativeHistogram.ofCounts(5, 1.5)
                .schema(2)
                .zero(0.001, 1)
                .negative(NativeHistogram.Buckets.ofDeltas(new int[] {-1, 1}, new long[] {1}))
                .positive(NativeHistogram.Buckets.ofDeltas(new int[] {0, 1, 2, 1}, new long[] {1, 1}))
                .build();
        MetricFamily family = new MetricFamily(
                new MetricMetadata("h", MetricType.HISTOGRAM, "Help \"with\" \\ and\n.", ""),
                List.of(new Sample(
                        Labels.of("__name__", "h", "a", "1"),
                        1.5,
                        histogram,
                        2500,
                        1001,
                        List.of(
                                new Exemplar(Labels.of("id", "1"), 0.5, 2000),
                                new Exemplar(Labels.of("x.y", "2"), -0.0, NONE)))));
        byte[] page = MetricFamily.write(ExpositionFormat.OPENMETRICS_2_0_0, List.of(family));
        assertThat(MetricFamily.parse(ExpositionFormat.OPENMETRICS_2_0_0, page)).containsExactly(family);
        assertThat(family.points())
                .containsExactly(new MetricFamily.Histogram(Labels.of("a", "1"), 2500, List.of(), 5, 1.5, histogram));
    }

    @Test
    void protobufIsNotWritten() {
        assertThatThrownBy(() -> MetricFamily.write(ExpositionFormat.PROTOBUF, List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void compositeValueBelongsToTheFamilyAboveByNameAlone() {
        byte[] page = "# TYPE h histogram\ns {count:3,sum:1.5,quantile:[0.5:1]}\n# EOF\n".getBytes(UTF_8);
        assertThat(MetricFamily.parse(ExpositionFormat.OPENMETRICS_2_0_0, page))
                .extracting(family -> family.metadata().family())
                .containsExactly("s_count", "s_sum", "s");
    }

    @Test
    void whatNoPageCanSayIsRefused() {
        Labels named = Labels.of("__name__", "a");
        List<MetricFamily> unwritable = List.of(
                new MetricFamily(new MetricMetadata("", MetricType.GAUGE, "", ""), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "", "m\na 2"), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "", ""), List.of(sample(Labels.EMPTY))));
        for (MetricFamily family : unwritable) {
            assertThatThrownBy(() -> MetricFamily.write(ExpositionFormat.TEXT_0_0_4, List.of(family)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot be written");
        }
    }

    private static Sample sample(Labels labels) {
        return new Sample(labels, 1, null, NONE, NONE, List.of());
    }

    @Test
    void typesThatTextLacksAreGaugesToEverybodyElse() {
        MetricFamily info = new MetricFamily(
                new MetricMetadata("build", MetricType.INFO, "", ""),
                List.of(sample(Labels.of("__name__", "build_info", "version", "1"))));
        byte[] page = MetricFamily.write(ExpositionFormat.TEXT_0_0_4, List.of(info));
        assertThat(new String(page, UTF_8))
                .isEqualTo("# TYPE build gauge\n# OMTYPE info\nbuild_info{version=\"1\"} 1.0\n");
        assertThat(MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page)).containsExactly(info);
        assertThat(MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page, STRICT))
                .extracting(family -> family.metadata().type())
                .containsExactly(MetricType.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dynamo-vllm-v1-lmcache.prom",
                "tgis-on-vllm-2024-quoted-label-excerpt.prom",
                "cadvisor-testdata.prom",
                "prometheus-docs-example.prom",
                "kube-state-metrics-k8s-1.35.prom",
                "prometheus-alltypes-237mfs.prom",
                "prometheus-alltypes-5mfs.openmetrics",
                "prometheus-1histogram.openmetrics"
            })
    void corpusPagesSurviveWritingInTheirFormat(String file) {
        ExpositionFormat format = Pages.formatOf(file);
        List<MetricFamily> families = MetricFamily.parse(format, Pages.corpus(file));
        assertThat(MetricFamily.parse(format, MetricFamily.write(format, families)))
                .isEqualTo(families);
    }

    @Property(tries = 200)
    void clientJavaFamiliesSurviveWritingInAllFormats(@ForAll long seed) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        ClientJavaPages.openMetrics(ClientJavaPages.registry(new Random(seed), (int) seed, false), page);
        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.OPENMETRICS_1_0_0, page.toByteArray());
        for (ExpositionFormat format : List.of(ExpositionFormat.OPENMETRICS_1_0_0, ExpositionFormat.TEXT_1_0_0)) {
            byte[] written = MetricFamily.write(format, families);
            assertThat(MetricFamily.parse(format, written)).isEqualTo(families);
            // What we write is legal to the letter.
            assertThat(MetricFamily.parse(format, written, STRICT).size()).isEqualTo(families.size());
        }
    }
}

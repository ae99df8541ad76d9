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
import io.github.promferry.Series;
import io.github.promferry.parse.MetricFamily.Bucket;
import io.github.promferry.parse.MetricFamily.Histogram;
import io.github.promferry.parse.MetricFamily.Sample;
import io.github.promferry.parse.MetricFamily.Scalar;
import io.github.promferry.parse.MetricFamily.Summary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
                                new Exemplar(Labels.of("x.y", "2"), -0.0, 0)))));
        byte[] page = MetricFamily.write(ExpositionFormat.OPENMETRICS_2_0_0, List.of(family));
        assertThat(MetricFamily.parse(ExpositionFormat.OPENMETRICS_2_0_0, page)).containsExactly(family);
        assertThat(family.points())
                .containsExactly(new MetricFamily.Histogram(Labels.of("a", "1"), 2500, List.of(), 5, 1.5, histogram));
    }

    @Test
    void rowsOfSeveralBatchesBecomeFamilies() {
        MetricMetadata requests = new MetricMetadata("requests", MetricType.COUNTER, "Requests.", "");
        NativeHistogram sizes = NativeHistogram.ofCounts(3, 1.5).zero(0.1, 3).build();
        Exemplar exemplar = new Exemplar(Labels.of("trace_id", "1"), 0.5, 5);
        SampleBatch one = new SampleBatch();
        one.reset(Labels.of("job", "a"));
        one.add(
                Series.of(Labels.of("__name__", "requests_total"), requests),
                SampleBatch.NO_TIMESTAMP,
                Double.doubleToRawLongBits(1));
        one.setStartTimestamp(7);
        one.addExemplar(exemplar);
        one.addHistogram(Series.complete(Labels.of("__name__", "sizes"), MetricMetadata.NONE), 8, sizes);
        SampleBatch other = new SampleBatch();
        other.add(
                Series.of(Labels.of("__name__", "requests_total", "job", "b"), requests),
                9,
                Double.doubleToRawLongBits(2));

        assertThat(MetricFamily.of(one, other))
                .containsExactly(
                        new MetricFamily(
                                requests,
                                List.of(
                                        Sample.of(Labels.of("__name__", "requests_total", "job", "a"), 1)
                                                .since(7)
                                                .with(List.of(exemplar)),
                                        Sample.of(Labels.of("__name__", "requests_total", "job", "b"), 2)
                                                .at(9))),
                        new MetricFamily(
                                new MetricMetadata("sizes", MetricType.UNKNOWN, "", ""),
                                List.of(Sample.of(Labels.of("__name__", "sizes"), sizes)
                                        .at(8))));
        assertThat(MetricFamily.of()).isEmpty();
    }

    @Test
    void pointsCopyTheirListsAndNameWhatIsNull() {
        List<Bucket> buckets = new ArrayList<>(List.of(new Bucket(1, 2)));
        Histogram histogram = new Histogram(Labels.EMPTY, 5, buckets, 2, 3, null);
        buckets.clear();

        assertThat(histogram.buckets()).containsExactly(new Bucket(1, 2));
        Map<String, ThrowingCallable> nulls = Map.of(
                "name", () -> new Scalar(null, Labels.EMPTY, 5, 1),
                "labels", () -> new Scalar("a", null, 5, 1),
                "buckets", () -> new Histogram(Labels.EMPTY, 5, null, 2, 3, null),
                "quantiles", () -> new Summary(Labels.EMPTY, 5, null, 2, 3),
                "exemplars", () -> Sample.of(Labels.EMPTY, 1).with(null),
                "samples", () -> new MetricFamily(MetricMetadata.NONE, null));
        nulls.forEach((what, call) -> assertThatThrownBy(call)
                .isInstanceOf(NullPointerException.class)
                .hasMessage(what));
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
                .containsExactly("h", "s_count", "s_sum", "s");
    }

    @Test
    void whatNoPageCanSayIsRefused() {
        Labels named = Labels.of("__name__", "a");
        List<MetricFamily> unwritable = List.of(
                new MetricFamily(new MetricMetadata("", MetricType.GAUGE, "", ""), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "", "m\na 2"), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "", ""), List.of(sample(Labels.EMPTY))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "ends\r", ""), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "", " s"), List.of(sample(named))),
                new MetricFamily(new MetricMetadata("a", MetricType.GAUGE, "\ud800", ""), List.of(sample(named))),
                family("b", MetricType.GAUGE, sample(named)),
                family("a", MetricType.GAUGE, sample(named), sample(named)),
                family("a", MetricType.GAUGE, sample(named).at(1), sample(named)));
        for (MetricFamily family : unwritable) {
            assertThatThrownBy(() -> MetricFamily.write(ExpositionFormat.TEXT_0_0_4, List.of(family)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot be written");
        }
    }

    private static Sample sample(Labels labels) {
        return Sample.of(labels, 1);
    }

    private static MetricFamily family(String name, MetricType type, Sample... samples) {
        return new MetricFamily(new MetricMetadata(name, type, "", ""), List.of(samples));
    }

    private static Sample named(String name, String... labels) {
        return Sample.of(Labels.builder().add("__name__", name).build().withDefaults(Labels.of(labels)), 1);
    }

    private static final NativeHistogram EXPONENTIAL = NativeHistogram.ofCounts(3, 1.5)
            .positive(NativeHistogram.Buckets.ofDeltas(new int[] {0, 1}, new long[] {3}))
            .build();
    private static final NativeHistogram CUSTOM = NativeHistogram.ofFloatCounts(3, 1.5)
            .positive(NativeHistogram.Buckets.ofCounts(new int[] {0, 2}, new double[] {1, 2}))
            .customBounds(0.5)
            .build();

    @Test
    void textSaysWhatItCannotInComments() {
        Labels name = Labels.of("__name__", "h", "a", "1");
        Exemplar exemplar = new Exemplar(Labels.of("id", "1"), 0.5, 12_500);
        List<MetricFamily> families = List.of(
                family(
                        "h",
                        MetricType.HISTOGRAM,
                        Sample.of(name, CUSTOM).at(2500).since(1500).with(List.of(exemplar))),
                family("c", MetricType.COUNTER, named("c_total").at(2500).with(List.of(exemplar, exemplar))));
        byte[] page = MetricFamily.write(ExpositionFormat.TEXT_0_0_4, families);
        assertThat(new String(page, UTF_8)).isEqualTo("""
                # TYPE h histogram
                # OMLINE h{a="1"} {count:3.0,sum:1.5,schema:-53,custom_values:[0.5],positive_spans:[0:2],positive_buckets:[1.0,2.0]} 2.500 st@1.500 # {id="1"} 0.5 12.500
                # TYPE c counter
                # OMTAIL # {id="1"} 0.5 12.500 # {id="1"} 0.5 12.500
                c_total 1.0 2500
                """);
        assertThat(MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page)).isEqualTo(families);
    }

    @Test
    void histogramsAndSummariesAreOneLineInOpenMetrics2() {
        Exemplar exemplar = new Exemplar(Labels.of("id", "1"), 0.7, 12_500);
        List<MetricFamily> families = List.of(
                family(
                        "h",
                        MetricType.HISTOGRAM,
                        named("h_bucket", "le", "1").with(List.of(exemplar)),
                        named("h_bucket", "le", "+Inf"),
                        named("h_sum").since(1500),
                        named("h_count")),
                family("s", MetricType.SUMMARY, named("s", "quantile", "0.5"), named("s_sum"), named("s_count")),
                family("c", MetricType.COUNTER, named("c_total"), named("c_created")));
        ExpositionFormat format = ExpositionFormat.OPENMETRICS_2_0_0;
        assertThatThrownBy(() -> MetricFamily.write(format, families))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("OpenMetricsText2.0.0 cannot hold family h: ")
                .hasMessageContaining("fit");
        List<MetricFamily> fitting = MetricFamily.fit(format, families);
        assertThat(new String(MetricFamily.write(format, fitting), UTF_8)).isEqualTo("""
                # TYPE h histogram
                h {count:1.0,sum:1.0,bucket:[1.0:1.0,+Inf:1.0]} st@1.500 # {id="1"} 0.7 12.500
                # TYPE s summary
                s {count:1.0,sum:1.0,quantile:[0.5:1.0]}
                # TYPE c_total counter
                c_total 1.0 st@1
                # EOF
                """);
        assertThat(fitting.get(0).points())
                .containsExactlyElementsOf(families.get(0).points());
    }

    @Test
    void nativeHistogramsBecomeClassicWhereAFormatHasNone() {
        List<MetricFamily> families = List.of(
                family("e", MetricType.HISTOGRAM, Sample.of(Labels.of("__name__", "e"), EXPONENTIAL)),
                family("c", MetricType.HISTOGRAM, Sample.of(Labels.of("__name__", "c"), CUSTOM)));
        List<MetricFamily> fitting = MetricFamily.fit(ExpositionFormat.OPENMETRICS_1_0_0, families);
        assertThat(new String(MetricFamily.write(ExpositionFormat.OPENMETRICS_1_0_0, fitting), UTF_8))
                .isEqualTo("""
                # TYPE e histogram
                e_count 3.0
                e_sum 1.5
                e_bucket{le="+Inf"} 3.0
                # TYPE c histogram
                c_count 3.0
                c_sum 1.5
                c_bucket{le="0.5"} 1.0
                c_bucket{le="+Inf"} 3.0
                # EOF
                """);
        assertThat(MetricFamily.fit(ExpositionFormat.OPENMETRICS_2_0_0, families))
                .containsExactly(families.get(0), fitting.get(1));
    }

    @Test
    void openMetricsVersionIsTheLowestThatHoldsAll() {
        MetricFamily counter = family("c", MetricType.COUNTER, named("c_total"));
        MetricFamily gauge = family("g", MetricType.GAUGE, named("g"));
        MetricFamily sparse = family("h", MetricType.HISTOGRAM, Sample.of(Labels.of("__name__", "h"), EXPONENTIAL));
        assertThat(MetricFamily.openMetricsFor(List.of(counter, gauge))).isEqualTo(ExpositionFormat.OPENMETRICS_1_0_0);
        assertThat(MetricFamily.openMetricsFor(List.of(gauge, sparse))).isEqualTo(ExpositionFormat.OPENMETRICS_2_0_0);
        assertThatThrownBy(() -> MetricFamily.openMetricsFor(List.of(counter, sparse)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1.0 cannot hold family h: a native histogram")
                .hasMessageContaining("2.0 cannot hold family c: the sample c_total");
    }

    @Test
    void whatOpenMetrics1HasNoPlaceForIsRefusedByName() {
        Exemplar exemplar = new Exemplar(Labels.of("id", "1"), 0.5, NONE);
        Exemplar oversized = new Exemplar(Labels.of("id", "x".repeat(127)), 0.5, NONE);
        MetricFamily seconds = new MetricFamily(
                new MetricMetadata("latency", MetricType.GAUGE, "", "seconds"), List.of(named("latency")));
        Map<MetricFamily, String> refused = Map.of(
                seconds,
                "the unit seconds",
                family("g", MetricType.GAUGE, named("g").with(List.of(exemplar))),
                "exemplars",
                family("c", MetricType.COUNTER, named("c_total").with(List.of(exemplar, exemplar))),
                "exemplars",
                family("c", MetricType.COUNTER, named("c_total").with(List.of(oversized))),
                "128 characters",
                family("g", MetricType.GAUGE, named("g").since(1)),
                "a start timestamp");
        refused.forEach((family, what) -> assertThatThrownBy(
                        () -> MetricFamily.write(ExpositionFormat.OPENMETRICS_1_0_0, List.of(family)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot hold family " + family.metadata().family())
                .hasMessageContaining(what));
    }

    @Test
    void familiesWithoutSamplesAreOnThePageToo() {
        String page = """
                # HELP a Help.
                # TYPE a counter
                b 1
                # HELP c Late metadata.
                c 2
                # TYPE c gauge
                # HELP d Other help.
                # TYPE e gauge
                # TYPE d gauge
                """;
        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page.getBytes(UTF_8));
        assertThat(families)
                .extracting(family ->
                        family.metadata().family() + " " + family.samples().size())
                .containsExactly("a 0", "b 1", "c 1", "e 0", "d 0");
        assertThat(families.get(0).metadata()).isEqualTo(new MetricMetadata("a", MetricType.COUNTER, "Help.", ""));
    }

    @Test
    void valueOfANativeHistogramIsItsSum() {
        Labels name = Labels.of("__name__", "h");
        assertThat(Sample.of(name, EXPONENTIAL).value()).isEqualTo(1.5);
        assertThatThrownBy(() -> new Sample(name, 2, EXPONENTIAL, NONE, NONE, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2.0 beside a native histogram of the sum 1.5");
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
                .containsExactly(MetricType.GAUGE, MetricType.UNKNOWN);
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

    /** What we write is legal to the letter. */
    @Property(tries = 200)
    void clientJavaFamiliesSurviveWritingInAllFormats(@ForAll long seed) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        ClientJavaPages.openMetrics(ClientJavaPages.registry(new Random(seed), (int) seed, false), page);
        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.OPENMETRICS_1_0_0, page.toByteArray());
        assertThat(MetricFamily.openMetricsFor(families)).isEqualTo(ExpositionFormat.OPENMETRICS_1_0_0);
        for (ExpositionFormat format : List.of(ExpositionFormat.OPENMETRICS_1_0_0, ExpositionFormat.TEXT_1_0_0)) {
            byte[] written = MetricFamily.write(format, families);
            assertThat(MetricFamily.parse(format, written)).isEqualTo(families);
            assertThat(MetricFamily.parse(format, written, STRICT)).hasSizeGreaterThanOrEqualTo(families.size());
        }
        strictlyInOpenMetrics2(families);
    }

    @Property(tries = 200)
    void clientJavaFamiliesWithNativeHistogramsToo(@ForAll long seed) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        ClientJavaPages.protobuf(ClientJavaPages.registry(new Random(seed), (int) seed, true), page);
        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.PROTOBUF, page.toByteArray());
        byte[] text = MetricFamily.write(ExpositionFormat.TEXT_1_0_0, families);
        assertThat(MetricFamily.parse(ExpositionFormat.TEXT_1_0_0, text)).isEqualTo(families);
        strictlyInOpenMetrics2(families);
    }

    private static void strictlyInOpenMetrics2(List<MetricFamily> families) {
        ExpositionFormat version2 = ExpositionFormat.OPENMETRICS_2_0_0;
        List<MetricFamily> fitting = MetricFamily.fit(version2, families);
        assertThat(MetricFamily.parse(version2, MetricFamily.write(version2, fitting), STRICT))
                .isEqualTo(fitting);
    }
}

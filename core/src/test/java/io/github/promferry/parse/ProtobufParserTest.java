package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages written field by field, so that every odd form of the encoding can be had. */
class ProtobufParserTest {
    private static final int COUNTER = 0;
    private static final int GAUGE = 1;
    private static final int SUMMARY = 2;
    private static final int UNTYPED = 3;
    private static final int HISTOGRAM = 4;
    private static final int GAUGE_HISTOGRAM = 5;

    private final ExpositionParser parser = new ExpositionParser();

    private static ProtoMessage family(String name, int type) {
        return new ProtoMessage().text(1, name).text(2, "Help.").varint(3, type);
    }

    private static ProtoMessage time(long seconds, int nanos) {
        return new ProtoMessage().varint(1, seconds).varint(2, nanos);
    }

    private SampleBatch parse(byte[] page) {
        return Pages.parse(parser, ExpositionFormat.PROTOBUF, page);
    }

    @Test
    void counterWithExemplarAndStart() {
        ProtoMessage exemplar =
                new ProtoMessage().label("trace_id", "1").fixed(2, 0.5).message(3, time(7, 1_999_999));
        ProtoMessage counter =
                new ProtoMessage().fixed(1, 12).message(2, exemplar).message(3, time(1, 500_000_000));
        ProtoMessage metric = new ProtoMessage()
                .label("b", "2")
                .label("a", "1")
                .message(3, counter)
                .varint(6, 1234);
        byte[] page =
                family("c_total", COUNTER).message(4, metric).text(5, "unit").delimited();
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = parse(page);
            assertThat(Pages.samples(batch)).containsExactly("c_total{a=\"1\",b=\"2\"} 12.0");
            assertThat(batch.timestamp(0)).isEqualTo(1234);
            assertThat(batch.startTimestamp(0)).isEqualTo(1500);
            assertThat(batch.exemplar(0).labels()).hasToString("{trace_id=\"1\"}");
            assertThat(batch.exemplar(0).timestampMillis()).isEqualTo(7001);
            assertThat(batch.series(0).metadata().type()).isEqualTo(MetricType.COUNTER);
            assertThat(batch.series(0).metadata().help()).isEqualTo("Help.");
            assertThat(batch.series(0).metadata().unit()).isEqualTo("unit");
        }
        assertThat(parser.newSeriesCount()).isZero();
    }

    @Test
    void absentTypeIsCounterAndUnknownFieldsAreSkipped() {
        ProtoMessage metric = new ProtoMessage()
                .message(3, new ProtoMessage().varint(99, 5).fixed(1, 3))
                .varint(98, 7)
                .bytes(97, new byte[9]);
        byte[] page =
                new ProtoMessage().text(1, "c").message(4, metric).fixed(50, 1).delimited();
        assertThat(Pages.samples(parse(page))).containsExactly("c 3.0");
    }

    @Test
    void summaryBecomesItsSeries() {
        ProtoMessage summary = new ProtoMessage()
                .varint(1, 3)
                .fixed(2, 1.5)
                .message(3, new ProtoMessage().fixed(1, 0.5).fixed(2, 7))
                .message(3, new ProtoMessage().fixed(1, 1).fixed(2, 9));
        byte[] page = family("s", SUMMARY)
                .message(4, new ProtoMessage().label("l", "x").message(4, summary))
                .delimited();
        assertThat(Pages.samples(parse(page)))
                .containsExactly(
                        "s_count{l=\"x\"} 3.0",
                        "s_sum{l=\"x\"} 1.5",
                        "s{l=\"x\",quantile=\"0.5\"} 7.0",
                        "s{l=\"x\",quantile=\"1.0\"} 9.0");
    }

    @Test
    void classicHistogramGetsItsInfinityBucket() {
        ProtoMessage exemplar = new ProtoMessage().label("id", "e").fixed(2, 0.25);
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 3)
                .fixed(2, 1.5)
                .message(3, new ProtoMessage().varint(1, 2).fixed(2, 1_000_000).message(3, exemplar));
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, histogram))
                .delimited();
        SampleBatch batch = parse(page);
        assertThat(Pages.samples(batch))
                .containsExactly("h_count 3.0", "h_sum 1.5", "h_bucket{le=\"1e+06\"} 2.0", "h_bucket{le=\"+Inf\"} 3.0");
        assertThat(batch.exemplarRow(0)).isEqualTo(2);
        assertThat(batch.exemplar(0).timestampMillis()).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    private static ProtoMessage value(double value) {
        return new ProtoMessage().fixed(1, value);
    }

    private static ProtoMessage bucket(double bound, long count) {
        return new ProtoMessage().varint(1, count).fixed(2, bound);
    }

    private static ProtoMessage exemplar(String id) {
        return new ProtoMessage().label("id", id).fixed(2, 0.5);
    }

    /** A metric of a family x of a type, and the samples it becomes; a native histogram is its sum. */
    static Stream<Arguments> metrics() {
        ProtoMessage three = new ProtoMessage().varint(1, 3).fixed(2, 1.5);
        return Stream.of(
                Arguments.of("untyped", UNTYPED, new ProtoMessage().message(5, value(4)), List.of("x 4.0")),
                Arguments.of("no value", GAUGE, new ProtoMessage(), List.of("x 0.0")),
                Arguments.of(
                        "the last of two values",
                        GAUGE,
                        new ProtoMessage().message(2, value(1)).message(2, value(2)),
                        List.of("x 2.0")),
                Arguments.of(
                        "a message of another type",
                        GAUGE,
                        new ProtoMessage().message(3, value(1)).message(2, value(2)),
                        List.of("x 2.0")),
                Arguments.of(
                        "a label without value",
                        GAUGE,
                        new ProtoMessage().label("a", "").message(2, value(1)),
                        List.of("x 1.0")),
                Arguments.of(
                        "a bucket of +Inf on the page",
                        HISTOGRAM,
                        new ProtoMessage()
                                .message(
                                        7,
                                        new ProtoMessage()
                                                .raw(three)
                                                .message(3, bucket(1, 2))
                                                .message(3, bucket(Double.POSITIVE_INFINITY, 3))),
                        List.of("x_count 3.0", "x_sum 1.5", "x_bucket{le=\"1.0\"} 2.0", "x_bucket{le=\"+Inf\"} 3.0")),
                Arguments.of(
                        "buckets of fractions",
                        HISTOGRAM,
                        new ProtoMessage()
                                .message(
                                        7,
                                        new ProtoMessage()
                                                .raw(three)
                                                .fixed(4, 3.5)
                                                .message(3, bucket(1, 2).fixed(4, 2.5))),
                        List.of("x_count 3.5", "x_sum 1.5", "x_bucket{le=\"1.0\"} 2.5", "x_bucket{le=\"+Inf\"} 3.5")),
                Arguments.of(
                        "a gauge histogram without g",
                        GAUGE_HISTOGRAM,
                        new ProtoMessage().message(7, new ProtoMessage().raw(three)),
                        List.of("x_count 3.0", "x_sum 1.5", "x_bucket{le=\"+Inf\"} 3.0")),
                Arguments.of(
                        "native by its zero threshold",
                        HISTOGRAM,
                        new ProtoMessage()
                                .message(7, new ProtoMessage().fixed(2, 1.5).fixed(6, 0.1)),
                        List.of("x 1.5")),
                Arguments.of(
                        "native by its zero count",
                        HISTOGRAM,
                        new ProtoMessage()
                                .message(7, new ProtoMessage().raw(three).varint(7, 3)),
                        List.of("x 1.5")),
                Arguments.of(
                        "native by its zero count of fractions",
                        HISTOGRAM,
                        new ProtoMessage()
                                .message(
                                        7,
                                        new ProtoMessage()
                                                .fixed(2, 1.5)
                                                .fixed(4, 0.5)
                                                .fixed(8, 0.5)),
                        List.of("x 1.5")),
                Arguments.of(
                        "native by a span of nothing",
                        HISTOGRAM,
                        new ProtoMessage().message(7, new ProtoMessage().message(12, new ProtoMessage())),
                        List.of("x 0.0")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("metrics")
    void metricBecomesItsSamples(String what, int type, ProtoMessage metric, List<String> samples) {
        SampleBatch batch =
                parse(family("x", type).message(4, metric.varint(6, 0)).delimited());
        assertThat(Pages.samples(batch)).isEqualTo(samples);
        // A timestamp of 0 is none.
        assertThat(batch.timestamp(0)).isEqualTo(Pages.SCRAPE_TIME);
    }

    @Test
    void nativeHistogramWithoutExemplarsHasThoseOfItsBucketsThatHaveATime() {
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 3)
                .varint(7, 3)
                .message(3, bucket(1, 2).message(3, exemplar("no time")))
                .message(3, bucket(2, 3).message(3, exemplar("kept").message(3, time(7, 0))));
        byte[] page = family("x", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, histogram))
                .delimited();
        SampleBatch batch = parse(page);
        assertThat(batch.exemplarCount()).isEqualTo(1);
        assertThat(batch.exemplar(0).labels()).hasToString("{id=\"kept\"}");
        assertThat(batch.exemplar(0).timestampMillis()).isEqualTo(7000);
    }

    private static ProtoMessage nativeMessage(boolean packed) {
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 11)
                .fixed(2, -3.5)
                .zigzag(5, 2)
                .fixed(6, 0.001)
                .varint(7, 1)
                .message(9, new ProtoMessage().zigzag(1, -2).varint(2, 2))
                .message(12, new ProtoMessage().zigzag(1, 0).varint(2, 1))
                .message(12, new ProtoMessage().zigzag(1, 3).varint(2, 1));
        if (packed) {
            histogram
                    .message(10, new ProtoMessage().rawVarint(4).rawVarint(1))
                    .message(13, new ProtoMessage().rawVarint(6).rawVarint(2));
        } else {
            histogram.zigzag(10, 2).zigzag(10, -1).zigzag(13, 3).zigzag(13, 1);
        }
        return histogram
                .message(15, time(9, 0))
                .message(16, new ProtoMessage().label("id", "no time").fixed(2, 1))
                .message(16, new ProtoMessage().label("id", "kept").fixed(2, 1).message(3, time(3, 0)));
    }

    @Test
    void nativeHistogramPackedOrNot() {
        for (boolean packed : new boolean[] {true, false}) {
            byte[] page = family("h", GAUGE_HISTOGRAM)
                    .message(4, new ProtoMessage().message(7, nativeMessage(packed)))
                    .delimited();
            SampleBatch batch = parse(page);
            assertThat(batch.histogram(0))
                    .isEqualTo(NativeHistogram.ofCounts(11, -3.5)
                            .gauge(true)
                            .schema(2)
                            .zero(0.001, 1)
                            .negative(Buckets.ofDeltas(new int[] {-2, 2}, new long[] {2, -1}))
                            .positive(Buckets.ofDeltas(new int[] {0, 1, 3, 1}, new long[] {3, 1}))
                            .build());
            assertThat(batch.startTimestamp(0)).isEqualTo(9000);
            assertThat(batch.exemplarCount()).isEqualTo(1);
            assertThat(batch.exemplar(0).labels()).hasToString("{id=\"kept\"}");
        }
    }

    /** Prometheus fails such a scrape, and a receiver refuses all that it comes with. */
    @Test
    void aNativeHistogramWhoseBucketsDoNotAddUpFailsThePage() {
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 5)
                .message(12, new ProtoMessage().zigzag(1, 0).varint(2, 1))
                .zigzag(13, 3);
        assertFails(
                family("h", HISTOGRAM)
                        .message(4, new ProtoMessage().message(7, histogram))
                        .delimited(),
                "buckets hold 3 observations, count says 5");
    }

    @Test
    void noSumOnAPageIsAStaleMarker() {
        double stale = Double.longBitsToDouble(SampleValues.STALE_NAN_BITS);
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 3)
                .fixed(2, stale)
                .message(3, new ProtoMessage().varint(1, 3).fixed(2, 1))
                .message(12, new ProtoMessage().zigzag(1, 0).varint(2, 1))
                .zigzag(13, 3);
        SampleBatch batch = parse(family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, histogram))
                .delimited());
        assertThat(batch.histogramCount()).isEqualTo(1);
        assertThat(batch.valueBits(0)).isEqualTo(SampleValues.NORMAL_NAN_BITS);
    }

    @Test
    void floatFieldsWin() {
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 1)
                .fixed(4, 2.5)
                .fixed(2, 1)
                .message(12, new ProtoMessage().zigzag(1, 1).varint(2, 2))
                .fixed(14, 0.5)
                .message(14, new ProtoMessage().rawDouble(2));
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, histogram))
                .delimited();
        NativeHistogram value = parse(page).histogram(0);
        assertThat(value.isFloat()).isTrue();
        assertThat(value.countFloat()).isEqualTo(2.5);
        assertThat(value.positive()).isEqualTo(Buckets.ofCounts(new int[] {1, 2}, new double[] {0.5, 2}));
    }

    @Test
    void aNativeHistogramEndsAsOne() {
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, nativeMessage(true)))
                .message(
                        4,
                        new ProtoMessage()
                                .label("l", "v")
                                .message(
                                        7,
                                        new ProtoMessage().fixed(4, 2.5).message(12, new ProtoMessage().zigzag(1, 1))))
                .delimited();
        SampleBatch stale = new SampleBatch();
        parse(page);
        parse(family("g", GAUGE).delimited());
        parser.addVanished(7, stale);
        parse(page);
        parser.addAllStale(8, stale);
        assertThat(stale.size()).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            assertThat(SampleValues.isStale(stale.valueBits(i))).isTrue();
            assertThat(stale.histogramRow(i)).isEqualTo(i);
            boolean isFloat = "v".equals(stale.series(i).labels().get("l"));
            assertThat(stale.histogram(i)).isSameAs(isFloat ? NativeHistogram.STALE_FLOAT : NativeHistogram.STALE);
        }
    }

    @Test
    void schemaTooFineIsReducedAndUnknownSchemaFails() {
        ProtoMessage fine = new ProtoMessage()
                .varint(1, 4)
                .zigzag(5, 10)
                .message(12, new ProtoMessage().zigzag(1, 1).varint(2, 4))
                .zigzag(13, 1)
                .zigzag(13, 0)
                .zigzag(13, 0)
                .zigzag(13, 0);
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, fine))
                .delimited();
        NativeHistogram value = parse(page).histogram(0);
        assertThat(value.schema()).isEqualTo(8);
        assertThat(value.positive()).isEqualTo(Buckets.ofDeltas(new int[] {1, 1}, new long[] {4}));
        ProtoMessage unknown = new ProtoMessage()
                .zigzag(5, -5)
                .message(12, new ProtoMessage().zigzag(1, 0).varint(2, 0));
        assertFails(
                family("h", HISTOGRAM)
                        .message(4, new ProtoMessage().message(7, unknown))
                        .delimited(),
                "schema -5");
    }

    /** Prometheus' documentation of native_histogram_min_bucket_factor has this table. */
    @ParameterizedTest
    @CsvSource({
        "0,8",
        "1,8",
        "1.002,8",
        "1.0027,8",
        "1.005,7",
        "1.01,6",
        "1.02,5",
        "1.04,4",
        "1.09,3",
        "1.1,2",
        "1.4,1",
        "2,0",
        "4,-1",
        "16,-2",
        "256,-3",
        "65536,-4",
        "1e9,-4"
    })
    void minBucketFactorBoundsTheSchema(double factor, int schema) {
        ParseOptions options =
                ParseOptions.builder().nativeHistogramMinBucketFactor(factor).build();
        assertThat(nativeHistogram(options, 8, 1).schema()).isEqualTo(schema);
        assertThat(nativeHistogram(options, -4, 1).schema()).isEqualTo(-4);
    }

    @ParameterizedTest
    @CsvSource({"0,8,160", "160,8,160", "159,7,80", "80,7,80", "20,5,20", "3,2,3", "2,1,2", "1,0,1"})
    void bucketLimitHalvesTheResolutionUntilItFits(int limit, int schema, int buckets) {
        ParseOptions options =
                ParseOptions.builder().nativeHistogramBucketLimit(limit).build();
        NativeHistogram histogram = nativeHistogram(options, 8, 160);
        assertThat(histogram.schema()).isEqualTo(schema);
        assertThat(histogram.positive().size()).isEqualTo(buckets);
        assertThat(histogram.count()).isEqualTo(160);
    }

    @Test
    void histogramThatNeverFitsFailsThePage() {
        ParseOptions options =
                ParseOptions.builder().nativeHistogramBucketLimit(2).build();
        assertThatThrownBy(() -> nativeHistogram(options, -4, 3))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("3 buckets in schema -4")
                .hasMessageContaining("at most 2 (nativeHistogramBucketLimit)");
    }

    /** A histogram of one observation in each bucket from 1 on. */
    private static NativeHistogram nativeHistogram(ParseOptions options, int schema, int buckets) {
        ProtoMessage deltas = new ProtoMessage();
        for (int i = 0; i < buckets; i++) {
            deltas.rawVarint(i == 0 ? 2 : 0);
        }
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, buckets)
                .zigzag(5, schema)
                .message(12, new ProtoMessage().zigzag(1, 1).varint(2, buckets))
                .message(13, deltas);
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, histogram))
                .delimited();
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        return Pages.parse(parser, ExpositionFormat.PROTOBUF, page).histogram(0);
    }

    @Test
    void classicFormOfANativeHistogramIsAnOption() {
        byte[] page = family("h", HISTOGRAM)
                .message(4, new ProtoMessage().message(7, nativeMessage(true)))
                .delimited();
        ExpositionParser classic = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().nativeHistograms(false).build());
        assertThat(Pages.samples(Pages.parse(classic, ExpositionFormat.PROTOBUF, page)))
                .containsExactly("h_count 11.0", "h_sum -3.5", "h_bucket{le=\"+Inf\"} 11.0");
        ExpositionParser both = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().classicHistogramsToo(true).build());
        SampleBatch batch = Pages.parse(both, ExpositionFormat.PROTOBUF, page);
        assertThat(Pages.series(batch)).containsExactly("h", "h_count", "h_sum", "h_bucket{le=\"+Inf\"}");
        assertThat(batch.histogramRow(0)).isZero();
    }

    @Test
    void emptyPageAndFamilyWithoutMetricsAreFine() {
        assertThat(parse(new byte[0]).size()).isZero();
        assertThat(parse(new ProtoMessage().text(1, "").delimited()).size()).isZero();
    }

    @Test
    void brokenMessagesFailWithTheirPlace() {
        byte[] good = family("g", GAUGE)
                .message(4, new ProtoMessage().message(2, new ProtoMessage().fixed(1, 1)))
                .delimited();
        byte[] cut = Arrays.copyOf(good, good.length - 1);
        assertFails(cut, "a length of");
        assertFails(
                new byte[] {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 0}, "more than 5 bytes");
        assertFails(family("", GAUGE).message(4, new ProtoMessage()).delimited(), "a family without name");
        assertFails(family("g", 9).message(4, new ProtoMessage()).delimited(), "metric type 9");
        assertFails(
                new ProtoMessage()
                        .bytes(1, new byte[] {(byte) 0xFF})
                        .message(4, new ProtoMessage())
                        .delimited(),
                "not valid UTF-8");
        for (int field : new int[] {2, 5}) {
            assertFails(
                    family("g", GAUGE)
                            .bytes(field, new byte[] {(byte) 0xFF})
                            .message(4, new ProtoMessage())
                            .delimited(),
                    "not valid UTF-8");
        }
        assertFails(
                family("g", GAUGE)
                        .message(
                                4,
                                new ProtoMessage()
                                        .message(
                                                1,
                                                new ProtoMessage().text(1, "a").bytes(2, new byte[] {(byte) 0xC3})))
                        .delimited(),
                "not valid UTF-8");
        assertFails(
                family("g", GAUGE)
                        .message(4, new ProtoMessage().label("a", "1").label("a", "2"))
                        .delimited(),
                "repeated");
        assertFails(
                family("g", GAUGE)
                        .message(4, new ProtoMessage().label("a", "1").label("a", ""))
                        .delimited(),
                "repeated");
        assertFails(
                family("g", GAUGE).message(4, new ProtoMessage().label("", "1")).delimited(), "label without name");
        assertFails(
                family("g", GAUGE)
                        .message(4, new ProtoMessage().label("__name__", "x"))
                        .delimited(),
                "repeated");
        ProtoMessage unequal = new ProtoMessage()
                .message(12, new ProtoMessage().zigzag(1, 0).varint(2, 2))
                .zigzag(13, 1);
        assertFails(
                family("h", HISTOGRAM)
                        .message(4, new ProtoMessage().message(7, unequal))
                        .delimited(),
                "spans for 2 buckets");
    }

    private void assertFails(byte[] page, String message) {
        assertThatThrownBy(() -> parse(page))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining(message)
                .hasMessageStartingWith("byte ");
    }
}

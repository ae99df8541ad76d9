package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Classic histograms as native ones with custom buckets. */
class ClassicHistogramsTest {
    private static final ParseOptions.Builder OPTIONS = ParseOptions.builder().classicHistogramsAsNative(true);

    private static ExpositionParser parser(ParseOptions options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
    }

    /** Such as {@code h{a="b"} 3/4.5 [1.0:1, Inf:2]}: count, sum and what each bucket holds. */
    private static List<String> rows(SampleBatch batch) {
        List<String> rows = new ArrayList<>();
        int histogram = 0;
        for (int row = 0; row < batch.size(); row++) {
            boolean isHistogram = histogram < batch.histogramCount() && batch.histogramRow(histogram) == row;
            rows.add(batch.series(row) + " "
                    + (isHistogram
                            ? text(batch.histogram(histogram++))
                            : String.valueOf(Double.longBitsToDouble(batch.valueBits(row)))));
        }
        return rows;
    }

    private static String text(NativeHistogram histogram) {
        assertThat(histogram.schema()).isEqualTo(NativeHistogram.CUSTOM_BUCKETS);
        List<String> buckets = new ArrayList<>();
        long count = 0;
        for (int i = 0; i < histogram.positive().size(); i++) {
            String bound = i < histogram.customBoundCount() ? String.valueOf(histogram.customBound(i)) : "Inf";
            count += histogram.isFloat() ? 0 : histogram.positive().delta(i);
            buckets.add(bound + ":"
                    + (histogram.isFloat() ? String.valueOf(histogram.positive().count(i)) : String.valueOf(count)));
        }
        return (histogram.isFloat() ? String.valueOf(histogram.countFloat()) : String.valueOf(histogram.count())) + "/"
                + histogram.sum() + " " + buckets;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "as it should be  | b1=1 b+Inf=3 count=3 sum=4.5 | h 3/4.5 [1.0:1, Inf:2]",
                "count first      | count=3 sum=4.5 b1=1 b+Inf=3 | h 3/4.5 [1.0:1, Inf:2]",
                "any order        | b+Inf=3 b2=2 count=3 b1=1    | h 3/0.0 [1.0:1, 2.0:1, Inf:1]",
                "no count         | b1=1 b+Inf=3 sum=4.5         | h 3/4.5 [1.0:1, Inf:2]",
                "no infinity      | b1=1 b2=3 count=4            | h 4/0.0 [1.0:1, 2.0:2, Inf:1]",
                "neither          | b1=1 b2=3                    | h 3/0.0 [1.0:1, 2.0:2, Inf:0]",
                "no buckets       | count=3 sum=1                | h 3/1.0 [Inf:3]",
                "bounds that meet | b1=1 b1.0=2 b+Inf=3          | h 3/0.0 [1.0:1, Inf:2]",
                "fractions        | b1=0.5 b+Inf=3               | h 3.0/0.0 [1.0:0.5, Inf:2.5]",
                "negative bounds  | b-1=1 b0=1 b+Inf=3 sum=-7    | h 3/-7.0 [-1.0:1, 0.0:0, Inf:2]",
                "falling          | b1=2 b+Inf=1                 | h_bucket{le=\"1\"} 2.0;h_bucket{le=\"+Inf\"} 1.0",
                "negative count   | b1=-1 count=1                | h_bucket{le=\"1\"} -1.0;h_count 1.0",
                "another count    | b+Inf=3 count=4              | h_bucket{le=\"+Inf\"} 3.0;h_count 4.0",
                "only the sum     | sum=4                        | h_sum 4.0",
                "no bound         | bNaN=1 count=1               | h_bucket{le=\"NaN\"} 1.0;h 1/0.0 [Inf:1]",
            })
    void histogramsAreConvertedByTheRulesOfPrometheus(String name, String samples, String expected) {
        StringBuilder page = new StringBuilder("# TYPE h histogram\n");
        for (String sample : samples.split(" ", -1)) {
            String[] parts = sample.split("=", -1);
            page.append(parts[0].startsWith("b") ? "h_bucket{le=\"" + parts[0].substring(1) + "\"}" : "h_" + parts[0])
                    .append(' ')
                    .append(parts[1])
                    .append('\n');
        }
        ExpositionParser parser = parser(OPTIONS.build());
        for (int lap = 0; lap < 3; lap++) {
            assertThat(rows(Pages.parse(parser, page.toString()))).containsExactly(expected.split(";", -1));
            assertThat(parser.newSeriesCount()).isEqualTo(lap == 0 ? expected.split(";", -1).length : 0);
        }
    }

    private static final String TWO = """
            # TYPE h histogram
            h_bucket{a="1",le="1"} 1
            h_bucket{a="2",le="1"} 2
            h_bucket{a="1",le="+Inf"} 3
            h_bucket{a="2",le="+Inf"} 4
            h_count{a="1"} 3
            # TYPE g gauge
            g 7
            # TYPE other gauge
            other_bucket{le="1"} 5
            """;

    @Test
    void histogramsOfAPageComeBehindItsOtherRows() {
        ExpositionParser parser = parser(OPTIONS.build());
        assertThat(rows(Pages.parse(parser, TWO)))
                .containsExactly(
                        "g 7.0",
                        "other_bucket{le=\"1\"} 5.0",
                        "h{a=\"1\"} 3/0.0 [1.0:1, Inf:2]",
                        "h{a=\"2\"} 4/0.0 [1.0:2, Inf:2]");
        assertThat(parser.sampleCount()).isEqualTo(4);
    }

    @Test
    void classicSeriesComeTooOnRequest() {
        ExpositionParser parser =
                parser(OPTIONS.build().toBuilder().classicHistogramsToo(true).build());
        assertThat(rows(Pages.parse(parser, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\n")))
                .containsExactly("h 3/0.0 [Inf:3]", "h_bucket{le=\"+Inf\"} 3.0", "h_count 3.0");
    }

    @Test
    void convertedHistogramGoesStaleWhenItsLinesDo() {
        ExpositionParser parser = parser(OPTIONS.build());
        Pages.parse(parser, TWO);
        Pages.parse(parser, TWO.replaceAll("h_.*a=\"1\".*\n", ""));
        SampleBatch stale = new SampleBatch();
        parser.addVanished(1, stale);
        assertThat(Pages.series(stale)).containsExactly("h{a=\"1\"}");
        assertThat(stale.histogram(0)).isSameAs(NativeHistogram.STALE_CUSTOM);
        parser.addAllStale(2, stale);
        assertThat(stale.histogram(1)).isSameAs(NativeHistogram.STALE_CUSTOM);
        Pages.parse(parser, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0.5\n");
        parser.addAllStale(3, stale);
        assertThat(stale.histogram(2)).isSameAs(NativeHistogram.STALE_CUSTOM_FLOAT);
    }

    @Test
    void timesExemplarsAndStartsStayWithTheHistogram() {
        ExpositionParser parser = parser(OPTIONS.build().toBuilder()
                .created(ParseOptions.Created.START_TIMESTAMP)
                .build());
        byte[] page = Pages.bytes("""
                # TYPE h histogram
                h_bucket{le="1"} 1 5 # {id="1"} 0.5 4
                h_bucket{le="+Inf"} 3 5 # {id="2"} 2
                h_created 1.5 5
                h_bucket{le="+Inf"} 4 6
                # EOF
                """);
        SampleBatch batch = Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, page);
        assertThat(rows(batch)).containsExactly("h 3/0.0 [1.0:1, Inf:2]", "h 4/0.0 [Inf:4]");
        assertThat(batch.timestamp(0)).isEqualTo(5000);
        assertThat(batch.timestamp(1)).isEqualTo(6000);
        assertThat(batch.startTimestamp(0)).isEqualTo(1500);
        assertThat(batch.exemplarCount()).isEqualTo(1);
        assertThat(batch.exemplar(0).timestampMillis()).isEqualTo(4000);
    }

    @Test
    void otherFormatsGiveTheSame() {
        String expected = "h{a=\"1\"} 3/4.5 [1.0:1, Inf:2]";
        byte[] openMetrics =
                Pages.bytes("# TYPE h histogram\nh{a=\"1\"} {count:3,sum:4.5,bucket:[1:1,+Inf:3]}\n# EOF\n");
        assertThat(rows(Pages.parse(parser(OPTIONS.build()), ExpositionFormat.OPENMETRICS_2_0_0, openMetrics)))
                .containsExactly(expected);
        ProtoMessage histogram = new ProtoMessage()
                .varint(1, 3)
                .fixed(2, 4.5)
                .message(3, new ProtoMessage().varint(1, 1).fixed(2, 1));
        byte[] protobuf = new ProtoMessage()
                .text(1, "h")
                .varint(3, 4)
                .message(4, new ProtoMessage().label("a", "1").message(7, histogram))
                .delimited();
        assertThat(rows(Pages.parse(parser(OPTIONS.build()), ExpositionFormat.PROTOBUF, protobuf)))
                .containsExactly(expected);
    }

    @Test
    void bucketWithoutABoundKeepsAHistogramClassic() {
        byte[] page = Pages.bytes("# TYPE h histogram\nh {count:3,sum:4.5,bucket:[1:1,NaN:2,+Inf:3]}\n# EOF\n");
        SampleBatch batch = Pages.parse(parser(OPTIONS.build()), ExpositionFormat.OPENMETRICS_2_0_0, page);
        assertThat(batch.histogramCount()).isZero();
        assertThat(Pages.series(batch)).contains("h_bucket{le=\"NaN\"}");
    }

    @Test
    void gaugeHistogramsStayClassic() {
        byte[] page = Pages.bytes("# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 3\nh_gcount 3\nh_gsum 1\n# EOF\n");
        assertThat(Pages.parse(parser(OPTIONS.build()), ExpositionFormat.OPENMETRICS_1_0_0, page)
                        .histogramCount())
                .isZero();
    }

    /** As in Prometheus: all of the page counts, and the histogram, unlike the rest, is not alive. */
    @Test
    void tooManyCustomBucketsFailThePageWhenAllOfItIsRead() {
        ExpositionParser parser =
                parser(OPTIONS.build().toBuilder().nativeHistogramBucketLimit(2).build());
        Pages.parse(parser, TWO);
        String third = "# TYPE z gauge\nz 1\n# TYPE h histogram\nh_bucket{a=\"1\",le=\"0\"} 0\n";
        assertThatThrownBy(() -> Pages.parse(parser, TWO + third))
                .isInstanceOfSatisfying(
                        ExpositionException.class, e -> assertThat(e.isLimit()).isTrue())
                .hasMessage("found a native histogram of 3 buckets in schema -53, `h{a=\"1\"}`, expected at most 2"
                        + " (nativeHistogramBucketLimit)");
        assertThat(parser.sampleCount()).isEqualTo(5);
        assertThat(parser.keptCount()).isEqualTo(5);
        assertThat(parser.newSeriesCount()).isEqualTo(1);
        SampleBatch stale = new SampleBatch();
        parser.addVanished(1, stale);
        assertThat(Pages.series(stale)).containsExactly("h{a=\"1\"}");
        parser.addAllStale(2, stale);
        assertThat(Pages.series(stale).subList(1, stale.size()))
                .containsExactlyInAnyOrder("g", "other_bucket{le=\"1\"}", "z", "h{a=\"2\"}");
    }
}

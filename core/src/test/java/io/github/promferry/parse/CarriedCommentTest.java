package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comments of ours in text carry is read, and nothing else is. */
class CarriedCommentTest {
    private static final String TAIL = "# OMTAIL st@1.5 # {id=\"1\"} 0.5 12.5 # {} 2\n";
    private static final String READ = "since 1500 Exemplar[labels={id=\"1\"}, value=0.5, timestampMillis=12500]"
            + " Exemplar[labels={}, value=2.0, timestampMillis=" + SampleBatch.NO_TIMESTAMP + "]";

    private static final String NATIVE =
            "{count:3,sum:1.5,schema:0,zero_threshold:0.0,zero_count:0," + "positive_spans:[0:1],positive_buckets:[3]}";

    private static List<String> rows(ParseOptions options, String page) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        Pages.parse(parser, page);
        // Warm, as most pages are.
        return Pages.rows(Pages.parse(parser, page));
    }

    @Test
    void tailBelongsToTheSampleOnTheNextLine() {
        assertThat(rows(ParseOptions.DEFAULTS, "a 1\n" + TAIL + "b 2\nc 3\n"))
                .satisfiesExactly(
                        a -> assertThat(a).doesNotContain("since", "Exemplar"),
                        b -> assertThat(b).startsWith("b ").contains(READ),
                        c -> assertThat(c).doesNotContain("since", "Exemplar"));
        assertThat(rows(ParseOptions.DEFAULTS, TAIL.replace("\n", "\r\n") + "b 2\r\n"))
                .singleElement()
                .asString()
                .contains(READ);
        assertThat(rows(ParseOptions.DEFAULTS, "# OMTAIL st@7\n" + TAIL + "b 2\n"))
                .singleElement()
                .asString()
                .contains(READ);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\nb 2\n", "# comment\nb 2\n", "# TYPE b gauge\nb 2\n", "# OMLINE x\nb 2\n"})
    void tailReachesNoFurther(String rest) {
        assertThat(rows(ParseOptions.DEFAULTS, TAIL + rest))
                .singleElement()
                .asString()
                .doesNotContain("since", "Exemplar");
    }

    @Test
    void lineIsANativeHistogram() {
        String line = "# TYPE h histogram\n# OMLINE h{a=\"1\"} " + NATIVE + " 12.5 st@1.5 # {id=\"1\"} 0.5\n";
        SampleBatch batch = Pages.parse(new ExpositionParser(), line + "h_count{a=\"1\"} 3\n");
        assertThat(batch.size()).isEqualTo(2);
        assertThat(batch.histogram(0))
                .isEqualTo(NativeHistogram.ofCounts(3, 1.5)
                        .positive(NativeHistogram.Buckets.ofDeltas(new int[] {0, 1}, new long[] {3}))
                        .build());
        assertThat(batch.timestamp(0)).isEqualTo(12_500);
        assertThat(batch.startTimestamp(0)).isEqualTo(1_500);
        assertThat(batch.exemplarRow(0)).isZero();
        assertThat(batch.series(0).metadata()).isEqualTo(batch.series(1).metadata());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "# OMTAIL",
                "# OMTAIL  st@1",
                "# OMTAIL st@",
                "# OMTAIL st@1 2",
                "# OMTAIL 12 st@1",
                "# OMTAIL st@1 and more",
                "# OMTAIL # {id=\"1\"} 0.5 1 # {id=\"2\"} x",
                "# OMTAIL # {id=\"1\" 0.5",
                "# OMTAIL # {id=\"1\",} 0.5",
                "# OMTAIL # {id=\"1\",id=\"2\"} 0.5",
                "#OMTAIL st@1",
                "# omtail st@1",
                "# OMLINE",
                "# OMLINE a",
                "# OMLINE a 5",
                "# OMLINE a {count:1,sum:2,bucket:[+Inf:1]}",
                "# OMLINE a {count:1,sum:2,quantile:[0.5:1]}",
                "# OMLINE a {count:1,sum:2,schema:0,bucket:[+Inf:1]}",
                "# OMLINE a {count:1,sum:2,schema:9",
                "# OMLINE a {count:1,sum:2,schema:99}",
                "# OMLINE a {count:1,sum:2,schema:-53}",
                "# OMLINE a {count:1,sum:2,schema:0,custom_values:[1]}",
                "# OMLINE a {count:1,sum:2,schema:-53,custom_values:[2,1]}",
                "# OMLINE a {count:1,sum:2,schema:0,positive_spans:[0:2000000000],positive_buckets:[1]}",
                "# OMLINE a {count:-1,sum:2,schema:0}",
                "# OMLINE a{b=\"1\",b=\"2\"} {count:1,sum:2,schema:0}",
                "# OMLINE a {b=\"1\"} {count:1,sum:2,schema:0}",
                "# OMLINE a{b=\"1\"c=\"2\"} {count:1,sum:2,schema:0}",
                "# OMLINE {b=\"1\"} {count:1,sum:2,schema:0}",
                "# OMLINE 1a {count:1,sum:2,schema:0}",
                "# OMLINE a  {count:1,sum:2,schema:0}",
                "# OMLINE a {count:1,sum:2,schema:0} x"
            })
    void whateverIsNotAsWrittenByUsIsAComment(String comment) {
        for (String page : List.of("b 1\n" + comment + "\nb{x=\"1\"} 2\n", "b 1\nb{x=\"1\"} 2\n" + comment)) {
            ExpositionParser parser = new ExpositionParser();
            List<String> rows = Pages.rows(Pages.parse(parser, page));
            assertThat(rows).isEqualTo(rows(ParseOptions.DEFAULTS, "b 1\nb{x=\"1\"} 2\n"));
            for (Tolerated kind : Tolerated.values()) {
                boolean unended = kind == Tolerated.MISSING_FINAL_NEWLINE && !page.endsWith("\n");
                assertThat(parser.toleratedCount(kind)).as(kind.name()).isEqualTo(unended ? 1 : 0);
            }
        }
    }

    @Test
    void halfAPageHasNoHalfHistogram() {
        String page = "# OMLINE a {count:1,sum:2,schema:0,zero_threshold:0,zero_count:1} 12";
        assertThat(rows(ParseOptions.DEFAULTS, page)).isEmpty();
        assertThat(rows(ParseOptions.DEFAULTS, page + "\n")).hasSize(1);
    }

    @Test
    void badLineBehindATailCountsOnce() {
        ParseOptions options = ParseOptions.builder().skipBadLines(true).build();
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        SampleBatch batch = Pages.parse(parser, TAIL + "a bad\nb 1\n");
        assertThat(parser.badLineCount()).isEqualTo(1);
        assertThat(Pages.rows(batch)).singleElement().asString().doesNotContain("since", "Exemplar");
    }

    @Test
    void limitsAndDuplicatesAreThoseOfLines() {
        String line = "# OMLINE a " + NATIVE + "\n";
        ExpositionParser parser = new ExpositionParser();
        assertThat(Pages.parse(parser, line + line + "a 1\n").size()).isEqualTo(1);
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(2);
        assertThat(rows(ParseOptions.builder().seriesLimit(1).build(), line + "b 1\n"))
                .hasSize(1);
    }

    @Test
    void strictModeAndClassicViewAreAsEver() {
        ParseOptions strict = ParseOptions.builder().strict(true).build();
        assertThat(rows(strict, "# OMLINE a " + NATIVE + "\n" + TAIL + "b 1\n"))
                .singleElement()
                .asString()
                .doesNotContain("since", "Exemplar");
        ParseOptions classic = ParseOptions.builder().nativeHistograms(false).build();
        assertThat(rows(classic, "# OMLINE a " + NATIVE + "\n"))
                .extracting(row -> row.substring(0, row.indexOf(' ')))
                .containsExactly("a_count", "a_sum", "a_bucket{le=\"+Inf\"}");
        // A bucket would have the label twice.
        assertThat(rows(classic, "# OMLINE a{le=\"1\"} " + NATIVE + "\n")).isEmpty();
    }
}

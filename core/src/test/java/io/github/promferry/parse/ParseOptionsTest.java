package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ParseOptions.Created;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParseOptionsTest {
    private static ExpositionParser with(ParseOptions.Builder options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options.build());
    }

    private static SampleBatch openMetrics(ExpositionParser parser, String page) {
        return Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, Pages.bytes(page));
    }

    @Test
    void badLinesCanBeSkippedAndCounted() {
        ExpositionParser parser = with(ParseOptions.builder().skipBadLines(true));
        String page = "a 1\nb{x=\"1\"} oops\nc{ 2\nd 4 5 6\n{\"a\" 1\n# TYPE 1x counter\ne 5\n";
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = Pages.parse(parser, page);
            assertThat(Pages.samples(batch)).containsExactly("a 1.0", "e 5.0");
            assertThat(parser.badLineCount()).isEqualTo(5);
            assertThat(parser.sampleCount()).isEqualTo(2);
        }
    }

    @Test
    void seriesWhoseLineTurnsBadVanishes() {
        ExpositionParser parser = with(ParseOptions.builder().skipBadLines(true));
        Pages.parse(parser, "a 1\nb 2\n");
        assertThat(Pages.samples(Pages.parse(parser, "a 1\nb x\n"))).containsExactly("a 1.0");
        SampleBatch stale = new SampleBatch();
        parser.addVanished(1, stale);
        assertThat(Pages.series(stale)).containsExactly("b");
    }

    @ParameterizedTest
    @CsvSource({
        "1,1.0",
        "1.00,1.0",
        "10,10.0",
        "100000,100000.0",
        "999999,999999.0",
        "1000000,1e+06",
        "1e6,1e+06",
        ".5,0.5",
        "12345678,1.2345678e+07",
        "-0,0.0",
        "-1,-1.0",
        "0.00001,1e-05",
        "0.0001,0.0001",
        "0.0000001,1e-07",
        "1e21,1e+21",
        "123456789,1.23456789e+08",
        "Inf,+Inf",
        "inf,+Inf",
        "-Inf,-Inf",
        "nan,NaN",
        "abc,abc",
        "0x10,0x10",
        "1e400,1e400",
        "1_0,1_0",
        "2e16,2e+16",
        "9007199254740993,9.007199254740992e+15",
        "5e-324,5e-324",
        "2.2250738585072014e-308,2.2250738585072014e-308",
        "1.7976931348623157e308,1.7976931348623157e+308"
    })
    void boundsAreNormalizedAsPrometheusDoes(String written, String stored) {
        ExpositionParser parser = with(ParseOptions.builder().normalizeBounds(true));
        String page = "# TYPE h histogram\nh_bucket{a=\"1\",le=\"" + written + "\",z=\"1\"} 1\n"
                + "# TYPE s summary\ns{quantile=\"" + written + "\"} 1\n"
                + "# TYPE g gauge\ng{le=\"" + written + "\"} 1\n"
                + "# TYPE h2 histogram\nother{le=\"" + written + "\"} 1\n";
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = Pages.parse(parser, page);
            assertThat(batch.series(0).labels().get("le")).isEqualTo(stored);
            assertThat(batch.series(0).labels().size()).isEqualTo(4);
            assertThat(batch.series(1).labels().get("quantile")).isEqualTo(stored);
            assertThat(batch.series(2).labels().get("le")).isEqualTo(written);
            // Not a name of the family above: Prometheus would rewrite it too.
            assertThat(batch.series(3).labels().get("le")).isEqualTo(written);
        }
        assertThat(Pages.parse(new ExpositionParser(), page).series(0).labels().get("le"))
                .isEqualTo(written);
    }

    @ParameterizedTest
    @ValueSource(strings = {"le=\"1\",le=\"2\"", "le=\"1\",a=\"b\",le=\"1\"", "le=\"\",le=\"1\"", "le=\"1\",le=\"\""})
    void boundsThatAreNormalizedStandOnceAsAllLabels(String labels) {
        String page = "# TYPE h histogram\nh_bucket{" + labels + "} 1\n";
        for (boolean normalized : new boolean[] {false, true}) {
            ExpositionParser parser = with(ParseOptions.builder().normalizeBounds(normalized));
            assertThatThrownBy(() -> Pages.parse(parser, page)).hasMessageContaining("label name \"le\" is repeated");
        }
    }

    @Test
    void createdLinesCanBecomeStartTimestamps() {
        ExpositionParser parser = with(ParseOptions.builder().created(Created.START_TIMESTAMP));
        String page = """
                # TYPE c counter
                c_total{a="1"} 5
                c_created{a="1"} 1520430000.123
                c_created{a="2"} 1.5
                c_total{a="2"} 6
                # TYPE h histogram
                h_bucket{le="1"} 1
                h_bucket{le="+Inf"} 2
                h_created 2
                # TYPE g gauge
                g_created 7
                # EOF
                """;
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = openMetrics(parser, page);
            assertThat(Pages.series(batch))
                    .containsExactly(
                            "c_total{a=\"1\"}",
                            "c_total{a=\"2\"}",
                            "h_bucket{le=\"1\"}",
                            "h_bucket{le=\"+Inf\"}",
                            "g_created");
            assertThat(batch.startTimestamp(0)).isEqualTo(1_520_430_000_123L);
            assertThat(batch.startTimestamp(1)).isEqualTo(1500);
            assertThat(batch.startTimestamp(3)).isEqualTo(2000);
            assertThat(batch.startTimestamp(4)).isEqualTo(SampleBatch.NO_TIMESTAMP);
            assertThat(parser.newSeriesCount()).isEqualTo(lap == 0 ? 5 : 0);
        }
    }

    @Test
    void gaugesThatThePythonClientMakesOfCreatedLinesInTextAreSuchLinesToo() {
        ExpositionParser parser = with(ParseOptions.builder().created(Created.START_TIMESTAMP));
        byte[] page = """
                # HELP vllm:prompt_tokens_total Prompts.
                # TYPE vllm:prompt_tokens_total counter
                vllm:prompt_tokens_total{engine="0"} 5
                # HELP vllm:prompt_tokens_created Prompts.
                # TYPE vllm:prompt_tokens_created gauge
                vllm:prompt_tokens_created{engine="0"} 1.5
                # HELP h Histogram.
                # TYPE h histogram
                h_bucket{le="+Inf"} 2
                h_sum 3
                # HELP h_created Histogram.
                # TYPE h_created gauge
                h_created 2
                # TYPE other_created gauge
                other_created 7
                """.getBytes(UTF_8);
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = new SampleBatch();
            parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, 9_000, batch);
            assertThat(Pages.series(batch))
                    .containsExactly(
                            "vllm:prompt_tokens_total{engine=\"0\"}",
                            "h_bucket{le=\"+Inf\"}",
                            "h_sum",
                            "other_created");
            assertThat(batch.startTimestamp(0)).isEqualTo(1_500);
            assertThat(batch.startTimestamp(1)).isEqualTo(2_000);
            assertThat(batch.startTimestamp(2)).isEqualTo(2_000);
            assertThat(batch.startTimestamp(3)).isEqualTo(SampleBatch.NO_TIMESTAMP);
            assertThat(batch.series(3).metadata().type()).isEqualTo(MetricType.GAUGE);
        }
    }

    @Test
    void createdLinesCanBeDropped() {
        ExpositionParser parser = with(ParseOptions.builder().created(Created.DROP));
        SampleBatch batch = openMetrics(parser, "# TYPE c counter\nc_total 5\nc_created 9\n# EOF\n");
        assertThat(Pages.samples(batch)).containsExactly("c_total 5.0");
        assertThat(batch.startTimestamp(0)).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    @Test
    void openMetrics2ValuesBecomeClassicSeries() {
        ExpositionParser parser = with(ParseOptions.builder().classicHistogramsToo(true));
        SampleBatch batch = Pages.parse(parser, ExpositionFormat.OPENMETRICS_2_0_0, Pages.bytes("""
                # TYPE h histogram
                h{a="b"} {count:3,sum:1.5,schema:0,zero_threshold:0.1,zero_count:1,positive_spans:[0:2],positive_deltas:[1,0],bucket:[1:2,+Inf:3]} 12.5 st@3.25 # {id="x"} 0.5 11
                # TYPE s summary
                s {count:3,sum:1.5,quantile:[0.5:1,0.9:2]}
                # TYPE g gaugehistogram
                g {gcount:1,gsum:2,bucket:[+Inf:1]}
                # EOF
                """));
        assertThat(Pages.samples(batch))
                .containsExactly(
                        "h{a=\"b\"} 1.5",
                        "h_count{a=\"b\"} 3.0",
                        "h_sum{a=\"b\"} 1.5",
                        "h_bucket{a=\"b\",le=\"1.0\"} 2.0",
                        "h_bucket{a=\"b\",le=\"+Inf\"} 3.0",
                        "s_count 3.0",
                        "s_sum 1.5",
                        "s{quantile=\"0.5\"} 1.0",
                        "s{quantile=\"0.9\"} 2.0",
                        "g_gcount 1.0",
                        "g_gsum 2.0",
                        "g_bucket{le=\"+Inf\"} 1.0");
        assertThat(batch.histogram(0).positive().delta(1)).isZero();
        assertThat(batch.startTimestamp(0)).isEqualTo(3250);
        assertThat(batch.timestamp(4)).isEqualTo(12_500);
        assertThat(batch.exemplarCount()).isEqualTo(1);
        assertThat(batch.exemplarRow(0)).isZero();
    }

    @Test
    void optionsAreEqualIfEachOfThemIs() {
        ParseOptions all = ParseOptions.builder()
                .strict(true)
                .utf8Names(true)
                .skipBadLines(true)
                .normalizeBounds(true)
                .honorTimestamps(false)
                .trackTimestampsStaleness(true)
                .endMarkRequired(false)
                .replaceInvalidHelp(true)
                .nativeHistograms(false)
                .classicHistogramsToo(true)
                .classicHistogramsAsNative(true)
                .nativeHistogramBucketLimit(1)
                .nativeHistogramMinBucketFactor(1.1)
                .created(ParseOptions.Created.DROP)
                .sampleLimit(2)
                .seriesLimit(3)
                .futureLimit(Duration.ofMinutes(10))
                .dropOutOfOrder(true)
                .lineLimit(4)
                .build();
        String[] fields = Stream.of(ParseOptions.class.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .map(field -> field.getName() + "=")
                .toArray(String[]::new);

        assertThat(all.toString()).contains(fields);
        assertThat(all.toBuilder().build()).isEqualTo(all).hasSameHashCodeAs(all);
        assertThat(all.toBuilder().lineLimit(5).build()).isNotEqualTo(all);
        assertThat(ParseOptions.builder().sampleLimit(2).build()).hasToString("ParseOptions{sampleLimit=2}");
        assertThat(ParseOptions.builder().build()).isEqualTo(ParseOptions.DEFAULTS);
    }

    @Test
    void endMarkCanBeWaived() {
        assertThatThrownBy(() -> openMetrics(new ExpositionParser(), "a 1\n")).hasMessageContaining("# EOF");
        ExpositionParser parser = with(ParseOptions.builder().endMarkRequired(false));
        assertThat(Pages.samples(openMetrics(parser, "a 1\n"))).containsExactly("a 1.0");
    }

    @Test
    void invalidHelpCanBeReplaced() {
        byte[] page = {'#', ' ', 'H', 'E', 'L', 'P', ' ', 'a', ' ', (byte) 0xFF, '!', '\n', 'a', ' ', '1', '\n'};
        ExpositionParser parser = with(ParseOptions.builder().replaceInvalidHelp(true));
        SampleBatch batch = Pages.parse(parser, ExpositionFormat.TEXT_0_0_4, page);
        assertThat(batch.series(0).metadata().help()).isEqualTo("\uFFFD!");
    }

    @Test
    void pageThatIsOneJsonStringIsRead() {
        ExpositionParser parser = new ExpositionParser();
        SampleBatch batch = Pages.parse(parser, "\"# TYPE a gauge\\na{b=\\\"\\u00e9\\ud83d\\ude80\\\"} 1\\n\"\n");
        assertThat(Pages.samples(batch)).containsExactly("a{b=\"é🚀\"} 1.0");
        assertThat(parser.toleratedCount(Tolerated.QUOTED_PAGE)).isEqualTo(1);
        assertThatThrownBy(() -> Pages.parse(parser, "\"a 1")).isInstanceOf(ExpositionException.class);
        assertThatThrownBy(() -> Pages.parse(with(ParseOptions.builder().strict(true)), "\"a 1\\n\""))
                .isInstanceOf(ExpositionException.class);
    }

    @Test
    void senselessLimitsAreRefused() {
        assertThatThrownBy(() -> ParseOptions.builder().sampleLimit(-1)).hasMessageContaining("sampleLimit");
        assertThatThrownBy(() -> ParseOptions.builder().lineLimit(0)).hasMessageContaining("lineLimit");
        assertThatThrownBy(() -> new SeriesDictionary(SeriesResolver.AS_EXPOSED, 0))
                .hasMessageContaining("maxEntries");
    }
}

package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpositionParserTest {
    private final ExpositionParser parser = new ExpositionParser();

    private List<String> vanished() {
        SampleBatch stale = new SampleBatch();
        parser.addVanished(1234, stale);
        for (int row = 0; row < stale.size(); row++) {
            assertThat(stale.valueBits(row)).isEqualTo(SampleValues.STALE_NAN_BITS);
            assertThat(stale.timestamp(row)).isEqualTo(1234);
        }
        return Pages.series(stale);
    }

    private List<String> allStale() {
        SampleBatch stale = new SampleBatch();
        parser.addAllStale(99, stale);
        return Pages.series(stale);
    }

    @Test
    void deliversValuesLabelsAndMetadataInPageOrder() {
        SampleBatch batch = Pages.parse(parser, """
                # HELP vllm:requests Requests\\nso far.
                # TYPE vllm:requests counter
                vllm:requests_total{model="a\\"b",engine="0"} 7.0
                # TYPE temperature gauge
                temperature -3e2
                other 1
                """);
        assertThat(Pages.samples(batch))
                .containsExactly(
                        "vllm:requests_total{engine=\"0\",model=\"a\\\"b\"} 7.0", "temperature -300.0", "other 1.0");
        assertThat(batch.series(0).metadata().type()).isEqualTo(MetricType.COUNTER);
        assertThat(batch.series(0).metadata().help()).isEqualTo("Requests\nso far.");
        assertThat(batch.series(1).metadata().family()).isEqualTo("temperature");
        assertThat(batch.series(2).metadata().family()).isEmpty();
        assertThat(batch.timestamp(0)).isEqualTo(Pages.SCRAPE_TIME);
    }

    @Test
    void sameSeriesIsTheSameObjectOnEveryPage() {
        Series first = Pages.parse(parser, "a 1\nb 2\n").series(1);
        assertThat(Pages.parse(parser, "c 1\nb 3\n").series(1)).isSameAs(first);
    }

    @Test
    void addsRowsBehindThoseThatAreThere() {
        SampleBatch batch = Pages.parse(parser, "a 1\n");
        byte[] page = Pages.bytes("xxb 2\nyy");
        parser.parse(ExpositionFormat.TEXT_0_0_4, page, 2, 6, 5, batch);
        assertThat(Pages.samples(batch)).containsExactly("a 1.0", "b 2.0");
    }

    @Test
    void vanishedSeriesAreToldOnce() {
        Pages.parse(parser, "a 1\nb 2\nc 3\n");
        assertThat(vanished()).isEmpty();
        Pages.parse(parser, "b 2\n");
        assertThat(vanished()).containsExactly("a", "c");
        assertThat(vanished()).isEmpty();
        Pages.parse(parser, "b 2\n");
        assertThat(vanished()).isEmpty();
    }

    /** Those of a failed page are remembered, so they are expected on the next one. */
    @Test
    void linesBehindTheEndMarkFailThePageEachTime() {
        String others = "b 1\nc 1\nd 1\ne 1\nf 1\ng 1\nh 1\ni 1\nj 1\n";
        Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, Pages.bytes("a 1\n" + others + "# EOF\n"));
        byte[] page = Pages.bytes("a 1\n# EOF\nb 1\n");
        for (int lap = 0; lap < 3; lap++) {
            assertThatThrownBy(() -> Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, page))
                    .as("lap %d", lap)
                    .hasMessage("line 3, column 1: found `b 1`, expected nothing after `# EOF`");
        }
    }

    @Test
    void newSeriesAreCounted() {
        Pages.parse(parser, "a 1\nb 2\n");
        assertThat(parser.newSeriesCount()).isEqualTo(2);
        Pages.parse(parser, "c 1\na 1\nd 1\nb 2\n");
        assertThat(parser.newSeriesCount()).isEqualTo(2);
        assertThat(vanished()).isEmpty();
    }

    @Test
    void seriesThatOnlyMovesIsNeitherNewNorVanished() {
        StringBuilder forward = new StringBuilder();
        StringBuilder backward = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            forward.append("s").append(i).append(" 1\n");
            backward.append("s").append(99 - i).append(" 1\n");
        }
        Pages.parse(parser, forward.toString());
        SampleBatch batch = Pages.parse(parser, backward.toString());
        assertThat(batch.size()).isEqualTo(100);
        assertThat(batch.series(0).labels()).isEqualTo(Labels.of("__name__", "s99"));
        assertThat(parser.newSeriesCount()).isZero();
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isZero();
        assertThat(vanished()).isEmpty();
    }

    @Test
    void firstOfDuplicatesWinsAlsoWhenWarm() {
        for (int lap = 0; lap < 3; lap++) {
            SampleBatch batch = Pages.parse(parser, "a 1\nb 2\na 3\na 4\n");
            assertThat(Pages.samples(batch)).containsExactly("a 1.0", "b 2.0");
            assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(2);
            assertThat(parser.keptCount()).isEqualTo(4);
            assertThat(parser.sampleCount()).isEqualTo(4);
        }
        assertThat(allStale()).containsExactly("a", "b");
    }

    @Test
    void duplicateBecomesTheFirstWhenTheFirstIsGone() {
        Pages.parse(parser, "a 1\nb 2\na 3\n");
        assertThat(Pages.samples(Pages.parse(parser, "b 2\na 3\n"))).containsExactly("b 2.0", "a 3.0");
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isZero();
        assertThat(vanished()).isEmpty();
        assertThat(allStale()).containsExactly("b", "a");
    }

    @Test
    void oneSeriesInTwoSpellingsIsOneSeries() {
        assertThat(Pages.samples(Pages.parse(parser, "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n")))
                .containsExactly("a{x=\"1\",y=\"2\"} 1.0");
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(1);
        Pages.parse(parser, "a{y=\"2\",x=\"1\"} 2\n");
        assertThat(vanished()).isEmpty();
        assertThat(parser.newSeriesCount()).isZero();
    }

    @Test
    void changedMetadataIsDeliveredAndNothingVanishes() {
        Pages.parse(parser, "# TYPE a gauge\na 1\nb 2\n");
        SampleBatch batch = Pages.parse(parser, "# TYPE a counter\na 1\nb 2\n");
        assertThat(batch.series(0).metadata().type()).isEqualTo(MetricType.COUNTER);
        assertThat(vanished()).isEmpty();
        assertThat(parser.newSeriesCount()).isZero();
    }

    @Test
    void seriesWithOwnTimestampsGetNoStaleRows() {
        SampleBatch batch = Pages.parse(parser, "a 1 1000\nb 2\n");
        assertThat(batch.timestamp(0)).isEqualTo(1000);
        assertThat(batch.timestamp(1)).isEqualTo(Pages.SCRAPE_TIME);
        Pages.parse(parser, "a 1 2000\nb 2\n");
        Pages.parse(parser, "c 1\n");
        assertThat(vanished()).containsExactly("b");
    }

    @Test
    void samplesOfOneSeriesAtSeveralTimesAreAllDelivered() {
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch = Pages.parse(parser, "a 1 1000\na 2 2000\na 3 1000\n");
            assertThat(Pages.samples(batch)).containsExactly("a 1.0", "a 2.0");
            assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(1);
        }
    }

    @Test
    void timestampsCanBeIgnored() {
        ExpositionParser ignoring = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().honorTimestamps(false).build());
        assertThat(Pages.parse(ignoring, "a 1 1000\n").timestamp(0)).isEqualTo(Pages.SCRAPE_TIME);
        SampleBatch stale = new SampleBatch();
        ignoring.addAllStale(1, stale);
        assertThat(Pages.series(stale)).containsExactly("a");
    }

    @Test
    void badPageGivesNoRowsButWhatCameBeforeTheErrorLivesOn() {
        Pages.parse(parser, "a 1\nb 2\nc 3\n");
        SampleBatch batch = Pages.parse(new ExpositionParser(), "kept 1\n");
        byte[] bad = Pages.bytes("x 1\nb 2\na 1\nc{ 1\n");
        assertThatThrownBy(() -> parser.parse(ExpositionFormat.TEXT_0_0_4, bad, 0, bad.length, 5, batch))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("line 4, column 5");
        assertThat(Pages.series(batch)).containsExactly("kept");
        assertThat(vanished()).containsExactly("c");
        Pages.parse(parser, "c 4\na 2\n");
        assertThat(parser.newSeriesCount()).isZero();
        assertThat(vanished()).containsExactlyInAnyOrder("x", "b");
    }

    @Test
    void afterAllStaleNothingIsLiveUntilTheNextGoodPage() {
        Pages.parse(parser, "a 1\nb 2\n");
        assertThat(allStale()).containsExactly("a", "b");
        assertThat(allStale()).isEmpty();
        Pages.parse(parser, "b 2\n");
        assertThat(vanished()).isEmpty();
        assertThat(parser.newSeriesCount()).isZero();
        assertThat(allStale()).containsExactly("b");
    }

    @Test
    void droppedSeriesIsRelabeledOnce() {
        AtomicInteger asked = new AtomicInteger();
        SeriesDictionary dictionary = new SeriesDictionary((labels, metadata) -> {
            asked.incrementAndGet();
            return labels.metricName().startsWith("go_") ? null : Series.of(labels, metadata);
        });
        ExpositionParser one = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        ExpositionParser two = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        for (ExpositionParser each : List.of(one, one, two)) {
            SampleBatch batch = Pages.parse(each, "go_a 1\nb 2\ngo_c 3\n");
            assertThat(Pages.samples(batch)).containsExactly("b 2.0");
            assertThat(each.sampleCount()).isEqualTo(3);
            assertThat(each.keptCount()).isEqualTo(1);
        }
        assertThat(asked).hasValue(3);
    }

    @Test
    void rejectedSeriesFailsThePageWithItsLine() {
        ExpositionParser rejecting = new ExpositionParser(
                new SeriesDictionary((labels, metadata) -> {
                    throw new SeriesRejectedException("label limit 1 exceeded");
                }),
                ParseOptions.DEFAULTS);
        assertThatThrownBy(() -> Pages.parse(rejecting, "\na 1\n"))
                .isInstanceOf(ExpositionException.class)
                .hasMessage("line 2: label limit 1 exceeded near `a 1`");
    }

    @Test
    void targetsOfAJobShareSeries() {
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
        ExpositionParser one = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        ExpositionParser two = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        Series series = Pages.parse(one, "a 1\n").series(0);
        assertThat(Pages.parse(two, "a 2\n").series(0)).isSameAs(series);
        assertThat(two.newSeriesCount()).isEqualTo(1);
    }

    @Test
    void sampleLimitFailsThePageAfterCountingAllOfIt() {
        ExpositionParser limited = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().sampleLimit(2).build());
        Pages.parse(limited, "a 1\nb 1\n");
        assertThatThrownBy(() -> Pages.parse(limited, "a 1\nb 1\nc 1\nd 1\n"))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("4 samples")
                .hasMessageContaining("sampleLimit");
        assertThat(limited.sampleCount()).isEqualTo(4);
        SampleBatch stale = new SampleBatch();
        limited.addVanished(1, stale);
        assertThat(Pages.series(stale)).isEmpty();
        limited.addAllStale(1, stale);
        assertThat(Pages.series(stale)).containsExactly("a", "b");
    }

    @Test
    void samplesTooFarAheadAreLeftOutAndCounted() {
        long limit = Pages.SCRAPE_TIME + 600_000;
        String page = "a 1 " + limit + "\nb 2 " + (limit + 1) + "\nc 3\nb 4 5000\n";
        ExpositionParser limited = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().futureLimit(Duration.ofMinutes(10)).build());
        for (int lap = 0; lap < 2; lap++) {
            assertThat(Pages.samples(Pages.parse(limited, page))).containsExactly("a 1.0", "c 3.0", "b 4.0");
            assertThat(limited.leftOutCount(LeftOut.TOO_FAR_AHEAD)).isEqualTo(1);
            assertThat(limited.keptCount()).isEqualTo(4);
            assertThat(limited.leftOutCount(LeftOut.DUPLICATE)).isZero();
        }
        byte[] bytes = Pages.bytes(page);
        SampleBatch withoutTime = new SampleBatch();
        limited.parse(ExpositionFormat.TEXT_0_0_4, bytes, 0, bytes.length, SampleBatch.NO_TIMESTAMP, withoutTime);
        assertThat(withoutTime.size()).isEqualTo(4);
        assertThat(Pages.parse(parser, page).size()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"b 1 1000\nb 2 2000\n", "b 1\nb 2 2000\n", "b 1 1000\nb 2\nb 3 3000\n"})
    void ofASeriesThatThereIsNoRoomForNoTimestampIsTaken(String refused) {
        ExpositionParser limited = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().seriesLimit(1).build());
        for (int lap = 0; lap < 2; lap++) {
            assertThat(Pages.samples(Pages.parse(limited, "a 1 1000\n" + refused + "a 2 2000\n")))
                    .containsExactly("a 1.0", "a 2.0");
        }
    }

    @Test
    void linesOfFailedPagesAreRememberedUpToABound() {
        for (int lap = 0; lap < 300; lap++) {
            StringBuilder page = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                page.append("s").append(100 * lap + i).append(" 1\n");
            }
            page.append("bad{\n");
            assertThatThrownBy(() -> Pages.parse(parser, page.toString())).isInstanceOf(ExpositionException.class);
            assertThat(parser.newSeriesCount()).isEqualTo(100);
            assertThat(vanished()).hasSize(lap == 0 ? 0 : 100);
        }
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 30_000; i++) {
            all.append("s").append(i).append(" 1\n");
        }
        Pages.parse(parser, all.toString());
        assertThat(parser.newSeriesCount()).isBetween(30_000 - 1_100, 30_000 - 100);
    }

    @Test
    void fullDictionaryNamesTheSetting() {
        SeriesDictionary small = new SeriesDictionary(SeriesResolver.AS_EXPOSED, 2);
        ExpositionParser one = new ExpositionParser(small, ParseOptions.DEFAULTS);
        Pages.parse(one, "a 1\nb 1\n");
        assertThatThrownBy(() -> Pages.parse(one, "a 1\nb 1\nc 1\n"))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("raise maxEntries");
        assertThat(Pages.samples(Pages.parse(one, "b 1\n"))).containsExactly("b 1.0");
        assertThat(Pages.samples(Pages.parse(one, "c 1\n"))).containsExactly("c 1.0");
    }

    @Test
    void errorsSayWhereWhatAndWhatElse() {
        assertThatThrownBy(() -> Pages.parse(parser, "ok 1\na{b=\"é\"} 1x\u0007\n"))
                .isInstanceOfSatisfying(ExpositionException.class, e -> {
                    assertThat(e.line()).isEqualTo(2);
                    assertThat(e.column()).isEqualTo(10);
                    assertThat(e).hasMessage("line 2, column 10: found `1x\\u{7}`, expected a number");
                });
        assertThatThrownBy(() -> Pages.parse(parser, "<html>\n")).hasMessageContaining("looks like HTML");
        assertThatThrownBy(() -> Pages.parse(parser, "{\"a\":1}\n")).hasMessageContaining("looks like JSON");
    }
}

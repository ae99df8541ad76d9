package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTest {
    @Test
    void aSampleTooManyFailsTheScrapeWithTheCountsOfTheWholePage() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .limits(ScrapeLimits.builder().samples(2).build())
                .reports(ScrapeJob.Reports.EXTRA)
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\nb 2\n").page("a 1\nb 2\nc 3\n").page("a 1\nb 2\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).contains("a 1", "b 2", "up 1", "scrape_sample_limit 2");
            hand.nextTick();
            assertThat(hand.rows.takeBrief())
                    .contains(
                            "up 0",
                            "scrape_samples_scraped 3",
                            "scrape_samples_post_metric_relabeling 3",
                            "scrape_body_size_bytes 12")
                    .doesNotContain("a 1", "c 3", "a stale", "b stale");
            assertThat(hand.status().lastFailure().kind()).isEqualTo(Kind.LIMIT);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).contains("a 1", "b 2", "up 1").doesNotContain("c stale");
        }
    }

    @Test
    void theSeriesLimitKeepsWhatIsKeptAndDropsTheRestCounted() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .limits(ScrapeLimits.builder().series(2).build())
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .page("a 1\nb 2\nc 3\nd 4\n")
                    .page("new 1\na 1\nb 2\nc 3\n")
                    .page("new 1\nb 2\nc 3\n")
                    .page("new 1\nb 2\nc 3\n")
                    .page("")
                    .page("c 3\nb 2\nnew 1\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 2");
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OVER_SERIES_LIMIT))
                    .isEqualTo(2);
            assertThat(hand.status().lastScrape().leftOut())
                    .containsExactly(Map.entry(
                            LeftOut.OVER_SERIES_LIMIT, new TargetStatus.LeftOutSamples(2, Labels.of("__name__", "c"))));
            assertThat(hand.status().lastScrape().samplesKept()).isEqualTo(4);
            assertThat(hand.status().lastScrape().seriesAdded()).isEqualTo(2);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 2");
            // The place of a series that went is free from the next scrape on.
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("b 2", "a stale");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("new 1", "b 2");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactlyInAnyOrder("new stale", "b stale");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("b 2", "new 1");
        }
    }

    @Test
    void aSourceHasItsSeriesLimitToo() {
        List<String> names = new ArrayList<>(List.of("a", "b", "c"));
        Map<String, Series> known = new HashMap<>();
        MetricSource source = batch -> names.forEach(name -> batch.add(
                known.computeIfAbsent(name, key -> Series.of(Labels.of("__name__", key), MetricMetadata.NONE)),
                SampleBatch.NO_TIMESTAMP,
                Double.doubleToRawLongBits(1)));
        try (HandDriven hand = new HandDriven(HandDriven.job()
                .source(source)
                .limits(ScrapeLimits.builder().series(2).build())
                .build())) {
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OVER_SERIES_LIMIT))
                    .isEqualTo(1);
            names.add(0, "new");
            names.remove("a");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("b 1", "a stale");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("new 1", "b 1");
        }
    }

    @Test
    void timestampsMoreThanTenMinutesAheadAreLeftOutCountedHoweverPagesAreRead() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .parsing(ParseOptions.builder().skipBadLines(true).build())
                .source(batch ->
                        batch.add(Series.of(Labels.of("__name__", "s"), MetricMetadata.NONE), Long.MAX_VALUE - 1, 1))
                .reports(ScrapeJob.Reports.STANDARD)
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            long limit = hand.clock.wallMillis() + 600_000;
            hand.answers.page("a 1 " + limit + "\nb 2 " + (limit + 1) + "\nc 3\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).contains("a 1", "c 3", "up 1").doesNotContain("b 2", "s 0");
            assertThat(hand.scraper.status()).allSatisfy(status -> {
                assertThat(status.health()).isEqualTo(TargetStatus.Health.UP);
                assertThat(status.lastScrape().leftOutCount(LeftOut.TOO_FAR_AHEAD))
                        .isEqualTo(1);
            });
        }
    }

    @Test
    void aHistogramOfTooManyBucketsFailsTheScrapeWithTheCountsOfTheWholePage() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .parsing(ParseOptions.builder()
                        .classicHistogramsAsNative(true)
                        .nativeHistogramBucketLimit(2)
                        .build())
                .reports(ScrapeJob.Reports.STANDARD)
                .build();
        String page = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n# TYPE g gauge\ng 1\n";
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page(page).page(page.replace("# TYPE g", "h_bucket{le=\"2\"} 1\n# TYPE g"));
            hand.start();
            assertThat(hand.rows.takeBrief()).contains("h 0", "g 1", "up 1");
            hand.nextTick();
            // That of a histogram is a histogram, whose value bits are those of the marker, too.
            assertThat(hand.rows.takeBrief())
                    .contains("h stale", "up 0", "scrape_samples_scraped 2", "scrape_samples_post_metric_relabeling 2")
                    .doesNotContain("g 1", "g stale");
            assertThat(hand.status().lastFailure().kind()).isEqualTo(Kind.LIMIT);
            assertThat(hand.status().lastFailure().message()).contains("3 buckets", "`h`");
        }
    }

    /**
     * "Explicit timestamps repeated, backwards": a sample that is repeated need not be sent again, an older one, or another
     * at the same time, would spoil a request.
     */
    @Test
    void timestampsThatGoBackwardsAreLeftOutCounted() {
        ScrapeJob job = HandDriven.job().target("h:1").build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .page("a 1 2000\nb 1 2000\nc 1\n")
                    .page("a 2 1999\nb 1 2000\nc 2\n")
                    .page("a 3 1000\nx{\n")
                    .page("a 4 1999\nb 4 2001\nc 4\n")
                    .page("a 5 2001\nb 5 2001\nc 5\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1", "c 1");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OUT_OF_ORDER))
                    .isZero();
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("c 2");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.REPEATED))
                    .isEqualTo(1);
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OUT_OF_ORDER))
                    .isEqualTo(1);
            hand.nextTick();
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("c stale", "b 4", "c 4");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 5", "c 5");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
        }
    }

    /**
     * What a source of this process gives is judged as a page is. Each scrape is a sample of one series,
     * with a timestamp in seconds since the first scrape or none; then what must become of it, and the series added.
     */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "the timestamp comes from before,  :1 | -20:2 | 100:3,    1 | stale | 3, 1 0 0",
        "it goes while it was ahead,       500:1 | :2 | 501:3,    1 | '' | 3,    1 0 0",
        "it is refused at first,           900:1 | 1:2 | 2:3,     '' | 2 | 3,    0 1 0",
        "it is repeated,                   -5:1 | -5:1 | 0:2,     1 | '' | 2,    1 0 0",
    })
    void ordersTimestampsOfASourceAsOfAPage(String what, String given, String rows, String added) {
        Series a = Series.of(Labels.of("__name__", "a"), MetricMetadata.NONE);
        String[] samples = given.strip().split(" *\\| *", -1);
        String[] expected = rows.replace("''", "").strip().split(" *\\| *", -1);
        String[] expectedAdded = added.split(" ", -1);
        for (boolean fromSource : new boolean[] {false, true}) {
            SampleBatch next = new SampleBatch();
            ScrapeJob.Builder job = HandDriven.job();
            job = fromSource ? job.source(batch -> batch.addAll(next)) : job.target("h:1");
            try (HandDriven hand = new HandDriven(job.build())) {
                long begin = hand.clock.wallMillis();
                for (int scrape = 0; scrape < samples.length; scrape++) {
                    String[] parts = samples[scrape].split(":", -1);
                    boolean stamped = !parts[0].isEmpty();
                    long timestamp = stamped ? begin + 1000 * Long.parseLong(parts[0]) : SampleBatch.NO_TIMESTAMP;
                    hand.answers.page("a " + parts[1] + (stamped ? " " + timestamp : "") + "\n");
                    next.reset(Labels.EMPTY);
                    next.add(a, timestamp, Double.doubleToRawLongBits(Double.parseDouble(parts[1])));
                    if (scrape == 0) {
                        hand.start();
                    } else {
                        hand.nextTick();
                    }
                    String brief = String.join(" ", hand.rows.takeBrief()).replace("a ", "");
                    assertThat(brief).as("scrape %s", scrape + 1).isEqualTo(expected[scrape]);
                    assertThat(hand.status().lastScrape().seriesAdded())
                            .isEqualTo(Integer.parseInt(expectedAdded[scrape]));
                }
            }
        }
    }

    /** A source of this process gives what the page says. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatTheSinkDidNotTakeIsGivenAgain(boolean fromSource) {
        Series a = Series.of(Labels.of("__name__", "a"), MetricMetadata.NONE);
        ScrapeJob.Builder job = HandDriven.job();
        try (HandDriven hand = new HandDriven((fromSource
                        ? job.source(batch -> batch.add(a, 2000, Double.doubleToRawLongBits(1)))
                        : job.target("h:1"))
                .build())) {
            hand.answers.page("a 1 2000\n").page("a 1 2000\n").page("a 1 2000\n");
            hand.rows.refuse = true;
            hand.start();
            hand.rows.refuse = false;
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).isEmpty();
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
        }
    }

    @Test
    void aLabelOverALimitFailsTheScrapeWithItsLine() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .limits(ScrapeLimits.builder().labelValueBytes(100).build())
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\nvllm:cache_config_info{x=\"" + "v".repeat(60_000) + "\"} 1\n");
            hand.start();
            assertThat(hand.rows.take()).isEmpty();
            ScrapeFailure failure = hand.status().lastFailure();
            assertThat(failure.kind()).isEqualTo(Kind.LIMIT);
            assertThat(failure.line()).isEqualTo(2);
            assertThat(failure.message())
                    .contains(
                            "the value of label x has 60000 bytes, more than the label value length limit 100 of job llm")
                    .hasSizeLessThan(400);
        }
    }

    @Test
    void aTargetWhoseOwnLabelsAreOverALimitIsNotAsked() {
        ScrapeJob job = HandDriven.job()
                .target(Target.of("h:1", Map.of("model", "m".repeat(20))))
                .target("h:2")
                .limits(ScrapeLimits.builder().labelValueBytes(10).build())
                .reports(ScrapeJob.Reports.STANDARD)
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            assertThat(hand.answers.requests).hasSize(1);
            assertThat(hand.status().lastFailure().message())
                    .startsWith("labels of the target: the value of label model has 20 bytes");
            assertThat(hand.rows.takeBrief()).contains("up 0", "up 1", "a 1");
        }
    }

    @Test
    void withTooManyTargetsAllOfThemFailUntilTheyAreFewerAgain() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .target("h:2")
                .limits(ScrapeLimits.builder().targets(2).build())
                .reports(ScrapeJob.Reports.STANDARD)
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.scraper.addTarget("llm", Target.of("h:3"));
            hand.start();
            assertThat(hand.answers.requests).isEmpty();
            assertThat(hand.scraper.status()).allSatisfy(status -> {
                assertThat(status.lastFailure().kind()).isEqualTo(Kind.TARGET);
                assertThat(status.lastFailure().message())
                        .startsWith("job llm has 3 targets, more than its target limit 2");
                assertThat(status.lastScrape().samplesScraped()).isZero();
            });
            assertThat(hand.rows.takeBrief()).filteredOn("up 0"::equals).hasSize(3);
            hand.scraper.removeTarget("llm", Target.of("h:3"));
            hand.answers.page("a 1\n").page("a 1\n");
            hand.nextTick();
            assertThat(hand.answers.requests).isNotEmpty();
        }
    }
}

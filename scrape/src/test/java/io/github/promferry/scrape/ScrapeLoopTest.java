package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.promferry.Labels;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.TargetStatus.Health;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One target, time moved by hand. */
class ScrapeLoopTest {
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final String A_AND_B = "a 1\nb 2\n";

    private final ScrapeJob job = HandDriven.job().target("h:1").build();

    @Test
    void theFirstScrapeIsAtOnceAndTheFollowingAreOnTheTargetsOwnMoments() {
        try (HandDriven hand = new HandDriven(job)) {
            long begin = hand.clock.wallMillis();
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n").page("a 4\n");
            hand.start();
            assertThat(hand.rows.take()).containsExactly("a{instance=\"h:1\",job=\"llm\"} 1 @" + begin);
            long second = hand.status().nextScrapeMillis();
            assertThat(second - begin).isBetween(5000L, 15_000L);
            hand.nextTick();
            assertThat(hand.rows.take()).containsExactly("a{instance=\"h:1\",job=\"llm\"} 2 @" + second);
            hand.advance(INTERVAL.multipliedBy(2));
            assertThat(hand.rows.take())
                    .containsExactly(
                            "a{instance=\"h:1\",job=\"llm\"} 3 @" + (second + 10_000),
                            "a{instance=\"h:1\",job=\"llm\"} 4 @" + (second + 20_000));
        }
    }

    @Test
    void withoutFirstScrapeAtOnceTheFirstIsOnTheMomentToo() {
        try (HandDriven hand =
                new HandDriven(job.toBuilder().firstScrapeAtOnce(false).build())) {
            hand.start();
            long first = hand.status().nextScrapeMillis();
            assertThat(first - hand.clock.wallMillis()).isBetween(1L, 10_000L);
            assertThat(hand.answers.requests).isEmpty();
            hand.nextTick();
            assertThat(hand.answers.requests).hasSize(1);
            assertThat(hand.status().nextScrapeMillis()).isEqualTo(first + 10_000);
        }
    }

    @Test
    void theRequestSaysWhatIsAskedForAndHowLongItMayTake() {
        try (HandDriven hand = new HandDriven(job.toBuilder()
                .timeout(Duration.ofMillis(1500))
                .limits(ScrapeLimits.builder().bodyBytes(1000).build())
                .build())) {
            hand.start();
            Fetcher.Request request = hand.answers.requests.get(0);
            assertThat(request.uri()).hasToString("http://h:1/metrics");
            assertThat(request.maxBytes()).isEqualTo(1000);
            assertThat(request.headers())
                    .containsOnly(
                            Map.entry("X-Prometheus-Scrape-Timeout-Seconds", "1.5"),
                            Map.entry("User-Agent", "promferry/0.1.0"),
                            Map.entry("Accept-Encoding", "gzip"),
                            Map.entry(
                                    "Accept",
                                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                                            + "application/openmetrics-text;version=0.0.1;q=0.5,"
                                            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                                            + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"));
        }
    }

    @Test
    void aNameThatIsNotLegacyFailsTheScrapeOfAJobThatWantsNoOther() {
        try (HandDriven hand =
                new HandDriven(HandDriven.job().target("h:1").legacyNames(true).build())) {
            hand.answers.then(fetch -> fetch.page("a 1\n{\"b.c\"} 2\n"));
            hand.start();
            assertThat(hand.answers.requests.get(0).headers().get("Accept"))
                    .contains(";escaping=underscores;")
                    .doesNotContain("allow-utf-8");
            assertThat(hand.rows.takeBrief()).isEmpty();
            assertThat(hand.status().lastScrape().failure().message()).contains("metric name \"b.c\"");
        }
    }

    @Test
    void aTargetOnThisHostIsNotAskedToPackItsPage() {
        try (HandDriven hand =
                new HandDriven(HandDriven.job().target("localhost:1").build())) {
            hand.start();
            assertThat(hand.answers.requests.get(0).headers()).containsEntry("Accept-Encoding", "identity");
        }
    }

    @Test
    void reportsTellOfASuccess() {
        try (HandDriven hand = new HandDriven(job.toBuilder()
                .reports(ScrapeJob.Reports.EXTRA)
                .limits(ScrapeLimits.builder().samples(50).build())
                .build())) {
            hand.answers.then(fetch -> {
                hand.clock.advance(Duration.ofMillis(250));
                fetch.page("a 1\nb 2\nb 3\n");
            });
            hand.start();
            assertThat(hand.rows.takeBrief())
                    .containsExactly(
                            "a 1",
                            "b 2",
                            "up 1",
                            "scrape_duration_seconds 0.25",
                            "scrape_samples_scraped 3",
                            "scrape_samples_post_metric_relabeling 3",
                            "scrape_series_added 2",
                            "scrape_timeout_seconds 4",
                            "scrape_sample_limit 50",
                            "scrape_body_size_bytes 12");
            assertThat(hand.status().health()).isEqualTo(Health.UP);
            TargetStatus.LastScrape last = hand.status().lastScrape();
            assertThat(last.samplesScraped()).isEqualTo(3);
            assertThat(last.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(1);
            assertThat(last.bodyBytes()).isEqualTo(12);
            assertThat(last.failure()).isNull();
        }
    }

    @Test
    void reportsTellOfAFailureAndSharesTheTimestampWithTheMarkers() {
        try (HandDriven hand = new HandDriven(
                job.toBuilder().reports(ScrapeJob.Reports.STANDARD).build())) {
            hand.answers.page("a 1\n").then(fetch -> fetch.fail(CONNECTION, "cannot connect to h:1"));
            hand.start();
            hand.rows.take();
            long tick = hand.status().nextScrapeMillis();
            hand.nextTick();
            assertThat(hand.rows.all)
                    .filteredOn(row -> row.endsWith("@" + tick))
                    .hasSize(6);
            assertThat(hand.rows.takeBrief())
                    .containsExactly(
                            "a stale",
                            "up 0",
                            "scrape_duration_seconds 0",
                            "scrape_samples_scraped 0",
                            "scrape_samples_post_metric_relabeling 0",
                            "scrape_series_added 0");
            assertThat(hand.status().health()).isEqualTo(Health.DOWN);
            assertThat(hand.status().lastFailure()).isEqualTo(ScrapeFailure.of(CONNECTION, "cannot connect to h:1"));
        }
    }

    @Test
    void externalLabelsAreAddedWhereTheSeriesLacksThem() {
        try (HandDriven hand = new HandDriven(
                builder -> builder.externalLabels(Labels.of("cluster", "eu", "job", "other", "zone", "z1")), job)) {
            hand.answers.page("a 1\na{zone=\"own\"} 2\n");
            hand.start();
            assertThat(hand.rows.take())
                    .extracting(row -> row.replaceFirst(" @.*", ""))
                    .containsExactly(
                            "a{cluster=\"eu\",instance=\"h:1\",job=\"llm\",zone=\"z1\"} 1",
                            "a{cluster=\"eu\",instance=\"h:1\",job=\"llm\",zone=\"own\"} 2");
        }
    }

    @Test
    void scrapesAndFailuresAreCounted() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .page(A_AND_B)
                    .then(fetch -> fetch.fail(CONNECTION, "down"))
                    .then(fetch -> fetch.fail(CONNECTION, "down"))
                    .page("b 5\n")
                    .page("");
            hand.start();
            for (int i = 0; i < 4; i++) {
                hand.nextTick();
            }
            assertThat(hand.status().counts()).isEqualTo(new TargetStatus.Counts(5, 2, 0, 0));
            assertThat(hand.status().health()).isEqualTo(Health.UP);
        }
    }

    @Test
    void aPageThatBreaksInTheMiddleContributesNothingButItsPlace() {
        try (HandDriven hand = new HandDriven(
                job.toBuilder().reports(ScrapeJob.Reports.STANDARD).build())) {
            hand.answers.page(A_AND_B).page("a 7\nc 8\nb oops\n").page(A_AND_B);
            hand.start();
            hand.rows.take();
            hand.nextTick();
            assertThat(hand.rows.takeBrief())
                    .filteredOn(row -> !row.startsWith("scrape_"))
                    .containsExactly("b stale", "up 0");
            ScrapeFailure failure = hand.status().lastFailure();
            assertThat(failure.kind()).isEqualTo(ScrapeFailure.Kind.PARSE);
            assertThat(failure.line()).isEqualTo(3);
            assertThat(failure.column()).isEqualTo(3);
            assertThat(failure.message()).startsWith("line 3, column 3: found ").contains("oops");
            hand.nextTick();
            assertThat(hand.rows.takeBrief())
                    .filteredOn(row -> !row.startsWith("scrape_"))
                    .contains("a 1", "b 2", "up 1");
        }
    }

    @Test
    void samplesWithATimestampOfTheirOwnAreNotMarkedUnlessAskedFor() {
        String page = "a 1 1700000000000\n";
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page(page).page("");
            hand.start();
            assertThat(hand.rows.take()).containsExactly("a{instance=\"h:1\",job=\"llm\"} 1 @1700000000000");
            hand.nextTick();
            assertThat(hand.rows.take()).isEmpty();
        }
        try (HandDriven hand = new HandDriven(job.toBuilder()
                .parsing(ParseOptions.builder().trackTimestampsStaleness(true).build())
                .build())) {
            hand.answers.page(page).page("");
            hand.start();
            hand.rows.take();
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a stale");
        }
        try (HandDriven hand = new HandDriven(job.toBuilder()
                .parsing(ParseOptions.builder().honorTimestamps(false).build())
                .build())) {
            hand.answers.page(page).page("");
            hand.start();
            assertThat(hand.rows.take())
                    .containsExactly("a{instance=\"h:1\",job=\"llm\"} 1 @" + hand.clock.wallMillis());
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a stale");
        }
    }

    @Test
    void tooManySamplesFailTheScrape() {
        try (HandDriven hand = new HandDriven(job.toBuilder()
                .limits(ScrapeLimits.builder().samples(2).build())
                .reports(ScrapeJob.Reports.STANDARD)
                .build())) {
            hand.answers.page(A_AND_B).page("a 1\nb 2\nc 3\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).contains("a 1", "b 2", "up 1");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).contains("up 0").doesNotContain("a 1", "c 3");
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.LIMIT);
            assertThat(hand.status().lastFailure().message()).contains("2");
        }
    }

    @Test
    void aScrapeThatOutlastsItsTimeoutIsCanceledAndALatePageIsNotUsed() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.nextTick();
            hand.advance(Duration.ofMillis(3999));
            HandDriven.Pending hanging = hand.answers.pending.get(0);
            assertThat(hanging.canceled).isFalse();
            hand.advance(Duration.ofMillis(1));
            assertThat(hanging.canceled).isTrue();
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.TIMEOUT);
            assertThat(hand.status().lastFailure().message())
                    .isEqualTo("the page was not complete within 4s (timeout of the job)");
            hand.rows.take();
            hanging.page("a 2\n");
            assertThat(hand.rows.take()).isEmpty();
            hand.answers.page("a 3\n");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 3");
        }
    }

    @Test
    void whatWasMissedWhileTheProcessWasFrozenIsCountedAndNotMadeUpFor() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n");
            hand.start();
            long tick = hand.status().nextScrapeMillis();
            long thaw = tick + 35_000;
            hand.clock.advance(Duration.ofMillis(thaw - hand.clock.wallMillis()));
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.all).last().isEqualTo("a{instance=\"h:1\",job=\"llm\"} 2 @" + thaw);
            assertThat(hand.rows.all).hasSize(2);
            assertThat(hand.status().counts().skipped()).isEqualTo(3);
            assertThat(hand.status().nextScrapeMillis()).isEqualTo(tick + 40_000);
            hand.nextTick();
            assertThat(hand.rows.all).last().isEqualTo("a{instance=\"h:1\",job=\"llm\"} 3 @" + (tick + 40_000));
        }
    }

    @Test
    void aClockSetForwardIsFollowed() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n");
            hand.start();
            hand.clock.jumpWall(Duration.ofHours(1));
            hand.advance(Duration.ofSeconds(15));
            long second = lastTimestamp(hand);
            assertThat(hand.rows.all).hasSize(2);
            hand.nextTick();
            assertThat(lastTimestamp(hand) - second).isBetween(1L, 20_000L);
        }
    }

    @Test
    void aClockSetBackALittleGivesNoTimestampThatWasGivenBefore() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n");
            hand.start();
            hand.nextTick();
            long before = lastTimestamp(hand);
            hand.clock.jumpWall(Duration.ofSeconds(-15));
            hand.advance(INTERVAL);
            assertThat(hand.rows.all).hasSize(3);
            assertThat(lastTimestamp(hand)).isEqualTo(before + 1);
        }
    }

    @Test
    void aClockSetBackFarIsFollowedAndScrapesGoOn() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n").page("a 4\n");
            hand.start();
            hand.nextTick();
            hand.clock.jumpWall(Duration.ofHours(-1));
            long wall = hand.clock.wallMillis();
            hand.advance(INTERVAL.multipliedBy(2));
            assertThat(hand.rows.all).hasSize(4);
            assertThat(lastTimestamp(hand) - wall).isBetween(10_000L, 20_000L);
        }
    }

    @Test
    void aRefusingSinkIsCountedAndChangesNothingElse() {
        try (HandDriven hand = new HandDriven(
                job.toBuilder().reports(ScrapeJob.Reports.STANDARD).build())) {
            hand.answers.page(A_AND_B).page(A_AND_B).page(A_AND_B);
            hand.rows.refuse = true;
            hand.start();
            assertThat(hand.status().health()).isEqualTo(Health.UP);
            assertThat(hand.status().lastScrape().refusal()).isEqualTo("the sink took none of the 7 samples");
            hand.rows.failure = new IllegalStateException("disk full");
            hand.nextTick();
            assertThat(hand.status().lastScrape().refusal())
                    .isEqualTo("the sink threw java.lang.IllegalStateException: disk full");
            hand.rows.refuse = false;
            hand.rows.failure = null;
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).contains("a 1", "b 2", "up 1");
            assertThat(hand.status().counts()).isEqualTo(new TargetStatus.Counts(3, 0, 0, 2));
        }
    }

    @Test
    void aListenerThatThrowsDisturbsNothing() {
        ScrapeListener broken = new ScrapeListener() {
            @Override
            public void scraped(TargetStatus status) {
                throw new IllegalStateException("a mistake of the user");
            }
        };
        try (HandDriven hand = new HandDriven(builder -> builder.listener(broken), job)) {
            hand.answers.page("a 1\n").page("a 2\n");
            hand.start();
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a 2");
        }
    }

    @Test
    void anErrorOfTheListenerEndsNoLoop() {
        ScrapeListener broken = new ScrapeListener() {
            @Override
            public void scraped(TargetStatus status) {
                throw new AssertionError("of the listener");
            }
        };
        try (HandDriven hand = new HandDriven(builder -> builder.listener(broken), job)) {
            hand.answers.page("a 1\n").page("a 2\n");
            Throwable ofStart = catchThrowable(hand::start);
            Throwable ofTick = catchThrowable(hand::nextTick);
            assertThat(Stream.of(ofStart, ofTick))
                    .allMatch(thrown -> thrown == null || thrown instanceof AssertionError);
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a 2");
        }
    }

    @Test
    void theListenerIsToldOfEveryScrape() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").then(fetch -> fetch.fail(CONNECTION, "down"));
            hand.start();
            hand.nextTick();
            assertThat(hand.events).containsExactly("scraped UP", "scraped DOWN");
        }
    }

    @Test
    void aFetcherThatThrowsFailsTheScrapeOnly() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .then(fetch -> {
                        throw new IllegalStateException("a mistake of ours");
                    })
                    .page("a 2\n");
            hand.start();
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.INTERNAL);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 2");
        }
    }

    @Test
    void aScrapeNowIsOffTheGridAndTheTicksGoOn() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n");
            hand.start();
            long tick = hand.status().nextScrapeMillis();
            hand.clock.advance(Duration.ofMillis(1234));
            long now = hand.clock.wallMillis();
            assertThat(hand.scraper.scrapeNow(Duration.ofSeconds(1)).complete()).isTrue();
            assertThat(lastTimestamp(hand)).isEqualTo(now);
            hand.nextTick();
            assertThat(lastTimestamp(hand)).isEqualTo(tick);
            assertThat(hand.rows.all).hasSize(3);
        }
    }

    @Test
    void aScrapeNowBeforeTheFirstScrapeIsTheFirst() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n");
            hand.scraper.start();
            long now = hand.clock.wallMillis();
            assertThat(hand.scraper.scrapeNow(Duration.ofSeconds(1)).complete()).isTrue();
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
            assertThat(hand.status().nextScrapeMillis()).isBetween(now + 4999, now + 15_000);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 2");
            assertThat(hand.status().counts().skipped()).isZero();
        }
    }

    @Test
    void aScrapeNowWhileOneIsRunningWaitsForThatOne() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.scraper.scrapeNow(Duration.ofMillis(1)).complete()).isFalse();
            assertThat(hand.answers.requests).hasSize(1);
            hand.answers.pending.get(0).page("a 1\n");
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
        }
    }

    @Test
    void aScrapeNowOfATargetThatIsDownIsComplete() {
        try (HandDriven hand = new HandDriven(
                job.toBuilder().reports(ScrapeJob.Reports.STANDARD).build())) {
            hand.answers.page("a 1\n").then(fetch -> fetch.fail(ScrapeFailure.Kind.CONNECTION, "down"));
            hand.start();
            hand.rows.take();
            assertThat(hand.scraper.scrapeNow(Duration.ofSeconds(1)).complete()).isTrue();
            assertThat(hand.rows.takeBrief()).contains("up 0", "a stale");
        }
    }

    @Test
    void aScrapeNowIntoASinkThatTakesNothingIsCountedLikeAnyOther() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n");
            hand.start();
            hand.rows.refuse = true;
            assertThat(hand.scraper.scrapeNow(Duration.ofSeconds(1)).complete()).isTrue();
            assertThat(hand.status().lastScrape().refusal()).contains("took none of the 1 samples");
            assertThat(hand.status().health()).isEqualTo(TargetStatus.Health.UP);
            hand.rows.refuse = false;
            hand.nextTick();
            assertThat(hand.rows.all).last().asString().contains("} 3 @");
        }
    }

    @Test
    void aTickThatFindsAScrapeNowUnderWayWaitsForIt() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            long tick = hand.status().nextScrapeMillis();
            hand.advance(Duration.ofMillis(tick - hand.clock.wallMillis() - 3));
            assertThat(hand.scraper.scrapeNow(Duration.ofMillis(1)).complete()).isFalse();
            hand.advance(Duration.ofMillis(5));
            hand.answers.page("a 3\n").pending.get(0).page("a 2\n");
            hand.scraper.schedule().ringDue();
            // Two samples a moment apart, but in order and neither lost.
            assertThat(hand.rows.take())
                    .extracting(row -> row.substring(row.indexOf("} ") + 2))
                    .endsWith("2 @" + tick, "3 @" + (tick + 1));
            assertThat(hand.status().counts().skipped()).isZero();
        }
    }

    @Test
    void aScrapeThatWasFrozenTimesOutAndTheNextIsMadeAtOnce() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.nextTick();
            hand.rows.take();
            hand.answers.page("a 3\n");
            hand.clock.advance(Duration.ofHours(1));
            hand.scraper.schedule().ringDue();
            assertThat(hand.answers.pending.get(0).canceled).isTrue();
            assertThat(hand.rows.takeBrief()).containsExactly("a stale", "a 3");
            assertThat(hand.status().counts().failures()).isEqualTo(1);
            assertThat(lastTimestamp(hand)).isEqualTo(hand.clock.wallMillis());
        }
    }

    private static long lastTimestamp(HandDriven hand) {
        List<String> all = hand.rows.all;
        String last = all.get(all.size() - 1);
        return Long.parseLong(last.substring(last.indexOf('@') + 1));
    }
}

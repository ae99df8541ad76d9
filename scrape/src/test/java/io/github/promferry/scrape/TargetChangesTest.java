package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.promferry.scrape.relabel.Relabeler;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Targets that come and go, and what becomes of their series. */
class TargetChangesTest {
    private static final Target FIRST = Target.of("h:1");

    private final ScrapeJob job = HandDriven.job().target(FIRST).build();
    private final ScrapeJob reported =
            job.toBuilder().reports(ScrapeJob.Reports.STANDARD).build();

    @Test
    void aTargetAddedAtRunTimeIsScrapedAtOnceAndTheOthersKeepTheirMoments() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            long tick = hand.status().nextScrapeMillis();
            hand.rows.take();
            hand.advance(Duration.ofSeconds(2));
            hand.answers.page("b 1\n");
            assertThat(hand.scraper.addTarget("llm", Target.of("h:2"))).isTrue();
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.take())
                    .containsExactly("b{instance=\"h:2\",job=\"llm\"} 1 @" + hand.clock.wallMillis());
            assertThat(hand.status().nextScrapeMillis()).isEqualTo(tick);
        }
    }

    @Test
    void aTargetThatIsThereAlreadyIsLeftAsItIs() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.scraper.addTarget("llm", FIRST)).isFalse();
            assertThat(hand.scraper.status()).hasSize(1);
            assertThat(hand.answers.requests).hasSize(1);
        }
    }

    @Test
    void relabelingOfANewTargetThatTakesItsTimeKeepsNobodyFromTheStatus() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        Relabeler slow = Relabeler.keepIf(labels -> {
            if (!"h:2".equals(labels.get("__address__"))) {
                return true;
            }
            entered.countDown();
            try {
                return released.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        });
        try (HandDriven hand =
                new HandDriven(HandDriven.job().target("h:1").relabel(slow).build())) {
            CompletableFuture<Boolean> added =
                    CompletableFuture.supplyAsync(() -> hand.scraper.addTarget("llm", Target.of("h:2")));
            entered.await();
            assertThat(hand.scraper.status()).hasSize(1);
            assertThat(added).isNotDone();
            released.countDown();
            assertThat(added.join()).isTrue();
            assertThat(hand.scraper.status()).hasSize(2);
        }
    }

    @Test
    void targetsCanBeAddedAndRemovedBeforeTheStart() {
        try (HandDriven hand = new HandDriven(job)) {
            assertThat(hand.scraper.addTarget("llm", Target.of("h:2"))).isTrue();
            assertThat(hand.scraper.removeTarget("llm", FIRST)).isTrue();
            hand.start();
            assertThat(hand.answers.requests)
                    .extracting(request -> request.uri().getAuthority())
                    .containsExactly("h:2");
        }
    }

    @Test
    void anUnknownJobIsNamedWithTheKnownOnes() {
        try (HandDriven hand = new HandDriven(job)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> hand.scraper.addTarget("lmm", FIRST))
                    .withMessage("there is no job \"lmm\", only [llm]");
            assertThat(hand.scraper.removeTarget("llm", Target.of("h:9"))).isFalse();
        }
    }

    @Test
    void aRemovedTargetsSeriesAndReportsAreMarkedAfterTwoIntervalsWithTheTimeOfTheNextTick() {
        try (HandDriven hand = new HandDriven(reported)) {
            hand.answers.page("a 1\nb 2\n");
            hand.start();
            hand.rows.take();
            long tick = hand.status().nextScrapeMillis();
            assertThat(hand.scraper.removeTarget("llm", FIRST)).isTrue();
            assertThat(hand.scraper.status()).isEmpty();
            hand.advance(Duration.ofMillis(tick - hand.clock.wallMillis() + 10_999));
            assertThat(hand.rows.all).hasSize(7);
            hand.advance(Duration.ofMillis(1));
            assertThat(hand.rows.all.subList(7, 14)).allMatch(row -> row.endsWith(" stale @" + tick));
            assertThat(hand.rows.takeBrief())
                    .containsExactlyInAnyOrder(
                            "a stale",
                            "b stale",
                            "up stale",
                            "scrape_duration_seconds stale",
                            "scrape_samples_scraped stale",
                            "scrape_samples_post_metric_relabeling stale",
                            "scrape_series_added stale");
            hand.advance(Duration.ofMinutes(1));
            assertThat(hand.rows.take()).isEmpty();
            assertThat(hand.scraper.schedule().size()).isZero();
        }
    }

    @Test
    void aRemovedTargetsMarkersDoNotWaitForAClockThatWasSetBackToCatchUp() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.clock.jumpWall(Duration.ofHours(-3));
            hand.scraper.removeTarget("llm", FIRST);
            hand.advance(Duration.ofSeconds(26));
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a stale");
        }
    }

    @Test
    void aRemovedTargetThatNeverAnsweredHasOnlyItsReportsMarked() {
        try (HandDriven hand = new HandDriven(reported)) {
            hand.answers.then(fetch -> fetch.fail(CONNECTION, "down"));
            hand.start();
            hand.rows.take();
            hand.scraper.removeTarget("llm", FIRST);
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.takeBrief()).hasSize(5).contains("up stale");
        }
    }

    @Test
    void aRemovedTargetThatWasNeverScrapedHasNothingMarked() {
        try (HandDriven hand =
                new HandDriven(reported.toBuilder().firstScrapeAtOnce(false).build())) {
            hand.start();
            hand.scraper.removeTarget("llm", FIRST);
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.take()).isEmpty();
        }
    }

    @Test
    void aTargetThatIsRemovedDuringAFetchIsNotWaitedFor() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            HandDriven.Pending hanging = hand.answers.pending.get(0);
            hand.scraper.removeTarget("llm", FIRST);
            assertThat(hanging.canceled).isTrue();
            hanging.page("a 1\n");
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.take()).isEmpty();
        }
    }

    @Test
    void aTargetThatReturnsWithinTwoIntervalsGoesOnWithoutAMarker() {
        try (HandDriven hand = new HandDriven(reported)) {
            hand.answers.page("a 1\nb 2\n");
            hand.start();
            hand.rows.take();
            hand.scraper.removeTarget("llm", FIRST);
            hand.advance(Duration.ofSeconds(8));
            hand.answers.page("a 2\n").page("a 3\n").page("a 4\n").page("a 5\n");
            assertThat(hand.scraper.addTarget("llm", FIRST)).isTrue();
            hand.scraper.schedule().ringDue();
            // b vanished meanwhile, which the loop notices since it knows what was there before.
            assertThat(hand.rows.takeBrief())
                    .filteredOn(row -> !row.startsWith("scrape"))
                    .containsExactly("a 2", "b stale", "up 1");
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.takeBrief()).doesNotContain("a stale", "up stale", "b stale");
        }
    }

    @Test
    void aTargetThatReturnsWithAnotherPathTakesItsSeriesOver() {
        try (HandDriven hand = new HandDriven(reported)) {
            hand.answers.page("a 1\nb 2\n");
            hand.start();
            hand.rows.take();
            hand.scraper.removeTarget("llm", FIRST);
            hand.answers.page("a 2\n").page("a 3\n").page("a 4\n").page("a 5\n");
            hand.scraper.addTarget("llm", Target.of("h:1", Map.of("__metrics_path__", "/other")));
            hand.clock.advance(Duration.ofMillis(1));
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.takeBrief())
                    .filteredOn(row -> !row.startsWith("scrape"))
                    .containsExactly("a 2", "b stale", "up 1");
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.takeBrief()).doesNotContain("a stale", "up stale");
        }
    }

    /** In the same millisecond, too: receivers take one sample of a series at a time. */
    @Test
    void aTargetThatTakesSeriesOverGivesNoTimestampThatWasGivenBefore() {
        try (HandDriven hand = new HandDriven(HandDriven.job().target(FIRST).build())) {
            hand.answers.page("a 1\n").page("a 2\n");
            hand.start();
            long first = hand.status().lastScrape().timestampMillis();
            hand.scraper.removeTarget("llm", FIRST);
            hand.scraper.addTarget("llm", Target.of("h:1", Map.of("__metrics_path__", "/other")));
            hand.scraper.schedule().ringDue();
            assertThat(hand.status().lastScrape().timestampMillis()).isEqualTo(first + 1);
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a 2");
        }
    }

    @Test
    void aTargetThatTookSeriesOverAndIsRemovedBeforeItsFirstScrapeHasThemMarked() {
        Target moved = Target.of("h:1", Map.of("__metrics_path__", "/other"));
        try (HandDriven hand =
                new HandDriven(reported.toBuilder().firstScrapeAtOnce(false).build())) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.advance(Duration.ofSeconds(10));
            hand.scraper.removeTarget("llm", FIRST);
            hand.scraper.addTarget("llm", moved);
            hand.scraper.removeTarget("llm", moved);
            hand.rows.take();
            hand.advance(Duration.ofMinutes(1));
            assertThat(hand.rows.takeBrief())
                    .containsExactlyInAnyOrder(
                            "a stale",
                            "up stale",
                            "scrape_duration_seconds stale",
                            "scrape_samples_scraped stale",
                            "scrape_samples_post_metric_relabeling stale",
                            "scrape_series_added stale");
        }
    }

    @Test
    void aTargetThatReturnsLaterBeginsAnew() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.scraper.removeTarget("llm", FIRST);
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a stale");
            hand.answers.page("a 2\n");
            assertThat(hand.scraper.addTarget("llm", FIRST)).isTrue();
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.takeBrief()).containsExactly("a 2");
        }
    }

    @Test
    void aTargetThatMovesToAnotherJobIsMarkedInTheOldOne() {
        ScrapeJob second = HandDriven.job().build();
        ScrapeJob other = ScrapeJob.builder("other")
                .interval(second.interval())
                .reports(ScrapeJob.Reports.NONE)
                .build();
        try (HandDriven hand = new HandDriven(job, other)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n").page("a 4\n").page("a 5\n");
            hand.start();
            hand.scraper.removeTarget("llm", FIRST);
            hand.scraper.addTarget("other", FIRST);
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.all)
                    .filteredOn(row -> row.contains("stale"))
                    .hasSize(1)
                    .allMatch(row -> row.startsWith("a{instance=\"h:1\",job=\"llm\"}"));
        }
    }

    @Test
    void aTargetThatMovesToAnotherJobWithTheSameLabelsIsNotMarked() {
        ScrapeJob other = ScrapeJob.builder("other")
                .interval(Duration.ofSeconds(10))
                .reports(ScrapeJob.Reports.NONE)
                .build();
        try (HandDriven hand = new HandDriven(job, other)) {
            hand.answers.page("a 1\n").page("a 2\n").page("a 3\n").page("a 4\n").page("a 5\n");
            hand.start();
            hand.scraper.removeTarget("llm", FIRST);
            hand.scraper.addTarget("other", Target.of("h:1", Map.of("job", "llm")));
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.all).noneMatch(row -> row.contains("stale"));
        }
    }

    @Test
    void closingMarksNothing() {
        HandDriven hand = new HandDriven(reported);
        hand.answers.page("a 1\n");
        hand.start();
        hand.rows.take();
        hand.close();
        assertThat(hand.rows.take()).isEmpty();
        assertThat(hand.answers.closed).isTrue();
    }

    @Test
    void closingMarksEverythingIfToldSo() {
        HandDriven hand = new HandDriven(builder -> builder.staleMarkersOnClose(true), reported);
        hand.answers.page("a 1\n");
        hand.start();
        hand.rows.take();
        hand.advance(Duration.ofMillis(1500));
        hand.close();
        assertThat(hand.rows.all.get(6)).isEqualTo("a{instance=\"h:1\",job=\"llm\"} stale @" + hand.clock.wallMillis());
        assertThat(hand.rows.takeBrief()).hasSize(6).allMatch(row -> row.endsWith(" stale"));
        hand.scraper.close();
        assertThat(hand.rows.take()).isEmpty();
    }

    @Test
    void closingCancelsAFetchAndMarksWhatWasLive() {
        HandDriven hand = new HandDriven(builder -> builder.staleMarkersOnClose(true), job);
        hand.answers.page("a 1\n");
        hand.start();
        hand.nextTick();
        hand.rows.take();
        hand.close();
        assertThat(hand.answers.pending.get(0).canceled).isTrue();
        assertThat(hand.rows.takeBrief()).containsExactly("a stale");
    }

    @Test
    void theFirstScrapesOfALargeFleetComeInBursts() {
        ScrapeJob.Builder fleet = HandDriven.job();
        for (int i = 0; i < 120; i++) {
            fleet.target("h:" + (1 + i));
        }
        try (HandDriven hand = new HandDriven(fleet.build())) {
            hand.start();
            assertThat(hand.answers.requests).hasSize(50);
            hand.advance(Duration.ofMillis(49));
            assertThat(hand.answers.requests).hasSize(50);
            hand.advance(Duration.ofMillis(51));
            assertThat(hand.answers.requests).hasSize(120);
        }
    }
}

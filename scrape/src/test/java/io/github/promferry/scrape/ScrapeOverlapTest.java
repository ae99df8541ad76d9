package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

/** A target, or a sink, that takes longer than the interval. */
class ScrapeOverlapTest {
    @Test
    void aTickThatFindsTheScrapeBeforeAtWorkIsSkippedAndNeverStacked() {
        ArrayDeque<Runnable> queue = new ArrayDeque<>();
        ScrapeJob job = HandDriven.job().target("h:1").target("h:2").build();
        HandDriven.Answers answers = new HandDriven.Answers();
        try (HandDriven hand = new HandDriven(builder -> builder.byHand(queue::add, unused -> answers), job)) {
            answers.then("h:1", fetch -> fetch.page("a 1\n")).then("h:1", fetch -> fetch.page("a 2\n"));
            for (int i = 1; i <= 4; i++) {
                answers.then("h:2", fetch -> fetch.page("b 1\n"));
            }
            hand.start();
            // The worker takes the other target's pages only: h:1 waits for its turn, as behind a sink that blocks.
            Runnable stuck = queue.poll();
            for (int i = 0; i < 3; i++) {
                queue.forEach(Runnable::run);
                queue.clear();
                hand.advance(Duration.ofSeconds(10));
            }
            queue.forEach(Runnable::run);
            queue.clear();
            TargetStatus slow = hand.scraper.status().get(0);
            assertThat(slow.counts().scrapes()).isZero();
            assertThat(slow.counts().skipped()).isGreaterThanOrEqualTo(2);
            assertThat(hand.events).contains("skipped");
            assertThat(answers.requests)
                    .filteredOn(request -> request.uri().getPort() == 1)
                    .hasSize(1);
            TargetStatus other = hand.scraper.status().get(1);
            assertThat(other.counts().scrapes()).isGreaterThanOrEqualTo(3);
            assertThat(other.counts().skipped()).isZero();
            stuck.run();
            hand.advance(Duration.ofSeconds(10));
            queue.forEach(Runnable::run);
            assertThat(hand.scraper.status().get(0).counts().scrapes()).isEqualTo(2);
        }
    }

    /** The timeout is the interval unless told otherwise, if that is short. */
    @Test
    void aTargetThatHangsForTheWholeIntervalIsDownAtEveryTick() {
        ScrapeJob job = ScrapeJob.builder("llm")
                .interval(Duration.ofSeconds(5))
                .target("h:1")
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n");
            hand.start();
            hand.nextTick();
            long tick = hand.clock.wallMillis();
            hand.advance(Duration.ofSeconds(20));
            assertThat(hand.rows.all)
                    .filteredOn(row -> row.startsWith("up{"))
                    .extracting(row -> row.substring(row.indexOf('}')))
                    .endsWith(
                            "} 0 @" + tick,
                            "} 0 @" + (tick + 5000),
                            "} 0 @" + (tick + 10_000),
                            "} 0 @" + (tick + 15_000));
            assertThat(hand.status().counts().skipped()).isZero();
            assertThat(hand.events).doesNotContain("skipped");
        }
    }

    @Test
    void aScrapeThatIsALittleLateDelaysTheNextAndDoesNotTakeItsTick() {
        ScrapeJob job = HandDriven.job().target("h:1").build();
        ArrayDeque<Runnable> queue = new ArrayDeque<>();
        HandDriven.Answers answers = new HandDriven.Answers();
        try (HandDriven hand = new HandDriven(builder -> builder.byHand(queue::add, unused -> answers), job)) {
            answers.page("a 1\n").page("a 2\n").page("a 3\n").page("a 4\n");
            hand.start();
            long tick = hand.status().nextScrapeMillis();
            hand.nextTick();
            hand.advance(Duration.ofMillis(999));
            assertThat(answers.requests).hasSize(1);
            queue.poll().run();
            hand.scraper.schedule().ringDue();
            assertThat(answers.requests).hasSize(2);
            hand.advance(Duration.ofMillis(1));
            queue.poll().run();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "a 2");
            assertThat(hand.status().counts().skipped()).isZero();
            assertThat(hand.status().nextScrapeMillis()).isEqualTo(tick + 10_000);

            // Within the tolerance the next one has the tick's time, too.
            hand.nextTick();
            hand.advance(Duration.ofSeconds(10).plusMillis(10));
            queue.poll().run();
            hand.scraper.schedule().ringDue();
            queue.poll().run();
            assertThat(hand.rows.take()).last().asString().endsWith(" 4 @" + (tick + 20_000));
        }
    }
}

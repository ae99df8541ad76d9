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
}

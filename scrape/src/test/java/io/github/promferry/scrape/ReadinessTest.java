package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static io.github.promferry.scrape.ScrapeFailure.Kind.STATUS;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.scrape.TargetStatus.Health;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** An engine that loads its model for minutes. */
class ReadinessTest {
    private final ScrapeJob job = HandDriven.job()
            .target("h:1")
            .reports(ScrapeJob.Reports.STANDARD)
            .waitUntilReady(Duration.ofSeconds(1))
            .build();

    @Test
    void isAskedQuicklyAndInSilenceUntilItAnswersAndScrapedAtOnceThen() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .then(fetch -> fetch.fail(CONNECTION, "cannot connect"))
                    .then(fetch -> fetch.fail(CONNECTION, "cannot connect"))
                    .then(fetch -> fetch.fail(STATUS, "server returned HTTP status 503"));
            hand.start();
            hand.advance(Duration.ofSeconds(2));
            assertThat(hand.answers.requests).hasSize(3);
            assertThat(hand.rows.take()).isEmpty();
            assertThat(hand.events).isEmpty();
            assertThat(hand.status().health()).isEqualTo(Health.UNKNOWN);
            assertThat(hand.status().lastFailure().kind()).isEqualTo(STATUS);
            assertThat(hand.status().counts()).isEqualTo(new TargetStatus.Counts(0, 0, 0, 0));
            hand.answers.page("a 1\n");
            hand.advance(Duration.ofSeconds(1));
            long first = hand.clock.wallMillis();
            assertThat(hand.rows.all).contains("a{instance=\"h:1\",job=\"llm\"} 1 @" + first);
            assertThat(hand.rows.takeBrief()).contains("up 1");
            assertThat(hand.status().health()).isEqualTo(Health.UP);
            assertThat(hand.status().nextScrapeMillis() - first).isBetween(5000L, 15_000L);
        }
    }

    @Test
    void onceItHasAnsweredAFailureIsAFailure() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\n").then(fetch -> fetch.fail(CONNECTION, "cannot connect"));
            hand.start();
            hand.rows.take();
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).contains("a stale", "up 0");
            assertThat(hand.status().counts().failures()).isEqualTo(1);
        }
    }

    @Test
    void aPageThatCannotBeReadIsAnAnswer() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("}{\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).contains("up 0");
            assertThat(hand.status().health()).isEqualTo(Health.DOWN);
        }
    }

    @Test
    void aTargetThatIsRemovedWhileItIsWaitedForLeavesNoMarkers() {
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.then(fetch -> fetch.fail(CONNECTION, "cannot connect"));
            hand.start();
            hand.scraper.removeTarget("llm", Target.of("h:1"));
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.take()).isEmpty();
            assertThat(hand.scraper.schedule().size()).isZero();
        }
    }
}

package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.scrape.ScrapeFailure.Kind;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LimitsTest {
    @Test
    void aSampleTooManyFailsTheScrapeWithTheCountsOfTheWholePage() {
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .sampleLimit(2)
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
    void aLabelOverALimitFailsTheScrapeWithItsLine() {
        ScrapeJob job =
                HandDriven.job().target("h:1").labelValueLengthLimit(100).build();
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
                .labelValueLengthLimit(10)
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
                .targetLimit(2)
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

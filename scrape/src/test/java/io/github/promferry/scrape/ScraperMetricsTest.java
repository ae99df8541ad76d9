package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.scrape.relabel.RelabelRule;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScraperMetricsTest {
    @Test
    void tellsWhatHappenedAlsoToTargetsThatAreGone() {
        RelabelRule dropB = RelabelRule.builder()
                .sourceLabels("__name__")
                .regex("b")
                .action(RelabelRule.Action.DROP)
                .build();
        ScrapeJob job = HandDriven.job()
                .target("h:1")
                .target("h:2")
                .metricRelabel(dropB)
                .limits(ScrapeLimits.builder().series(1).build())
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers
                    .then("h:1", fetch -> {
                        hand.clock.advance(Duration.ofMillis(500));
                        fetch.page("a 1\na 1\na 1 9999999999999\nb 2\nc 3\n");
                    })
                    .then("h:2", fetch -> fetch.fail(CONNECTION, "down"));
            hand.start();
            hand.rows.refuse = true;
            hand.scraper.removeTarget("llm", Target.of("h:2"));
            Map<String, Double> metrics = collect(hand.scraper);
            assertThat(metrics)
                    .containsEntry("promferry_scrape_scrapes_total{scrape_job=\"llm\"}", 2.0)
                    .containsEntry("promferry_scrape_failures_total{kind=\"connection\",scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_failures_total{kind=\"parse\",scrape_job=\"llm\"}", 0.0)
                    .containsEntry("promferry_scrape_samples_total{scrape_job=\"llm\"}", 5.0)
                    .containsEntry("promferry_scrape_samples_dropped_total{scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_samples_duplicate_total{scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_samples_over_series_limit_total{scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_samples_out_of_order_total{scrape_job=\"llm\"}", 0.0)
                    .containsEntry("promferry_scrape_samples_repeated_total{scrape_job=\"llm\"}", 0.0)
                    .containsEntry("promferry_scrape_samples_too_far_ahead_total{scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_page_bytes_total{scrape_job=\"llm\"}", 34.0)
                    .containsEntry("promferry_scrape_duration_seconds_total{scrape_job=\"llm\"}", 0.5)
                    .containsEntry("promferry_scrape_targets{health=\"up\",scrape_job=\"llm\"}", 1.0)
                    .containsEntry("promferry_scrape_targets{health=\"down\",scrape_job=\"llm\"}", 0.0);
            hand.answers.page("a 1\n");
            hand.nextTick();
            assertThat(collect(hand.scraper)).containsEntry("promferry_scrape_refused_total{scrape_job=\"llm\"}", 1.0);
        }
    }

    @Test
    void givesTheSameObjectForTheSameSeries() {
        try (HandDriven hand = new HandDriven(HandDriven.job().build())) {
            SampleBatch first = new SampleBatch();
            SampleBatch second = new SampleBatch();
            hand.scraper.metrics().collect(first);
            hand.scraper.metrics().collect(second);
            assertThat(first.size()).isPositive().isEqualTo(second.size());
            for (int row = 0; row < first.size(); row++) {
                assertThat(second.series(row)).isSameAs(first.series(row));
            }
        }
    }

    @Test
    void canBeScrapedByTheScraperItself() {
        try (HandDriven hand = new HandDriven(HandDriven.job().build())) {
            hand.start();
            hand.scraper.addSource("llm", hand.scraper.metrics(), Labels.of("instance", "forwarder"));
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.take())
                    .contains(
                            "promferry_scrape_scrapes_total{instance=\"forwarder\",job=\"llm\",scrape_job=\"llm\"} 0 @"
                                    + hand.clock.wallMillis());
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).contains("promferry_scrape_scrapes_total 1");
        }
    }

    static Map<String, Double> collect(Scraper scraper) {
        SampleBatch batch = new SampleBatch();
        scraper.metrics().collect(batch);
        Map<String, Double> all = new LinkedHashMap<>();
        for (int row = 0; row < batch.size(); row++) {
            all.put(
                    batch.series(row).fullLabels(Labels.EMPTY).toString(),
                    Double.longBitsToDouble(batch.valueBits(row)));
        }
        return all;
    }
}

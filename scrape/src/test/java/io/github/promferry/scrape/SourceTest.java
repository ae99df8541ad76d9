package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.relabel.RelabelRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Sources of this process, scraped like targets. */
class SourceTest {
    private static final Series A = series("a");
    private static final Series B = series("b");

    private final List<Series> current = new ArrayList<>(List.of(A, B));
    private final MetricSource source = batch ->
            current.forEach(series -> batch.add(series, SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(1)));

    private static Series series(String name, String... labels) {
        Labels.Builder all = Labels.builder().add("__name__", name);
        for (int i = 0; i < labels.length; i += 2) {
            all.add(labels[i], labels[i + 1]);
        }
        return Series.of(all.build(), MetricMetadata.NONE);
    }

    @Test
    void isScrapedOnTheGridWithTheLabelsOfATargetAndReports() {
        ScrapeJob job = HandDriven.job()
                .source(source, Labels.of("part", "cache"))
                .reports(ScrapeJob.Reports.STANDARD)
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.rows.take())
                    .contains("a{instance=\"this-host\",job=\"llm\",part=\"cache\"} 1 @" + hand.clock.wallMillis())
                    .contains("up{instance=\"this-host\",job=\"llm\",part=\"cache\"} 1 @" + hand.clock.wallMillis())
                    .hasSize(7);
            long tick = hand.status().nextScrapeMillis();
            hand.nextTick();
            assertThat(hand.rows.take()).contains("b{instance=\"this-host\",job=\"llm\",part=\"cache\"} 1 @" + tick);
            assertThat(hand.answers.requests).isEmpty();
            assertThat(hand.status().lastScrape().samplesScraped()).isEqualTo(2);
            assertThat(hand.status().lastScrape().seriesAdded()).isZero();
        }
    }

    @Test
    void aSeriesThatVanishesIsMarkedOnceAndMayReturn() {
        try (HandDriven hand = new HandDriven(HandDriven.job().source(source).build())) {
            hand.start();
            hand.rows.take();
            current.remove(B);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b stale");
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
            current.add(B);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1");
        }
    }

    @Test
    void anExceptionFailsTheScrapeAndMarksWhatWasLive() {
        boolean[] broken = {false};
        MetricSource fragile = batch -> {
            if (broken[0]) {
                batch.add(A, SampleBatch.NO_TIMESTAMP, 0);
                throw new IllegalStateException("a mistake of the user");
            }
            source.collect(batch);
        };
        try (HandDriven hand = new HandDriven(HandDriven.job().source(fragile).build())) {
            hand.start();
            hand.rows.take();
            broken[0] = true;
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactlyInAnyOrder("a stale", "b stale");
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.INTERNAL);
            hand.nextTick();
            assertThat(hand.rows.take()).isEmpty();
            broken[0] = false;
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1");
        }
    }

    @Test
    void labelsThatConflictAreExportedAndSeriesRelabeled() {
        current.add(series("c", "job", "own"));
        RelabelRule dropB = RelabelRule.builder()
                .sourceLabels("__name__")
                .regex("b")
                .action(RelabelRule.Action.DROP)
                .build();
        ScrapeJob job = HandDriven.job().source(source).metricRelabel(dropB).build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.rows.take())
                    .extracting(row -> row.replaceFirst(" @.*", ""))
                    .containsExactly(
                            "a{instance=\"this-host\",job=\"llm\"} 1",
                            "c{exported_job=\"own\",instance=\"this-host\",job=\"llm\"} 1");
            assertThat(hand.status().lastScrape().samplesKept()).isEqualTo(2);
        }
    }

    @Test
    void duplicatesLimitsExemplarsAndStartTimestampsAreAsOnAPage() {
        SampleBatch[] seen = {null};
        List<Exemplar> exemplars = new ArrayList<>();
        List<Long> starts = new ArrayList<>();
        MetricSource rich = batch -> {
            batch.add(A, SampleBatch.NO_TIMESTAMP, 1);
            batch.setStartTimestamp(77);
            batch.addExemplar(new Exemplar(Labels.of("trace_id", "t"), 0.5, SampleBatch.NO_TIMESTAMP));
            batch.add(A, SampleBatch.NO_TIMESTAMP, 2);
            batch.addExemplar(new Exemplar(Labels.of("trace_id", "duplicate"), 0.5, 5));
            batch.add(B, 123, 3);
        };
        HandDriven hand = new HandDriven(
                builder -> builder.sink(batch -> {
                    seen[0] = batch;
                    for (int i = 0; i < batch.exemplarCount(); i++) {
                        exemplars.add(batch.exemplar(i));
                    }
                    starts.add(batch.startTimestamp(0));
                    starts.add(batch.timestamp(1));
                    return true;
                }),
                HandDriven.job().source(rich).build());
        try (hand) {
            hand.start();
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
            assertThat(exemplars)
                    .containsExactly(new Exemplar(Labels.of("trace_id", "t"), 0.5, hand.clock.wallMillis()));
            assertThat(starts).containsExactly(77L, 123L);
        }
        try (HandDriven limited = new HandDriven(HandDriven.job()
                .source(rich)
                .limits(ScrapeLimits.builder().samples(2).build())
                .build())) {
            limited.start();
            assertThat(limited.status().lastFailure()).isNull();
        }
        try (HandDriven limited = new HandDriven(HandDriven.job()
                .source(rich)
                .limits(ScrapeLimits.builder().samples(1).build())
                .build())) {
            limited.start();
            assertThat(limited.status().lastFailure().message())
                    .isEqualTo("the source gave 2 samples, more than the sample limit 1");
            assertThat(limited.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.LIMIT);
            assertThat(limited.rows.take()).isEmpty();
        }
    }

    @Test
    void whatCameBeforeTheSampleLimitLivesOnAsOfAPage() {
        ScrapeJob job = HandDriven.job()
                .source(source)
                .limits(ScrapeLimits.builder().samples(2).build())
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1");
            current.add(1, series("c"));
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("b stale");
            assertThat(hand.status().lastScrape().seriesAdded()).isEqualTo(1);
            current.remove(1);
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1", "b 1", "c stale");
        }
    }

    /** As of a page: each scrape is a list of timestamps and values of one series, with what must become of them. */
    @Test
    void timestampsThatGoBackwardsAreLeftOutAndEndTheSeriesIfTheyAreTracked() {
        List<long[]> samples = new ArrayList<>();
        MetricSource stamped = batch -> samples.forEach(sample -> batch.add(A, sample[0], sample[1]));
        ScrapeJob job = HandDriven.job()
                .source(stamped)
                .parsing(ParseOptions.builder().trackTimestampsStaleness(true).build())
                .build();
        try (HandDriven hand = new HandDriven(job)) {
            samples.add(new long[] {2000, 1});
            hand.start();
            assertThat(hand.rows.take()).singleElement().asString().endsWith("@2000");
            samples.set(0, new long[] {1999, 2});
            hand.nextTick();
            assertThat(hand.rows.takeBrief()).containsExactly("a stale");
            assertThat(hand.status().lastScrape().leftOut())
                    .containsExactly(Map.entry(LeftOut.OUT_OF_ORDER, new TargetStatus.LeftOutSamples(1, A.labels())));
            long marked = hand.clock.wallMillis();
            samples.set(0, new long[] {marked, 2});
            hand.nextTick();
            assertThat(hand.rows.take()).isEmpty();
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
            samples.set(0, new long[] {marked + 20_000, 3});
            samples.add(new long[] {marked + 20_000, 4});
            samples.add(new long[] {marked + 19_999, 5});
            samples.add(new long[] {marked + 40_000, 6});
            hand.nextTick();
            assertThat(hand.rows.take()).hasSize(2);
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.OUT_OF_ORDER))
                    .isEqualTo(1);
            // The marker would be behind the last timestamp: no receiver would take it.
            samples.clear();
            hand.nextTick();
            assertThat(hand.rows.take()).isEmpty();
        }
    }
}

package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.discovery.TargetGroup;
import io.github.promferry.scrape.relabel.RelabelRule;
import io.github.promferry.scrape.relabel.RelabelRule.Action;
import io.github.promferry.scrape.relabel.Relabeler;
import io.github.promferry.scrape.relabel.TargetShard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Discovery where it meets the scrape. */
class ScraperDiscoveryTest {
    /** A discovery that the test speaks for. */
    private static final class Spoken implements TargetDiscovery {
        private Publisher publisher;
        private boolean closed;

        @Override
        public void start(Publisher newPublisher) {
            publisher = newPublisher;
        }

        @Override
        public void close() {
            closed = true;
        }

        void find(String... addresses) {
            find(Labels.EMPTY, addresses);
        }

        void find(Labels labels, String... addresses) {
            publisher.publish(List.of(TargetGroup.of("spoken", labels, addresses)));
        }

        @Override
        public String toString() {
            return "word of mouth";
        }
    }

    private final Spoken discovery = new Spoken();

    private ScrapeJob.Builder job() {
        return HandDriven.job().discovery(discovery);
    }

    private static List<String> addresses(HandDriven hand) {
        return hand.scraper.status().stream()
                .map(status -> status.target().address())
                .toList();
    }

    @Test
    void foundTargetsAreScraped() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a 1\n");
            hand.start();
            assertThat(hand.scraper.status()).isEmpty();

            discovery.find(Labels.of("model", "qwen3", "__meta_pod", "x", "__metrics_path__", "/m"), "h:1");
            hand.scraper.schedule().ringDue();

            assertThat(hand.answers.requests)
                    .singleElement()
                    .satisfies(request -> assertThat(request.uri()).hasToString("http://h:1/m"));
            assertThat(hand.rows.take())
                    .singleElement()
                    .asString()
                    .startsWith("a{instance=\"h:1\",job=\"llm\",model=\"qwen3\"} 1 ");
            assertThat(hand.scraper.jobs()).containsExactly(new JobStatus("llm", 1, 0, 0, null));
        }
    }

    @Test
    void targetThatIsFoundAgainKeepsItsScheduleAndSeries() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a 1\nb 1\n").page("a 2\n");
            hand.start();
            discovery.find("h:1");
            hand.scraper.schedule().ringDue();
            long next = hand.status().nextScrapeMillis();
            hand.rows.take();

            // Meta labels differ, the target does not.
            discovery.find(Labels.of("__meta_uid", "2"), "h:1", "h:2");
            assertThat(hand.status().nextScrapeMillis()).isEqualTo(next);
            assertThat(hand.status().counts().scrapes()).isEqualTo(1);
            discovery.find(Labels.of("__meta_uid", "3"), "h:1");
            hand.nextTick();

            assertThat(hand.rows.takeBrief()).containsExactly("a 2", "b stale");
            assertThat(hand.status().lastScrape().seriesAdded()).isZero();
        }
    }

    @Test
    void targetThatIsGoneGetsStaleMarkersAfterTwoIntervals() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a 1\n");
            hand.start();
            discovery.find("h:1");
            hand.scraper.schedule().ringDue();
            hand.rows.take();

            discovery.publisher.publish(List.of());
            assertThat(hand.scraper.status()).isEmpty();
            hand.advance(Duration.ofSeconds(31));

            assertThat(hand.rows.takeBrief()).containsExactly("a stale");
            assertThat(hand.answers.requests).hasSize(1);
        }
    }

    @Test
    void targetThatMovesToAnotherAddressGoesOnWithItsSeries() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a 1\nb 1\n").page("a 2\n");
            hand.start();
            discovery.find(Labels.of("instance", "vllm-0"), "10.0.0.1:8000");
            hand.scraper.schedule().ringDue();
            hand.rows.take();

            hand.advance(Duration.ofMillis(500));
            discovery.find(Labels.of("instance", "vllm-0"), "10.0.0.2:8000");
            hand.scraper.schedule().ringDue();

            // Not a gap for the new address and a marker for the old one: one target, one series that is gone.
            assertThat(hand.rows.takeBrief()).containsExactly("a 2", "b stale");
        }
    }

    @Test
    void targetWhoseIntervalIsChangedGoesOnWithItsSeriesAtMomentsOfItsOwn() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a 1\nb 1\n").page("a 2\n").page("a 3\n").page("a 4\n");
            hand.start();
            discovery.find(Labels.of("__scrape_interval__", "10s"), "h:1");
            hand.scraper.schedule().ringDue();
            hand.rows.take();

            hand.advance(Duration.ofMillis(500));
            discovery.find(Labels.of("__scrape_interval__", "5s"), "h:1");
            hand.scraper.schedule().ringDue();
            assertThat(hand.rows.takeBrief()).containsExactly("a 2", "b stale");
            hand.nextTick();
            long tick = hand.clock.wallMillis();
            hand.nextTick();
            assertThat(hand.clock.wallMillis()).isEqualTo(tick + 5000);
            assertThat(hand.rows.takeBrief()).containsExactly("a 3", "a 4");
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.takeBrief()).doesNotContain("b stale");
        }
    }

    @Test
    void targetThatSeveralHaveStaysUntilTheLastLetsItGo() {
        Spoken second = new Spoken();
        try (HandDriven hand =
                new HandDriven(job().discovery(second).target("fixed:1").build())) {
            hand.start();
            discovery.find("h:1", "fixed:1");
            second.find("h:1");
            assertThat(addresses(hand)).containsExactly("fixed:1", "h:1");

            discovery.publisher.publish(List.of());
            assertThat(addresses(hand)).containsExactly("fixed:1", "h:1");

            second.find();
            assertThat(addresses(hand)).containsExactly("fixed:1");
            assertThat(hand.scraper.removeTarget("llm", Target.of("fixed:1"))).isTrue();
            assertThat(addresses(hand)).isEmpty();
        }
    }

    @Test
    void targetsFoundTwiceInOneListAreOne() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.start();
            discovery.publisher.publish(List.of(
                    TargetGroup.of("one", Labels.of("__meta_x", "1"), "h:1"),
                    TargetGroup.of("two", Labels.of("__meta_x", "2"), "h:1", "h:2")));
            assertThat(addresses(hand)).containsExactly("h:1", "h:2");

            discovery.publisher.publish(List.of(TargetGroup.of("two", Labels.of("__meta_x", "2"), "h:1")));
            assertThat(addresses(hand)).containsExactly("h:1");
        }
    }

    @Test
    void handCannotTakeAwayWhatADiscoveryHolds() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.start();
            discovery.find("h:1");

            assertThat(hand.scraper.removeTarget("llm", Target.of("h:1"))).isFalse();
            assertThat(hand.scraper.addTarget("llm", Target.of("h:1"))).isFalse();
            assertThat(addresses(hand)).containsExactly("h:1");
        }
    }

    @Test
    void droppedTargetsAreShownWithTheReason() {
        RelabelRule ready = RelabelRule.builder()
                .sourceLabels("__meta_ready")
                .regex("true")
                .action(Action.KEEP)
                .build();
        Relabeler rules = Relabeler.of(
                ready,
                RelabelRule.builder()
                        .sourceLabels("__meta_address")
                        .regex("(.+)")
                        .targetLabel("__address__")
                        .build(),
                labels -> {
                    if ("boom:1".equals(labels.get("__address__"))) {
                        throw new IllegalStateException("a mistake of the user");
                    }
                    return labels;
                });
        try (HandDriven hand = new HandDriven(job().relabel(rules).build())) {
            hand.start();
            Labels yes = Labels.of("__meta_ready", "true");
            discovery.publisher.publish(List.of(
                    TargetGroup.of("a", Labels.EMPTY, "loading:1"),
                    TargetGroup.of("b", yes, "boom:1", "http://h:1/metrics", "h:99999", "good:1"),
                    TargetGroup.of("c", yes.withDefaults(Labels.of("__scrape_interval__", "soon")), "h:2"),
                    new TargetGroup("d", List.of(Labels.of("__meta_address", "good:2"), Labels.of("x", "y")), yes)));

            assertThat(addresses(hand)).hasSize(2);
            assertThat(hand.scraper.status())
                    .extracting(status -> status.labels().get("instance"))
                    .containsExactly("good:1", "good:2");
            List<DroppedTarget> dropped = hand.scraper.droppedTargets();
            assertThat(dropped)
                    .extracting(target -> target.labels().toMap().getOrDefault("__address__", ""))
                    .containsExactly("loading:1", "boom:1", "http://h:1/metrics", "h:99999", "h:2", "");
            assertThat(dropped.get(0).reason()).isEqualTo("dropped by " + ready);
            assertThat(dropped.get(0).labels().get("job")).isEqualTo("llm");
            assertThat(dropped.get(1).reason()).isEqualTo("a mistake of the user");
            assertThat(dropped.get(2).reason()).contains("is a URL");
            assertThat(dropped.get(3).reason()).contains("port \"99999\"");
            assertThat(dropped.get(4).reason()).contains("label __scrape_interval__");
            assertThat(dropped.get(5).reason()).contains("the target has no address");
            assertThat(hand.scraper.jobs()).containsExactly(new JobStatus("llm", 2, 6, 0, null));

            discovery.find(yes, "good:1");
            assertThat(hand.scraper.droppedTargets()).isEmpty();
        }
    }

    @Test
    void droppedTargetsAreCountedBeyondThoseKept() {
        Relabeler none = Relabeler.keepIf(labels -> false);
        try (HandDriven hand = new HandDriven(job().relabel(none)
                .limits(ScrapeLimits.builder().droppedTargets(2).build())
                .build())) {
            hand.start();
            discovery.find("h:1", "h:2", "h:3");

            assertThat(hand.scraper.droppedTargets()).hasSize(2);
            assertThat(hand.scraper.jobs().get(0).droppedTargets()).isEqualTo(3);
        }
    }

    @Test
    void failureKeepsTheTargetsAndIsCountedAndTold() {
        List<String> told = new ArrayList<>();
        ScrapeListener listener = new ScrapeListener() {
            @Override
            public void discoveryFailed(String job, String reason) {
                told.add(job + ": " + reason);
                throw new IllegalStateException("a mistake of the user");
            }
        };
        try (HandDriven hand = new HandDriven(builder -> builder.listener(listener), job().build())) {
            hand.start();
            discovery.find("h:1");
            discovery.publisher.failed("no answer");
            discovery.publisher.failed("no answer");

            assertThat(addresses(hand)).containsExactly("h:1");
            assertThat(told).containsExactly("llm: no answer", "llm: no answer");
            assertThat(hand.scraper.jobs()).containsExactly(new JobStatus("llm", 1, 0, 2, "no answer"));
            assertThat(ScraperMetricsTest.collect(hand.scraper))
                    .containsEntry("promferry_scrape_discovery_failures_total{scrape_job=\"llm\"}", 2.0);
        }
    }

    @Test
    void lastFailureIsTheLastByTimeOfAllDiscoveries() {
        Spoken second = new Spoken();
        try (HandDriven hand = new HandDriven(job().discovery(second).build())) {
            hand.start();
            second.publisher.failed("no answer");
            discovery.publisher.failed("no file");
            assertThat(hand.scraper.jobs()).containsExactly(new JobStatus("llm", 0, 0, 2, "no file"));
            second.publisher.failed("no answer");
            assertThat(hand.scraper.jobs()).containsExactly(new JobStatus("llm", 0, 0, 3, "no answer"));
        }
    }

    @Test
    void whatADiscoveryTellsAfterTheEndIsIgnored() {
        List<String> told = new ArrayList<>();
        ScrapeListener listener = new ScrapeListener() {
            @Override
            public void discoveryFailed(String job, String reason) {
                told.add(reason);
            }
        };
        HandDriven hand = new HandDriven(
                builder -> builder.listener(listener),
                job().relabel(labels -> {
                            told.add("relabeled");
                            return labels;
                        })
                        .build());
        hand.start();
        discovery.find("h:1");
        hand.close();
        told.clear();

        discovery.find("h:2");
        discovery.publisher.failed("late");

        assertThat(told).isEmpty();
        assertThat(hand.scraper.jobs().get(0).discoveryFailures()).isZero();
    }

    @Test
    void discoveryThatThrowsDisturbsNobody() {
        TargetDiscovery broken = new TargetDiscovery() {
            @Override
            public void start(Publisher publisher) {
                throw new IllegalStateException("a mistake of the user");
            }

            @Override
            public void close() {
                throw new IllegalStateException("another mistake of the user");
            }
        };
        try (HandDriven hand = new HandDriven(
                HandDriven.job().discovery(broken).discovery(discovery).build())) {
            hand.start();
            discovery.find("h:1");

            assertThat(addresses(hand)).containsExactly("h:1");
            assertThat(hand.scraper.jobs().get(0).lastDiscoveryFailure()).contains("a mistake of the user");
        }
        assertThat(discovery.closed).isTrue();
    }

    @Test
    void listThatIsPublishedWhileStartingCounts() {
        TargetDiscovery fixed = TargetDiscovery.fixed(TargetGroup.of("code", Labels.EMPTY, "h:1", "h:2"));
        try (HandDriven hand = new HandDriven(HandDriven.job().discovery(fixed).build())) {
            hand.start();

            assertThat(addresses(hand)).containsExactly("h:1", "h:2");
            assertThat(hand.answers.requests).hasSize(2);
        }
    }

    @Test
    void nothingIsFoundBeforeTheStartAndAfterTheEnd() {
        HandDriven hand = new HandDriven(job().build());
        assertThat(discovery.publisher).isNull();
        hand.start();
        hand.close();
        assertThat(discovery.closed).isTrue();

        discovery.find("h:1");
        assertThat(hand.scraper.status()).isEmpty();
    }

    @Test
    void membersSplitOneList() {
        List<String> all = new ArrayList<>();
        for (int member = 0; member < 3; member++) {
            TargetDiscovery fixed = TargetDiscovery.fixed(
                    TargetGroup.of("code", Labels.EMPTY, "h:1", "h:2", "h:3", "h:4", "h:5", "h:6", "h:7"));
            ScrapeJob job = HandDriven.job()
                    .discovery(fixed)
                    .relabel(TargetShard.of(member, 3).withReplicationFactor(2))
                    .build();
            try (HandDriven hand = new HandDriven(job)) {
                hand.start();
                all.addAll(addresses(hand));
                assertThat(hand.scraper.droppedTargets())
                        .allMatch(target -> target.reason().startsWith("dropped by shard of member "));
            }
        }
        assertThat(all).hasSize(14);
        assertThat(all.stream().distinct()).hasSize(7);
    }
}

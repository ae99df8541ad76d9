package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.Series;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.scrape.relabel.RelabelRule;
import io.github.promferry.scrape.relabel.RelabelRule.Action;
import io.github.promferry.scrape.relabel.Relabeler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Relabeling where it meets the scrape. */
class RelabelingTest {
    private static final RelabelRule DROP_B = RelabelRule.builder()
            .sourceLabels("__name__")
            .regex("b")
            .action(Action.DROP)
            .build();

    private static ScrapeJob.Builder job() {
        return HandDriven.job().target("h:1");
    }

    private static List<String> rowsOf(ScrapeJob job, String page) {
        try (HandDriven hand = new HandDriven(builder -> builder.externalLabels(Labels.of("zone", "z")), job)) {
            hand.answers.page(page);
            hand.start();
            return hand.rows.take().stream()
                    .map(row -> row.replaceFirst(" @.*", ""))
                    .toList();
        }
    }

    @Test
    void aDroppedSeriesIsCountedAsScrapedButNotAsKept() {
        ScrapeJob job =
                job().metricRelabel(DROP_B).reports(ScrapeJob.Reports.STANDARD).build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.answers.page("a 1\nb 2\nb{x=\"y\"} 3\n");
            hand.start();
            assertThat(hand.rows.takeBrief())
                    .contains("a 1", "scrape_samples_scraped 3", "scrape_samples_post_metric_relabeling 1")
                    .doesNotContain("b 2", "b 3");
        }
    }

    @Test
    void rulesThatReadTheTargetsLabelsSeeThem() {
        RelabelRule copy = RelabelRule.builder()
                .sourceLabels("instance", "x")
                .regex("(.*):1;(.*)")
                .targetLabel("host")
                .replacement("${1}-$2")
                .build();
        assertThat(rowsOf(job().metricRelabel(copy).build(), "a{x=\"y\"} 1\n"))
                .containsExactly("a{host=\"h-y\",instance=\"h:1\",job=\"llm\",x=\"y\",zone=\"z\"} 1");
    }

    @Test
    void rulesCanTakeTheTargetsLabelsAwayButNotTheExternalOnes() {
        RelabelRule drop = RelabelRule.builder()
                .regex("instance|zone")
                .action(Action.LABELDROP)
                .build();
        assertThat(rowsOf(job().metricRelabel(drop).build(), "a{x=\"y\"} 1\n"))
                .containsExactly("a{job=\"llm\",x=\"y\",zone=\"z\"} 1");
    }

    @Test
    void labelsForRulesOnlyAreTakenAway() {
        Relabeler rules = Relabeler.of(
                RelabelRule.builder().sourceLabels("x").targetLabel("__tmp_x").build(),
                RelabelRule.builder()
                        .sourceLabels("__tmp_x")
                        .targetLabel("copy")
                        .build());
        assertThat(rowsOf(job().metricRelabel(rules).build(), "a{x=\"y\"} 1\n"))
                .containsExactly("a{copy=\"y\",instance=\"h:1\",job=\"llm\",x=\"y\",zone=\"z\"} 1");
    }

    @Test
    void takingTheNameAwayFailsTheScrape() {
        RelabelRule keepX = RelabelRule.builder()
                .regex("x|job|instance")
                .action(Action.LABELKEEP)
                .build();
        try (HandDriven hand = new HandDriven(job().metricRelabel(keepX).build())) {
            hand.answers.page("a{x=\"y\"} 1\n");
            hand.start();
            assertThat(hand.status().lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.LIMIT);
            assertThat(hand.status().lastFailure().message())
                    .contains("metric relabeling took away the metric name (label __name__)")
                    .contains("line 1");
        }
    }

    @Test
    void codeThatThrowsFailsOnlyItsTarget() {
        Relabeler broken = labels -> {
            if ("h:1".equals(labels.get("instance"))) {
                throw new IllegalStateException("a mistake of the user");
            }
            return labels;
        };
        try (HandDriven hand =
                new HandDriven(job().target("h:2").metricRelabel(broken).build())) {
            hand.answers.then("h:1", fetch -> fetch.page("a 1\n")).then("h:2", fetch -> fetch.page("a 2\n"));
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 2");
            assertThat(hand.scraper.status().get(0).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.INTERNAL);
            assertThat(hand.scraper.status().get(0).lastFailure().message()).contains("a mistake of the user");
        }
    }

    @Test
    void twoSeriesThatBecomeOneAreDuplicates() {
        RelabelRule drop =
                RelabelRule.builder().regex("pid").action(Action.LABELDROP).build();
        try (HandDriven hand = new HandDriven(job().metricRelabel(drop).build())) {
            hand.answers.page("a{pid=\"1\"} 1\na{pid=\"2\"} 2\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
            assertThat(hand.status().lastScrape().samplesKept()).isEqualTo(2);
        }
    }

    @Test
    void theSameLabelsInAnotherOrderAreADuplicate() {
        try (HandDriven hand = new HandDriven(job().build())) {
            hand.answers.page("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n");
            hand.start();
            assertThat(hand.rows.takeBrief()).containsExactly("a 1");
            assertThat(hand.status().lastScrape().leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(1);
        }
    }

    @Test
    void relabelingRunsOncePerSeriesWhateverTheNumberOfScrapesAndTargets() {
        int[] calls = {0};
        Relabeler counting = new Relabeler() {
            @Override
            public Labels apply(Labels labels) {
                calls[0]++;
                return labels;
            }

            @Override
            public boolean touches(String labelName) {
                return false;
            }
        };
        try (HandDriven hand =
                new HandDriven(job().target("h:2").metricRelabel(counting).build())) {
            for (int i = 0; i < 8; i++) {
                hand.answers.page("a 1\nb 2\n");
            }
            hand.start();
            hand.advance(Duration.ofSeconds(30));
            assertThat(hand.rows.all.size()).isGreaterThanOrEqualTo(12);
            assertThat(calls[0]).isEqualTo(2);
        }
    }

    @Test
    void aSeriesThatIsRenamedToAReportIsExported() {
        RelabelRule rename = RelabelRule.builder()
                .sourceLabels("__name__")
                .regex("engine_up")
                .targetLabel("__name__")
                .replacement("up")
                .build();
        ScrapeJob job =
                job().metricRelabel(rename).reports(ScrapeJob.Reports.STANDARD).build();
        assertThat(rowsOf(job, "engine_up 7\n")).anyMatch(row -> row.startsWith("exported_up{"));
        ScrapeJob own = job.toBuilder()
                .metricRelabel(Relabeler.of(rename, Relabeler.keepIf(labels -> true)))
                .build();
        assertThat(rowsOf(own, "engine_up 7\n")).contains("exported_up{instance=\"h:1\",job=\"llm\",zone=\"z\"} 7");
    }

    @Test
    void theFamilyOfTheMetadataFollowsARename() {
        RelabelRule rename = RelabelRule.builder()
                .sourceLabels("__name__")
                .regex("vllm:(.*)")
                .targetLabel("__name__")
                .replacement("llm_$1")
                .build();
        MetricMetadata metadata = new MetricMetadata("vllm:ttft", MetricType.HISTOGRAM, "help", "");
        TargetLabels resolver =
                new TargetLabels(job().metricRelabel(rename).build(), Labels.of("job", "llm"), Labels.EMPTY);
        Series series = resolver.resolve(Labels.of("__name__", "vllm:ttft_bucket", "le", "1"), metadata);
        assertThat(series.metadata()).isEqualTo(new MetricMetadata("llm_ttft", MetricType.HISTOGRAM, "help", ""));
        Series kept = resolver.resolve(Labels.of("__name__", "other"), metadata);
        assertThat(kept.metadata()).isSameAs(metadata);
    }

    @Test
    void targetRelabelingSeesWhatTheJobSaysAndWhatItMakesOfItHolds() {
        Relabeler rules = Relabeler.of(
                RelabelRule.builder()
                        .sourceLabels("__address__")
                        .targetLabel("__param_target")
                        .build(),
                RelabelRule.builder()
                        .sourceLabels("__param_target")
                        .targetLabel("instance")
                        .build(),
                RelabelRule.builder()
                        .targetLabel("__address__")
                        .replacement("prober:9115")
                        .build(),
                RelabelRule.builder()
                        .sourceLabels("__scrape_interval__", "__scrape_timeout__")
                        .targetLabel("timing")
                        .build());
        ScrapeJob job =
                HandDriven.job().target("https://example.org/").relabel(rules).build();
        try (HandDriven hand = new HandDriven(job)) {
            hand.start();
            assertThat(hand.answers.requests.get(0).uri())
                    .hasToString("http://prober:9115/metrics?target=https%3A%2F%2Fexample.org%2F");
            assertThat(hand.status().labels())
                    .isEqualTo(Labels.of("job", "llm", "instance", "https://example.org/", "timing", "10s;4s"));
        }
    }

    @Test
    void intervalAndTimeoutMadeByRelabelingDriveTheScrape() {
        Relabeler rules = Relabeler.of(
                RelabelRule.builder()
                        .sourceLabels("__meta_every")
                        .targetLabel("__scrape_interval__")
                        .build(),
                RelabelRule.builder()
                        .targetLabel("__scrape_timeout__")
                        .replacement("2s")
                        .build());
        Target slow = Target.of("h:1", Map.of("__meta_every", "20s"));
        try (HandDriven hand =
                new HandDriven(HandDriven.job().target(slow).relabel(rules).build())) {
            hand.start();
            assertThat(hand.answers.requests.get(0).headers())
                    .containsEntry("X-Prometheus-Scrape-Timeout-Seconds", "2");
            hand.advance(Duration.ofMillis(1_999));
            assertThat(hand.answers.pending.get(0).canceled).isFalse();
            hand.advance(Duration.ofMillis(1));
            assertThat(hand.answers.pending.get(0).canceled).isTrue();
            hand.nextTick();
            long second = hand.clock.wallMillis();
            hand.nextTick();
            assertThat(hand.clock.wallMillis() - second).isEqualTo(20_000);
            assertThat(hand.answers.requests).hasSize(3);
        }
    }

    @Test
    void targetsThatRelabelingDropsAreToldApart() {
        RelabelRule keep = RelabelRule.builder()
                .sourceLabels("__meta_ready")
                .regex("true")
                .action(Action.KEEP)
                .build();
        Target ready = Target.of("h:1", Map.of("__meta_ready", "true"));
        Target loading = Target.of("h:2", Map.of("__meta_ready", "false"));
        ScrapeJob job =
                HandDriven.job().relabel(keep).target(ready).target(loading).build();
        try (HandDriven hand = new HandDriven(job)) {
            assertThat(hand.scraper.status()).extracting(TargetStatus::target).containsExactly(ready);
            assertThat(hand.scraper.droppedTargets()).singleElement().satisfies(dropped -> {
                assertThat(dropped.labels().get("__address__")).isEqualTo("h:2");
                assertThat(dropped.reason()).isEqualTo("dropped by " + keep);
            });
            assertThat(hand.scraper.addTarget("llm", Target.of("h:3"))).isFalse();
            assertThat(hand.scraper.removeTarget("llm", Target.of("h:3"))).isTrue();
            assertThat(hand.scraper.removeTarget("llm", loading)).isTrue();
            assertThat(hand.scraper.droppedTargets()).isEmpty();
        }
    }

    @Test
    void twoTargetsThatAreEqualAfterRelabelingAreScrapedOnce() {
        RelabelRule unify = RelabelRule.builder()
                .targetLabel("__address__")
                .replacement("h:9")
                .build();
        try (HandDriven hand = new HandDriven(
                HandDriven.job().target("h:1").target("h:2").relabel(unify).build())) {
            hand.start();
            assertThat(hand.answers.requests).hasSize(1);
        }
    }

    @Test
    void hashmodSplitsTargetsAmongReplicas() {
        int[] shards = new int[4];
        for (int shard = 0; shard < 4; shard++) {
            Relabeler rules = Relabeler.of(
                    RelabelRule.builder()
                            .sourceLabels("__address__")
                            .action(Action.HASHMOD)
                            .modulus(4)
                            .targetLabel("__tmp_hash")
                            .build(),
                    RelabelRule.builder()
                            .sourceLabels("__tmp_hash")
                            .regex(String.valueOf(shard))
                            .action(Action.KEEP)
                            .build());
            ScrapeJob.Builder job = HandDriven.job().relabel(rules);
            List.of("10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.7:8000", "vllm-0:8000", "vllm-1:8000")
                    .forEach(job::target);
            try (HandDriven hand = new HandDriven(job.build())) {
                shards[shard] = hand.scraper.status().size();
            }
        }
        // From the fact that 10.0.0.1 is 3, 10.0.0.2 is 1, 10.0.0.7 is 2, vllm-0 is 3 and vllm-1 is 0 modulo 4.
        assertThat(shards).containsExactly(1, 1, 1, 2);
    }
}

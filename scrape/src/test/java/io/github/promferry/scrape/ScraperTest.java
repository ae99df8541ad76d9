package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.FlushResult;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import io.github.promferry.Series;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.relabel.RelabelRule;
import io.github.promferry.scrape.relabel.Relabeler;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole scraper with its threads, against real servers. */
class ScraperTest {
    private static final Duration AT_MOST = Duration.ofSeconds(20);

    private final HandDriven.Rows rows = new HandDriven.Rows();
    private ScriptedTarget target;

    @BeforeEach
    void start() {
        target = ScriptedTarget.start(ScriptedAnswer.page("a 1\nb{x=\"y\"} 2\n"));
    }

    @AfterEach
    void stop() {
        target.close();
        await().atMost(AT_MOST).untilAsserted(() -> assertThat(threads()).isEmpty());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("promferry-scrape"))
                .toList();
    }

    @Test
    void bringsTheSamplesOfATargetToTheSink() {
        ScrapeJob job = ScrapeJob.builder("llm").target(target.hostPort()).build();
        try (Scraper scraper =
                Scraper.builder().sink(rows).job(job).hostName("pod-1").build()) {
            assertThat(threads()).isEmpty();
            assertThat(scraper.status().get(0).health()).isEqualTo(Health.UNKNOWN);
            scraper.start();
            scraper.start();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.UP);
            String common = "instance=\"pod-1:" + target.port() + "\",job=\"llm\"";
            assertThat(rows.all)
                    .extracting(row -> row.replaceFirst(" @.*", ""))
                    .contains("a{" + common + "} 1", "b{" + common + ",x=\"y\"} 2", "up{" + common + "} 1");
            assertThat(target.requests().get(0).header("User-Agent")).isEqualTo("promferry/0.1.0");
        }
    }

    @Test
    void bringsTheSamplesOfAnIpv6TargetToTheSink() {
        try (ScriptedTarget six = ScriptedTarget.startOnIpv6(ScriptedAnswer.page("a 1\n"))) {
            assumeThat(six).as("this machine has an IPv6 loopback address").isNotNull();
            ScrapeJob job = ScrapeJob.builder("llm")
                    .target(six.hostPort())
                    .instanceFromHostName(false)
                    .build();
            try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
                scraper.start();
                await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.UP);
                assertThat(rows.all)
                        .extracting(row -> row.replaceFirst(" @.*", ""))
                        .contains("a{instance=\"[::1]:" + six.port() + "\",job=\"llm\"} 1");
            }
        }
    }

    @Test
    void readsCompressedPages() {
        target.answer(ScriptedAnswer.page("a 1\n" + "# filler\n".repeat(50_000)).gzip());
        ScrapeJob job = ScrapeJob.builder("llm").target(target.hostPort()).build();
        try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
            scraper.start();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.UP);
            assertThat(scraper.status().get(0).lastScrape().bodyBytes()).isEqualTo(450_004);
            assertThat(rows.takeBrief()).contains("a 1", "scrape_samples_scraped 1");
        }
    }

    @Test
    void aBombBehindGzipFailsTheScrapeByItsUnpackedSize() {
        target.answer(ScriptedAnswer.page("# filler\n".repeat(50_000)).gzip());
        ScrapeJob job = ScrapeJob.builder("llm")
                .target(target.hostPort())
                .limits(ScrapeLimits.builder().bodyBytes(100_000).build())
                .reports(ScrapeJob.Reports.EXTRA)
                .build();
        try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
            scraper.start();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.DOWN);
            assertThat(scraper.status().get(0).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.BODY_SIZE);
            assertThat(rows.takeBrief()).contains("up 0", "scrape_body_size_bytes -1");
        }
    }

    @Test
    void targetsThatHangOrSendGarbageOrAreNotThereDelayNoOther() {
        try (ScriptedTarget hanging = ScriptedTarget.start(ScriptedAnswer.hang());
                ScriptedTarget garbage = ScriptedTarget.start(ScriptedAnswer.page("}{ oops"));
                ScriptedTarget gone = ScriptedTarget.start(ScriptedAnswer.page(""))) {
            gone.stop();
            ScrapeJob job = ScrapeJob.builder("llm")
                    .interval(Duration.ofMillis(200))
                    .instanceFromHostName(false)
                    .target(hanging.hostPort())
                    .target(garbage.hostPort())
                    .target(gone.hostPort())
                    .target("no-such-host.invalid:1")
                    .target(target.hostPort())
                    .build();
            try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
                scraper.start();
                await().atMost(AT_MOST).untilAsserted(() -> {
                    List<TargetStatus> all = scraper.status();
                    // On a busy machine the good target may be late too, but not as a rule.
                    TargetStatus.Counts good = all.get(4).counts();
                    assertThat(good.scrapes() - good.failures()).isGreaterThan(10);
                    assertThat(all.get(0).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.TIMEOUT);
                    assertThat(all.get(1).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.PARSE);
                    assertThat(all.get(2).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.CONNECTION);
                    assertThat(all.get(3).lastFailure().kind()).isEqualTo(ScrapeFailure.Kind.CONNECTION);
                });
            }
        }
    }

    @Test
    void scrapeNowScrapesEveryTargetAndFlushesTheSink() {
        AtomicInteger flushes = new AtomicInteger();
        SampleSink sink = new SampleSink() {
            @Override
            public boolean append(SampleBatch batch) {
                return rows.append(batch);
            }

            @Override
            public FlushResult flush(Duration timeout) {
                flushes.incrementAndGet();
                return new FlushResult(true, 3, 2, 1);
            }
        };
        ScrapeJob job = ScrapeJob.builder("llm")
                .target(target.hostPort())
                .interval(Duration.ofHours(1))
                .firstScrapeAtOnce(false)
                .build();
        try (Scraper scraper = Scraper.builder().sink(sink).job(job).build()) {
            assertThatIllegalStateException().isThrownBy(() -> scraper.scrapeNow(AT_MOST));
            scraper.start();
            assertThat(scraper.scrapeNow(AT_MOST)).isEqualTo(new FlushResult(true, 3, 2, 1));
            assertThat(rows.takeBrief()).contains("a 1", "up 1");
            assertThat(flushes).hasValue(1);
            Duration forever = ChronoUnit.FOREVER.getDuration();
            assertThat(scraper.scrapeNow(forever).complete()).isTrue();
            target.answer(ScriptedAnswer.hang());
            assertThat(scraper.scrapeNow(Duration.ofMillis(50))).isEqualTo(new FlushResult(false, 3, 2, 1));
            assertThat(flushes).hasValue(3);
            assertThat(scraper.close(forever)).isTrue();
            assertThatIllegalStateException()
                    .isThrownBy(() -> scraper.scrapeNow(AT_MOST))
                    .withMessageContaining("closed");
        }
    }

    private record Sink(boolean mayBlock, Predicate<SampleBatch> taker) implements SampleSink {
        @Override
        public boolean append(SampleBatch batch) {
            return taker.test(batch);
        }
    }

    @ParameterizedTest(name = "may block: {0}, on {1}")
    @CsvSource({"true, promferry-scrape-worker", "false, promferry-scrape-loop"})
    void aSinkThatMayBlockIsKeptFromTheLoopAndAnErrorEndsNeither(boolean mayBlock, String thread) {
        List<String> names = Collections.synchronizedList(new ArrayList<>());
        SampleSink sink = new Sink(mayBlock, batch -> {
            names.add(Thread.currentThread().getName());
            if (names.size() == 1) {
                throw new AssertionError("of the sink");
            }
            return true;
        });
        ScrapeJob job = ScrapeJob.builder("llm")
                .target(target.hostPort())
                .interval(Duration.ofMillis(100))
                .build();
        try (Scraper scraper = Scraper.builder().sink(sink).job(job).build()) {
            scraper.start();
            await().dontCatchUncaughtExceptions().atMost(AT_MOST).until(() -> names.size() > 2);
        }
        // Where the loop has no time left on a busy machine, the workers take over.
        assertThat(names).anyMatch(name -> name.startsWith(thread));
        assertThat(names.stream().noneMatch(name -> name.startsWith("promferry-scrape-loop")))
                .isEqualTo(mayBlock);
    }

    @Test
    void relabelingCodeThatBlocksDelaysNoTargetOfAnotherJob() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        Relabeler blocking = Relabeler.keepIf(labels -> {
            entered.countDown();
            try {
                return released.await(AT_MOST.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        });
        ScrapeJob quick = ScrapeJob.builder("quick")
                .target(target.hostPort())
                .interval(Duration.ofMillis(50))
                .metricRelabel(RelabelRule.builder()
                        .action(RelabelRule.Action.LABELDROP)
                        .regex("pid")
                        .build())
                .build();
        ScrapeJob slow = ScrapeJob.builder("slow")
                .target(target.hostPort())
                .interval(Duration.ofMillis(50))
                .metricRelabel(blocking)
                .build();
        SampleSink sink = new Sink(false, rows::append);
        try (Scraper scraper = Scraper.builder().sink(sink).job(slow).job(quick).build()) {
            scraper.start();
            entered.await();
            long before = scraper.status().get(1).counts().scrapes();
            await().atMost(AT_MOST).until(() -> scraper.status().get(1).counts().scrapes() > before + 5);
            assertThat(scraper.status().get(0).counts().scrapes()).isZero();
            released.countDown();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.UP);
        }
    }

    @Test
    void aTargetThatEverSentALotCompressedIsKeptFromTheLoop() {
        List<String> names = Collections.synchronizedList(new ArrayList<>());
        SampleSink sink = new Sink(false, batch -> {
            names.add(Thread.currentThread().getName().replaceFirst("-[0-9]+$", ""));
            return true;
        });
        ScriptedAnswer small = ScriptedAnswer.page("a 1\n").gzip();
        target.answer(small);
        ScrapeJob job = ScrapeJob.builder("llm")
                .target(target.hostPort())
                .interval(Duration.ofMillis(50))
                .build();
        try (Scraper scraper = Scraper.builder().sink(sink).job(job).build()) {
            scraper.start();
            await().atMost(AT_MOST).until(() -> names.contains("promferry-scrape-loop"));
            assertThat(names.get(0)).isEqualTo("promferry-scrape-worker");
            target.answer(ScriptedAnswer.page("# filler\n".repeat(100_000)).gzip());
            await().atMost(AT_MOST)
                    .until(() -> scraper.status().get(0).lastScrape().bodyBytes() == 900_000);
            target.answer(small);
            await().atMost(AT_MOST)
                    .until(() -> scraper.status().get(0).lastScrape().bodyBytes() == 4);
            names.clear();
            await().atMost(AT_MOST).until(() -> names.size() > 5);
        }
        assertThat(names).containsOnly("promferry-scrape-worker");
    }

    @ParameterizedTest(name = "says that it may: {0}")
    @ValueSource(booleans = {true, false})
    void closeEndsInTimeWhileTheSinkBlocks(boolean mayBlock) throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        SampleSink blocking = new Sink(mayBlock, batch -> {
            entered.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return false;
        });
        ScrapeJob job = ScrapeJob.builder("llm").target(target.hostPort()).build();
        Scraper scraper = Scraper.builder().sink(blocking).job(job).build();
        scraper.start();
        entered.await();
        assertThat(scraper.close(Duration.ofMillis(100))).isFalse();
        assertThat(scraper.close(AT_MOST)).isTrue();
        assertThatIllegalStateException()
                .isThrownBy(scraper::start)
                .withMessage("the scraper is closed: build a new one");
    }

    @ParameterizedTest(name = "may block: {0}")
    @ValueSource(booleans = {true, false})
    void aPageThatHasComeIsDeliveredBeforeCloseReturns(boolean mayBlock) throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        List<Integer> sizes = new ArrayList<>();
        SampleSink slow = new Sink(mayBlock, batch -> {
            entered.countDown();
            sizes.add(batch.size());
            return true;
        });
        ScrapeJob job = ScrapeJob.builder("llm").target(target.hostPort()).build();
        Scraper scraper =
                Scraper.builder().sink(slow).job(job).staleMarkersOnClose(true).build();
        scraper.start();
        entered.await();
        assertThat(scraper.close(AT_MOST)).isTrue();
        // The page with its reports, then the markers for all of them.
        assertThat(sizes).containsExactly(7, 7);
    }

    @Test
    void manyTargetsOfOneKindShareTheirSeries() {
        ScrapeJob.Builder job = ScrapeJob.builder("llm").interval(Duration.ofMillis(500));
        for (int i = 0; i < 50; i++) {
            job.target(Target.of(target.hostPort(), Map.of("instance", "engine-" + i)));
        }
        Set<Series> series = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        SampleSink sink = batch -> {
            for (int row = 0; row < batch.size(); row++) {
                series.add(batch.series(row));
            }
            return true;
        };
        try (Scraper scraper = Scraper.builder().sink(sink).job(job.build()).build()) {
            scraper.start();
            await().atMost(AT_MOST)
                    .until(() -> scraper.status().stream()
                            .allMatch(status -> status.counts().scrapes() >= 2));
            assertThat(series).hasSize(2 + 5);
        }
    }

    @Test
    void closeEndsWhileTargetsHangInEveryWay() {
        ScriptedAnswer page = ScriptedAnswer.page("a 1\n");
        Duration forever = Duration.ofMinutes(5);
        List<ScriptedAnswer> ways =
                List.of(ScriptedAnswer.hang(), page.stallHeaders(forever), page.stallBody(2, forever));
        List<ScriptedTarget> targets = ways.stream().map(ScriptedTarget::start).toList();
        ScrapeJob.Builder plain = ScrapeJob.builder("plain");
        targets.forEach(each -> plain.target(each.hostPort()));
        Scraper.Builder builder = Scraper.builder().sink(rows).job(plain.build());
        for (ScriptedTarget proxy : targets) {
            // By way of a proxy it is java.net.http that hangs.
            builder.job(ScrapeJob.builder("by " + proxy.hostPort())
                    .target("engine.invalid:80")
                    .http(HttpSettings.builder()
                            .proxy(URI.create("http://" + proxy.hostPort()))
                            .build())
                    .build());
        }
        Scraper scraper = builder.build();
        scraper.start();
        targets.forEach(each -> each.awaitRequests(2, AT_MOST));
        assertThat(scraper.close(AT_MOST)).isTrue();
        await().atMost(AT_MOST)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith("promferry-scrape")));
        targets.forEach(ScriptedTarget::close);
    }

    @Test
    void aScraperThatWasNeverStartedCanBeClosed() {
        Scraper scraper = Scraper.builder()
                .sink(rows)
                .job(ScrapeJob.builder("llm").target(target.hostPort()).build())
                .staleMarkersOnClose(true)
                .build();
        assertThat(scraper.close(AT_MOST)).isTrue();
        assertThat(rows.all).isEmpty();
    }

    @Test
    void mistakesOfTheBuilderAreNamed() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Scraper.builder().build())
                .withMessage("the scraper has no sink: give one by sink()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Scraper.builder()
                        .job(ScrapeJob.builder("llm").build())
                        .job(ScrapeJob.builder("llm").build()))
                .withMessage("there are two jobs of the name \"llm\": rename one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.builder("llm")
                        .interval(Duration.ofSeconds(1))
                        .timeout(Duration.ofSeconds(2))
                        .build())
                .withMessage("job llm: timeout 2s is longer than the interval 1s");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.builder("llm").path("/metrics?token=secret"))
                .withMessage("path \"/metrics\" has a query: give it by param()");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.builder("llm").scheme("ftp"))
                .withMessage("scheme \"ftp\" is neither http nor https");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeLimits.builder().samples(-1).build())
                .withMessage("samples -1 is negative; 0 switches the limit off");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeLimits.builder().bodyBytes(0).build())
                .withMessage("bodyBytes 0 is not positive");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ScrapeLimits.builder().future(Duration.ofSeconds(-1)).build())
                .withMessage("future PT-1S is negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.builder("llm")
                        .parsing(ParseOptions.builder().sampleLimit(1).build()))
                .withMessage(
                        "the parser's options have a sampleLimit, seriesLimit or futureLimit: give it by limits()");
    }

    @Test
    void noTextShowsTokensInTheQuery() {
        ScrapeJob job =
                ScrapeJob.builder("llm").param("token", "secret").target("h:1").build();
        Scraper scraper = Scraper.builder().sink(rows).job(job).build();
        assertThat(job.toString()).contains("llm").doesNotContain("secret");
        assertThat(scraper.status().get(0).toString())
                .contains("http://h:1/metrics?...")
                .doesNotContain("secret");
        scraper.close();
    }
}

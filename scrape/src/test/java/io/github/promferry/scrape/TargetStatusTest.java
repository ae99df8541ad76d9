package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.github.promferry.scrape.ScrapeFailure.Kind;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.TargetStatus.LastScrape;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of failure, against a real server: what the status, the listener and the self-metrics say of it. */
class TargetStatusTest {
    private static final Duration AT_MOST = Duration.ofSeconds(20);

    private final List<TargetStatus> told = new CopyOnWriteArrayList<>();

    private static final ScriptedAnswer TWO = ScriptedAnswer.page("a 1\nb 2\n");

    /** What of a page counts for a failed scrape. */
    private record Counted(int bodyBytes, int scraped, int kept) {
        static final Counted NOTHING = new Counted(0, 0, 0);
    }

    private static UnaryOperator<ScrapeJob.Builder> limits(UnaryOperator<ScrapeLimits.Builder> limits) {
        return job -> job.limits(limits.apply(ScrapeLimits.builder()).build());
    }

    static Stream<Arguments> failures() {
        UnaryOperator<ScrapeJob.Builder> asItIs = job -> job;
        return Stream.of(
                argumentSet(
                        "a label over a limit",
                        TWO,
                        limits(limits -> limits.labelValueBytes(2)),
                        new ScrapeFailure(Kind.LIMIT, "labels of the target: the value of label instance has", 0, 0),
                        Counted.NOTHING),
                argumentSet(
                        "nobody listens",
                        null,
                        asItIs,
                        new ScrapeFailure(Kind.CONNECTION, "cannot connect to 127.0.0.1:", 0, 0),
                        Counted.NOTHING),
                argumentSet(
                        "a connection that breaks",
                        ScriptedAnswer.drop(),
                        asItIs,
                        new ScrapeFailure(Kind.CONNECTION, "the connection to 127.0.0.1:", 0, 0),
                        Counted.NOTHING),
                argumentSet(
                        "no answer in time",
                        ScriptedAnswer.hang(),
                        (UnaryOperator<ScrapeJob.Builder>) job -> job.timeout(Duration.ofMillis(100)),
                        new ScrapeFailure(Kind.TIMEOUT, "the page was not complete within 100ms", 0, 0),
                        Counted.NOTHING),
                argumentSet(
                        "another status",
                        ScriptedAnswer.status(503),
                        asItIs,
                        new ScrapeFailure(Kind.STATUS, "server returned HTTP status 503", 0, 0),
                        Counted.NOTHING),
                argumentSet(
                        "too many bytes",
                        TWO,
                        limits(limits -> limits.bodyBytes(8)),
                        new ScrapeFailure(Kind.BODY_SIZE, "the page reaches 8 bytes", 0, 0),
                        new Counted(-1, 0, 0)),
                argumentSet(
                        "no exposition",
                        ScriptedAnswer.page("a 1\n".getBytes(UTF_8), "text/html"),
                        (UnaryOperator<ScrapeJob.Builder>) job -> job.fallbackFormat(null),
                        new ScrapeFailure(Kind.CONTENT, "the page has content type \"text/html\"", 0, 0),
                        new Counted(4, 0, 0)),
                argumentSet(
                        "a broken line",
                        ScriptedAnswer.page("a 1\nb{x} 2\n"),
                        asItIs,
                        new ScrapeFailure(Kind.PARSE, "line 2, column 4: ", 2, 4),
                        new Counted(11, 1, 1)),
                argumentSet(
                        "a sample too many",
                        TWO,
                        limits(limits -> limits.samples(1)),
                        new ScrapeFailure(Kind.LIMIT, "2 samples", 0, 0),
                        new Counted(8, 2, 2)),
                argumentSet(
                        "code that throws",
                        TWO,
                        (UnaryOperator<ScrapeJob.Builder>) job -> job.metricRelabel(labels -> {
                            throw new IllegalStateException("a mistake");
                        }),
                        new ScrapeFailure(Kind.INTERNAL, "unexpected exception: ", 0, 0),
                        new Counted(8, 0, 0)),
                argumentSet(
                        "a target too many",
                        TWO,
                        (UnaryOperator<ScrapeJob.Builder>)
                                job -> limits(limits -> limits.targets(1)).apply(job.target("127.0.0.1:1")),
                        new ScrapeFailure(Kind.TARGET, "job llm has 2 targets, more than its target limit 1", 0, 0),
                        Counted.NOTHING));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failureIsTold(
            @Nullable ScriptedAnswer answer,
            UnaryOperator<ScrapeJob.Builder> more,
            ScrapeFailure expected,
            Counted counted) {
        try (ScriptedTarget target = ScriptedTarget.start(answer == null ? TWO : answer);
                Scraper scraper = scraper(more.apply(job(target)))) {
            if (answer == null) {
                target.stop();
            }
            scraper.start();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).counts().scrapes() > 0);

            TargetStatus status = scraper.status().get(0);
            assertThat(status.health()).isEqualTo(Health.DOWN);
            assertThat(status.lastFailure())
                    .usingRecursiveComparison()
                    .ignoringFields("message")
                    .isEqualTo(expected);
            assertThat(status.lastFailure().message()).contains(expected.message());
            LastScrape last = status.lastScrape();
            assertThat(new Counted(last.bodyBytes(), last.samplesScraped(), last.samplesKept()))
                    .isEqualTo(counted);
            assertThat(status.counts()).isEqualTo(new TargetStatus.Counts(1, 1, 0, 0));
            assertTimes(status);
            await().atMost(AT_MOST)
                    .untilAsserted(() -> assertThat(told)
                            .filteredOn(each -> each.target().equals(status.target()))
                            .first()
                            .usingRecursiveComparison()
                            .ignoringFields("nextScrapeMillis")
                            .isEqualTo(status));
            assertThat(ScraperMetricsTest.collect(scraper)
                            .get("promferry_scrape_failures_total{kind=\""
                                    + expected.kind().name().toLowerCase(Locale.ROOT) + "\",scrape_job=\"llm\"}"))
                    .isPositive();
        }
    }

    @Test
    void successIsTold() {
        try (ScriptedTarget target = ScriptedTarget.start(TWO);
                Scraper scraper = scraper(job(target))) {
            assertThat(scraper.status().get(0).health()).isEqualTo(Health.UNKNOWN);
            assertThat(scraper.status().get(0).lastScrape()).isNull();
            scraper.start();
            await().atMost(AT_MOST).until(() -> scraper.status().get(0).health() == Health.UP);

            TargetStatus status = scraper.status().get(0);
            assertThat(status.lastFailure()).isNull();
            assertThat(status.uri()).isEqualTo(target.uri());
            assertThat(status.interval()).isEqualTo(Duration.ofHours(1));
            assertThat(status.timeout()).isEqualTo(Duration.ofSeconds(10));
            LastScrape last = status.lastScrape();
            assertThat(List.of(last.bodyBytes(), last.samplesScraped(), last.samplesKept(), last.seriesAdded()))
                    .containsExactly(8, 2, 2, 2);
            assertThat(status.counts()).isEqualTo(new TargetStatus.Counts(1, 0, 0, 0));
            assertTimes(status);
        }
    }

    private static ScrapeJob.Builder job(ScriptedTarget target) {
        return ScrapeJob.builder("llm").target(target.hostPort()).interval(Duration.ofHours(1));
    }

    private Scraper scraper(ScrapeJob.Builder job) {
        return Scraper.builder()
                .sink(batch -> true)
                .job(job.build())
                .listener(new ScrapeListener() {
                    @Override
                    public void scraped(TargetStatus status) {
                        told.add(status);
                    }
                })
                .build();
    }

    private static void assertTimes(TargetStatus status) {
        LastScrape last = status.lastScrape();
        assertThat(last.duration()).isGreaterThanOrEqualTo(Duration.ZERO).isLessThan(AT_MOST);
        assertThat(last.timestampMillis()).isBetween(System.currentTimeMillis() - 60_000, System.currentTimeMillis());
        assertThat(status.nextScrapeMillis()).isBetween(last.timestampMillis(), last.timestampMillis() + 2 * 3_600_000);
    }
}

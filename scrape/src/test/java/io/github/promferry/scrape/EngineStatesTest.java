package io.github.promferry.scrape;

import static io.github.promferry.scrape.engine.ServingState.DOWN;
import static io.github.promferry.scrape.engine.ServingState.FROZEN;
import static io.github.promferry.scrape.engine.ServingState.IDLE;
import static io.github.promferry.scrape.engine.ServingState.RESTARTING;
import static io.github.promferry.scrape.engine.ServingState.SATURATED;
import static io.github.promferry.scrape.engine.ServingState.SERVING;
import static io.github.promferry.scrape.engine.ServingState.STALLED;
import static io.github.promferry.scrape.engine.ServingState.STARTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.scrape.engine.EngineSignals;
import io.github.promferry.scrape.engine.ServingState;
import io.github.promferry.testkit.EngineRelease;
import io.github.promferry.testkit.SimulatedEngine;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Simulated engines under a monitor: each of them gets into every state, and tells what it has. */
final class EngineStatesTest {
    private static final Labels ENGINE = Labels.of("job", "llm");

    private final List<ServingState> states = new CopyOnWriteArrayList<>();
    private final EngineMonitor monitor = EngineMonitor.builder()
            .patience(Duration.ofSeconds(3))
            .listener((now, before) -> states.add(now.state()))
            .build();

    /** An engine that is scraped every second by a clock that the test moves. */
    private final class Run implements AutoCloseable {
        final HandDriven scraping;
        final SimulatedEngine engine;
        private boolean hangs;

        Run(EngineRelease release) {
            scraping = new HandDriven(
                    builder -> builder.sink(monitor),
                    ScrapeJob.builder("llm")
                            .target("engine:8000")
                            .interval(Duration.ofSeconds(1))
                            .build());
            engine = SimulatedEngine.of(release).clock(scraping.clock).start();
            scraping.start();
        }

        Run seconds(int seconds) {
            for (int tenth = 0; tenth < 10 * seconds; tenth++) {
                scraping.clock.advance(Duration.ofMillis(100));
                scraping.scraper.schedule().ringDue();
                if (!hangs) {
                    scraping.answers.pending.forEach(fetch -> fetch.page(engine.page()));
                    scraping.answers.pending.clear();
                }
            }
            return this;
        }

        Run hang(boolean hang) {
            hangs = hang;
            return this;
        }

        EngineSignals signals() {
            return monitor.of(ENGINE);
        }

        @Override
        public void close() {
            scraping.close();
            engine.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyEngineGetsIntoEveryState(EngineRelease release) {
        try (Run run = new Run(release)) {
            assertThat(run.seconds(12).signals().state()).isIn(SERVING, SATURATED);
            run.engine.stall();
            assertThat(run.seconds(10).signals().state()).isEqualTo(STALLED);
            run.engine.resume();
            assertThat(run.seconds(3).signals().state()).isIn(SERVING, SATURATED);
            run.engine.freeze();
            assertThat(run.seconds(10).signals().state()).isEqualTo(FROZEN);
            run.engine.resume();
            assertThat(run.seconds(3).signals().state()).isIn(SERVING, SATURATED);
            assertThat(run.hang(true).seconds(4).signals().state()).isEqualTo(DOWN);
            assertThat(run.hang(false).seconds(4).signals().state()).isIn(SERVING, SATURATED);
            states.clear();
            run.engine.restart();
            run.seconds(6);
            assertThat(states).startsWith(RESTARTING, SERVING);
            run.engine.traffic(0);
            assertThat(run.seconds(60).signals().state()).isEqualTo(IDLE);
            assertThat(EnumSet.copyOf(states)).doesNotContain(STALLED, FROZEN, DOWN);
        }
    }

    /** Bursts of the load fill the queue. */
    @ParameterizedTest
    @EnumSource
    void aBurstSaturates(EngineRelease release) {
        try (Run run = new Run(release)) {
            run.seconds(100);
            assertThat(states).contains(SATURATED, SERVING);
            assertThat(Set.copyOf(states)).isSubsetOf(STARTING, SERVING, SATURATED, IDLE);
        }
    }

    /** A page with the time that its process has used moves by itself, and one that stands still betrays itself. */
    @Test
    void anIdleEngineIsKnownToBeFrozenByItsProcess() {
        try (Run run = new Run(EngineRelease.VLLM)) {
            run.engine.traffic(0);
            assertThat(run.seconds(60).signals().state()).isEqualTo(IDLE);
            run.engine.freeze();
            assertThat(run.seconds(10).signals().state()).isEqualTo(FROZEN);
        }
    }

    /** NaN is what the engine does not tell. */
    @ParameterizedTest
    @EnumSource
    void everyEngineTellsWhatItHas(EngineRelease release) {
        try (Run run = new Run(release)) {
            EngineSignals now = run.seconds(60).signals();
            boolean tgi = release == EngineRelease.TGI;
            boolean llamaCpp = release.name().startsWith("LLAMA_CPP");
            assertThat(now.total().running()).isBetween(1.0, 48.0);
            assertThat(now.total().waiting()).isNotNegative();
            assertThat(now.total().generationTokensPerSecond()).isBetween(200.0, 2500.0);
            assertThat(now.total().promptTokensPerSecond()).isBetween(500.0, 6000.0);
            assertThat(now.window().toMillis() / 1e3).isEqualTo(30, within(2.0));
            assertPresent(now.total().kvCacheUsage(), 1, !tgi && release != EngineRelease.LLAMA_CPP);
            assertPresent(now.total().timeToFirstToken(0.9), 20, !tgi && !llamaCpp);
            assertPresent(now.total().interTokenLatency(0.9), 1, !tgi && !llamaCpp);
            assertPresent(now.total().requestDuration(0.9), 60, !llamaCpp);
            assertPresent(now.total().requestsPerSecond(), 20, !llamaCpp);
        }
    }

    private static void assertPresent(double value, double most, boolean present) {
        if (present) {
            assertThat(value).isGreaterThan(0).isLessThan(most);
        } else {
            assertThat(value).isNaN();
        }
    }

    @Test
    void overHttpAHangingAndACrashedEngineAreDown() {
        EngineMonitor quick = EngineMonitor.builder()
                .patience(Duration.ofMillis(300))
                .listener((now, before) -> states.add(now.state()))
                .build();
        try (SimulatedEngine engine = SimulatedEngine.tgi().start();
                Scraper scraper = Scraper.builder()
                        .sink(quick)
                        .job(ScrapeJob.builder("llm")
                                .target(engine.hostPort())
                                .interval(Duration.ofMillis(50))
                                .timeout(Duration.ofMillis(50))
                                .firstScrapeAtOnce(true)
                                .build())
                        .build()) {
            scraper.start();
            awaitState(quick, SERVING);
            engine.hang();
            awaitState(quick, DOWN);
            engine.resume();
            awaitState(quick, SERVING);
            engine.stop();
            awaitState(quick, DOWN);
            states.clear();
            engine.restart();
            awaitState(quick, SERVING);
            assertThat(states).contains(RESTARTING);
        }
    }

    private static void awaitState(EngineMonitor monitor, ServingState state) {
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            EngineSignals now = monitor.of(ENGINE);
            return now != null && (now.state() == state || (state == SERVING && now.state() == SATURATED));
        });
    }
}

package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.discovery.EngineDiscovery;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.SimulatedEngine;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LlmJobTest {
    private static final Duration AT_MOST = Duration.ofSeconds(20);

    private final HandDriven.Rows rows = new HandDriven.Rows();

    @Test
    void findsTheEngineAndShowsWhatItTookItFor() {
        try (SimulatedEngine engine = SimulatedEngine.sglang().start()) {
            ScrapeJob job = ScrapeJob.llm("http://" + engine.hostPort())
                    .interval(Duration.ofSeconds(1))
                    .build();
            try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
                scraper.start();
                await().atMost(AT_MOST)
                        .until(() -> scraper.status().size() == 1
                                && scraper.status().get(0).health() == Health.UP);

                TargetStatus status = scraper.status().get(0);
                assertThat(status.uri().getPath()).isEqualTo("/metrics");
                assertThat(status.target().labels().get(EngineDiscovery.ENGINE_LABEL))
                        .isEqualTo("sglang");
                assertThat(status.labels().get(EngineDiscovery.ENGINE_LABEL)).isNull();
                assertThat(rows.all).anyMatch(row -> row.startsWith("sglang:num_running_reqs{"));
            }
        }
    }

    @Test
    void findsWhatAnotherTableKnows() {
        EngineCatalog catalog = EngineCatalog.builtIn()
                .with("mine", "engines: {mine: {prefixes: [mine], evidence: ['*']}}".getBytes(UTF_8));
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("mine:a 1\n"))) {
            ScrapeJob job = ScrapeJob.llm("http://" + target.hostPort())
                    .engineCatalog(catalog)
                    .build();
            try (Scraper scraper =
                    Scraper.builder().sink(rows).job(job.toBuilder().build()).build()) {
                scraper.start();
                await().atMost(AT_MOST)
                        .until(() -> scraper.status().stream()
                                .anyMatch(status ->
                                        "mine".equals(status.target().labels().get(EngineDiscovery.ENGINE_LABEL))));
            }
        }
    }

    @Test
    void showsWhatATargetIsFoundToBeLater() {
        try (SimulatedEngine engine = SimulatedEngine.vllm().start()) {
            engine.stop();
            EngineDiscovery discovery = EngineDiscovery.builder()
                    .engine(engine.uri().resolve("/"))
                    .refreshInterval(Duration.ofMillis(50))
                    .build();
            ScrapeJob job = ScrapeJob.builder("llm")
                    .discovery(discovery)
                    .interval(Duration.ofMillis(100))
                    .build();
            try (Scraper scraper = Scraper.builder().sink(rows).job(job).build()) {
                scraper.start();
                await().atMost(AT_MOST)
                        .until(() -> scraper.status().size() == 1
                                && scraper.status().get(0).health() == Health.DOWN);
                engine.restart();
                await().atMost(AT_MOST)
                        .until(() -> scraper.status().size() == 1
                                && scraper.status().get(0).health() == Health.UP
                                && "vllm"
                                        .equals(scraper.status()
                                                .get(0)
                                                .target()
                                                .labels()
                                                .get(EngineDiscovery.ENGINE_LABEL)));
            }
        }
    }

    @Test
    void asksForWhatEnginesCanGiveWithoutHarm() {
        ScrapeJob job = ScrapeJob.llm("http://127.0.0.1:8000").build();

        assertThat(job.name()).isEqualTo("llm");
        assertThat(job.formats()).containsExactly(ExpositionFormat.TEXT_0_0_4);
        assertThat(job.compression()).isFalse();
        assertThat(job.discoveries()).hasSize(1);
        assertThat(job.toBuilder().build().discoveries())
                .hasSize(1)
                .doesNotContain(job.discoveries().get(0));
    }

    @ParameterizedTest
    @CsvSource({
        "vllm, [TEXT_0_0_4], false",
        "tgi, '[OPENMETRICS_1_0_0, OPENMETRICS_0_0_1, TEXT_1_0_0, TEXT_0_0_4]', true"
    })
    void asksAnEngineThatIsKnownForWhatItCanGive(String id, String formats, boolean compression) {
        ScrapeJob job = ScrapeJob.llm(
                        "http://127.0.0.1", EngineCatalog.builtIn().engine(id))
                .build();

        assertThat(job.formats()).hasToString(formats);
        assertThat(job.compression()).isEqualTo(compression);
        assertThat(job.toBuilder().build().discoveries()).hasSize(1);
    }

    @Test
    void refusesWhatIsNoUrl() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.llm("127.0.0.1:8000"))
                .withMessageContaining("127.0.0.1:8000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScrapeJob.llm("localhost:8000"))
                .withMessageContaining("is not the URL of an engine, such as http://127.0.0.1:8000");
    }
}

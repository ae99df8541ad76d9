package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.discovery.EngineDiscovery;
import io.github.promferry.testkit.SimulatedEngine;
import java.time.Duration;
import org.junit.jupiter.api.Test;

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

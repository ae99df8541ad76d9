package io.github.promferry.examples.interop;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.examples.grafana.AlertRule;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.CanonicalSink;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.testkit.EngineRelease;
import io.github.promferry.testkit.LocalPrometheus;
import io.github.promferry.testkit.SimulatedEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The failures that health checks miss, on live engines: what the alerts ask for is true of an engine that stalls, freezes
 * or hangs, and of no other. Windows are seconds instead of minutes.
 */
class StalledEngineIT {
    private static final List<EngineRelease> RELEASES = List.of(
            EngineRelease.VLLM_V0,
            EngineRelease.VLLM_0_13,
            EngineRelease.SGLANG_0_4,
            EngineRelease.SGLANG,
            EngineRelease.TGI,
            EngineRelease.LLAMA_CPP);

    /** The rules on all engines by one vocabulary. */
    private static final String COMMON = "engines.yml";

    private final Map<EngineRelease, SimulatedEngine> engines = new EnumMap<>(EngineRelease.class);

    @Test
    void alertsTellEnginesThatMakeNoTokensFromThoseThatDo(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        RELEASES.forEach(
                release -> engines.put(release, SimulatedEngine.of(release).start()));
        try (LocalPrometheus prometheus = LocalPrometheus.start(binary, directory);
                RemoteWriter writer = RemoteWriter.create(
                        RemoteWriteConfig.builder(prometheus.writeUri()).build());
                Scraper scraper = scraper(writer)) {
            writer.start();
            scraper.start();
            String stalled = anyOf("LlmEngineStalled", file -> !file.endsWith(COMMON));
            String stalledByCommonNames = anyOf("LlmEngineStalled", file -> file.endsWith(COMMON));
            String down = anyOf("ScrapeTargetDown", file -> true);
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> engines.values().stream().allMatch(engine -> engine.pagesServed() > 12));

            assertThat(jobs(prometheus, stalled)).isEmpty();
            assertThat(jobs(prometheus, stalledByCommonNames)).isEmpty();
            assertThat(jobs(prometheus, down)).isEmpty();

            engines.values().forEach(SimulatedEngine::stall);
            awaitJobs(prometheus, stalled, RELEASES);
            awaitJobs(prometheus, stalledByCommonNames, RELEASES);
            engines.values().forEach(SimulatedEngine::resume);
            awaitJobs(prometheus, stalled, List.of());

            engines.values().forEach(SimulatedEngine::freeze);
            awaitJobs(prometheus, stalled, RELEASES);

            engines.values().forEach(SimulatedEngine::hang);
            awaitJobs(prometheus, down, RELEASES);
        } finally {
            engines.values().forEach(SimulatedEngine::close);
        }
    }

    private Scraper scraper(RemoteWriter writer) {
        Scraper.Builder scraper = Scraper.builder().sink(new CanonicalSink(writer, EngineCatalog.builtIn()));
        engines.forEach((release, engine) -> scraper.job(ScrapeJob.builder(release.name())
                .target(engine.hostPort())
                .interval(Duration.ofSeconds(1))
                .build()));
        return scraper.build();
    }

    /** An alert of several files as one expression. */
    private static String anyOf(String alert, Predicate<Path> file) throws IOException {
        return AlertRule.readAll().stream()
                .filter(rule -> rule.name().equals(alert) && file.test(rule.file()))
                .map(rule -> "(" + rule.expression().replaceAll("\\[\\d+m]", "[6s]") + ")")
                .collect(joining(" or "));
    }

    private static void awaitJobs(LocalPrometheus prometheus, String expression, List<EngineRelease> releases) {
        Set<String> expected = releases.stream().map(EngineRelease::name).collect(toSet());
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(jobs(prometheus, expression)).isEqualTo(expected));
    }

    private static Set<String> jobs(LocalPrometheus prometheus, String expression) {
        return PromQlAnswer.vector(prometheus.query(expression)).stream()
                .map(element -> element.labels().getOrDefault("job", ""))
                .collect(toSet());
    }
}

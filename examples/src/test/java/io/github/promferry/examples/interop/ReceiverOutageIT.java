package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.examples.Configurations;
import io.github.promferry.testkit.LocalPrometheus;
import io.github.promferry.testkit.SimulatedEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus is away for a minute, in the middle of the stream. */
class ReceiverOutageIT {
    @Test
    void nothingIsLostOrReorderedAndTheReceiverIsNotHammered(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        try (SimulatedEngine engine = SimulatedEngine.vllm().start();
                LocalPrometheus prometheus =
                        LocalPrometheus.start(binary, Files.createDirectory(directory.resolve("prometheus")));
                CountingRelay relay = new CountingRelay(prometheus.port());
                ForwarderProcess forwarder = ForwarderProcess.run(
                        directory,
                        Configurations.prometheus(
                                "2s", engine.hostPort(), "url: http://127.0.0.1:" + relay.port() + "/api/v1/write"))) {
            await().atMost(Duration.ofMinutes(2)).until(() -> scrapesIn(prometheus) >= 3);
            assertThat(prometheus.refusedWrites()).isZero();

            prometheus.stop();
            long down = System.nanoTime();
            await().atMost(Duration.ofMinutes(2)).until(() -> System.nanoTime() - down > 60e9);
            int attempts = relay.failedConnections();
            prometheus.restart();

            // The engine ends between two scrapes, so that the number of pages that went out is known exactly.
            int served = engine.pagesServed();
            await().atMost(Duration.ofSeconds(30)).until(() -> engine.pagesServed() > served);
            await().pollDelay(Duration.ofMillis(500)).until(() -> true);
            engine.stop();
            await().atMost(Duration.ofMinutes(1)).until(() -> isDown(prometheus));
            assertThat(forwarder.endBy("TERM", Duration.ofSeconds(20)))
                    .as(forwarder.log())
                    .isZero();

            int scrapes = scrapesIn(prometheus);
            // On a busy machine a page may be too late for its scrape, which then says so by up being 0.
            List<Double> up = up(prometheus);
            int tooLate = (int) up.subList(0, up.lastIndexOf(1.0)).stream()
                    .filter(value -> value == 0)
                    .count();
            assertThat(engine.pagesServed() - scrapes).isBetween(0, tooLate);
            Map<Map<String, String>, List<Double>> samples = samples(prometheus, "{__name__=~\"vllm:.+\"}");
            assertThat(samples).hasSize((int) engine.page()
                    .lines()
                    .filter(line -> line.startsWith("vllm:"))
                    .count());
            assertThat(samples.values()).allSatisfy(values -> assertThat(values).hasSize(scrapes));
            assertThat(prometheus.refusedWrites())
                    .as("out of order would be refused")
                    .isZero();
            assertThat(attempts).as("attempts while Prometheus was away").isBetween(1, 19);
        }
    }

    /** How many successful scrapes have arrived. */
    private static int scrapesIn(LocalPrometheus prometheus) {
        return (int) up(prometheus).stream().filter(value -> value == 1).count();
    }

    private static boolean isDown(LocalPrometheus prometheus) {
        List<Double> up = up(prometheus);
        return !up.isEmpty() && up.get(up.size() - 1) == 0;
    }

    private static List<Double> up(LocalPrometheus prometheus) {
        return samples(prometheus, "up").values().stream().findFirst().orElse(List.of());
    }

    private static Map<Map<String, String>, List<Double>> samples(LocalPrometheus prometheus, String selector) {
        return PromQlAnswer.matrix(prometheus.query(selector + "[10m]"));
    }
}

package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
                ForwarderProcess forwarder = ForwarderProcess.run(directory, config(engine.hostPort(), relay.port()))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> pagesIn(prometheus) >= 3);
            assertThat(prometheus.refusedWrites()).isZero();

            prometheus.stop();
            int before = engine.pagesServed();
            await().atMost(Duration.ofMinutes(2)).until(() -> engine.pagesServed() >= before + 60);
            int attempts = relay.failedConnections();
            prometheus.restart();

            // The engine ends between two scrapes, so that the number of pages that went out is known exactly.
            int served = engine.pagesServed();
            await().atMost(Duration.ofSeconds(30)).until(() -> engine.pagesServed() > served);
            await().pollDelay(Duration.ofMillis(300)).until(() -> true);
            engine.stop();
            int scrapes = engine.pagesServed();
            await().atMost(Duration.ofMinutes(1))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> pagesIn(prometheus) >= scrapes);
            assertThat(forwarder.endBy("TERM", Duration.ofSeconds(20)))
                    .as(forwarder.log())
                    .isZero();
            Map<Map<String, String>, List<Double>> samples = samples(prometheus);
            assertThat(samples).hasSize((int) engine.page()
                    .lines()
                    .filter(line -> line.startsWith("vllm:"))
                    .count());
            assertThat(samples.values())
                    .allSatisfy(timestamps -> assertThat(timestamps).hasSize(scrapes));
            assertThat(prometheus.refusedWrites())
                    .as("out of order would be refused")
                    .isZero();
            assertThat(attempts).as("attempts while Prometheus was away").isBetween(1, 19);
        }
    }

    /** How many scrapes have arrived completely. */
    private static int pagesIn(LocalPrometheus prometheus) {
        return samples(prometheus).values().stream().mapToInt(List::size).min().orElse(0);
    }

    private static Map<Map<String, String>, List<Double>> samples(LocalPrometheus prometheus) {
        return PromQlAnswer.timestamps(prometheus.query("{__name__=~\"vllm:.+\"}[10m]"));
    }

    private static String config(String target, int port) {
        return """
                global:
                  scrape_interval: 1s
                scrape_configs:
                  - job_name: llm
                    static_configs:
                      - targets: ["%s"]
                remote_write:
                  - url: http://127.0.0.1:%d/api/v1/write
                """.formatted(target, port);
    }
}

package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.testkit.SimulatedEngine;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.WriteAttempt;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The forwarder process, from its start to the signal that ends it. */
class SignalsIT {
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void aSignalSendsWhatWaitsAndEndsWithStatus0(String signal, @TempDir Path directory) throws Exception {
        try (SimulatedEngine engine = SimulatedEngine.vllm().start();
                StrictReceiver receiver = StrictReceiver.builder()
                        .basicAuth("engineer", "open-sesame")
                        .start();
                ForwarderProcess forwarder =
                        ForwarderProcess.run(directory, config(engine.hostPort(), receiver.uri()))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> engine.pagesServed() >= 3);
            assertThat(forwarder.endBy(signal, Duration.ofSeconds(20)))
                    .as(forwarder.log())
                    .isZero();
            // The deadline of 30 s had not come: only the end of the process can have sent the last scrapes.
            assertThat(receiver.violations()).isEmpty();
            Labels running =
                    receiver.seriesNamed("vllm:num_requests_running").iterator().next();
            int scrapes = receiver.samples(running).size();
            // The signal may come while a page is on its way; that fetch is given up.
            assertThat(engine.pagesServed() - scrapes).isBetween(0, 1);
            assertThat(receiver.series())
                    .filteredOn(series -> String.valueOf(series.metricName()).startsWith("vllm:"))
                    .hasSizeGreaterThan(300)
                    .allSatisfy(series -> assertThat(receiver.samples(series)).hasSize(scrapes));
            assertThat(receiver.attempts()).extracting(WriteAttempt::status).containsOnly(204);
            assertThat(forwarder.log())
                    .containsPattern("\\b" + receiver.sampleCount() + " samples delivered, 0 not delivered")
                    .doesNotContain("open-sesame");
        }
    }

    @Test
    void unreachableReceiverNeitherEndsTheProcessNorHoldsItUp(@TempDir Path directory) throws Exception {
        try (SimulatedEngine engine = SimulatedEngine.vllm().start();
                ForwarderProcess forwarder = ForwarderProcess.run(
                        directory, config(engine.hostPort(), URI.create("http://no-such-host.invalid/api/v1/write")))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> engine.pagesServed() >= 3);
            assertThat(forwarder.isAlive()).isTrue();
            assertThat(forwarder.endBy("TERM", Duration.ofSeconds(25)))
                    .as(forwarder.log())
                    .isZero();
            assertThat(forwarder.log()).containsPattern("0 samples delivered, [1-9][0-9]* not delivered");
        }
    }

    private static String config(String target, URI endpoint) {
        return """
                global:
                  scrape_interval: 1s
                scrape_configs:
                  - job_name: llm
                    static_configs:
                      - targets: ["%s"]
                remote_write:
                  - url: %s
                    protobuf_message: io.prometheus.write.v2.Request
                    basic_auth:
                      username: engineer
                      password: open-sesame
                    queue_config:
                      batch_send_deadline: 30s
                """.formatted(target, endpoint);
    }
}

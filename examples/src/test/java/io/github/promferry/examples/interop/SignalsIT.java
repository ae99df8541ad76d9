package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.examples.Configurations;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.SimulatedEngine;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.WriteAttempt;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
            await().atMost(Duration.ofMinutes(2)).until(() -> engine.pagesServed() >= 3);
            assertThat(forwarder.endBy(signal, Duration.ofSeconds(20)))
                    .as(forwarder.log())
                    .isZero();
            // The deadline of 30 s had not come: only the end of the process can have sent the last scrapes.
            assertThat(receiver.violations()).isEmpty();
            List<Double> up = receiver
                    .samples(receiver.seriesNamed("up").iterator().next())
                    .stream()
                    .map(ReceivedSample::value)
                    .toList();
            int scrapes = (int) up.stream().filter(value -> value == 1).count();
            // On a busy machine a page may be too late for its scrape, and the signal may come while one is on its way.
            assertThat(engine.pagesServed() - scrapes).isBetween(0, up.size() - scrapes + 1);
            assertThat(receiver.series())
                    .filteredOn(series -> String.valueOf(series.metricName()).startsWith("vllm:"))
                    .hasSizeGreaterThan(300)
                    .allSatisfy(series -> assertThat(receiver.samples(series))
                            .filteredOn(sample -> !sample.isStale())
                            .hasSize(scrapes));
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
            await().atMost(Duration.ofMinutes(2)).until(() -> engine.pagesServed() >= 3);
            assertThat(forwarder.isAlive()).isTrue();
            assertThat(forwarder.endBy("TERM", Duration.ofSeconds(25)))
                    .as(forwarder.log())
                    .isZero();
            assertThat(forwarder.log()).containsPattern("0 samples delivered, [1-9][0-9]* not delivered");
        }
    }

    private static String config(String target, URI endpoint) {
        return Configurations.prometheus(
                "2s",
                target,
                "{url: \"" + endpoint + "\", protobuf_message: io.prometheus.write.v2.Request,"
                        + " basic_auth: {username: engineer, password: open-sesame},"
                        + " queue_config: {batch_send_deadline: 30s}}");
    }
}

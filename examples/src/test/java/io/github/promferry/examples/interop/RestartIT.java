package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.examples.Configurations;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The receiver refuses fifteen scrapes, then the process ends, and another one begins where it ended. */
class RestartIT {
    private static final int SCRAPES = 15;

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void everyScrapeOfTheFirstProcessIsDeliveredByTheSecond(String signal, @TempDir Path directory) throws Exception {
        AtomicInteger pages = new AtomicInteger();
        // The value tells which scrape it was.
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page(""))
                        .answer(request -> ScriptedAnswer.page("scrape " + pages.incrementAndGet() + "\n"));
                // A process that was killed may not have noted what was answered last.
                StrictReceiver receiver =
                        StrictReceiver.builder().allowRepeats().start()) {
            receiver.answer(ScriptedAnswer.status(503));
            String config = Configurations.prometheus(
                    "1s",
                    target.hostPort(),
                    "{url: \"" + receiver.uri() + "\", queue_config: {batch_send_deadline: 100ms}}");
            try (ForwarderProcess first = start(directory, config)) {
                // The page after the last that counts has been asked for: that one has been taken.
                target.awaitRequests(SCRAPES + 1, Duration.ofMinutes(2));
                first.signal(signal);
                first.awaitExit(Duration.ofSeconds(30));
            }
            assertThat(receiver.sampleCount()).isZero();

            receiver.answer(null);
            try (ForwarderProcess second = start(directory, config)) {
                await().atMost(Duration.ofMinutes(1))
                        .until(() -> receiver.latest().entrySet().stream()
                                .anyMatch(series ->
                                        "scrape".equals(series.getKey().metricName())
                                                && series.getValue().value() > SCRAPES + 2));
                assertThat(second.endBy("TERM", Duration.ofSeconds(20))).isZero();
            }
            assertThat(receiver.violations()).isEmpty();
            Labels series = receiver.seriesNamed("scrape").iterator().next();
            assertThat(receiver.samples(series))
                    .filteredOn(sample -> !sample.isStale())
                    .extracting(ReceivedSample::value)
                    .startsWith(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0)
                    .isSorted();
        }
    }

    private static ForwarderProcess start(Path directory, String config) throws Exception {
        return ForwarderProcess.run(directory, config, "--spool=" + directory.resolve("spool"));
    }
}

package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.SimulatedEngine;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.WriteAttempt;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The small examples do what they say. Each is a process: those that run for a minute are ended when seen to work. */
class ExamplesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void parsePagePrintsFamiliesAndWritesThem() throws Exception {
        Path page = Files.writeString(folder.resolve("page"), "# HELP a Help.\n# TYPE a counter\na_total{b=\"c\"} 3\n");
        Process example = start(ParsePage.class, page.toString());

        assertThat(example.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(output())
                .containsExactly(
                        "a is a counter: Help.",
                        "  a_total{b=\"c\"} = 3.0",
                        "# TYPE a_total counter",
                        "# HELP a_total Help.",
                        "a_total{b=\"c\"} 3.0",
                        "# EOF");
    }

    @Test
    void parsePageTellsWhereAPageIsWrong() throws Exception {
        Path page = Files.writeString(folder.resolve("page"), "a{b=\"c} 3\n");
        Process example = start(ParsePage.class, page.toString());

        assertThat(example.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(output()).hasSize(1);
        assertThat(output().get(0)).startsWith("line 1, column 5: ");
    }

    @Test
    void sendOnlySends() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start()) {
            Process example = start(SendOnly.class, receiver.uri().toString());

            assertThat(example.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(receiver.series())
                    .containsExactly(
                            Labels.of("__name__", "free_memory_bytes", "instance", "example", "job", "send-only"));
            assertThat(receiver.sampleCount()).isEqualTo(3);
            assertThat(receiver.violations()).isEmpty();
            assertThat(output().get(output().size() - 1)).contains("delivered=3");
        }
    }

    @Test
    void ownRetryPolicyHoldsWhatIsNotFoundYet() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start()) {
            receiver.then(ScriptedAnswer.status(404), ScriptedAnswer.status(404));
            Process example = start(OwnRetryPolicy.class, receiver.uri().toString());

            assertThat(example.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(receiver.attempts()).hasSize(3);
            assertThat(receiver.sampleCount()).isEqualTo(1);
            assertThat(output().get(output().size() - 1)).contains("delivered=1", "retries=2");
        }
    }

    @Test
    void ownBatchPolicySendsARequestForEachCall() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start()) {
            Process example = start(OwnBatchPolicy.class, receiver.uri().toString());

            assertThat(example.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(receiver.attempts())
                    .extracting(WriteAttempt::sampleCount)
                    .containsExactly(4, 4, 4);
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @Test
    void embedForwarderForwards() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"));
                StrictReceiver receiver =
                        StrictReceiver.builder().basicAuth("alice", "secret").start()) {
            Process example = start(
                    EmbedForwarder.class, target.hostPort(), receiver.uri().toString(), "alice", "secret");
            try {
                receiver.awaitSamples(6, PATIENCE);
                assertThat(receiver.seriesNamed("a")).hasSize(1);
            } finally {
                example.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void ownSinkSeesEverySample() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("a 1\n"))) {
            Process example = start(OwnSink.class, target.hostPort());
            try {
                Awaitility.await()
                        .atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(output())
                                .anyMatch(line -> line.matches("\\d+ a\\{instance=\".*\",job=\"llm\"} 1\\.0")));
            } finally {
                example.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void leastLoadedTurnsFromAnEngineThatStalls() throws Exception {
        try (SimulatedEngine stalls = SimulatedEngine.vllm().start();
                SimulatedEngine serves = SimulatedEngine.llamaCpp().start()) {
            stalls.stall();
            Process example = start(LeastLoaded.class, stalls.hostPort(), serves.hostPort());
            try {
                Awaitility.await()
                        .atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(output())
                                .anyMatch(line -> line.matches(".*" + port(stalls) + " was \\w+, is STALLED"))
                                .last()
                                .asString()
                                .matches("next: .*" + port(serves) + ".*, running \\d+, .*"));
            } finally {
                example.destroyForcibly().waitFor();
            }
        }
    }

    private static String port(SimulatedEngine engine) {
        return engine.hostPort().substring(engine.hostPort().indexOf(':'));
    }

    @Test
    void forwardRegistryForwardsTheServicesMetricsAndItsOwn() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start()) {
            Process example = start(ForwardRegistry.class, receiver.uri().toString());
            try {
                Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
                    assertThat(receiver.seriesNamed("free_memory_bytes")).hasSize(1);
                    assertThat(receiver.seriesNamed("promferry_remote_write_samples_total"))
                            .isNotEmpty();
                });
                assertThat(receiver.violations()).isEmpty();
            } finally {
                example.destroyForcibly().waitFor();
            }
        }
    }

    private Process start(Class<?> example, String... args) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                example.getName());
        builder.command().addAll(List.of(args));
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.redirectOutput(folder.resolve("output").toFile());
        return builder.start();
    }

    private List<String> output() throws Exception {
        return Files.readAllLines(folder.resolve("output"), UTF_8);
    }
}

package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The forwarder as the process that users start, against a target and a receiver in this one. */
class ForwarderProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private final ScriptedTarget target =
            ScriptedTarget.start(ScriptedAnswer.page("# TYPE a counter\na_total{m=\"x\"} 3\n"));
    private final StrictReceiver receiver =
            StrictReceiver.builder().basicAuth("USER", "s3cret").start();
    private final List<Process> started = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void leaveNothingBehind() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly();
            process.waitFor(10, SECONDS);
        }
        target.close();
        receiver.close();
    }

    @Test
    void theCollectorConfigurationForwardsUntilSigtermAndLosesNothing() throws Exception {
        Process forwarder = start(collector(target.port(), receiver.uri()));
        receiver.awaitSamples(18, PATIENCE);

        assertThat(stop(forwarder)).isZero();

        List<String> log = log();
        // Exactly what was accepted has arrived: the counts in the farewell are true.
        assertThat(log)
                .anySatisfy(line -> assertThat(line)
                        .endsWith("endpoint prometheusremotewrite: " + receiver.sampleCount()
                                + " samples delivered, 0 not delivered"));
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.seriesNamed("a_total")).hasSize(1);
        Labels series = receiver.seriesNamed("a_total").iterator().next();
        assertThat(series.get("job")).isEqualTo("user-vllm");
        assertThat(series.get("instance")).endsWith(":" + target.port()).doesNotStartWith("0.0.0.0");
        assertThat(receiver.samples(series).get(0).value()).isEqualTo(3);
        assertThat(log)
                .allSatisfy(line -> assertThat(line)
                        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z (INFO |WARN |ERROR) .*")
                        .doesNotContain("s3cret"));
        assertThat(log).anySatisfy(line -> assertThat(line).contains("instance=\"" + series.get("instance") + "\""));
    }

    @Test
    void theFirstSamplesDoNotWaitForTheLingerOfTheFile() throws Exception {
        start("""
                scrape_configs: [{job_name: llm, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
                remote_write:
                  - url: %s
                    basic_auth: {username: USER, password: s3cret}
                    queue_config: {batch_send_deadline: 1h}
                """.formatted(target.port(), receiver.uri()));

        receiver.awaitSamples(6, PATIENCE);
        Labels series = receiver.seriesNamed("a_total").iterator().next();
        assertThat(series.get("instance")).isEqualTo("127.0.0.1:" + target.port());
    }

    @Test
    void seriesOfEnginesAreChosenAndNamedAsTheOptionsSay() throws Exception {
        Files.writeString(folder.resolve("engines.yaml"), "engines: {mine: {like: vllm, prefixes: [mine]}}");
        target.answer(ScriptedAnswer.page("""
                # TYPE mine:num_requests_running gauge
                mine:num_requests_running 3
                # TYPE mine:cache_detail gauge
                mine:cache_detail 4
                # TYPE other gauge
                other 5
                """));
        start(
                """
                scrape_configs: [{job_name: file, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
                remote_write:
                  - {url: %s, basic_auth: {username: USER, password: s3cret}}
                """.formatted(target.port(), receiver.uri()),
                "--profile=lean",
                "--signal-names",
                "--llm=" + target.uri().resolve("/"),
                "--engines=" + folder.resolve("engines.yaml"));

        receiver.awaitSamples(16, PATIENCE);
        assertThat(receiver.seriesNamed("mine:cache_detail")).isEmpty();
        assertThat(receiver.seriesNamed("other"))
                .extracting(labels -> labels.get("job"))
                .containsExactlyInAnyOrder("file", "llm");
        assertThat(receiver.seriesNamed("mine:num_requests_running")).hasSize(2);
        Labels signal = receiver.seriesNamed("llm_requests_running").iterator().next();
        assertThat(signal.get("engine_kind")).isEqualTo("mine");
        assertThat(receiver.samples(signal).get(0).value()).isEqualTo(3);
    }

    @Test
    void anUnreachableReceiverAndTargetNeverEndIt() throws Exception {
        int closedPort = target.port();
        target.close();
        Process forwarder = start("""
                scrape_configs:
                  - job_name: llm
                    scrape_interval: 1s
                    static_configs: [{targets: ["127.0.0.1:%d", "no-such-host.invalid:1"]}]
                remote_write:
                  - url: http://no-such-host.invalid/api/v1/write
                  - url: %s
                    basic_auth: {username: USER, password: s3cret}
                    queue_config: {batch_send_deadline: 100ms}
                """.formatted(closedPort, receiver.uri()), "--flush-deadline=1s");

        // The dead endpoint does not keep the samples of the failed scrapes from the other one.
        receiver.awaitSamples(20, PATIENCE);
        assertThat(forwarder.isAlive()).isTrue();
        assertThat(stop(forwarder)).isZero();
        assertThat(log())
                .anySatisfy(line -> assertThat(line)
                        .contains("endpoint remote_write[0]: 0 samples delivered, ")
                        .doesNotContain(" 0 not delivered"));
        for (Labels up : receiver.seriesNamed("up")) {
            assertThat(receiver.samples(up))
                    .allSatisfy(sample -> assertThat(sample.value()).isZero());
        }
        assertThat(receiver.seriesNamed("up")).hasSize(2);
    }

    @Test
    void whatWaitsAtTheEndIsSentBeforeIt() throws Exception {
        Process forwarder = start("""
                scrape_configs:
                  - job_name: llm
                    scrape_interval: 1s
                    static_configs: [{targets: ["127.0.0.1:%d"]}]
                remote_write:
                  - url: %s
                    basic_auth: {username: USER, password: s3cret}
                    queue_config: {batch_send_deadline: 1h}
                """.formatted(target.port(), receiver.uri()));
        target.awaitRequests(5, PATIENCE);
        long before = receiver.sampleCount();

        assertThat(stop(forwarder)).isZero();
        assertThat(receiver.sampleCount()).isGreaterThan(before);
        assertThat(log())
                .anySatisfy(line ->
                        assertThat(line).endsWith(receiver.sampleCount() + " samples delivered, 0 not delivered"));
    }

    @Test
    void whatWaitsInTheSpoolOutlivesAKilledProcess() throws Exception {
        String config = """
                scrape_configs:
                  - job_name: llm
                    scrape_interval: 1s
                    static_configs: [{targets: ["127.0.0.1:%d"]}]
                remote_write:
                  - url: %s
                    basic_auth: {username: USER, password: s3cret}
                    queue_config: {batch_send_deadline: 100ms}
                """.formatted(target.port(), receiver.uri());
        receiver.stop();
        Process first = start(config, "--spool=" + folder.resolve("spool"));
        target.awaitRequests(4, PATIENCE);
        // SIGKILL. The last scrape may not have been parsed yet; those before it have been taken.
        first.destroyForcibly().waitFor();
        receiver.restart();

        start(config, "--spool=" + folder.resolve("spool"));

        // Three scrapes of the first process and the first of the second, six series each.
        receiver.awaitSamples(24, PATIENCE);
        assertThat(receiver.violations()).isEmpty();
    }

    /** As a serverless platform does between requests: SIGSTOP, then SIGCONT. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aFrozenAndThawedProcessGoesOnWithoutLossOrBurst() throws Exception {
        Process forwarder = start("""
                scrape_configs:
                  - {job_name: llm, scrape_interval: 500ms, static_configs: [{targets: ["127.0.0.1:%d"]}]}
                remote_write:
                  - url: %s
                    basic_auth: {username: USER, password: s3cret}
                    queue_config: {batch_send_deadline: 100ms}
                """.formatted(target.port(), receiver.uri()));
        receiver.awaitSamples(12, PATIENCE);
        int before = target.requests().size();
        signal(forwarder, "STOP");
        // Five scrapes are due meanwhile. Only real time passes for another process.
        Thread.sleep(2500);
        int frozen = target.requests().size();
        assertThat(frozen).as("scrapes until it was frozen").isLessThanOrEqualTo(before + 1);

        signal(forwarder, "CONT");
        long thawed = System.nanoTime();
        target.awaitRequests(frozen + 4, PATIENCE);
        int since = target.requests().size() - frozen;
        long ticks = Duration.ofNanos(System.nanoTime() - thawed).toMillis() / 500 + 1;
        assertThat(since).as("scrapes since it was thawed").isLessThanOrEqualTo((int) ticks + 1);

        assertThat(stop(forwarder)).isZero();
        assertThat(log())
                .anySatisfy(line ->
                        assertThat(line).endsWith(receiver.sampleCount() + " samples delivered, 0 not delivered"));
        // Strictly in order, and each once.
        assertThat(receiver.violations()).isEmpty();
        Labels up = receiver.seriesNamed("up").iterator().next();
        // The last scrape may have been canceled.
        assertThat(receiver.samples(up).stream().filter(sample -> !sample.isStale()))
                .hasSizeBetween(target.requests().size() - 1, target.requests().size());
    }

    @Test
    void aSpoolThatAnotherProcessUsesIsRefused() throws Exception {
        String config = collector(target.port(), receiver.uri());
        start(config, "--spool=" + folder.resolve("spool"));
        receiver.awaitSamples(1, PATIENCE);

        Process second = start(config, "--spool=" + folder.resolve("spool"));

        assertThat(second.waitFor(30, SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(2);
        assertThat(log())
                .anySatisfy(line -> assertThat(line).contains(" ERROR ").contains("spool"));
    }

    @Test
    void theStatusPageIsServedAndAPortInUseEndsWithTwo() throws Exception {
        String config = collector(target.port(), receiver.uri());
        start(config, "--web=0");
        receiver.awaitSamples(1, PATIENCE);
        String announcement = " INFO  status page at ";
        String url = log().stream()
                .filter(line -> line.contains(announcement))
                .map(line -> line.substring(line.indexOf(announcement) + announcement.length()))
                .findFirst()
                .orElseThrow();
        HttpResponse<String> ready = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url + "-/ready")).build(), BodyHandlers.ofString());
        assertThat(ready.statusCode()).isEqualTo(200);

        Process second = start(config, "--web=" + URI.create(url).getPort());

        assertThat(second.waitFor(30, SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(2);
        assertThat(log())
                .anySatisfy(line -> assertThat(line).contains(" ERROR --web ").contains("in use"));
    }

    @Test
    void aProxyIsToldThePasswordOnTheWayToHttps() throws Exception {
        try (ScriptedTarget proxy =
                ScriptedTarget.start(ScriptedAnswer.status(407).header("Proxy-Authenticate", "Basic"))) {
            start("""
                    scrape_configs: [{job_name: llm, static_configs: [{targets: ["127.0.0.1:%d"]}]}]
                    remote_write:
                      - url: https://receiver.invalid/write
                        proxy_url: http://USER:s3cret@%s
                    """.formatted(target.port(), proxy.hostPort()));
            RecordedRequest asked = proxy.awaitRequests(2, PATIENCE).get(0);
            assertThat(asked.method() + " " + asked.target()).isEqualTo("CONNECT receiver.invalid:443");
            assertThat(asked.header("Proxy-Authorization")).isEqualTo("Basic VVNFUjpzM2NyZXQ=");
            assertThat(log())
                    .anySatisfy(line -> assertThat(line).contains("wants another user or password (HTTP 407)"))
                    .noneMatch(line -> line.contains("s3cret") || line.contains("VVNFUjpzM2NyZXQ="));
        }
    }

    @Test
    void aBadConfigurationEndsWithTwo() throws Exception {
        Process forwarder = start("scrape_configs: 1\n");

        assertThat(forwarder.waitFor(30, SECONDS)).isTrue();
        assertThat(forwarder.exitValue()).isEqualTo(2);
        assertThat(log())
                .anySatisfy(line -> assertThat(line)
                        .contains("config.yaml:1:17: error: scrape_configs: expected a list, found a single value"));
    }

    private static String collector(int port, URI url) {
        return Configurations.collector("1s", Map.of("user-vllm", "0.0.0.0:" + port), url, "${env:PRW_PASSWORD}");
    }

    private Process start(String config, String... options) throws IOException {
        Path file = Files.writeString(folder.resolve("config.yaml"), config);
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 22) {
            // As the manifest of the jar says; without it the JVM itself prints a warning, in its own form.
            builder.command().add("--enable-native-access=ALL-UNNAMED");
        }
        builder.command()
                .addAll(List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        Forwarder.class.getName(),
                        "run",
                        "--config.file=" + file));
        builder.command().addAll(List.of(options));
        builder.environment().put("PRW_PASSWORD", "s3cret");
        builder.redirectError(folder.resolve("log").toFile());
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                        .start()
                        .waitFor())
                .isZero();
    }

    /** SIGTERM. */
    private static int stop(Process process) throws InterruptedException {
        process.destroy();
        assertThat(process.waitFor(30, SECONDS)).isTrue();
        return process.exitValue();
    }

    private List<String> log() throws IOException {
        return Files.readAllLines(folder.resolve("log"), UTF_8);
    }
}

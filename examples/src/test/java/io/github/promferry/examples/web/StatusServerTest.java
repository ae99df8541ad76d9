package io.github.promferry.examples.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;
import static org.assertj.core.api.InstanceOfAssertFactories.MAP;

import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.MetricFamily;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.Target;
import io.github.promferry.scrape.discovery.EngineDiscovery;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatusServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String HOSTILE = "<img src=x onerror=alert(1)>\"'\n\u0000";

    private final ScriptedTarget good = ScriptedTarget.start(ScriptedAnswer.page("""
            # TYPE vllm:num_requests_running gauge
            vllm:num_requests_running{model_name="<b>"} 3
            # TYPE vllm:kv_cache_usage_perc gauge
            vllm:kv_cache_usage_perc{model_name="<b>"} 0.5
            vllm:kv_cache_usage_perc{model_name="<b>"} 0.6
            """));
    private final ScriptedTarget broken = ScriptedTarget.start(ScriptedAnswer.page("a_total <script>\n"));
    private final StrictReceiver receiver = StrictReceiver.builder().start();
    private final RemoteWriter writer = RemoteWriter.create(
            RemoteWriteConfig.builder(receiver.uri()).name("store").build());
    private final EngineMonitor monitor =
            EngineMonitor.builder().forwardTo(writer).build();
    private final Scraper scraper = Scraper.builder()
            .sink(monitor)
            .job(ScrapeJob.builder("llm")
                    .target(Target.of(good.hostPort(), Map.of("model", HOSTILE, EngineDiscovery.ENGINE_LABEL, "mine")))
                    .target(broken.hostPort())
                    .param("token", "s3cret")
                    .interval(Duration.ofHours(1))
                    .firstScrapeAtOnce(false)
                    .build())
            .build();
    private StatusServer server;

    @BeforeEach
    void scrapeOnce() throws IOException {
        server = StatusServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new StatusSource(Map.of("here", scraper), Map.of("store", writer), List.of(monitor)));
        writer.start();
        scraper.start();
        assertThat(scraper.scrapeNow(PATIENCE).complete()).isTrue();
        assertThat(writer.flush(PATIENCE).complete()).isTrue();
    }

    @AfterEach
    void stop() {
        server.close();
        scraper.close();
        writer.close();
        good.close();
        broken.close();
        receiver.close();
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, 200, text/html; charset=utf-8, <title>Promferry</title>",
        "GET, /status.css, 200, text/css; charset=utf-8, body {",
        "GET, /status.js, 200, text/javascript; charset=utf-8, fetch('status.json'",
        "GET, /status.json, 200, application/json, '\"targets\":['",
        "GET, /metrics, 200, text/plain; version=0.0.4, promferry_scrape_scrapes_total",
        "GET, /-/healthy, 200, text/plain; charset=utf-8, healthy",
        "GET, /-/ready, 503, text/plain; charset=utf-8, not ready",
        "GET, /nothing, 404, text/plain; charset=utf-8, there is /",
        "GET, /../status.js, 404, text/plain; charset=utf-8, there is /",
        "POST, /, 405, text/plain; charset=utf-8, only GET and HEAD",
        "DELETE, /status.json, 405, text/plain; charset=utf-8, only GET and HEAD",
    })
    void everyPathAnswers(String method, String path, int status, String contentType, String part) throws IOException {
        Answer answer = ask(method, path, "127.0.0.1");

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.head()).containsIgnoringCase("content-type: " + contentType);
        assertThat(answer.body()).contains(part);
        assertThat(answer.head())
                .containsIgnoringCase("content-security-policy: default-src 'none'; script-src 'self'")
                .containsIgnoringCase("x-content-type-options: nosniff")
                .containsIgnoringCase("cache-control: no-store");
    }

    @Test
    void headHasNoBody() throws IOException {
        Answer answer = ask("HEAD", "/status.json", "127.0.0.1");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void isReadyWhenTold() throws IOException {
        server.ready();

        assertThat(ask("GET", "/-/ready", "127.0.0.1").status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"127.0.0.1", "127.0.0.1:80", "127.8.9.1:9090", "localhost", "LocalHost:1", "[::1]", "[::1]:80"})
    void loopbackNamesAreAnswered(String host) throws IOException {
        assertThat(ask("GET", "/status.json", host).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:80",
                "127.0.0.1.evil.example",
                "localhost.evil.example",
                "10.0.0.1",
                "::1"
            })
    void otherNamesAreNotSinceAWebSiteMayHavePointedThemHere(String host) throws IOException {
        Answer answer = ask("GET", "/status.json", host);

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.body()).doesNotContain("targets");
    }

    @Test
    void jsonTellsOfTargetsAndEndpointsWithoutSecrets() throws IOException {
        String body = ask("GET", "/status.json", "127.0.0.1").body();

        assertThat(body).doesNotContain("s3cret", "<");
        Object status = JsonTest.parse(body);
        assertThat(status).asInstanceOf(MAP).extractingByKey("targets", LIST).hasSize(2);
        List<?> targets = (List<?>) ((Map<?, ?>) status).get("targets");
        assertThat(targets.get(0))
                .asInstanceOf(MAP)
                .containsEntry("job", "llm")
                .containsEntry("health", "up")
                .containsEntry("url", "http://" + good.hostPort() + "/metrics?...")
                .containsEntry("engine", "mine")
                .containsEntry("engineVersion", "")
                .hasEntrySatisfying(
                        "labels", labels -> assertThat(labels).asInstanceOf(MAP).containsEntry("model", HOSTILE))
                .extractingByKey("last", MAP)
                .extractingByKey("leftOut", LIST)
                .containsExactly(Map.of(
                        "why", "duplicate", "count", 1, "first", "vllm:kv_cache_usage_perc{model_name=\"<b>\"}"));
        assertThat(targets.get(1))
                .asInstanceOf(MAP)
                .containsEntry("health", "down")
                .extractingByKey("last", MAP)
                .containsEntry("errorKind", "PARSE")
                .extractingByKey("error")
                .asString()
                .contains("<script>");
        List<?> engines = (List<?>) ((Map<?, ?>) status).get("engines");
        assertThat(engines)
                .singleElement()
                .asInstanceOf(MAP)
                .containsEntry("engine", "vLLM")
                .containsEntry("model", "<b>")
                .containsEntry("state", "starting")
                .containsEntry("running", 3.0)
                .containsEntry("kvCacheUsage", 0.5)
                .containsEntry("generatedTokensPerSecond", null)
                .extractingByKey("labels", MAP)
                .containsEntry("job", "llm");
        List<?> endpoints = (List<?>) ((Map<?, ?>) status).get("endpoints");
        assertThat(endpoints)
                .singleElement()
                .asInstanceOf(MAP)
                .containsEntry("name", "store")
                .containsEntry("waiting", 0);
    }

    @Test
    void ownMetricsAreAPageThatParses() throws IOException {
        byte[] page = ask("GET", "/metrics", "127.0.0.1").body().getBytes(UTF_8);

        List<MetricFamily> families = MetricFamily.parse(ExpositionFormat.TEXT_0_0_4, page);
        assertThat(families)
                .extracting(family -> family.metadata().family())
                .doesNotHaveDuplicates()
                .contains(
                        "promferry_scrape_scrapes_total",
                        "promferry_remote_write_samples_delivered_total",
                        "process_start_time_seconds",
                        "process_cpu_seconds_total");
        // A family whose samples have another name would be untyped for who reads text.
        assertThat(families)
                .allSatisfy(family -> assertThat(family.samples())
                        .isNotEmpty()
                        .allSatisfy(sample -> assertThat(sample.labels().metricName())
                                .isEqualTo(family.metadata().family())));
    }

    @Test
    void anAddressInUseIsSaid() {
        InetSocketAddress taken = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(server.url().replaceAll(".*:(\\d+)/", "$1")));

        assertThatThrownBy(() -> StatusServer.start(taken, new StatusSource(Map.of(), Map.of(), List.of())))
                .isInstanceOf(BindException.class);
    }

    private record Answer(int status, String head, String body) {}

    /** By hand: no client would send the Host headers that attackers make browsers send. */
    private Answer ask(String method, String path, String host) throws IOException {
        int port = Integer.parseInt(server.url().replaceAll(".*:(\\d+)/", "$1"));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request = method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            int split = answer.indexOf("\r\n\r\n");
            return new Answer(
                    Integer.parseInt(answer.substring(9, 12)), answer.substring(0, split), answer.substring(split + 4));
        }
    }
}

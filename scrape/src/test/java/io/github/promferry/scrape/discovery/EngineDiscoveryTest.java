package io.github.promferry.scrape.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.LlmEngine;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EngineDiscoveryTest {
    private static final String VLLM = "vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\n";
    private static final String TRTLLM = "trtllm_num_requests_running 1\n";
    private static final String JSON = "[{\"iter\": 1}]";

    private final RecordingPublisher publisher = new RecordingPublisher();
    private final ScriptedTarget server = ScriptedTarget.start(ScriptedAnswer.status(404));
    private EngineDiscovery discovery;

    @AfterEach
    void close() {
        discovery.close();
        server.close();
    }

    private void pages(Map<String, String> pages) {
        server.answer(request -> {
            String page = pages.get(request.target());
            return page == null
                    ? ScriptedAnswer.status(404)
                    : page.matches("[0-9]{3}")
                            ? ScriptedAnswer.status(Integer.parseInt(page))
                            : ScriptedAnswer.page(page);
        });
    }

    private void start(String path) {
        start(EngineDiscovery.builder().engine(server.uri().resolve(path)));
    }

    private void start(EngineDiscovery.Builder builder) {
        discovery = builder.refreshInterval(Duration.ofMillis(20))
                .http(HttpSettings.builder()
                        .credentials(Credentials.bearer("token"))
                        .build())
                .build();
        // What the builder is used for afterwards is another discovery's.
        builder.http(HttpSettings.builder().userAgent("another/1").build());
        discovery.start(publisher);
    }

    /** Looks again as often as it looks at all. */
    private void startRestless() {
        start(EngineDiscovery.builder().engine(server.uri().resolve("/")).recheckInterval(Duration.ofMillis(20)));
    }

    private void awaitRequests(int more) {
        int wanted = server.requests().size() + more;
        await().atMost(Duration.ofSeconds(30)).until(() -> server.requests().size() >= wanted);
    }

    private Labels found() {
        await().atMost(Duration.ofSeconds(30))
                .until(() -> !publisher.published().isEmpty());
        List<List<TargetGroup>> published = publisher.published();
        return published.get(published.size() - 1).get(0).labels();
    }

    private Labels awaitEngine(String id) {
        await().atMost(Duration.ofSeconds(30)).until(() -> id.equals(found().get(EngineDiscovery.ENGINE_LABEL)));
        return found();
    }

    private List<String> asked() {
        return server.requests().stream().map(RecordedRequest::target).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # where the page is | its first line                        | engine
            /metrics            | vllm:kv_cache_usage_perc 0.5          | vllm
            /metrics            | sglang_num_running_reqs 0             | sglang
            /prometheus/metrics | trtllm_num_requests_running 0         | trtllm
            /metrics/           | lmdeploy:num_requests_running 0       | lmdeploy
            /metrics            | litellm_spend_metric_total 1          | litellm
            """)
    void findsPathAndEngine(String path, String line, String engine) {
        pages(Map.of(path, line + "\n"));
        start("/");

        Labels found = awaitEngine(engine);
        assertThat(found.get("__metrics_path__")).isEqualTo(path);
        assertThat(found.get("__scheme__")).isEqualTo("http");
        assertThat(publisher.addresses()).containsExactly(server.hostPort());
    }

    @Test
    void asksAsAScrapeOfAnEngineAndStopsAskingOnceItHasFound() {
        pages(Map.of("/metrics", VLLM));
        start("/");
        assertThat(awaitEngine("vllm").get(EngineDiscovery.VERSION_LABEL)).isEqualTo("0.9.2 or newer");

        // Many rounds of a look in vain would have passed when the other discovery has failed three times.
        RecordingPublisher other = new RecordingPublisher();
        ScriptedTarget nothing = ScriptedTarget.start(ScriptedAnswer.status(404));
        EngineDiscovery inVain = EngineDiscovery.builder()
                .engine(nothing.uri().resolve("/"))
                .refreshInterval(Duration.ofMillis(20))
                .build();
        try {
            inVain.start(other);
            await().atMost(Duration.ofSeconds(30)).until(() -> other.failures().size() >= 3);
        } finally {
            inVain.close();
            nothing.close();
        }

        assertThat(asked()).containsExactly("/prometheus/metrics", "/metrics");
        RecordedRequest request = server.requests().get(1);
        assertThat(request.header("Accept"))
                .startsWith("text/plain;version=0.0.4")
                .doesNotContain("openmetrics");
        assertThat(request.header("Accept-Encoding")).isNull();
        assertThat(request.header("Authorization")).isEqualTo("Bearer token");
    }

    @Test
    void readsTheStatisticsOfTensorRtLlmAtMostOnce() {
        pages(Map.of("/metrics", JSON));
        start("/");
        publisher.awaitFailure(reason -> reason.contains("left alone since reading it takes it away"));
        assertThat(found().get("__metrics_path__")).isEqualTo("/prometheus/metrics");

        pages(Map.of("/metrics", JSON, "/prometheus/metrics", TRTLLM));
        awaitEngine("trtllm");

        assertThat(asked()).containsOnlyOnce("/metrics");
    }

    @Test
    void doesNotReadThemWhereTheEngineHasItsMetrics() {
        pages(Map.of("/metrics", JSON, "/prometheus/metrics", TRTLLM));
        start("/");
        awaitEngine("trtllm");

        assertThat(asked()).containsExactly("/prometheus/metrics");
    }

    @Test
    void anEngineThatIsNotUpYetIsATargetAndIsAskedAgain() {
        server.answer(ScriptedAnswer.drop());
        start("/");
        assertThat(found().get(EngineDiscovery.ENGINE_LABEL)).isNull();
        assertThat(publisher.addresses()).containsExactly(server.hostPort());

        pages(Map.of("/metrics", VLLM));
        assertThat(awaitEngine("vllm").get("__metrics_path__")).isEqualTo("/metrics");
    }

    @Test
    void aPageThatIsStillEmptyIsScrapedWhileTheSearchGoesOn() {
        pages(Map.of("/metrics", "# HELP a b\n"));
        start("/");
        await().atMost(Duration.ofSeconds(30)).until(() -> "/metrics".equals(found().get("__metrics_path__")));

        pages(Map.of("/metrics", "sglang:num_running_reqs 0\n"));
        awaitEngine("sglang");
    }

    @Test
    void samplesOfNoKnownEngineAreGoodEnough() {
        pages(Map.of("/metrics", "my_metric 1\n"));
        start("/");
        await().atMost(Duration.ofSeconds(30)).until(() -> "/metrics".equals(found().get("__metrics_path__")));
        assertThat(found().get(EngineDiscovery.ENGINE_LABEL)).isNull();
    }

    @Test
    void anotherEngineAtTheSameAddressIsNoticed() {
        pages(Map.of("/metrics", VLLM));
        startRestless();
        awaitEngine("vllm");

        pages(Map.of("/prometheus/metrics", TRTLLM));
        assertThat(awaitEngine("trtllm").get("__metrics_path__")).isEqualTo("/prometheus/metrics");
        // What was at the path that is gone was known by then.
        List<String> asked = asked();
        assertThat(asked.subList(asked.indexOf("/prometheus/metrics") + 1, asked.size()))
                .as("%s", asked)
                .doesNotContain("/metrics/");
    }

    @Test
    void aProgramWhoseEngineShowsLaterIsRecognizedWithoutAskingElsewhere() {
        pages(Map.of("/metrics", "python_info 1\n"));
        startRestless();
        await().atMost(Duration.ofSeconds(30)).until(() -> "/metrics".equals(found().get("__metrics_path__")));

        pages(Map.of("/metrics", "python_info 1\nsglang:num_running_reqs 0\n"));
        awaitEngine("sglang");
        assertThat(asked()).containsOnlyOnce("/prometheus/metrics").doesNotContain("/metrics/");
    }

    @Test
    void anEngineThatIsDownOrBusyIsWhatItWas() {
        pages(Map.of("/metrics", VLLM));
        startRestless();
        awaitEngine("vllm");

        for (ScriptedAnswer answer : List.of(ScriptedAnswer.drop(), ScriptedAnswer.status(503))) {
            server.answer(answer);
            awaitRequests(2);
        }
        pages(Map.of("/metrics", VLLM));
        awaitRequests(2);

        assertThat(publisher.published())
                .allSatisfy(groups -> assertThat(groups.get(0).labels().get(EngineDiscovery.ENGINE_LABEL))
                        .isEqualTo("vllm"));
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void whatProvedAnEngineHasToBeMissingTwice() {
        pages(Map.of("/metrics", VLLM));
        startRestless();
        awaitEngine("vllm");

        AtomicInteger requests = new AtomicInteger();
        ScriptedAnswer without = ScriptedAnswer.page("vllm:num_requests_running 0\n");
        server.answer(request -> requests.incrementAndGet() % 2 == 0 ? ScriptedAnswer.page(VLLM) : without);
        awaitRequests(6);
        assertThat(publisher.published())
                .allSatisfy(groups -> assertThat(groups.get(0).labels().get(EngineDiscovery.VERSION_LABEL))
                        .isEqualTo("0.9.2 or newer"));

        server.answer(without);
        await().atMost(Duration.ofSeconds(30)).until(() -> found().get(EngineDiscovery.VERSION_LABEL) == null);
        assertThat(found().get(EngineDiscovery.ENGINE_LABEL)).isEqualTo("vllm");
    }

    /** A server that is gone takes along what its paths were. */
    @Test
    void aPathThatWasLeftAloneIsAskedForOnceNobodyHasListened() {
        pages(Map.of("/metrics", JSON));
        start("/");
        publisher.awaitFailure(reason -> reason.contains("left alone"));

        server.stop();
        publisher.awaitFailure(reason -> reason.contains("ConnectException"));
        server.restart();
        pages(Map.of("/metrics", VLLM));
        awaitEngine("vllm");
    }

    @Test
    void whatAnEngineIsCanBeTold() {
        LlmEngine lmdeploy = EngineCatalog.builtIn().engine("lmdeploy");
        pages(Map.of("/metrics", VLLM));
        start(EngineDiscovery.builder().engine(server.uri().resolve("/"), lmdeploy));

        await().atMost(Duration.ofSeconds(30)).until(() -> "/metrics".equals(found().get("__metrics_path__")));
        assertThat(found().get(EngineDiscovery.ENGINE_LABEL)).isEqualTo("lmdeploy");
        assertThat(found().get(EngineDiscovery.VERSION_LABEL)).isNull();
        assertThat(asked()).containsExactly("/metrics/", "/metrics");
    }

    @ParameterizedTest
    @CsvSource({"http://h, h:8000", "http://h/, h:8000", "http://h:81, h:81", "https://h, h", "http://[::1], [::1]:8000"
    })
    void anEngineThatIsToldHasItsOwnPort(String url, String address) {
        start(EngineDiscovery.builder()
                .engine(
                        URI.create(url.endsWith("/") ? url + "x" : url + "/x"),
                        EngineCatalog.builtIn().engine("vllm")));
        publisher.awaitAddresses(address);
        assertThat(found().get("__metrics_path__")).isEqualTo("/x");
    }

    @Test
    void aPathThatIsGivenIsTaken() {
        start("/elsewhere");
        assertThat(found().get("__metrics_path__")).isEqualTo("/elsewhere");
        discovery.close();
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void saysWhatThePathsHaveAnswered() {
        pages(Map.of("/prometheus/metrics", "401", "/metrics", "<html>\n"));
        start("/");
        publisher.awaitFailure(reason -> reason.startsWith("no metrics found at "
                + server.uri().resolve("/") + ": /prometheus/metrics: HTTP status 401; /metrics: no exposition ("));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://h", "http:/x", "http://u:secret@h:1", "http://h?token=secret", "h:8000", "http://h#secret"
            })
    void whatIsNoUrlOfAnEngineIsRefusedWithoutTellingSecrets(String url) {
        discovery = EngineDiscovery.builder().build();
        assertThatThrownBy(() -> EngineDiscovery.builder().engine(URI.create(url)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("URL of an engine")
                .message()
                .doesNotContain("secret");
    }
}

package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.github.promferry.examples.grafana.AlertRule;
import io.github.promferry.examples.grafana.Dashboard;
import io.github.promferry.examples.grafana.Dashboard.Panel;
import io.github.promferry.examples.grafana.Dashboard.Target;
import io.github.promferry.examples.grafana.Dashboard.Variable;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.CanonicalSink;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.testkit.EngineRelease;
import io.github.promferry.testkit.LocalPrometheus;
import io.github.promferry.testkit.LocalServer;
import io.github.promferry.testkit.LocalVictoriaMetrics;
import io.github.promferry.testkit.MovingPage;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.SimulatedEngine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every expression of every dashboard and alert has an answer on a Prometheus to which the forwarder writes engines of all kinds,
 * and itself.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardFilesIT {
    private static final String WINDOW = "30s";
    /** Half a minute: two scrape each engine every second. */
    private static final int PAGES = 60;

    private static final Map<String, EngineRelease> SIMULATED = Map.of(
            "vllm", EngineRelease.VLLM_0_13,
            "vllm-0.9", EngineRelease.VLLM_0_9,
            "vllm-v0", EngineRelease.VLLM_V0,
            "sglang", EngineRelease.SGLANG,
            "sglang-0.4", EngineRelease.SGLANG_0_4,
            "tgi", EngineRelease.TGI,
            "llama-cpp", EngineRelease.LLAMA_CPP,
            "llama-cpp-2025", EngineRelease.LLAMA_CPP_2025);

    private static final Map<String, List<String>> CAPTURED = Map.of(
            "sglang-2026", List.of("/corpus/sglang-0.5.23-collectors.prom"),
            "tensorrt-llm", List.of("/corpus/dynamo-trtllm-1.x.prom", "/documented/tensorrt-llm-2026.prom"),
            "triton", List.of("/corpus/triton-trtllm-backend-docs.prom"),
            "dynamo-frontend", List.of("/corpus/dynamo-frontend-0.8.prom"),
            "dynamo-worker", List.of("/corpus/dynamo-vllm-v1-lmcache.prom"),
            "lmdeploy", List.of("/corpus/lmdeploy-0.18-logger.prom"),
            "dcgm", List.of("/documented/dcgm.prom"));

    /** Panels that stay empty, by dashboard and job: the release does not have their metrics. */
    private static final Map<String, Set<String>> NOT_SHOWN = Map.of(
            "promferry-vllm dynamo-worker",
            Set.of("HTTP answers by status"),
            "promferry-vllm vllm-v0",
            Set.of(
                    "HTTP answers by status",
                    "Prefix cache hits",
                    "Queue time",
                    "Time per phase",
                    "Tokens per engine step"),
            "promferry-sglang sglang-0.4",
            Set.of(
                    "Prompt tokens from the cache",
                    "Queue time",
                    "Queues of disaggregated serving",
                    "Retractions",
                    "Time per stage"),
            "promferry-llama-cpp llama-cpp",
            Set.of("KV cache usage"),
            "promferry-llama-cpp llama-cpp-2025",
            Set.of("Longest sequence"));

    private static final Pattern METRIC = Pattern.compile(
            "\\b(?:up|scrape_\\w+|(?:llm_|gen_ai_|vllm:|sglang:|llamacpp:|lmdeploy:|tgi_|trtllm_|nv_|dynamo_|promferry_|DCGM_)\\w+)\\b");

    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private LocalPrometheus prometheus;
    private LocalVictoriaMetrics victoriaMetrics;
    private final Map<String, List<String>> jobsOfDashboard = new HashMap<>();

    @BeforeAll
    void forwardAllEngines(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        prometheus = opened(LocalPrometheus.start(binary, Files.createDirectory(directory.resolve("prometheus"))));
        victoriaMetrics = opened(LocalVictoriaMetrics.start(
                InstalledServer.require("victoria-metrics", "victoria-metrics"),
                Files.createDirectory(directory.resolve("victoria-metrics"))));
        Map<String, String> targets = new LinkedHashMap<>();
        List<SimulatedEngine> engines = new ArrayList<>();
        SIMULATED.forEach((job, release) -> {
            SimulatedEngine engine = opened(SimulatedEngine.of(release).start());
            engines.add(engine);
            targets.put(job, engine.hostPort());
        });
        for (Map.Entry<String, List<String>> pages : CAPTURED.entrySet()) {
            targets.put(pages.getKey(), opened(movingPage(pages.getValue())).hostPort());
        }
        String web = "127.0.0.1:" + LocalServer.freePort();
        targets.put("promferry", web);
        ScriptedTarget refusing = opened(ScriptedTarget.start(ScriptedAnswer.status(400)));
        ForwarderProcess forwarder =
                opened(ForwarderProcess.run(directory, config(targets, refusing.hostPort()), "--web", web));

        scrapeUnderCommonNames(targets.values());

        await().atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    assertThat(forwarder.isAlive()).as(forwarder.log()).isTrue();
                    return engines.stream().allMatch(engine -> engine.pagesServed() > PAGES);
                });
    }

    /** Embedded, as a service would: all engines again, and their signals under the names that all share. */
    private void scrapeUnderCommonNames(Collection<String> targets) {
        List<RemoteWriter> writers = Stream.of(prometheus.writeUri(), victoriaMetrics.writeUri())
                .map(uri -> opened(
                        RemoteWriter.create(RemoteWriteConfig.builder(uri).build())))
                .toList();
        ScrapeJob.Builder job = ScrapeJob.builder("signals").interval(Duration.ofSeconds(1));
        targets.forEach(job::target);
        Scraper scraper = opened(Scraper.builder()
                .sink(new CanonicalSink(
                        batch -> writers.stream()
                                        .filter(writer -> writer.append(batch))
                                        .count()
                                == writers.size(),
                        EngineCatalog.builtIn()))
                .job(job.build())
                .build());
        writers.forEach(RemoteWriter::start);
        scraper.start();
    }

    @AfterAll
    void stop() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
    }

    @TestFactory
    Stream<DynamicNode> everyExpressionHasFiniteResults() throws IOException {
        return Dashboard.readAll().stream()
                .map(dashboard -> dynamicContainer(
                        dashboard.title(),
                        targets(dashboard)
                                .map(target -> dynamicTest(target.legend() + " " + target.expression(), () -> {
                                    String expression = evaluable(target.expression(), jobs(dashboard));
                                    assertThat(PromQlAnswer.vector(prometheus.query(expression)))
                                            .as(expression)
                                            .isNotEmpty()
                                            .allSatisfy(element ->
                                                    assertThat(element.number()).isFinite());
                                }))));
    }

    /** Also in VictoriaMetrics, whose language is meant to be a superset of PromQL. */
    @TestFactory
    Stream<DynamicNode> everyExpressionHasResultsInVictoriaMetrics() throws IOException {
        return Dashboard.readAll().stream()
                .map(dashboard -> dynamicContainer(
                        dashboard.title(),
                        targets(dashboard)
                                .map(target -> dynamicTest(target.legend() + " " + target.expression(), () -> {
                                    String expression = evaluable(target.expression(), jobs(dashboard));
                                    assertThat(PromQlAnswer.vector(victoriaMetrics.query(expression)))
                                            .as(expression)
                                            .isNotEmpty();
                                }))));
    }

    @TestFactory
    Stream<DynamicNode> everyVariableOffersValues() throws IOException {
        return Dashboard.readAll().stream()
                .map(dashboard -> dynamicContainer(
                        dashboard.title(),
                        dashboard.variables().stream()
                                .map(variable -> dynamicTest(
                                        variable.name(),
                                        () -> assertThat(values(variable, jobs(dashboard)))
                                                .isNotEmpty()))));
    }

    /** What a release cannot show is known, and everything else is shown for it, too. */
    @TestFactory
    Stream<DynamicNode> everyReleaseHasItsPanels() throws IOException {
        List<DynamicNode> tests = new ArrayList<>();
        for (Dashboard dashboard : Dashboard.readAll()) {
            if (dashboard.uid().equals("promferry-dynamo")) {
                // Half of it is of frontends, the other half of workers.
                continue;
            }
            for (String job : jobs(dashboard)) {
                tests.add(dynamicTest(
                        dashboard.title() + " of " + job,
                        () -> assertThat(emptyPanels(dashboard, job))
                                .isEqualTo(NOT_SHOWN.getOrDefault(dashboard.uid() + " " + job, Set.of()))));
            }
        }
        return tests.stream();
    }

    /** Whether an alert fires is tested elsewhere; here, that engines have what it asks for. */
    @TestFactory
    Stream<DynamicNode> everyAlertFindsItsMetrics() throws IOException {
        return AlertRule.readAll().stream()
                .map(rule -> dynamicTest(rule.file().getFileName() + " " + rule.name(), () -> {
                    prometheus.query(rule.expression());
                    String withoutLabels = rule.expression().replaceAll("by \\([^)]*\\)", "");
                    for (String metric : METRIC.matcher(withoutLabels)
                            .results()
                            .map(MatchResult::group)
                            .toList()) {
                        assertThat(PromQlAnswer.vector(prometheus.query(metric)))
                                .as(metric)
                                .isNotEmpty();
                    }
                }));
    }

    private Set<String> emptyPanels(Dashboard dashboard, String job) {
        return dashboard.panels().stream()
                .filter(panel -> !panel.targets().isEmpty())
                .filter(panel -> panel.targets().stream()
                        .allMatch(target -> PromQlAnswer.vector(
                                        prometheus.query(evaluable(target.expression(), List.of(job))))
                                .isEmpty()))
                .map(Panel::title)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<Target> targets(Dashboard dashboard) {
        return dashboard.panels().stream().flatMap(panel -> panel.targets().stream());
    }

    /** All that the dashboard's first variable offers, as if "All" were picked. */
    private List<String> jobs(Dashboard dashboard) {
        return jobsOfDashboard.computeIfAbsent(
                dashboard.uid(), uid -> values(dashboard.variables().get(0), List.of()));
    }

    private List<String> values(Variable variable, List<String> jobs) {
        String query = "count by (" + variable.name() + ") (" + evaluable(variable.selector(), jobs) + ")";
        return PromQlAnswer.vector(prometheus.query(query)).stream()
                .map(element -> element.labels().getOrDefault(variable.name(), ""))
                .filter(value -> !value.isEmpty())
                .toList();
    }

    /** Replaces variables as Grafana does: jobs are listed, of all others everything is picked. */
    private static String evaluable(String expression, List<String> jobs) {
        String listed = jobs.stream().map(job -> job.replace(".", "\\\\.")).collect(Collectors.joining("|", "(", ")"));
        return expression
                .replace("$__rate_interval", WINDOW)
                .replace("$job", listed)
                .replaceAll("\\$\\w+", ".*");
    }

    private static ScriptedTarget movingPage(List<String> resources) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String resource : resources) {
            try (InputStream page = DashboardFilesIT.class.getResourceAsStream(resource)) {
                text.append(new String(page.readAllBytes(), UTF_8));
            }
        }
        MovingPage page = MovingPage.of(text.toString());
        AtomicLong scrapes = new AtomicLong();
        return ScriptedTarget.start(ScriptedAnswer.status(503))
                .answer(request -> ScriptedAnswer.page(page.after(scrapes.incrementAndGet())));
    }

    /** An endpoint that takes everything but one family, and another that refuses all: losses of each kind. */
    private String config(Map<String, String> targets, String refusing) {
        StringBuilder config =
                new StringBuilder("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n");
        targets.forEach((job, target) -> config.append("""
                  - {job_name: "%s", static_configs: [{targets: ["%s"]}]}
                """.formatted(job, target)));
        return config.append("""
                remote_write:
                  - name: prometheus
                    url: %s
                    queue_config: {batch_send_deadline: 1s}
                    write_relabel_configs:
                      - {source_labels: [__name__], regex: python_gc_.*, action: drop}
                  - {name: victoria-metrics, url: "%s", queue_config: {batch_send_deadline: 1s}}
                  - {name: refusing, url: "http://%s/api/v1/write", queue_config: {batch_send_deadline: 1s}}
                """.formatted(prometheus.writeUri(), victoriaMetrics.writeUri(), refusing))
                .toString();
    }

    private <T extends AutoCloseable> T opened(T part) {
        running.push(part);
        return part;
    }
}

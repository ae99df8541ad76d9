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
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
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
    /** The window, and some more. */
    private static final int PAGES = 35;

    private static final Map<String, EngineRelease> SIMULATED = Map.of(
            "vllm", EngineRelease.VLLM_0_13,
            "vllm-0.9", EngineRelease.VLLM_0_9,
            "vllm-v0", EngineRelease.VLLM_V0,
            "sglang", EngineRelease.SGLANG,
            "sglang-0.4", EngineRelease.SGLANG_0_4,
            "tgi", EngineRelease.TGI,
            "llama-cpp", EngineRelease.LLAMA_CPP,
            "llama-cpp-2025", EngineRelease.LLAMA_CPP_2025);

    private static final Map<String, List<String>> CAPTURED = Map.ofEntries(
            Map.entry("sglang-2026", List.of("/corpus/sglang-0.5.23-collectors.prom")),
            Map.entry("tensorrt-llm", List.of("/corpus/dynamo-trtllm-1.x.prom", "/documented/tensorrt-llm-2026.prom")),
            Map.entry("triton", List.of("/corpus/triton-trtllm-backend-docs.prom")),
            Map.entry("dynamo-frontend", List.of("/corpus/dynamo-frontend-0.8.prom")),
            Map.entry("dynamo-worker", List.of("/corpus/dynamo-vllm-v1-lmcache.prom")),
            Map.entry("lmdeploy", List.of("/corpus/lmdeploy-0.18-logger.prom")),
            Map.entry("ray-serve", List.of("/corpus/ray-serve-2.60-vllm-0.33-excerpt.prom")),
            Map.entry("litellm", List.of("/corpus/litellm-proxy-1.100.prom")),
            Map.entry("smg", List.of("/corpus/smg-1.13.prom")),
            Map.entry("sglang-router", List.of("/corpus/sglang-router-0.3.2.prom")),
            Map.entry("node", List.of("/corpus/node_exporter-1.5-some-collectors.prom")),
            Map.entry("dcgm", List.of("/documented/dcgm.prom")));

    /** Dashboards whose panels are for targets of several kinds: no job has all of them. */
    private static final Set<String> OF_SEVERAL_KINDS = Set.of("promferry-dynamo", "promferry-engines");

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
            Set.of("Longest sequence"),
            "promferry-sglang-router sglang-router",
            Set.of(
                    "Cache-aware choices",
                    "KV cache usage",
                    "Rate limit",
                    "Requests in the engines",
                    "Retries",
                    "Token throughput"));

    private static final Pattern METRIC = Pattern.compile(
            "\\b(?:up|scrape_\\w+|(?:llm_|gen_ai_|vllm:|sglang:|llamacpp:|lmdeploy:|tgi_|trtllm_|nv_|dynamo_|ray_|smg_|litellm_|node_|promferry_|DCGM_)\\w+)\\b");

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
        Map<String, List<String>> targets = new LinkedHashMap<>();
        List<SimulatedEngine> engines = new ArrayList<>();
        SIMULATED.forEach((job, release) -> {
            // Two instances of one model, and one of another.
            for (SimulatedEngine.Builder engine : List.of(
                    SimulatedEngine.of(release),
                    SimulatedEngine.of(release).seed(2),
                    SimulatedEngine.of(release).seed(3).model("acme/Other-1.5B"))) {
                engines.add(opened(engine.start()));
            }
            targets.put(
                    job,
                    engines.subList(engines.size() - 3, engines.size()).stream()
                            .map(SimulatedEngine::hostPort)
                            .toList());
        });
        for (Map.Entry<String, List<String>> pages : CAPTURED.entrySet()) {
            targets.put(
                    pages.getKey(), List.of(opened(movingPage(pages.getValue())).hostPort()));
        }
        String web = "127.0.0.1:" + LocalServer.freePort();
        targets.put("promferry", List.of(web));
        ScriptedTarget refusing = opened(ScriptedTarget.start(ScriptedAnswer.status(400)));
        ForwarderProcess forwarder = opened(
                ForwarderProcess.run(directory, config(targets, refusing.hostPort()), "--web", web, "--signal-names"));

        await().atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    assertThat(forwarder.isAlive()).as(forwarder.log()).isTrue();
                    return engines.stream().allMatch(engine -> engine.pagesServed() > PAGES);
                });
    }

    @AfterAll
    void stop() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
    }

    /** Also in VictoriaMetrics, whose language is meant to be a superset of PromQL. */
    @TestFactory
    Stream<DynamicNode> everyExpressionHasFiniteResults() throws IOException {
        return ofEach((dashboard, jobs) -> targets(dashboard)
                .map(target -> dynamicTest(target.legend() + " " + target.expression(), () -> {
                    String expression = evaluable(target.expression(), Map.of("job", jobs));
                    assertThat(PromQlAnswer.vector(prometheus.query(expression)))
                            .as(expression)
                            .isNotEmpty()
                            .allSatisfy(element -> assertThat(element.number()).isFinite());
                    assertThat(PromQlAnswer.vector(victoriaMetrics.query(expression)))
                            .as("VictoriaMetrics: " + expression)
                            .isNotEmpty();
                })));
    }

    @TestFactory
    Stream<DynamicNode> everyVariableOffersValues() throws IOException {
        return ofEach((dashboard, jobs) -> dashboard.variables().stream()
                .map(variable -> dynamicTest(
                        variable.name(),
                        () -> assertThat(values(variable, Map.of("job", jobs))).isNotEmpty())));
    }

    /** What a release cannot show is known, and everything else is shown for it, too. */
    @TestFactory
    Stream<DynamicNode> everyReleaseHasItsPanels() throws IOException {
        return ofEach((dashboard, jobs) -> jobs.stream()
                .filter(job -> !OF_SEVERAL_KINDS.contains(dashboard.uid()))
                .map(job -> dynamicTest(job, () -> assertNoPanelIsEmpty(dashboard, job, Map.of("job", List.of(job))))));
    }

    /** Two models of one job, on three instances: each alone, two together, and another one's are left out. */
    @TestFactory
    Stream<DynamicNode> everyPickOfModelsAndInstancesHasItsPanels() throws IOException {
        return ofEach((dashboard, jobs) -> jobs.stream()
                .filter(job -> SIMULATED.containsKey(job) && !OF_SEVERAL_KINDS.contains(dashboard.uid()))
                .flatMap(job -> dashboard.variables().stream()
                        .skip(1)
                        .map(variable -> dynamicTest(job + " " + variable.name(), () -> {
                            List<String> offered = values(variable, Map.of("job", List.of(job)));
                            assertThat(offered).hasSize(variable.name().equals("instance") ? 3 : 2);
                            assertThat(values(variable, pick(job, variable, offered.subList(0, 1))))
                                    .isEqualTo(offered.subList(0, 1));
                            for (String value : offered) {
                                assertNoPanelIsEmpty(dashboard, job, pick(job, variable, List.of(value)));
                            }
                            assertNoPanelIsEmpty(dashboard, job, pick(job, variable, offered.subList(0, 2)));
                        }))));
    }

    private static Map<String, List<String>> pick(String job, Variable variable, List<String> values) {
        return Map.of("job", List.of(job), variable.name(), values);
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

    /** Tests of each dashboard, with all its jobs picked. */
    private Stream<DynamicNode> ofEach(BiFunction<Dashboard, List<String>, Stream<? extends DynamicNode>> tests)
            throws IOException {
        return Dashboard.readAll().stream()
                .map(dashboard -> dynamicContainer(dashboard.title(), tests.apply(dashboard, jobs(dashboard))));
    }

    private void assertNoPanelIsEmpty(Dashboard dashboard, String job, Map<String, List<String>> picked) {
        assertThat(emptyPanels(dashboard, picked))
                .as("empty with " + picked)
                .isEqualTo(NOT_SHOWN.getOrDefault(dashboard.uid() + " " + job, Set.of()));
    }

    private Set<String> emptyPanels(Dashboard dashboard, Map<String, List<String>> picked) {
        return dashboard.panels().stream()
                .filter(panel -> !panel.targets().isEmpty())
                .filter(panel -> panel.targets().stream()
                        .allMatch(
                                target -> PromQlAnswer.vector(prometheus.query(evaluable(target.expression(), picked)))
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
                dashboard.uid(), uid -> values(dashboard.variables().get(0), Map.of()));
    }

    private List<String> values(Variable variable, Map<String, List<String>> picked) {
        String selector = evaluable(variable.selector(), picked);
        if (picked.containsKey(variable.name()) && !variable.name().equals("job")) {
            // Grafana offers all values of a variable whatever is picked of it; what matches the pick is asked here.
            String matcher = variable.name() + "=~\"" + pattern(picked.get(variable.name())) + "\"}";
            selector = selector.replaceFirst("}$", Matcher.quoteReplacement("," + matcher));
        }
        String query = "count by (" + variable.name() + ") (" + selector + ")";
        return PromQlAnswer.vector(prometheus.query(query)).stream()
                .map(element -> element.labels().getOrDefault(variable.name(), ""))
                .filter(value -> !value.isEmpty())
                .sorted()
                .toList();
    }

    /** Replaces variables as Grafana does: what is picked is listed, of all others everything is taken. */
    private static String evaluable(String expression, Map<String, List<String>> picked) {
        String evaluable = expression.replace("$__rate_interval", WINDOW);
        for (Map.Entry<String, List<String>> variable : picked.entrySet()) {
            evaluable = evaluable.replace("$" + variable.getKey() + "\"", pattern(variable.getValue()) + "\"");
        }
        return evaluable.replaceAll("\\$\\w+", ".*");
    }

    /** A backslash for the regular expression, another one because it stands in a PromQL string. */
    private static String pattern(List<String> values) {
        return values.stream()
                .map(value -> value.replaceAll("[.+*?()|\\[\\]{}^$\\\\]", "\\\\\\\\$0"))
                .collect(Collectors.joining("|", "(", ")"));
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
    private String config(Map<String, List<String>> targets, String refusing) {
        StringBuilder config =
                new StringBuilder("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n");
        targets.forEach((job, addresses) -> config.append("""
                  - {job_name: "%s", static_configs: [{targets: %s}]}
                """.formatted(job, addresses)));
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

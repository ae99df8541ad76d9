package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.github.promferry.examples.Configurations;
import io.github.promferry.testkit.LocalPrometheus;
import io.github.promferry.testkit.SimulatedEngine;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job on the real thing: the forwarder, with the configuration of the sidecar it replaces, carries two engines
 * for a minute into Prometheus, where every dashboard must find its data and every number must be the page's.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardsIT {
    private final Map<String, String> answers = new LinkedHashMap<>();
    private final Map<String, List<PromQlAnswer.Element>> forwarded = new HashMap<>();
    private final Map<String, String> pages = new HashMap<>();
    private List<PromQlAnswer.Element> up = List.of();
    private List<String> models = List.of();
    private long refusedWrites;
    private String forwarderLog = "";

    @BeforeAll
    void forwardForAMinute(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        try (SimulatedEngine vllm = SimulatedEngine.vllm().start();
                SimulatedEngine sglang = SimulatedEngine.sglang().start();
                LocalPrometheus prometheus =
                        LocalPrometheus.start(binary, Files.createDirectory(directory.resolve("prometheus")));
                ForwarderProcess forwarder = ForwarderProcess.run(
                        directory,
                        Configurations.collector(
                                "2s",
                                Map.of("user-vllm", vllm.hostPort(), "user-sglang", sglang.hostPort()),
                                prometheus.writeUri(),
                                "PASSWORD"))) {
            // The dashboards look back a minute.
            await().atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> {
                        assertThat(forwarder.isAlive()).as(forwarder.log()).isTrue();
                        return vllm.pagesServed() > 31 && sglang.pagesServed() > 31;
                    });
            for (String line : expressions()) {
                String[] columns = line.split("\t", -1);
                String model = columns[0].equals("vllm") ? vllm.model() : sglang.model();
                answers.put(line, prometheus.query(evaluable(columns[3], model)));
            }
            up = PromQlAnswer.vector(prometheus.query("up"));
            models = PromQlAnswer.strings(prometheus.labelValues("model_name"));
            captureOneScrape("user-vllm", vllm, prometheus);
            captureOneScrape("user-sglang", sglang, prometheus);
            refusedWrites = prometheus.refusedWrites();
            assertThat(forwarder.endBy("TERM", Duration.ofSeconds(20))).isZero();
            forwarderLog = forwarder.log();
        }
    }

    @AfterAll
    void theLogHoldsNoSecret() {
        assertThat(forwarderLog).doesNotContain("PASSWORD");
    }

    @TestFactory
    Stream<DynamicTest> everyDashboardExpressionHasFiniteResults() {
        assertThat(answers).hasSize(42);
        return answers.entrySet().stream().map(answer -> {
            String[] columns = answer.getKey().split("\t", -1);
            return dynamicTest(columns[0] + ": " + columns[1] + " " + columns[2], () -> {
                List<PromQlAnswer.Element> elements = PromQlAnswer.vector(answer.getValue());
                assertThat(elements).as(columns[3]).isNotEmpty();
                assertThat(elements)
                        .as(columns[3])
                        .allSatisfy(element -> assertThat(element.number()).isFinite());
            });
        });
    }

    @Test
    void everyTargetIsUp() {
        assertThat(up)
                .hasSize(2)
                .allSatisfy(element -> assertThat(element.number())
                        .as(element.labels().toString())
                        .isEqualTo(1));
    }

    @Test
    void dashboardVariablesListBothModels() {
        assertThat(models).contains("Qwen/Qwen3-0.6B", "meta-llama/Llama-3.1-8B-Instruct");
    }

    @Test
    void prometheusRefusesNothing() {
        assertThat(refusedWrites).isZero();
    }

    @Test
    void everySeriesOfTheVllmPageArrivesWithItsValue() {
        assertSameAsPage("user-vllm", 400);
    }

    @Test
    void everySeriesOfTheSglangPageArrivesWithItsValue() {
        assertSameAsPage("user-sglang", 200);
    }

    /** Stops the engine's clock, so that the page of the next scrape is known. */
    private void captureOneScrape(String job, SimulatedEngine engine, LocalPrometheus prometheus) {
        engine.freeze();
        int served = engine.pagesServed();
        await().atMost(Duration.ofSeconds(30)).until(() -> engine.pagesServed() >= served + 2);
        String page = engine.page();
        pages.put(job, page);
        Map<Map<String, String>, Double> expected = valuesOf(page);
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> {
                    forwarded.put(job, PromQlAnswer.vector(prometheus.query("{job=\"" + job + "\"}")));
                    return valuesOfJob(job).equals(expected);
                });
    }

    private void assertSameAsPage(String job, int atLeast) {
        Map<Map<String, String>, Double> expected = valuesOf(pages.getOrDefault(job, ""));
        assertThat(expected).hasSizeGreaterThan(atLeast);
        assertThat(valuesOfJob(job)).isEqualTo(expected);
    }

    /** What Prometheus has of a job, without the labels and series that the scraper adds. */
    private Map<Map<String, String>, Double> valuesOfJob(String job) {
        Map<Map<String, String>, Double> values = new HashMap<>();
        for (PromQlAnswer.Element element : forwarded.getOrDefault(job, List.of())) {
            Map<String, String> labels = new TreeMap<>(element.labels());
            labels.remove("job");
            labels.remove("instance");
            if (!labels.getOrDefault("__name__", "").matches("up|scrape_.*")) {
                values.put(labels, element.number());
            }
        }
        return values;
    }

    private static Map<Map<String, String>, Double> valuesOf(String page) {
        Map<Map<String, String>, Double> values = new HashMap<>();
        for (PageLine line : PageLine.read(page)) {
            values.put(line.labels(), line.value());
        }
        return values;
    }

    private static List<String> expressions() throws Exception {
        try (InputStream file = DashboardsIT.class.getResourceAsStream("/dashboards/expressions.tsv")) {
            return new String(file.readAllBytes(), UTF_8).lines().toList();
        }
    }

    /** Replaces Grafana's variables as Grafana does. */
    private static String evaluable(String expression, String model) {
        // A backslash for the regular expression, another one because it stands in a PromQL string.
        String pattern = model.replaceAll("[.+*?()|\\[\\]{}^$\\\\]", "\\\\\\\\$0");
        return expression
                .replace("=~\"$model_name\"", "=~\"" + pattern + "\"")
                .replace("$model_name", model)
                .replace("$__rate_interval", "1m");
    }
}

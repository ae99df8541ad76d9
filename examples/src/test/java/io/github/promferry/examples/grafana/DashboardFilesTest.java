package io.github.promferry.examples.grafana;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.examples.grafana.Dashboard.Panel;
import io.github.promferry.examples.grafana.Dashboard.Target;
import io.github.promferry.examples.grafana.Dashboard.Variable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DashboardFilesTest {
    /** Written by Grafana itself; all other variables are the dashboard's. */
    private static final Set<String> BUILT_IN = Set.of("__rate_interval", "datasource");

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(\\w+)");
    private static final Pattern METRIC = Pattern.compile("\\b(?:vllm|sglang):\\w+");

    static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.list(Dashboard.FOLDER.resolve("source"))) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    static List<Dashboard> dashboards() throws IOException {
        return Dashboard.readAll();
    }

    /** With {@code -Dpromferry.dashboards=write} the files are written instead. */
    @ParameterizedTest
    @MethodSource("sources")
    void theFilesAreThoseThatTheSourcesMake(Path source) throws IOException {
        Path file = Dashboard.FOLDER.resolve(source.getFileName().toString().replace(".yaml", ".json"));
        String rendered = DashboardSource.render(source);
        if ("write".equals(System.getProperty("promferry.dashboards"))) {
            Files.writeString(file, rendered);
        }
        assertThat(file).hasContent(rendered);
    }

    @Test
    void everyFileHasASourceAndANameOfItsOwn() throws IOException {
        assertThat(Dashboard.files()).hasSameSizeAs(sources());
        assertThat(dashboards())
                .extracting(Dashboard::uid)
                .doesNotHaveDuplicates()
                .allMatch(uid -> uid.length() <= 40);
        assertThat(dashboards()).extracting(Dashboard::title).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void panelsHaveNumbersAndPlacesOfTheirOwn(Dashboard dashboard) {
        assertThat(dashboard.panels()).extracting(Panel::id).doesNotHaveDuplicates();
        for (Panel panel : dashboard.panels()) {
            assertThat(panel.place().x() + panel.place().w()).as(panel.title()).isLessThanOrEqualTo(24);
            assertThat(dashboard.panels())
                    .filteredOn(
                            other -> other.id() != panel.id() && other.place().overlaps(panel.place()))
                    .as("on " + panel.title())
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void panelsSayWhatTheyShow(Dashboard dashboard) {
        assertThat(dashboard.panels())
                .filteredOn(panel -> !panel.isRow())
                .isNotEmpty()
                .allSatisfy(panel -> {
                    assertThat(panel.title()).isNotBlank();
                    assertThat(panel.unit()).isNotBlank();
                    assertThat(panel.description()).endsWith(".");
                    assertThat(panel.targets()).isNotEmpty().allSatisfy(target -> {
                        assertThat(target.expression()).isNotBlank();
                        assertThat(target.legend()).isNotBlank();
                    });
                    assertThat(panel.targets()).extracting(Target::legend).doesNotHaveDuplicates();
                });
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void variablesAreDefinedAndUsed(Dashboard dashboard) {
        Set<String> defined = dashboard.variables().stream().map(Variable::name).collect(Collectors.toSet());
        Set<String> used = new HashSet<>();
        expressions(dashboard).forEach(expression -> used.addAll(matches(VARIABLE, expression, 1)));
        used.removeAll(BUILT_IN);

        assertThat(used).isEqualTo(defined);
    }

    /** A variable may stand for several values, which only a regular expression can match. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void variablesAreMatchedAsRegularExpressions(Dashboard dashboard) {
        String matcher = "\\w+=~\"\\$\\w+\"";
        for (String expression : expressions(dashboard)) {
            String rest = expression.replaceAll(matcher, "").replace("[$__rate_interval]", "");
            assertThat(rest).as(expression).doesNotContain("$");
        }
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void everySelectorIsBoundToTheTargetsPicked(Dashboard dashboard) {
        for (String expression : expressions(dashboard)) {
            int selectors =
                    matches(Pattern.compile("[a-zA-Z0-9_:]+\\{"), expression, 0).size();
            int bound = expression.split("job=~\"\\$job\",instance=~\"\\$instance\"", -1).length - 1;
            assertThat(bound).as(expression).isGreaterThanOrEqualTo(Math.max(1, selectors));
        }
    }

    /** Each panel of the dashboards in a provider's document, see {@code dashboards/SOURCES.md}, and ours that shows the same. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vllm   | E2E Request Latency                      | End-to-end latency
            vllm   | Token Throughput                         | Token throughput
            vllm   | Inter Token Latency                      | Inter-token latency
            vllm   | Scheduler State                          | Scheduler state
            vllm   | Time To First Token Latency              | Time to first token
            vllm   | Cache Utilization                        | KV cache usage
            vllm   | Request Prompt Length                    | Prompt length
            vllm   | Request Generation Length                | Generation length
            vllm   | Finish Reason                            | Finish reason
            vllm   | Queue Time                               | Queue time
            vllm   | Requests Prefill and Decode Time         | Time per phase
            vllm   | Max Generation Token in Sequence Group   | Tokens per request
            sglang | End-to-End Request Latency               | End-to-end latency
            sglang | End-to-End Request Latency(s) Heatmap    | End-to-end latency, distribution
            sglang | Time-To-First-Token Latency              | Time to first token
            sglang | Time-To-First-Token Seconds Heatmap      | Time to first token, distribution
            sglang | Num Running Requests                     | Requests running
            sglang | Token Generation Throughput (Tokens / S) | Token generation throughput
            sglang | Cache Hit Rate                           | Cache hit rate of the last prefill
            sglang | Number Queued Requests                   | Requests queued
            """)
    void everyDocumentedPanelHasItsCounterpart(String engine, String panel, String ours) throws IOException {
        Set<String> asked = new TreeSet<>();
        for (String[] columns : documented()) {
            if (columns[0].equals(engine) && columns[1].equals(panel)) {
                asked.addAll(matches(METRIC, columns[3], 0));
            }
        }
        Set<String> shown = Dashboard.read(Dashboard.FOLDER.resolve(engine + ".json")).panels().stream()
                .filter(each -> each.title().equals(ours))
                .flatMap(each -> each.targets().stream())
                .flatMap(target -> matches(METRIC, target.expression(), 0).stream())
                .collect(Collectors.toSet());

        assertThat(asked).isNotEmpty();
        assertThat(shown).containsAll(asked);
    }

    @Test
    void noDocumentedPanelIsLeftOut() throws IOException {
        assertThat(documented().stream()
                        .map(columns -> columns[1])
                        .filter(panel -> !panel.equals("verification"))
                        .distinct())
                .hasSize(20);
    }

    private static List<String[]> documented() throws IOException {
        try (InputStream file = DashboardFilesTest.class.getResourceAsStream("/dashboards/expressions.tsv")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t", -1))
                    .toList();
        }
    }

    private static List<String> expressions(Dashboard dashboard) {
        return dashboard.panels().stream()
                .flatMap(panel -> panel.targets().stream())
                .map(Target::expression)
                .toList();
    }

    private static Set<String> matches(Pattern pattern, String text, int group) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(group));
        }
        return found;
    }
}

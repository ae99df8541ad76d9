package io.github.promferry.examples.grafana;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What promtool does not see; it checks and tests the rules in {@code AlertFilesIT}. */
class AlertFilesTest {
    private static final Pattern LABEL_USED = Pattern.compile("\\$labels\\.(\\w+)");
    private static final Pattern LABELS_KEPT = Pattern.compile("\\b(?:sum|max|min|avg) by \\(([^)]*)\\)");
    private static final Pattern NAME_IN_TEST = Pattern.compile("alertname=\"(\\w+)\"");

    static List<AlertRule> rules() throws IOException {
        return AlertRule.readAll();
    }

    static List<Path> files() throws IOException {
        return AlertRule.files(AlertRule.FOLDER);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void anAlertSaysWhatIsWrongAndWhatToDo(AlertRule rule) {
        assertThat(rule.severity()).isIn("warning", "critical");
        assertThat(rule.summary()).isNotBlank();
        assertThat(rule.description()).endsWith(".");
    }

    /** A label that aggregation has dropped would be empty in the message. */
    @ParameterizedTest
    @MethodSource("rules")
    void labelsOfTheSummaryAreKeptByTheExpression(AlertRule rule) {
        List<String> used = groups(LABEL_USED, rule.summary());
        List<String> aggregations = groups(LABELS_KEPT, rule.expression());
        if (aggregations.isEmpty()) {
            assertThat(used).isSubsetOf("job", "instance");
        }
        for (String kept : aggregations) {
            assertThat(List.of(kept.split(", "))).containsAll(used);
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyAlertFiresInATestAndNoneDoesInAnother(Path file) throws IOException {
        Path tests =
                AlertRule.FOLDER.resolve("test/" + file.getFileName().toString().replace(".yml", "_test.yml"));
        List<List<String>> fired = new ArrayList<>();
        for (Object test : (List<?>) AlertRule.yaml(tests).get("tests")) {
            for (Object expected : (List<?>) ((Map<?, ?>) test).get("promql_expr_test")) {
                Object samples = ((Map<?, ?>) expected).get("exp_samples");
                fired.add(groups(NAME_IN_TEST, samples.toString()));
            }
        }

        assertThat(fired).contains(List.of());
        assertThat(fired.stream().flatMap(List::stream).distinct().toList())
                .containsExactlyInAnyOrderElementsOf(rules().stream()
                        .filter(rule -> rule.file().equals(file))
                        .map(AlertRule::name)
                        .toList());
    }

    private static List<String> groups(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(result -> result.group(1)).toList();
    }
}

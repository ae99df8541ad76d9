package io.github.promferry.examples.grafana;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A rule of the files in {@code examples/alerts}.
 *
 * @param file that it is in
 * @param name of the alert
 * @param expression PromQL
 * @param severity for routing
 * @param summary a template
 * @param description a template
 */
public record AlertRule(
        Path file, String name, String expression, String severity, String summary, String description) {
    /** Where the files are; tests run in the module's folder. */
    public static final Path FOLDER = Path.of("alerts");

    /**
     * Reads all rules.
     *
     * @return in the order of the files
     */
    public static List<AlertRule> readAll() throws IOException {
        List<AlertRule> rules = new ArrayList<>();
        for (Path file : files(FOLDER)) {
            for (Object group : (List<?>) yaml(file).get("groups")) {
                for (Object rule : (List<?>) ((Map<?, ?>) group).get("rules")) {
                    rules.add(read(file, (Map<?, ?>) rule));
                }
            }
        }
        return rules;
    }

    /**
     * Lists rule files, or those with tests.
     *
     * @param folder of either
     * @return sorted
     */
    public static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".yml"))
                    .sorted()
                    .toList();
        }
    }

    static Map<?, ?> yaml(Path file) throws IOException {
        LoadSettings settings = LoadSettings.builder().setLabel(file.toString()).build();
        return (Map<?, ?>) new Load(settings).loadFromString(Files.readString(file));
    }

    private static AlertRule read(Path file, Map<?, ?> rule) {
        Map<?, ?> annotations = (Map<?, ?>) rule.get("annotations");
        return new AlertRule(
                file,
                (String) rule.get("alert"),
                (String) rule.get("expr"),
                (String) ((Map<?, ?>) rule.get("labels")).get("severity"),
                (String) annotations.get("summary"),
                (String) annotations.get("description"));
    }
}

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
 * What matters of a dashboard file, as Grafana reads it.
 *
 * @param uid its lasting name
 * @param title shown
 * @param variables all but the one for the data source
 * @param panels all, rows included
 */
public record Dashboard(String uid, String title, List<Variable> variables, List<Panel> panels) {
    /** Where the files are; tests run in the module's folder. */
    static final Path FOLDER = Path.of("grafana");

    /**
     * A variable that is filled by a query.
     *
     * @param name without the dollar sign
     * @param selector whose series have the values
     * @param allValue regular expression that stands for all, or empty if all are listed
     */
    public record Variable(String name, String selector, String allValue) {}

    /**
     * A panel or row.
     *
     * @param id number within the dashboard
     * @param type Grafana's name of it
     * @param title shown
     * @param description shown on request
     * @param unit of the values, or of the axis of a heatmap
     * @param place where it is
     * @param targets what it shows
     */
    public record Panel(
            int id, String type, String title, String description, String unit, Place place, List<Target> targets) {
        /** Whether it is a heading. */
        boolean isRow() {
            return type.equals("row");
        }
    }

    /**
     * A rectangle on the grid of 24 columns.
     *
     * @param x left column
     * @param y upper line
     * @param w columns
     * @param h lines
     */
    public record Place(int x, int y, int w, int h) {
        boolean overlaps(Place other) {
            return x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h;
        }
    }

    /**
     * An expression of a panel.
     *
     * @param expression PromQL with Grafana's variables
     * @param legend name of its series
     */
    public record Target(String expression, String legend) {}

    /**
     * Reads all dashboards.
     *
     * @return by file name
     */
    public static List<Dashboard> readAll() throws IOException {
        List<Dashboard> dashboards = new ArrayList<>();
        for (Path file : files()) {
            dashboards.add(read(file));
        }
        return dashboards;
    }

    static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    static Dashboard read(Path file) throws IOException {
        // JSON is YAML.
        Map<?, ?> json = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
        List<Variable> variables = new ArrayList<>();
        for (Object variable : (List<?>) at(json, "templating", "list")) {
            if (at(variable, "type").equals("query")) {
                variables.add(variable((Map<?, ?>) variable));
            }
        }
        List<Panel> panels =
                ((List<?>) at(json, "panels")).stream().map(Dashboard::panel).toList();
        return new Dashboard(text(json, "uid"), text(json, "title"), variables, panels);
    }

    private static Variable variable(Map<?, ?> variable) {
        String query = text(variable, "definition");
        return new Variable(
                text(variable, "name"),
                query.replaceAll("^label_values\\((.*), \\w+\\)$", "$1"),
                variable.containsKey("allValue") ? text(variable, "allValue") : "");
    }

    private static Panel panel(Object panel) {
        Place place = new Place(
                number(panel, "gridPos", "x"),
                number(panel, "gridPos", "y"),
                number(panel, "gridPos", "w"),
                number(panel, "gridPos", "h"));
        if (text(panel, "type").equals("row")) {
            return new Panel(number(panel, "id"), "row", text(panel, "title"), "", "", place, List.of());
        }
        boolean isHeatmap = text(panel, "type").equals("heatmap");
        return new Panel(
                number(panel, "id"),
                text(panel, "type"),
                text(panel, "title"),
                text(panel, "description"),
                isHeatmap ? text(panel, "options", "yAxis", "unit") : text(panel, "fieldConfig", "defaults", "unit"),
                place,
                ((List<?>) at(panel, "targets"))
                        .stream()
                                .map(target -> new Target(text(target, "expr"), text(target, "legendFormat")))
                                .toList());
    }

    private static int number(Object object, String... path) {
        return (Integer) at(object, path);
    }

    private static String text(Object object, String... path) {
        return (String) at(object, path);
    }

    private static Object at(Object object, String... path) {
        Object found = object;
        for (String key : path) {
            found = ((Map<?, ?>) found).get(key);
            if (found == null) {
                throw new IllegalArgumentException("no " + String.join(".", path) + " in " + object);
            }
        }
        return found;
    }
}

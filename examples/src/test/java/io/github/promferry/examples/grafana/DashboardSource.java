package io.github.promferry.examples.grafana;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A dashboard as people write it; {@code examples/grafana/README.md} says how. Makes of it what Grafana reads: one panel
 * style, one layout and one way to aggregate for all dashboards.
 */
final class DashboardSource {
    /** The one that the reader picks. */
    private static final Map<String, Object> DATASOURCE = Json.members("type", "prometheus", "uid", "${datasource}");

    private final Path file;
    private final Map<?, ?> source;
    private final Map<?, ?> style;
    private final Map<String, String> macros = new LinkedHashMap<>();

    private DashboardSource(Path file) throws IOException {
        this.file = file;
        source = (Map<?, ?>) yaml(file);
        style = (Map<?, ?>) yaml(file.resolveSibling("shared/style.yaml"));
        macros.put("target", "job=~\"$job\",instance=~\"$instance\"");
        macros.put("rate", "$__rate_interval");
        if (source.get("macros") instanceof Map<?, ?> own) {
            own.forEach((name, text) -> macros.put((String) name, expand((String) text)));
        }
    }

    /**
     * Makes a dashboard.
     *
     * @param file its source, YAML
     * @return the text of the file that Grafana reads
     */
    static String render(Path file) throws IOException {
        return new DashboardSource(file).render();
    }

    private String render() throws IOException {
        Map<String, Object> dashboard = Json.members(
                "uid", source.get("uid"), "title", source.get("title"), "description", source.get("about"));
        dashboard.putAll(style("dashboard"));
        dashboard.put("templating", Map.of("list", variables()));
        dashboard.put("panels", panels());
        return Json.write(dashboard);
    }

    private List<Object> variables() {
        List<Object> variables = new ArrayList<>();
        variables.add(style("datasource"));
        List<String> narrowed = new ArrayList<>();
        for (Map.Entry<?, ?> variable : ((Map<?, ?>) source.get("variables")).entrySet()) {
            String name = (String) variable.getKey();
            variables.add(variable(name, narrow((String) variable.getValue(), narrowed)));
            narrowed.add(name + "=~\"$" + name + "\"");
        }
        return variables;
    }

    /** Adds matchers to a selector, so that a variable offers only what is left by the ones before it. */
    private static String narrow(String selector, List<String> matchers) {
        if (matchers.isEmpty()) {
            return selector;
        }
        String more = String.join(",", matchers) + "}";
        return selector.endsWith("}")
                ? selector.substring(0, selector.length() - 1) + "," + more
                : selector + "{" + more;
    }

    private Map<String, Object> variable(String name, String selector) {
        String query = "label_values(" + selector + ", " + name + ")";
        Map<String, Object> variable = Json.members("name", name, "label", name.replace('_', ' '));
        variable.putAll(style("variable"));
        variable.put("datasource", DATASOURCE);
        variable.put("definition", query);
        variable.put("query", Json.members("qryType", 1, "query", query, "refId", "variable"));
        if (!name.equals("job")) {
            // Series of engines that came after the page was opened match, too, and so do those without the label.
            // All jobs, in contrast, are those listed: "up" has the same labels for targets of any kind.
            variable.put("allValue", ".*");
        }
        return variable;
    }

    private List<Object> panels() throws IOException {
        Layout layout = new Layout();
        for (Object row : (List<?>) source.get("rows")) {
            if (((Map<?, ?>) row).get("include") instanceof String name) {
                for (Object included : (List<?>) yaml(file.resolveSibling(name))) {
                    addRow(layout, (Map<?, ?>) included);
                }
            } else {
                addRow(layout, (Map<?, ?>) row);
            }
        }
        return layout.panels;
    }

    private void addRow(Layout layout, Map<?, ?> row) {
        layout.addRow((String) row.get("row"));
        for (Object panel : (List<?>) row.get("panels")) {
            PanelSource panelSource = new PanelSource((Map<?, ?>) panel, this::expand);
            layout.add(panelSource.kind(), panel(panelSource));
        }
    }

    private Map<String, Object> panel(PanelSource source) {
        Map<String, Object> panel = Json.members("title", source.title(), "description", source.description());
        panel.put("datasource", DATASOURCE);
        panel.putAll(style("panels", source.kind().key));
        String whereTheUnitIs = source.kind() == PanelKind.HEATMAP ? "yAxis" : "defaults";
        String around = source.kind() == PanelKind.HEATMAP ? "options" : "fieldConfig";
        Map<String, Object> outer = Json.object(panel.get(around));
        Map<String, Object> inner = Json.members("unit", source.unit());
        inner.putAll(Json.object(outer.get(whereTheUnitIs)));
        inner.putAll(source.limits());
        outer.put(whereTheUnitIs, inner);
        panel.put(around, outer);
        panel.put("targets", targets(source));
        return panel;
    }

    private List<Object> targets(PanelSource panel) {
        List<Object> targets = new ArrayList<>();
        panel.lines().forEach((legend, expression) -> {
            Map<String, Object> target = Json.members("refId", String.valueOf((char) ('A' + targets.size())));
            target.put("expr", expression);
            target.put("legendFormat", legend);
            target.put("format", panel.kind() == PanelKind.HEATMAP ? "heatmap" : "time_series");
            target.putAll(style("target"));
            targets.add(target);
        });
        return targets;
    }

    /** Replaces {@code @name} by its meaning. */
    private String expand(String expression) {
        String expanded = expression;
        for (Map.Entry<String, String> macro : macros.entrySet()) {
            expanded = expanded.replace("@" + macro.getKey(), macro.getValue());
        }
        if (expanded.contains("@")) {
            throw new IllegalArgumentException(file + ": \"" + expression + "\" has an @ that none of the macros "
                    + macros.keySet() + " explains");
        }
        return expanded;
    }

    private Map<String, Object> style(String... path) {
        Object found = style;
        for (String key : path) {
            found = ((Map<?, ?>) found).get(key);
        }
        return Json.object(found);
    }

    private static Object yaml(Path file) throws IOException {
        LoadSettings settings = LoadSettings.builder().setLabel(file.toString()).build();
        return new Load(settings).loadFromString(Files.readString(file));
    }

    /** Gives panels their places, from left to right and from top to bottom, and their numbers. */
    private static final class Layout {
        private static final int COLUMNS = 24;

        private final List<Object> panels = new ArrayList<>();
        private int x;
        private int y;
        private int lineHeight;

        void addRow(String title) {
            newLine();
            Map<String, Object> row = Json.members("type", "row", "title", title, "collapsed", false);
            row.put("panels", List.of());
            place(row, COLUMNS, 1);
            newLine();
        }

        void add(PanelKind kind, Map<String, Object> panel) {
            if (x + kind.width > COLUMNS) {
                newLine();
            }
            place(panel, kind.width, kind.height);
        }

        private void place(Map<String, Object> panel, int width, int height) {
            Map<String, Object> placed = Json.members("id", panels.size() + 1);
            placed.putAll(panel);
            placed.put("gridPos", Json.members("h", height, "w", width, "x", x, "y", y));
            panels.add(placed);
            x += width;
            lineHeight = Math.max(lineHeight, height);
        }

        private void newLine() {
            y += lineHeight;
            x = 0;
            lineHeight = 0;
        }
    }
}

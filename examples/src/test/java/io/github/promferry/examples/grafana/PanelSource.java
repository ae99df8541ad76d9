package io.github.promferry.examples.grafana;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** One panel of a {@link DashboardSource}. */
final class PanelSource {
    private static final List<String> QUANTILES = List.of("0.99", "0.95", "0.9", "0.5");

    private final PanelKind kind;
    private final Map<?, ?> source;
    private final UnaryOperator<String> expand;

    /**
     * A panel.
     *
     * @param source its keys
     * @param expand gives the meaning of an expression with macros
     */
    PanelSource(Map<?, ?> source, UnaryOperator<String> expand) {
        this.kind = PanelKind.of(source);
        this.source = source;
        this.expand = expand;
    }

    PanelKind kind() {
        return kind;
    }

    String title() {
        return (String) source.get(kind.key);
    }

    String description() {
        return (String) source.get("about");
    }

    /** What the values, or the rows of a heatmap, are measured in, as Grafana calls it. */
    Object unit() {
        Object unit = source.get("unit");
        return unit == null && kind == PanelKind.QUANTILES ? "s" : unit;
    }

    /** Settings of the values that only some panels have. */
    Map<String, Object> limits() {
        Map<String, Object> limits = new LinkedHashMap<>();
        if (source.containsKey("max")) {
            limits.put("max", source.get("max"));
        }
        if (kind == PanelKind.STAT) {
            limits.put("thresholds", Json.members("mode", "absolute", "steps", thresholds()));
        }
        return limits;
    }

    private List<Object> thresholds() {
        List<Object> steps = new ArrayList<>();
        steps.add(Json.members("color", "green", "value", null));
        if (source.containsKey("warn")) {
            steps.add(Json.members("color", "orange", "value", source.get("warn")));
            steps.add(Json.members("color", "red", "value", source.get("alarm")));
        }
        return steps;
    }

    /** Expressions by legend. */
    Map<String, String> lines() {
        Map<String, String> lines = new LinkedHashMap<>();
        switch (kind) {
            case STAT -> lines.put(title(), text("value"));
            case GRAPH, STACK ->
                ((Map<?, ?>) source.get("lines"))
                        .forEach((legend, expression) -> lines.put((String) legend, (String) expression));
            case QUANTILES -> addQuantiles(lines, (List<?>) source.get("of"));
            case MEANS ->
                ((Map<?, ?>) source.get("of"))
                        .forEach((legend, names) -> lines.put((String) legend, mean((List<?>) names)));
            case HEATMAP ->
                lines.put("{{le}}", "sum by (le) (" + each("increase", "_bucket", (List<?>) source.get("of")) + ")");
        }
        lines.replaceAll((legend, expression) -> expand.apply(expression));
        return lines;
    }

    private static void addQuantiles(Map<String, String> lines, List<?> names) {
        String buckets = "sum by (le) (" + each("rate", "_bucket", names) + ")";
        for (String quantile : QUANTILES) {
            String legend = "p" + Math.round(100 * Double.parseDouble(quantile));
            lines.put(legend, "histogram_quantile(" + quantile + ", " + buckets + ")");
        }
        lines.put("mean", mean(names));
    }

    private static String mean(List<?> names) {
        return "sum(" + each("rate", "_sum", names) + ") / sum(" + each("rate", "_count", names) + ")";
    }

    /**
     * A function of a histogram's series, whichever name an engine has for it. An engine that has two of the names counts
     * once: "or" takes from the later operands only what the earlier ones do not have, names aside.
     */
    private static String each(String function, String suffix, List<?> names) {
        return names.stream()
                .map(name -> function + "(" + name + suffix + "{@model}[@rate])")
                .collect(Collectors.joining(" or "));
    }

    private String text(String key) {
        return (String) source.get(key);
    }
}

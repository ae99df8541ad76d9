package io.github.promferry.examples.grafana;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/** The panels that a source can ask for. */
enum PanelKind {
    /** The last value of one expression. */
    STAT(4, 4),
    /** Lines over time. */
    GRAPH(8, 8),
    /** Lines over time, one upon the other. */
    STACK(8, 8),
    /** Percentiles and mean of a histogram over time. */
    QUANTILES(8, 8),
    /** Means of histograms over time. */
    MEANS(8, 8),
    /** The buckets of a histogram over time. */
    HEATMAP(8, 8);

    /** The key in the source, whose value is the title. */
    final String key = name().toLowerCase(Locale.ROOT);

    /** In columns and lines of Grafana's grid. */
    final int width;

    final int height;

    PanelKind(int width, int height) {
        this.width = width;
        this.height = height;
    }

    static PanelKind of(Map<?, ?> panel) {
        return Arrays.stream(values())
                .filter(kind -> panel.containsKey(kind.key))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("a panel of none of the known kinds: " + panel));
    }
}

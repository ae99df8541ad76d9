package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import org.jspecify.annotations.Nullable;

/**
 * What a line of a classic histogram says of it.
 *
 * @param series its labels as exposed
 * @param whole those of the histogram: without {@code le}, the name without suffix
 * @param part count, sum or bucket
 * @param bound of a bucket
 */
record ClassicLine(Labels series, Labels whole, Part part, double bound) {
    enum Part {
        COUNT,
        SUM,
        BUCKET
    }

    /** The line, or null if it is none of the family's histograms. */
    static @Nullable ClassicLine of(Labels series, FamilyContext context) {
        String family = context.metadata.family();
        String name = String.valueOf(series.metricName());
        if (context.metadata.type() != MetricType.HISTOGRAM || !name.startsWith(family)) {
            return null;
        }
        Part part = switch (name.substring(family.length())) {
            case "_count" -> Part.COUNT;
            case "_sum" -> Part.SUM;
            case "_bucket" -> Part.BUCKET;
            default -> null;
        };
        double bound = part == Part.BUCKET ? DecimalParser.number(series.get("le")) : 0;
        return part == null || Double.isNaN(bound)
                ? null
                : new ClassicLine(series, whole(series, family, part), part, bound);
    }

    private static Labels whole(Labels series, String family, Part part) {
        Labels.Builder whole = Labels.builder().add(Labels.METRIC_NAME, family);
        for (Labels.Cursor at = series.cursor(); at.next(); ) {
            String name = at.name();
            boolean changed = name.equals(Labels.METRIC_NAME) || (part == Part.BUCKET && name.equals("le"));
            if (!changed) {
                whole.add(name, at.value());
            }
        }
        return whole.build();
    }
}

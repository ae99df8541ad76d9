package io.github.promferry;

import java.util.Objects;

/**
 * What an exposition says of a family. Immutable.
 *
 * @param family the name on the TYPE, HELP or UNIT line; empty in {@link #NONE} only
 * @param type the type, {@code UNKNOWN} if the page does not tell
 * @param help the help text, unescaped; empty if there is none
 * @param unit the unit; empty if there is none
 * @since 0.1
 */
public record MetricMetadata(String family, MetricType type, String help, String unit) {
    /** Of a series that no TYPE, HELP or UNIT line speaks of. */
    public static final MetricMetadata NONE = new MetricMetadata("", MetricType.UNKNOWN, "", "");

    /**
     * Rejects nulls.
     *
     * @param family the name on the TYPE, HELP or UNIT line
     * @param type the type
     * @param help the help text, unescaped; may be empty
     * @param unit the unit; may be empty
     */
    public MetricMetadata {
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(help, "help");
        Objects.requireNonNull(unit, "unit");
    }
}

package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the type of a family asks of its samples by themselves: their names, labels, values and exemplars. OpenMetrics 1.0,
 * section "Metric Types"; of the text format, "Histograms and summaries".
 */
enum TypeRules {
    TEXT,
    OPENMETRICS_1,
    OPENMETRICS_2;

    private static final String COUNT_VALUE = "not NaN and not negative";
    private static final String WHOLE_VALUE = "an integer";
    private static final String TIME_VALUE = "a time";

    /** A rule that is not kept. */
    record Broken(String found, String expected) {}

    static TypeRules of(ExpositionFormat format) {
        if (!format.isOpenMetrics()) {
            return TEXT;
        }
        return format == ExpositionFormat.OPENMETRICS_2_0_0 ? OPENMETRICS_2 : OPENMETRICS_1;
    }

    // ---- names

    /** What a family of that type may add to its name, for its samples. */
    List<String> suffixes(MetricType type) {
        return switch (this) {
            case TEXT ->
                switch (type) {
                    case HISTOGRAM -> List.of("_bucket", "_count", "_sum");
                    case SUMMARY -> List.of("", "_count", "_sum");
                    // The other words are foreign to the format; what follows them is not.
                    case GAUGE_HISTOGRAM -> List.of("", "_bucket", "_gcount", "_gsum", "_count", "_sum");
                    case INFO -> List.of("", "_info");
                    case UNKNOWN, COUNTER, GAUGE, STATE_SET -> List.of("");
                };
            case OPENMETRICS_1 ->
                switch (type) {
                    case COUNTER -> List.of("_total", "_created");
                    case SUMMARY -> List.of("", "_count", "_sum", "_created");
                    case HISTOGRAM -> List.of("_count", "_sum", "_bucket", "_created");
                    case GAUGE_HISTOGRAM -> List.of("_gcount", "_gsum", "_bucket");
                    case INFO -> List.of("_info");
                    case UNKNOWN, GAUGE, STATE_SET -> List.of("");
                };
            case OPENMETRICS_2 -> List.of("");
        };
    }

    /** What a sample's name adds to that of the family, or null if it is not the family's. */
    @Nullable
    String suffix(String name, String family, MetricType type) {
        if (family.isEmpty() || !name.startsWith(family)) {
            return null;
        }
        String suffix = name.substring(family.length());
        return suffixes(type).contains(suffix) ? suffix : null;
    }

    /** What a family adds to its name for those names that are no other family's: its own one, too. */
    Set<String> reservedSuffixes(MetricType type) {
        Set<String> suffixes = new LinkedHashSet<>(suffixes(type));
        suffixes.add("");
        return suffixes;
    }

    /** Of a family by itself. */
    @Nullable
    Broken family(MetricType type, String family) {
        boolean odd = this == OPENMETRICS_2 && type == MetricType.INFO && !family.endsWith("_info");
        return odd ? new Broken("the name " + family + " of an info", "a name that ends with _info") : null;
    }

    /** The label that tells the samples of one point apart; empty if there is none. */
    static String partLabel(MetricType type, String family, String suffix) {
        return switch (type) {
            case HISTOGRAM, GAUGE_HISTOGRAM -> suffix.equals("_bucket") ? "le" : "";
            case SUMMARY -> suffix.isEmpty() ? "quantile" : "";
            case STATE_SET -> family;
            case UNKNOWN, COUNTER, GAUGE, INFO -> "";
        };
    }

    static boolean isHistogram(MetricType type) {
        return type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM;
    }

    /** Whether the samples of one label set have rules among themselves: {@link PointRules}. */
    boolean hasPoints(MetricType type) {
        return switch (this) {
            case TEXT -> type == MetricType.HISTOGRAM;
            case OPENMETRICS_1 -> isHistogram(type) || type == MetricType.COUNTER;
            case OPENMETRICS_2 -> false;
        };
    }

    // ---- labels

    /** Of a sample whose value is a number. */
    @Nullable
    Broken labels(MetricType type, String family, String suffix, Labels labels) {
        if (this == OPENMETRICS_2 && (isHistogram(type) || type == MetricType.SUMMARY)) {
            return new Broken(
                    "a number as the value of a " + type.word(), "a composite value such as {count:1,sum:2,...");
        }
        return switch (type) {
            case HISTOGRAM, GAUGE_HISTOGRAM ->
                suffix.equals("_bucket") ? bound(labels) : foreignLabel("le", family, labels);
            case SUMMARY -> suffix.isEmpty() ? quantile(labels) : foreignLabel("quantile", family, labels);
            case STATE_SET ->
                labels.get(family) == null && this != TEXT
                        ? new Broken("a stateset without a label named like the family", "the label " + family)
                        : null;
            case UNKNOWN, COUNTER, GAUGE, INFO -> null;
        };
    }

    private @Nullable Broken bound(Labels labels) {
        double le = DecimalParser.number(labels.get("le"));
        if (Double.isNaN(le)) {
            return new Broken("a bucket without a number as le", "the label le, such as le=\"0.5\" or le=\"+Inf\"");
        }
        boolean odd = le == Double.POSITIVE_INFINITY && !"+Inf".equals(labels.get("le")) && this != TEXT;
        return odd ? new Broken("le=\"" + labels.get("le") + "\"", "le=\"+Inf\"") : null;
    }

    private static @Nullable Broken quantile(Labels labels) {
        double quantile = DecimalParser.number(labels.get("quantile"));
        return quantile >= 0 && quantile <= 1
                ? null
                : new Broken("a summary without a quantile from 0 to 1", "the label quantile");
    }

    private @Nullable Broken foreignLabel(String label, String family, Labels labels) {
        return labels.get(label) == null || this == TEXT
                ? null
                : new Broken(
                        "the label " + label + " on " + labels.metricName(), "none, as it tells parts of " + family);
    }

    /** Whether the timestamps of a label set must not go back. */
    static boolean hasTimeOrder(FamilyContext context) {
        return context.isOpenMetrics() && context.metadata.type() != MetricType.INFO;
    }

    /** Of a sample with a start timestamp. */
    static @Nullable Broken start(MetricType type) {
        return switch (type) {
            case COUNTER, HISTOGRAM, SUMMARY, UNKNOWN -> null;
            case GAUGE, GAUGE_HISTOGRAM, INFO, STATE_SET ->
                new Broken("a start timestamp of a " + type.word(), "none, as it counts from no start");
        };
    }

    // ---- values

    /** What a value should be instead, or null if it may be as it is. Allocates nothing. */
    @Nullable
    String value(MetricType type, String suffix, double value) {
        if (this == TEXT) {
            return null;
        }
        if (suffix.equals("_created")) {
            return Double.isInfinite(value) || Double.isNaN(value) ? TIME_VALUE : null;
        }
        return switch (type) {
            case COUNTER -> value >= 0 ? null : COUNT_VALUE;
            case STATE_SET -> value == 0 || value == 1 ? null : "0 or 1";
            case INFO -> value == 1 ? null : "1";
            case HISTOGRAM -> suffix.equals("_sum") ? value >= 0 ? null : COUNT_VALUE : observations(value);
            case GAUGE_HISTOGRAM ->
                switch (suffix) {
                    case "_gsum" -> Double.isNaN(value) ? "not NaN" : null;
                    // What only protobuf pages call so is of another family.
                    case "_sum", "_count" -> null;
                    default -> observations(value);
                };
            case SUMMARY -> summary(suffix, value);
            case UNKNOWN, GAUGE -> null;
        };
    }

    private static @Nullable String summary(String suffix, double value) {
        if (suffix.isEmpty()) {
            return value < 0 ? "not negative" : null;
        }
        return suffix.equals("_count") ? observations(value) : value >= 0 ? null : COUNT_VALUE;
    }

    private static @Nullable String observations(double value) {
        if (!(value >= 0)) {
            return COUNT_VALUE;
        }
        return value == Math.rint(value) && !Double.isInfinite(value) ? null : WHOLE_VALUE;
    }

    // ---- exemplars

    @Nullable
    Broken exemplar(MetricType type, String suffix, Labels labels, double exemplar) {
        if (this == OPENMETRICS_2) {
            return null;
        }
        boolean bucket = isHistogram(type) && suffix.equals("_bucket");
        if (!bucket && !(type == MetricType.COUNTER && suffix.equals("_total"))) {
            return new Broken("an exemplar", "none but on _total of counters and _bucket of histograms");
        }
        boolean within = !bucket || exemplar <= DecimalParser.number(labels.get("le"));
        return within
                ? null
                : new Broken("an exemplar of " + exemplar + " outside of its bucket", "at most " + labels.get("le"));
    }
}

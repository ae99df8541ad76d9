package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import io.github.promferry.parse.TypeRules.Broken;
import org.jspecify.annotations.Nullable;

/**
 * The rules between the samples of one point: of one counter or histogram at one time. A value that is not known is NaN, and
 * breaks none.
 */
final class PointRules {
    private MetricType type = MetricType.UNKNOWN;
    private boolean any;
    private boolean hasTotal;
    private double bound;
    private double cumulative;
    private boolean hasCount;
    private double count;
    private boolean hasSum;
    private boolean hasNegativeSum;
    private boolean isGauge;
    private boolean hasNegativeBound;

    /** Begins a point. */
    void clear() {
        any = false;
        hasTotal = false;
        bound = Double.NaN;
        cumulative = 0;
        hasCount = false;
        hasSum = false;
        hasNegativeSum = false;
        isGauge = false;
        hasNegativeBound = false;
    }

    @Nullable
    Broken add(MetricType type, Labels labels, String suffix, double value, String family) {
        this.type = type;
        any = true;
        switch (suffix) {
            case "_total" -> hasTotal = true;
            case "_bucket" -> {
                double le = DecimalParser.number(labels.get("le"));
                if (le <= bound) {
                    return new Broken("buckets of " + family + " out of order", "ascending le");
                }
                if (value < cumulative) {
                    return new Broken(
                            "a bucket of " + family + " with fewer observations than the one before",
                            "cumulative counts");
                }
                bound = le;
                cumulative = value;
                hasNegativeBound |= le < 0;
            }
            case "_count", "_gcount" -> {
                hasCount = true;
                count = value;
            }
            case "_sum", "_gsum" -> {
                hasSum = true;
                hasNegativeSum = value < 0;
                isGauge = suffix.equals("_gsum");
            }
            default -> {
                // _created has no say in it.
            }
        }
        return null;
    }

    /** What is wrong with the whole. */
    @Nullable
    Broken check(String family) {
        if (!any || (type == MetricType.COUNTER && hasTotal)) {
            return null;
        }
        if (type == MetricType.COUNTER) {
            return new Broken("a counter of " + family + " without its total", "a sample " + family + "_total");
        }
        if (bound != Double.POSITIVE_INFINITY) {
            return new Broken("a histogram of " + family + " without +Inf bucket", "one, as the last");
        }
        if (hasCount != hasSum) {
            return new Broken("only one of count and sum of " + family, "both or none");
        }
        if (hasCount && (count < cumulative || count > cumulative)) {
            return new Broken("a count of " + family + " that differs from the +Inf bucket", "the same number");
        }
        if (hasNegativeBound && hasSum && !isGauge) {
            return new Broken("a sum of " + family + " beside buckets below 0", "no sum, as it may go down");
        }
        if (!hasNegativeBound && hasNegativeSum) {
            return new Broken("a negative sum of " + family, "none without buckets below 0");
        }
        return null;
    }
}

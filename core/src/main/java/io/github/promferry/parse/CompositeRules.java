package io.github.promferry.parse;

import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.parse.TypeRules.Broken;
import org.jspecify.annotations.Nullable;

/** What OpenMetrics 2.0 asks of a composite value beyond its grammar. */
final class CompositeRules {
    private CompositeRules() {}

    static @Nullable Broken type(MetricType type, CompositeLexer value) {
        boolean fits = switch (type) {
            case UNKNOWN -> true;
            case HISTOGRAM -> !value.isSummary() && !value.isGauge();
            case GAUGE_HISTOGRAM -> value.isGauge();
            case SUMMARY -> value.isSummary();
            case COUNTER, GAUGE, INFO, STATE_SET -> false;
        };
        return fits
                ? null
                : new Broken("a composite value that does not fit the type " + type.word(), "a value of the type");
    }

    /** Each number by itself. */
    static @Nullable Broken values(CompositeLexer value) {
        double count = Double.longBitsToDouble(value.countBits());
        double sum = Double.longBitsToDouble(value.sumBits());
        if (!(count >= 0 && count < Double.POSITIVE_INFINITY)) {
            return new Broken("the count " + count, "not NaN, not negative and finite");
        }
        if (value.isSummary() && !(sum >= 0)) {
            return new Broken("the sum " + sum, "not NaN and not negative, being summary");
        }
        for (int point = 0; point < value.pointCount(); point++) {
            double bound = value.bound(point);
            double number = Double.longBitsToDouble(value.pointBits(point));
            if (value.isSummary() && (!(bound >= 0 && bound <= 1) || number < 0)) {
                return new Broken("the quantile " + bound + ":" + number, "one from 0 to 1, its value not negative");
            }
            if (!value.isSummary() && !(number >= 0)) {
                return new Broken("the bucket " + bound + ":" + number, "a count, not NaN and not negative");
            }
        }
        return value.isNative() ? scale(value) : null;
    }

    private static @Nullable Broken scale(CompositeLexer value) {
        if (value.schema() < NativeHistogram.MIN_SCHEMA || value.schema() > NativeHistogram.MAX_SCHEMA) {
            return new Broken("the schema " + value.schema(), "one from -4 to 8");
        }
        return Double.isFinite(value.zeroThreshold())
                ? null
                : new Broken("the zero threshold " + value.zeroThreshold(), "a finite one");
    }

    /** The bounds of classic buckets. */
    static @Nullable Broken bounds(CompositeLexer value) {
        double bound = Double.NaN;
        for (int point = 0; value.isClassic() && point < value.pointCount(); point++) {
            if (value.bound(point) <= bound) {
                return new Broken("buckets out of order", "ascending bounds");
            }
            bound = value.bound(point);
        }
        return value.isClassic() && bound != Double.POSITIVE_INFINITY
                ? new Broken("no +Inf bucket", "one, as the last")
                : null;
    }

    /** The counts among each other. */
    static @Nullable Broken counts(CompositeLexer value) {
        double count = Double.longBitsToDouble(value.countBits());
        double before = 0;
        for (int point = 0; value.isClassic() && point < value.pointCount(); point++) {
            double next = Double.longBitsToDouble(value.pointBits(point));
            if (next < before) {
                return new Broken("a bucket with fewer observations than the one before", "cumulative counts");
            }
            before = next;
        }
        if (!value.isNative()) {
            return value.isClassic() && count != before
                    ? new Broken("a count that differs from the +Inf bucket", "the same number")
                    : null;
        }
        double observations = value.nativeObservations();
        boolean hasNan = Double.isNaN(Double.longBitsToDouble(value.sumBits()));
        // Sums of fractions may be off by their rounding.
        boolean whole = count == Math.rint(count) && observations == Math.rint(observations);
        return whole && (count < observations || (count > observations && !hasNan))
                ? new Broken("a count that differs from the buckets", "the same number, unless the sum is NaN")
                : null;
    }
}

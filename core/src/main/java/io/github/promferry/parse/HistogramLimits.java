package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.Series;
import org.jspecify.annotations.Nullable;

/** How fine native histograms may be, as Prometheus' {@code native_histogram_*} settings bound it. */
final class HistogramLimits {
    private final int bucketLimit;
    private final int maxSchema;

    HistogramLimits(ParseOptions options) {
        bucketLimit =
                options.nativeHistogramBucketLimit() == 0 ? Integer.MAX_VALUE : options.nativeHistogramBucketLimit();
        maxSchema = maxSchema(options.nativeHistogramMinBucketFactor());
    }

    /** The finest schema whose buckets grow by the factor at least; those of schema n grow by 2^(2^-n). */
    private static int maxSchema(double factor) {
        int schema = NativeHistogram.MAX_SCHEMA;
        while (schema > NativeHistogram.MIN_SCHEMA && Math.pow(2, Math.pow(2, -schema)) < factor) {
            schema--;
        }
        return schema;
    }

    /** The histogram, coarser if need be; null if it has too many buckets however coarse. */
    @Nullable
    NativeHistogram applyTo(NativeHistogram histogram) {
        NativeHistogram coarser = histogram;
        if (histogram.schema() > maxSchema) {
            coarser = histogram.reducedTo(maxSchema);
        }
        while (buckets(coarser) > bucketLimit) {
            if (coarser.schema() <= NativeHistogram.MIN_SCHEMA) {
                return null;
            }
            coarser = coarser.reducedTo(coarser.schema() - 1);
        }
        return coarser;
    }

    ExpositionException tooManyBuckets(Series series, NativeHistogram histogram) {
        NativeHistogram coarsest = histogram.schema() > NativeHistogram.MIN_SCHEMA
                ? histogram.reducedTo(NativeHistogram.MIN_SCHEMA)
                : histogram;
        return ExpositionException.limit(
                "a native histogram of " + buckets(coarsest) + " buckets in schema " + coarsest.schema() + ", "
                        + ExpositionException.quoted(series.toString()),
                "at most " + bucketLimit + " (nativeHistogramBucketLimit)");
    }

    private static int buckets(NativeHistogram histogram) {
        return histogram.negative().size() + histogram.positive().size();
    }
}

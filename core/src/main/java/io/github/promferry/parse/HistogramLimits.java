package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;

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

    /**
     * The histogram, coarser if need be.
     *
     * @throws ExpositionException if it has too many buckets however coarse
     */
    NativeHistogram applyTo(NativeHistogram histogram) {
        NativeHistogram coarser = histogram;
        if (histogram.schema() > maxSchema) {
            coarser = histogram.reducedTo(maxSchema);
        }
        while (buckets(coarser) > bucketLimit) {
            if (coarser.schema() <= NativeHistogram.MIN_SCHEMA) {
                throw ExpositionException.page(
                        "a native histogram of " + buckets(coarser) + " buckets in schema " + coarser.schema(),
                        "at most " + bucketLimit + " (nativeHistogramBucketLimit)");
            }
            coarser = coarser.reducedTo(coarser.schema() - 1);
        }
        return coarser;
    }

    private static int buckets(NativeHistogram histogram) {
        return histogram.negative().size() + histogram.positive().size();
    }
}

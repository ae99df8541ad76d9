package io.github.promferry.scrape.engine;

import java.util.Arrays;

/** The observations of a window in classic buckets. Owns its arrays. */
final class WindowedHistogram {
    static final WindowedHistogram NONE = new WindowedHistogram(new double[0], new double[0], Double.NaN, Double.NaN);

    private final double[] bounds;
    private final double[] cumulative;
    private final double sum;
    private final double count;

    /**
     * A histogram.
     *
     * @param bounds upper bounds, ascending
     * @param cumulative observations up to each bound
     * @param sum of all observations, NaN if unknown
     * @param count of all observations, NaN if unknown
     */
    WindowedHistogram(double[] bounds, double[] cumulative, double sum, double count) {
        this.bounds = bounds;
        this.cumulative = cumulative;
        this.sum = sum;
        this.count = count;
        // Two replicas' buckets can be of different moments, and rounding can make one smaller than the one before.
        for (int i = 1; i < cumulative.length; i++) {
            cumulative[i] = Math.max(cumulative[i], cumulative[i - 1]);
        }
    }

    double count() {
        return count;
    }

    /** NaN without an observation. */
    double mean() {
        return count > 0 ? sum / count : Double.NaN;
    }

    /**
     * As PromQL's {@code histogram_quantile}: linear within a bucket, whose lower end is 0 for the first one; the highest
     * finite bound for what lies above it; NaN without an observation or without a bucket {@code +Inf}.
     */
    double quantile(double quantile) {
        int last = bounds.length - 1;
        if (last < 1 || bounds[last] != Double.POSITIVE_INFINITY || !(cumulative[last] > 0) || Double.isNaN(quantile)) {
            return Double.NaN;
        }
        if (quantile < 0 || quantile > 1) {
            return quantile < 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        double rank = quantile * cumulative[last];
        int bucket = 0;
        while (bucket < last && cumulative[bucket] < rank) {
            bucket++;
        }
        if (bucket == last) {
            return bounds[last - 1];
        }
        if (bucket == 0 && bounds[0] <= 0) {
            return bounds[0];
        }
        double lower = bucket == 0 ? 0 : bounds[bucket - 1];
        double below = bucket == 0 ? 0 : cumulative[bucket - 1];
        double inBucket = cumulative[bucket] - below;
        return inBucket == 0 ? lower : lower + (bounds[bucket] - lower) * ((rank - below) / inBucket);
    }

    @Override
    public String toString() {
        return "up to " + Arrays.toString(bounds) + ": " + Arrays.toString(cumulative);
    }
}

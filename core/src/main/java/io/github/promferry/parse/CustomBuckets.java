package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The buckets of one classic histogram, to be made a native one with custom buckets. The rules are those of Prometheus'
 * {@code convert_classic_histograms_to_nhcb}: bounds in any order, of equal ones the first counts; a missing count is that
 * of the last bucket, a missing last bucket has the count.
 */
final class CustomBuckets {
    private static final double MAX_EXACT_COUNT = 1L << 53;

    private double[] bounds = new double[16];
    private double[] cumulative = new double[16];
    private int size;
    private boolean hasNanBound;
    private double count;
    private double sum;

    void clear() {
        size = 0;
        hasNanBound = false;
        count = Double.NaN;
        sum = 0;
    }

    void count(double count) {
        this.count = count;
    }

    void sum(double sum) {
        this.sum = sum;
    }

    void add(double bound, double cumulativeCount) {
        hasNanBound |= Double.isNaN(bound);
        int at = size;
        while (at > 0 && bounds[at - 1] > bound) {
            at--;
        }
        if (at > 0 && bounds[at - 1] == bound) {
            return;
        }
        if (size == bounds.length) {
            bounds = Arrays.copyOf(bounds, 2 * size);
            cumulative = Arrays.copyOf(cumulative, 2 * size);
        }
        System.arraycopy(bounds, at, bounds, at + 1, size - at);
        System.arraycopy(cumulative, at, cumulative, at + 1, size - at);
        bounds[at] = bound;
        cumulative[at] = cumulativeCount;
        size++;
    }

    /** The native histogram, or null if the numbers are not those of a histogram. */
    @Nullable
    NativeHistogram toNative() {
        boolean counted = !Double.isNaN(count);
        if ((size == 0 && !counted) || hasNanBound) {
            return null;
        }
        double total = counted ? count : cumulative[size - 1];
        if (size == 0 || bounds[size - 1] != Double.POSITIVE_INFINITY) {
            add(Double.POSITIVE_INFINITY, total);
        }
        if (cumulative[size - 1] != total || !isCumulative() || bounds[0] == Double.NEGATIVE_INFINITY) {
            return null;
        }
        int[] spans = {0, size};
        NativeHistogram.Builder histogram = isIntegral()
                ? NativeHistogram.ofCounts((long) total, sum).positive(Buckets.ofDeltas(spans, deltas()))
                : NativeHistogram.ofFloatCounts(total, sum).positive(Buckets.ofCounts(spans, counts()));
        return histogram.customBounds(Arrays.copyOf(bounds, size - 1)).build();
    }

    private boolean isCumulative() {
        double before = 0;
        for (int i = 0; i < size; i++) {
            if (!(cumulative[i] >= before) || Double.isInfinite(cumulative[i])) {
                return false;
            }
            before = cumulative[i];
        }
        return true;
    }

    private boolean isIntegral() {
        for (int i = 0; i < size; i++) {
            if (cumulative[i] != Math.rint(cumulative[i]) || cumulative[i] > MAX_EXACT_COUNT) {
                return false;
            }
        }
        return true;
    }

    private double[] counts() {
        double[] counts = new double[size];
        for (int i = 0; i < size; i++) {
            counts[i] = cumulative[i] - (i == 0 ? 0 : cumulative[i - 1]);
        }
        return counts;
    }

    private long[] deltas() {
        double[] counts = counts();
        long[] deltas = new long[size];
        for (int i = 0; i < size; i++) {
            deltas[i] = (long) counts[i] - (i == 0 ? 0 : (long) counts[i - 1]);
        }
        return deltas;
    }
}

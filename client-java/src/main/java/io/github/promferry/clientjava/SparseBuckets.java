package io.github.promferry.clientjava;

import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.util.Arrays;

/** client_java lists its sparse buckets by index; Prometheus wants runs of neighbors and differences of counts. */
final class SparseBuckets {
    private SparseBuckets() {}

    static NativeHistogram histogram(HistogramDataPointSnapshot from, boolean gauge) {
        Buckets negative = buckets(from.getNativeBucketsForNegativeValues());
        Buckets positive = buckets(from.getNativeBucketsForPositiveValues());
        boolean empty = negative.size() == 0 && positive.size() == 0 && from.getNativeZeroThreshold() == 0;
        return NativeHistogram.ofCounts(from.getCount(), from.getSum())
                .gauge(gauge)
                .schema(from.getNativeSchema())
                .zero(from.getNativeZeroThreshold(), from.getNativeZeroCount())
                .negative(negative)
                // A span without buckets says that the histogram is a native one all the same.
                .positive(empty ? Buckets.ofDeltas(new int[2], new long[0]) : positive)
                .build();
    }

    private static Buckets buckets(NativeHistogramBuckets from) {
        int size = from.size();
        int[] spans = new int[2 * size];
        long[] deltas = new long[size];
        int spanInts = 0;
        int expected = 0;
        long before = 0;
        for (int i = 0; i < size; i++) {
            int index = from.getBucketIndex(i);
            if (i == 0 || index != expected) {
                spans[spanInts] = index - expected;
                spanInts += 2;
            }
            spans[spanInts - 1]++;
            expected = index + 1;
            deltas[i] = from.getCount(i) - before;
            before = from.getCount(i);
        }
        return size == 0 ? Buckets.NONE : Buckets.ofDeltas(Arrays.copyOf(spans, spanInts), deltas);
    }

    /** Whether client_java can express the histogram: integer counts in exponential buckets. */
    static boolean fits(NativeHistogram histogram) {
        return !histogram.isFloat() && histogram.schema() != NativeHistogram.CUSTOM_BUCKETS;
    }

    static void set(NativeHistogram from, HistogramDataPointSnapshot.Builder into) {
        into.nativeSchema(from.schema())
                .nativeZeroThreshold(from.zeroThreshold())
                .nativeZeroCount(from.zeroCount())
                .nativeBucketsForPositiveValues(listed(from.positive()))
                .nativeBucketsForNegativeValues(listed(from.negative()));
    }

    private static NativeHistogramBuckets listed(Buckets from) {
        NativeHistogramBuckets.Builder listed = NativeHistogramBuckets.builder();
        int index = 0;
        int at = 0;
        long count = 0;
        for (int span = 0; span < from.spanCount(); span++) {
            index += from.spanOffset(span);
            for (int i = 0; i < from.spanLength(span); i++, index++) {
                count += from.delta(at++);
                listed.bucket(index, count);
            }
        }
        return listed.build();
    }
}

package io.github.promferry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.NativeHistogram.Buckets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeHistogramTest {
    /** The example of the specification: populations -2:3, -1:5, 0:0, 1:0, 2:1, 3:0, 4:3, 5:2. */
    private static final Buckets EXAMPLE =
            Buckets.ofDeltas(new int[] {-2, 2, 2, 1, 1, 2}, new long[] {3, 2, -4, 2, -1});

    @Test
    void equalContentIsEqual() {
        NativeHistogram one = NativeHistogram.ofCounts(16, 2.5)
                .zero(0.001, 2)
                .positive(EXAMPLE)
                .build();
        NativeHistogram two = NativeHistogram.ofCounts(16, 2.5)
                .zero(0.001, 2)
                .positive(EXAMPLE)
                .build();
        NativeHistogram other = NativeHistogram.ofCounts(16, 3.5)
                .zero(0.001, 2)
                .positive(EXAMPLE)
                .build();
        assertThat(one).isEqualTo(two).hasSameHashCodeAs(two).isNotEqualTo(other);
        assertThat(one.countFloat()).isEqualTo(16);
        assertThat(one.toString()).contains("schema 0", "count 16", "sum 2.5", "spans [-2, 2, 2, 1, 1, 2]");
    }

    @Test
    void brokenRulesAreRefusedWithTheReason() {
        assertThatThrownBy(() -> Buckets.ofDeltas(new int[] {0, 2}, new long[] {1}))
                .hasMessageContaining("spans for 2 buckets, but 1 counts");
        assertThatThrownBy(() -> Buckets.ofDeltas(new int[] {0, 2}, new long[] {1, -2}))
                .hasMessageContaining("a bucket with the count -1");
        assertThatThrownBy(() -> Buckets.ofDeltas(new int[] {0, 1, -1, 1}, new long[] {1, 1}))
                .hasMessageContaining("only the first offset may be negative");
        assertThatThrownBy(() -> Buckets.ofCounts(new int[] {0, 1}, new double[] {-1}))
                .hasMessageContaining("a bucket with the count -1.0");
        assertThatThrownBy(() -> NativeHistogram.ofCounts(1, 1).schema(53).build())
                .hasMessageContaining("schema 53");
        assertThatThrownBy(() -> NativeHistogram.ofCounts(1, 1).zero(-1, 0).build())
                .hasMessageContaining("zero threshold -1.0");
        assertThatThrownBy(() ->
                        NativeHistogram.ofFloatCounts(1, 1).positive(EXAMPLE).build())
                .hasMessageContaining("integer and float");
        assertThatThrownBy(
                        () -> NativeHistogram.ofCounts(1, 1).customBounds(2, 1).build())
                .hasMessageContaining("ascending");
        assertThatThrownBy(() -> NativeHistogram.ofCounts(1, 1)
                        .customBounds(1)
                        .positive(Buckets.ofDeltas(new int[] {0, 3}, new long[] {1, 0, 0}))
                        .build())
                .hasMessageContaining("behind the last custom bound");
    }

    /** As Prometheus' {@code Histogram.Validate}: the buckets of EXAMPLE hold 14. */
    @ParameterizedTest
    @CsvSource({
        "15, 1, 2.5, true",
        "14, 1, 2.5, false",
        "16, 1, 2.5, false",
        "16, 1, NaN, true",
        "15, 1, NaN, true",
        "14, 1, NaN, false"
    })
    void integerCountsAddUp(long count, long zeroCount, double sum, boolean valid) {
        NativeHistogram.Builder builder =
                NativeHistogram.ofCounts(count, sum).zero(0.001, zeroCount).positive(EXAMPLE);
        if (valid) {
            assertThat(builder.build().count()).isEqualTo(count);
        } else {
            assertThatThrownBy(builder::build)
                    .hasMessageContaining("buckets hold 15 observations, count says " + count);
        }
    }

    @Test
    void customBoundsHaveOneBucketMore() {
        NativeHistogram histogram = NativeHistogram.ofCounts(3, 9)
                .customBounds(0.5, 1)
                .positive(Buckets.ofDeltas(new int[] {0, 3}, new long[] {1, 0, 0}))
                .build();
        assertThat(histogram.schema()).isEqualTo(NativeHistogram.CUSTOM_BUCKETS);
        assertThat(histogram.customBoundCount()).isEqualTo(2);
        assertThat(histogram.customBound(1)).isEqualTo(1);
    }

    @Test
    void reductionMergesNeighbors() {
        NativeHistogram coarse = NativeHistogram.ofCounts(14, 1)
                .schema(1)
                .positive(EXAMPLE)
                .build()
                .reducedTo(0);
        // ceil(i/2): -1 gets 3, 0 gets 5 + 0, 1 gets 0 + 1, 2 gets 0 + 3, 3 gets 2.
        assertThat(populations(coarse.positive())).isEqualTo(Map.of(-1L, 3L, 0L, 5L, 1L, 1L, 2L, 3L, 3L, 2L));
        assertThat(coarse.schema()).isZero();
    }

    @Property(tries = 500)
    void reductionEqualsTheNaiveOne(
            @ForAll("buckets") SortedMap<Long, Long> naive, @ForAll @IntRange(min = 1, max = 12) int steps) {
        long observations = naive.values().stream().mapToLong(Long::longValue).sum();
        NativeHistogram fine = NativeHistogram.ofCounts(2 * observations, 1)
                .schema(8)
                .positive(of(naive))
                .negative(of(naive))
                .build();
        TreeMap<Long, Long> expected = new TreeMap<>();
        naive.forEach((index, count) -> expected.merge((long) Math.ceil(index / Math.pow(2, steps)), count, Long::sum));
        NativeHistogram coarse = fine.reducedTo(8 - steps);
        assertThat(populations(coarse.positive())).isEqualTo(expected);
        assertThat(coarse.negative()).isEqualTo(coarse.positive());
        for (int span = 1; span < coarse.positive().spanCount(); span++) {
            assertThat(coarse.positive().spanOffset(span)).isPositive();
        }
    }

    @Provide
    Arbitrary<SortedMap<Long, Long>> buckets() {
        return Arbitraries.maps(
                        Arbitraries.longs().between(-70, 70),
                        Arbitraries.longs().between(0, 100))
                .ofMaxSize(30)
                .map(TreeMap::new);
    }

    private static Buckets of(SortedMap<Long, Long> populations) {
        int[] spans = new int[2 * populations.size()];
        long[] deltas = new long[populations.size()];
        long end = 0;
        long before = 0;
        int at = 0;
        for (Map.Entry<Long, Long> bucket : populations.entrySet()) {
            spans[2 * at] = (int) (bucket.getKey() - end);
            spans[2 * at + 1] = 1;
            deltas[at++] = bucket.getValue() - before;
            before = bucket.getValue();
            end = bucket.getKey() + 1;
        }
        return Buckets.ofDeltas(spans, deltas);
    }

    private static Map<Long, Long> populations(Buckets buckets) {
        Map<Long, Long> populations = new TreeMap<>();
        long index = 0;
        long count = 0;
        int at = 0;
        for (int span = 0; span < buckets.spanCount(); span++) {
            index += buckets.spanOffset(span);
            for (int i = 0; i < buckets.spanLength(span); i++) {
                count += buckets.delta(at++);
                populations.put(index++, count);
            }
        }
        return populations;
    }

    @Test
    void countsAreOfOneKind() {
        assertThatThrownBy(
                        () -> NativeHistogram.ofCounts(1, 1).zeroFloat(0, 0.5).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("float zero count");
        assertThat(NativeHistogram.ofFloatCounts(1, 1).zero(0, 1).build())
                .isEqualTo(NativeHistogram.ofFloatCounts(1, 1).zeroFloat(0, 1).build());
        assertThat(Buckets.ofCounts(new int[] {0, 0}, new double[0]))
                .isEqualTo(Buckets.ofDeltas(new int[] {0, 0}, new long[0]));
    }
}

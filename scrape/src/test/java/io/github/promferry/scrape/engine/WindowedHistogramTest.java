package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WindowedHistogramTest {
    private static final double[] BOUNDS = {0.1, 0.5, 1, 2.5, Double.POSITIVE_INFINITY};

    /** Expected values were computed by Prometheus 2.42 with {@code histogram_quantile}. */
    @ParameterizedTest
    @CsvSource({
        // up to 0.1, 0.5, 1, 2.5, all; quantile; value
        "10 10 10 10 10, 0.5,  0.05",
        "0  10 10 10 10, 0.5,  0.3",
        "2  4  8  8  8,  0.5,  0.5",
        "2  4  8  8  8,  0.75, 0.75",
        "0  0  0  0  5,  0.5,  2.5",
        "1  2  3  4  10, 0.99, 2.5",
        "1  2  3  4  10, 0.4,  2.5",
        "1  2  3  4  10, 0.35, 1.75",
        "0  0  0  0  0,  0.5,  NaN",
        "5  5  5  5  5,  1,    0.1",
        "5  5  5  5  5,  -1,   -Infinity",
        "5  5  5  5  5,  2,    Infinity",
        // A bucket that is smaller than the one before counts as large.
        "4  2  4  8  8,  0.5,  0.1",
    })
    void interpolatesAsPrometheus(String cumulative, double quantile, double value) {
        double[] counts = Arrays.stream(cumulative.split(" +"))
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertThat(new WindowedHistogram(BOUNDS, counts, 0, 0).quantile(quantile))
                .isEqualTo(value, within(1e-9));
    }

    @Test
    void withoutTheLastBucketNothingIsKnown() {
        assertThat(new WindowedHistogram(new double[] {1, 2}, new double[] {3, 4}, 5, 4).quantile(0.5))
                .isNaN();
        assertThat(WindowedHistogram.NONE.quantile(0.5)).isNaN();
        assertThat(WindowedHistogram.NONE.mean()).isNaN();
    }

    /** The observation of that rank lies in the bucket that the estimate lies in. */
    @Property
    void theEstimateIsInTheBucketOfTheObservation(
            @ForAll @Size(min = 1, max = 200) List<@DoubleRange(min = 0.01, max = 4) Double> observations,
            @ForAll @IntRange(min = 1, max = 100) int percent) {
        double[] cumulative = new double[BOUNDS.length];
        for (int i = 0; i < BOUNDS.length; i++) {
            double bound = BOUNDS[i];
            cumulative[i] =
                    observations.stream().filter(value -> value <= bound).count();
        }
        double estimate = new WindowedHistogram(BOUNDS, cumulative, 0, 0).quantile(percent / 100.0);

        double[] sorted =
                observations.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double exact = sorted[(int) Math.ceil(percent / 100.0 * sorted.length - 1e-9) - 1];
        double upper = Arrays.stream(BOUNDS)
                .filter(bound -> exact <= bound)
                .findFirst()
                .orElseThrow();
        double lower =
                Arrays.stream(BOUNDS).filter(bound -> bound < exact).max().orElse(0);
        if (Double.isInfinite(upper)) {
            assertThat(estimate).isEqualTo(2.5);
        } else {
            assertThat(estimate).isBetween(lower - 1e-9, upper + 1e-9);
        }
    }

    /** Against a reference that spreads each bucket's observations evenly and counts them off. */
    @Property
    void equalsTheStraightforwardReference(
            @ForAll @Size(5) List<@IntRange(max = 50) Integer> counts,
            @ForAll @DoubleRange(min = 0.01, max = 1) double quantile) {
        double[] cumulative = new double[BOUNDS.length];
        double total = 0;
        for (int i = 0; i < BOUNDS.length; i++) {
            total += counts.get(i);
            cumulative[i] = total;
        }
        double expected = Double.NaN;
        double left = quantile * total;
        // At the edge of a bucket the last bit decides which side of the empty buckets after it is meant; the table
        // above
        // has edges that are exact.
        Assume.that(total == 0 || Math.abs(left - Math.rint(left)) > 1e-9);
        double lower = 0;
        for (int i = 0; i < BOUNDS.length && total > 0; i++) {
            if (left <= counts.get(i)) {
                expected = i == BOUNDS.length - 1 ? 2.5 : lower + (BOUNDS[i] - lower) * left / counts.get(i);
                break;
            }
            left -= counts.get(i);
            lower = BOUNDS[i];
        }
        assertThat(new WindowedHistogram(BOUNDS, cumulative, 0, 0).quantile(quantile))
                .isEqualTo(expected, within(1e-6));
    }
}

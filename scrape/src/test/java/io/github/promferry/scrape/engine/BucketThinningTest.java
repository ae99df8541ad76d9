package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is promised of quantiles from thinned buckets, on the bounds of all engines. */
final class BucketThinningTest {
    private static final List<List<Double>> BOUNDS = EngineCatalog.builtIn().engines().stream()
            .map(LlmEngine::bucketBounds)
            .map(Map::values)
            .flatMap(Collection::stream)
            .distinct()
            .toList();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # bounds              | growth | dropped
            1 2 3 4 5             | 1      |
            1 2 4 8 16            | 4      | 2 8
            1 2 4 8 16            | 2      |
            1 2 4 8 16            | 16     | 2 4 8
            0 1 2 4               | 4      | 2
            1 100 101 102         | 2      | 101
            1 2                   | 100    |
            1                     | 100    |
            """)
    void dropsWhatLiesCloseEnoughTogether(String bounds, double growth, String dropped) {
        assertThat(BucketThinning.dropped(numbers(bounds), growth))
                .isEqualTo(dropped == null ? Set.of() : Set.copyOf(numbers(dropped)));
    }

    private static List<Double> numbers(String text) {
        return Stream.of(text.split(" ", -1)).map(Double::valueOf).toList();
    }

    @Provide
    Arbitrary<List<Double>> bounds() {
        return Arbitraries.of(BOUNDS);
    }

    /** Observations spread over all magnitudes that the bounds have, and beyond. */
    @Provide
    Arbitrary<List<Double>> observations() {
        return Arbitraries.doubles()
                .between(-5, 5)
                .map(exponent -> Math.pow(10, exponent))
                .list()
                .ofMinSize(1)
                .ofMaxSize(60);
    }

    @Property(tries = 2_000)
    void aQuantileIsOffByNoMoreThanTheFactor(
            @ForAll("bounds") List<Double> bounds,
            @ForAll("observations") List<Double> observations,
            @ForAll @DoubleRange(min = 1, max = 10) double growth,
            @ForAll @DoubleRange(min = 0.01, max = 0.99) double quantile) {
        List<Double> kept = new ArrayList<>(bounds);
        kept.removeAll(BucketThinning.dropped(bounds, growth));

        double exact = quantile(quantile, bounds, observations);
        double thinned = quantile(quantile, kept, observations);

        double above = upperBound(kept, exact);
        double below = lowerBound(kept, exact);
        // In the same bucket of those kept, but for the rounding of the interpolation ...
        assertThat(thinned).isBetween(below * (1 - 1e-12), above * (1 + 1e-12));
        // ... whose width is bounded, unless it is one of the engine's own buckets, or begins at zero.
        if (thinned != exact) {
            assertThat(above / below).isLessThanOrEqualTo(growth);
        }
    }

    private static double upperBound(List<Double> bounds, double value) {
        return bounds.stream().filter(bound -> bound >= value).findFirst().orElse(bounds.get(bounds.size() - 1));
    }

    private static double lowerBound(List<Double> bounds, double value) {
        return bounds.stream().filter(bound -> bound < value).reduce(0.0, (before, bound) -> bound);
    }

    /** As histogram_quantile computes it: linear within the bucket, and the last bound for whatever lies above. */
    private static double quantile(double quantile, List<Double> bounds, List<Double> observations) {
        double rank = quantile * observations.size();
        double from = 0;
        long before = 0;
        for (double bound : bounds) {
            long upTo = observations.stream().filter(each -> each <= bound).count();
            if (upTo >= rank) {
                return upTo == before || bound <= 0 ? bound : from + (bound - from) * (rank - before) / (upTo - before);
            }
            from = bound;
            before = upTo;
        }
        return bounds.get(bounds.size() - 1);
    }
}

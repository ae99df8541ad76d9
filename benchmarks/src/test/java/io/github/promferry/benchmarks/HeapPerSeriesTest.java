package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * The bounds are the project's aims, and so is the number of targets: tables double, so with fewer or more they weigh up to
 * twice as much for each series.
 */
class HeapPerSeriesTest {
    private static final int TARGETS = 1000;

    @Test
    void enginesOfAKindCostAFewBytesASeries() {
        assertThat(HeapPerSeries.sameText(TARGETS)).isBetween(2.0, 16.0);
    }

    @Test
    void unlikeTargetsCostTheirTextAndSomeMore() {
        assertThat(HeapPerSeries.unlikeTexts(TARGETS)).isBetween(150.0, 300.0);
    }
}

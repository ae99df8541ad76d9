package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapPerSeriesTest {
    @Test
    void enginesOfAKindCostAFewBytesASeries() {
        assertThat(HeapPerSeries.sameText(1000)).isBetween(2.0, 16.0);
    }

    @Test
    void unlikeTargetsCostTheirTextAndSomeMore() {
        assertThat(HeapPerSeries.unlikeTexts(100)).isLessThan(500);
    }
}

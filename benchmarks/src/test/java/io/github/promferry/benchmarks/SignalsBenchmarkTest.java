package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.scrape.engine.EngineSignals;
import io.github.promferry.scrape.engine.ServingState;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SignalsBenchmarkTest {
    /** For what a page costs as a whole; a sample would have to do with an eighth of a byte. */
    private static final double MOST_BYTES_A_PAGE = 64;

    private final SignalsBenchmark benchmark = new SignalsBenchmark();

    @BeforeEach
    void setUp() {
        benchmark.setUp();
    }

    @Test
    void aPageLikeTheOneBeforeAllocatesNothingForItsSamples() {
        assertThat(AllocationMeter.bytesPerLap(benchmark::signals)).isLessThanOrEqualTo(MOST_BYTES_A_PAGE);
    }

    /** Every number of the page grows by one a second. */
    @Test
    void theBenchmarkTellsSignals() {
        for (int page = 0; page < SignalsBenchmark.PAGES - 1; page++) {
            benchmark.signals();
        }
        EngineSignals now = benchmark.last();
        assertThat(now.state()).isEqualTo(ServingState.SATURATED);
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(1);
        assertThat(now.total().timeToFirstToken(0.5)).isPositive();
    }
}

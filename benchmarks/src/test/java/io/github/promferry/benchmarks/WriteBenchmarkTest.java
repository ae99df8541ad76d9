package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.remotewrite.WriteProtocol;
import io.github.promferry.remotewrite.WriterStats;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proves that the benchmark writes everything, and how small it gets. */
class WriteBenchmarkTest {
    @ParameterizedTest
    @CsvSource({
        // most compressed bytes a sample, metadata included in 2.0
        "V1, 19",
        "V2, 11",
    })
    void everySampleIsWrittenInFewBytes(WriteProtocol protocol, double mostBytes) {
        WriteBenchmark benchmark = new WriteBenchmark();
        benchmark.protocol = protocol;
        benchmark.setUp();
        Throughput throughput = new Throughput();
        int laps = 5 * WriteBenchmark.TARGETS;
        for (int lap = 0; lap < laps; lap++) {
            assertThat(benchmark.append(throughput)).isTrue();
        }
        WriterStats stats = benchmark.stats();
        benchmark.tearDown();
        assertThat(stats.accepted()).isEqualTo(throughput.samples).isEqualTo(laps * 474L);
        assertThat(stats.droppedTotal()).isZero();
        assertThat(stats.waitingBlocks()).isEqualTo(5);
        double bytes = stats.waitingBytes() / (double) stats.waiting();
        assertThat(bytes).as("compressed bytes a sample").isLessThanOrEqualTo(mostBytes);
    }
}

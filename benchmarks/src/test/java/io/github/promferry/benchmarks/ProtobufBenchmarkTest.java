package io.github.promferry.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that what is measured reads all that the page of text has. */
class ProtobufBenchmarkTest {
    private static ProtobufBenchmark benchmark(String page) {
        ProtobufBenchmark benchmark = new ProtobufBenchmark();
        benchmark.page = page;
        benchmark.setUp();
        return benchmark;
    }

    @Test
    void theProtobufPageHasTheSeriesAndValuesOfTheText() {
        ProtobufBenchmark benchmark = benchmark(BenchmarkPage.VLLM);
        Map<String, Double> text = values(ProtobufPage.textRows(BenchmarkPage.VLLM), 1);
        for (int lap = 0; lap < 2 * ParseBenchmark.SCRAPES; lap++) {
            int factor = lap % ParseBenchmark.SCRAPES + 1;
            assertThat(values(benchmark.steadyState(new Throughput()), factor)).isEqualTo(text);
        }
        assertThat(benchmark.firstSight(new Throughput()).size()).isEqualTo(text.size());
    }

    private static Map<String, Double> values(SampleBatch batch, int factor) {
        Map<String, Double> values = new TreeMap<>();
        for (int row = 0; row < batch.size(); row++) {
            double value = Double.longBitsToDouble(batch.valueBits(row)) / factor;
            values.put(batch.series(row).toString(), (double) (float) value);
        }
        return values;
    }

    @Test
    void everyNativeHistogramArrives() {
        ProtobufBenchmark benchmark = benchmark(ProtobufPage.NATIVE);
        for (int scrape = 0; scrape < ParseBenchmark.SCRAPES; scrape++) {
            SampleBatch batch = benchmark.steadyState(new Throughput());
            assertThat(batch.size()).isEqualTo(100);
            assertThat(batch.histogramCount()).isEqualTo(100);
            NativeHistogram first = batch.histogram(0);
            assertThat(first.schema()).isEqualTo(3);
            assertThat(first.zeroCount()).isEqualTo(scrape);
            assertThat(first.positive().spanCount()).isEqualTo(2);
            assertThat(first.positive().size()).isEqualTo(40);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES, ProtobufPage.NATIVE})
    void thePeerReadsEveryFamily(String page) {
        ProtobufBenchmark benchmark = benchmark(page);
        int metrics = benchmark.peerGeneratedClasses(new Throughput()).stream()
                .mapToInt(family -> family.getMetricCount())
                .sum();
        assertThat(metrics).isPositive().isLessThanOrEqualTo(ProtobufPage.scrapes(page, 1)[0].samples());
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void theSteadyStateAllocatesNothing(String page) {
        ProtobufBenchmark benchmark = benchmark(page);
        Throughput throughput = new Throughput();
        double perSample = AllocationMeter.bytesPerLap(() -> benchmark.steadyState(throughput))
                / ProtobufPage.scrapes(page, 1)[0].samples();
        assertThat(perSample).isLessThan(1);
    }
}

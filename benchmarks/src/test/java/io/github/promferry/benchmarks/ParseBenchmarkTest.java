package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that what is measured against each other does the same work. */
class ParseBenchmarkTest {
    private static final double RELATIVE_ERROR = 1e-12;

    private static ParseBenchmark benchmark(String page) {
        ParseBenchmark benchmark = new ParseBenchmark();
        benchmark.page = page;
        benchmark.setUp();
        return benchmark;
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void scrapesDifferInValuesAlone(String name) {
        BenchmarkPage[] scrapes = BenchmarkPage.scrapes(name, ParseBenchmark.SCRAPES);

        List<String> first = seriesOf(scrapes[0]);
        assertThat(first).hasSize(scrapes[0].samples());
        for (int i = 1; i < scrapes.length; i++) {
            assertThat(seriesOf(scrapes[i])).isEqualTo(first);
            assertThat(scrapes[i].sum()).isNotEqualTo(scrapes[i - 1].sum());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void oneSeriesInAHundredCanBeMadeNew(String name) {
        BenchmarkPage page = BenchmarkPage.scrapes(name, 1, 100)[0];
        List<String> before = seriesOf(page);

        page.renew(123_456_789);

        List<String> renewed = seriesOf(page);
        renewed.removeAll(before);
        assertThat(renewed).hasSize(page.renewable()).allMatch(series -> series.contains(",scrape=\"123456789\"}"));
        assertThat(page.renewable()).isBetween(page.samples() / 120, page.samples() / 100);
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void theYardstickFindsEveryLine(String name) {
        int[] ends = new int[10_000];
        for (BenchmarkPage page : BenchmarkPage.scrapes(name, ParseBenchmark.SCRAPES)) {
            String text = new String(page.bytes(), 0, page.length(), UTF_8);
            int count = NewlineScan.lineEnds(page.bytes(), page.length(), ends);
            assertThat(count)
                    .isEqualTo((int) text.chars().filter(c -> c == '\n').count());
            for (int i = 0; i < count; i++) {
                assertThat(page.bytes()[ends[i]]).isEqualTo((byte) '\n');
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void thePeersReadEverySample(String name) {
        StringParser strings = new StringParser();
        HawkularParser hawkular = new HawkularParser();
        for (BenchmarkPage page : BenchmarkPage.scrapes(name, ParseBenchmark.SCRAPES)) {
            List<StringParser.Sample> samples = strings.parse(page.bytes(), page.length());
            assertThat(samples).hasSize(page.samples());
            double sum = samples.stream()
                    .mapToDouble(StringParser.Sample::value)
                    .filter(Double::isFinite)
                    .sum();
            assertThat(sum).isCloseTo(page.sum(), within(RELATIVE_ERROR * page.sum()));

            hawkular.parse(page.bytes(), page.length());
            assertThat(hawkular.samples()).isEqualTo(page.samples());
            assertThat(hawkular.sum()).isCloseTo(page.sum(), within(RELATIVE_ERROR * page.sum()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void theProductReadsEverySample(String name) {
        ParseBenchmark benchmark = benchmark(name);
        BenchmarkPage[] scrapes = BenchmarkPage.scrapes(name, ParseBenchmark.SCRAPES);
        assertReads(scrapes, 3, () -> benchmark.steadyState(new Throughput()));
        assertReads(scrapes[0], benchmark.firstSight(new Throughput()));
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void openMetricsHasTheSameSeries(String name) {
        ParseBenchmark benchmark = benchmark(name);
        BenchmarkPage[] scrapes = BenchmarkPage.scrapes(name, ParseBenchmark.SCRAPES);
        assertReads(scrapes, 2, () -> benchmark.steadyStateOpenMetrics(new Throughput()));
        List<Series> openMetrics = seriesOf(benchmark.firstSightOpenMetrics(new Throughput()));
        List<Series> text = seriesOf(benchmark.firstSight(new Throughput()));
        assertThat(openMetrics)
                .extracting(Series::labels)
                .isEqualTo(text.stream().map(Series::labels).toList());
        assertThat(openMetrics)
                .extracting(series -> series.metadata().type())
                .isEqualTo(text.stream().map(series -> series.metadata().type()).toList());
        assertThat(new String(scrapes[0].inOpenMetrics().bytes(), UTF_8)).doesNotContainPattern("(?m)_total counter$");
    }

    private static List<Series> seriesOf(SampleBatch batch) {
        return IntStream.range(0, batch.size()).mapToObj(batch::series).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void everyNewSeriesComesAndTheOneBeforeGoesStale(String name) {
        ParseBenchmark benchmark = benchmark(name);
        BenchmarkPage page = BenchmarkPage.scrapes(name, 1, ParseBenchmark.ONE_IN)[0];
        benchmark.oneInAHundredNew(new Throughput());
        for (int lap = 0; lap < 20; lap++) {
            SampleBatch batch = benchmark.oneInAHundredNew(new Throughput());
            assertThat(batch.size()).isEqualTo(page.samples() + page.renewable());
            for (int row = page.samples(); row < batch.size(); row++) {
                assertThat(SampleValues.isStale(batch.valueBits(row))).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    void theSteadyStateAllocatesNothing(String name) {
        ParseBenchmark benchmark = benchmark(name);
        Throughput throughput = new Throughput();
        double perSample = AllocationMeter.bytesPerLap(() -> benchmark.steadyState(throughput))
                / BenchmarkPage.scrapes(name, 1)[0].samples();

        assertThat(perSample)
                .as("bytes per sample; to see where they come from: java -jar benchmarks/target/benchmarks.jar"
                        + " ParseBenchmark.steadyState -prof gc")
                .isLessThan(1);
    }

    /** One scrape after the other, all of them so many times. */
    private static void assertReads(BenchmarkPage[] scrapes, int times, Supplier<SampleBatch> next) {
        for (int lap = 0; lap < times * scrapes.length; lap++) {
            assertReads(scrapes[lap % scrapes.length], next.get());
        }
    }

    private static void assertReads(BenchmarkPage page, SampleBatch batch) {
        assertThat(batch.size()).isEqualTo(page.samples());
        double sum = 0;
        for (int row = 0; row < batch.size(); row++) {
            double value = Double.longBitsToDouble(batch.valueBits(row));
            sum += Double.isFinite(value) ? value : 0;
        }
        assertThat(sum).isEqualTo(page.sum());
    }

    private static List<String> seriesOf(BenchmarkPage page) {
        String text = new String(page.bytes(), 0, page.length(), UTF_8);
        return new ArrayList<>(text.lines()
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .toList());
    }
}

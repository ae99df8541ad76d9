package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proves that what is measured against each other does the same work. */
class ParseBenchmarkTest {
    private static final double RELATIVE_ERROR = 1e-12;

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
            assertThat(count).isEqualTo((int) text.chars().filter(c -> c == '\n').count());
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

    private static List<String> seriesOf(BenchmarkPage page) {
        String text = new String(page.bytes(), 0, page.length(), UTF_8);
        return new ArrayList<>(text.lines()
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .map(line -> line.substring(0, line.lastIndexOf(' ')))
                .toList());
    }
}

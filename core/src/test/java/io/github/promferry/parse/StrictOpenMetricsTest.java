package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every page of {@code strict-openmetrics.txt} is judged as OpenMetrics 1.0 demands, with the reason. */
class StrictOpenMetricsTest {
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).build();

    static Stream<Arguments> pages() throws IOException {
        try (InputStream in = StrictOpenMetricsTest.class.getResourceAsStream("strict-openmetrics.txt")) {
            return new String(in.readAllBytes(), UTF_8)
                            .lines()
                            .filter(line -> !line.startsWith("# "))
                            .map(line -> Arguments.of((Object[]) line.split("\\|", -1)))
                            .toList()
                            .stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pages")
    void page(String name, String input, String judgement) {
        boolean whole = input.startsWith("!");
        byte[] page = Pages.unescaped(whole ? input.substring(1) : input + (input.isEmpty() ? "" : "\\n") + "# EOF\\n");
        assertThat(judgement(page)).isEqualTo(judgement);
    }

    private static String judgement(byte[] page) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), STRICT);
        SampleBatch batch = new SampleBatch();
        try {
            parser.parse(ExpositionFormat.OPENMETRICS_1_0_0, page, 0, page.length, Pages.SCRAPE_TIME, batch);
            return "good: " + batch.size();
        } catch (ExpositionException e) {
            return e.getMessage();
        }
    }
}

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

/** Every page of the tables is judged as its version of OpenMetrics demands, with the reason. */
class StrictOpenMetricsTest {
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).build();

    /** Rows of a table beside this class, one a line, their columns between bars. */
    static Stream<Arguments> rows(String table) throws IOException {
        try (InputStream in = StrictOpenMetricsTest.class.getResourceAsStream(table)) {
            return new String(in.readAllBytes(), UTF_8)
                            .lines()
                            .filter(line -> !line.startsWith("# "))
                            .map(line -> Arguments.of((Object[]) line.split("\\|", -1)))
                            .toList()
                            .stream();
        }
    }

    static Stream<Arguments> pages() throws IOException {
        return rows("strict-openmetrics.txt");
    }

    static Stream<Arguments> pagesOfVersion2() throws IOException {
        return rows("strict-openmetrics-2.txt");
    }

    static byte[] page(String input) {
        return Pages.unescaped(
                input.startsWith("!") ? input.substring(1) : input + (input.isEmpty() ? "" : "\\n") + "# EOF\\n");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pages")
    void page(String name, String input, String judgement) {
        assertThat(judgement(ExpositionFormat.OPENMETRICS_1_0_0, page(input))).isEqualTo(judgement);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pagesOfVersion2")
    void pageOfVersion2(String name, String input, String asVersion2, String asVersion1) {
        assertThat(judgement(ExpositionFormat.OPENMETRICS_2_0_0, page(input))).isEqualTo(asVersion2);
        assertThat(judgement(ExpositionFormat.OPENMETRICS_1_0_0, page(input))).isEqualTo(asVersion1);
    }

    private static String judgement(ExpositionFormat format, byte[] page) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), STRICT);
        SampleBatch batch = new SampleBatch();
        try {
            parser.parse(format, page, 0, page.length, Pages.SCRAPE_TIME, batch);
            return "good: " + batch.size();
        } catch (ExpositionException e) {
            return e.getMessage();
        }
    }
}

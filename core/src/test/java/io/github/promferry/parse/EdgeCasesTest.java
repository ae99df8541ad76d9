package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every case of {@code edge-cases.txt} in both formats and both modes, cold and warm. */
class EdgeCasesTest {
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).build();

    static Stream<Arguments> cases() throws IOException {
        List<Arguments> cases = new ArrayList<>();
        try (InputStream in = EdgeCasesTest.class.getResourceAsStream("edge-cases.txt")) {
            for (String line : new String(in.readAllBytes(), UTF_8).lines().toList()) {
                if (!line.startsWith("# ")) {
                    cases.add(Arguments.of((Object[]) line.split("\\|", -1)));
                }
            }
        }
        return cases.stream();
    }

    @Test
    void tableHasEveryCase() throws IOException {
        assertThat(cases().map(row -> row.get()[0]).distinct().count()).isEqualTo(168);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void tolerantText(String number, String input, String text, String om, String strictText, String strictOm) {
        check(ExpositionFormat.TEXT_0_0_4, ParseOptions.DEFAULTS, bytes(input), text);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void tolerantOpenMetrics(String number, String input, String text, String om, String strictText, String strictOm) {
        check(ExpositionFormat.OPENMETRICS_1_0_0, ParseOptions.DEFAULTS, openMetrics(input), om);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void strictText(String number, String input, String text, String om, String strictText, String strictOm) {
        check(ExpositionFormat.TEXT_0_0_4, STRICT, bytes(input), strictText.equals("=") ? text : strictText);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void strictOpenMetrics(String number, String input, String text, String om, String strictText, String strictOm) {
        check(ExpositionFormat.OPENMETRICS_1_0_0, STRICT, openMetrics(input), strictOm.equals("=") ? om : strictOm);
    }

    private static void check(ExpositionFormat format, ParseOptions options, byte[] page, String expected) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        for (int lap = 0; lap < 2; lap++) {
            assertThat(result(parser, format, page)).as("%s", format).isEqualTo(new String(bytes(expected), UTF_8));
        }
    }

    /** The rows of a page, or err. */
    static String result(ExpositionParser parser, ExpositionFormat format, byte[] page) {
        SampleBatch batch = new SampleBatch();
        try {
            parser.parse(format, page, 0, page.length, Pages.SCRAPE_TIME, batch);
            return render(batch);
        } catch (ExpositionException e) {
            assertThat(e).message().matches("line \\d+, column \\d+: found .+, expected .+");
            assertThat(batch.size()).isZero();
            return "err";
        }
    }

    private static String render(SampleBatch batch) {
        List<String> rows = new ArrayList<>();
        int exemplar = 0;
        for (int row = 0; row < batch.size(); row++) {
            double value = Double.longBitsToDouble(batch.valueBits(row));
            if (Double.isNaN(value)) {
                assertThat(batch.valueBits(row)).isEqualTo(SampleValues.NORMAL_NAN_BITS);
            }
            StringBuilder text =
                    new StringBuilder(batch.series(row).toString()).append('=').append(number(value));
            if (batch.timestamp(row) != Pages.SCRAPE_TIME) {
                text.append('@').append(batch.timestamp(row));
            }
            if (batch.startTimestamp(row) != SampleBatch.NO_TIMESTAMP) {
                text.append('~').append(batch.startTimestamp(row));
            }
            append(text, batch.series(row).metadata());
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                append(text, batch.exemplar(exemplar));
            }
            rows.add(text.toString());
        }
        return String.join("; ", rows);
    }

    private static void append(StringBuilder text, MetricMetadata metadata) {
        if (metadata.type() != MetricType.UNKNOWN) {
            text.append(' ').append(metadata.type().word());
        }
        if (!metadata.help().isEmpty()) {
            text.append(" help[").append(metadata.help()).append(']');
        }
        if (!metadata.unit().isEmpty()) {
            text.append(" unit[").append(metadata.unit()).append(']');
        }
    }

    private static void append(StringBuilder text, Exemplar exemplar) {
        text.append(" #").append(exemplar.labels()).append(' ').append(number(exemplar.value()));
        if (exemplar.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            text.append('@').append(exemplar.timestampMillis());
        }
    }

    private static String number(double value) {
        boolean plain =
                value == Math.rint(value) && Math.abs(value) < 1e16 && Double.doubleToRawLongBits(value) != 1L << 63;
        return plain ? Long.toString((long) value) : Double.toString(value);
    }

    static byte[] openMetrics(String input) {
        return bytes(input.startsWith("!") ? input : input + (input.isEmpty() ? "" : "# EOF\\n"));
    }

    private static byte[] bytes(String input) {
        return Pages.unescaped(input.startsWith("!") ? input.substring(1) : input);
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bugs of other parsers, most of them Prometheus', that are not copied: {@code others-bugs.txt}. */
class OthersBugsTest {
    private static final ParseOptions NORMALIZING =
            ParseOptions.builder().normalizeBounds(true).build();

    static Stream<Arguments> bugs() throws IOException {
        return StrictOpenMetricsTest.rows("others-bugs.txt");
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("bugs")
    void isNotCopied(String bug, String format, String page, String others, String ours) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), NORMALIZING);
        ExpositionFormat exposed =
                format.equals("text") ? ExpositionFormat.TEXT_0_0_4 : ExpositionFormat.OPENMETRICS_1_0_0;
        byte[] bytes = format.equals("text") ? Pages.unescaped(page) : EdgeCasesTest.openMetrics(page);
        assertThat(EdgeCasesTest.result(parser, exposed, bytes))
                .as("not as elsewhere: %s", others)
                .isEqualTo(new String(Pages.unescaped(ours), UTF_8));
    }

    /** Prometheus hands it on as a sample, which ends the series. */
    @Test
    void markersOfStalenessDoNotComeFromProtobufPages() {
        ProtoMessage gauge = new ProtoMessage().fixed(1, Double.longBitsToDouble(SampleValues.STALE_NAN_BITS));
        byte[] page = new ProtoMessage()
                .text(1, "a")
                .varint(3, 1)
                .message(4, new ProtoMessage().message(2, gauge))
                .delimited();
        SampleBatch batch = Pages.parse(new ExpositionParser(), ExpositionFormat.PROTOBUF, page);
        assertThat(batch.valueBits(0)).isEqualTo(SampleValues.NORMAL_NAN_BITS);
    }
}

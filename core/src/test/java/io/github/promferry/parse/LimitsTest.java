package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.promferry.SampleBatch;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Pages far beyond what exporters send end in bounded time: quadratic work would take hours. */
class LimitsTest {
    /** The formats whose lines are read by different code. */
    private static final String DIFFERENT = "TEXT_0_0_4|OPENMETRICS_1_0_0|PROTOBUF";

    private static final Duration BOUND = Duration.ofSeconds(60);

    private final ExpositionParser parser = new ExpositionParser();

    private SampleBatch parse(byte[] page) {
        return parse(ExpositionFormat.TEXT_0_0_4, page, MutationTest.MAX_BYTES_PER_PAGE_BYTE);
    }

    private SampleBatch parse(ExpositionFormat format, byte[] page, long allowedBytesPerPageByte) {
        return assertTimeoutPreemptively(BOUND, () -> {
            long before = AllocatedBytes.ofThisThread();
            SampleBatch batch = Pages.parse(parser, format, page);
            assertThat(AllocatedBytes.ofThisThread() - before)
                    .isLessThan(MutationTest.FIXED_BYTES + allowedBytesPerPageByte * page.length);
            return batch;
        });
    }

    private static byte[] repeated(String line, int times) {
        byte[] bytes = line.getBytes(ISO_8859_1);
        byte[] page = new byte[bytes.length * times];
        for (int i = 0; i < times; i++) {
            System.arraycopy(bytes, 0, page, i * bytes.length, bytes.length);
        }
        return page;
    }

    /** So many samples of value 1 in the given format; each has the labels that the function adds. */
    private static byte[] page(
            ExpositionFormat format, int samples, BiConsumer<Integer, BiConsumer<String, String>> labels) {
        if (format == ExpositionFormat.PROTOBUF) {
            ProtoMessage family = new ProtoMessage().text(1, "a").varint(3, 1);
            for (int i = 0; i < samples; i++) {
                ProtoMessage metric = new ProtoMessage();
                labels.accept(i, metric::label);
                family.message(4, metric.message(2, new ProtoMessage().fixed(1, 1)));
            }
            return family.delimited();
        }
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < samples; i++) {
            page.append("a{");
            labels.accept(
                    i,
                    (name, value) -> page.append(name)
                            .append("=\"")
                            .append(value.replace("\\", "\\\\"))
                            .append("\","));
            page.setLength(page.length() - 1);
            page.append("} 1\n");
        }
        return Pages.bytes(page + (format.isOpenMetrics() ? "# EOF\n" : ""));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ANY, names = DIFFERENT)
    void pageOf64MegabytesWithOneSeries(ExpositionFormat format) {
        String value = "c".repeat(100);
        byte[] page = page(format, 620_000, (i, label) -> label.accept("b", value));
        assertThat(page.length).isGreaterThan(64 << 20);
        for (int lap = 0; lap < 2; lap++) {
            assertThat(parse(format, page, 1).size()).isEqualTo(1);
            assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(619_999);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ANY, names = DIFFERENT)
    void oneMillionSeries(ExpositionFormat format) {
        byte[] page = page(format, 1_000_000, (i, label) -> label.accept("i", String.valueOf(i)));
        assertThat(parse(format, page, 50).size()).isEqualTo(1_000_000);
        assertThat(parse(format, page, 10).size()).isEqualTo(1_000_000);
        assertThat(parser.newSeriesCount()).isZero();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ANY, names = DIFFERENT)
    void labelValueOf10Megabytes(ExpositionFormat format) {
        String value = "c\\".repeat(5_000_000);
        byte[] page = page(format, 1, (i, label) -> label.accept("b", value));
        for (int lap = 0; lap < 2; lap++) {
            assertThat(parse(format, page, 15).series(0).labels().get("b")).hasSize(10_000_000);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ANY, names = DIFFERENT)
    void hundredThousandLabelsInAnyOrder(ExpositionFormat format) {
        byte[] page = page(format, 1, (none, label) -> {
            for (int i = 0; i < 100_000; i++) {
                label.accept("l" + (i * 7919L) % 100_003, "v");
            }
        });
        for (int lap = 0; lap < 2; lap++) {
            assertThat(parse(format, page, 50).series(0).labels().size()).isEqualTo(100_001);
        }
    }

    /** A bucket takes few bytes of a line, and is a series. */
    @ParameterizedTest
    @CsvSource({"bucket, histogram", "quantile, summary"})
    void hundredThousandPartsOfACompositeValue(String field, String type) {
        StringBuilder line = new StringBuilder("# TYPE h " + type + "\nh {count:1,sum:1," + field + ":[");
        for (int i = 0; i < 100_000; i++) {
            line.append(i).append(":1,");
        }
        byte[] page = Pages.bytes(line + "+Inf:1]}\n# EOF\n");
        for (int lap = 0; lap < 2; lap++) {
            assertThat(parse(ExpositionFormat.OPENMETRICS_2_0_0, page, MutationTest.MAX_BYTES_PER_PAGE_BYTE)
                            .size())
                    .isEqualTo(100_003);
        }
    }

    @Test
    void hundredThousandSeriesInAnotherOrderEachTime() {
        String[] lines = new String[100_000];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = "s" + i + " 1";
        }
        Random random = new Random(1);
        for (int lap = 0; lap < 4; lap++) {
            for (int i = lines.length - 1; i > 0; i--) {
                int other = random.nextInt(i + 1);
                String line = lines[i];
                lines[i] = lines[other];
                lines[other] = line;
            }
            assertThat(parse(Pages.bytes(String.join("\n", lines) + "\n")).size())
                    .isEqualTo(lines.length);
            assertThat(parser.newSeriesCount()).isEqualTo(lap == 0 ? lines.length : 0);
        }
    }

    /** Each of them makes other series of the same line. */
    @Test
    void helpTextsOfEqualHashCodes() {
        int bits = 16;
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < 1 << bits; i++) {
            page.append("# HELP m ");
            for (int bit = 0; bit < bits; bit++) {
                page.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            page.append("\nm{i=\"").append(i % 3).append("\"} 1\n");
        }
        assertThat(parse(Pages.bytes(page.toString())).size()).isEqualTo(3);
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo((1 << bits) - 3);
    }

    @Test
    void malformedExemplarOnEveryLine() {
        assertThat(parse(repeated("a 1 # {x=\"y\n", 500_000)).size()).isEqualTo(1);
        assertThat(parser.toleratedCount(Tolerated.EXEMPLAR_DROPPED)).isEqualTo(500_000);
    }

    @Test
    void badLineOnEveryLineOfASkippingParser() {
        ExpositionParser skipping = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().skipBadLines(true).build());
        byte[] page = repeated("a{\n", 1_000_000);
        assertTimeoutPreemptively(BOUND, () -> Pages.parse(skipping, ExpositionFormat.TEXT_0_0_4, page));
        assertThat(skipping.badLineCount()).isEqualTo(1_000_000);
    }

    @Test
    void samplesOfOneSeriesAtManyTimes() {
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            page.append("a 1 ").append(i).append('\n');
        }
        assertThat(parse(Pages.bytes(page.toString())).size()).isEqualTo(100_000);
    }

    @Test
    void timestampWithHugeExponent() {
        byte[] page =
                Pages.bytes("a 1 1e999999999\nb 1 1e-999999999\nc 1 -1e99999999999999999999\nd 1 0e99999999\n# EOF\n");
        SampleBatch batch =
                assertTimeoutPreemptively(BOUND, () -> Pages.parse(parser, ExpositionFormat.OPENMETRICS_1_0_0, page));
        assertThat(batch.timestamp(0)).isEqualTo(Long.MAX_VALUE);
        assertThat(batch.timestamp(1)).isZero();
        assertThat(batch.timestamp(2)).isEqualTo(-Long.MAX_VALUE);
        assertThat(batch.timestamp(3)).isZero();
        ExpositionParser strict = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().strict(true).build());
        assertThat(Pages.parse(strict, ExpositionFormat.OPENMETRICS_1_0_0, page).size())
                .isEqualTo(4);
    }

    /** A limit, and the page that is too much for it: of that format, with 11 samples of 11 series. */
    @ParameterizedTest
    @EnumSource
    void pagesBeyondALimitFailWithItsName(ExpositionFormat format) {
        byte[] ten = page(format, 10, (i, label) -> label.accept("i", String.valueOf(i)));
        byte[] eleven = page(format, 11, (i, label) -> label.accept("i", String.valueOf(i)));
        // The end mark is a line, too, and so is the header of a family.
        int lines = format.isOpenMetrics() || format == ExpositionFormat.PROTOBUF ? 11 : 10;
        Map<String, ExpositionParser> limited = Map.of(
                "lineLimit", parser(ParseOptions.builder().lineLimit(lines)),
                "sampleLimit", parser(ParseOptions.builder().sampleLimit(10)),
                "maxEntries",
                        new ExpositionParser(
                                new SeriesDictionary(SeriesResolver.AS_EXPOSED, lines), ParseOptions.DEFAULTS));
        limited.forEach((limit, parser) -> {
            assertThatThrownBy(() -> Pages.parse(parser, format, eleven))
                    .as(limit)
                    .isInstanceOfSatisfying(
                            ExpositionException.class,
                            e -> assertThat(e.isLimit()).isTrue())
                    .hasMessageContaining(limit)
                    .hasMessageMatching(".* 1[01] .*");
            parser.forget();
            assertThat(Pages.parse(parser, format, ten).size()).as(limit).isEqualTo(10);
        });
    }

    private static ExpositionParser parser(ParseOptions.Builder options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options.build());
    }

    @Test
    void dictionaryForgetsWhatNoTargetHasAnyMore() {
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED, 20_000);
        ExpositionParser one = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        ExpositionParser other = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
        Pages.parse(other, "stays 1\n");
        for (int lap = 0; lap < 50; lap++) {
            StringBuilder page = new StringBuilder("# HELP changes " + lap + "\n");
            for (int i = 0; i < 3_000; i++) {
                page.append("s{lap=\"").append(lap).append("\",i=\"").append(i).append("\"} 1\n");
            }
            assertThat(Pages.parse(one, page.toString()).size()).isEqualTo(3_000);
            assertThat(dictionary.size()).isLessThan(12_000);
        }
        one.forget();
        assertThat(dictionary.size()).isLessThan(3_000);
        assertThat(Pages.parse(other, "stays 2\n").size()).isEqualTo(1);
        assertThat(other.newSeriesCount()).isZero();
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.promferry.SampleBatch;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Pages far beyond what exporters send end in bounded time: quadratic work would take hours. */
class LimitsTest {
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final ExpositionParser parser = new ExpositionParser();

    private SampleBatch parse(byte[] page) {
        return parse(page, MutationTest.MAX_BYTES_PER_PAGE_BYTE);
    }

    private SampleBatch parse(byte[] page, long allowedBytesPerPageByte) {
        return assertTimeoutPreemptively(BOUND, () -> {
            long before = AllocatedBytes.ofThisThread();
            SampleBatch batch = Pages.parse(parser, ExpositionFormat.TEXT_0_0_4, page);
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

    @Test
    void pageOf64MegabytesWithOneSeries() {
        byte[] page = repeated("a{b=\"" + "c".repeat(100) + "\"} 1\n", 600_000);
        assertThat(page.length).isGreaterThan(64_000_000);
        assertThat(parse(page, 1).size()).isEqualTo(1);
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(599_999);
        assertThat(parse(page, 1).size()).isEqualTo(1);
    }

    @Test
    void oneMillionSeries() {
        StringBuilder lines = new StringBuilder(1 << 24);
        for (int i = 0; i < 1_000_000; i++) {
            lines.append("s{i=\"").append(i).append("\"} 1\n");
        }
        byte[] page = Pages.bytes(lines.toString());
        assertThat(parse(page, 50).size()).isEqualTo(1_000_000);
        assertThat(parse(page, 10).size()).isEqualTo(1_000_000);
        assertThat(parser.newSeriesCount()).isZero();
    }

    /** Of protobuf: the same sizes. */
    @Test
    void protobufOfManySeriesLongLabelsAndManyLabels() {
        ProtoMessage family = new ProtoMessage().text(1, "a");
        for (int i = 0; i < 200_000; i++) {
            family.message(
                    4, new ProtoMessage().label("i", String.valueOf(i)).message(3, new ProtoMessage().fixed(1, i)));
        }
        ProtoMessage labels = new ProtoMessage().label("long", "c".repeat(10_000_000));
        for (int i = 0; i < 100_000; i++) {
            labels.label("l" + (i * 7919L) % 100_003, "v");
        }
        family.message(4, labels);
        byte[] page = family.delimited();
        for (int lap = 0; lap < 2; lap++) {
            SampleBatch batch =
                    assertTimeoutPreemptively(BOUND, () -> Pages.parse(parser, ExpositionFormat.PROTOBUF, page));
            assertThat(batch.size()).isEqualTo(200_001);
            assertThat(batch.series(200_000).labels().size()).isEqualTo(100_002);
        }
    }

    @Test
    void labelValueOf10Megabytes() {
        byte[] page = Pages.bytes("a{b=\"" + "c\\\\".repeat(3_500_000) + "\"} 1\n");
        for (int lap = 0; lap < 2; lap++) {
            assertThat(parse(page).series(0).labels().get("b")).hasSize(7_000_000);
        }
    }

    @Test
    void hundredThousandLabelsInAnyOrder() {
        StringBuilder line = new StringBuilder("a{");
        for (int i = 0; i < 100_000; i++) {
            line.append("l").append((i * 7919L) % 100_003).append("=\"v\",");
        }
        assertThat(parse(Pages.bytes(line + "} 1\n")).series(0).labels().size()).isEqualTo(100_001);
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

    @Test
    void linesBeyondTheLimitFailWithItsName() {
        ExpositionParser limited = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().lineLimit(10).build());
        byte[] many = repeated("a 1\n", 11);
        assertThatThrownBy(() -> Pages.parse(limited, ExpositionFormat.TEXT_0_0_4, many))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("lineLimit");
        Pages.parse(limited, ExpositionFormat.TEXT_0_0_4, Arrays.copyOf(many, 40));
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

package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GzipReaderTest {
    private static final int LIMIT = 1 << 20;

    private final GzipReader reader = new GzipReader();

    @AfterEach
    void close() {
        reader.close();
    }

    @Property(tries = 100)
    void unpacksWhatWasPackedOneAfterTheOther(
            @ForAll @Size(max = 3000) byte[] first, @ForAll @IntRange(max = 100_000) int secondLength)
            throws Exception {
        GzipReader tested = new GzipReader();
        byte[] second = new byte[secondLength];
        assertThat(unpack(tested, packed(first), LIMIT)).isEqualTo(first);
        assertThat(unpack(tested, packed(second), LIMIT)).isEqualTo(second);
        tested.close();
    }

    @Test
    void severalMembersAreOnePage() throws Exception {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(packed("a 1\n".getBytes(UTF_8)));
        both.writeBytes(packed("b 2\n".getBytes(UTF_8)));
        assertThat(unpack(reader, both.toByteArray(), LIMIT)).isEqualTo("a 1\nb 2\n".getBytes(UTF_8));
    }

    @Test
    void headerFieldsAreSkipped() throws Exception {
        byte[] plain = packed("a 1\n".getBytes(UTF_8));
        ByteArrayOutputStream full = new ByteArrayOutputStream();
        full.write(plain, 0, 3);
        full.write(2 + 4 + 8 + 16);
        full.write(plain, 4, 6);
        full.writeBytes(new byte[] {3, 0, 1, 2, 3});
        full.writeBytes("name\0comment\0".getBytes(UTF_8));
        full.writeBytes(new byte[] {9, 9});
        full.write(plain, 10, plain.length - 10);
        assertThat(unpack(reader, full.toByteArray(), LIMIT)).isEqualTo("a 1\n".getBytes(UTF_8));
    }

    @Test
    void aBombIsRefusedWithoutUnpackingIt() throws Exception {
        byte[] bomb = packed(new byte[64 << 20]);
        PageBuffer page = new PageBuffer();
        assertThatExceptionOfType(FetchException.class)
                .isThrownBy(() -> reader.unpack(buffer(bomb), page, LIMIT))
                .satisfies(e -> assertThat(e.failure().kind()).isEqualTo(ScrapeFailure.Kind.BODY_SIZE))
                .withMessageContaining("reaches 1048576 bytes (ScrapeLimits.bodyBytes of the job)");
        assertThat(page.bytes().length).isLessThanOrEqualTo(2 * LIMIT);
    }

    @Test
    void aPageOfExactlyTheLimitIsRefusedAndOneByteLessIsNot() throws Exception {
        assertThat(unpack(reader, packed(new byte[LIMIT - 1]), LIMIT)).hasSize(LIMIT - 1);
        assertThatExceptionOfType(FetchException.class)
                .isThrownBy(() -> unpack(reader, packed(new byte[LIMIT]), LIMIT));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 9, 10, 15, 40, 45})
    void aTruncatedPageIsRefused(int length) throws Exception {
        byte[] whole = packed("some_metric{label=\"value\"} 1\nother_metric 2\n".getBytes(UTF_8));
        assertThat(whole.length).isGreaterThan(46);
        assertBroken(Arrays.copyOf(whole, length));
    }

    @Test
    void everyFlippedBitIsNoticedOrHarmless() throws Exception {
        byte[] page = "some_metric{label=\"value\"} 1\nother_metric 2\n".getBytes(UTF_8);
        byte[] whole = packed(page);
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(unpack(reader, flipped, LIMIT)).as("bit %d", bit).isEqualTo(page);
            } catch (FetchException e) {
                assertThat(e.failure().kind()).isIn(ScrapeFailure.Kind.CONTENT, ScrapeFailure.Kind.BODY_SIZE);
            }
        }
    }

    private void assertBroken(byte[] packed) {
        assertThatExceptionOfType(FetchException.class)
                .isThrownBy(() -> unpack(reader, packed, LIMIT))
                .satisfies(e -> assertThat(e.failure().kind()).isEqualTo(ScrapeFailure.Kind.CONTENT));
    }

    private static byte[] unpack(GzipReader reader, byte[] packed, int limit) throws FetchException {
        PageBuffer page = new PageBuffer();
        reader.unpack(buffer(packed), page, limit);
        return Arrays.copyOf(page.bytes(), page.length());
    }

    private static PageBuffer buffer(byte[] bytes) {
        PageBuffer buffer = new PageBuffer();
        buffer.append(ByteBuffer.wrap(bytes));
        return buffer;
    }

    static byte[] packed(byte[] plain) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(plain);
        }
        return packed.toByteArray();
    }
}

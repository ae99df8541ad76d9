package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xerial.snappy.Snappy;

class PureSnappyTest {
    private static byte[] compress(byte[] in) {
        byte[] out = new byte[PureSnappy.maxCompressedLength(in.length) + 3];
        int end = PureSnappy.compress(in, 0, in.length, out, 3);
        return Arrays.copyOfRange(out, 3, end);
    }

    @Property(tries = 500)
    void nativeLibraryReadsWhatJavaCompressed(@ForAll("texts") byte[] in) throws IOException {
        byte[] compressed = compress(in);
        assertThat(Snappy.uncompress(compressed)).isEqualTo(in);
        assertThat(PureSnappy.uncompress(compressed)).isEqualTo(in);
    }

    @Property(tries = 500)
    void javaReadsWhatTheNativeLibraryCompressed(@ForAll("texts") byte[] in) throws IOException {
        byte[] compressed = Snappy.compress(in);
        assertThat(PureSnappy.uncompress(compressed)).isEqualTo(in);
    }

    /** Repeating and random stretches, from nothing to several fragments of 64 KiB. */
    @Provide
    Arbitrary<byte[]> texts() {
        Arbitrary<Integer> sizes = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 70),
                Arbitraries.integers().between(65_500, 65_600),
                Arbitraries.integers().between(0, 200_000));
        return sizes.flatMap(size -> Arbitraries.longs().map(seed -> {
            Random random = new Random(seed);
            byte[] bytes = new byte[size];
            int at = 0;
            while (at < size) {
                int length = Math.min(size - at, 1 + random.nextInt(300));
                if (random.nextBoolean() && at > 0) {
                    int from = random.nextInt(at);
                    for (int i = 0; i < length; i++) {
                        bytes[at + i] = bytes[from + i];
                    }
                } else {
                    for (int i = 0; i < length; i++) {
                        bytes[at + i] = (byte) random.nextInt();
                    }
                }
                at += length;
            }
            return bytes;
        }));
    }

    @Test
    void emptyInputIsOneByte() {
        assertThat(compress(new byte[0])).containsExactly(0);
    }

    @Test
    void repetitionIsFound() {
        byte[] in = "http_requests_total{code=\"200\"} ".repeat(1000).getBytes(UTF_8);
        assertThat(compress(in).length).isLessThan(in.length / 15);
    }

    @Test
    void incompressibleInputStaysWithinTheBound() {
        byte[] in = new byte[300_000];
        new Random(1).nextBytes(in);
        assertThat(compress(in).length).isLessThanOrEqualTo(PureSnappy.maxCompressedLength(in.length));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 20, 50})
    void truncatedInputIsRefused(int length) {
        byte[] whole = compress("abcdefgh".repeat(20).getBytes(UTF_8));
        byte[] kept = Arrays.copyOf(whole, Math.min(length, whole.length - 1));
        assertThatIllegalStateException().isThrownBy(() -> PureSnappy.uncompress(kept));
    }

    @Property(tries = 500)
    void damagedInputNeverDoesWorseThanFail(@ForAll byte[] noise) {
        // A length of gigabytes is believed, as every reader must, so keep the first byte small.
        byte[] in = noise.clone();
        if (in.length > 0) {
            in[0] &= 0x7F;
        }
        Throwable thrown = catchThrowable(() -> PureSnappy.uncompress(in));
        assertThat(thrown == null || thrown instanceof IllegalStateException).isTrue();
    }
}

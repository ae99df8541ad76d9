package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Each word-at-a-time trick against the loop that it replaces. */
class ByteScanTest {
    /** Those looked for, their neighbors by one bit, and ends of the range, so that borrows run over true and false hits. */
    private static final byte[] BYTES = {0, 1, '"', '#', '\n', 11, '}', '|', '\\', ']', 127, -128, -61, -92, -1};

    private static byte[] randomBytes(Random random) {
        byte[] bytes = new byte[random.nextInt(40)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = BYTES[random.nextInt(BYTES.length)];
        }
        return bytes;
    }

    @Property
    void words(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] eight = Arrays.copyOf(randomBytes(random), 8);
        char wanted = (char) (eight[random.nextInt(8)] & 0xFF);
        long word = ByteScan.wordAt(eight, 0);
        long flags = 0;
        boolean ascii = true;
        for (int i = 0; i < 8; i++) {
            flags |= eight[i] == (byte) wanted ? 0x80L << (8 * i) : 0;
            ascii &= eight[i] >= 0;
        }
        assertThat(ByteScan.exactFlags(word, ByteScan.eightOf(wanted))).isEqualTo(flags);
        assertThat(ByteScan.isAscii(word)).isEqualTo(ascii);
    }

    @Property
    void ranges(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] bytes = randomBytes(random);
        int from = random.nextInt(bytes.length + 1);
        int to = from + random.nextInt(bytes.length - from + 1);

        assertThat(ByteScan.indexOfNewline(bytes, from, to)).isEqualTo(first(bytes, from, to, "\n"));
        long quotes = ByteScan.eightOf('"');
        long braces = ByteScan.eightOf('}');
        long backslashes = ByteScan.eightOf('\\');
        assertThat(ByteScan.indexOfAny(bytes, from, to, quotes, braces, backslashes))
                .isEqualTo(first(bytes, from, to, "\"}\\"));
        assertThat(ByteScan.invalidUtf8(bytes, from, to) < 0).isEqualTo(isUtf8(bytes, from, to));
        byte[] moved = Arrays.copyOfRange(bytes, from, to);
        assertThat(ByteScan.hash(bytes, from, to)).isEqualTo(ByteScan.hash(moved, 0, moved.length));
    }

    private static int first(byte[] bytes, int from, int to, String any) {
        int at = from;
        while (at < to && any.indexOf(bytes[at]) < 0) {
            at++;
        }
        return at;
    }

    private static boolean isUtf8(byte[] bytes, int from, int to) {
        try {
            UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, from, to - from));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against {@link BigDecimal}. */
class TimestampParserTest {
    private final TimestampParser parser = new TimestampParser();

    @Test
    void secondsInAnySpellingAreCutToMilliseconds() {
        Random random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            StringBuilder spelling = new StringBuilder(random.nextInt(4) == 0 ? "-" : "");
            digits(random.nextInt(16), random, spelling.append(random.nextInt(10)));
            if (random.nextInt(3) > 0) {
                digits(random.nextInt(8), random, spelling.append('.'));
            }
            if (random.nextInt(4) == 0) {
                spelling.append('e').append(random.nextInt(7) - 4);
            }
            check(spelling.toString());
        }
    }

    private static void digits(int count, Random random, StringBuilder into) {
        for (int digit = 0; digit < count; digit++) {
            into.append(random.nextInt(10));
        }
    }

    private void check(String spelling) {
        byte[] text = ("7" + spelling + " ").getBytes(ISO_8859_1);
        // Java's own reader wants a digit behind the point.
        BigDecimal seconds = new BigDecimal(spelling.replaceFirst("[.](e|$)", "$1"));
        BigDecimal millis = seconds.movePointRight(3);
        boolean fits = millis.abs().compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) < 0;

        assertThat(parser.parseSeconds(text, 1, text.length - 1)).as(spelling).isEqualTo(text.length - 1);
        assertThat(parser.millis())
                .as(spelling)
                .isEqualTo(fits ? millis.longValue() : millis.signum() * Long.MAX_VALUE);
    }
}

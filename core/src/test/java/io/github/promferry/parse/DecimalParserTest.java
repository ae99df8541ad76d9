package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleValues;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against {@link Double#parseDouble}, which is correctly rounded. */
class DecimalParserTest {
    private static final int MANY = 250_000;
    private final DecimalParser parser = new DecimalParser();

    private void check(String spelling) {
        byte[] text = ("7" + spelling + "9").getBytes(ISO_8859_1);
        double expected = Double.parseDouble(spelling);
        int end = parser.parse(text, 1, text.length - 1);
        if (Double.isInfinite(expected)) {
            assertThat(end).as(spelling).isEqualTo(DecimalParser.OUT_OF_RANGE);
        } else if (end != text.length - 1 || parser.bits() != Double.doubleToRawLongBits(expected)) {
            assertThat(Double.longBitsToDouble(parser.bits())).as(spelling).isEqualTo(expected);
            assertThat(end).as(spelling).isEqualTo(text.length - 1);
        }
    }

    @Test
    void randomBitPatternsInAllLengths() {
        Random random = new Random(1);
        for (int i = 0; i < MANY; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(value)) {
                check(Double.toString(value));
                check(new BigDecimal(value)
                        .round(new MathContext(1 + random.nextInt(25)))
                        .toString());
            }
        }
    }

    @Test
    void whatExportersPrint() {
        Random random = new Random(2);
        for (int i = 0; i < MANY; i++) {
            check(random.nextInt(1_000_000) + ".0");
            check(Double.toString(random.nextDouble() * Math.pow(10, random.nextInt(12))));
            check(random.nextLong() + "." + Long.toUnsignedString(random.nextLong()));
            check("0.000" + Long.toUnsignedString(random.nextLong()) + "e" + (random.nextInt(660) - 340));
        }
    }

    /** The middle between two neighbors, and just beside it: the cases that need all digits. */
    @Test
    void halfwayCases() {
        Random random = new Random(3);
        for (int i = 0; i < 4_000; i++) {
            double value = Math.abs(Double.longBitsToDouble(random.nextLong()));
            if (!Double.isFinite(value) || value == Double.MAX_VALUE) {
                continue;
            }
            BigDecimal middle = new BigDecimal(value)
                    .add(new BigDecimal(Math.nextUp(value)))
                    .divide(BigDecimal.valueOf(2));
            check(middle.toString());
            BigDecimal crumb = BigDecimal.ONE.movePointLeft(middle.scale() + 3);
            check(middle.add(crumb).toString());
            check(middle.subtract(crumb).toString());
        }
    }

    @Test
    void endsOfTheRange() {
        for (int exponent = -400; exponent <= 400; exponent++) {
            for (String mantissa :
                    new String[] {"1", "9", "4.9", "2.2250738585072011", "1.7976931348623157", "99999999999999999999"
                    }) {
                check(mantissa + "e" + exponent);
                check("-" + mantissa + "E" + exponent);
            }
        }
        check("1e-2147483649");
        check("0e999999999999");
        check("1e99999999999999");
        check("0".repeat(500) + "1." + "0".repeat(500));
        check("1" + "0".repeat(400) + "e-400");
        check("0." + "0".repeat(400) + "1e400");
    }

    @Test
    void powersOfTenAreTruncatedTo128Bits() {
        for (int exponent = 0; exponent <= 55; exponent++) {
            // Exact below 128 bits.
            BigInteger fraction = new BigInteger(Long.toUnsignedString(PowersOfTen.high(exponent)))
                    .shiftLeft(64)
                    .add(new BigInteger(Long.toUnsignedString(PowersOfTen.low(exponent))));
            BigInteger power = BigInteger.TEN.pow(exponent);
            assertThat(fraction.bitLength()).isEqualTo(128);
            assertThat(power.shiftLeft(128).shiftRight(power.bitLength())).isEqualTo(fraction);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "+", "-", ".", "-.", "e5", "1e", "1e+", ".e1", "x", "--1", "in", "infi", "na", "+-1", "nanx"
            })
    void whatIsNoNumber(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(DecimalParser.NOT_A_NUMBER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1f", "1d", "1_0", "0x1p3", "1e5.5", "1,5", "0b1"})
    void stopsWhereTheNumberEnds(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        assertThat(parser.parse(bytes, 0, bytes.length)).isPositive().isLessThan(bytes.length);
    }

    @Test
    void onlyTenBytesAreDigits() {
        for (int b = 0; b < 256; b++) {
            byte[] text = {'1', (byte) b, '2', 'e', '1', (byte) b};
            boolean digit = b >= '0' && b <= '9';
            boolean joins = digit || b == '.' || b == 'e' || b == 'E';
            if (!joins) {
                assertThat(parser.parse(text, 0, 6)).as("byte %d", b).isEqualTo(1);
            }
            assertThat(parser.parse(text, 2, 6)).as("byte %d", b).isEqualTo(digit ? 6 : 5);
        }
    }

    @Test
    void wordsInAnyCase() {
        for (String word : new String[] {"nan", "NaN", "NAN"}) {
            assertThat(parser.parse(word.getBytes(ISO_8859_1), 0, 3)).isEqualTo(3);
            assertThat(parser.bits()).isEqualTo(SampleValues.NORMAL_NAN_BITS);
            assertThat(parser.wasSignedNan()).isFalse();
        }
        assertThat(parser.parse("-nan".getBytes(ISO_8859_1), 0, 4)).isEqualTo(4);
        assertThat(parser.wasSignedNan()).isTrue();
        assertThat(parser.parse("-iNfInItY".getBytes(ISO_8859_1), 0, 9)).isEqualTo(9);
        assertThat(Double.longBitsToDouble(parser.bits())).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    @Test
    void bytesBehindTheEndHaveNoInfluence() {
        byte[] text = "12345".getBytes(ISO_8859_1);
        assertThat(parser.parse(text, 0, 2)).isEqualTo(2);
        assertThat(Double.longBitsToDouble(parser.bits())).isEqualTo(12);
        assertThat(parser.parse("1e55".getBytes(ISO_8859_1), 0, 3)).isEqualTo(3);
        assertThat(Double.longBitsToDouble(parser.bits())).isEqualTo(1e5);
    }
}

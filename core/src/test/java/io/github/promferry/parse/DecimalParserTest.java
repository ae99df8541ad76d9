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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against {@link Double#parseDouble}, which is correctly rounded, and where two doubles are about equally near, against
 * {@link BigDecimal}. 2.4 million numbers with each build, and with {@code -Ddecimals.times=100} so many times as many.
 */
class DecimalParserTest {
    private static final int MANY = 250_000 * Integer.getInteger("decimals.times", 1);
    private final DecimalParser parser = new DecimalParser();

    private void check(String spelling) {
        check(spelling, Double.parseDouble(spelling));
    }

    private void check(String spelling, double expected) {
        byte[] text = ("7" + spelling + "9").getBytes(ISO_8859_1);
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

    /** With 17 to 25 digits as printf gives them, and with as many as a double has at most. */
    @Test
    void moreDigitsThanALongHolds() {
        Random random = new Random(4);
        for (int i = 0; i < MANY; i++) {
            StringBuilder digits = new StringBuilder();
            int length = i % 100 == 0 ? 800 : 17 + random.nextInt(9);
            for (int digit = 0; digit < length; digit++) {
                digits.append((char) ('0' + random.nextInt(10)));
            }
            check(digits + "e" + (random.nextInt(700) - 350 - length));
            digits.insert(random.nextInt(length + 1), '.');
            check(digits.toString());
        }
    }

    @Test
    void subnormals() {
        Random random = new Random(5);
        for (int i = 0; i < MANY / 2; i++) {
            double value = Double.longBitsToDouble(random.nextLong() >>> 12 >>> random.nextInt(52));
            check(Double.toString(value), value);
            check(new BigDecimal(value).round(new MathContext(17)).toString(), value);
        }
    }

    /**
     * The middle between two neighbors, and just beside it: the cases that need all digits. Of equally near doubles the
     * one with the even last bit is meant.
     */
    @Test
    void halfwayCases() {
        Random random = new Random(3);
        for (int i = 0; i < MANY / 5; i++) {
            // Every fourth is subnormal or nearly so; the least have more than 700 digits.
            long bits = random.nextLong() >>> (i % 4 == 0 ? 10 : 1);
            double value = Double.longBitsToDouble(bits);
            double next = Math.nextUp(value);
            if (!Double.isFinite(next)) {
                continue;
            }
            BigDecimal middle = new BigDecimal(value).add(new BigDecimal(next)).divide(BigDecimal.valueOf(2));
            BigDecimal crumb = BigDecimal.ONE.movePointLeft(middle.scale() + 3);
            check(middle.toString(), (bits & 1) == 0 ? value : next);
            check(middle.add(crumb).toString(), next);
            check(middle.subtract(crumb).toString(), value);
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
            strings = {
                "", "+", "-", ".", "-.", "e5", "1e", "1e+", ".e1", "x", "--1", "in", "infi", "na", "+-1", "nanx", "_1",
                "p1", "true", "infinit", "1e_5"
            })
    void whatIsNoNumber(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(DecimalParser.NOT_A_NUMBER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1f", "1d", "1_0", "1._5", "1e5_0", "0x1p3", "0X10", "1p4", "1e5.5", "1,5", "0b1", "0o7"})
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

    @ParameterizedTest
    @ValueSource(strings = {"1.", ".5", "+.5", "-.5", "01", "1.e1", "1E5", "1e+05", "+1", "-0", "0.0e-0", "00.00"})
    void everySpellingOfADecimal(String text) {
        check(text);
    }

    @ParameterizedTest
    @CsvSource({
        "nan, NaN, false",
        "NaN, NaN, false",
        "NAN, NaN, false",
        "-nan, NaN, true",
        "+NaN, NaN, true",
        "Inf, Infinity, false",
        "inf, Infinity, false",
        "INF, Infinity, false",
        "+Inf, Infinity, false",
        "Infinity, Infinity, false",
        "+infinity, Infinity, false",
        "-inf, -Infinity, false",
        "-iNfInItY, -Infinity, false"
    })
    void wordsInAnyCase(String word, double expected, boolean signedNan) {
        assertThat(parser.parse(word.getBytes(ISO_8859_1), 0, word.length())).isEqualTo(word.length());
        assertThat(parser.bits())
                .isEqualTo(
                        Double.isNaN(expected) ? SampleValues.NORMAL_NAN_BITS : Double.doubleToRawLongBits(expected));
        assertThat(parser.wasSignedNan()).isEqualTo(signedNan);
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

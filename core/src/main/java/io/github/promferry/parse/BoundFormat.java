package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/** Writes bucket bounds and quantiles the way Prometheus 3 stores them: {@code 1.0}, {@code 1e+06}, {@code +Inf}. */
final class BoundFormat {
    /** Up to here {@code Double.toString} is shortest even before JDK 19, whatever the value. */
    private static final double TO_STRING_IS_SHORTEST = 1e16;

    /** From here to there {@code Double.toString} is what is wanted: all digits, no exponent. */
    private static final double TO_STRING_IS_PLAIN_FROM = 1e-3;

    private static final double PLAIN_BELOW = 1e6;

    private static final int MAX_DIGITS = 17;

    private BoundFormat() {}

    /** The bytes rewritten if they are a number, else a copy of them. */
    static byte[] normalized(byte[] text, int from, int to) {
        DecimalParser number = new DecimalParser();
        if (number.parse(text, from, to) != to || to == from) {
            return Arrays.copyOfRange(text, from, to);
        }
        return format(Double.longBitsToDouble(number.bits())).getBytes(US_ASCII);
    }

    static String format(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        if (value == 0) {
            return "0.0";
        }
        double magnitude = Math.abs(value);
        if (magnitude >= TO_STRING_IS_PLAIN_FROM && magnitude < PLAIN_BELOW) {
            return Double.toString(value);
        }
        BigDecimal shortest = shortest(magnitude).stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String text = exponent < -4 || exponent >= 6 ? scientific(digits, exponent) : plain(shortest);
        return value < 0 ? "-" + text : text;
    }

    private static BigDecimal shortest(double magnitude) {
        if (magnitude >= TO_STRING_IS_SHORTEST) {
            for (int digits = 1; digits < MAX_DIGITS; digits++) {
                BigDecimal candidate = new BigDecimal(magnitude, new MathContext(digits));
                if (candidate.doubleValue() == magnitude) {
                    return candidate;
                }
            }
            return new BigDecimal(magnitude, new MathContext(MAX_DIGITS));
        }
        BigDecimal shortest = new BigDecimal(Double.toString(magnitude));
        if (shortest.precision() != 2) {
            return shortest;
        }
        // Java always writes a digit behind the point, so 4.9E-324 for 5e-324.
        BigDecimal oneDigit = new BigDecimal(magnitude, new MathContext(1));
        return oneDigit.doubleValue() == magnitude ? oneDigit : shortest;
    }

    private static String scientific(String digits, int exponent) {
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        int size = Math.abs(exponent);
        return digits.charAt(0) + fraction + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }

    private static String plain(BigDecimal value) {
        String text = value.toPlainString();
        return text.indexOf('.') < 0 ? text + ".0" : text;
    }
}

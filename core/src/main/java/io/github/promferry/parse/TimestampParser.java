package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * Reads timestamps into milliseconds by exact decimal arithmetic; through a double, {@code 1.001} seconds would become
 * 1000 ms. An instance holds the result of the last call.
 */
final class TimestampParser {
    /** Returned instead of an index: no timestamp begins here. */
    static final int NOT_A_TIMESTAMP = -1;
    /** Returned instead of an index: more milliseconds than a long holds. */
    static final int OUT_OF_RANGE = -2;

    /** So many digits always fit into a long. */
    private static final int MAX_DIGITS = 18;

    private static final long[] POWERS = powers();

    private long millis;
    private boolean seconds;

    long millis() {
        return millis;
    }

    /** Whether {@link #parseMillis} met a spelling of seconds. */
    boolean wasSeconds() {
        return seconds;
    }

    /**
     * A timestamp of a text page: an integer is milliseconds. With a fraction or an exponent it is seconds, which
     * client_java writes into text.
     */
    int parseMillis(byte[] text, int from, int to) {
        int at = from;
        if (at < to && (text[at] == '-' || text[at] == '+')) {
            at++;
        }
        int first = at;
        long value = 0;
        boolean overflow = false;
        while (at < to && DecimalParser.isDigit(text[at])) {
            // Negative, because the smallest long has no positive twin.
            int digit = text[at++] - '0';
            overflow |= value < (Long.MIN_VALUE + digit) / 10;
            value = value * 10 - digit;
        }
        seconds = at < to && (text[at] == '.' || (text[at] | 0x20) == 'e');
        if (seconds) {
            return parseSeconds(text, from, to);
        }
        if (at == first) {
            return NOT_A_TIMESTAMP;
        }
        boolean negative = text[from] == '-';
        if (overflow || (!negative && value == Long.MIN_VALUE)) {
            return OUT_OF_RANGE;
        }
        // One more than the smallest long, which stands for "no timestamp".
        millis = negative ? Math.max(value, -Long.MAX_VALUE) : -value;
        return at;
    }

    /** A timestamp in seconds, cut off (toward zero) at milliseconds; saturates at the ends of {@code long}. */
    int parseSeconds(byte[] text, int from, int to) {
        int at = from;
        if (at < to && (text[at] == '-' || text[at] == '+')) {
            at++;
        }
        int first = at;
        long mantissa = 0;
        while (at < to && DecimalParser.isDigit(text[at])) {
            mantissa = mantissa * 10 + (text[at++] - '0');
        }
        int digits = at - first;
        int exponent = 0;
        if (at < to && text[at] == '.') {
            int fraction = ++at;
            while (at < to && DecimalParser.isDigit(text[at])) {
                mantissa = mantissa * 10 + (text[at++] - '0');
            }
            exponent = fraction - at;
            digits += at - fraction;
        }
        if (digits == 0) {
            return NOT_A_TIMESTAMP;
        }
        int mantissaEnd = at;
        if (at < to && (text[at] | 0x20) == 'e') {
            at = DecimalParser.exponentEnd(text, at, to);
            if (at < 0) {
                return NOT_A_TIMESTAMP;
            }
        }
        boolean negative = text[from] == '-';
        int shift = exponent + 3;
        if (at == mantissaEnd && digits + Math.max(0, shift) <= MAX_DIGITS) {
            long magnitude = shift >= 0 ? mantissa * POWERS[shift] : mantissa / POWERS[-shift];
            millis = negative ? -magnitude : magnitude;
        } else {
            millis = exact(text, first, at, negative);
        }
        return at;
    }

    private static long exact(byte[] text, int first, int end, boolean negative) {
        String spelling = new String(text, first, end - first, ISO_8859_1);
        int e = Math.max(spelling.indexOf('e'), spelling.indexOf('E'));
        BigDecimal mantissa = new BigDecimal(e < 0 ? spelling : spelling.substring(0, e));
        long exponent = e < 0 ? 0 : smallExponent(spelling.substring(e + 1));
        if (mantissa.signum() == 0) {
            return 0;
        }
        // Digits before the point once the exponent is applied and seconds are milliseconds.
        long integerDigits = (long) mantissa.precision() - mantissa.scale() + exponent + 3;
        if (integerDigits <= 0) {
            return 0;
        }
        if (integerDigits > MAX_DIGITS + 1) {
            return negative ? Long.MIN_VALUE + 1 : Long.MAX_VALUE;
        }
        BigDecimal exact = mantissa.scaleByPowerOfTen((int) exponent + 3).setScale(0, RoundingMode.DOWN);
        // One more than the smallest long, which stands for "no timestamp".
        BigDecimal capped = exact.min(BigDecimal.valueOf(Long.MAX_VALUE));
        return negative ? -capped.longValueExact() : capped.longValueExact();
    }

    /** An exponent cut to a size that cannot overflow what is computed with it, and decides just the same. */
    private static long smallExponent(String digits) {
        long value = 0;
        for (int i = Character.isDigit(digits.charAt(0)) ? 0 : 1; i < digits.length(); i++) {
            value = Math.min(value * 10 + digits.charAt(i) - '0', Integer.MAX_VALUE / 2);
        }
        return digits.charAt(0) == '-' ? -value : value;
    }

    private static long[] powers() {
        long[] powers = new long[MAX_DIGITS];
        powers[0] = 1;
        for (int i = 1; i < powers.length; i++) {
            powers[i] = 10 * powers[i - 1];
        }
        return powers;
    }
}

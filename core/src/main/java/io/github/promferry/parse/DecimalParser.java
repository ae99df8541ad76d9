package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.SampleValues;
import org.jspecify.annotations.Nullable;

/**
 * Reads numbers as expositions write them: the decimal spellings of C and Go, {@code Inf} and {@code NaN} in any case, and
 * none of Java's own extras ({@code 1f}, {@code 0x1p3}, surrounding blanks). The result is correctly rounded.
 *
 * <p>Three ways, each falling back to the next: an exact product of a short mantissa and a short power of ten (Clinger
 * 1990; 9 of 10 values on a vLLM page), a 128-bit product (Eisel-Lemire, "Number Parsing at a Gigabyte per Second",
 * Lemire 2021), and {@link Double#parseDouble} for what is left: subnormals and digits so many that they come close to
 * the middle between two doubles. Only the last one allocates.
 *
 * <p>An instance holds the result of the last call and belongs to one thread.
 */
final class DecimalParser {
    /** Returned instead of an index: no number begins here. */
    static final int NOT_A_NUMBER = -1;
    /** Returned instead of an index: finite in spelling, infinite as a double. */
    static final int OUT_OF_RANGE = -2;

    private static final long INFINITY_BITS = 0x7ff0_0000_0000_0000L;
    private static final long SIGN = Long.MIN_VALUE;

    /** Integers up to 2^53 and powers of ten up to 10^22 are exact doubles, so one operation on two rounds once. */
    private static final long MAX_EXACT_MANTISSA = 1L << 53;

    private static final int MAX_EXACT_POWER = 22;
    private static final double[] EXACT_POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    /** So many digits fit into an unsigned long. */
    private static final int MAX_LONG_DIGITS = 19;

    /** Beyond, every mantissa that fits into memory gives 0 or infinity; keeps the sum below from overflowing. */
    private static final int EXPONENT_CAP = 1 << 29;

    private long bits;
    private boolean signedNan;

    /** The value read last, as raw bits; a NaN is {@link SampleValues#NORMAL_NAN_BITS}. */
    long bits() {
        return bits;
    }

    /** Whether the value read last was a NaN with a sign, which glibc prints and Go rejects. */
    boolean wasSignedNan() {
        return signedNan;
    }

    /**
     * Reads the number at {@code from}.
     *
     * @return the index behind it, {@link #NOT_A_NUMBER} or {@link #OUT_OF_RANGE}. What may follow is the caller's
     *     business: {@code 1f} is the number 1 and the rest {@code f}.
     */
    int parse(byte[] text, int from, int to) {
        int at = from;
        if (at < to && (text[at] == '-' || text[at] == '+')) {
            at++;
        }
        int first = at;
        long mantissa = 0;
        while (at < to && isDigit(text[at])) {
            mantissa = mantissa * 10 + (text[at++] - '0');
        }
        int digits = at - first;
        int exponent = 0;
        if (at < to && text[at] == '.') {
            int fraction = ++at;
            while (at < to && isDigit(text[at])) {
                mantissa = mantissa * 10 + (text[at++] - '0');
            }
            exponent = fraction - at;
            digits -= exponent;
        }
        if (digits == 0) {
            return word(text, from, to);
        }
        int end = at;
        if (at < to && (text[at] | 0x20) == 'e') {
            end = exponentEnd(text, at, to);
            if (end < 0) {
                return NOT_A_NUMBER;
            }
            exponent += exponent(text, at, end);
        }
        if (digits <= MAX_LONG_DIGITS && mantissa >= 0 && mantissa <= MAX_EXACT_MANTISSA) {
            if (exponent == 0) {
                return exact(text[from] == '-', (double) mantissa, end);
            }
            if (exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
                double value = exponent < 0 ? mantissa / EXACT_POWERS[-exponent] : mantissa * EXACT_POWERS[exponent];
                return exact(text[from] == '-', value, end);
            }
        }
        return rounded(text, from, first, at, end, exponent, digits, mantissa);
    }

    /** A number by itself, such as the value of an {@code le} label; NaN if it is missing or no number. */
    static double number(@Nullable String text) {
        byte[] bytes = text == null ? new byte[0] : text.getBytes(UTF_8);
        DecimalParser parser = new DecimalParser();
        return bytes.length > 0 && parser.parse(bytes, 0, bytes.length) == bytes.length
                ? Double.longBitsToDouble(parser.bits())
                : Double.NaN;
    }

    private int exact(boolean negative, double magnitude, int end) {
        bits = Double.doubleToRawLongBits(magnitude) | (negative ? SIGN : 0);
        return end;
    }

    static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    /** The index behind the exponent whose {@code e} is at {@code at}, negative if it has no digits. */
    static int exponentEnd(byte[] text, int at, int to) {
        int digits = at + 1;
        if (digits < to && (text[digits] == '-' || text[digits] == '+')) {
            digits++;
        }
        int end = digits;
        while (end < to && isDigit(text[end])) {
            end++;
        }
        return end == digits ? -1 : end;
    }

    private static int exponent(byte[] text, int at, int end) {
        boolean negative = text[at + 1] == '-';
        int value = 0;
        for (int i = at + (isDigit(text[at + 1]) ? 1 : 2); i < end; i++) {
            value = Math.min(value * 10 + (text[i] - '0'), EXPONENT_CAP / 10);
        }
        return negative ? -value : value;
    }

    private int rounded(
            byte[] text, int from, int first, int mantissaEnd, int end, int exponent, int digits, long mantissa) {
        boolean negative = text[from] == '-';
        long magnitude = digits <= MAX_LONG_DIGITS
                ? eiselLemire(mantissa, exponent)
                : longMantissa(text, first, mantissaEnd, exponent);
        if (magnitude < 0) {
            String spelling = new String(text, first, end - first, ISO_8859_1);
            magnitude = Double.doubleToRawLongBits(Double.parseDouble(spelling));
        }
        if (magnitude == INFINITY_BITS) {
            return OUT_OF_RANGE;
        }
        bits = magnitude | (negative ? SIGN : 0);
        return end;
    }

    /** More than 19 digits: decides from the first 19 that count if what follows cannot matter, else -1. */
    private static long longMantissa(byte[] text, int first, int end, int exponentOfLastDigit) {
        int at = first;
        while (at < end && (text[at] == '0' || text[at] == '.')) {
            at++;
        }
        long mantissa = 0;
        int significant = 0;
        for (; at < end && significant < MAX_LONG_DIGITS; at++) {
            if (text[at] != '.') {
                mantissa = mantissa * 10 + (text[at] - '0');
                significant++;
            }
        }
        int dropped = 0;
        boolean droppedAny = false;
        for (; at < end; at++) {
            if (text[at] != '.') {
                dropped++;
                droppedAny |= text[at] != '0';
            }
        }
        long low = eiselLemire(mantissa, exponentOfLastDigit + dropped);
        if (!droppedAny || low < 0) {
            return low;
        }
        long high = eiselLemire(mantissa + 1, exponentOfLastDigit + dropped);
        return low == high ? low : -1;
    }

    /**
     * The double nearest to {@code mantissa * 10^exponent} as bits, or -1 if 128 bits cannot decide or the result is
     * subnormal or infinite.
     *
     * @param mantissa unsigned
     */
    private static long eiselLemire(long mantissa, int exponent) {
        if (mantissa == 0) {
            return 0;
        }
        if (exponent < PowersOfTen.MIN || exponent > PowersOfTen.MAX) {
            return -1;
        }
        int leadingZeros = Long.numberOfLeadingZeros(mantissa);
        long normalized = mantissa << leadingZeros;
        // 217706 / 2^16 is log2(10), close enough for the whole range.
        long binaryExponent = ((217706L * exponent) >> 16) + 64 + 1023 - leadingZeros;

        long power = PowersOfTen.high(exponent);
        long high = unsignedMultiplyHigh(normalized, power);
        long low = normalized * power;
        if ((high & 0x1FF) == 0x1FF && Long.compareUnsigned(low + normalized, normalized) < 0) {
            // The 64-bit power is too coarse to tell; look at 64 bits more.
            long power2 = PowersOfTen.low(exponent);
            long high2 = unsignedMultiplyHigh(normalized, power2);
            long low2 = normalized * power2;
            long mergedLow = low + high2;
            long mergedHigh = Long.compareUnsigned(mergedLow, low) < 0 ? high + 1 : high;
            if ((mergedHigh & 0x1FF) == 0x1FF
                    && mergedLow == -1
                    && Long.compareUnsigned(low2 + normalized, normalized) < 0) {
                return -1;
            }
            high = mergedHigh;
            low = mergedLow;
        }
        int topBit = (int) (high >>> 63);
        long fraction = high >>> (topBit + 9);
        binaryExponent -= 1 ^ topBit;
        if (low == 0 && (high & 0x1FF) == 0 && (fraction & 3) == 1) {
            // Perhaps exactly between two doubles.
            return -1;
        }
        fraction = (fraction + (fraction & 1)) >>> 1;
        if (fraction >>> 53 != 0) {
            fraction >>>= 1;
            binaryExponent++;
        }
        if (binaryExponent < 1 || binaryExponent >= 0x7FF) {
            return -1;
        }
        return (binaryExponent << 52) | (fraction & ((1L << 52) - 1));
    }

    /** {@code Math.unsignedMultiplyHigh} came with Java 18. */
    private static long unsignedMultiplyHigh(long a, long b) {
        return Math.multiplyHigh(a, b) + ((a >> 63) & b) + ((b >> 63) & a);
    }

    private int word(byte[] text, int from, int to) {
        int at = from;
        boolean signed = at < to && (text[at] == '-' || text[at] == '+');
        if (signed) {
            at++;
        }
        int end = at;
        while (end < to && isLetter(text[end])) {
            end++;
        }
        if (isWord(text, at, end, "inf") || isWord(text, at, end, "infinity")) {
            bits = INFINITY_BITS | (text[from] == '-' ? SIGN : 0);
            return end;
        }
        if (isWord(text, at, end, "nan")) {
            bits = SampleValues.NORMAL_NAN_BITS;
            signedNan = signed;
            return end;
        }
        return NOT_A_NUMBER;
    }

    private static boolean isLetter(byte b) {
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'z';
    }

    private static boolean isWord(byte[] text, int from, int to, String lowerCase) {
        if (to - from != lowerCase.length()) {
            return false;
        }
        for (int i = 0; i < lowerCase.length(); i++) {
            if ((text[from + i] | 0x20) != lowerCase.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

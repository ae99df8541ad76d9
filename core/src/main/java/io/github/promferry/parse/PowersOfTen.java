package io.github.promferry.parse;

import java.math.BigInteger;

/**
 * Powers of ten as 128-bit fractions with the highest bit set, rounded down, for the Eisel-Lemire algorithm. Computed at
 * first use (about a millisecond) rather than written down: 696 pairs of numbers that nobody can check by eye.
 */
final class PowersOfTen {
    /** 10^-348 and 10^347 bound what can matter: 19 digits times anything outside is 0 or overflows. */
    static final int MIN = -348;

    static final int MAX = 347;

    private static final long[] HIGH = new long[MAX - MIN + 1];
    private static final long[] LOW = new long[MAX - MIN + 1];

    static {
        for (int exponent = MIN; exponent <= MAX; exponent++) {
            BigInteger fraction = fraction(exponent);
            HIGH[exponent - MIN] = fraction.shiftRight(64).longValue();
            LOW[exponent - MIN] = fraction.longValue();
        }
    }

    private PowersOfTen() {}

    static long high(int exponent) {
        return HIGH[exponent - MIN];
    }

    static long low(int exponent) {
        return LOW[exponent - MIN];
    }

    private static BigInteger fraction(int exponent) {
        BigInteger power = BigInteger.TEN.pow(Math.abs(exponent));
        if (exponent >= 0) {
            int excess = power.bitLength() - 128;
            return excess > 0 ? power.shiftRight(excess) : power.shiftLeft(-excess);
        }
        // 2^(127 + bits) / 10^n has 128 bits, as 10^n is no power of two.
        return BigInteger.ONE.shiftLeft(127 + power.bitLength()).divide(power);
    }
}

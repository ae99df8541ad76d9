package io.github.promferry;

/**
 * The two NaNs that mean different things, as raw bits. Values travel as {@code long} bits from the page to the wire,
 * because arithmetic, {@code float} casts and {@link Double#doubleToLongBits} turn one into the other.
 *
 * @since 0.1
 */
public final class SampleValues {
    /**
     * The stale marker: the series has ended. A signalling NaN, so it must never pass through arithmetic. Remote Write
     * 1.0 and 2.0, "Stale Markers".
     */
    public static final long STALE_NAN_BITS = 0x7ff0_0000_0000_0002L;

    /** What a NaN on a page becomes; Java's own {@code Double.NaN} is 0x7ff8000000000000. */
    public static final long NORMAL_NAN_BITS = 0x7ff8_0000_0000_0001L;

    private SampleValues() {}

    /**
     * Whether the bits are the stale marker.
     *
     * @param valueBits raw bits of a sample value
     * @return true for the one bit pattern only, not for other NaNs
     */
    public static boolean isStale(long valueBits) {
        return valueBits == STALE_NAN_BITS;
    }
}

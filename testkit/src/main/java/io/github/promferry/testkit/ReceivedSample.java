package io.github.promferry.testkit;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;

/**
 * A sample that the receiver stored.
 *
 * @param timestampMillis milliseconds since the Unix epoch
 * @param valueBits the value as raw bits, as they came over the wire
 * @param startTimestampMillis milliseconds since the Unix epoch, or {@link SampleBatch#NO_TIMESTAMP} if not sent
 * @param request index of the attempt that brought it
 */
public record ReceivedSample(long timestampMillis, long valueBits, long startTimestampMillis, int request) {
    /**
     * The value.
     *
     * @return a number; for NaNs look at {@link #valueBits()}
     */
    public double value() {
        return Double.longBitsToDouble(valueBits);
    }

    /**
     * Whether this is the stale marker.
     *
     * @return true for its one bit pattern only
     */
    public boolean isStale() {
        return SampleValues.isStale(valueBits);
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;

/**
 * The {@code Histogram} message, which 1.0 and 2.0 share but for the start timestamp. Native histograms are rare on LLM
 * engines, so this is written for reading.
 */
final class HistogramEncoder {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;

    private static final int COUNT_INT = 1;
    private static final int COUNT_FLOAT = 2;
    private static final int SUM = 3;
    private static final int SCHEMA = 4;
    private static final int ZERO_THRESHOLD = 5;
    private static final int ZERO_COUNT_INT = 6;
    private static final int ZERO_COUNT_FLOAT = 7;
    private static final int NEGATIVE_SPANS = 8;
    private static final int POSITIVE_SPANS = 11;
    private static final int RESET_HINT = 14;
    private static final int TIMESTAMP = 15;
    private static final int CUSTOM_VALUES = 16;
    private static final int START_TIMESTAMP = 17;

    private static final int RESET_HINT_GAUGE = 3;

    private HistogramEncoder() {}

    /**
     * Writes the message's content.
     *
     * @param startTimestamp 0 for none; 1.0 has no such field
     */
    static void put(NativeHistogram histogram, long timestamp, long startTimestamp, WireBuffer out) {
        // Of a oneof the default value must be written too: it tells integer counts from float ones.
        if (histogram.isFloat()) {
            putDouble(COUNT_FLOAT, histogram.countFloat(), out);
        } else {
            putVarint(COUNT_INT, histogram.count(), out);
        }
        putDouble(SUM, histogram.sum(), out);
        putVarint(SCHEMA, zigzag(histogram.schema()), out);
        putDouble(ZERO_THRESHOLD, histogram.zeroThreshold(), out);
        if (histogram.isFloat()) {
            putDouble(ZERO_COUNT_FLOAT, histogram.zeroCountFloat(), out);
        } else {
            putVarint(ZERO_COUNT_INT, histogram.zeroCount(), out);
        }
        putBuckets(NEGATIVE_SPANS, histogram.negative(), out);
        putBuckets(POSITIVE_SPANS, histogram.positive(), out);
        if (histogram.isGauge()) {
            putVarint(RESET_HINT, RESET_HINT_GAUGE, out);
        }
        putVarint(TIMESTAMP, timestamp, out);
        int bounds = histogram.customBoundCount();
        if (bounds > 0) {
            tag(CUSTOM_VALUES, BYTES, out);
            out.varint((long) bounds * Double.BYTES);
            for (int i = 0; i < bounds; i++) {
                out.fixed64(Double.doubleToRawLongBits(histogram.customBound(i)));
            }
        }
        if (startTimestamp != 0) {
            putVarint(START_TIMESTAMP, startTimestamp, out);
        }
    }

    /** Spans, and in the field after them deltas, or in the one after that counts. */
    private static void putBuckets(int spansField, Buckets buckets, WireBuffer out) {
        WireBuffer content = new WireBuffer();
        for (int span = 0; span < buckets.spanCount(); span++) {
            content.length = 0;
            putVarint(1, zigzag(buckets.spanOffset(span)), content);
            putVarint(2, buckets.spanLength(span), content);
            putBytes(spansField, content, out);
        }
        if (buckets.size() == 0) {
            return;
        }
        content.length = 0;
        for (int i = 0; i < buckets.size(); i++) {
            if (buckets.isFloat()) {
                content.fixed64(Double.doubleToRawLongBits(buckets.count(i)));
            } else {
                content.varint(zigzag(buckets.delta(i)));
            }
        }
        putBytes(buckets.isFloat() ? spansField + 2 : spansField + 1, content, out);
    }

    static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }

    private static void putVarint(int field, long value, WireBuffer out) {
        tag(field, VARINT, out);
        out.varint(value);
    }

    private static void putDouble(int field, double value, WireBuffer out) {
        tag(field, FIXED64, out);
        out.fixed64(Double.doubleToRawLongBits(value));
    }

    private static void putBytes(int field, WireBuffer content, WireBuffer out) {
        tag(field, BYTES, out);
        out.varint(content.length);
        out.put(content.bytes, 0, content.length);
    }

    private static void tag(int field, int type, WireBuffer out) {
        out.varint(((long) field << 3) | type);
    }
}

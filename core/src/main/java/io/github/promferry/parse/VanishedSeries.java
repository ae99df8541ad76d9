package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import java.util.Arrays;

/** Series that were alive and are not any more, until their stale rows are asked for. */
final class VanishedSeries {
    private static final Series[] NO_SERIES = {};
    private static final byte[] NO_BYTES = {};

    private final LastStamps lastStamps;
    private Series[] series = NO_SERIES;
    private byte[] marks = NO_BYTES;
    private int count;

    VanishedSeries(LastStamps lastStamps) {
        this.lastStamps = lastStamps;
    }

    /** One more, with the marks of its line in {@link PageOrder}. */
    void add(Series vanished, int mark) {
        if (count == series.length) {
            series = Arrays.copyOf(series, Math.max(16, count * 2));
            marks = Arrays.copyOf(marks, series.length);
        }
        marks[count] = (byte) mark;
        series[count++] = vanished;
    }

    void addRows(long timestampMillis, SampleBatch into) {
        for (int i = 0; i < count; i++) {
            addRow(series[i], marks[i], timestampMillis, into);
        }
        forget();
    }

    /** As in Prometheus, a series whose own timestamps are ahead of its end is not marked: nobody would take the marker. */
    void addRow(Series ended, int mark, long timestampMillis, SampleBatch into) {
        long bits = SampleValues.STALE_NAN_BITS;
        if (lastStamps.refusal(ended, timestampMillis, bits, null) != null) {
            return;
        }
        lastStamps.end(ended, timestampMillis);
        if ((mark & (PageOrder.HISTOGRAM | PageOrder.FLOAT_HISTOGRAM)) == 0) {
            into.add(ended, timestampMillis, bits);
        } else {
            into.addHistogram(ended, timestampMillis, staleMarker(mark));
        }
    }

    private static NativeHistogram staleMarker(int mark) {
        boolean isFloat = (mark & PageOrder.FLOAT_HISTOGRAM) != 0;
        NativeHistogram any = isFloat ? NativeHistogram.STALE_FLOAT : NativeHistogram.STALE;
        NativeHistogram custom = isFloat ? NativeHistogram.STALE_CUSTOM_FLOAT : NativeHistogram.STALE_CUSTOM;
        return (mark & PageOrder.CUSTOM_BUCKETS) != 0 ? custom : any;
    }

    void forget() {
        if (count > 0) {
            series = NO_SERIES;
            marks = NO_BYTES;
            count = 0;
        }
    }
}

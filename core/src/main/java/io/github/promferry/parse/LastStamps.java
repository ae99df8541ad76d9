package io.github.promferry.parse;

import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import org.jspecify.annotations.Nullable;

/**
 * The last samples of series whose samples have timestamps of their own: what is older than that, or has another value at
 * that time, no receiver takes, and many refuse all that came with it. Empty, and of no cost, until a page has such samples.
 */
final class LastStamps {
    private static final Series[] NO_SERIES = {};
    private static final long[] NO_LONGS = {};

    /** Open addressing by identity, at most half full. */
    private Series[] keys = NO_SERIES;

    private long[] stamps = NO_LONGS;
    private long[] values = NO_LONGS;
    private int count;

    /** Why no receiver would take the sample, or null. */
    @Nullable
    LeftOut refusal(Series series, long stampMillis, long bits) {
        if (count == 0) {
            return null;
        }
        int slot = slot(series);
        if (keys[slot] == null || stampMillis > stamps[slot]) {
            return null;
        }
        return stampMillis < stamps[slot] ? LeftOut.OUT_OF_ORDER : bits == values[slot] ? null : LeftOut.DUPLICATE;
    }

    /** Remembers the rows of a good page that do not have the time of the scrape. */
    void remember(SampleBatch rows, int firstRow, long scrapeMillis) {
        int stamped = 0;
        for (int row = firstRow; row < rows.size(); row++) {
            stamped += rows.timestamp(row) == scrapeMillis ? 0 : 1;
        }
        if (count > 2 * stamped + 64) {
            // Most of them have vanished.
            forget();
        }
        if (stamped == 0) {
            return;
        }
        makeRoom(count + stamped);
        for (int row = firstRow; row < rows.size(); row++) {
            if (rows.timestamp(row) != scrapeMillis) {
                put(rows.series(row), rows.timestamp(row), rows.valueBits(row));
            }
        }
    }

    /** A stale marker is the last sample, too. */
    void end(Series series, long stampMillis, long bits) {
        if (count > 0 && keys[slot(series)] != null) {
            put(series, stampMillis, bits);
        }
    }

    void forget() {
        keys = NO_SERIES;
        stamps = NO_LONGS;
        values = NO_LONGS;
        count = 0;
    }

    private void put(Series series, long stampMillis, long bits) {
        int slot = slot(series);
        boolean known = keys[slot] != null;
        if (!known || stampMillis >= stamps[slot]) {
            stamps[slot] = stampMillis;
            values[slot] = bits;
        }
        keys[slot] = series;
        count += known ? 0 : 1;
    }

    private int slot(Series series) {
        int mask = keys.length - 1;
        int slot = System.identityHashCode(series) & mask;
        while (keys[slot] != null && keys[slot] != series) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void makeRoom(int entries) {
        if (2 * entries <= keys.length) {
            return;
        }
        Series[] oldKeys = keys;
        long[] oldStamps = stamps;
        long[] oldValues = values;
        keys = new Series[Integer.highestOneBit(entries) * 4];
        stamps = new long[keys.length];
        values = new long[keys.length];
        count = 0;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != null) {
                put(oldKeys[i], oldStamps[i], oldValues[i]);
            }
        }
    }
}

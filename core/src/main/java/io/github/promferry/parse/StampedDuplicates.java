package io.github.promferry.parse;

import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells apart several samples of one series on one page that carry different timestamps, which is legal, from true
 * duplicates. Remembers nothing until the first such pair is met, then every row of the page.
 */
final class StampedDuplicates {
    private record Stamp(Series series, long timestampMillis) {}

    private @Nullable SampleBatch batch;
    private int rowsSeen;
    private @Nullable Set<Stamp> stamps;
    private @Nullable Set<Entry> refused;

    void begin(SampleBatch batch) {
        this.batch = batch;
        rowsSeen = batch.size();
    }

    /** No sample of that series is wanted, at whatever time. */
    void refuse(Entry series) {
        Set<Entry> all = refused;
        if (all == null) {
            all = new HashSet<>();
            refused = all;
        }
        all.add(series.canonical);
    }

    /** Whether no row of this page is of that series at that time, and one is wanted. */
    boolean isNew(Entry entry, Series series, long timestampMillis) {
        if (refused != null && refused.contains(entry.canonical)) {
            return false;
        }
        Set<Stamp> all = stamps;
        if (all == null) {
            all = new HashSet<>();
            stamps = all;
        }
        for (SampleBatch rows = batch; rows != null && rowsSeen < rows.size(); rowsSeen++) {
            all.add(new Stamp(rows.series(rowsSeen), rows.timestamp(rowsSeen)));
        }
        return !all.contains(new Stamp(series, timestampMillis));
    }

    void end() {
        batch = null;
        stamps = null;
        refused = null;
    }
}

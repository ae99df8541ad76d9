package io.github.promferry.parse;

import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells apart several samples of one series on one page that carry different timestamps, which is legal, from true
 * duplicates and from those that go back in time. Remembers nothing until the first such pair is met, then every row of the
 * page.
 */
final class StampedDuplicates {
    private record Stamp(Series series, long timestampMillis) {}

    private final boolean inOrder;

    private @Nullable SampleBatch batch;
    private int rowsSeen;
    private @Nullable Set<Stamp> stamps;
    private @Nullable Map<Series, Long> latest;
    private boolean wentBack;

    /** Each first line of a series that is not wanted; made a set when a repeated line first asks. */
    private final List<Entry> refused = new ArrayList<>();

    private @Nullable Set<Entry> refusedSet;
    private int refusedSeen;

    /** Whether samples of a series must come in the order of their timestamps. */
    StampedDuplicates(boolean inOrder) {
        this.inOrder = inOrder;
    }

    void begin(SampleBatch batch) {
        this.batch = batch;
        rowsSeen = batch.size();
    }

    /** No sample of that series is wanted, at whatever time. */
    void refuse(Entry series) {
        refused.add(series.canonical);
    }

    /** Why the page's rows, or their absence, stand against one more of that series at that time; or null. */
    @Nullable
    LeftOut refusal(Entry entry, Series series, long timestampMillis) {
        wentBack = false;
        if (isRefused(entry)) {
            return LeftOut.OVER_SERIES_LIMIT;
        }
        Set<Stamp> all = stamps == null ? new HashSet<>() : stamps;
        Map<Series, Long> last = latest == null ? new HashMap<>() : latest;
        stamps = all;
        latest = last;
        for (SampleBatch rows = batch; rows != null && rowsSeen < rows.size(); rowsSeen++) {
            all.add(new Stamp(rows.series(rowsSeen), rows.timestamp(rowsSeen)));
            last.merge(rows.series(rowsSeen), rows.timestamp(rowsSeen), Math::max);
        }
        wentBack = timestampMillis < last.getOrDefault(series, Long.MIN_VALUE);
        if (all.contains(new Stamp(series, timestampMillis))) {
            return LeftOut.DUPLICATE;
        }
        return inOrder && wentBack ? LeftOut.OUT_OF_ORDER : null;
    }

    /** Whether the sample asked about last is older than the row before of its series. */
    boolean wentBack() {
        return wentBack;
    }

    private boolean isRefused(Entry entry) {
        if (refused.isEmpty()) {
            return false;
        }
        Set<Entry> all = refusedSet == null ? new HashSet<>() : refusedSet;
        refusedSet = all;
        for (; refusedSeen < refused.size(); refusedSeen++) {
            all.add(refused.get(refusedSeen));
        }
        return all.contains(entry.canonical);
    }

    void end() {
        wentBack = false;
        batch = null;
        stamps = null;
        latest = null;
        refused.clear();
        refusedSet = null;
        refusedSeen = 0;
    }
}

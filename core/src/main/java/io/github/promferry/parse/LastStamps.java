package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The last sample of each series of a target, as a receiver has it: what is older than that, or has another value at that
 * time, no receiver takes, and many refuse all that came with it.
 *
 * <p>Empty, and of no cost, until a page has samples with timestamps of their own. From then on all rows of such pages and
 * all stale markers are remembered. Of pages without such samples it is enough to know when the last one was: each series
 * in the {@link PageOrder} had a sample then, so the next timestamp that a page has can be held against that ({@link
 * #needsOrder}). By labels, since a series may return as another object.
 */
final class LastStamps {
    /** What a series that vanished had so long ago needs no guard: receivers refuse what is that old anyway. */
    private static final long FORGET_MILLIS = TimeUnit.HOURS.toMillis(1);

    /** So many vanished series are remembered beside as many as the page has. */
    private static final int VANISHED = 1000;

    private static final long NEVER = Long.MIN_VALUE;

    /** Instead of a value, which most likely is the same: no page has this signaling NaN. */
    private static final long UNKNOWN_BITS = SampleValues.STALE_NAN_BITS + 1;

    /** A sample. */
    private static final class Last {
        long millis = NEVER;
        long bits;

        @Nullable
        NativeHistogram histogram;
    }

    private final boolean enabled;

    private Map<Labels, Last> ordinary = Map.of();
    /** Of series that take none of the common labels of a batch. */
    private Map<Labels, Last> complete = Map.of();

    /** No sample here is later. */
    private long latestMillis = NEVER;
    /** When the series of the order, whose samples have no timestamps of their own, had their last ones. */
    private long sampledMillis = NEVER;
    /** Of the page that is being read. */
    private long scrapeMillis = NEVER;
    /** Whether it has timestamps. */
    private boolean stamped;
    /** The last page that had timestamps. */
    private long stampedMillis = NEVER;
    /** Whether what the order knows is not here. */
    private boolean needsOrder;
    /** Whether the last rows did not arrive. */
    private boolean lost;

    /** Refuses nothing, unless the options say that timestamps count and that samples must be in order. */
    LastStamps(ParseOptions options) {
        enabled = options.honorTimestamps() && options.dropOutOfOrder();
    }

    /** A page comes. After a clock was set back, it is the samples before that were wrong. */
    void begin(long scrapeMillis) {
        this.scrapeMillis = scrapeMillis;
        stamped = false;
        if (scrapeMillis < sampledMillis) {
            forget();
        }
    }

    /** Whether a sample of that time could be refused: a timestamp was ahead of the scrape. */
    boolean mayRefuse(long stampMillis) {
        return latestMillis >= stampMillis;
    }

    /** The page has a timestamp. */
    void meet() {
        if (enabled) {
            stamped = true;
            stampedMillis = scrapeMillis;
        }
    }

    /** Whether the {@linkplain #putSampled series of the order} are wanted before anything is asked or put. */
    boolean needsOrder() {
        boolean needed = needsOrder && stampedMillis != NEVER;
        needsOrder &= !needed;
        return needed;
    }

    /** A series of the order without timestamps. */
    void putSampled(Series series) {
        put(series, sampledMillis, UNKNOWN_BITS, null);
    }

    /** Why no receiver would take the sample, or need not get it; else null. */
    @Nullable
    LeftOut refusal(Series series, long stampMillis, long bits, @Nullable NativeHistogram histogram) {
        Last last = mayRefuse(stampMillis) ? of(series).get(series.labels()) : null;
        if (last == null || stampMillis > last.millis) {
            return null;
        }
        if (stampMillis < last.millis) {
            return LeftOut.OUT_OF_ORDER;
        }
        boolean unknown = last.bits == UNKNOWN_BITS;
        boolean same =
                histogram == null ? last.histogram == null && bits == last.bits : histogram.equals(last.histogram);
        return same && lost ? null : same || unknown ? LeftOut.REPEATED : LeftOut.DUPLICATE;
    }

    /** The rows of a good page are the last samples now. */
    void remember(SampleBatch rows, int firstRow) {
        if (!enabled) {
            return;
        }
        lost = false;
        sampledMillis = scrapeMillis;
        needsOrder = !stamped;
        if (stamped) {
            putAll(rows, firstRow);
        } else if (stampedMillis < scrapeMillis - FORGET_MILLIS) {
            forgetSamples();
        }
    }

    private void putAll(SampleBatch rows, int firstRow) {
        int histogram = 0;
        for (int row = firstRow; row < rows.size(); row++) {
            while (histogram < rows.histogramCount() && rows.histogramRow(histogram) < row) {
                histogram++;
            }
            boolean isHistogram = histogram < rows.histogramCount() && rows.histogramRow(histogram) == row;
            put(
                    rows.series(row),
                    rows.timestamp(row),
                    rows.valueBits(row),
                    isHistogram ? rows.histogram(histogram) : null);
        }
    }

    /** A stale marker is the last sample, too. */
    void end(Series series, long stampMillis) {
        sampledMillis = Math.max(sampledMillis, stampMillis);
        if (stampedMillis != NEVER) {
            put(series, stampMillis, SampleValues.STALE_NAN_BITS, null);
        }
    }

    /** What was remembered last has not arrived: should it come again, it is wanted. */
    void lose() {
        lost = true;
    }

    /** Lets most of what has vanished go, if it is too much; samples of what the page has may have been refused. */
    void trim(Entry[] page, int lines) {
        if (ordinary.size() + complete.size() <= 2 * lines + VANISHED) {
            return;
        }
        Set<Labels> present = new HashSet<>(2 * lines);
        for (int line = 0; line < lines; line++) {
            Series series = page[line].series;
            if (series != null) {
                present.add(series.labels());
            }
        }
        ordinary.keySet().retainAll(present);
        complete.keySet().retainAll(present);
    }

    void forget() {
        sampledMillis = NEVER;
        needsOrder = false;
        forgetSamples();
    }

    private void forgetSamples() {
        ordinary = Map.of();
        complete = Map.of();
        latestMillis = NEVER;
        stampedMillis = NEVER;
    }

    private Map<Labels, Last> of(Series series) {
        return series.isComplete() ? complete : ordinary;
    }

    private void put(Series series, long stampMillis, long bits, @Nullable NativeHistogram histogram) {
        if (ordinary.isEmpty() && complete.isEmpty()) {
            ordinary = new HashMap<>();
            complete = new HashMap<>();
        }
        Last last = of(series).computeIfAbsent(series.labels(), key -> new Last());
        if (stampMillis >= last.millis) {
            last.millis = stampMillis;
            last.bits = bits;
            last.histogram = histogram;
            latestMillis = Math.max(latestMillis, stampMillis);
        }
    }
}

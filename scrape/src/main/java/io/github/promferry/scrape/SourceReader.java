package io.github.promferry.scrape;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.parse.SeriesResolver;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a source of this process by the same rules as a page: labels of the target, relabeling, stale markers, limits,
 * but neither HTTP nor text. A source gives the same object for the same series each time, so that is what it is known by.
 */
final class SourceReader implements SampleReader {
    private static final Series DROPPED = Series.of(Labels.EMPTY, MetricMetadata.NONE);

    private final MetricSource source;
    private final SeriesResolver resolver;
    private final ParseOptions options;
    private final SampleBatch collected = new SampleBatch();

    /** Of the last reading that succeeded: what each series became. */
    private Map<Series, Series> known = new HashMap<>();
    /** What is live and gets a marker when it vanishes. */
    private Map<Series, Boolean> live = new HashMap<>();
    /** Live before the last reading. */
    private Map<Series, Boolean> liveBefore = new HashMap<>();

    private int kept;
    private int added;
    private int duplicates;
    /** Samples that came when there were as many as the limit allows. */
    private int overLimit;

    SourceReader(MetricSource source, SeriesResolver resolver, ParseOptions options) {
        this.source = source;
        this.resolver = resolver;
        this.options = options;
    }

    @Override
    public boolean isEmpty(PageBuffer page) {
        return false;
    }

    @Override
    public void read(ExpositionFormat format, PageBuffer page, long timestampMillis, SampleBatch into) {
        kept = 0;
        added = 0;
        duplicates = 0;
        overLimit = 0;
        collected.reset(Labels.EMPTY);
        Map<Series, Series> seen = new HashMap<>(2 * known.size());
        Map<Series, Boolean> nowLive = new HashMap<>(2 * known.size());
        int before = into.size();
        boolean good = false;
        try {
            source.collect(collected);
            addRows(timestampMillis, before, seen, nowLive, into);
            checkSampleLimit();
            known = seen;
            good = true;
        } finally {
            if (!good) {
                into.truncate(before);
                known.putAll(seen);
            }
            liveBefore = live;
            live = nowLive;
        }
    }

    private void addRows(
            long timestampMillis,
            int firstRow,
            Map<Series, Series> seen,
            Map<Series, Boolean> nowLive,
            SampleBatch into) {
        int limit = options.sampleLimit() == 0 ? Integer.MAX_VALUE : options.sampleLimit();
        int exemplar = 0;
        int histogram = 0;
        for (int row = 0; row < collected.size(); row++) {
            int exemplarEnd = exemplar;
            while (exemplarEnd < collected.exemplarCount() && collected.exemplarRow(exemplarEnd) == row) {
                exemplarEnd++;
            }
            NativeHistogram value = null;
            if (histogram < collected.histogramCount() && collected.histogramRow(histogram) == row) {
                value = collected.histogram(histogram++);
            }
            boolean full = into.size() - firstRow >= limit;
            if (addRow(row, value, timestampMillis, full, seen, nowLive, into)) {
                for (int i = exemplar; i < exemplarEnd; i++) {
                    into.addExemplar(stamped(collected.exemplar(i), timestampMillis));
                }
            }
            exemplar = exemplarEnd;
        }
    }

    private boolean addRow(
            int row,
            @Nullable NativeHistogram histogram,
            long timestampMillis,
            boolean full,
            Map<Series, Series> seen,
            Map<Series, Boolean> nowLive,
            SampleBatch into) {
        Series given = collected.series(row);
        Series series = seen.get(given);
        if (series == null) {
            series = known.get(given);
            if (series == null) {
                Series resolved = given.isComplete() ? given : resolver.resolve(given.labels(), given.metadata());
                series = resolved == null ? DROPPED : resolved;
                added += resolved == null || full ? 0 : 1;
            }
            seen.put(given, series);
        }
        if (series.equals(DROPPED)) {
            return false;
        }
        kept++;
        long own = options.honorTimestamps() ? collected.timestamp(row) : SampleBatch.NO_TIMESTAMP;
        if (own == SampleBatch.NO_TIMESTAMP && nowLive.containsKey(series)) {
            duplicates++;
            return false;
        }
        if (full) {
            overLimit++;
            return false;
        }
        if (own == SampleBatch.NO_TIMESTAMP || options.trackTimestampsStaleness()) {
            nowLive.put(series, true);
        }
        long timestamp = own == SampleBatch.NO_TIMESTAMP ? timestampMillis : own;
        if (histogram == null) {
            into.add(series, timestamp, collected.valueBits(row));
        } else {
            into.addHistogram(series, timestamp, histogram);
        }
        if (collected.startTimestamp(row) != SampleBatch.NO_TIMESTAMP) {
            into.setStartTimestamp(collected.startTimestamp(row));
        }
        return true;
    }

    private static Exemplar stamped(Exemplar exemplar, long timestampMillis) {
        return exemplar.timestampMillis() == SampleBatch.NO_TIMESTAMP
                ? new Exemplar(exemplar.labels(), exemplar.value(), timestampMillis)
                : exemplar;
    }

    private void checkSampleLimit() {
        if (overLimit > 0) {
            int limit = options.sampleLimit();
            throw new SeriesRejectedException(
                    "the source gave " + (limit + overLimit) + " samples, more than the sample limit " + limit);
        }
    }

    @Override
    public void addVanished(long timestampMillis, SampleBatch into) {
        liveBefore.keySet().forEach(series -> {
            if (!live.containsKey(series)) {
                into.add(series, timestampMillis, SampleValues.STALE_NAN_BITS);
            }
        });
        liveBefore = Map.of();
    }

    @Override
    public void addAllStale(long timestampMillis, SampleBatch into) {
        live.keySet().forEach(series -> into.add(series, timestampMillis, SampleValues.STALE_NAN_BITS));
        live = new HashMap<>();
        liveBefore = Map.of();
    }

    @Override
    public void forget() {
        known = new HashMap<>();
        live = new HashMap<>();
        collected.reset(Labels.EMPTY);
    }

    @Override
    public int sampleCount() {
        return collected.size();
    }

    @Override
    public int keptCount() {
        return kept;
    }

    @Override
    public int newSeriesCount() {
        return added;
    }

    @Override
    public int duplicateCount() {
        return duplicates;
    }
}

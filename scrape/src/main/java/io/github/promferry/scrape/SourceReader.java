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
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.parse.SeriesResolver;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    /** What each series became: those of the last good reading, and of readings since then that failed. */
    private Map<Series, Series> known = new HashMap<>();
    /** What is live and gets a marker when it vanishes, which is a histogram if its last sample was. */
    private Map<Series, @Nullable NativeHistogram> live = new HashMap<>();
    /** Live before the last reading. */
    private Map<Series, @Nullable NativeHistogram> liveBefore = Map.of();
    /** The last samples of those that have timestamps of their own. */
    private final Map<Series, Stamp> lastStamps = new HashMap<>();
    /** If series are limited, those that were let in at the last reading. */
    private Set<Series> admitted = new HashSet<>();

    private Lap last;

    SourceReader(MetricSource source, SeriesResolver resolver, ParseOptions options) {
        this.source = source;
        this.resolver = resolver;
        this.options = options;
        last = new Lap(SampleBatch.NO_TIMESTAMP, new SampleBatch());
    }

    @Override
    public boolean isEmpty(PageBuffer page) {
        return false;
    }

    @Override
    public void read(ExpositionFormat format, PageBuffer page, long timestampMillis, SampleBatch into) {
        int before = into.size();
        Lap lap = new Lap(timestampMillis, into);
        last = lap;
        collected.reset(Labels.EMPTY);
        boolean good = false;
        try {
            source.collect(collected);
            lap.addRows();
            lap.checkSampleLimit();
            known = lap.seen;
            if (lastStamps.size() > 2 * lap.stamps.size() + 64) {
                // Most of them have vanished.
                lastStamps.keySet().retainAll(new HashSet<>(known.values()));
            }
            lastStamps.putAll(lap.stamps);
            good = true;
        } finally {
            if (!good) {
                into.truncate(before);
                known.putAll(lap.seen);
            }
            liveBefore = live;
            live = lap.live;
            admitted = lap.admitted;
        }
    }

    /** A sample with a timestamp of its own. */
    private record Stamp(long timestampMillis, long bits) {
        /** Why no receiver would take that one after this, or null. */
        @Nullable
        LeftOut refusal(long nextMillis, long nextBits) {
            if (nextMillis > timestampMillis) {
                return null;
            }
            return nextMillis < timestampMillis ? LeftOut.OUT_OF_ORDER : nextBits == bits ? null : LeftOut.DUPLICATE;
        }
    }

    /** One reading. */
    private final class Lap {
        private final long timestampMillis;
        private final long latestMillis;
        private final SampleBatch into;
        private final int firstRow;
        private final Map<Series, Series> seen = new HashMap<>(2 * known.size());
        private final Map<Series, @Nullable NativeHistogram> live = new HashMap<>(2 * known.size());
        private final Set<Series> admitted = new HashSet<>();
        private final Map<Series, Stamp> stamps = new HashMap<>();

        /** How many series that were not let in before still can be. */
        private int room = options.seriesLimit() - SourceReader.this.admitted.size();

        private int kept;
        private int added;
        private final Map<LeftOut, List<Series>> leftOut = new EnumMap<>(LeftOut.class);
        /** Samples that came when there were as many as the sample limit allows. */
        private int overSampleLimit;

        Lap(long timestampMillis, SampleBatch into) {
            this.timestampMillis = timestampMillis;
            this.into = into;
            latestMillis = options.latestMillis(timestampMillis);
            firstRow = into.size();
        }

        void addRows() {
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
                if (addRow(row, value)) {
                    for (int i = exemplar; i < exemplarEnd; i++) {
                        into.addExemplar(stamped(collected.exemplar(i)));
                    }
                }
                exemplar = exemplarEnd;
            }
        }

        private boolean addRow(int row, @Nullable NativeHistogram histogram) {
            Series series = resolved(collected.series(row));
            if (series.equals(DROPPED)) {
                return false;
            }
            kept++;
            long own = options.honorTimestamps() ? collected.timestamp(row) : SampleBatch.NO_TIMESTAMP;
            boolean stamped = own != SampleBatch.NO_TIMESTAMP;
            long bits = collected.valueBits(row);
            if (isFull() && !isDuplicate(series, stamped)) {
                overSampleLimit++;
                return false;
            }
            LeftOut why = refusal(series, stamped, own, bits);
            if (why != null) {
                leftOut.computeIfAbsent(why, key -> new ArrayList<>()).add(series);
                return false;
            }
            if (stamped) {
                stamps.put(series, new Stamp(own, bits));
            }
            if (!stamped || options.trackTimestampsStaleness()) {
                live.put(series, histogram == null ? null : histogram.staleMarker());
            }
            long timestamp = stamped ? own : timestampMillis;
            if (histogram == null) {
                into.add(series, timestamp, bits);
            } else {
                into.addHistogram(series, timestamp, histogram);
            }
            if (collected.startTimestamp(row) != SampleBatch.NO_TIMESTAMP) {
                into.setStartTimestamp(collected.startTimestamp(row));
            }
            return true;
        }

        private Series resolved(Series given) {
            Series series = seen.get(given);
            if (series == null) {
                series = known.get(given);
                if (series == null) {
                    Series resolved = given.isComplete() ? given : resolver.resolve(given.labels(), given.metadata());
                    series = resolved == null ? DROPPED : resolved;
                    added += resolved == null || isFull() ? 0 : 1;
                }
                seen.put(given, series);
            }
            return series;
        }

        private boolean isDuplicate(Series series, boolean stamped) {
            return !stamped && (live.containsKey(series) || stamps.containsKey(series));
        }

        private @Nullable LeftOut refusal(Series series, boolean stamped, long own, long bits) {
            if (isDuplicate(series, stamped)) {
                return LeftOut.DUPLICATE;
            }
            if (options.seriesLimit() > 0 && !isLetIn(series)) {
                return LeftOut.OVER_SERIES_LIMIT;
            }
            if (!stamped) {
                return null;
            }
            if (own > latestMillis) {
                return LeftOut.TOO_FAR_AHEAD;
            }
            Stamp onThis = stamps.get(series);
            if (onThis != null && own == onThis.timestampMillis) {
                return LeftOut.DUPLICATE;
            }
            Stamp before = onThis == null ? lastStamps.get(series) : onThis;
            return before == null || !options.dropOutOfOrder() ? null : before.refusal(own, bits);
        }

        private boolean isFull() {
            return options.sampleLimit() > 0 && into.size() - firstRow >= options.sampleLimit();
        }

        private boolean isLetIn(Series series) {
            if (admitted.contains(series)) {
                return true;
            }
            boolean before = SourceReader.this.admitted.contains(series);
            if (!before && room-- <= 0) {
                return false;
            }
            admitted.add(series);
            return true;
        }

        private Exemplar stamped(Exemplar exemplar) {
            return exemplar.timestampMillis() == SampleBatch.NO_TIMESTAMP
                    ? new Exemplar(exemplar.labels(), exemplar.value(), timestampMillis)
                    : exemplar;
        }

        void checkSampleLimit() {
            if (overSampleLimit > 0) {
                int limit = options.sampleLimit();
                throw new SeriesRejectedException("the source gave " + (limit + overSampleLimit)
                        + " samples, more than the sample limit " + limit);
            }
        }
    }

    @Override
    public void addVanished(long timestampMillis, SampleBatch into) {
        liveBefore.forEach((series, end) -> {
            if (!live.containsKey(series)) {
                addStale(series, end, timestampMillis, into);
            }
        });
        liveBefore = Map.of();
    }

    @Override
    public void addAllStale(long timestampMillis, SampleBatch into) {
        live.forEach((series, end) -> addStale(series, end, timestampMillis, into));
        live = new HashMap<>();
        liveBefore = Map.of();
    }

    private void addStale(Series series, @Nullable NativeHistogram end, long timestampMillis, SampleBatch into) {
        Stamp before = lastStamps.get(series);
        if (before != null && before.refusal(timestampMillis, SampleValues.STALE_NAN_BITS) != null) {
            return;
        }
        lastStamps.replace(series, new Stamp(timestampMillis, SampleValues.STALE_NAN_BITS));
        if (end == null) {
            into.add(series, timestampMillis, SampleValues.STALE_NAN_BITS);
        } else {
            into.addHistogram(series, timestampMillis, end);
        }
    }

    @Override
    public void forget() {
        known = new HashMap<>();
        live = new HashMap<>();
        admitted = new HashSet<>();
        lastStamps.clear();
        last = new Lap(SampleBatch.NO_TIMESTAMP, new SampleBatch());
        collected.reset(Labels.EMPTY);
    }

    @Override
    public int sampleCount() {
        return collected.size();
    }

    @Override
    public int keptCount() {
        return last.kept;
    }

    @Override
    public int newSeriesCount() {
        return last.added;
    }

    @Override
    public int leftOutCount(LeftOut why) {
        return last.leftOut.getOrDefault(why, List.of()).size();
    }

    @Override
    public @Nullable Series firstLeftOut(LeftOut why) {
        List<Series> leftOut = last.leftOut.get(why);
        return leftOut == null ? null : leftOut.get(0);
    }
}

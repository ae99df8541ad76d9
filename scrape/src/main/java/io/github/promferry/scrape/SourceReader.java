package io.github.promferry.scrape;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
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
    private final MetricSource source;
    private final SeriesResolver resolver;
    private final ParseOptions options;
    private final SampleBatch collected = new SampleBatch();

    /** The series of the last good reading, and of readings since then that failed. */
    private Map<Series, Known> known = new HashMap<>();
    /** What is live and gets a marker when it vanishes, which is a histogram if its last sample was. */
    private Map<Series, @Nullable NativeHistogram> live = new HashMap<>();
    /** Live before the last reading. */
    private Map<Series, @Nullable NativeHistogram> liveBefore = Map.of();
    /** The last sample of each series, some that vanished included, as a receiver has it. */
    private final Map<Series, Stamp> lastStamps = new HashMap<>();

    /** Whether the last rows did not arrive. */
    private boolean lost;
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
        if (timestampMillis < last.timestampMillis) {
            // After a clock was set back, it is the samples before that were wrong.
            lastStamps.clear();
        }
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
            lastStamps.putAll(lap.stamps);
            if (lastStamps.size() > 2 * known.size() + 64) {
                // Most of them have vanished.
                Set<Series> present = new HashSet<>();
                for (Known series : known.values()) {
                    if (series.became != null) {
                        present.add(series.became);
                    }
                }
                lastStamps.keySet().retainAll(present);
            }
            lost = false;
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

    /** What a series became. */
    private static final class Known {
        /** Null if relabeling dropped it. */
        final @Nullable Series became;
        /** Whether a sample of it was taken. */
        boolean taken;

        Known(@Nullable Series became) {
            this.became = became;
        }
    }

    /** A sample. */
    private record Stamp(
            long timestampMillis, long bits, @Nullable NativeHistogram histogram) {
        /** Why no receiver would take that one after this, or need not get it; else null. */
        @Nullable
        LeftOut refusal(Stamp next) {
            if (next.timestampMillis > timestampMillis) {
                return null;
            }
            return next.timestampMillis < timestampMillis
                    ? LeftOut.OUT_OF_ORDER
                    : next.equals(this) ? LeftOut.REPEATED : LeftOut.DUPLICATE;
        }
    }

    /** One reading. */
    private final class Lap {
        private final long timestampMillis;
        private final long latestMillis;
        private final SampleBatch into;
        private final Map<Series, Known> seen = new HashMap<>(2 * known.size());
        private final Map<Series, @Nullable NativeHistogram> live = new HashMap<>(2 * known.size());
        private final Set<Series> admitted = new HashSet<>();
        /** The last sample of each series that was taken. */
        private final Map<Series, Stamp> stamps = new HashMap<>(2 * known.size());

        /** How many series that were not let in before still can be. */
        private int room = options.seriesLimit() - SourceReader.this.admitted.size();

        private int kept;
        private int added;
        private final Map<LeftOut, List<Series>> leftOut = new EnumMap<>(LeftOut.class);
        /** As in Prometheus, the samples that are limited are all that a store is shown. */
        private int judged;
        /** Samples that came when there were as many as the sample limit allows. */
        private int overSampleLimit;

        Lap(long timestampMillis, SampleBatch into) {
            this.timestampMillis = timestampMillis;
            this.into = into;
            latestMillis = options.latestMillis(timestampMillis);
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
            Known source = known(collected.series(row));
            Series series = source.became;
            if (series == null) {
                return false;
            }
            kept++;
            long own = options.honorTimestamps() ? collected.timestamp(row) : SampleBatch.NO_TIMESTAMP;
            boolean stamped = own != SampleBatch.NO_TIMESTAMP;
            long timestamp = stamped ? own : timestampMillis;
            Stamp sample = new Stamp(timestamp, collected.valueBits(row), histogram);
            Stamp onThis = stamps.get(series);
            boolean again = onThis != null && (!stamped || own == onThis.timestampMillis);
            if (!again && isFull()) {
                overSampleLimit++;
                return false;
            }
            LeftOut why = again ? LeftOut.DUPLICATE : refusal(series, stamped, sample);
            judged += again || why == LeftOut.OVER_SERIES_LIMIT ? 0 : 1;
            if (why != null) {
                leftOut.computeIfAbsent(why, key -> new ArrayList<>()).add(series);
                if (why != LeftOut.REPEATED) {
                    return false;
                }
            }
            added += source.taken ? 0 : 1;
            source.taken = true;
            stamps.put(series, sample);
            if (!stamped || options.trackTimestampsStaleness()) {
                live.put(series, histogram == null ? null : histogram.staleMarker());
            }
            if (why != null) {
                return false;
            }
            if (histogram == null) {
                into.add(series, timestamp, sample.bits);
            } else {
                into.addHistogram(series, timestamp, histogram);
            }
            if (collected.startTimestamp(row) != SampleBatch.NO_TIMESTAMP) {
                into.setStartTimestamp(collected.startTimestamp(row));
            }
            return true;
        }

        private Known known(Series given) {
            Known series = seen.get(given);
            if (series == null) {
                series = known.get(given);
                if (series == null) {
                    series = new Known(given.isComplete() ? given : resolver.resolve(given.labels(), given.metadata()));
                }
                seen.put(given, series);
            }
            return series;
        }

        /** Why the sample becomes no row, or null. */
        private @Nullable LeftOut refusal(Series series, boolean stamped, Stamp sample) {
            if (stamped && sample.timestampMillis > latestMillis) {
                return LeftOut.TOO_FAR_AHEAD;
            }
            Stamp onThis = stamps.get(series);
            Stamp before = onThis == null ? lastStamps.get(series) : onThis;
            LeftOut why = before == null || !options.dropOutOfOrder() ? null : before.refusal(sample);
            if (why != null && why != LeftOut.REPEATED) {
                return why;
            }
            boolean letIn = options.seriesLimit() == 0 || isLetIn(series);
            return !letIn ? LeftOut.OVER_SERIES_LIMIT : lost ? null : why;
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

        private boolean isFull() {
            return options.sampleLimit() > 0 && judged >= options.sampleLimit();
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
        Stamp marker = new Stamp(timestampMillis, SampleValues.STALE_NAN_BITS, end);
        Stamp before = lastStamps.get(series);
        if (before != null && before.refusal(marker) != null) {
            return;
        }
        lastStamps.put(series, marker);
        if (end == null) {
            into.add(series, timestampMillis, SampleValues.STALE_NAN_BITS);
        } else {
            into.addHistogram(series, timestampMillis, end);
        }
    }

    @Override
    public void lose() {
        lost = true;
    }

    @Override
    public void forget() {
        known = new HashMap<>();
        live = new HashMap<>();
        admitted = new HashSet<>();
        lastStamps.clear();
        lost = false;
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

package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns samples into rows, except those that the resolver does not want and duplicates; counts all of them. */
final class PageRows {
    private final ParseOptions options;
    private final PageOrder order;
    private final PageCounts counts;
    private final StampedDuplicates stampedDuplicates;
    private final CreatedTimes createdTimes = new CreatedTimes();
    private final LastStamps lastStamps;
    private final HistogramLimits limits;

    private FamilyContext root = FamilyContext.NOWHERE;
    private SampleBatch into = new SampleBatch();
    /** The batch may have so many rows before the page breaks the sample limit. */
    private int rowLimit;

    private long timestampMillis;
    private int firstRow;
    /** The latest timestamp that samples may have. */
    private long latestMillis;
    /** Whether a timestamp was ahead of this scrape, so that samples without one may be out of order. */
    private boolean behind;

    private @Nullable ExpositionException tooManyBuckets;

    PageRows(ParseOptions options, PageOrder order, PageCounts counts, LastStamps lastStamps) {
        this.options = options;
        this.order = order;
        this.counts = counts;
        this.lastStamps = lastStamps;
        stampedDuplicates = new StampedDuplicates(options.dropOutOfOrder());
        limits = new HistogramLimits(options);
    }

    void begin(SampleBatch into, long timestampMillis) {
        this.into = into;
        this.timestampMillis = timestampMillis;
        firstRow = into.size();
        latestMillis = options.latestMillis(timestampMillis);
        lastStamps.begin(timestampMillis);
        behind = lastStamps.mayRefuse(timestampMillis);
        int limit = options.sampleLimit();
        rowLimit = limit == 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, (long) into.size() + limit);
        tooManyBuckets = null;
        stampedDuplicates.begin(into);
        createdTimes.begin(into);
    }

    /**
     * The page was read to its end.
     *
     * @throws ExpositionException if it has more samples, or a histogram with more buckets, than are allowed
     */
    void finish() {
        if (into.size() > rowLimit) {
            int limit = options.sampleLimit();
            throw ExpositionException.limit(
                    into.size() - rowLimit + limit + " samples",
                    "at most " + limit + " (sampleLimit); raise it or expose fewer series");
        }
        if (tooManyBuckets != null) {
            throw tooManyBuckets;
        }
        createdTimes.apply(into);
        lastStamps.remember(into, firstRow);
    }

    /** Whether lines that are as expected may become rows without this object. */
    boolean needNotBeAsked() {
        return order.isPlain() && !behind;
    }

    /** The expected lines up to a place have become rows without this object. */
    void advanceTo(int place) {
        order.advanceTo(place);
        if (into.size() > rowLimit) {
            order.cutExpected(into.size() - rowLimit);
        }
    }

    void end() {
        stampedDuplicates.end();
        createdTimes.end();
    }

    SampleBatch batch() {
        return into;
    }

    long timestampMillis() {
        return timestampMillis;
    }

    /** The context in which a page begins. */
    FamilyContext root(SeriesDictionary dictionary, int formatBits) {
        int wanted = formatBits | optionBits();
        if (root.dialect != wanted) {
            root = dictionary.context(MetricMetadata.NONE, wanted);
        }
        return root;
    }

    /** What of the options changes the meaning of a line, so that parsers with different ones can share a dictionary. */
    private int optionBits() {
        return (options.normalizeBounds() ? FamilyContext.NORMALIZE_BOUNDS : 0)
                | (options.created() == ParseOptions.Created.SERIES ? 0 : FamilyContext.CREATED_APART)
                | (options.strict() ? FamilyContext.STRICT : 0)
                | (options.classicHistogramsAsNative() ? FamilyContext.CUSTOM_BUCKETS : 0)
                | (options.replaceInvalidHelp() ? FamilyContext.REPLACE_INVALID_HELP : 0);
    }

    /**
     * Adds a row for a sample.
     *
     * @param first whether the series was not on the page yet
     * @param stampMillis the timestamp on the page, or {@link SampleBatch#NO_TIMESTAMP}
     * @param startMillis the start timestamp on the page, or {@link SampleBatch#NO_TIMESTAMP}
     */
    void add(Entry entry, boolean first, long bits, long stampMillis, long startMillis, List<Exemplar> exemplars) {
        counts.samples++;
        Series series = entry.series;
        if (series == null) {
            addCreated(entry, bits);
            return;
        }
        if (isWanted(entry, series, first, bits, null, stampMillis, 0)) {
            into.add(series, rowMillis(stampMillis), bits);
            addBeside(startMillis, exemplars);
        }
    }

    /** The same for a native histogram. */
    void addHistogram(
            Entry entry,
            boolean first,
            NativeHistogram histogram,
            long stampMillis,
            long startMillis,
            List<Exemplar> exemplars) {
        counts.samples++;
        Series series = entry.series;
        if (series == null) {
            return;
        }
        NativeHistogram fitting = limits.applyTo(histogram);
        int traits = PageOrder.traits(histogram) | (fitting == null ? PageOrder.ENDED : 0);
        long bits = Double.doubleToRawLongBits(histogram.sum());
        if (!isWanted(entry, series, first, bits, fitting, stampMillis, traits)) {
            return;
        }
        if (fitting != null) {
            into.addHistogram(series, rowMillis(stampMillis), fitting);
            addBeside(startMillis, exemplars);
        } else if (tooManyBuckets == null) {
            // As in Prometheus, the page fails at its end, so that all of it is counted.
            tooManyBuckets = limits.tooManyBuckets(series, histogram);
            order.breach();
        }
    }

    private boolean isWanted(
            Entry entry,
            Series series,
            boolean first,
            long bits,
            @Nullable NativeHistogram histogram,
            long stampMillis,
            int traits) {
        counts.kept++;
        if (into.size() >= rowLimit) {
            order.cut();
        }
        boolean stamped = isStamped(stampMillis);
        LeftOut refusal = stamped
                ? refusal(series, bits, histogram, stampMillis)
                : behind ? lastStamps.refusal(series, timestampMillis, bits, histogram) : null;
        boolean isLast = refusal == null || refusal == LeftOut.REPEATED;
        // As in Prometheus, the samples that are limited are all that a store is shown.
        rowLimit -= refusal == null || rowLimit == Integer.MAX_VALUE ? 0 : 1;
        int all = traits | (stamped ? PageOrder.STAMPED : 0) | (isLast ? 0 : PageOrder.ENDED);
        if (!order.note(all, first)) {
            refusal = LeftOut.OVER_SERIES_LIMIT;
            stampedDuplicates.refuse(entry);
        } else if (!first) {
            LeftOut repeated = stamped ? stampedDuplicates.refusal(entry, series, stampMillis) : LeftOut.DUPLICATE;
            refusal = repeated == null ? refusal : repeated;
            if (refusal == null || refusal == LeftOut.REPEATED) {
                order.takeAfterAll(all);
            }
        }
        if (refusal != null) {
            counts.leaveOut(refusal, series);
        }
        if (stamped && !first && stampedDuplicates.wentBack() && TypeRules.hasTimeOrder(entry.context)) {
            counts.tolerate(Tolerated.TIMESTAMP_ORDER);
        }
        return refusal == null;
    }

    private @Nullable LeftOut refusal(Series series, long bits, @Nullable NativeHistogram histogram, long stampMillis) {
        lastStamps.meet();
        order.tellSampled();
        return stampMillis > latestMillis
                ? LeftOut.TOO_FAR_AHEAD
                : lastStamps.refusal(series, stampMillis, bits, histogram);
    }

    private boolean isStamped(long stampMillis) {
        return stampMillis != SampleBatch.NO_TIMESTAMP && options.honorTimestamps();
    }

    private long rowMillis(long stampMillis) {
        return isStamped(stampMillis) ? stampMillis : timestampMillis;
    }

    private void addBeside(long startMillis, List<Exemplar> exemplars) {
        if (startMillis != SampleBatch.NO_TIMESTAMP) {
            into.setStartTimestamp(startMillis);
        }
        for (int i = 0; i < exemplars.size(); i++) {
            into.addExemplar(exemplars.get(i));
        }
    }

    private void addCreated(Entry entry, long bits) {
        if (entry instanceof Entry.Created created && options.created() == ParseOptions.Created.START_TIMESTAMP) {
            createdTimes.add(created.series(), Double.longBitsToDouble(bits));
        }
    }
}

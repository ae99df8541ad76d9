package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.List;

/** Turns samples into rows, except those that the resolver does not want and duplicates; counts all of them. */
final class PageRows {
    private final ParseOptions options;
    private final PageOrder order;
    private final PageCounts counts;
    private final StampedDuplicates stampedDuplicates = new StampedDuplicates();
    private final CreatedTimes createdTimes = new CreatedTimes();
    private final LastStamps lastStamps = new LastStamps();
    private final HistogramLimits limits;

    private FamilyContext root = FamilyContext.NOWHERE;
    private SampleBatch into = new SampleBatch();
    /** The batch may have so many rows before the page breaks the sample limit. */
    private int rowLimit;

    private long timestampMillis;
    private int firstRow;
    /** The latest timestamp that samples may have. */
    private long latestMillis;

    PageRows(ParseOptions options, PageOrder order, PageCounts counts) {
        this.options = options;
        this.order = order;
        this.counts = counts;
        limits = new HistogramLimits(options);
    }

    void begin(SampleBatch into, long timestampMillis) {
        this.into = into;
        this.timestampMillis = timestampMillis;
        firstRow = into.size();
        latestMillis = options.latestMillis(timestampMillis);
        int limit = options.sampleLimit();
        rowLimit = limit == 0 ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, (long) into.size() + limit);
        stampedDuplicates.begin(into);
        createdTimes.begin(into);
    }

    /**
     * The page was read to its end.
     *
     * @throws ExpositionException if it has more samples than are allowed
     */
    void finish() {
        if (into.size() > rowLimit) {
            int limit = options.sampleLimit();
            throw ExpositionException.page(
                    into.size() - rowLimit + limit + " samples",
                    "at most " + limit + " (sampleLimit); raise it or expose fewer series");
        }
        createdTimes.apply(into);
        if (options.honorTimestamps() && options.dropOutOfOrder()) {
            lastStamps.remember(into, firstRow, timestampMillis);
        }
    }

    void forget() {
        lastStamps.forget();
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
        counts.tolerateAll(entry.tolerated());
        Series series = entry.series;
        if (series == null) {
            addCreated(entry, bits);
            return;
        }
        if (isWanted(entry, series, first, stampMillis, 0)) {
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
        if (series != null && isWanted(entry, series, first, stampMillis, PageOrder.traits(histogram))) {
            into.addHistogram(series, rowMillis(stampMillis), limits.applyTo(histogram));
            addBeside(startMillis, exemplars);
        }
    }

    private boolean isWanted(Entry entry, Series series, boolean first, long stampMillis, int kind) {
        counts.kept++;
        if (into.size() >= rowLimit) {
            order.cut();
        }
        boolean stamped = isStamped(stampMillis);
        boolean tooFarAhead = stamped && stampMillis > latestMillis;
        boolean outOfOrder = stamped && lastStamps.isBehind(series, stampMillis);
        int refused = tooFarAhead || outOfOrder ? PageOrder.ENDED : 0;
        int traits = kind | (stamped ? PageOrder.STAMPED : 0) | refused;
        if (!order.note(traits, first)) {
            counts.overSeriesLimit++;
            if (stamped) {
                stampedDuplicates.refuse(entry);
            }
            return false;
        }
        if (!first && !(stamped && stampedDuplicates.isNew(entry, series, stampMillis))) {
            counts.duplicates++;
            return false;
        }
        counts.tooFarAhead += tooFarAhead ? 1 : 0;
        counts.outOfOrder += outOfOrder ? 1 : 0;
        return !tooFarAhead && !outOfOrder;
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

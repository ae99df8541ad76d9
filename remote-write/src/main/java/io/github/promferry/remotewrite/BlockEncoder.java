package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Builds the open request of a shard, row by row, and seals it. Used by one thread at a time, under the lock of its shard.
 *
 * <p>A known series is never text again: what encoding needs of it ({@link SeriesPlan}) is computed at first sight and
 * found again by the identity of its {@link Series}. The plan of the next row is guessed to be the one that followed last
 * time, which is right as long as targets expose their series in a stable order; a wrong guess costs a look-up by
 * identity. Plans belong to the names of the common labels, not to their values, so a thousand engines of a kind share one
 * set of plans and a target costs an entry in a map.
 *
 * <p>Plans and common labels that have not been used for {@value #SWEEP_MINUTES} to 10 minutes are forgotten.
 */
abstract class BlockEncoder {
    private static final Logger LOGGER = System.getLogger(RemoteWriter.class.getName());
    static final int SWEEP_MINUTES = 5;
    private static final long SWEEP_NANOS = SWEEP_MINUTES * 60_000_000_000L;

    /** With so many plans in a shard, unused ones go at the next block already; a caller may make new series for ever. */
    private static final int MANY_PLANS = 1 << 20;

    final Labels external;
    private final @Nullable UnaryOperator<Labels> relabel;

    private final Map<Labels, CommonLabels> commons = new HashMap<>();
    private final Map<String, SeriesPlans> plansByNames = new HashMap<>();
    private int planCount;
    private int period;

    /** Of the last batch, which most likely has the same common labels as the next one if there is one target only. */
    private @Nullable CommonLabels lastCommon;

    private @Nullable Labels lastBatchLabels;

    /** External labels alone, for complete series. */
    private @Nullable CommonLabels bare;

    private long nowMillis;

    int samples;
    int exemplars;
    long minTimestamp;
    long maxTimestamp;

    private int markedSamples;
    private int markedExemplars;
    private long markedMin;
    private long markedMax;

    private final BlockPacker packer = new BlockPacker();

    /** Rows of the last {@link #encode} that are not sent, by reason. */
    final Map<String, Long> droppedRows = new TreeMap<>();

    BlockEncoder(Labels external, @Nullable UnaryOperator<Labels> relabel) {
        this.external = external;
        this.relabel = relabel;
        clearCounts();
    }

    abstract WriteProtocol protocol();

    /** The size of the open request before compression. */
    abstract int size();

    /**
     * Encodes rows until the limit of bytes, but at least one into an empty request.
     *
     * @return the row after the last one taken
     */
    final int encode(SampleBatch batch, int from, int to, int maxBytes, boolean withExemplars, Clock clock) {
        startPeriod(clock.nanos());
        nowMillis = clock.wallMillis();
        CommonLabels common = commonFor(batch.commonLabels());
        CommonLabels externalOnly = bare();
        beginBatch(common);
        int exemplarCount = withExemplars ? batch.exemplarCount() : 0;
        int exemplar = 0;
        while (exemplar < exemplarCount && batch.exemplarRow(exemplar) < from) {
            exemplar++;
        }
        int nextHistogram = 0;
        while (nextHistogram < batch.histogramCount() && batch.histogramRow(nextHistogram) < from) {
            nextHistogram++;
        }
        SeriesPlan last = common.plans.head;
        int row = from;
        while (row < to) {
            Series series = batch.series(row);
            SeriesPlan plan = last.next;
            if (plan == null || plan.series != series) {
                plan = find(series, common, externalOnly);
                last.next = plan;
            }
            last = plan;
            if (plan.usedInPeriod != period) {
                plan.usedInPeriod = period;
            }
            int exemplarsEnd = exemplar;
            while (exemplarsEnd < exemplarCount && batch.exemplarRow(exemplarsEnd) == row) {
                exemplarsEnd++;
            }
            NativeHistogram histogram = null;
            if (nextHistogram < batch.histogramCount() && batch.histogramRow(nextHistogram) == row) {
                histogram = batch.histogram(nextHistogram++);
            }
            String dropReason = plan.dropReason == null && histogram != null ? refusal(histogram) : plan.dropReason;
            if (dropReason != null) {
                droppedRows.merge(dropReason, 1L, Long::sum);
            } else if (!put(
                    plan,
                    plan.complete ? externalOnly : common,
                    batch,
                    row,
                    histogram,
                    exemplar,
                    exemplarsEnd,
                    maxBytes)) {
                return row;
            } else {
                long timestamp = timestamp(batch, row);
                minTimestamp = Math.min(minTimestamp, timestamp);
                maxTimestamp = Math.max(maxTimestamp, timestamp);
                samples++;
                exemplars += exemplarsEnd - exemplar;
            }
            exemplar = exemplarsEnd;
            row++;
        }
        return row;
    }

    /** A row that nobody stamped is of now. */
    final long timestamp(SampleBatch batch, int row) {
        long timestamp = batch.timestamp(row);
        return timestamp == SampleBatch.NO_TIMESTAMP ? nowMillis : timestamp;
    }

    /** The next rows are of a target. */
    void beginBatch(CommonLabels common) {}

    /** Encodes a row, or returns false with nothing changed if it does not fit into a request that has others. */
    abstract boolean put(
            SeriesPlan plan,
            CommonLabels common,
            SampleBatch batch,
            int row,
            @Nullable NativeHistogram histogram,
            int exemplarFrom,
            int exemplarTo,
            int maxBytes);

    /** Why this protocol cannot send a histogram, or null if it can. */
    abstract @Nullable String refusal(NativeHistogram histogram);

    /** Computes what this protocol needs beyond the plan's common part. */
    abstract void complete(SeriesPlan plan, Labels common);

    abstract void complete(CommonLabels common);

    /** The labels as this protocol may send them; null if it cannot. */
    abstract @Nullable Labels sendable(Labels labels);

    /** Called after plans or common labels were forgotten, between requests. */
    abstract void swept(Iterable<SeriesPlans> plans, Iterable<CommonLabels> commons);

    /** Remembers the state to come back to. */
    void mark() {
        markedSamples = samples;
        markedExemplars = exemplars;
        markedMin = minTimestamp;
        markedMax = maxTimestamp;
    }

    /** Takes back what was encoded since {@link #mark}. The request must be sealed next. */
    void rollback() {
        samples = markedSamples;
        exemplars = markedExemplars;
        minTimestamp = markedMin;
        maxTimestamp = markedMax;
        droppedRows.clear();
    }

    /** Finishes the request and starts the next one. */
    final Block seal(long nowNanos, BodyPool bodies) {
        Body body = packer.join(bodies, symbolBytes(), packer.hasPieces() ? rowBytes() : arrangedRows());
        Block block = new Block(protocol(), body, samples, exemplars, minTimestamp, maxTimestamp, nowNanos);
        clear();
        clearCounts();
        return block;
    }

    /** The encoded series so far. */
    abstract WireBuffer rowBytes();

    /** The same in the order in which they are best compressed, for a request that is finished. */
    WireBuffer arrangedRows() {
        return rowBytes();
    }

    /**
     * The encoded symbols so far; null where there is no such thing. They go before the rows: fields may come in any order,
     * but a reader that streams needs them first.
     */
    abstract @Nullable WireBuffer symbolBytes();

    abstract void clear();

    /**
     * What the request has gained since the last piece that was kept, as a request body.
     *
     * @param selfContained whether it must not need the pieces before
     */
    final WireBuffer newPiece(SpoolHeader header, boolean selfContained) {
        return packer.newPiece(header, symbolBytes(), rowBytes(), selfContained);
    }

    /** See {@link BlockPacker#symbolCopy}. */
    final @Nullable WireBuffer symbolCopy(SpoolHeader header) {
        return packer.symbolCopy(header);
    }

    /** The last piece has been written: the next one starts after it. */
    final void keepPiece() {
        packer.keepPiece();
    }

    private void clearCounts() {
        samples = 0;
        exemplars = 0;
        minTimestamp = Long.MAX_VALUE;
        maxTimestamp = Long.MIN_VALUE;
    }

    /** How many different common labels are known. */
    final int targets() {
        return commons.size();
    }

    /** All series known, for metadata. */
    final Set<Series> knownSeries() {
        Set<Series> known = Collections.newSetFromMap(new IdentityHashMap<>());
        for (SeriesPlans plans : allPlans()) {
            known.addAll(plans.bySeries.keySet());
        }
        return known;
    }

    private CommonLabels commonFor(Labels batchLabels) {
        CommonLabels known = lastCommon;
        if (known == null || !batchLabels.equals(lastBatchLabels)) {
            known = commons.get(batchLabels);
            if (known == null) {
                known = newCommon(batchLabels);
                commons.put(batchLabels, known);
            }
            lastCommon = known;
            lastBatchLabels = batchLabels;
        }
        known.usedInPeriod = period;
        return known;
    }

    private CommonLabels bare() {
        CommonLabels known = bare;
        if (known == null) {
            known = newCommon(Labels.EMPTY);
            bare = known;
        }
        return known;
    }

    private CommonLabels newCommon(Labels batchLabels) {
        Labels full = batchLabels.withDefaults(external);
        Labels labels = relabel == null ? sendable(full) : full;
        if (labels == null) {
            LOGGER.log(
                    Level.WARNING,
                    "two names of the common labels " + full + " become one in Remote Write 1.0;"
                            + " these labels are left out");
            labels = Labels.EMPTY;
        }
        SeriesPlans plans;
        if (relabel != null) {
            // Rules may look at the values of common labels, so nothing is shared between targets.
            plans = new SeriesPlans();
        } else {
            StringBuilder names = new StringBuilder();
            for (Labels.Cursor at = labels.cursor(); at.next(); ) {
                names.append(at.name()).append('\0');
            }
            plans = plansByNames.computeIfAbsent(names.toString(), key -> new SeriesPlans());
        }
        CommonLabels common = new CommonLabels(labels, plans);
        if (relabel == null) {
            complete(common);
        }
        return common;
    }

    private SeriesPlan find(Series series, CommonLabels common, CommonLabels externalOnly) {
        SeriesPlan plan = common.plans.bySeries.get(series);
        if (plan == null) {
            plan = newPlan(series, series.isComplete() ? externalOnly.labels : common.labels);
            common.plans.bySeries.put(series, plan);
            planCount++;
        }
        return plan;
    }

    private SeriesPlan newPlan(Series series, Labels common) {
        Labels wanted = series.labels();
        Labels others = common;
        if (relabel != null) {
            wanted = relabeled(wanted.withDefaults(common));
            others = Labels.EMPTY;
        }
        if (wanted == null) {
            return dropped(series, "relabeled");
        }
        Labels own = wanted.metricName() == null ? null : sendable(wanted);
        if (own == null) {
            LOGGER.log(
                    Level.WARNING,
                    "series " + wanted + " cannot be sent: "
                            + (wanted.metricName() == null
                                    ? "it has no metric name"
                                    : "two of its label names become one in Remote Write 1.0"));
            return dropped(series, "invalid");
        }
        SeriesPlan plan = new SeriesPlan(series, own, null, series.isComplete(), SeriesPlans.runs(own, others));
        complete(plan, others);
        return plan;
    }

    private static SeriesPlan dropped(Series series, String reason) {
        return new SeriesPlan(series, Labels.EMPTY, reason, series.isComplete(), SeriesPlan.NO_REFS);
    }

    private @Nullable Labels relabeled(Labels labels) {
        UnaryOperator<Labels> rules = relabel;
        if (rules == null) {
            return labels;
        }
        try {
            Labels result = rules.apply(labels);
            return result == null || result.metricName() == null ? null : result;
        } catch (RuntimeException e) {
            LOGGER.log(Level.WARNING, "write relabeling of " + labels + " failed, the series is dropped", e);
            return null;
        }
    }

    private void startPeriod(long nowNanos) {
        int now = (int) (nowNanos / SWEEP_NANOS);
        if (now != period || planCount > MANY_PLANS) {
            // Symbols of the open request are numbered, so the sweep waits for an empty one.
            if (samples == 0) {
                sweep(now);
            }
        }
    }

    private void sweep(int now) {
        int keepFrom = planCount > MANY_PLANS ? now : now - 1;
        period = now;
        commons.values().removeIf(common -> common.usedInPeriod - keepFrom < 0);
        lastCommon = null;
        lastBatchLabels = null;
        Set<SeriesPlans> live = Collections.newSetFromMap(new IdentityHashMap<>());
        commons.values().forEach(common -> live.add(common.plans));
        plansByNames.values().retainAll(live);
        planCount = 0;
        for (SeriesPlans plans : live) {
            plans.sweep(keepFrom);
            planCount += plans.bySeries.size();
        }
        if (planCount > MANY_PLANS) {
            // All of them in use: start anew rather than sweep before every block.
            live.forEach(plans -> plans.sweep(now + 1));
            planCount = 0;
        }
        swept(live, allCommons());
    }

    private Set<SeriesPlans> allPlans() {
        Set<SeriesPlans> live = Collections.newSetFromMap(new IdentityHashMap<>());
        allCommons().forEach(common -> live.add(common.plans));
        return live;
    }

    private Set<CommonLabels> allCommons() {
        Set<CommonLabels> all = Collections.newSetFromMap(new IdentityHashMap<>());
        all.addAll(commons.values());
        if (bare != null) {
            all.add(bare);
        }
        return all;
    }
}

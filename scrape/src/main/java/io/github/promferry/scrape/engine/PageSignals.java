package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.scrape.engine.ServingStateMachine.Observation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The signals on one target's pages. Not thread-safe.
 *
 * <p>A page has the same series in the same order as the one before, so what each row means is worked out once: for every
 * series that tells something there is a cell, which knows its row. Reading a page is then a walk over its rows to see
 * that they are still the same objects, and one over the cells, of which there is one for every third to fourth row.
 * Cells of counters hold how far they have grown since they were first seen, whatever restarts lay between.
 */
final class PageSignals {
    private static final int ABSENT = -1;

    private final EngineCatalog catalog;
    private final WatchedDictionary dictionary;
    private final long windowMillis;
    private final SignalHistory history;

    private List<EngineMatch> engines = List.of();
    /** Pages looked at in vain. */
    private int unrecognized;

    /** The rows as they were last time. */
    private Series[] rows = {};

    private long fingerprint;
    private boolean progressed;

    // Cells side by side: first those of counters, then those of gauges.
    private WatchedSeries[] cells = {};
    private int counters;
    private int[] cellRows = {};
    private double[] values = {};
    private double[] growth = {};
    private boolean[] progress = {};
    private long[] lastSeen = {};
    private SignalLayout layout = SignalLayout.of(cells);
    /** Whether what a new cell shows has grown before anybody looked. */
    private boolean firstLook;

    private List<Labels> starts = List.of();
    private int[] startRows = {};
    private double[] startValues = {};

    PageSignals(EngineCatalog catalog, WatchedDictionary dictionary, long windowMillis) {
        this.catalog = catalog;
        this.dictionary = dictionary;
        this.windowMillis = windowMillis;
        this.history = new SignalHistory(windowMillis);
    }

    /** The engine on the page, or null if none was recognized. */
    @Nullable
    EngineMatch engine() {
        return engines.isEmpty() ? null : engines.get(0);
    }

    SignalLayout layout() {
        return layout;
    }

    /** The moment since which growth is told; -1 while there is only one. */
    int base(long now) {
        return history.base(now);
    }

    long baseTime(int moment) {
        return history.time(moment);
    }

    /** By how much a counter's cell has grown since a moment, in the signal's unit. */
    double growth(int cell, int since) {
        return cells[cell].reading().apply(growth[cell] - history.growth(since, cell));
    }

    /** A gauge's value in the signal's unit, NaN if it is not on the page. */
    double value(int cell) {
        return cells[cell].reading().apply(values[cell]);
    }

    /**
     * Reads the rows of a page.
     *
     * @param pageRows how many of the first rows are the page; markers and the report follow
     * @return null if there is no engine on it
     */
    @Nullable
    Observation read(SampleBatch batch, int pageRows, long now) {
        if (engines.isEmpty() && !recognize(batch, pageRows)) {
            return null;
        }
        if (!isExpected(batch, pageRows)) {
            learn(batch, pageRows, now);
            if (engines.isEmpty()) {
                return null;
            }
        }
        boolean moved = readFingerprint(batch, pageRows);
        boolean restarted = readStarts(batch);
        restarted |= readCounters(batch);
        readGauges(batch);
        firstLook = false;
        history.add(now, growth);
        return new Observation(
                total(EngineSignal.REQUESTS_RUNNING),
                total(EngineSignal.REQUESTS_WAITING),
                total(EngineSignal.KV_CACHE_USAGE),
                progressed,
                moved,
                restarted);
    }

    private boolean isExpected(SampleBatch batch, int pageRows) {
        Series[] expected = rows;
        if (pageRows != expected.length) {
            return false;
        }
        for (int row = 0; row < pageRows; row++) {
            if (batch.series(row) != expected[row]) {
                return false;
            }
        }
        return true;
    }

    /** Whether any value differs from the page before; a difference that cancels itself out is not worth a thought. */
    private boolean readFingerprint(SampleBatch batch, int pageRows) {
        long mixed = 1;
        for (int row = 0; row < pageRows; row++) {
            mixed = Long.rotateLeft(mixed, 5) ^ batch.valueBits(row);
        }
        boolean differs = mixed != fingerprint;
        fingerprint = mixed;
        return differs;
    }

    private boolean readStarts(SampleBatch batch) {
        boolean restarted = false;
        for (int i = 0; i < startRows.length; i++) {
            double start = Double.longBitsToDouble(batch.valueBits(startRows[i]));
            // The first value is news, but none of a restart.
            restarted |= start < startValues[i] || start > startValues[i];
            startValues[i] = start;
        }
        return restarted;
    }

    /** Returns whether a counter has fallen, which it does when its process is started anew. */
    private boolean readCounters(SampleBatch batch) {
        boolean worked = false;
        boolean reset = false;
        for (int cell = 0; cell < counters; cell++) {
            int row = cellRows[cell];
            if (row == ABSENT) {
                continue;
            }
            double value = Double.longBitsToDouble(batch.valueBits(row));
            double grown = value - values[cell];
            if (grown > 0) {
                values[cell] = value;
                growth[cell] += grown;
                worked |= progress[cell];
            } else if (grown != 0 && !Double.isNaN(value)) {
                reset |= beginAnew(cell, value);
            }
        }
        progressed = worked;
        return reset;
    }

    /** A counter that was not there before, or has fallen. */
    private boolean beginAnew(int cell, double value) {
        boolean isNew = Double.isNaN(values[cell]);
        growth[cell] += isNew && firstLook ? 0 : value;
        values[cell] = value;
        return !isNew;
    }

    private void readGauges(SampleBatch batch) {
        for (int cell = counters; cell < cells.length; cell++) {
            int row = cellRows[cell];
            values[cell] = row == ABSENT ? Double.NaN : Double.longBitsToDouble(batch.valueBits(row));
        }
    }

    private double total(EngineSignal signal) {
        return SignalValues.aggregate(this, signal, layout.total().values(signal));
    }

    // What follows is for pages that differ from the one before.

    /**
     * Looks for an engine: on the first page, and ever more rarely if there is none. Detection reads every name of a page,
     * which is much for a host's, and engines tell who they are from the first page on.
     */
    private boolean recognize(SampleBatch batch, int pageRows) {
        return Integer.bitCount(++unrecognized) == 1 && detect(batch, pageRows);
    }

    private boolean detect(SampleBatch batch, int pageRows) {
        List<Labels> page = new ArrayList<>(pageRows);
        for (int row = 0; row < pageRows; row++) {
            page.add(batch.series(row).labels());
        }
        List<EngineMatch> found = catalog.detect(page).stream()
                .filter(match -> match.engine().role() == LlmEngine.Role.ENGINE)
                .toList();
        if (!found.equals(engines)) {
            engines = found;
            rows = new Series[0];
            starts = List.of();
            firstLook = true;
        }
        return !found.isEmpty();
    }

    private void learn(SampleBatch batch, int pageRows, long now) {
        if (engines.stream().noneMatch(EngineMatch::decisive) && !detect(batch, pageRows)) {
            return;
        }
        rows = new Series[pageRows];
        Map<WatchedSeries, Integer> rowOf = new HashMap<>();
        for (int row = 0; row < pageRows; row++) {
            rows[row] = batch.series(row);
            for (EngineMatch match : engines) {
                for (WatchedSeries watched : dictionary.of(match.engine(), rows[row])) {
                    rowOf.put(watched, row);
                }
            }
        }
        arrange(rowOf, now);
        findStarts();
        if (rowOf.isEmpty()) {
            // Another program answers at this address.
            engines = List.of();
            unrecognized = 0;
        }
    }

    /** Makes room for what is new, and keeps for a window what a counter that has vanished has told. */
    private void arrange(Map<WatchedSeries, Integer> rowOf, long now) {
        Map<WatchedSeries, Integer> before = new HashMap<>();
        Set<WatchedSeries> all = new LinkedHashSet<>(rowOf.keySet());
        for (int cell = 0; cell < cells.length; cell++) {
            before.put(cells[cell], cell);
            lastSeen[cell] = cellRows[cell] == ABSENT ? lastSeen[cell] : now;
            if (cell < counters && now - lastSeen[cell] <= windowMillis) {
                all.add(cells[cell]);
            }
        }
        WatchedSeries[] arranged = all.stream()
                .sorted(Comparator.comparing((WatchedSeries each) -> !each.isCumulative()))
                .toArray(WatchedSeries[]::new);
        int[] old = Stream.of(arranged)
                .mapToInt(each -> before.getOrDefault(each, ABSENT))
                .toArray();
        history.rearrange(old, cells.length);
        double[] oldValues = values;
        double[] oldGrowth = growth;
        long[] oldSeen = lastSeen;
        values = new double[arranged.length];
        growth = new double[arranged.length];
        lastSeen = new long[arranged.length];
        cellRows = new int[arranged.length];
        progress = new boolean[arranged.length];
        for (int cell = 0; cell < arranged.length; cell++) {
            int from = old[cell];
            values[cell] = from == ABSENT ? Double.NaN : oldValues[from];
            growth[cell] = from == ABSENT ? 0 : oldGrowth[from];
            lastSeen[cell] = from == ABSENT ? now : oldSeen[from];
            cellRows[cell] = rowOf.getOrDefault(arranged[cell], ABSENT);
            progress[cell] = arranged[cell].isProgress();
        }
        counters = (int) Stream.of(arranged).filter(WatchedSeries::isCumulative).count();
        cells = arranged;
        layout = SignalLayout.of(arranged);
    }

    private void findStarts() {
        List<Labels> found = new ArrayList<>();
        List<Integer> foundRows = new ArrayList<>();
        for (int row = 0; row < rows.length; row++) {
            Labels series = rows[row].labels();
            if (isStart(String.valueOf(series.metricName()))) {
                found.add(series);
                foundRows.add(row);
            }
        }
        double[] foundValues = new double[found.size()];
        for (int i = 0; i < foundValues.length; i++) {
            int before = starts.indexOf(found.get(i));
            foundValues[i] = before < 0 ? Double.NaN : startValues[before];
        }
        starts = found;
        startRows = foundRows.stream().mapToInt(Integer::intValue).toArray();
        startValues = foundValues;
    }

    private boolean isStart(String sample) {
        String name = sample.replace(':', '_');
        return engines.stream()
                .flatMap(match -> match.engine().restartSignals().stream())
                .anyMatch(signal -> signal.replace(':', '_').equals(name));
    }
}

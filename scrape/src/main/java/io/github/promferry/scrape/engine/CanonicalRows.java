package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.scrape.engine.CanonicalSeries.Canonical;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which rows of a target's batch have a second name: worked out anew whenever the batch has other series. */
final class CanonicalRows {
    private static final Series[] NO_SERIES = {};

    /** Those of the batch that this was worked out for, in its order. */
    private Series[] seen = NO_SERIES;

    private int size;
    private int[] rows = {};
    private Series[] series = NO_SERIES;
    private double[] scales = {};

    /** Whether the batch has the series of the one before, in the same order, and none of them has ended. */
    boolean fit(SampleBatch batch) {
        int count = batch.size();
        Series[] expected = seen;
        if (count != expected.length) {
            return false;
        }
        for (int row = 0; row < count; row++) {
            if (batch.series(row) != expected[row] || SampleValues.isStale(batch.valueBits(row))) {
                return false;
            }
        }
        return true;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** A row and what it is called besides. */
    private record Candidate(int row, boolean stale, Canonical canonical) {
        boolean isBetterThan(Candidate other) {
            return stale != other.stale
                    ? other.stale
                    : canonical.order() < other.canonical().order();
        }
    }

    void learn(SampleBatch batch, CanonicalSeries dictionary) {
        Map<Labels, Candidate> chosen = new LinkedHashMap<>();
        seen = new Series[batch.size()];
        for (int row = 0; row < batch.size(); row++) {
            seen[row] = batch.series(row);
            boolean stale = SampleValues.isStale(batch.valueBits(row));
            for (Canonical canonical : dictionary.of(batch.series(row))) {
                Candidate candidate = new Candidate(row, stale, canonical);
                chosen.merge(
                        canonical.series().labels(),
                        candidate,
                        (known, other) -> other.isBetterThan(known) ? other : known);
            }
        }
        size = chosen.size();
        rows = new int[size];
        series = new Series[size];
        scales = new double[size];
        int at = 0;
        for (Candidate candidate : chosen.values()) {
            rows[at] = candidate.row();
            series[at] = candidate.canonical().series();
            scales[at++] = candidate.canonical().scale();
        }
    }

    /** Adds the rows under their second names; the batch begins with the rows that this fits. */
    void addTo(SampleBatch batch) {
        for (int at = 0; at < size; at++) {
            int row = rows[at];
            batch.add(series[at], batch.timestamp(row), scaled(batch.valueBits(row), scales[at]));
            long start = batch.startTimestamp(row);
            if (start != SampleBatch.NO_TIMESTAMP) {
                batch.setStartTimestamp(start);
            }
        }
    }

    private static long scaled(long bits, double scale) {
        double value = Double.longBitsToDouble(bits);
        // A stale marker is a NaN and must not pass through arithmetic.
        return scale == 1 || Double.isNaN(value) ? bits : Double.doubleToRawLongBits(value * scale);
    }
}

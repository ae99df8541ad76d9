package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.Series;
import java.util.Arrays;
import java.util.IdentityHashMap;

/** The plans of all series that meet common labels of certain names. */
final class SeriesPlans {
    private static final int[] NO_RUNS = {};

    final IdentityHashMap<Series, SeriesPlan> bySeries = new IdentityHashMap<>();

    /** Stands before the first row of a batch, to predict it like every other. */
    final SeriesPlan head = new SeriesPlan(null, Labels.EMPTY, null, false, NO_RUNS);

    /** Forgets plans that were not used since the given period. */
    void sweep(int period) {
        bySeries.values().removeIf(plan -> plan.usedInPeriod - period < 0);
        // A forgotten plan must not come back by prediction. One lap learns the order again.
        head.next = null;
        bySeries.values().forEach(plan -> plan.next = null);
    }

    /** Where common labels go among a series' own, whose names win. See {@link SeriesPlan#runs}. */
    static int[] runs(Labels own, Labels common) {
        int[] runs = NO_RUNS;
        Labels.Cursor mine = own.cursor();
        Labels.Cursor other = common.cursor();
        boolean left = mine.next();
        boolean open = false;
        for (int i = 0; other.next(); i++) {
            while (left && mine.compareNames(other) < 0) {
                left = mine.next();
                open = false;
            }
            if (left && mine.compareNames(other) == 0) {
                open = false;
                continue;
            }
            if (!open) {
                runs = Arrays.copyOf(runs, runs.length + 3);
                runs[runs.length - 3] = left ? mine.start() : own.encodedLength();
                runs[runs.length - 2] = i;
                open = true;
            }
            runs[runs.length - 1] = i + 1;
        }
        return runs;
    }
}

package io.github.promferry.parse;

import java.util.Arrays;

/** What was met on a page. */
final class PageCounts {
    private final int[] tolerated = new int[Tolerated.values().length];

    int samples;
    int kept;
    int duplicates;
    int overSeriesLimit;
    int tooFarAhead;
    int outOfOrder;
    int badLines;
    int nativeHistograms;

    void reset() {
        samples = 0;
        kept = 0;
        duplicates = 0;
        overSeriesLimit = 0;
        tooFarAhead = 0;
        outOfOrder = 0;
        badLines = 0;
        nativeHistograms = 0;
        Arrays.fill(tolerated, 0);
    }

    int tolerated(Tolerated kind) {
        return tolerated[kind.index()];
    }

    void tolerate(Tolerated kind) {
        tolerated[kind.index()]++;
    }

    /** Whether anything else was tolerated. */
    boolean anyBut(Tolerated first, Tolerated second) {
        for (Tolerated kind : Tolerated.values()) {
            if (tolerated(kind) > 0 && kind != first && kind != second) {
                return true;
            }
        }
        return false;
    }

    /** Counts each kind of a set of {@link Tolerated#bit} once. */
    void tolerateAll(int kinds) {
        for (int left = kinds; left != 0; left &= left - 1) {
            tolerated[Integer.numberOfTrailingZeros(left)]++;
        }
    }
}

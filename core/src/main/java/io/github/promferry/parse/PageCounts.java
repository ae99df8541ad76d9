package io.github.promferry.parse;

import io.github.promferry.Series;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What was met on a page. */
final class PageCounts {
    private static final @Nullable Series[] NO_SERIES = {};

    private final int[] tolerated = new int[Tolerated.values().length];
    private final int[] leftOut = new int[LeftOut.values().length];
    /** By reason; most pages have no such sample. */
    private @Nullable Series[] firstLeftOut = NO_SERIES;

    int samples;
    int kept;
    int badLines;
    int nativeHistograms;

    void reset() {
        samples = 0;
        kept = 0;
        badLines = 0;
        nativeHistograms = 0;
        Arrays.fill(tolerated, 0);
        Arrays.fill(leftOut, 0);
        firstLeftOut = NO_SERIES;
    }

    int tolerated(Tolerated kind) {
        return tolerated[kind.index()];
    }

    void tolerate(Tolerated kind) {
        tolerated[kind.index()]++;
    }

    /** Whether anything else was tolerated. */
    boolean anyBut(Set<Tolerated> kinds) {
        for (Tolerated kind : Tolerated.values()) {
            if (tolerated(kind) > 0 && !kinds.contains(kind)) {
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

    int leftOut(LeftOut why) {
        return leftOut[why.index()];
    }

    @Nullable
    Series firstLeftOut(LeftOut why) {
        return leftOut(why) == 0 ? null : firstLeftOut[why.index()];
    }

    void leaveOut(LeftOut why, Series series) {
        if (leftOut[why.index()]++ == 0) {
            if (firstLeftOut.length == 0) {
                firstLeftOut = new Series[leftOut.length];
            }
            firstLeftOut[why.index()] = series;
        }
    }
}

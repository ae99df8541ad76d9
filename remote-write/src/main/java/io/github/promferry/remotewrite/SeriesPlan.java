package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.Series;
import org.jspecify.annotations.Nullable;

/**
 * How a series is encoded together with common labels of certain names: computed when the series is first seen, then
 * found again by identity. It holds no text of the common labels and serves every target that has the same names.
 */
final class SeriesPlan {
    static final int[] NO_REFS = {};
    private static final byte[] NO_BYTES = {};

    /** Null in the head of the chain only. */
    final @Nullable Series series;

    /** The labels to send, relabeled and escaped. */
    final Labels own;

    /** Why the series is not sent, or null if it is. */
    final @Nullable String dropReason;

    /** Whether the common labels are left out, but for external ones. */
    final boolean complete;

    /**
     * Where the common labels go, three numbers for each run of them: the own bytes up to this index come first, then the
     * common labels from this one to that one. The rest of the own bytes follows the last run.
     */
    final int[] runs;

    /**
     * With 2.0, name and value of each label in sorted order: a symbol, or for the value of a common label the complement
     * of its index.
     */
    int[] refs = NO_REFS;

    /** The indexes of the common labels among {@link #refs}, in their order. */
    int[] commonIndexes = NO_REFS;

    int helpSymbol;
    int unitSymbol;

    /** The request of 2.0 that the series was met in last. */
    int seenInRequest;

    /**
     * From the second target of a request on, an encoded row: values of common labels, value and time differ from target to
     * target, and the rest is copied. A few bytes longer than the row.
     */
    byte[] template = NO_BYTES;

    int templateLength;
    int templateRequest;

    /** Which values of common labels take two bytes in it, as a bit for each. */
    long templateLengths;

    /** Where the value is in the template, and the values of the {@link #commonIndexes}. */
    int valueAt;

    int[] commonAt = NO_REFS;

    /** The series that came after this one last time, most likely the next one again. */
    @Nullable
    SeriesPlan next;

    /** When it was used last, in sweep periods. */
    int usedInPeriod;

    SeriesPlan(@Nullable Series series, Labels own, @Nullable String dropReason, boolean complete, int[] runs) {
        this.series = series;
        this.own = own;
        this.dropReason = dropReason;
        this.complete = complete;
        this.runs = runs;
    }
}

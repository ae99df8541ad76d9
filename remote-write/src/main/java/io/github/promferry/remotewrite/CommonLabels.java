package io.github.promferry.remotewrite;

import io.github.promferry.Labels;

/**
 * Labels that the rows of a batch share, ready for encoding. There is one for each target of a shard, so it holds next to
 * nothing; what depends on their names alone is in the {@link SeriesPlans}, shared by all targets with the same names.
 */
final class CommonLabels {
    static final int[] NO_SYMBOLS = {};

    final Labels labels;
    final SeriesPlans plans;

    /** Where each label begins in the encoded form, and where the last one ends. */
    final int[] offsets;

    /** With 2.0, the symbol of each label's value. */
    int[] valueSymbols = NO_SYMBOLS;

    /** When it was used last, in sweep periods. */
    int usedInPeriod;

    /** The round of {@link RowInterleaver} that it was in last. */
    int round;

    CommonLabels(Labels labels, SeriesPlans plans) {
        this.labels = labels;
        this.plans = plans;
        offsets = new int[labels.size() + 1];
        int i = 0;
        for (Labels.Cursor at = labels.cursor(); at.next(); i++) {
            offsets[i] = at.start();
        }
        offsets[i] = labels.encodedLength();
    }
}

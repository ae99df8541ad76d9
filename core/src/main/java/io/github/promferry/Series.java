package io.github.promferry;

import java.util.Objects;

/**
 * A series as a source knows it: its labels and its metadata. One object stands for one series for as long as the source
 * exposes it, so sinks may recognize a series by identity and keep what they derived from it.
 *
 * <p>The labels that reach the store are these plus the {@linkplain SampleBatch#commonLabels() common labels} of the
 * batch; where both have a name, the value here wins. A {@linkplain #isComplete() complete} series takes none of the
 * common labels.
 *
 * <p>Immutable and thread-safe. {@code equals} is identity.
 *
 * @since 0.1
 */
public final class Series {
    private final Labels labels;
    private final MetricMetadata metadata;
    private final boolean complete;

    private Series(Labels labels, MetricMetadata metadata, boolean complete) {
        this.labels = Objects.requireNonNull(labels, "labels");
        this.metadata = Objects.requireNonNull(metadata, "metadata");
        this.complete = complete;
    }

    /**
     * A series that the common labels of its batch complete.
     *
     * @param labels own labels, {@code __name__} among them
     * @param metadata of the series' family, or {@link MetricMetadata#NONE}
     * @return a new series
     */
    public static Series of(Labels labels, MetricMetadata metadata) {
        return new Series(labels, metadata, false);
    }

    /**
     * A series that carries its full labels, for instance because relabeling took one of the common labels away.
     *
     * @param labels all labels
     * @param metadata of the series' family, or {@link MetricMetadata#NONE}
     * @return a new series
     */
    public static Series complete(Labels labels, MetricMetadata metadata) {
        return new Series(labels, metadata, true);
    }

    /**
     * The series' own labels.
     *
     * @return sorted labels, {@code __name__} among them
     */
    public Labels labels() {
        return labels;
    }

    /**
     * What the source says of the series' family.
     *
     * @return {@link MetricMetadata#NONE} if it says nothing
     */
    public MetricMetadata metadata() {
        return metadata;
    }

    /**
     * Whether the batch's common labels are left out.
     *
     * @return true if {@link #labels()} are all there is
     */
    public boolean isComplete() {
        return complete;
    }

    /**
     * The labels that reach the store.
     *
     * @param common the common labels of the batch
     * @return own labels plus those common ones whose name the series lacks
     */
    public Labels fullLabels(Labels common) {
        return complete || common.isEmpty() ? labels : labels.withDefaults(common);
    }

    @Override
    public String toString() {
        return labels.toString();
    }
}

package io.github.promferry;

import java.util.Objects;

/**
 * An example observation of a counter or bucket, usually naming a trace. Immutable.
 *
 * @param labels may be empty
 * @param value the observed value
 * @param timestampMillis milliseconds since the Unix epoch, or {@link SampleBatch#NO_TIMESTAMP} if the page has none
 * @since 0.1
 */
public record Exemplar(Labels labels, double value, long timestampMillis) {
    /**
     * Rejects nulls.
     *
     * @param labels may be empty
     * @param value the observed value
     * @param timestampMillis milliseconds since the Unix epoch, or {@link SampleBatch#NO_TIMESTAMP}
     */
    public Exemplar {
        Objects.requireNonNull(labels, "labels");
    }
}

package io.github.promferry;

/**
 * Gives the current samples of something in this process: a registry, a component's own metrics.
 *
 * <p>Readers, such as a scraper, a registry or a page of the service's own, do not know of each other: a source that has
 * several is thread-safe, as all sources of this library are.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface MetricSource {
    /**
     * Adds one row for each current series. Rows whose timestamp is {@link SampleBatch#NO_TIMESTAMP} are stamped by the
     * caller. Use the same {@link Series} object for the same series in every call: whoever reads the batch recognizes
     * known series by identity.
     *
     * @param batch the batch to add to; belongs to the caller
     */
    void collect(SampleBatch batch);
}

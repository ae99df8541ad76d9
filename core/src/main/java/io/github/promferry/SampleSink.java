package io.github.promferry;

import java.time.Duration;

/**
 * Takes batches of samples: a Remote Write client, a test's list, a service's own code.
 *
 * <p>Called from several threads at once, but never concurrently for one set of {@linkplain SampleBatch#commonLabels()
 * common labels}: a target's batches arrive one after the other, in the order of their timestamps.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface SampleSink {
    /**
     * Takes all rows of the batch, or none. The callee may read the batch until it returns and copies what it keeps; the
     * caller uses the batch again afterwards.
     *
     * @param batch the rows; not empty
     * @return true if the sink is now responsible for every row; false if it took none (queue full, closed), which the
     *     sink has counted
     */
    boolean append(SampleBatch batch);

    /**
     * Whether {@link #append} may wait: for room, a disk, a network. A scraper calls a sink that never does on the thread
     * that waits for all its targets, which saves waking another one for each page.
     *
     * @return the same at each call; true by default
     */
    default boolean mayBlock() {
        return true;
    }

    /**
     * Waits until everything appended before the call has left the sink: delivered, or dropped and counted. Sinks that
     * keep nothing return {@link FlushResult#NOTHING_KEPT} at once, as this default does.
     *
     * @param timeout how long to wait at most
     * @return what was delivered during the call and what still waits
     */
    default FlushResult flush(Duration timeout) {
        return FlushResult.NOTHING_KEPT;
    }
}

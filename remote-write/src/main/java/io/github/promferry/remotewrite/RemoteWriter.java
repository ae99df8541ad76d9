package io.github.promferry.remotewrite;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import java.time.Duration;
import java.util.Objects;

/**
 * Sends samples to a Remote Write receiver.
 *
 * @since 0.1
 */
public final class RemoteWriter implements SampleSink, AutoCloseable {
    private RemoteWriter(RemoteWriteConfig config) {
        Objects.requireNonNull(config, "config");
    }

    /**
     * A writer that waits for {@link #start()}.
     *
     * @param config where and how to send
     * @return a new writer
     */
    public static RemoteWriter create(RemoteWriteConfig config) {
        return new RemoteWriter(config);
    }

    /** Starts to send. */
    public void start() {}

    @Override
    public boolean append(SampleBatch batch) {
        return false;
    }

    @Override
    public boolean flush(Duration timeout) {
        return true;
    }

    /**
     * Sends what waits, for so long at most, and stops.
     *
     * @param timeout how long to go on at most
     * @return true if everything was decided
     */
    public boolean close(Duration timeout) {
        return true;
    }

    /** {@link #close(Duration)} with a default timeout. */
    @Override
    public void close() {
        close(Duration.ofSeconds(10));
    }

    /**
     * What has been done so far.
     *
     * @return a consistent snapshot
     */
    public WriterStats stats() {
        return new WriterStats(0, 0, 0, java.util.Map.of(), 0, 0, 0, 0, 0, 0, 0, Long.MAX_VALUE, Long.MIN_VALUE);
    }
}

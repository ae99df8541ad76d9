package io.github.promferry.remotewrite;

import java.time.Duration;

/**
 * When samples leave: how much a request may hold and how long the first sample in it waits for company.
 *
 * <p>Replace it to send at moments that only the service knows, such as the end of a request in a function that is frozen
 * between requests. Methods are called under the lock of a shard: they must be fast and must not call the writer.
 *
 * @since 0.1
 */
public interface BatchPolicy {
    /**
     * Samples in a request unless told otherwise. Five times Prometheus' {@code max_samples_per_send}: twenty engines of a
     * kind share the symbols of a 2.0 request then, which saves a seventh of the bytes.
     */
    int DEFAULT_MAX_SAMPLES = 10_000;

    /** Bytes of a request before compression unless told otherwise: 1 MB is accepted by every receiver known. */
    int DEFAULT_MAX_BYTES = 1_000_000;

    /** How long a sample waits for others unless told otherwise. */
    Duration DEFAULT_LINGER = Duration.ofSeconds(1);

    /** The defaults above. */
    BatchPolicy DEFAULT = of(DEFAULT_MAX_SAMPLES, DEFAULT_MAX_BYTES, DEFAULT_LINGER);

    /**
     * The most samples that a request may hold. A batch handed to {@link RemoteWriter#append} that fits into one request
     * is never torn into two.
     *
     * @return a positive number
     */
    int maxSamples();

    /**
     * The most bytes that a request may hold before compression; only a single sample larger than this makes a larger
     * request.
     *
     * @return a positive number
     */
    int maxBytes();

    /**
     * How long the open request may wait, counted from its first sample. Asked after each batch, so the answer may depend
     * on what has come together or on anything else.
     *
     * @param samples how many samples the open request holds
     * @param bytes how many bytes it has before compression
     * @return zero or less to send it now
     */
    Duration linger(int samples, int bytes);

    /**
     * The same limits always.
     *
     * @param maxSamples the most samples in a request
     * @param maxBytes the most bytes in a request, before compression
     * @param linger how long the first sample waits for others; zero sends every batch at once
     * @return an immutable policy
     * @throws IllegalArgumentException if a limit is not positive or the linger is negative
     */
    static BatchPolicy of(int maxSamples, int maxBytes, Duration linger) {
        return new FixedBatchPolicy(maxSamples, maxBytes, linger);
    }
}

package io.github.promferry.remotewrite;

import java.util.Map;
import java.util.TreeMap;

/**
 * What has become of every sample that a writer accepted: it is delivered, dropped for a reason, or waiting. Each method
 * keeps {@code accepted = delivered + dropped + waiting}.
 *
 * <p>Not thread-safe: it belongs to a {@link BlockQueue}, which calls it under its lock, so that what the ledger says and
 * what the queue holds are of one moment.
 */
final class Ledger {
    private final Map<String, Long> dropped = new TreeMap<>();
    private long accepted;
    private long recovered;
    private long refused;
    private long delivered;
    private long waiting;
    private long waitingBytes;
    private int waitingBlocks;
    private long exemplarsDelivered;
    private long requests;
    private long retries;
    private long bytesSent;
    private long samplesSent;
    private long samplesRetried;
    private long newestDelivered = Long.MIN_VALUE;
    private long samplesSealed;
    private long samplesFinished;
    private long sendNanos;

    void accept(long samples) {
        accepted += samples;
        waiting += samples;
    }

    /** Accepts what a writer before this one left in the spool. */
    void recover(long samples) {
        recovered += samples;
        accept(samples);
    }

    void refuse(long samples) {
        refused += samples;
    }

    /** Gives up samples that wait. */
    void drop(String reason, long samples) {
        waiting -= samples;
        dropped.merge(reason, samples, Long::sum);
    }

    /** Counts a request that has been finished. */
    void seal(Block block) {
        samplesSealed += block.samples;
    }

    /** A finished request is in memory. Its samples have been accepted before. */
    void enter(Block block) {
        waitingBytes += block.body.length;
        waitingBlocks++;
    }

    /** A request is in memory no more, whatever becomes of its samples. */
    void leave(Block block) {
        waitingBytes -= block.body.length;
        waitingBlocks--;
    }

    /** Compressed bytes of the requests in memory. */
    long waitingBytes() {
        return waitingBytes;
    }

    /** Counts an attempt to send a request. */
    void attempt(Block block) {
        requests++;
        samplesSent += block.samples;
        if (block.attempts > 1) {
            retries++;
            samplesRetried += block.samples;
        }
        bytesSent += block.body.length;
    }

    /**
     * Decides a request in memory, which leaves it.
     *
     * @param reason of the samples that are not delivered; unused if all are
     */
    void settle(Block block, int deliveredSamples, String reason) {
        leave(block);
        waiting -= deliveredSamples;
        delivered += deliveredSamples;
        if (block.attempts > 0) {
            samplesFinished += block.samples;
            sendNanos += block.sendNanos;
        }
        if (deliveredSamples > 0) {
            exemplarsDelivered += block.exemplars;
            newestDelivered = Math.max(newestDelivered, block.maxTimestamp);
        }
        if (deliveredSamples < block.samples) {
            drop(reason, block.samples - deliveredSamples);
        }
    }

    /** What the number of shards depends on. */
    ShardScaling.Totals totals() {
        return new ShardScaling.Totals(samplesSealed, samplesFinished, sendNanos, waiting);
    }

    /** A snapshot, with what others know. */
    WriterStats stats(long oldestWaitingMillis, long spoolBytes, long spoolDamages, int shards, double desiredShards) {
        return new WriterStats(
                accepted,
                refused,
                delivered,
                dropped,
                waiting,
                waitingBytes,
                waitingBlocks,
                exemplarsDelivered,
                requests,
                retries,
                bytesSent,
                samplesSent,
                samplesRetried,
                oldestWaitingMillis,
                newestDelivered,
                recovered,
                spoolBytes,
                spoolDamages,
                shards,
                desiredShards);
    }
}

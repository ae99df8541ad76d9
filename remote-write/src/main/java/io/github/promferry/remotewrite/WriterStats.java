package io.github.promferry.remotewrite;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a writer has done so far. In each snapshot {@code accepted = delivered + dropped + waiting} holds exactly.
 *
 * @param accepted samples that {@link RemoteWriter#append} took, and those found waiting in the spool at the start
 * @param refused samples that {@link RemoteWriter#append} did not take: queue full or writer closed
 * @param delivered samples that the receiver has
 * @param dropped samples given up, by reason: {@code http_400} and the like for a status that is not tried again, {@code
 *     not_written} if the receiver says that it left them out, {@code queue_full}, {@code too_old}, {@code gave_up} for a
 *     broken connection that the retry policy gave up, {@code relabeled} and {@code invalid} for series that cannot be
 *     sent, {@code nhcb_in_rw1_not_supported} for native histograms with custom buckets in 1.0, {@code unconfirmed} if
 *     the receiver answered 2xx to 2.0 without saying what it wrote, {@code closed}, {@code
 *     spool_damaged} for records of the spool that cannot be read
 * @param waiting samples in open requests, in the queue and under way
 * @param waitingBytes compressed bytes of the requests in the queue and under way; with a spool, of those in memory
 * @param waitingBlocks how many requests that is
 * @param exemplarsDelivered exemplars in delivered requests
 * @param requests attempts to send a request
 * @param retries attempts after the first of a request
 * @param bytesSent compressed bytes of all attempts
 * @param samplesSent samples in all attempts; each retry counts again
 * @param samplesRetried samples in attempts after the first of a request
 * @param oldestWaitingMillis timestamp of the oldest sample in a finished request, or {@link Long#MAX_VALUE} if none waits
 * @param newestDeliveredMillis timestamp of the newest delivered sample, or {@link Long#MIN_VALUE} before the first
 * @param recovered samples that a writer before this one had left in the spool
 * @param spoolBytes bytes of the files in the spool, which shrink by whole files
 * @param spoolDamages how many damaged places were found in the spool
 * @param shards how many shards there are now
 * @param desiredShards how many there should be, by the rates measured last; not rounded, and not within the bounds
 * @since 0.1
 */
public record WriterStats(
        long accepted,
        long refused,
        long delivered,
        Map<String, Long> dropped,
        long waiting,
        long waitingBytes,
        int waitingBlocks,
        long exemplarsDelivered,
        long requests,
        long retries,
        long bytesSent,
        long samplesSent,
        long samplesRetried,
        long oldestWaitingMillis,
        long newestDeliveredMillis,
        long recovered,
        long spoolBytes,
        long spoolDamages,
        int shards,
        double desiredShards) {
    /**
     * Copies the map.
     *
     * @param accepted samples taken
     * @param refused samples not taken
     * @param delivered samples that the receiver has
     * @param dropped samples given up, by reason
     * @param waiting samples not yet decided
     * @param waitingBytes compressed bytes of waiting requests
     * @param waitingBlocks waiting requests
     * @param exemplarsDelivered exemplars in delivered requests
     * @param requests attempts
     * @param retries attempts after the first
     * @param bytesSent compressed bytes of all attempts
     * @param samplesSent samples in all attempts
     * @param samplesRetried samples in attempts after the first
     * @param oldestWaitingMillis timestamp of the oldest waiting sample
     * @param newestDeliveredMillis timestamp of the newest delivered sample
     * @param recovered samples found in the spool
     * @param spoolBytes bytes of the spool's files
     * @param spoolDamages damaged places found in the spool
     * @param shards how many shards there are
     * @param desiredShards how many there should be
     */
    public WriterStats {
        dropped = Collections.unmodifiableMap(new TreeMap<>(dropped));
    }

    /**
     * All samples given up.
     *
     * @return the sum over all reasons
     */
    public long droppedTotal() {
        return dropped.values().stream().mapToLong(Long::longValue).sum();
    }
}

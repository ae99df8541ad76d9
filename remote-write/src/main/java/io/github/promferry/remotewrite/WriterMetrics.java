package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * A writer's own metrics. Where Prometheus has a metric of the same meaning ({@code prometheus_remote_storage_…}), the
 * name after the prefix is the same, and so are the labels {@code remote_name} and {@code url}.
 */
final class WriterMetrics implements MetricSource {
    private static final String PREFIX = "promferry_remote_write_";

    /** Reasons of samples that no request ever carried; all others were given up after an attempt, or at the end. */
    private static final Set<String> NEVER_SENT = Set.of(
            "queue_full",
            "too_old",
            "relabeled",
            "invalid",
            "failed",
            SpoolLog.Loss.SPOOL_DAMAGED.reason,
            V1Encoder.CUSTOM_BUCKETS_DROPPED);

    private final RemoteWriter writer;
    private final Labels remote;
    private final int minShards;
    private final int maxShards;
    private final boolean hasSpool;
    private final Map<String, Series> series = new HashMap<>();

    WriterMetrics(RemoteWriter writer, RemoteWriteConfig config) {
        this.writer = writer;
        remote = Labels.of("remote_name", config.name(), "url", config.shownUrl());
        minShards = config.queue().minShards();
        maxShards = config.queue().maxShards();
        hasSpool = config.queue().spool() != null;
    }

    @Override
    public synchronized void collect(SampleBatch batch) {
        WriterStats stats = writer.stats();
        one(batch, "samples_accepted_total", "Samples taken over from sources.", stats.accepted());
        one(batch, "samples_refused_total", "Samples not taken: queue full or closed.", stats.refused());
        one(batch, "samples_delivered_total", "Samples that the receiver has.", stats.delivered());
        one(batch, "samples_total", "Samples in attempts to send; each retry counts again.", stats.samplesSent());
        one(batch, "samples_retried_total", "Samples in attempts after the first.", stats.samplesRetried());
        stats.dropped().forEach((reason, count) -> {
            if (NEVER_SENT.contains(reason)) {
                put(batch, "samples_dropped_total", reason, "Samples given up unsent.", count.doubleValue());
            } else {
                put(
                        batch,
                        "samples_failed_total",
                        reason,
                        "Samples given up after an attempt or at the end.",
                        count.doubleValue());
            }
        });
        one(batch, "exemplars_delivered_total", "Exemplars that the receiver has.", stats.exemplarsDelivered());
        one(batch, "requests_total", "Attempts to send a request.", stats.requests());
        one(batch, "requests_retried_total", "Attempts after the first of a request.", stats.retries());
        one(batch, "bytes_total", "Compressed bytes of all attempts.", stats.bytesSent());
        one(batch, "samples_pending", "Samples that wait, open requests included.", stats.waiting());
        one(batch, "pending_bytes", "Compressed bytes of requests that wait.", stats.waitingBytes());
        one(batch, "pending_requests", "Requests that wait.", stats.waitingBlocks());
        one(batch, "shards", "How many requests may be under way at once.", stats.shards());
        one(batch, "shards_min", "The least that this may be.", minShards);
        one(batch, "shards_max", "The most that this may be.", maxShards);
        one(batch, "shards_desired", "How many it should be by the rates measured last.", stats.desiredShards());
        if (hasSpool) {
            one(batch, "samples_recovered_total", "Samples found in the spool at the start.", stats.recovered());
            one(batch, "spool_bytes", "Bytes of the files in the spool.", stats.spoolBytes());
            one(batch, "spool_damages_total", "Damaged places found in the spool.", stats.spoolDamages());
        }
        if (stats.newestDeliveredMillis() != Long.MIN_VALUE) {
            one(
                    batch,
                    "queue_highest_sent_timestamp_seconds",
                    "Timestamp of the newest delivered sample.",
                    stats.newestDeliveredMillis() / 1000.0);
        }
        if (stats.oldestWaitingMillis() != Long.MAX_VALUE) {
            one(
                    batch,
                    "queue_lowest_pending_timestamp_seconds",
                    "Timestamp of the oldest sample in a request that waits.",
                    stats.oldestWaitingMillis() / 1000.0);
        }
    }

    private void one(SampleBatch batch, String name, String help, double value) {
        put(batch, name, "", help, value);
    }

    private void one(SampleBatch batch, String name, String help, long value) {
        put(batch, name, "", help, (double) value);
    }

    private void put(SampleBatch batch, String name, String reason, String help, double value) {
        Series own = series.computeIfAbsent(name + "/" + reason, key -> {
            boolean isCounter = name.endsWith("_total");
            return Series.of(
                    Labels.of(Labels.METRIC_NAME, PREFIX + name, "reason", reason)
                            .withDefaults(remote),
                    new MetricMetadata(PREFIX + name, isCounter ? MetricType.COUNTER : MetricType.GAUGE, help, ""));
        });
        batch.add(own, SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(value));
    }
}

package io.github.promferry.examples.web;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.MetricFamily;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The forwarder's own metrics as a page: what scrapers and writers count, and the two that every process has. */
final class OwnMetrics {
    private static final Series START = process(
            "process_start_time_seconds",
            MetricType.GAUGE,
            "Start time of the process since the Unix epoch in seconds.");
    private static final Series CPU =
            process("process_cpu_seconds_total", MetricType.COUNTER, "User and system processor time in seconds.");

    private final StatusSource source;

    OwnMetrics(StatusSource source) {
        this.source = source;
    }

    /** The page; safe to call from several threads. */
    byte[] page(ExpositionFormat format) {
        List<SampleBatch> batches = new ArrayList<>();
        // Jobs of two sources may have the same name.
        boolean severalSources = source.scrapers().size() > 1;
        source.scrapers()
                .forEach((name, scraper) -> batches.add(
                        collected(scraper.metrics(), severalSources ? Labels.of("source", name) : Labels.EMPTY)));
        source.writers().values().forEach(writer -> batches.add(collected(writer.metrics(), Labels.EMPTY)));
        batches.add(collected(OwnMetrics::process, Labels.EMPTY));
        return MetricFamily.write(format, MetricFamily.of(batches.toArray(SampleBatch[]::new)));
    }

    private static SampleBatch collected(MetricSource metrics, Labels common) {
        SampleBatch batch = new SampleBatch();
        batch.reset(common);
        metrics.collect(batch);
        return batch;
    }

    private static void process(SampleBatch batch) {
        ProcessHandle.Info info = ProcessHandle.current().info();
        info.startInstant().map(Instant::toEpochMilli).ifPresent(millis -> add(batch, START, millis / 1e3));
        info.totalCpuDuration().map(Duration::toNanos).ifPresent(nanos -> add(batch, CPU, nanos / 1e9));
    }

    private static void add(SampleBatch batch, Series series, double value) {
        batch.add(series, SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(value));
    }

    private static Series process(String name, MetricType type, String help) {
        return Series.of(Labels.of(Labels.METRIC_NAME, name), new MetricMetadata(name, type, help, ""));
    }
}

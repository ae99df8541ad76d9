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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
        Map<MetricMetadata, List<MetricFamily.Sample>> families = new LinkedHashMap<>();
        // Jobs of two sources may have the same name.
        boolean severalSources = source.scrapers().size() > 1;
        source.scrapers()
                .forEach((name, scraper) ->
                        add(scraper.metrics(), severalSources ? Labels.of("source", name) : Labels.EMPTY, families));
        source.writers().values().forEach(writer -> add(writer.metrics(), Labels.EMPTY, families));
        add(OwnMetrics::process, Labels.EMPTY, families);
        return MetricFamily.write(
                format,
                families.entrySet().stream()
                        .map(family -> new MetricFamily(family.getKey(), family.getValue()))
                        .toList());
    }

    private static void add(
            MetricSource metrics, Labels common, Map<MetricMetadata, List<MetricFamily.Sample>> families) {
        SampleBatch batch = new SampleBatch();
        batch.reset(common);
        metrics.collect(batch);
        for (int row = 0; row < batch.size(); row++) {
            Series series = batch.series(row);
            families.computeIfAbsent(series.metadata(), family -> new ArrayList<>())
                    .add(MetricFamily.Sample.of(
                                    series.fullLabels(common), Double.longBitsToDouble(batch.valueBits(row)))
                            .at(batch.timestamp(row))
                            .since(batch.startTimestamp(row)));
        }
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

package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.LeftOut;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** What the scraper tells of itself, job by job. */
final class ScraperMetrics implements MetricSource {
    private static final MetricMetadata SCRAPES =
            counter("promferry_scrape_scrapes_total", "Scrapes that have ended, in whatever way.");
    private static final MetricMetadata FAILURES =
            counter("promferry_scrape_failures_total", "Scrapes that failed, by what went wrong.");
    private static final MetricMetadata SKIPPED = counter(
            "promferry_scrape_skipped_total",
            "Scrapes that were due but not begun: the one before was running, or time had leaped.");
    private static final MetricMetadata REFUSED =
            counter("promferry_scrape_refused_total", "Scrapes whose samples the sink did not take.");
    private static final MetricMetadata SAMPLES = counter("promferry_scrape_samples_total", "Samples on the pages.");
    private static final MetricMetadata DROPPED =
            counter("promferry_scrape_samples_dropped_total", "Samples that metric relabeling dropped.");
    private static final MetricMetadata DUPLICATES = counter(
            "promferry_scrape_samples_duplicate_total",
            "Samples left out because the same series was already on the page.");
    private static final MetricMetadata OVER_SERIES_LIMIT = counter(
            "promferry_scrape_samples_over_series_limit_total",
            "Samples left out because the series limit had no room.");
    private static final MetricMetadata TOO_FAR_AHEAD = counter(
            "promferry_scrape_samples_too_far_ahead_total",
            "Samples left out because their timestamps were further in the future than allowed.");
    private static final MetricMetadata OUT_OF_ORDER = counter(
            "promferry_scrape_samples_out_of_order_total",
            "Samples left out because their series had a later timestamp before.");
    private static final MetricMetadata REPEATED = counter(
            "promferry_scrape_samples_repeated_total",
            "Samples left out because they had the timestamp and the value of a page before, so nothing is missing.");
    private static final MetricMetadata PAGE_BYTES =
            counter("promferry_scrape_page_bytes_total", "Bytes of the pages, unpacked.");
    private static final MetricMetadata SECONDS =
            counter("promferry_scrape_duration_seconds_total", "Time that scrapes took, all together.");
    private static final MetricMetadata TARGETS =
            gauge("promferry_scrape_targets", "Targets, by health as of the last scrape.");
    private static final MetricMetadata TARGETS_DROPPED =
            gauge("promferry_scrape_targets_dropped", "Targets that relabeling dropped or whose labels are wrong.");

    private static final MetricMetadata DISCOVERY_FAILURES = counter(
            "promferry_scrape_discovery_failures_total",
            "How often a discovery could not look for targets; those known before stay.");

    /** A job at a moment. */
    record Job(JobStatus status, ScrapeCounters counters, List<TargetStatus.Health> healths) {}

    private final Supplier<List<Job>> jobs;
    /** The same object for the same series always. */
    private final Map<Labels, Series> known = new ConcurrentHashMap<>();

    ScraperMetrics(Supplier<List<Job>> jobs) {
        this.jobs = jobs;
    }

    @Override
    public void collect(SampleBatch batch) {
        jobs.get().forEach(job -> collect(job, batch));
    }

    private void collect(Job job, SampleBatch batch) {
        ScrapeCounters counters = job.counters();
        add(batch, SCRAPES, job, counters.scrapes.doubleValue());
        for (ScrapeFailure.Kind kind : ScrapeFailure.Kind.values()) {
            add(batch, FAILURES, job, counters.failures(kind).doubleValue(), "kind", kind.name());
        }
        add(batch, SKIPPED, job, counters.skipped.doubleValue());
        add(batch, REFUSED, job, counters.refused.doubleValue());
        add(batch, SAMPLES, job, counters.samples.doubleValue());
        add(batch, DROPPED, job, counters.dropped.doubleValue());
        add(batch, DUPLICATES, job, counters.leftOut(LeftOut.DUPLICATE).doubleValue());
        add(
                batch,
                OVER_SERIES_LIMIT,
                job,
                counters.leftOut(LeftOut.OVER_SERIES_LIMIT).doubleValue());
        add(batch, TOO_FAR_AHEAD, job, counters.leftOut(LeftOut.TOO_FAR_AHEAD).doubleValue());
        add(batch, OUT_OF_ORDER, job, counters.leftOut(LeftOut.OUT_OF_ORDER).doubleValue());
        add(batch, REPEATED, job, counters.leftOut(LeftOut.REPEATED).doubleValue());
        add(batch, PAGE_BYTES, job, counters.pageBytes.doubleValue());
        add(batch, SECONDS, job, counters.nanos.doubleValue() / 1e9);
        Map<TargetStatus.Health, Integer> count = new EnumMap<>(TargetStatus.Health.class);
        job.healths().forEach(health -> count.merge(health, 1, Integer::sum));
        for (TargetStatus.Health health : TargetStatus.Health.values()) {
            add(batch, TARGETS, job, count.getOrDefault(health, 0), "health", health.name());
        }
        add(batch, TARGETS_DROPPED, job, job.status.droppedTargets());
        add(batch, DISCOVERY_FAILURES, job, (double) job.status.discoveryFailures());
    }

    private void add(SampleBatch batch, MetricMetadata family, Job job, double value, String... label) {
        Labels.Builder labels =
                Labels.builder().add(Labels.METRIC_NAME, family.family()).add("scrape_job", job.status.job());
        if (label.length > 0) {
            labels.add(label[0], label[1].toLowerCase(Locale.ROOT));
        }
        Series series = known.computeIfAbsent(labels.build(), key -> Series.of(key, family));
        batch.add(series, SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(value));
    }

    private static MetricMetadata counter(String family, String help) {
        return new MetricMetadata(family, MetricType.COUNTER, help, "");
    }

    private static MetricMetadata gauge(String family, String help) {
        return new MetricMetadata(family, MetricType.GAUGE, help, "");
    }
}

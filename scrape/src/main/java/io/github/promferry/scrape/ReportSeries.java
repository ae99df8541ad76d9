package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The series that tell of the scrape itself. Their labels are the common ones of the target's batch. */
final class ReportSeries {
    private static final Series UP = gauge("up", "Whether the last scrape of the target succeeded: 1 or 0.");
    private static final Series DURATION =
            gauge("scrape_duration_seconds", "Duration of the scrape from the request to the last sample.");
    private static final Series SCRAPED = gauge("scrape_samples_scraped", "Samples on the page.");
    private static final Series KEPT =
            gauge("scrape_samples_post_metric_relabeling", "Samples that metric relabeling left.");
    private static final Series ADDED =
            gauge("scrape_series_added", "Series on the page that were not known before, approximately.");
    private static final Series TIMEOUT = gauge("scrape_timeout_seconds", "The timeout of a scrape.");
    private static final Series SAMPLE_LIMIT =
            gauge("scrape_sample_limit", "How many samples a page may have; 0 for any number.");
    private static final Series BODY_BYTES =
            gauge("scrape_body_size_bytes", "Size of the page, unpacked; -1 if it was over the limit.");

    private static final List<Series> STANDARD = List.of(UP, DURATION, SCRAPED, KEPT, ADDED);
    private static final List<Series> EXTRA = List.of(TIMEOUT, SAMPLE_LIMIT, BODY_BYTES);

    /** What a page may not call a series that has no labels. */
    static final Set<String> NAMES = Stream.concat(STANDARD.stream(), EXTRA.stream())
            .map(series -> String.valueOf(series.labels().metricName()))
            .collect(Collectors.toUnmodifiableSet());

    private ReportSeries() {}

    static void add(ScrapeJob.Reports which, TargetStatus.LastScrape scrape, ActiveTarget target, SampleBatch batch) {
        if (which == ScrapeJob.Reports.NONE) {
            return;
        }
        long timestamp = scrape.timestampMillis();
        add(batch, UP, timestamp, scrape.failure() == null ? 1 : 0);
        add(batch, DURATION, timestamp, scrape.duration().toNanos() / 1e9);
        add(batch, SCRAPED, timestamp, scrape.samplesScraped());
        add(batch, KEPT, timestamp, scrape.samplesKept());
        add(batch, ADDED, timestamp, scrape.seriesAdded());
        if (which == ScrapeJob.Reports.EXTRA) {
            add(batch, TIMEOUT, timestamp, target.timeout().toNanos() / 1e9);
            add(batch, SAMPLE_LIMIT, timestamp, target.job().limits().samples());
            add(batch, BODY_BYTES, timestamp, scrape.bodyBytes());
        }
    }

    /** Marks them ended, when the target is scraped no more. */
    static void addStale(ScrapeJob.Reports which, long timestampMillis, SampleBatch batch) {
        if (which == ScrapeJob.Reports.NONE) {
            return;
        }
        for (Series series : STANDARD) {
            batch.add(series, timestampMillis, SampleValues.STALE_NAN_BITS);
        }
        if (which == ScrapeJob.Reports.EXTRA) {
            for (Series series : EXTRA) {
                batch.add(series, timestampMillis, SampleValues.STALE_NAN_BITS);
            }
        }
    }

    private static void add(SampleBatch batch, Series series, long timestampMillis, double value) {
        batch.add(series, timestampMillis, Double.doubleToRawLongBits(value));
    }

    private static Series gauge(String name, String help) {
        return Series.of(Labels.of(Labels.METRIC_NAME, name), new MetricMetadata(name, MetricType.GAUGE, help, ""));
    }
}

package io.github.promferry.clientjava;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.core.metrics.StateSet;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot.UnknownDataPointSnapshot;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SourceCollectorTest {
    private static final MetricMetadata REQUESTS = new MetricMetadata("requests", MetricType.COUNTER, "Requests.", "");
    private static final MetricMetadata LATENCY =
            new MetricMetadata("latency_seconds", MetricType.HISTOGRAM, "", "seconds");

    @Test
    void aRegistryThatGoesThroughBothBridgesShowsTheSamePage() {
        PrometheusRegistry registry = new PrometheusRegistry();
        Counter counter = Counter.builder()
                .name("requests_total")
                .help("With \"quotes\", \\ and\nnewline.")
                .labelNames("path", "code")
                .register(registry);
        counter.labelValues("/a", "200")
                .incWithExemplar(
                        3.0, io.prometheus.metrics.model.snapshots.Labels.of("trace_id", "t1", "span_id", "s1"));
        counter.labelValues("/\"b\"\\\n", "500").inc(0.5);
        Gauge.builder()
                .name("temperature")
                .unit(Unit.CELSIUS)
                .register(registry)
                .set(-3.25);
        Gauge.builder().name("not_a_counter_total").register(registry).set(Double.NaN);
        Histogram histogram = Histogram.builder()
                .name("latency")
                .unit(Unit.SECONDS)
                .classicOnly()
                .classicUpperBounds(0.005, 1, 1e10)
                .labelNames("engine")
                .register(registry);
        histogram
                .labelValues("0")
                .observeWithExemplar(
                        0.5, io.prometheus.metrics.model.snapshots.Labels.of("trace_id", "t2", "span_id", "s2"));
        histogram.labelValues("0").observe(1e11);
        histogram.labelValues("1").observe(0);
        Summary.builder()
                .name("size")
                .quantile(0.5)
                .quantile(0.99)
                .register(registry)
                .observe(7);
        Info.builder()
                .name("target_info")
                .labelNames("version")
                .register(registry)
                .setLabelValues("1.2");
        StateSet.builder()
                .name("mode")
                .labelNames("engine")
                .states("idle", "busy")
                .register(registry)
                .labelValues("0")
                .setTrue("busy");
        registry.register(() -> UnknownSnapshot.builder()
                .name("legacy")
                .dataPoint(UnknownDataPointSnapshot.builder()
                        .value(1e-300)
                        .scrapeTimestampMillis(1_700_000_000_001L)
                        .build())
                .build());
        registry.register(() -> new HistogramSnapshot(
                true,
                new io.prometheus.metrics.model.snapshots.MetricMetadata("ages", "Ages."),
                List.of(HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(ClassicHistogramBuckets.of(
                                new double[] {1, Double.POSITIVE_INFINITY}, new long[] {2, 3}))
                        .sum(9)
                        .build())));
        MetricSnapshots original = registry.scrape();

        MetricSnapshots through =
                SourceCollector.of(RegistrySource.of(() -> original)).collect();

        assertThat(Pages.openMetrics(through))
                .isEqualTo(Pages.openMetrics(original))
                .contains("# {span_id=");
        assertThat(Pages.text(through, EscapingScheme.ALLOW_UTF8))
                .isEqualTo(Pages.text(original, EscapingScheme.ALLOW_UTF8));
    }

    @Test
    void nativeHistogramsGoThroughBothBridges() {
        PrometheusRegistry registry = new PrometheusRegistry();
        Histogram both = Histogram.builder().name("both").labelNames("l").register(registry);
        Histogram sparse = Histogram.builder().name("sparse").nativeOnly().register(registry);
        for (double value : new double[] {-3, -0.1, 0, 1e-200, 0.2, 0.2, 1, 7, 1e6}) {
            both.labelValues("a").observe(value);
            sparse.observeWithExemplar(
                    value, io.prometheus.metrics.model.snapshots.Labels.of("trace_id", "t" + value, "span_id", "s"));
        }
        both.labelValues("empty").getSum();
        MetricSnapshots original = registry.scrape();

        SourceCollector collector = SourceCollector.of(RegistrySource.builder(() -> original)
                .nativeHistograms(true)
                .classicHistogramsToo(true)
                .build());

        assertThat(Pages.protobuf(collector.collect())).isEqualTo(Pages.protobuf(original));
        assertThat(collector.skippedRows()).isZero();
    }

    @Test
    void nativeHistogramsThatClientJavaDoesNotKnowAreCounted() {
        SourceCollector collector = SourceCollector.of(batch -> {
            batch.addHistogram(
                    Series.of(Labels.of("__name__", "latency_seconds", "l", "float"), LATENCY),
                    SampleBatch.NO_TIMESTAMP,
                    NativeHistogram.ofFloatCounts(1.5, 2).build());
            batch.addHistogram(
                    Series.of(Labels.of("__name__", "latency_seconds", "l", "custom"), LATENCY),
                    SampleBatch.NO_TIMESTAMP,
                    NativeHistogram.ofCounts(0, 0).customBounds(1, 2).build());
            batch.addHistogram(
                    Series.of(Labels.of("__name__", "no_histogram"), MetricMetadata.NONE),
                    SampleBatch.NO_TIMESTAMP,
                    NativeHistogram.ofCounts(0, 2).build());
        });

        assertThat(text(collector)).isEmpty();
        assertThat(collector.skippedRows()).isEqualTo(3);
    }

    @Test
    void createdSeriesBecomeCreatedTimestamps() {
        PrometheusRegistry registry = new PrometheusRegistry();
        Counter.builder().name("c").register(registry).inc();
        Summary.builder().name("s").register(registry).observe(1);
        Histogram.builder().name("h").classicOnly().register(registry).observe(1);
        MetricSnapshots original = registry.scrape();

        MetricSource withCreated =
                RegistrySource.builder(() -> original).createdSeries(true).build();

        assertThat(Pages.openMetrics(SourceCollector.of(withCreated).collect()))
                .isEqualTo(Pages.openMetrics(original))
                .contains("c_created", "s_created", "h_created");
    }

    @Test
    void ownMetricsAppearBesideThoseOfTheService() {
        PrometheusRegistry registry = new PrometheusRegistry();
        Gauge.builder().name("service_gauge").register(registry).set(1);
        registry.register(SourceCollector.of(batch -> row(batch, "requests_total", REQUESTS, 3)));

        assertThat(Pages.text(registry.scrape(), EscapingScheme.ALLOW_UTF8)).isEqualTo("""
                        # HELP requests_total Requests.
                        # TYPE requests_total counter
                        requests_total 3.0
                        # TYPE service_gauge gauge
                        service_gauge 1.0
                        """);
    }

    @Test
    void commonLabelsOfTheBatchAreShown() {
        SourceCollector collector = SourceCollector.of(batch -> {
            batch.reset(Labels.of("endpoint", "a"));
            row(batch, "requests_total", REQUESTS, 3);
        });

        assertThat(text(collector)).contains("requests_total{endpoint=\"a\"} 3.0\n");
        assertThat(collector.skippedRows()).isZero();
    }

    @Test
    void seriesWithoutMetadataAreOfTypeUnknown() {
        assertThat(text(SourceCollector.of(batch -> row(batch, "mystery", MetricMetadata.NONE, 3))))
                .isEqualTo("# TYPE mystery untyped\nmystery 3.0\n");
    }

    @Test
    void aHistogramWithoutAnInfiniteBucketGetsItFromItsCount() {
        SourceCollector collector = SourceCollector.of(batch -> {
            row(batch, "latency_seconds_bucket", LATENCY, 2, "le", "1");
            row(batch, "latency_seconds_count", LATENCY, 5);
        });

        assertThat(text(collector))
                .contains(
                        "latency_seconds_bucket{le=\"1.0\"} 2\n",
                        "latency_seconds_bucket{le=\"+Inf\"} 5\n",
                        "latency_seconds_count 5\n");
    }

    @Test
    void whatDoesNotFitItsTypeIsShownRowByRow() {
        record Case(String why, String name, double value, String le) {}
        List<Case> cases = List.of(
                new Case("half an observation", "latency_seconds_bucket", 2.5, "+Inf"),
                new Case("no observation", "latency_seconds_bucket", Double.NaN, "+Inf"),
                new Case("fewer than nothing", "latency_seconds_bucket", -1, "+Inf"),
                new Case("bound is no number", "latency_seconds_bucket", 1, "wide"),
                new Case("suffix of another type", "latency_seconds_max", 1, ""));
        for (Case unfit : cases) {
            SourceCollector collector = SourceCollector.of(batch -> row(
                    batch,
                    unfit.name,
                    LATENCY,
                    unfit.value,
                    unfit.le.isEmpty() ? new String[0] : new String[] {"le", unfit.le}));

            assertThat(text(collector))
                    .as(unfit.why)
                    .contains("# TYPE " + unfit.name + " untyped\n")
                    .doesNotContain("histogram\n");
            assertThat(collector.skippedRows()).as(unfit.why).isZero();
        }
    }

    @Test
    void shrinkingBucketsAreShownRowByRow() {
        SourceCollector collector = SourceCollector.of(batch -> {
            row(batch, "latency_seconds_bucket", LATENCY, 7, "le", "1");
            row(batch, "latency_seconds_bucket", LATENCY, 5, "le", "+Inf");
        });

        assertThat(text(collector)).isEqualTo("""
                        # TYPE latency_seconds_bucket untyped
                        latency_seconds_bucket{le="+Inf"} 5.0
                        latency_seconds_bucket{le="1"} 7.0
                        """);
        assertThat(collector.skippedRows()).isZero();
    }

    @Test
    void staleMarkersAreNotShown() {
        SourceCollector collector = SourceCollector.of(batch -> batch.add(
                Series.of(Labels.of("__name__", "gone"), MetricMetadata.NONE), 1, SampleValues.STALE_NAN_BITS));

        assertThat(text(collector)).isEmpty();
        assertThat(collector.skippedRows()).isZero();
    }

    @Test
    void whatClientJavaRefusesIsLeftOutAndCounted() {
        SourceCollector collector = SourceCollector.of(batch -> {
            row(batch, "requests_total", REQUESTS, 3);
            row(batch, "requests_total", REQUESTS, 4);
            row(batch, "same", new MetricMetadata("same", MetricType.GAUGE, "", ""), 1);
            row(batch, "same", new MetricMetadata("same", MetricType.UNKNOWN, "", ""), 2);
            row(batch, "reserved", MetricMetadata.NONE, 1, "__meta", "v");
            batch.add(Series.of(Labels.of("nameless", "1"), MetricMetadata.NONE), 1, 0);
        });

        String page = text(collector);

        assertThat(page).isEqualTo("""
                        # HELP requests_total Requests.
                        # TYPE requests_total counter
                        requests_total 3.0
                        # TYPE same gauge
                        same 1.0
                        """);
        assertThat(collector.skippedRows()).isEqualTo(4);
    }

    @Test
    void theLastExemplarOfARowIsShown() {
        SourceCollector collector = SourceCollector.of(batch -> {
            row(batch, "requests_total", REQUESTS, 3);
            batch.addExemplar(new Exemplar(Labels.of("trace_id", "old"), 1, 1000));
            batch.addExemplar(new Exemplar(Labels.of("trace_id", "new"), 2, 2000));
            row(batch, "other_total", new MetricMetadata("other", MetricType.COUNTER, "", ""), 3);
        });

        assertThat(Pages.openMetrics(collector.collect()))
                .contains("requests_total 3.0 # {trace_id=\"new\"} 2.0 2.000\n", "other_total 3.0\n");
    }

    @Test
    void scrapesAtTheSameTimeNeverMeetInTheSource() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        SourceCollector collector = SourceCollector.of(batch -> {
            assertThat(inside.incrementAndGet()).isEqualTo(1);
            for (int i = 0; i < 100; i++) {
                row(batch, "requests_total", REQUESTS, 3, "i", Integer.toString(i));
            }
            inside.decrementAndGet();
        });
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<MetricSnapshots> scrape = collector::collect;
            List<Future<MetricSnapshots>> calls = threads.invokeAll(Collections.nCopies(200, scrape));
            for (Future<MetricSnapshots> call : calls) {
                assertThat(call.get()).isNotNull();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static String text(SourceCollector collector) {
        return Pages.text(collector.collect(), EscapingScheme.ALLOW_UTF8);
    }

    private static void row(SampleBatch batch, String name, MetricMetadata metadata, double value, String... labels) {
        Labels.Builder all = Labels.builder().add("__name__", name);
        for (int i = 0; i < labels.length; i += 2) {
            all.add(labels[i], labels[i + 1]);
        }
        batch.add(Series.of(all.build(), metadata), SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(value));
    }
}

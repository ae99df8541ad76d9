package io.github.promferry.clientjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.core.metrics.StateSet;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot.UnknownDataPointSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RegistrySourceTest {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final SampleBatch batch = new SampleBatch();

    @Test
    void everyKindOfMetricBecomesTheSeriesOfItsPage() {
        Counter.builder()
                .name("requests_total")
                .labelNames("path")
                .register(registry)
                .labelValues("/a")
                .inc(3);
        Gauge.builder().name("queue").register(registry).set(-2.5);
        Histogram histogram = Histogram.builder()
                .name("latency")
                .unit(Unit.SECONDS)
                .classicOnly()
                .classicUpperBounds(0.1, 10)
                .register(registry);
        histogram.observe(0.05);
        histogram.observe(5);
        Info.builder()
                .name("build_info")
                .labelNames("version")
                .register(registry)
                .setLabelValues("1.2");
        StateSet.builder()
                .name("mode")
                .states("idle", "busy")
                .register(registry)
                .setTrue("busy");
        Summary.builder().name("size").quantile(0.5).register(registry).observe(7);

        RegistrySource.of(registry).collect(batch);

        assertThat(Pages.rows(batch))
                .containsExactly(
                        "build_info{version=\"1.2\"} 1.0",
                        "latency_seconds_bucket{le=\"0.1\"} 1.0",
                        "latency_seconds_bucket{le=\"10.0\"} 2.0",
                        "latency_seconds_bucket{le=\"+Inf\"} 2.0",
                        "latency_seconds_count 2.0",
                        "latency_seconds_sum 5.05",
                        "mode{mode=\"busy\"} 1.0",
                        "mode{mode=\"idle\"} 0.0",
                        "queue -2.5",
                        "requests_total{path=\"/a\"} 3.0",
                        "size{quantile=\"0.5\"} 7.0",
                        "size_count 1.0",
                        "size_sum 7.0");
    }

    @Test
    void metadataIsThatOfTheOpenMetricsPage() {
        Counter.builder().name("requests_total").help("Requests.").register(registry);
        Histogram.builder().name("latency").unit(Unit.SECONDS).help("Latency.").register(registry);
        Info.builder().name("build_info").labelNames("v").register(registry).setLabelValues("1");

        RegistrySource.of(registry).collect(batch);

        assertThat(metadataOf("requests_total"))
                .isEqualTo(new MetricMetadata("requests", MetricType.COUNTER, "Requests.", ""));
        assertThat(metadataOf("latency_seconds_sum"))
                .isEqualTo(new MetricMetadata("latency_seconds", MetricType.HISTOGRAM, "Latency.", "seconds"));
        assertThat(metadataOf("build_info")).isEqualTo(new MetricMetadata("build", MetricType.INFO, "", ""));
    }

    @Test
    void gaugeHistogramsHaveTheirOwnSuffixesAndNoStart() {
        HistogramDataPointSnapshot point = HistogramDataPointSnapshot.builder()
                .classicHistogramBuckets(
                        ClassicHistogramBuckets.of(new double[] {1, Double.POSITIVE_INFINITY}, new long[] {2, 3}))
                .sum(9)
                .createdTimestampMillis(1000)
                .build();
        HistogramSnapshot ages = new HistogramSnapshot(
                true, new io.prometheus.metrics.model.snapshots.MetricMetadata("ages"), List.of(point));

        source(ages).collect(batch);

        assertThat(Pages.rows(batch))
                .containsExactly(
                        "ages_bucket{le=\"1.0\"} 2.0",
                        "ages_bucket{le=\"+Inf\"} 5.0",
                        "ages_gcount 5.0",
                        "ages_gsum 9.0");
        assertThat(batch.series(0).metadata().type()).isEqualTo(MetricType.GAUGE_HISTOGRAM);
        assertThat(batch.startTimestamp(0)).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    @Test
    void aNativeOnlyHistogramKeepsCountAndSum() {
        Histogram.builder().name("native").nativeOnly().register(registry).observe(2);

        RegistrySource.of(registry).collect(batch);

        assertThat(Pages.rows(batch))
                .containsExactly("native_bucket{le=\"+Inf\"} 1.0", "native_count 1.0", "native_sum 2.0");
    }

    @Test
    void aSeriesIsTheSameObjectInEveryCall() {
        Counter counter = Counter.builder().name("c").labelNames("l").register(registry);
        counter.labelValues("a").inc();
        Histogram.builder().name("h").register(registry).observe(1);
        StateSet.builder().name("s").states("x", "y").register(registry).setTrue("x");
        RegistrySource source = RegistrySource.of(registry);
        source.collect(batch);
        List<Series> first = series();

        counter.labelValues("a").inc();
        batch.reset(Labels.EMPTY);
        source.collect(batch);

        assertThat(series()).usingElementComparator((a, b) -> a == b ? 0 : 1).isEqualTo(first);
    }

    @Test
    void aSeriesStaysTheSameObjectWhenANeighborComesOrGoes() {
        Gauge gauge = Gauge.builder().name("g").labelNames("l").register(registry);
        gauge.labelValues("b").set(1);
        RegistrySource source = RegistrySource.of(registry);
        source.collect(batch);
        Series b = batch.series(0);

        gauge.labelValues("a").set(1);
        batch.reset(Labels.EMPTY);
        source.collect(batch);
        assertThat(series()).hasSize(2).anyMatch(series -> series == b);

        gauge.remove("a");
        batch.reset(Labels.EMPTY);
        source.collect(batch);
        assertThat(series()).hasSize(1).allMatch(series -> series == b);
    }

    @Test
    void vanishedSeriesAreForgotten() {
        SeriesMemory memory = new SeriesMemory(false);
        for (int lap = 0; lap < 100; lap++) {
            memory.begin();
            for (int i = 0; i < 10; i++) {
                String id = Integer.toString(lap * 10 + i);
                SeriesMemory.Family family = memory.family(gauge("g" + lap % 3, "id", id, 1), MetricType.GAUGE, "");
                SeriesMemory.Point point = family.point(io.prometheus.metrics.model.snapshots.Labels.of("id", id));
                assertThat(point.next("")).isNotNull();
                point.end();
            }
            memory.end();
            assertThat(memory.size()).isEqualTo(10);
        }
        memory.begin();
        memory.end();
        assertThat(memory.size()).isZero();
    }

    @Test
    void bucketBoundsMayChangeBetweenCalls() {
        AtomicReference<MetricSnapshot> current = new AtomicReference<>(histogram(1, 2));
        RegistrySource source = RegistrySource.of(() -> MetricSnapshots.of(current.get()));
        source.collect(batch);
        Series infinite = batch.series(2);

        current.set(histogram(1));
        batch.reset(Labels.EMPTY);
        source.collect(batch);

        assertThat(Pages.rows(batch))
                .containsExactly("h_bucket{le=\"1.0\"} 1.0", "h_bucket{le=\"+Inf\"} 1.0", "h_count 1.0", "h_sum 1.0");
        assertThat(batch.series(1)).isSameAs(infinite);
    }

    @Test
    void changedHelpMakesNewSeries() {
        AtomicReference<String> help = new AtomicReference<>("old");
        RegistrySource source = RegistrySource.of(() -> MetricSnapshots.of(GaugeSnapshot.builder()
                .name("g")
                .help(help.get())
                .dataPoint(GaugeDataPointSnapshot.builder().value(1).build())
                .build()));
        source.collect(batch);
        help.set("new");
        source.collect(batch);

        assertThat(batch.series(1)).isNotSameAs(batch.series(0));
        assertThat(batch.series(1).metadata().help()).isEqualTo("new");
    }

    @Test
    void createdTimesAreStartTimestampsAndOnRequestSeries() {
        MetricSnapshot counter = CounterSnapshot.builder()
                .name("c")
                .dataPoint(CounterDataPointSnapshot.builder()
                        .value(5)
                        .createdTimestampMillis(1_700_000_000_123L)
                        .build())
                .build();
        MetricSnapshot summary = SummarySnapshot.builder()
                .name("s")
                .dataPoint(SummaryDataPointSnapshot.builder()
                        .count(1)
                        .sum(2)
                        .createdTimestampMillis(1_700_000_000_456L)
                        .build())
                .build();

        source(counter, summary).collect(batch);
        assertThat(Pages.rows(batch)).containsExactly("c_total 5.0", "s_count 1.0", "s_sum 2.0");
        assertThat(batch.startTimestamp(0)).isEqualTo(1_700_000_000_123L);
        assertThat(batch.startTimestamp(1)).isEqualTo(1_700_000_000_456L);
        assertThat(batch.startTimestamp(2)).isEqualTo(1_700_000_000_456L);

        batch.reset(Labels.EMPTY);
        RegistrySource.builder(() -> MetricSnapshots.of(counter, summary))
                .createdSeries(true)
                .build()
                .collect(batch);
        assertThat(Pages.rows(batch))
                .containsExactly(
                        "c_total 5.0",
                        "c_created 1.700000000123E9",
                        "s_count 1.0",
                        "s_sum 2.0",
                        "s_created 1.700000000456E9");
        assertThat(batch.startTimestamp(1)).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    @Test
    void exemplarsComeWithTheRowTheyExplain() {
        Exemplar small = Exemplar.builder()
                .value(0.5)
                .traceId("t1")
                .spanId("s1")
                .timestampMillis(42)
                .build();
        Exemplar large = Exemplar.builder().value(7).traceId("t2").spanId("s2").build();
        MetricSnapshot histogram = HistogramSnapshot.builder()
                .name("h")
                .dataPoint(HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(ClassicHistogramBuckets.of(
                                new double[] {1, 5, Double.POSITIVE_INFINITY}, new long[] {1, 0, 1}))
                        .exemplars(Exemplars.of(large, small))
                        .build())
                .build();
        MetricSnapshot counter = CounterSnapshot.builder()
                .name("c")
                .dataPoint(CounterDataPointSnapshot.builder()
                        .value(1)
                        .exemplar(small)
                        .build())
                .build();

        source(histogram, counter).collect(batch);

        assertThat(exemplars())
                .containsExactly(
                        "c_total {span_id=\"s1\",trace_id=\"t1\"} 0.5 42",
                        "h_bucket{le=\"1.0\"} {span_id=\"s1\",trace_id=\"t1\"} 0.5 42",
                        "h_bucket{le=\"+Inf\"} {span_id=\"s2\",trace_id=\"t2\"} 7.0 none");
    }

    @Test
    void scrapeTimestampsOfTheSnapshotAreKept() {
        source(UnknownSnapshot.builder()
                        .name("u")
                        .dataPoint(UnknownDataPointSnapshot.builder()
                                .value(1)
                                .scrapeTimestampMillis(77)
                                .build())
                        .build())
                .collect(batch);

        assertThat(batch.timestamp(0)).isEqualTo(77);
    }

    @Test
    void rowsWithoutTimestampAreLeftToTheCallerToStamp() {
        source(gauge("g", "l", "v", 1)).collect(batch);

        assertThat(batch.timestamp(0)).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    @Test
    void anApplicationsNanIsNeverAStaleMarker() {
        source(
                        gauge("g", "l", "a", Double.NaN),
                        gauge("h", "l", "a", Double.longBitsToDouble(SampleValues.STALE_NAN_BITS)))
                .collect(batch);

        assertThat(batch.valueBits(0)).isEqualTo(SampleValues.NORMAL_NAN_BITS);
        assertThat(batch.valueBits(1)).isEqualTo(SampleValues.NORMAL_NAN_BITS);
    }

    @Test
    void namesAreAsGivenUnlessLegacyNamesAreAskedFor() {
        Counter.builder()
                .name("http.requests")
                .labelNames("http.path")
                .register(registry)
                .labelValues("/")
                .inc();

        RegistrySource.of(registry).collect(batch);
        RegistrySource.builder(registry).legacyNames(true).build().collect(batch);

        assertThat(batch.series(0).labels()).isEqualTo(Labels.of("__name__", "http.requests_total", "http.path", "/"));
        assertThat(batch.series(1).labels()).isEqualTo(Labels.of("__name__", "http_requests_total", "http_path", "/"));
    }

    @Test
    void aBrokenStringDoesNotSpoilTheRest() {
        source(gauge("g", "l", "lone \uD800 surrogate", 1), gauge("h", "l", "ok", 2))
                .collect(batch);

        assertThat(Pages.rows(batch)).containsExactly("g{l=\"lone ? surrogate\"} 1.0", "h{l=\"ok\"} 2.0");
    }

    @Test
    void ofTwoMetricsWithTheSameSeriesTheFirstWinsAndTheSecondIsCounted() {
        RegistrySource source = source(
                gauge("h_count", "l", "v", 99),
                HistogramSnapshot.builder()
                        .name("h")
                        .dataPoint(HistogramDataPointSnapshot.builder()
                                .labels(io.prometheus.metrics.model.snapshots.Labels.of("l", "v"))
                                .classicHistogramBuckets(ClassicHistogramBuckets.of(
                                        new double[] {Double.POSITIVE_INFINITY}, new long[] {3}))
                                .build())
                        .build());

        for (int call = 0; call < 3; call++) {
            batch.reset(Labels.EMPTY);
            source.collect(batch);
            assertThat(Pages.rows(batch)).containsExactly("h_bucket{l=\"v\",le=\"+Inf\"} 3.0", "h_count{l=\"v\"} 3.0");
            assertThat(source.duplicates()).isEqualTo(1);
        }
    }

    @Test
    void aCollectorThatThrowsLeavesTheBatchAsItWas() {
        batch.add(Series.of(Labels.of("__name__", "own"), MetricMetadata.NONE), 1, 2);
        MultiCollector broken = () -> {
            throw new IllegalStateException("database is down");
        };

        assertThatThrownBy(() -> RegistrySource.of(broken).collect(batch)).hasMessage("database is down");

        assertThat(batch.size()).isEqualTo(1);
    }

    @Test
    void metricsCanBeLeftOutByName() {
        Gauge.builder().name("wanted").register(registry).set(1);
        Gauge.builder().name("unwanted").register(registry).set(1);

        RegistrySource.of(() -> registry.scrape(name -> name.equals("wanted"))).collect(batch);

        assertThat(Pages.rows(batch)).containsExactly("wanted 1.0");
    }

    private static RegistrySource source(MetricSnapshot... snapshots) {
        return RegistrySource.of(() -> MetricSnapshots.of(snapshots));
    }

    private static GaugeSnapshot gauge(String name, String label, String labelValue, double value) {
        return GaugeSnapshot.builder()
                .name(name)
                .dataPoint(GaugeDataPointSnapshot.builder()
                        .labels(io.prometheus.metrics.model.snapshots.Labels.of(label, labelValue))
                        .value(value)
                        .build())
                .build();
    }

    private static HistogramSnapshot histogram(double... finiteBounds) {
        ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        for (double bound : finiteBounds) {
            buckets.bucket(bound, bound == 1 ? 1 : 0);
        }
        buckets.bucket(Double.POSITIVE_INFINITY, 0);
        return HistogramSnapshot.builder()
                .name("h")
                .dataPoint(HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(buckets.build())
                        .sum(1)
                        .build())
                .build();
    }

    private MetricMetadata metadataOf(String name) {
        return series().stream()
                .filter(series -> name.equals(series.labels().metricName()))
                .findFirst()
                .orElseThrow()
                .metadata();
    }

    private List<Series> series() {
        List<Series> all = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            all.add(batch.series(row));
        }
        return all;
    }

    private List<String> exemplars() {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < batch.exemplarCount(); i++) {
            io.github.promferry.Exemplar exemplar = batch.exemplar(i);
            String time = exemplar.timestampMillis() == SampleBatch.NO_TIMESTAMP
                    ? "none"
                    : Long.toString(exemplar.timestampMillis());
            all.add(batch.series(batch.exemplarRow(i)) + " " + exemplar.labels() + " " + exemplar.value() + " " + time);
        }
        return all;
    }
}

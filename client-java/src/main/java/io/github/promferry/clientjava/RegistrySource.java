package io.github.promferry.clientjava;

import static io.github.promferry.SampleBatch.NO_TIMESTAMP;

import io.github.promferry.Labels;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DistributionDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The samples of a client_java registry, in process: the same series, values, exemplars and metadata that a scraper would
 * read from its OpenMetrics page, with no HTTP, no text and no parsing between.
 *
 * <pre>{@code
 * MetricSource own = RegistrySource.of(PrometheusRegistry.defaultRegistry);
 * }</pre>
 *
 * <p>A series is the same {@link io.github.promferry.Series} object in every call for as long as the registry has it; what
 * a call no longer finds is forgotten, so that memory is bounded by what the registry holds. Created times become start
 * timestamps; as samples of their own ({@code _created}) they are added on request only.
 *
 * <p>Thread-safe; calls wait for each other.
 *
 * @since 0.1
 */
public final class RegistrySource implements MetricSource {
    private final MultiCollector registry;
    private final boolean createdSeries;
    private final boolean nativeHistograms;
    private final boolean classicHistogramsToo;
    /** Guards the memory of series, and with it the whole of a call. */
    private final Object lock = new Object();

    private final SeriesMemory memory;

    private RegistrySource(Builder builder) {
        registry = builder.registry;
        createdSeries = builder.createdSeries;
        nativeHistograms = builder.nativeHistograms;
        classicHistogramsToo = builder.classicHistogramsToo;
        memory = new SeriesMemory(builder.legacyNames);
    }

    /**
     * Everything that a registry holds at the time of each call.
     *
     * @param registry the registry
     * @return a source with default settings
     */
    public static RegistrySource of(PrometheusRegistry registry) {
        return builder(registry).build();
    }

    /**
     * Everything that a collector gives, whether or not it is registered anywhere.
     *
     * @param collector the collector
     * @return a source with default settings
     */
    public static RegistrySource of(MultiCollector collector) {
        return builder(collector).build();
    }

    /**
     * A builder for a registry.
     *
     * @param registry the registry
     * @return a new builder
     */
    public static Builder builder(PrometheusRegistry registry) {
        Objects.requireNonNull(registry, "registry");
        return builder((MultiCollector) registry::scrape);
    }

    /**
     * A builder for a collector.
     *
     * @param collector the collector; to leave metrics out, give {@code () -> registry.scrape(name -> ...)}
     * @return a new builder
     */
    public static Builder builder(MultiCollector collector) {
        return new Builder(Objects.requireNonNull(collector, "collector"));
    }

    /**
     * {@inheritDoc}
     *
     * @throws RuntimeException what a collector of the registry throws; the batch is then as it was
     */
    @Override
    public void collect(SampleBatch batch) {
        synchronized (lock) {
            int before = batch.size();
            boolean done = false;
            try {
                memory.begin();
                for (MetricSnapshot family : registry.collect()) {
                    add(family, batch);
                }
                done = true;
            } finally {
                if (!done) {
                    batch.truncate(before);
                }
            }
            memory.end();
        }
    }

    /**
     * How many rows the last call left out because it had already added the same series: two metrics whose names collide,
     * such as a gauge {@code x_count} beside a histogram {@code x}. A receiver would refuse the second value.
     *
     * @return 0 in a healthy registry
     */
    public int duplicates() {
        synchronized (lock) {
            return memory.duplicates();
        }
    }

    private void add(MetricSnapshot family, SampleBatch batch) {
        if (family instanceof CounterSnapshot counters) {
            addCounters(counters, batch);
        } else if (family instanceof GaugeSnapshot gauges) {
            addGauges(gauges, batch);
        } else if (family instanceof HistogramSnapshot histograms) {
            addHistograms(histograms, batch);
        } else if (family instanceof SummarySnapshot summaries) {
            addSummaries(summaries, batch);
        } else if (family instanceof InfoSnapshot infos) {
            addInfos(infos, batch);
        } else if (family instanceof StateSetSnapshot stateSets) {
            addStateSets(stateSets, batch);
        } else if (family instanceof UnknownSnapshot unknowns) {
            addUnknowns(unknowns, batch);
        } else {
            throw new IllegalStateException("metric \"" + family.getMetadata().getName() + "\" is a "
                    + family.getClass().getName()
                    + ", a kind of snapshot that this version of RegistrySource does not know");
        }
    }

    private void addCounters(CounterSnapshot counters, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(counters, MetricType.COUNTER, "_total");
        for (CounterSnapshot.CounterDataPointSnapshot counter : counters.getDataPoints()) {
            SeriesMemory.Point point = family.point(counter.getLabels());
            addRow(batch, point.next("_total"), counter, counter.getValue(), start(counter), counter.getExemplar());
            addCreated(batch, point, counter);
            point.end();
        }
    }

    private void addGauges(GaugeSnapshot gauges, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(gauges, MetricType.GAUGE, "");
        for (GaugeSnapshot.GaugeDataPointSnapshot gauge : gauges.getDataPoints()) {
            SeriesMemory.Point point = family.point(gauge.getLabels());
            addRow(batch, point.next(""), gauge, gauge.getValue(), NO_TIMESTAMP, gauge.getExemplar());
            point.end();
        }
    }

    private void addUnknowns(UnknownSnapshot unknowns, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(unknowns, MetricType.UNKNOWN, "");
        for (UnknownSnapshot.UnknownDataPointSnapshot unknown : unknowns.getDataPoints()) {
            SeriesMemory.Point point = family.point(unknown.getLabels());
            addRow(batch, point.next(""), unknown, unknown.getValue(), NO_TIMESTAMP, unknown.getExemplar());
            point.end();
        }
    }

    private void addInfos(InfoSnapshot infos, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(infos, MetricType.INFO, "_info");
        for (InfoSnapshot.InfoDataPointSnapshot info : infos.getDataPoints()) {
            SeriesMemory.Point point = family.point(info.getLabels());
            addRow(batch, point.next("_info"), info, 1, NO_TIMESTAMP, null);
            point.end();
        }
    }

    private void addStateSets(StateSetSnapshot stateSets, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(stateSets, MetricType.STATE_SET, "");
        for (StateSetSnapshot.StateSetDataPointSnapshot states : stateSets.getDataPoints()) {
            SeriesMemory.Point point = family.point(states.getLabels());
            for (int i = 0; i < states.size(); i++) {
                double value = states.isTrue(i) ? 1 : 0;
                addRow(batch, point.nextState(states.getName(i)), states, value, NO_TIMESTAMP, null);
            }
            point.end();
        }
    }

    private void addSummaries(SummarySnapshot summaries, SampleBatch batch) {
        SeriesMemory.Family family = memory.family(summaries, MetricType.SUMMARY, "");
        for (SummaryDataPointSnapshot summary : summaries.getDataPoints()) {
            SeriesMemory.Point point = family.point(summary.getLabels());
            for (Quantile quantile : summary.getQuantiles()) {
                Series series = point.next("", "quantile", quantile.getQuantile());
                addRow(batch, series, summary, quantile.getValue(), start(summary), null);
            }
            // A summary's exemplars belong to no quantile; the latest goes where the observations are counted.
            addCountAndSum(batch, point, summary, false, summary.getExemplars().getLatest());
            addCreated(batch, point, summary);
            point.end();
        }
    }

    private void addHistograms(HistogramSnapshot histograms, SampleBatch batch) {
        boolean gauge = histograms.isGaugeHistogram();
        MetricType type = gauge ? MetricType.GAUGE_HISTOGRAM : MetricType.HISTOGRAM;
        SeriesMemory.Family family = memory.family(histograms, type, "");
        for (HistogramDataPointSnapshot histogram : histograms.getDataPoints()) {
            SeriesMemory.Point point = family.point(histogram.getLabels());
            boolean asNative = nativeHistograms && histogram.hasNativeHistogramData();
            if (asNative) {
                addNative(batch, point, histogram, gauge);
            }
            if (!asNative || classicHistogramsToo) {
                addBuckets(batch, point, histogram, gauge ? NO_TIMESTAMP : start(histogram));
                addCountAndSum(batch, point, histogram, gauge, null);
            }
            if (!gauge) {
                addCreated(batch, point, histogram);
            }
            point.end();
        }
    }

    private static void addNative(
            SampleBatch batch, SeriesMemory.Point point, HistogramDataPointSnapshot histogram, boolean gauge) {
        Series series = point.next("");
        if (series == null) {
            return;
        }
        batch.addHistogram(series, timestamp(histogram), SparseBuckets.histogram(histogram, gauge));
        if (!gauge && histogram.hasCreatedTimestamp()) {
            batch.setStartTimestamp(histogram.getCreatedTimestampMillis());
        }
        for (Exemplar exemplar : histogram.getExemplars()) {
            batch.addExemplar(converted(exemplar));
        }
    }

    private void addBuckets(
            SampleBatch batch, SeriesMemory.Point point, HistogramDataPointSnapshot histogram, long start) {
        // A native-only histogram has one classic bucket on the page too, so that sums and rates work everywhere.
        ClassicHistogramBuckets buckets = histogram.hasClassicHistogramData()
                ? histogram.getClassicBuckets()
                : ClassicHistogramBuckets.of(
                        new double[] {Double.POSITIVE_INFINITY}, new long[] {histogram.getCount()});
        Exemplars exemplars = histogram.getExemplars();
        double lower = Double.NEGATIVE_INFINITY;
        long cumulative = 0;
        for (int i = 0; i < buckets.size(); i++) {
            double upper = buckets.getUpperBound(i);
            cumulative += buckets.getCount(i);
            Exemplar exemplar = exemplars.get(lower, upper);
            addRow(batch, point.next("_bucket", "le", upper), histogram, (double) cumulative, start, exemplar);
            lower = upper;
        }
    }

    private static void addCountAndSum(
            SampleBatch batch,
            SeriesMemory.Point point,
            DistributionDataPointSnapshot distribution,
            boolean gauge,
            @Nullable Exemplar exemplar) {
        long start = gauge ? NO_TIMESTAMP : start(distribution);
        if (distribution.hasCount()) {
            Series count = point.next(gauge ? "_gcount" : "_count");
            addRow(batch, count, distribution, (double) distribution.getCount(), start, exemplar);
        }
        if (distribution.hasSum()) {
            addRow(batch, point.next(gauge ? "_gsum" : "_sum"), distribution, distribution.getSum(), start, null);
        }
    }

    private void addCreated(SampleBatch batch, SeriesMemory.Point point, DataPointSnapshot snapshot) {
        if (createdSeries && snapshot.hasCreatedTimestamp()) {
            double seconds = snapshot.getCreatedTimestampMillis() / 1000.0;
            addRow(batch, point.next("_created"), snapshot, seconds, NO_TIMESTAMP, null);
        }
    }

    private static void addRow(
            SampleBatch batch,
            @Nullable Series series,
            DataPointSnapshot snapshot,
            double value,
            long start,
            @Nullable Exemplar exemplar) {
        if (series == null) {
            return;
        }
        batch.add(series, timestamp(snapshot), valueBits(value));
        if (start != NO_TIMESTAMP) {
            batch.setStartTimestamp(start);
        }
        if (exemplar != null) {
            batch.addExemplar(converted(exemplar));
        }
    }

    /** Every NaN becomes the one that a page's {@code NaN} is read as; a stale marker is not an application's to set. */
    private static long valueBits(double value) {
        return Double.isNaN(value) ? SampleValues.NORMAL_NAN_BITS : Double.doubleToRawLongBits(value);
    }

    private static long timestamp(DataPointSnapshot snapshot) {
        return snapshot.hasScrapeTimestamp() ? snapshot.getScrapeTimestampMillis() : NO_TIMESTAMP;
    }

    private static long start(DataPointSnapshot snapshot) {
        return snapshot.hasCreatedTimestamp() ? snapshot.getCreatedTimestampMillis() : NO_TIMESTAMP;
    }

    private static io.github.promferry.Exemplar converted(Exemplar exemplar) {
        Labels.Builder labels = Labels.builder();
        SeriesMemory.addLabels(exemplar.getLabels(), false, labels);
        long timestamp = exemplar.hasTimestamp() ? exemplar.getTimestampMillis() : NO_TIMESTAMP;
        return new io.github.promferry.Exemplar(labels.build(), exemplar.getValue(), timestamp);
    }

    /**
     * Settings of a {@link RegistrySource}. Not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final MultiCollector registry;
        private boolean createdSeries;
        private boolean legacyNames;
        private boolean nativeHistograms;
        private boolean classicHistogramsToo;

        private Builder(MultiCollector registry) {
            this.registry = registry;
        }

        /**
         * Whether created times are also given as series of their own, {@code x_created}, in seconds. Off by default: they
         * are on every row that has one as its {@linkplain SampleBatch#startTimestamp(int) start timestamp}.
         *
         * @param createdSeries true to add the series
         * @return this
         */
        public Builder createdSeries(boolean createdSeries) {
            this.createdSeries = createdSeries;
            return this;
        }

        /**
         * Whether characters outside {@code [a-zA-Z0-9_:]} in names become underscores, as client_java writes them for a
         * scraper that does not ask for UTF-8. Off by default: names are as the application gave them.
         *
         * @param legacyNames true to replace them
         * @return this
         */
        public Builder legacyNames(boolean legacyNames) {
            this.legacyNames = legacyNames;
            return this;
        }

        /**
         * Whether a histogram that has sparse buckets is given as a native histogram, one row, instead of its classic
         * buckets. Off by default, as on a page of text: not every receiver takes native histograms.
         *
         * @param nativeHistograms true to give them
         * @return this
         */
        public Builder nativeHistograms(boolean nativeHistograms) {
            this.nativeHistograms = nativeHistograms;
            return this;
        }

        /**
         * Whether the classic buckets, count and sum of a histogram are given beside its native form.
         *
         * @param classicHistogramsToo false by default; without effect unless {@link #nativeHistograms}
         * @return this
         */
        public Builder classicHistogramsToo(boolean classicHistogramsToo) {
            this.classicHistogramsToo = classicHistogramsToo;
            return this;
        }

        /**
         * Makes the source.
         *
         * @return a new source
         */
        public RegistrySource build() {
            return new RegistrySource(this);
        }
    }
}

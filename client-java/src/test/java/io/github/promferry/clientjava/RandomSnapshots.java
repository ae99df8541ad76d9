package io.github.promferry.clientjava;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplar;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot.StateSetDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot.UnknownDataPointSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Any registry's content: every kind of metric, odd names, labels, values and times. */
final class RandomSnapshots {
    private static final String[] TEXTS = {
        "", "plain", "with \"quotes\"", "back\\slash", "new\nline", "ü€😀", "a,b}c=d", " blanks ", "lone \uD800", "\t"
    };
    private static final String[] HELPS = {"", "What it is.", "With \\ and \n in it.", "ü€😀", "\"quoted\""};
    private static final double[] VALUES = {
        0,
        -0.0,
        1,
        -1.5,
        1e300,
        4.9e-324,
        0.1,
        1e15,
        123456789.123,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY
    };

    private final Random random;

    RandomSnapshots(long seed) {
        random = new Random(seed);
    }

    MetricSnapshots next() {
        return snapshots(8);
    }

    MetricSnapshots histogramsOnly() {
        return snapshots(1);
    }

    private MetricSnapshots snapshots(int kinds) {
        List<MetricSnapshot> all = new ArrayList<>();
        int families = random.nextInt(6);
        for (int i = 0; i < families; i++) {
            all.add(snapshot(i, random.nextInt(kinds)));
        }
        return new MetricSnapshots(all);
    }

    private MetricSnapshot snapshot(int number, int kind) {
        return switch (kind) {
            case 0 -> histogram(number, false);
            case 1 ->
                new CounterSnapshot(
                        metadata(number),
                        points(labels -> new CounterDataPointSnapshot(
                                Math.abs(value()), labels, exemplar(0, 1), created(), timestamp())));
            case 2 ->
                new GaugeSnapshot(
                        metadata(number),
                        points(labels -> new GaugeDataPointSnapshot(value(), labels, null, timestamp())));
            case 3 -> new SummarySnapshot(metadata(number), points(this::summary));
            case 4 ->
                new InfoSnapshot(
                        new MetricMetadata(name(number), help()),
                        points(labels -> new InfoDataPointSnapshot(labels, timestamp())));
            case 5 ->
                new StateSetSnapshot(
                        // client_java forgets to quote UTF-8 names of a state set, so it has plain ones here.
                        new MetricMetadata("metric_" + number, help()),
                        points(
                                false,
                                labels -> new StateSetDataPointSnapshot(
                                        new String[] {"idle", "new\nline"},
                                        new boolean[] {random.nextBoolean(), random.nextBoolean()},
                                        labels,
                                        timestamp())));
            case 6 ->
                new UnknownSnapshot(
                        metadata(number),
                        points(labels -> new UnknownDataPointSnapshot(value(), labels, null, timestamp())));
            default -> histogram(number, true);
        };
    }

    private HistogramSnapshot histogram(int number, boolean gauge) {
        boolean sparse = !gauge && random.nextBoolean();
        boolean classic = !sparse || random.nextBoolean();
        return new HistogramSnapshot(
                gauge,
                metadata(number),
                points(labels -> sparse ? sparseHistogram(labels, classic) : classicHistogram(labels, gauge)));
    }

    private HistogramDataPointSnapshot classicHistogram(Labels labels, boolean gauge) {
        ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        // Bounds that protobuf, where they are numbers, spells as text does.
        double[] bounds = {-1, 0.005, 1, 250};
        IntStream.range(0, bounds.length)
                .filter(i -> random.nextBoolean())
                .forEach(i -> buckets.bucket(bounds[i], random.nextInt(100)));
        buckets.bucket(Double.POSITIVE_INFINITY, random.nextInt(100));
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(buckets.build())
                .sum(random.nextGaussian())
                .exemplars(gauge ? Exemplars.EMPTY : exemplars())
                .createdTimestampMillis(gauge ? 0 : created())
                .scrapeTimestampMillis(timestamp())
                .build();
    }

    private HistogramDataPointSnapshot sparseHistogram(Labels labels, boolean classic) {
        NativeHistogramBuckets positive = sparseBuckets();
        NativeHistogramBuckets negative = sparseBuckets();
        long zeros = random.nextInt(10);
        long count = zeros;
        for (int i = 0; i < positive.size(); i++) {
            count += positive.getCount(i);
        }
        for (int i = 0; i < negative.size(); i++) {
            count += negative.getCount(i);
        }
        return new HistogramDataPointSnapshot(
                classic
                        ? ClassicHistogramBuckets.of(
                                new double[] {1, Double.POSITIVE_INFINITY}, new long[] {count / 2, count - count / 2})
                        : ClassicHistogramBuckets.EMPTY,
                random.nextInt(13) - 4,
                zeros,
                random.nextBoolean() ? 1e-128 : 0.001,
                positive,
                negative,
                random.nextGaussian(),
                labels,
                exemplars(),
                created(),
                timestamp());
    }

    private NativeHistogramBuckets sparseBuckets() {
        NativeHistogramBuckets.Builder buckets = NativeHistogramBuckets.builder();
        int index = random.nextInt(20) - 10;
        int size = random.nextInt(8);
        for (int i = 0; i < size; i++) {
            buckets.bucket(index, random.nextInt(50) + 1L);
            index += 1 + random.nextInt(4) * random.nextInt(2);
        }
        return buckets.build();
    }

    private SummaryDataPointSnapshot summary(Labels labels) {
        Quantiles.Builder quantiles = Quantiles.builder();
        if (random.nextBoolean()) {
            quantiles.quantile(new Quantile(0.5, value())).quantile(new Quantile(0.99, value()));
        }
        return new SummaryDataPointSnapshot(
                random.nextInt(100),
                random.nextGaussian(),
                quantiles.build(),
                labels,
                Exemplars.EMPTY,
                created(),
                timestamp());
    }

    private <T> List<T> points(Function<Labels, T> point) {
        return points(random.nextInt(4) == 0, point);
    }

    private <T> List<T> points(boolean dotted, Function<Labels, T> point) {
        List<T> points = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            Labels labels = Labels.of(
                    dotted ? "dotted.label" : "plain_label",
                    Integer.toString(i),
                    "text",
                    TEXTS[random.nextInt(TEXTS.length)]);
            points.add(point.apply(count == 1 && random.nextBoolean() ? Labels.EMPTY : labels));
        }
        return points;
    }

    private MetricMetadata metadata(int number) {
        return random.nextInt(3) == 0
                ? new MetricMetadata(name(number) + "_seconds", help(), Unit.SECONDS)
                : new MetricMetadata(name(number), help());
    }

    private String name(int number) {
        return (random.nextInt(4) == 0 ? "dotted.metric_" : "metric_") + number;
    }

    private @Nullable String help() {
        return random.nextInt(5) == 0 ? null : HELPS[random.nextInt(HELPS.length)];
    }

    private double value() {
        return random.nextBoolean() ? VALUES[random.nextInt(VALUES.length)] : random.nextGaussian() * 1e6;
    }

    private long created() {
        return random.nextBoolean() ? 0 : 1_600_000_000_000L + random.nextInt();
    }

    private long timestamp() {
        return random.nextInt(4) > 0 ? 0 : 1_690_000_000_000L + random.nextInt();
    }

    private Exemplars exemplars() {
        Exemplars.Builder exemplars = Exemplars.builder();
        double[] where = {-2, 0.003, 0.5, 100};
        for (double value : where) {
            Exemplar exemplar = exemplar(value, 0.001);
            if (exemplar != null) {
                exemplars.exemplar(exemplar);
            }
        }
        return exemplars.build();
    }

    private @Nullable Exemplar exemplar(double from, double width) {
        return random.nextBoolean()
                ? null
                : Exemplar.builder()
                        .value(from + width * random.nextDouble())
                        .traceId(Long.toHexString(random.nextLong()))
                        .spanId("s\"1")
                        .timestampMillis(1_700_000_000_000L + random.nextInt())
                        .build();
    }
}

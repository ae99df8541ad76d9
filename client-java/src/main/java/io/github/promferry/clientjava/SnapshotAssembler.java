package io.github.promferry.clientjava;

import static io.github.promferry.SampleBatch.NO_TIMESTAMP;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
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
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Puts rows together again that are one data point, and data points that are one metric. Used for one collection.
 *
 * <p>A row is first placed by the rules of its family's type. Rows that find no place there, and data points that lack a
 * part, are shown as metrics of type unknown under the rows' own names.
 */
final class SnapshotAssembler {
    /** The place of a native histogram, which has no suffix, among the parts of a data point. */
    private static final String NATIVE = "native";

    private final Map<FamilyKey, Family> families = new LinkedHashMap<>();
    private final Map<String, MetricSnapshot> snapshots = new LinkedHashMap<>();
    /** A page must not show a series twice, whatever metadata the rows have. */
    private final Set<Labels> seen = new HashSet<>();

    private int skippedRows;

    void add(SampleBatch batch, int row, @Nullable NativeHistogram histogram, List<Exemplar> exemplars) {
        Series series = batch.series(row);
        Labels full = series.fullLabels(batch.commonLabels());
        Map<String, String> labels = new LinkedHashMap<>(full.toMap());
        String name = labels.remove(Labels.METRIC_NAME);
        if (name == null || !seen.add(full) || (histogram != null && !SparseBuckets.fits(histogram))) {
            skippedRows++;
            return;
        }
        MetricMetadata metadata = series.metadata().family().isEmpty()
                ? new MetricMetadata(name, MetricType.UNKNOWN, "", "")
                : series.metadata();
        Row added = new Row(
                name,
                labels,
                Double.longBitsToDouble(batch.valueBits(row)),
                batch.timestamp(row),
                batch.startTimestamp(row),
                histogram,
                exemplars,
                metadata);
        switch (family(metadata).place(added)) {
            case PLACED -> {}
            case TAKEN -> skippedRows++;
            case FOREIGN -> addUntyped(added);
        }
    }

    MetricSnapshots assemble() {
        // Data points that do not fit their type add to families of type unknown, so these come last.
        List.copyOf(families.values()).stream()
                .filter(family -> family.type != MetricType.UNKNOWN)
                .forEach(this::offer);
        families.values().stream()
                .filter(family -> family.type == MetricType.UNKNOWN)
                .forEach(this::offer);
        return new MetricSnapshots(snapshots.values());
    }

    int skippedRows() {
        return skippedRows;
    }

    private Family family(MetricMetadata metadata) {
        String name = metadata.family();
        return families.computeIfAbsent(new FamilyKey(name, metadata.type()), key -> new Family(metadata));
    }

    private void addUntyped(Row row) {
        if (row.histogram != null) {
            // Only its sum would be left.
            skippedRows++;
            return;
        }
        Family family = family(new MetricMetadata(row.name, MetricType.UNKNOWN, row.metadata.help(), ""));
        if (family.place(row) != Placement.PLACED) {
            skippedRows++;
        }
    }

    /** Adds the family's snapshot unless client_java has, or would have, an objection. */
    private void offer(Family family) {
        List<DataPointSnapshot> dataPoints = new ArrayList<>();
        int rows = 0;
        for (Point point : family.points.values()) {
            DataPointSnapshot dataPoint = dataPoint(family, point);
            if (dataPoint != null) {
                dataPoints.add(dataPoint);
                rows += point.rows.size();
            } else if (family.type == MetricType.UNKNOWN) {
                skippedRows += point.rows.size();
            } else {
                point.rows.forEach(this::addUntyped);
            }
        }
        if (dataPoints.isEmpty()) {
            return;
        }
        MetricSnapshot snapshot = null;
        try {
            snapshot = family.snapshot(dataPoints);
        } catch (IllegalArgumentException refused) {
            // A name that client_java does not allow; it has no question to ask beforehand.
        }
        // client_java fails a whole scrape over two metrics of one name, so the first wins.
        if (snapshot == null || snapshots.putIfAbsent(snapshot.getMetadata().getPrometheusName(), snapshot) != null) {
            skippedRows += rows;
        }
    }

    private static @Nullable DataPointSnapshot dataPoint(Family family, Point point) {
        try {
            return point.snapshot(family);
        } catch (IllegalArgumentException refused) {
            // A label name that client_java does not allow for the type.
            return null;
        }
    }

    private enum Placement {
        PLACED,
        /** By another row, which client_java would show under the same name. */
        TAKEN,
        /** The row's name is none that the type knows. */
        FOREIGN;

        private static Placement of(@Nullable Row before) {
            return before == null ? PLACED : TAKEN;
        }
    }

    private record FamilyKey(String name, MetricType type) {}

    private record Row(
            String name,
            Map<String, String> labels,
            double value,
            long timestamp,
            long start,
            @Nullable NativeHistogram histogram,
            List<Exemplar> exemplars,
            MetricMetadata metadata) {}

    /** The metric that a page would show under one TYPE line. */
    private static final class Family {
        private final MetricMetadata metadata;
        private final MetricType type;
        /** Without {@code _total} and {@code _info}, which client_java adds. */
        private final String base;

        private final Map<Map<String, String>, Point> points = new LinkedHashMap<>();

        private Family(MetricMetadata metadata) {
            this.metadata = metadata;
            type = metadata.type();
            base = switch (type) {
                case COUNTER -> without(metadata.family(), "_total");
                case INFO -> without(metadata.family(), "_info");
                default -> metadata.family();
            };
        }

        private Placement place(Row row) {
            if (!row.name.startsWith(base)) {
                return Placement.FOREIGN;
            }
            String suffix = row.name.substring(base.length());
            if (row.histogram != null) {
                boolean histograms = type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM;
                return histograms && suffix.isEmpty() ? placePart(NATIVE, row) : Placement.FOREIGN;
            }
            return switch (type) {
                case COUNTER -> suffix.equals("_total") ? placePart("", row) : placePart(suffix, row, "", "_created");
                case INFO -> suffix.equals("_info") ? placePart("", row) : placePart(suffix, row, "");
                case GAUGE, UNKNOWN -> placePart(suffix, row, "");
                case STATE_SET -> suffix.isEmpty() ? placeBy(base, row) : Placement.FOREIGN;
                case SUMMARY ->
                    suffix.isEmpty() ? placeBy("quantile", row) : placePart(suffix, row, "_count", "_sum", "_created");
                case HISTOGRAM ->
                    suffix.equals("_bucket")
                            ? placeBy("le", row)
                            : placePart(suffix, row, "_count", "_sum", "_created");
                case GAUGE_HISTOGRAM ->
                    suffix.equals("_bucket") ? placeBy("le", row) : placePart(suffix, row, "_gcount", "_gsum");
            };
        }

        private Placement placePart(String suffix, Row row, String... allowed) {
            return List.of(allowed).contains(suffix) ? placePart(suffix, row) : Placement.FOREIGN;
        }

        private Placement placePart(String part, Row row) {
            return point(row.labels).put(part, row);
        }

        private Placement placeBy(String labelName, Row row) {
            Map<String, String> rest = new LinkedHashMap<>(row.labels);
            String value = rest.remove(labelName);
            return value == null ? Placement.FOREIGN : point(rest).putBy(value, row);
        }

        private Point point(Map<String, String> labels) {
            return points.computeIfAbsent(labels, Point::new);
        }

        private MetricSnapshot snapshot(List<DataPointSnapshot> dataPoints) {
            return switch (type) {
                case COUNTER -> new CounterSnapshot(clientMetadata(), cast(dataPoints, CounterDataPointSnapshot.class));
                case GAUGE -> new GaugeSnapshot(clientMetadata(), cast(dataPoints, GaugeDataPointSnapshot.class));
                case HISTOGRAM, GAUGE_HISTOGRAM ->
                    new HistogramSnapshot(
                            type == MetricType.GAUGE_HISTOGRAM,
                            clientMetadata(),
                            cast(dataPoints, HistogramDataPointSnapshot.class));
                case SUMMARY -> new SummarySnapshot(clientMetadata(), cast(dataPoints, SummaryDataPointSnapshot.class));
                case INFO -> new InfoSnapshot(clientMetadata(), cast(dataPoints, InfoDataPointSnapshot.class));
                case STATE_SET ->
                    new StateSetSnapshot(clientMetadata(), cast(dataPoints, StateSetDataPointSnapshot.class));
                case UNKNOWN -> new UnknownSnapshot(clientMetadata(), cast(dataPoints, UnknownDataPointSnapshot.class));
            };
        }

        private io.prometheus.metrics.model.snapshots.MetricMetadata clientMetadata() {
            // client_java appends a unit that the name lacks, which would rename the series.
            boolean unitInName = !metadata.unit().isEmpty() && base.endsWith("_" + metadata.unit());
            return new io.prometheus.metrics.model.snapshots.MetricMetadata(
                    base,
                    metadata.help().isEmpty() ? null : metadata.help(),
                    unitInName ? new Unit(metadata.unit()) : null);
        }

        private static <T extends DataPointSnapshot> List<T> cast(List<DataPointSnapshot> points, Class<T> type) {
            return points.stream().map(type::cast).toList();
        }

        private static String without(String name, String suffix) {
            return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
        }
    }

    /** What a metric says for one set of labels. */
    private static final class Point {
        private final Map<String, String> labels;
        /** By suffix. */
        private final Map<String, Row> parts = new LinkedHashMap<>();
        /** By bound, quantile or state. */
        private final Map<String, Row> byLabel = new LinkedHashMap<>();

        private final List<Row> rows = new ArrayList<>();

        private Point(Map<String, String> labels) {
            this.labels = labels;
        }

        private Placement put(String part, Row row) {
            return note(Placement.of(parts.putIfAbsent(part, row)), row);
        }

        private Placement putBy(String value, Row row) {
            return note(Placement.of(byLabel.putIfAbsent(value, row)), row);
        }

        private Placement note(Placement placement, Row row) {
            if (placement == Placement.PLACED) {
                rows.add(row);
            }
            return placement;
        }

        /** The data point, or null if it lacks a part. */
        private @Nullable DataPointSnapshot snapshot(Family family) {
            return switch (family.type) {
                case COUNTER ->
                    single(row -> new CounterDataPointSnapshot(
                            row.value, clientLabels(), exemplar(row), start(), timestamp(row)));
                case GAUGE ->
                    single(row -> new GaugeDataPointSnapshot(row.value, clientLabels(), exemplar(row), timestamp(row)));
                case UNKNOWN ->
                    single(row ->
                            new UnknownDataPointSnapshot(row.value, clientLabels(), exemplar(row), timestamp(row)));
                case INFO -> single(row -> new InfoDataPointSnapshot(clientLabels(), timestamp(row)));
                case STATE_SET -> stateSet();
                case SUMMARY -> summary();
                case HISTOGRAM, GAUGE_HISTOGRAM -> histogram();
            };
        }

        private @Nullable DataPointSnapshot single(Function<Row, DataPointSnapshot> snapshot) {
            Row row = parts.get("");
            return row == null ? null : snapshot.apply(row);
        }

        private DataPointSnapshot stateSet() {
            String[] names = new String[byLabel.size()];
            boolean[] states = new boolean[names.length];
            int i = 0;
            for (Map.Entry<String, Row> state : byLabel.entrySet()) {
                names[i] = state.getKey();
                states[i++] = state.getValue().value != 0;
            }
            return new StateSetDataPointSnapshot(names, states, clientLabels(), timestamp(rows.get(0)));
        }

        private @Nullable DataPointSnapshot summary() {
            Row count = parts.get("_count");
            Row sum = parts.get("_sum");
            Map<Double, Row> byQuantile = sorted();
            if (byQuantile == null || (count != null && !isCount(count.value))) {
                return null;
            }
            List<Quantile> quantiles = new ArrayList<>();
            byQuantile.forEach((quantile, row) -> quantiles.add(new Quantile(quantile, row.value)));
            return new SummaryDataPointSnapshot(
                    count == null ? -1 : (long) count.value, // client_java's "has none"
                    sum == null ? Double.NaN : sum.value,
                    Quantiles.of(quantiles),
                    clientLabels(),
                    exemplars(rows),
                    start(),
                    timestamp(rows.get(0)));
        }

        private @Nullable DataPointSnapshot histogram() {
            HistogramDataPointSnapshot.Builder histogram = HistogramDataPointSnapshot.builder();
            Row sparse = parts.get(NATIVE);
            if (sparse != null && sparse.histogram != null) {
                SparseBuckets.set(sparse.histogram, histogram);
            }
            if (sparse == null || !byLabel.isEmpty()) {
                ClassicHistogramBuckets buckets = classicBuckets();
                if (buckets == null) {
                    return null;
                }
                histogram.classicHistogramBuckets(buckets);
            }
            Row sum = sparse != null ? sparse : part("_sum", "_gsum");
            return histogram
                    .sum(sum == null ? Double.NaN : sum.value)
                    .labels(clientLabels())
                    .exemplars(exemplars(sparse == null ? rows : List.of(sparse)))
                    .createdTimestampMillis(start())
                    .scrapeTimestampMillis(timestamp(rows.get(0)))
                    .build();
        }

        private @Nullable ClassicHistogramBuckets classicBuckets() {
            Map<Double, Row> byBound = sorted();
            if (byBound == null) {
                return null;
            }
            Row last = byBound.get(Double.POSITIVE_INFINITY);
            Row total = part("_count", "_gcount");
            if (total == null) {
                total = last;
            }
            if (total == null || !isCount(total.value)) {
                return null;
            }
            ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
            double before = 0;
            for (Map.Entry<Double, Row> bucket : byBound.entrySet()) {
                double cumulative = bucket.getValue().value;
                if (!isCount(cumulative) || cumulative < before) {
                    return null;
                }
                buckets.bucket(bucket.getKey(), (long) (cumulative - before));
                before = cumulative;
            }
            if (last == null && total.value >= before) {
                buckets.bucket(Double.POSITIVE_INFINITY, (long) (total.value - before));
            } else if (total.value != before) {
                return null; // _count and the buckets disagree; client_java has one number for both
            }
            return buckets.build();
        }

        /** Rows by number, ascending; null if a label value is not a number or two are the same number. */
        private @Nullable Map<Double, Row> sorted() {
            Map<Double, Row> sorted = new TreeMap<>();
            for (Map.Entry<String, Row> entry : byLabel.entrySet()) {
                if (sorted.put(number(entry.getKey()), entry.getValue()) != null) {
                    return null;
                }
            }
            return sorted.keySet().stream().anyMatch(key -> key.isNaN()) ? null : sorted;
        }

        private static double number(String text) {
            if (text.endsWith("Inf")) {
                return text.equals("-Inf") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            }
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException notANumber) {
                return Double.NaN;
            }
        }

        private static boolean isCount(double value) {
            // Whole numbers up to 2^53 are what a double and a long both hold.
            return value >= 0 && value <= 1L << 53 && value == Math.rint(value);
        }

        private @Nullable Row part(String suffix, String otherSuffix) {
            Row row = parts.get(suffix);
            return row != null ? row : parts.get(otherSuffix);
        }

        private long start() {
            Row created = parts.get("_created");
            if (created != null) {
                return Math.round(created.value * 1000);
            }
            return rows.stream()
                    .mapToLong(Row::start)
                    .filter(start -> start != NO_TIMESTAMP)
                    .findFirst()
                    .orElse(0); // client_java's "none"
        }

        private io.prometheus.metrics.model.snapshots.Labels clientLabels() {
            return SnapshotAssembler.clientLabels(labels);
        }

        private static long timestamp(Row row) {
            return row.timestamp == NO_TIMESTAMP ? 0 : row.timestamp;
        }

        /** A number has one exemplar in client_java; the last is the latest. */
        private static io.prometheus.metrics.model.snapshots.@Nullable Exemplar exemplar(Row row) {
            return row.exemplars.isEmpty() ? null : converted(row.exemplars.get(row.exemplars.size() - 1));
        }

        private static Exemplars exemplars(Collection<Row> rows) {
            Exemplars.Builder exemplars = Exemplars.builder();
            for (Row row : rows) {
                if (row.histogram != null) {
                    row.exemplars.forEach(exemplar -> exemplars.exemplar(converted(exemplar)));
                } else if (!row.exemplars.isEmpty()) {
                    exemplars.exemplar(exemplar(row));
                }
            }
            return exemplars.build();
        }

        private static io.prometheus.metrics.model.snapshots.Exemplar converted(Exemplar exemplar) {
            return new io.prometheus.metrics.model.snapshots.Exemplar(
                    exemplar.value(),
                    SnapshotAssembler.clientLabels(exemplar.labels().toMap()),
                    exemplar.timestampMillis() == NO_TIMESTAMP ? 0 : exemplar.timestampMillis());
        }
    }

    private static io.prometheus.metrics.model.snapshots.Labels clientLabels(Map<String, String> labels) {
        return io.prometheus.metrics.model.snapshots.Labels.of(
                labels.keySet().toArray(String[]::new), labels.values().toArray(String[]::new));
    }
}

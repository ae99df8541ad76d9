package io.github.promferry.clientjava;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.Series;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives the same {@link Series} for the same series in every lap, and forgets what a lap did not ask for.
 *
 * <p>A lap costs one look-up for each family and data point, none for a row: a {@link Point} keeps its rows in the order in
 * which they were asked for last time and compares (suffix, bucket bound, state) with the next. The rows are also held by
 * their final labels, which is where two metrics whose names collide meet: the second row of a lap with the same labels is
 * refused.
 */
final class SeriesMemory {
    private final boolean legacyNames;
    private final Map<FamilyKey, Family> families = new HashMap<>();
    private final Map<Labels, Row> rows = new HashMap<>();
    private final Labels.Builder labels = Labels.builder();
    private long lap;
    private int givenRows;
    private int duplicates;

    SeriesMemory(boolean legacyNames) {
        this.legacyNames = legacyNames;
    }

    void begin() {
        lap++;
        givenRows = 0;
        duplicates = 0;
    }

    /** Forgets what was not asked for since {@link #begin}. */
    void end() {
        families.values().removeIf(family -> family.lap != lap);
        families.values().forEach(Family::forgetUnused);
        if (givenRows < rows.size()) {
            rows.values().removeIf(row -> row.lap != lap);
        }
    }

    int duplicates() {
        return duplicates;
    }

    /** How many series are held; families and points are never more. */
    int size() {
        return Math.max(
                rows.size(),
                families.values().stream().mapToInt(f -> f.points.size()).sum());
    }

    /**
     * The family of a snapshot.
     *
     * @param suffix what the type's main series has at its end, {@code _total} or {@code _info}; empty for other types
     */
    Family family(MetricSnapshot snapshot, MetricType type, String suffix) {
        io.prometheus.metrics.model.snapshots.MetricMetadata said = snapshot.getMetadata();
        String name = legacyNames ? said.getPrometheusName() : said.getName();
        if (!suffix.isEmpty()) {
            // As client_java's writers: the name as the application wrote it counts if it has the suffix already.
            String written = legacyNames ? said.getExpositionBasePrometheusName() : said.getExpositionBaseName();
            if (written.endsWith(suffix)) {
                name = written.substring(0, written.length() - suffix.length());
            }
        }
        String unit = said.getUnit() == null ? "" : said.getUnit().toString();
        String help = said.getHelp() == null ? "" : said.getHelp();
        Family family = families.get(new FamilyKey(name, type));
        if (family == null
                || !family.metadata.help().equals(help)
                || !family.metadata.unit().equals(unit)) {
            family = new Family(new MetricMetadata(name, type, help, unit));
            families.put(new FamilyKey(name, type), family);
        }
        family.lap = lap;
        return family;
    }

    /** Adds client_java's labels; a lone surrogate becomes a question mark, as on the page. */
    static void addLabels(io.prometheus.metrics.model.snapshots.Labels from, boolean legacyNames, Labels.Builder into) {
        for (int i = 0; i < from.size(); i++) {
            add(legacyNames ? from.getPrometheusName(i) : from.getName(i), from.getValue(i), into);
        }
    }

    private static void add(String name, String value, Labels.Builder into) {
        byte[] nameBytes = name.getBytes(UTF_8);
        byte[] valueBytes = value.getBytes(UTF_8);
        into.add(nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length);
    }

    private record FamilyKey(String name, MetricType type) {}

    /** A series and when it was last given. */
    private static final class Row {
        private final Series series;
        private long lap;

        private Row(Series series) {
            this.series = series;
        }
    }

    /** The place of a row within its point, and the row. */
    private record Place(
            String suffix, long boundBits, @Nullable String state, Row row) {}

    /** All data points of one metric. */
    final class Family {
        private final MetricMetadata metadata;
        private final Map<io.prometheus.metrics.model.snapshots.Labels, Point> points = new HashMap<>();
        private long lap;
        private int givenPoints;

        private Family(MetricMetadata metadata) {
            this.metadata = metadata;
        }

        /** The data point with the given labels, ready for its first row. */
        Point point(io.prometheus.metrics.model.snapshots.Labels pointLabels) {
            Point point = points.get(pointLabels);
            if (point == null) {
                point = new Point(this, pointLabels);
                points.put(pointLabels, point);
            }
            if (point.lap != SeriesMemory.this.lap) {
                point.lap = SeriesMemory.this.lap;
                givenPoints++;
            }
            point.next = 0;
            return point;
        }

        private void forgetUnused() {
            if (givenPoints < points.size()) {
                points.values().removeIf(point -> point.lap != SeriesMemory.this.lap);
            }
            givenPoints = 0;
        }
    }

    /** The rows of one data point; asked for in a fixed order. */
    final class Point {
        private final Family family;
        private final io.prometheus.metrics.model.snapshots.Labels pointLabels;
        private final List<Place> places = new ArrayList<>(2);
        private int next;
        private long lap;

        private Point(Family family, io.prometheus.metrics.model.snapshots.Labels pointLabels) {
            this.family = family;
            this.pointLabels = pointLabels;
        }

        /** The series with this suffix, or null if the lap has it already. */
        @Nullable
        Series next(String suffix) {
            return next(suffix, null, 0, null);
        }

        /** The series with this suffix and bound or quantile, or null if the lap has it already. */
        @Nullable
        Series next(String suffix, String labelName, double bound) {
            return next(suffix, labelName, Double.doubleToRawLongBits(bound), null);
        }

        /** The series of a state, or null if the lap has it already. */
        @Nullable
        Series nextState(String state) {
            return next("", family.metadata.family(), 0, state);
        }

        /** No more rows in this lap: forgets those that came after. */
        void end() {
            if (next < places.size()) {
                places.subList(next, places.size()).clear();
            }
        }

        private @Nullable Series next(
                String suffix, @Nullable String labelName, long boundBits, @Nullable String state) {
            int at = next++;
            Place place = at < places.size() ? places.get(at) : null;
            if (place == null
                    || place.boundBits != boundBits
                    || !place.suffix.equals(suffix)
                    || !Objects.equals(place.state, state)) {
                place = new Place(suffix, boundBits, state, learn(suffix, labelName, boundBits, state));
                if (at < places.size()) {
                    places.set(at, place);
                } else {
                    places.add(place);
                }
            }
            return give(place.row);
        }

        private @Nullable Series give(Row row) {
            if (row.lap == SeriesMemory.this.lap) {
                duplicates++;
                return null;
            }
            row.lap = SeriesMemory.this.lap;
            givenRows++;
            return row.series;
        }

        private Row learn(String suffix, @Nullable String labelName, long boundBits, @Nullable String state) {
            labels.clear();
            add(Labels.METRIC_NAME, family.metadata.family() + suffix, labels);
            addLabels(pointLabels, legacyNames, labels);
            if (labelName != null) {
                add(labelName, state != null ? state : boundText(Double.longBitsToDouble(boundBits)), labels);
            }
            Labels built = labels.build();
            Row known = rows.get(built);
            // A row given in this lap stays even if its metadata differs: that is the collision which give() refuses.
            if (known != null
                    && (known.lap == SeriesMemory.this.lap
                            || known.series.metadata().equals(family.metadata))) {
                return known;
            }
            Row row = new Row(Series.of(built, family.metadata));
            rows.put(built, row);
            return row;
        }

        /** As client_java writes {@code le} and {@code quantile}, so that the series is the same as on the page. */
        private static String boundText(double bound) {
            return bound == Double.POSITIVE_INFINITY
                    ? "+Inf"
                    : bound == Double.NEGATIVE_INFINITY ? "-Inf" : Double.toString(bound);
        }
    }
}

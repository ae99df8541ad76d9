package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.MetricFamily.Sample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Makes families ones that a format can hold, and remembers the first thing that it could not. For one list.
 *
 * <p>OpenMetrics 1.0, "MetricFamily", "Exemplars" and "Metric types"; OpenMetrics 2.0, "Sample", "Composite values",
 * "Start timestamp" and "Exemplars". Text holds everything, by {@link CarriedComment}.
 */
final class Fitting {
    private static final long NONE = SampleBatch.NO_TIMESTAMP;

    /** Samples of a label set at one time. */
    private record Key(Labels labels, long timestampMillis) {}

    private final ExpositionFormat format;
    private final Map<MetricMetadata, List<Sample>> fitted = new LinkedHashMap<>();
    private boolean anyStart;
    private @Nullable String firstChange;

    Fitting(ExpositionFormat format) {
        this.format = format;
    }

    List<MetricFamily> apply(List<MetricFamily> families) {
        anyStart = families.stream()
                .flatMap(family -> family.samples().stream())
                .anyMatch(sample -> sample.startTimestampMillis() != NONE);
        for (MetricFamily family : families) {
            if (family.samples().isEmpty()) {
                put(unitFitting(family.metadata()), List.of());
                continue;
            }
            if (fitted.containsKey(family.metadata())) {
                change(family.metadata(), "the same family twice");
            }
            if (!format.isOpenMetrics()) {
                put(family.metadata(), family.samples());
            } else if (format == ExpositionFormat.OPENMETRICS_2_0_0) {
                version2(family);
            } else {
                version1(family);
            }
        }
        return result();
    }

    private List<MetricFamily> result() {
        Set<String> withSamples = new HashSet<>();
        fitted.forEach((metadata, samples) -> {
            if (!samples.isEmpty()) {
                withSamples.add(metadata.family());
            }
        });
        List<MetricFamily> result = new ArrayList<>();
        fitted.forEach((metadata, samples) -> {
            if (samples.isEmpty() && withSamples.contains(metadata.family())) {
                change(metadata, "no samples beside a family of the same name that has some");
            } else {
                result.add(new MetricFamily(metadata, samples));
            }
        });
        return List.copyOf(result);
    }

    /** What was changed first, and in which family; null if nothing was. */
    @Nullable
    String firstChange() {
        return firstChange;
    }

    /** Whether OpenMetrics 2.0 has one line for all samples of a point. */
    static boolean isComposite(MetricType type) {
        return isHistogram(type) || type == MetricType.SUMMARY;
    }

    private static boolean isHistogram(MetricType type) {
        return type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM;
    }

    private MetricMetadata unitFitting(MetricMetadata metadata) {
        boolean version1 = format.isOpenMetrics() && format != ExpositionFormat.OPENMETRICS_2_0_0;
        return version1 ? withUnitOfVersion1(metadata) : metadata;
    }

    /** A family that has lost all its samples is left out. */
    private void putUnlessEmpty(MetricMetadata family, List<Sample> samples) {
        if (!samples.isEmpty()) {
            put(family, samples);
        }
    }

    private void put(MetricMetadata family, List<Sample> samples) {
        fitted.computeIfAbsent(family, key -> new ArrayList<>()).addAll(samples);
    }

    private void change(MetricMetadata family, String what) {
        if (firstChange == null) {
            firstChange = "family " + family.family() + ": " + what;
        }
    }

    // ---- OpenMetrics 1.0

    private void version1(MetricFamily family) {
        MetricMetadata metadata = withUnitOfVersion1(family.metadata());
        List<Sample> samples = anyStart ? withoutCreated(family) : family.samples();
        Set<Key> classic = new HashSet<>();
        for (Sample sample : samples) {
            if (sample.histogram() == null) {
                classic.add(key(metadata, sample));
            }
        }
        List<Sample> result = new ArrayList<>();
        for (Sample sample : samples) {
            if (sample.histogram() == null) {
                result.add(sample);
            } else {
                change(metadata, "a native histogram");
                if (!classic.contains(key(metadata, sample))) {
                    result.addAll(classic(metadata, sample, sample.histogram()));
                }
            }
        }
        putUnlessEmpty(metadata, withStartsOfVersion1(metadata, withExemplarsOfVersion1(metadata, result)));
    }

    private MetricMetadata withUnitOfVersion1(MetricMetadata metadata) {
        String unit = metadata.unit();
        boolean mayHaveUnit = metadata.type() != MetricType.INFO && metadata.type() != MetricType.STATE_SET;
        if (unit.isEmpty() || (mayHaveUnit && metadata.family().endsWith('_' + unit))) {
            return metadata;
        }
        change(
                metadata,
                "the unit " + unit
                        + (mayHaveUnit
                                ? ", with which its name must end"
                                : " of the type " + metadata.type().word()));
        return new MetricMetadata(metadata.family(), metadata.type(), metadata.help(), "");
    }

    private List<Sample> withExemplarsOfVersion1(MetricMetadata metadata, List<Sample> samples) {
        String allowedOn = switch (metadata.type()) {
            case COUNTER -> "_total";
            case HISTOGRAM, GAUGE_HISTOGRAM -> "_bucket";
            default -> "";
        };
        List<Sample> result = new ArrayList<>();
        for (Sample sample : samples) {
            List<Exemplar> kept = !allowedOn.isEmpty() && name(sample).endsWith(allowedOn)
                    ? sample.exemplars().stream()
                            .filter(exemplar ->
                                    SampleTail.codePoints(exemplar.labels()) <= SampleTail.MAX_EXEMPLAR_CODE_POINTS)
                            .limit(1)
                            .toList()
                    : List.of();
            if (kept.size() < sample.exemplars().size()) {
                change(
                        metadata,
                        "more exemplars than one of at most " + SampleTail.MAX_EXEMPLAR_CODE_POINTS
                                + " characters on a _total or _bucket, on " + name(sample));
            }
            result.add(with(sample, sample.startTimestampMillis(), kept));
        }
        return result;
    }

    /** As {@code _created} samples they are those of all samples of a label set, and a double of seconds. */
    private List<Sample> withStartsOfVersion1(MetricMetadata metadata, List<Sample> samples) {
        Map<Labels, Long> starts = new HashMap<>();
        Set<Labels> unfit = new HashSet<>();
        for (Sample sample : samples) {
            Labels labels = key(metadata, sample).labels();
            long start = sample.startTimestampMillis();
            Long other = starts.putIfAbsent(labels, start);
            boolean same = other == null || other == start;
            boolean fits = start == NONE
                    || (FamilyContext.isCumulative(metadata.type()) && CreatedTimes.millis(start / 1e3) == start);
            if (!same || !fits) {
                unfit.add(labels);
            }
        }
        if (unfit.isEmpty()) {
            return samples;
        }
        change(metadata, "a start timestamp that is not that of a whole counter, histogram or summary");
        return samples.stream()
                .map(sample -> unfit.contains(key(metadata, sample).labels())
                        ? with(sample, NONE, sample.exemplars())
                        : sample)
                .toList();
    }

    // ---- OpenMetrics 2.0

    private void version2(MetricFamily family) {
        MetricMetadata metadata = family.metadata();
        List<Sample> samples = withoutCreated(family);
        if (isComposite(metadata.type())) {
            composites(metadata, samples);
            return;
        }
        for (Sample sample : samples) {
            NativeHistogram histogram = sample.histogram();
            if (histogram != null && (metadata.type() != MetricType.UNKNOWN || isCustom(histogram))) {
                change(
                        metadata,
                        "a native histogram in a family of type "
                                + metadata.type().word());
                continue;
            }
            String name = name(sample);
            if (!name.equals(metadata.family())) {
                change(metadata, "the sample " + name + ", though a family has the name of its samples");
            }
            long start = sample.startTimestampMillis();
            if (start != NONE && metadata.type() != MetricType.COUNTER) {
                change(
                        metadata,
                        "a start timestamp of the type " + metadata.type().word());
                start = NONE;
            }
            Sample plain = histogram == null
                    ? sample
                    : withHistogram(sample, spanned(metadata, histogram, histogram.isGauge()));
            put(
                    new MetricMetadata(name, metadata.type(), metadata.help(), metadata.unit()),
                    List.of(with(plain, start, stamped(metadata, sample.exemplars(), exemplar -> true))));
        }
    }

    /** The samples of one composite value. */
    private static final class Parts {
        private @Nullable Sample sparse;
        private double count = Double.NaN;
        private double sum = Double.NaN;
        private final TreeMap<Double, Double> points = new TreeMap<>();
        private final List<Exemplar> exemplars = new ArrayList<>();
        private long startMillis = NONE;
    }

    private void composites(MetricMetadata metadata, List<Sample> samples) {
        Map<Key, Parts> groups = new LinkedHashMap<>();
        for (Sample sample : samples) {
            Parts parts = groups.computeIfAbsent(key(metadata, sample), key -> new Parts());
            add(metadata, sample, parts);
            if (parts.startMillis == NONE && metadata.type() != MetricType.GAUGE_HISTOGRAM) {
                parts.startMillis = sample.startTimestampMillis();
            }
        }
        List<Sample> result = new ArrayList<>();
        groups.forEach((key, parts) -> {
            Sample sparse = parts.sparse;
            NativeHistogram histogram = sparse == null ? null : sparse.histogram();
            if (sparse == null || histogram == null) {
                result.addAll(composite(metadata, key, parts));
            } else if (isCustom(histogram)) {
                change(metadata, "a native histogram with custom bounds");
                result.addAll(composite(
                        metadata,
                        key,
                        parts(
                                metadata,
                                classic(metadata, with(sparse, parts.startMillis, sparse.exemplars()), histogram))));
            } else {
                boolean gauge = metadata.type() == MetricType.GAUGE_HISTOGRAM;
                Sample plain = withHistogram(sparse, spanned(metadata, histogram, gauge));
                result.add(with(plain, parts.startMillis, stamped(metadata, sparse.exemplars(), exemplar -> true)));
            }
        });
        if (!result.equals(samples)) {
            change(
                    metadata,
                    "samples that are not one after another _count, _sum and the buckets or quantiles in ascending"
                            + " order, with bounds such as 1.0, the same start timestamp and each exemplar at its bucket");
        }
        putUnlessEmpty(metadata, result);
    }

    private Parts parts(MetricMetadata metadata, List<Sample> samples) {
        Parts parts = new Parts();
        for (Sample sample : samples) {
            add(metadata, sample, parts);
            parts.startMillis = sample.startTimestampMillis();
        }
        return parts;
    }

    private void add(MetricMetadata metadata, Sample sample, Parts parts) {
        String name = name(sample);
        String suffix = name.startsWith(metadata.family())
                ? name.substring(metadata.family().length())
                : name;
        String partLabel = FamilyPoints.partLabel(metadata.type());
        boolean point = suffix.equals(metadata.type() == MetricType.SUMMARY ? "" : "_bucket");
        double bound = point ? DecimalParser.number(sample.labels().get(partLabel)) : Double.NaN;
        if (sample.histogram() != null && suffix.isEmpty() && isHistogram(metadata.type())) {
            parts.sparse = sample;
        } else if (suffix.equals("_count") || suffix.equals("_gcount")) {
            parts.count = sample.value();
        } else if (suffix.equals("_sum") || suffix.equals("_gsum")) {
            parts.sum = sample.value();
        } else if (!Double.isNaN(bound) && sample.histogram() == null) {
            // Bounds differ if they are spelled differently, which those of the two zeros are not.
            parts.points.putIfAbsent(bound == 0 ? 0.0 : bound, sample.value());
        }
        parts.exemplars.addAll(sample.exemplars());
    }

    private List<Sample> composite(MetricMetadata metadata, Key key, Parts parts) {
        boolean gauge = metadata.type() == MetricType.GAUGE_HISTOGRAM;
        boolean summary = metadata.type() == MetricType.SUMMARY;
        double count = parts.count;
        if (!summary) {
            double last = parts.points.isEmpty()
                    ? Double.NaN
                    : parts.points.lastEntry().getValue();
            count = Double.isNaN(count) ? last : count;
            parts.points.putIfAbsent(Double.POSITIVE_INFINITY, count);
        }
        String name = metadata.family();
        List<Sample> result = new ArrayList<>();
        result.add(sample(key, name + (gauge ? "_gcount" : "_count"), "", "", count, parts.startMillis, List.of()));
        result.add(sample(key, name + (gauge ? "_gsum" : "_sum"), "", "", parts.sum, parts.startMillis, List.of()));
        double lower = Double.NEGATIVE_INFINITY;
        for (Map.Entry<Double, Double> point : parts.points.entrySet()) {
            double from = lower;
            double to = point.getKey();
            List<Exemplar> exemplars = summary
                    ? List.of()
                    : stamped(metadata, parts.exemplars, exemplar -> exemplar.value() > from && exemplar.value() <= to);
            result.add(sample(
                    key,
                    summary ? name : name + "_bucket",
                    FamilyPoints.partLabel(metadata.type()),
                    BoundFormat.format(to),
                    point.getValue(),
                    parts.startMillis,
                    exemplars));
            lower = to;
        }
        return result;
    }

    /** Each exemplar of OpenMetrics 2.0 has a timestamp. */
    private List<Exemplar> stamped(MetricMetadata metadata, List<Exemplar> exemplars, Predicate<Exemplar> wanted) {
        List<Exemplar> stamped = exemplars.stream()
                .filter(exemplar -> exemplar.timestampMillis() != NONE)
                .toList();
        if (stamped.size() < exemplars.size()) {
            change(metadata, "an exemplar without timestamp");
        }
        return stamped.stream().filter(wanted).toList();
    }

    /** The grammar has no side with spans and no buckets, and the flavor is that of the type. */
    private NativeHistogram spanned(MetricMetadata metadata, NativeHistogram histogram, boolean gauge) {
        NativeHistogram.Builder builder = histogram.isFloat()
                ? NativeHistogram.ofFloatCounts(histogram.countFloat(), histogram.sum())
                        .zeroFloat(histogram.zeroThreshold(), histogram.zeroCountFloat())
                : NativeHistogram.ofCounts(histogram.count(), histogram.sum())
                        .zero(histogram.zeroThreshold(), histogram.zeroCount());
        NativeHistogram plain = builder.schema(histogram.schema())
                .gauge(gauge)
                .negative(histogram.negative().size() == 0 ? Buckets.NONE : histogram.negative())
                .positive(histogram.positive().size() == 0 ? Buckets.NONE : histogram.positive())
                .build();
        if (!plain.equals(histogram)) {
            change(metadata, "a native histogram with spans of no bucket or of the other flavor");
        }
        return plain;
    }

    // ---- both

    /** Creation times as start timestamps, no samples. */
    private List<Sample> withoutCreated(MetricFamily family) {
        MetricMetadata metadata = family.metadata();
        String createdName = FamilyPoints.createdName(metadata);
        Map<Labels, Long> starts = new HashMap<>();
        List<Sample> others = new ArrayList<>();
        for (Sample sample : family.samples()) {
            if (FamilyContext.isCumulative(metadata.type()) && name(sample).equals(createdName)) {
                change(metadata, "the sample " + createdName + (anyStart ? " beside start timestamps" : ""));
                starts.put(key(metadata, sample).labels(), CreatedTimes.millis(sample.value()));
            } else {
                others.add(sample);
            }
        }
        return others.stream()
                .map(sample -> sample.startTimestampMillis() == NONE
                        ? with(sample, starts.getOrDefault(key(metadata, sample).labels(), NONE), sample.exemplars())
                        : sample)
                .toList();
    }

    /** A native histogram as a classic one: with all of its custom bounds, or else with the last bucket alone. */
    private static List<Sample> classic(MetricMetadata metadata, Sample sample, NativeHistogram histogram) {
        if (!isHistogram(metadata.type()) || !name(sample).equals(metadata.family())) {
            return List.of();
        }
        boolean gauge = metadata.type() == MetricType.GAUGE_HISTOGRAM;
        Key key = key(metadata, sample);
        String name = metadata.family();
        long start = sample.startTimestampMillis();
        double count = histogram.countFloat();
        List<Sample> result = new ArrayList<>();
        result.add(sample(key, name + (gauge ? "_gcount" : "_count"), "", "", count, start, List.of()));
        result.add(sample(key, name + (gauge ? "_gsum" : "_sum"), "", "", histogram.sum(), start, List.of()));
        double[] cumulative = cumulative(histogram);
        double lower = Double.NEGATIVE_INFINITY;
        for (int bucket = 0; bucket <= histogram.customBoundCount(); bucket++) {
            boolean last = bucket == histogram.customBoundCount();
            double from = lower;
            double to = last ? Double.POSITIVE_INFINITY : histogram.customBound(bucket);
            result.add(sample(
                    key,
                    name + "_bucket",
                    "le",
                    BoundFormat.format(to),
                    last ? count : cumulative[bucket],
                    start,
                    sample.exemplars().stream()
                            .filter(exemplar -> exemplar.value() > from && exemplar.value() <= to)
                            .toList()));
            lower = to;
        }
        return result;
    }

    /** The counts up to each custom bound. */
    private static double[] cumulative(NativeHistogram histogram) {
        double[] counts = new double[histogram.customBoundCount() + 1];
        Buckets buckets = histogram.positive();
        int at = 0;
        int bucket = 0;
        long integer = 0;
        for (int span = 0; isCustom(histogram) && span < buckets.spanCount(); span++) {
            bucket += buckets.spanOffset(span);
            for (int i = 0; i < buckets.spanLength(span); i++, at++, bucket++) {
                integer += buckets.isFloat() ? 0 : buckets.delta(at);
                counts[bucket] = buckets.isFloat() ? buckets.count(at) : integer;
            }
        }
        for (int i = 1; i < counts.length; i++) {
            counts[i] += counts[i - 1];
        }
        return counts;
    }

    private static boolean isCustom(NativeHistogram histogram) {
        return histogram.schema() == NativeHistogram.CUSTOM_BUCKETS;
    }

    private static Key key(MetricMetadata metadata, Sample sample) {
        return new Key(
                FamilyPoints.without(sample.labels(), FamilyPoints.partLabel(metadata.type())),
                sample.timestampMillis());
    }

    private static String name(Sample sample) {
        return Objects.requireNonNullElse(sample.labels().metricName(), "");
    }

    private static Sample with(Sample sample, long startMillis, List<Exemplar> exemplars) {
        return new Sample(
                sample.labels(), sample.value(), sample.histogram(), sample.timestampMillis(), startMillis, exemplars);
    }

    private static Sample withHistogram(Sample sample, NativeHistogram histogram) {
        return new Sample(
                sample.labels(),
                histogram.sum(),
                histogram,
                sample.timestampMillis(),
                sample.startTimestampMillis(),
                sample.exemplars());
    }

    private static Sample sample(
            Key key, String name, String part, String bound, double value, long startMillis, List<Exemplar> exemplars) {
        Labels.Builder labels = Labels.builder().add(Labels.METRIC_NAME, name);
        for (Labels.Cursor at = key.labels().cursor(); at.next(); ) {
            labels.add(at.name(), at.value());
        }
        if (!part.isEmpty()) {
            labels.add(part, bound);
        }
        return new Sample(labels.build(), value, null, key.timestampMillis(), startMillis, exemplars);
    }
}

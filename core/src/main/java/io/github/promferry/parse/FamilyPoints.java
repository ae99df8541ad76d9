package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts the samples of a family together by label set and time. */
final class FamilyPoints {
    private record Key(Labels labels, long timestampMillis) {}

    /** The samples of one key, of a histogram or summary. */
    private static final class Parts {
        private final List<MetricFamily.Bucket> buckets = new ArrayList<>();
        private final List<MetricFamily.Quantile> quantiles = new ArrayList<>();
        private double count = Double.NaN;
        private double sum = Double.NaN;
        private @Nullable NativeHistogram sparse;
    }

    private FamilyPoints() {}

    static List<MetricFamily.Point> of(MetricFamily family) {
        MetricType type = family.metadata().type();
        boolean histogram = type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM;
        if (!histogram && type != MetricType.SUMMARY) {
            return numbers(family);
        }
        Map<Key, Parts> groups = new LinkedHashMap<>();
        for (MetricFamily.Sample sample : family.samples()) {
            String suffix = suffix(family, sample);
            if (!suffix.equals("_created")) {
                Key key = new Key(without(sample.labels(), partLabel(type)), sample.timestampMillis());
                add(groups.computeIfAbsent(key, absent -> new Parts()), suffix, sample);
            }
        }
        List<MetricFamily.Point> points = new ArrayList<>();
        groups.forEach((key, parts) -> points.add(histogram ? histogram(key, parts) : summary(key, parts)));
        return points;
    }

    private static List<MetricFamily.Point> numbers(MetricFamily family) {
        List<MetricFamily.Point> points = new ArrayList<>();
        for (MetricFamily.Sample sample : family.samples()) {
            boolean created = family.metadata().type() == MetricType.COUNTER
                    && name(sample).endsWith("_created");
            if (!created) {
                points.add(new MetricFamily.Scalar(
                        name(sample), without(sample.labels(), ""), sample.timestampMillis(), sample.value()));
            }
        }
        return points;
    }

    private static void add(Parts parts, String suffix, MetricFamily.Sample sample) {
        switch (suffix) {
            case "_bucket" ->
                parts.buckets.add(new MetricFamily.Bucket(
                        DecimalParser.number(sample.labels().get("le")), sample.value()));
            case "_count", "_gcount" -> parts.count = sample.value();
            case "_sum", "_gsum" -> parts.sum = sample.value();
            default -> {
                if (sample.histogram() != null) {
                    parts.sparse = sample.histogram();
                    parts.count = parts.sparse.countFloat();
                    parts.sum = parts.sparse.sum();
                } else {
                    parts.quantiles.add(new MetricFamily.Quantile(
                            DecimalParser.number(sample.labels().get("quantile")), sample.value()));
                }
            }
        }
    }

    private static MetricFamily.Point histogram(Key key, Parts parts) {
        return new MetricFamily.Histogram(
                key.labels(), key.timestampMillis(), parts.buckets, parts.count, parts.sum, parts.sparse);
    }

    private static MetricFamily.Point summary(Key key, Parts parts) {
        return new MetricFamily.Summary(key.labels(), key.timestampMillis(), parts.quantiles, parts.count, parts.sum);
    }

    private static String name(MetricFamily.Sample sample) {
        String name = sample.labels().metricName();
        return name == null ? "" : name;
    }

    private static String suffix(MetricFamily family, MetricFamily.Sample sample) {
        String name = name(sample);
        return name.startsWith(family.metadata().family())
                ? name.substring(family.metadata().family().length())
                : "";
    }

    /** What the creation times of a counter, histogram or summary are called in OpenMetrics 1.0. */
    static String createdName(MetricMetadata family) {
        String name = family.family();
        boolean total = family.type() == MetricType.COUNTER && name.endsWith("_total");
        return (total ? name.substring(0, name.length() - "_total".length()) : name) + "_created";
    }

    /** The label that tells the samples of one point apart; empty if a point has one sample. */
    static String partLabel(MetricType type) {
        return switch (type) {
            case HISTOGRAM, GAUGE_HISTOGRAM -> "le";
            case SUMMARY -> "quantile";
            case UNKNOWN, COUNTER, GAUGE, INFO, STATE_SET -> "";
        };
    }

    /** The labels but the metric name and the one that tells the parts of a point apart. */
    static Labels without(Labels labels, String part) {
        Labels.Builder builder = Labels.builder();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            String name = at.name();
            if (!name.equals(Labels.METRIC_NAME) && !name.equals(part)) {
                builder.add(name, at.value());
            }
        }
        return builder.build();
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes families as a page of text or OpenMetrics. For one page. */
final class PageWriter {
    private final boolean openMetrics;
    private final boolean version2;
    private final StringBuilder page = new StringBuilder();
    private MetricMetadata before = MetricMetadata.NONE;

    PageWriter(ExpositionFormat format) {
        if (format == ExpositionFormat.PROTOBUF) {
            throw new IllegalArgumentException("families are written as text or OpenMetrics, not as " + format);
        }
        openMetrics = format.isOpenMetrics();
        version2 = format == ExpositionFormat.OPENMETRICS_2_0_0;
    }

    byte[] write(List<MetricFamily> families) {
        families.forEach(this::family);
        if (openMetrics) {
            page.append("# EOF\n");
        }
        return page.toString().getBytes(UTF_8);
    }

    private void family(MetricFamily family) {
        metadata(family.metadata());
        Created created = null;
        for (MetricFamily.Sample sample : family.samples()) {
            if (sample.histogram() == null || version2) {
                Created next = version2 ? null : Created.of(family.metadata(), sample);
                if (created != null && !created.equals(next)) {
                    created(created);
                }
                created = next;
                sample(sample);
            }
        }
        if (created != null) {
            created(created);
        }
    }

    // ---- metadata

    private void metadata(MetricMetadata metadata) {
        if (metadata.family().isEmpty() || metadata.unit().indexOf('\n') >= 0) {
            throw new IllegalArgumentException(
                    "a family without name or with a line break in its unit cannot be written: " + metadata);
        }
        // TYPE always: without it, samples would join the family above if its name is a prefix of theirs.
        line("TYPE", metadata.family(), openMetrics ? metadata.type().word() : textTypeWord(metadata.type()));
        if (!openMetrics && !isTextType(metadata.type())) {
            comment(CommentLexer.OPENMETRICS_TYPE, metadata.type().word());
        }
        // An empty one says that the family does not go on that stands above under the same name.
        boolean again = metadata.family().equals(before.family());
        if (!metadata.unit().isEmpty() || (again && !before.unit().isEmpty())) {
            line("UNIT", metadata.family(), metadata.unit());
        }
        if (!metadata.help().isEmpty() || (again && !before.help().isEmpty())) {
            String help = metadata.help().replace("\\", "\\\\").replace("\n", "\\n");
            line("HELP", metadata.family(), openMetrics ? help.replace("\"", "\\\"") : help);
        }
        before = metadata;
    }

    private static boolean isTextType(MetricType type) {
        return type != MetricType.INFO && type != MetricType.STATE_SET && type != MetricType.GAUGE_HISTOGRAM;
    }

    private static String textTypeWord(MetricType type) {
        if (!isTextType(type)) {
            return MetricType.GAUGE.word();
        }
        return type == MetricType.UNKNOWN ? "untyped" : type.word();
    }

    private void line(String keyword, String family, String text) {
        comment(keyword, (isBare(family, true) ? family : quoted(family)) + ' ' + text);
    }

    private void comment(String keyword, String text) {
        page.append("# ").append(keyword).append(' ').append(text).append('\n');
    }

    // ---- samples

    private void sample(MetricFamily.Sample sample) {
        series(sample.labels());
        page.append(' ');
        if (sample.histogram() == null) {
            number(sample.value());
        } else {
            histogram(sample.histogram());
        }
        if (sample.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            timestamp(sample.timestampMillis());
        }
        if (version2 && sample.startTimestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(" st@");
            timestamp(sample.startTimestampMillis());
        }
        if (openMetrics) {
            sample.exemplars().forEach(this::exemplar);
        }
        page.append('\n');
    }

    /** Where the formats have no room for start timestamps in the line, they are samples of their own. */
    private void created(Created created) {
        series(created.series());
        page.append(' ');
        seconds(created.startMillis());
        if (created.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            timestamp(created.timestampMillis());
        }
        page.append('\n');
    }

    private void exemplar(Exemplar exemplar) {
        page.append(" # {");
        labels(exemplar.labels(), "", false);
        page.append("} ");
        number(exemplar.value());
        if (exemplar.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            timestamp(exemplar.timestampMillis());
        }
    }

    private void series(Labels labels) {
        String name = labels.metricName();
        if (name == null) {
            throw new IllegalArgumentException("a sample without name cannot be written: " + labels);
        }
        boolean bare = isBare(name, true);
        if (bare) {
            page.append(name);
        }
        if (!bare || labels.size() > 1) {
            page.append('{');
            if (!bare) {
                page.append(quoted(name));
            }
            labels(labels, bare ? "" : ",", true);
            page.append('}');
        }
    }

    private void labels(Labels labels, String firstSeparator, boolean withoutName) {
        String separator = firstSeparator;
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            String name = at.name();
            if (withoutName && name.equals(Labels.METRIC_NAME)) {
                continue;
            }
            page.append(separator);
            page.append(isBare(name, false) ? name : quoted(name));
            page.append('=').append(quoted(at.value()));
            separator = ",";
        }
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    private static boolean isBare(String name, boolean colons) {
        if (name.isEmpty() || (name.charAt(0) >= '0' && name.charAt(0) <= '9')) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean ok = c < 0x80 && SeriesLexer.isMetricNameByte((byte) c) && (colons || c != ':');
            if (!ok) {
                return false;
            }
        }
        return true;
    }

    private void number(double value) {
        // The format of bounds has no sign at zero.
        page.append(value == 0 && 1 / value < 0 ? "-0.0" : BoundFormat.format(value));
    }

    private void timestamp(long millis) {
        if (openMetrics) {
            seconds(millis);
        } else {
            page.append(millis);
        }
    }

    private void seconds(long millis) {
        long magnitude = Math.abs(millis);
        page.append(millis < 0 ? "-" : "").append(magnitude / 1000);
        if (magnitude % 1000 != 0) {
            page.append('.').append(String.valueOf(magnitude % 1000 + 1000), 1, 4);
        }
    }

    // ---- native histograms

    private void histogram(NativeHistogram histogram) {
        page.append(histogram.isGauge() ? "{gcount:" : "{count:");
        number(histogram.countFloat());
        page.append(histogram.isGauge() ? ",gsum:" : ",sum:");
        number(histogram.sum());
        page.append(",schema:").append(histogram.schema()).append(",zero_threshold:");
        number(histogram.zeroThreshold());
        page.append(",zero_count:");
        number(histogram.zeroCountFloat());
        side("negative", histogram.negative());
        side("positive", histogram.positive());
        page.append('}');
    }

    private void side(String name, Buckets buckets) {
        if (buckets.spanCount() == 0) {
            return;
        }
        page.append(',').append(name).append("_spans:[");
        for (int span = 0; span < buckets.spanCount(); span++) {
            page.append(span == 0 ? "" : ",")
                    .append(buckets.spanOffset(span))
                    .append(':')
                    .append(buckets.spanLength(span));
        }
        page.append("],").append(name).append("_buckets:[");
        long count = 0;
        for (int i = 0; i < buckets.size(); i++) {
            page.append(i == 0 ? "" : ",");
            if (buckets.isFloat()) {
                number(buckets.count(i));
            } else {
                count += buckets.delta(i);
                page.append(count);
            }
        }
        page.append(']');
    }

    /** The creation time of a counter, histogram or summary, told once for all samples of one label set and time. */
    private record Created(Labels series, long timestampMillis, long startMillis) {
        private static @Nullable Created of(MetricMetadata family, MetricFamily.Sample sample) {
            if (sample.startTimestampMillis() == SampleBatch.NO_TIMESTAMP
                    || !FamilyContext.isCumulative(family.type())) {
                return null;
            }
            Labels.Builder series = Labels.builder().add(Labels.METRIC_NAME, base(family) + "_created");
            Labels others = FamilyPoints.without(sample.labels(), FamilyPoints.partLabel(family.type()));
            for (Labels.Cursor at = others.cursor(); at.next(); ) {
                series.add(at.name(), at.value());
            }
            return new Created(series.build(), sample.timestampMillis(), sample.startTimestampMillis());
        }

        private static String base(MetricMetadata family) {
            String name = family.family();
            boolean suffixed = family.type() == MetricType.COUNTER && name.endsWith("_total");
            return suffixed ? name.substring(0, name.length() - "_total".length()) : name;
        }
    }
}

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

/** Writes families that {@link Fitting} finds fit as a page of text or OpenMetrics. For one page. */
final class PageWriter {
    private final boolean openMetrics;
    private final boolean version2;
    private final StringBuilder page = new StringBuilder();
    private MetricMetadata before = MetricMetadata.NONE;

    PageWriter(ExpositionFormat format) {
        openMetrics = format.isOpenMetrics();
        version2 = format == ExpositionFormat.OPENMETRICS_2_0_0;
    }

    static void requireWritable(ExpositionFormat format) {
        if (format == ExpositionFormat.PROTOBUF) {
            throw new IllegalArgumentException("families are written as text or OpenMetrics, not as " + format);
        }
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
        if (version2 && Fitting.isComposite(family.metadata().type())) {
            composites(family);
            return;
        }
        Created created = null;
        for (MetricFamily.Sample sample : family.samples()) {
            Created next = openMetrics && !version2 ? Created.of(family.metadata(), sample) : null;
            if (created != null && !created.equals(next)) {
                created(created);
            }
            created = next;
            if (openMetrics) {
                line(sample);
            } else {
                textLines(sample);
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

    /** A line of OpenMetrics. */
    private void line(MetricFamily.Sample sample) {
        series(name(sample), sample.labels());
        page.append(' ');
        NativeHistogram histogram = sample.histogram();
        if (histogram == null) {
            number(sample.value());
        } else {
            histogram(histogram);
        }
        if (sample.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            seconds(sample.timestampMillis());
        }
        if (version2 || !openMetrics) {
            start(sample.startTimestampMillis());
        }
        sample.exemplars().forEach(this::exemplar);
        page.append('\n');
    }

    private void textLines(MetricFamily.Sample sample) {
        if (sample.histogram() != null) {
            page.append("# ").append(CarriedComment.LINE).append(' ');
            line(sample);
            return;
        }
        if (sample.startTimestampMillis() != SampleBatch.NO_TIMESTAMP
                || !sample.exemplars().isEmpty()) {
            page.append("# ").append(CarriedComment.TAIL);
            start(sample.startTimestampMillis());
            sample.exemplars().forEach(this::exemplar);
            page.append('\n');
        }
        series(name(sample), sample.labels());
        page.append(' ');
        number(sample.value());
        if (sample.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ').append(sample.timestampMillis());
        }
        page.append('\n');
    }

    private void start(long millis) {
        if (millis != SampleBatch.NO_TIMESTAMP) {
            page.append(" st@");
            seconds(millis);
        }
    }

    // ---- composite values of OpenMetrics 2.0

    /** Count, sum and the buckets or quantiles, in the order of {@link Fitting}, are one line. */
    private void composites(MetricFamily family) {
        List<MetricFamily.Sample> samples = family.samples();
        for (int from = 0; from < samples.size(); ) {
            int to = from + 1;
            if (samples.get(from).histogram() != null) {
                line(samples.get(from));
            } else {
                to += 1;
                while (to < samples.size() && isBucketOrQuantile(family.metadata(), samples.get(to))) {
                    to++;
                }
                composite(family.metadata(), samples.subList(from, to));
            }
            from = to;
        }
    }

    private static boolean isBucketOrQuantile(MetricMetadata family, MetricFamily.Sample sample) {
        String suffix = family.type() == MetricType.SUMMARY ? "" : "_bucket";
        return sample.histogram() == null && name(sample).equals(family.family() + suffix);
    }

    private void composite(MetricMetadata family, List<MetricFamily.Sample> parts) {
        MetricFamily.Sample count = parts.get(0);
        String partLabel = FamilyPoints.partLabel(family.type());
        series(family.family(), count.labels());
        page.append(family.type() == MetricType.GAUGE_HISTOGRAM ? " {gcount:" : " {count:");
        number(count.value());
        page.append(family.type() == MetricType.GAUGE_HISTOGRAM ? ",gsum:" : ",sum:");
        number(parts.get(1).value());
        page.append(family.type() == MetricType.SUMMARY ? ",quantile:[" : ",bucket:[");
        String separator = "";
        for (MetricFamily.Sample part : parts.subList(2, parts.size())) {
            page.append(separator).append(part.labels().get(partLabel)).append(':');
            number(part.value());
            separator = ",";
        }
        page.append("]}");
        if (count.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            seconds(count.timestampMillis());
        }
        start(count.startTimestampMillis());
        parts.forEach(part -> part.exemplars().forEach(this::exemplar));
        page.append('\n');
    }

    /** In OpenMetrics 1.0 start timestamps are samples of their own. */
    private void created(Created created) {
        series(created.name(), created.labels());
        page.append(' ');
        seconds(created.startMillis());
        if (created.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
            page.append(' ');
            seconds(created.timestampMillis());
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
            seconds(exemplar.timestampMillis());
        }
    }

    private static String name(MetricFamily.Sample sample) {
        String name = sample.labels().metricName();
        if (name == null) {
            throw new IllegalArgumentException("a sample without name cannot be written: " + sample.labels());
        }
        return name;
    }

    /**
     * A name and braces.
     *
     * @param labels the name among them is passed over
     */
    private void series(String name, Labels labels) {
        boolean bare = isBare(name, true);
        if (bare) {
            page.append(name);
        }
        int others = labels.size() - (labels.metricName() == null ? 0 : 1);
        if (!bare || others > 0) {
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
        count(histogram.isFloat(), histogram.count(), histogram.countFloat());
        page.append(histogram.isGauge() ? ",gsum:" : ",sum:");
        number(histogram.sum());
        page.append(",schema:").append(histogram.schema());
        if (histogram.schema() == NativeHistogram.CUSTOM_BUCKETS) {
            customBounds(histogram);
        } else {
            page.append(",zero_threshold:");
            number(histogram.zeroThreshold());
            page.append(",zero_count:");
            count(histogram.isFloat(), histogram.zeroCount(), histogram.zeroCountFloat());
        }
        side("negative", histogram.negative());
        side("positive", histogram.positive());
        page.append('}');
    }

    /** {@link CarriedComment} has the syntax; Fitting lets none pass into OpenMetrics. */
    private void customBounds(NativeHistogram histogram) {
        page.append(",custom_values:[");
        for (int i = 0; i < histogram.customBoundCount(); i++) {
            page.append(i == 0 ? "" : ",");
            number(histogram.customBound(i));
        }
        page.append(']');
    }

    /** Integers have digits alone and floats have a point or an exponent, so that a reader can tell them apart. */
    private void count(boolean isFloat, long integer, double asFloat) {
        if (isFloat) {
            number(asFloat);
        } else {
            page.append(integer);
        }
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
    private record Created(String name, Labels labels, long timestampMillis, long startMillis) {
        private static @Nullable Created of(MetricMetadata family, MetricFamily.Sample sample) {
            if (sample.startTimestampMillis() == SampleBatch.NO_TIMESTAMP) {
                return null;
            }
            return new Created(
                    FamilyPoints.createdName(family),
                    FamilyPoints.without(sample.labels(), FamilyPoints.partLabel(family.type())),
                    sample.timestampMillis(),
                    sample.startTimestampMillis());
        }
    }
}

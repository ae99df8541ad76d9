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

/** Writes families as a page of text or OpenMetrics. */
final class PageWriter {
    private final boolean openMetrics;
    private final boolean version2;
    private final StringBuilder page = new StringBuilder();

    PageWriter(ExpositionFormat format) {
        if (format == ExpositionFormat.PROTOBUF) {
            throw new IllegalArgumentException("families are written as text or OpenMetrics, not as " + format);
        }
        openMetrics = format.isOpenMetrics();
        version2 = format == ExpositionFormat.OPENMETRICS_2_0_0;
    }

    byte[] write(List<MetricFamily> families) {
        for (MetricFamily family : families) {
            metadata(family.metadata());
            for (MetricFamily.Sample sample : family.samples()) {
                if (sample.histogram() == null || version2) {
                    sample(sample);
                }
            }
        }
        if (openMetrics) {
            page.append("# EOF\n");
        }
        return page.toString().getBytes(UTF_8);
    }

    private void metadata(MetricMetadata metadata) {
        // TYPE always: without it, samples would join the family above if its name is a prefix of theirs.
        line("TYPE", metadata.family(), typeWord(metadata.type()));
        if (!metadata.unit().isEmpty()) {
            line("UNIT", metadata.family(), metadata.unit());
        }
        if (!metadata.help().isEmpty()) {
            String help = metadata.help().replace("\\", "\\\\").replace("\n", "\\n");
            line("HELP", metadata.family(), openMetrics ? help.replace("\"", "\\\"") : help);
        }
    }

    private String typeWord(MetricType type) {
        if (openMetrics) {
            return type.word();
        }
        return switch (type) {
            case UNKNOWN -> "untyped";
            case INFO, STATE_SET, GAUGE_HISTOGRAM -> MetricType.GAUGE.word();
            case COUNTER, GAUGE, HISTOGRAM, SUMMARY -> type.word();
        };
    }

    private void line(String keyword, String family, String text) {
        page.append("# ").append(keyword).append(' ');
        page.append(isBare(family, true) ? family : quoted(family));
        page.append(' ').append(text).append('\n');
    }

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
        String name = String.valueOf(labels.metricName());
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
        if (!openMetrics) {
            page.append(millis);
            return;
        }
        long magnitude = Math.abs(millis);
        page.append(millis < 0 ? "-" : "").append(magnitude / 1000);
        if (magnitude % 1000 != 0) {
            page.append('.').append(String.valueOf(magnitude % 1000 + 1000), 1, 4);
        }
    }

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
}

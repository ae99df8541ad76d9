package io.github.promferry.clientjava;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.SampleBatch;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** What client_java's own writers make of snapshots, and what a batch looks like beside it. */
final class Pages {
    private Pages() {}

    static String openMetrics(MetricSnapshots snapshots) {
        return openMetrics(snapshots, EscapingScheme.ALLOW_UTF8);
    }

    static String openMetrics(MetricSnapshots snapshots, EscapingScheme escaping) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        try {
            OpenMetricsTextFormatWriter.builder()
                    .setCreatedTimestampsEnabled(true)
                    .build()
                    .write(page, snapshots, escaping);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return page.toString(UTF_8);
    }

    static String text(MetricSnapshots snapshots, EscapingScheme escaping) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(page, snapshots, escaping);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return page.toString(UTF_8);
    }

    static byte[] protobuf(MetricSnapshots snapshots) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        try {
            new PrometheusProtobufWriter().write(page, snapshots, EscapingScheme.ALLOW_UTF8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return page.toByteArray();
    }

    /** One line a row: series and value. */
    static List<String> rows(SampleBatch batch) {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            rows.add(batch.series(row) + " " + Double.longBitsToDouble(batch.valueBits(row)));
        }
        return rows;
    }
}

package io.github.promferry.benchmarks;

import io.github.promferry.SampleBatch;
import io.github.promferry.clientjava.SourceCollector;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;

/** A page of protobuf as client_java writes it, as consecutive scrapes of one target would give it. */
final class ProtobufPage {
    /** Native histograms alone, integer counts. */
    static final String NATIVE = "native-histograms";

    private static final int NATIVE_FAMILIES = 20;
    private static final int NATIVE_SERIES = 5;
    private static final int NATIVE_BUCKETS = 40;

    private final byte[] bytes;
    private final int samples;

    private ProtobufPage(MetricSnapshots snapshots, int samples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            new PrometheusProtobufWriter().write(out, snapshots, EscapingScheme.ALLOW_UTF8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        bytes = out.toByteArray();
        this.samples = samples;
    }

    /**
     * Consecutive scrapes.
     *
     * @param name {@link #NATIVE} or the name of a {@link BenchmarkPage}, whose content is given as protobuf
     * @param count how many
     */
    static ProtobufPage[] scrapes(String name, int count) {
        ProtobufPage[] pages = new ProtobufPage[count];
        for (int scrape = 0; scrape < count; scrape++) {
            pages[scrape] = name.equals(NATIVE) ? nativeHistograms(scrape) : ofText(name, scrape);
        }
        return pages;
    }

    private static ProtobufPage ofText(String name, int scrape) {
        SampleBatch text = textRows(name);
        // Multiples, so that buckets stay cumulative.
        SourceCollector collector = SourceCollector.of(batch -> {
            for (int row = 0; row < text.size(); row++) {
                double value = Double.longBitsToDouble(text.valueBits(row)) * (scrape + 1);
                batch.add(text.series(row), SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(value));
            }
        });
        MetricSnapshots snapshots = collector.collect();
        return new ProtobufPage(snapshots, text.size() - collector.skippedRows());
    }

    /** The rows of the first scrape; bounds as protobuf has them, as numbers. */
    static SampleBatch textRows(String name) {
        BenchmarkPage text = BenchmarkPage.scrapes(name, 1)[0];
        ExpositionParser parser = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().normalizeBounds(true).build());
        SampleBatch rows = new SampleBatch();
        parser.parse(ExpositionFormat.TEXT_0_0_4, text.bytes(), 0, text.length(), SampleBatch.NO_TIMESTAMP, rows);
        return rows;
    }

    private static ProtobufPage nativeHistograms(int scrape) {
        MetricSnapshots.Builder page = MetricSnapshots.builder();
        for (int family = 0; family < NATIVE_FAMILIES; family++) {
            HistogramSnapshot.Builder histograms = HistogramSnapshot.builder()
                    .name("engine_step_" + family + "_duration_seconds")
                    .help("How long step " + family + " of a request takes.");
            for (int series = 0; series < NATIVE_SERIES; series++) {
                histograms.dataPoint(nativeHistogram(scrape, family, series));
            }
            page.metricSnapshot(histograms.build());
        }
        return new ProtobufPage(page.build(), NATIVE_FAMILIES * NATIVE_SERIES);
    }

    /** Buckets of a busy histogram: one run of neighbors around the median and stragglers behind a gap. */
    private static HistogramDataPointSnapshot nativeHistogram(int scrape, int family, int series) {
        NativeHistogramBuckets.Builder buckets = NativeHistogramBuckets.builder();
        Random shape = new Random(31L * family + series);
        for (int bucket = 0; bucket < NATIVE_BUCKETS; bucket++) {
            int gap = bucket < NATIVE_BUCKETS - 4 ? 0 : 10;
            buckets.bucket(bucket - 30 + gap, shape.nextInt(100_000) + scrape * (long) (bucket % 7));
        }
        return HistogramDataPointSnapshot.builder()
                .labels(Labels.of(
                        "engine", "0", "model_name", "meta-llama/Llama-3.1-8B-Instruct", "worker", "w" + series))
                .nativeSchema(3)
                .nativeZeroThreshold(0x1p-128)
                .nativeZeroCount(scrape)
                .nativeBucketsForPositiveValues(buckets.build())
                .sum(shape.nextDouble() * 1e6 + scrape)
                .createdTimestampMillis(1_700_000_000_000L)
                .build();
    }

    byte[] bytes() {
        return bytes;
    }

    /** Rows that a scrape gives. */
    int samples() {
        return samples;
    }
}

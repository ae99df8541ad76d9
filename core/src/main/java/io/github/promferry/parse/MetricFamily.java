package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A family of a page with its samples as they stand there: the convenient view, for tests, tools and single looks. To read
 * a target again and again use an {@link ExpositionParser}.
 *
 * @param metadata name, type, help and unit; of samples that no TYPE, HELP or UNIT line speaks of, their own name
 * @param samples in page order, suffixes such as {@code _bucket} kept
 * @since 0.1
 */
public record MetricFamily(MetricMetadata metadata, List<Sample> samples) {
    /**
     * One sample line.
     *
     * @param labels as exposed, {@code __name__} among them
     * @param value the value; a NaN is a NaN
     * @param timestampMillis milliseconds since the Unix epoch, {@link SampleBatch#NO_TIMESTAMP} if the page has none
     * @param startTimestampMillis when the counter began, {@link SampleBatch#NO_TIMESTAMP} if the page does not tell
     * @param exemplars often empty
     * @since 0.1
     */
    public record Sample(
            Labels labels, double value, long timestampMillis, long startTimestampMillis, List<Exemplar> exemplars) {
        /**
         * Copies the list.
         *
         * @param labels as exposed
         * @param value the value
         * @param timestampMillis milliseconds since the Unix epoch
         * @param startTimestampMillis when the counter began
         * @param exemplars often empty
         */
        public Sample {
            Objects.requireNonNull(labels, "labels");
            exemplars = List.copyOf(exemplars);
        }
    }

    /**
     * Copies the list.
     *
     * @param metadata name, type, help and unit
     * @param samples in page order
     */
    public MetricFamily {
        Objects.requireNonNull(metadata, "metadata");
        samples = List.copyOf(samples);
    }

    /**
     * Reads a page with the default options.
     *
     * @param format what the page is in
     * @param page the page
     * @return its families in page order, without those that have no samples
     * @throws ExpositionException if it is malformed
     */
    public static List<MetricFamily> parse(ExpositionFormat format, byte[] page) {
        return parse(format, page, ParseOptions.DEFAULTS);
    }

    /**
     * Reads a page.
     *
     * @param format what the page is in
     * @param page the page
     * @param options how it is read
     * @return its families in page order, without those that have no samples
     * @throws ExpositionException if it is malformed
     */
    public static List<MetricFamily> parse(ExpositionFormat format, byte[] page, ParseOptions options) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        SampleBatch batch = new SampleBatch();
        parser.parse(format, page, 0, page.length, SampleBatch.NO_TIMESTAMP, batch);
        Map<MetricMetadata, List<Sample>> families = new LinkedHashMap<>();
        int exemplar = 0;
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                exemplars.add(batch.exemplar(exemplar));
            }
            families.computeIfAbsent(family(batch.series(row)), metadata -> new ArrayList<>())
                    .add(new Sample(
                            batch.series(row).labels(),
                            Double.longBitsToDouble(batch.valueBits(row)),
                            batch.timestamp(row),
                            batch.startTimestamp(row),
                            exemplars));
        }
        return families.entrySet().stream()
                .map(family -> new MetricFamily(family.getKey(), family.getValue()))
                .toList();
    }

    private static MetricMetadata family(Series series) {
        MetricMetadata metadata = series.metadata();
        if (!metadata.equals(MetricMetadata.NONE)) {
            return metadata;
        }
        String name = Objects.requireNonNull(series.labels().metricName());
        return new MetricMetadata(name, metadata.type(), metadata.help(), metadata.unit());
    }
}

package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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
     * @param value the value; a NaN is a NaN; of a native histogram its sum
     * @param histogram the native histogram if the value is one, else null
     * @param timestampMillis milliseconds since the Unix epoch, {@link SampleBatch#NO_TIMESTAMP} if the page has none
     * @param startTimestampMillis when the counter began, {@link SampleBatch#NO_TIMESTAMP} if the page does not tell
     * @param exemplars often empty
     * @since 0.1
     */
    public record Sample(
            Labels labels,
            double value,
            @Nullable NativeHistogram histogram,
            long timestampMillis,
            long startTimestampMillis,
            List<Exemplar> exemplars) {
        /**
         * Copies the list.
         *
         * @param labels as exposed
         * @param value the value
         * @param histogram the native histogram if the value is one, else null
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
     * What a family measures for one label set at one time; the kind follows the type of the family.
     *
     * @since 0.1
     */
    public sealed interface Point {
        /**
         * The labels without {@code __name__}, {@code le} of buckets and {@code quantile} of summaries.
         *
         * @return possibly empty
         */
        Labels labels();

        /**
         * The time of the samples.
         *
         * @return milliseconds since the Unix epoch, {@link SampleBatch#NO_TIMESTAMP} if the page has none
         */
        long timestampMillis();
    }

    /**
     * A counter, gauge, info, one state of a stateset, or a sample of unknown type.
     *
     * @param name of the sample, with suffix
     * @param labels without name
     * @param timestampMillis of the sample
     * @param value the value
     * @since 0.1
     */
    public record Scalar(String name, Labels labels, long timestampMillis, double value) implements Point {}

    /**
     * A bucket of a classic histogram.
     *
     * @param upperBound inclusive
     * @param cumulativeCount observations up to the bound
     * @since 0.1
     */
    public record Bucket(double upperBound, double cumulativeCount) {}

    /**
     * A histogram or gauge histogram.
     *
     * @param labels without name and {@code le}
     * @param timestampMillis of the samples
     * @param buckets in page order; empty if the page has none
     * @param count of all observations, NaN if the page has none
     * @param sum of all observations, NaN if the page has none
     * @param sparse the native histogram, or null
     * @since 0.1
     */
    public record Histogram(
            Labels labels,
            long timestampMillis,
            List<Bucket> buckets,
            double count,
            double sum,
            @Nullable NativeHistogram sparse)
            implements Point {
        /**
         * Copies the list.
         *
         * @param labels without name and {@code le}
         * @param timestampMillis of the samples
         * @param buckets in page order
         * @param count of all observations
         * @param sum of all observations
         * @param sparse the native histogram, or null
         */
        public Histogram {
            buckets = List.copyOf(buckets);
        }
    }

    /**
     * A quantile of a summary.
     *
     * @param quantile from 0 to 1
     * @param value at the quantile
     * @since 0.1
     */
    public record Quantile(double quantile, double value) {}

    /**
     * A summary.
     *
     * @param labels without name and the quantile
     * @param timestampMillis of the samples
     * @param quantiles in page order
     * @param count of all observations, NaN if the page has none
     * @param sum of all observations, NaN if the page has none
     * @since 0.1
     */
    public record Summary(Labels labels, long timestampMillis, List<Quantile> quantiles, double count, double sum)
            implements Point {
        /**
         * Copies the list.
         *
         * @param labels without name and the quantile
         * @param timestampMillis of the samples
         * @param quantiles in page order
         * @param count of all observations
         * @param sum of all observations
         */
        public Summary {
            quantiles = List.copyOf(quantiles);
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
        int histogram = 0;
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                exemplars.add(batch.exemplar(exemplar));
            }
            boolean sparse = histogram < batch.histogramCount() && batch.histogramRow(histogram) == row;
            families.computeIfAbsent(family(batch.series(row)), metadata -> new ArrayList<>())
                    .add(new Sample(
                            batch.series(row).labels(),
                            Double.longBitsToDouble(batch.valueBits(row)),
                            sparse ? batch.histogram(histogram++) : null,
                            batch.timestamp(row),
                            batch.startTimestamp(row),
                            exemplars));
        }
        return families.entrySet().stream()
                .map(family -> new MetricFamily(family.getKey(), family.getValue()))
                .toList();
    }

    /**
     * The samples put together by label set and time: buckets, count and sum are one {@link Histogram}. {@code _created}
     * samples are left out; they are in {@link #samples}.
     *
     * @return points in the order of their first samples
     */
    public List<Point> points() {
        return FamilyPoints.of(this);
    }

    /**
     * Writes families as a page. Parsed again, it gives the same families, start timestamps included ({@link
     * ParseOptions.Created#START_TIMESTAMP}: but for OpenMetrics 2.0 they are written as {@code _created} samples). Left
     * out is what a format has no place for: in text, exemplars; in all but OpenMetrics 2.0, native histograms and the
     * start timestamps of anything but counters, histograms and summaries; in OpenMetrics 2.0, native histograms with
     * custom bounds, while float counts that are whole numbers come back as integers. Types that text lacks are gauges
     * there to everybody else, and a comment of our own, {@code # OMTYPE info}, gives them back here. A carriage return
     * at the end of a help text and blanks around a unit are lost.
     *
     * @param format text or OpenMetrics
     * @param families what to write, each with samples that belong to it by name
     * @return the page, UTF-8
     * @throws IllegalArgumentException for {@link ExpositionFormat#PROTOBUF}, for a family or sample without name and for
     *     a unit with a line break
     */
    public static byte[] write(ExpositionFormat format, List<MetricFamily> families) {
        return new PageWriter(format).write(families);
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

package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A family of a page with its samples as they stand there: the convenient view, for tests, tools and single looks. To read
 * a target again and again use an {@link ExpositionParser}. Immutable, as are the records in it.
 *
 * <p>{@link #parse} reads families from a page, {@link #of} makes them of a batch, {@link #points} puts the samples of
 * histograms and summaries together, and {@link #write} makes a page that gives the same families when it is parsed.
 *
 * @param metadata name, type, help and unit; of samples that no TYPE, HELP or UNIT line speaks of, their own name
 * @param samples in page order, suffixes such as {@code _bucket} kept
 * @since 0.1
 */
public record MetricFamily(MetricMetadata metadata, List<Sample> samples) {
    /**
     * One sample line. Most need no more than {@link #of(Labels, double)}.
     *
     * @param labels as exposed, {@code __name__} among them
     * @param value the value; on pages every NaN is the same one; of a native histogram its sum
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
         * @throws IllegalArgumentException if the value is not the sum of the native histogram
         */
        public Sample {
            Objects.requireNonNull(labels, "labels");
            if (histogram != null && Double.compare(value, histogram.sum()) != 0) {
                throw new IllegalArgumentException("the value " + value + " beside a native histogram of the sum "
                        + histogram.sum() + ": it must be that sum");
            }
            exemplars = List.copyOf(Objects.requireNonNull(exemplars, "exemplars"));
        }

        /**
         * A sample of a number, without timestamps and exemplars.
         *
         * @param labels with {@code __name__}
         * @param value the value
         * @return a new sample
         */
        public static Sample of(Labels labels, double value) {
            return new Sample(labels, value, null, SampleBatch.NO_TIMESTAMP, SampleBatch.NO_TIMESTAMP, List.of());
        }

        /**
         * A sample of a native histogram, without timestamps and exemplars.
         *
         * @param labels with {@code __name__}
         * @param histogram the value
         * @return a new sample
         */
        public static Sample of(Labels labels, NativeHistogram histogram) {
            return new Sample(
                    labels, histogram.sum(), histogram, SampleBatch.NO_TIMESTAMP, SampleBatch.NO_TIMESTAMP, List.of());
        }

        /**
         * The same at a time.
         *
         * @param timestampMillis milliseconds since the Unix epoch, {@link SampleBatch#NO_TIMESTAMP} for none
         * @return a new sample
         */
        public Sample at(long timestampMillis) {
            return new Sample(labels, value, histogram, timestampMillis, startTimestampMillis, exemplars);
        }

        /**
         * The same of a counter, histogram or summary that began at a time.
         *
         * @param startTimestampMillis milliseconds since the Unix epoch, {@link SampleBatch#NO_TIMESTAMP} if unknown
         * @return a new sample
         */
        public Sample since(long startTimestampMillis) {
            return new Sample(labels, value, histogram, timestampMillis, startTimestampMillis, exemplars);
        }

        /**
         * The same with other exemplars.
         *
         * @param exemplars in place of those that it has; copied
         * @return a new sample
         */
        public Sample with(List<Exemplar> exemplars) {
            return new Sample(labels, value, histogram, timestampMillis, startTimestampMillis, exemplars);
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
    public record Scalar(String name, Labels labels, long timestampMillis, double value) implements Point {
        /**
         * Rejects nulls.
         *
         * @param name of the sample, with suffix
         * @param labels without name
         * @param timestampMillis of the sample
         * @param value the value
         */
        public Scalar {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(labels, "labels");
        }
    }

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
            Objects.requireNonNull(labels, "labels");
            buckets = List.copyOf(Objects.requireNonNull(buckets, "buckets"));
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
            Objects.requireNonNull(labels, "labels");
            quantiles = List.copyOf(Objects.requireNonNull(quantiles, "quantiles"));
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
        samples = List.copyOf(Objects.requireNonNull(samples, "samples"));
    }

    /**
     * Reads a page with the default options.
     *
     * @param format what the page is in
     * @param page the page
     * @return its families in page order, also those of which the page has metadata alone
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
     * @return its families in page order, also those of which the page has metadata alone
     * @throws ExpositionException if it is malformed
     */
    public static List<MetricFamily> parse(ExpositionFormat format, byte[] page, ParseOptions options) {
        return PageFamilies.parse(format, page, options);
    }

    /**
     * Puts rows together that have the same {@linkplain io.github.promferry.Series#metadata() metadata}: what a {@link
     * io.github.promferry.MetricSource} gives, to be looked at or {@linkplain #write written} as a page.
     *
     * @param batches rows, each with the common labels of its batch; they stay as they are
     * @return families in the order of their first rows
     */
    public static List<MetricFamily> of(SampleBatch... batches) {
        return PageFamilies.of(batches);
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
     * Writes families as a page that gives the same families when it is {@linkplain #parse parsed} again. What cannot come
     * back is refused, never left out; the page is read once to be sure.
     *
     * <p>Text holds everything. For what it has no syntax there are comments of our own, which everybody else passes over,
     * strict mode too: {@code # OMTYPE info} below the TYPE line of a type that only OpenMetrics has (a gauge to
     * others); {@code # OMTAIL st@1.5 # {trace_id="1"} 0.5 12.5} above a sample with a start timestamp or exemplars; and
     * {@code # OMLINE h {count:3,...}} for a sample that is a native histogram. The syntax is that of OpenMetrics 2.0, with
     * {@code custom_values:[0.5,1.0]} behind the schema for custom bounds, for which that draft has none.
     *
     * <p>OpenMetrics forbids free comments, so it holds what it has syntax for:
     *
     * <ul>
     *   <li>OpenMetrics 1.0 has no native histograms, exemplars on {@code _total} of counters and {@code _bucket} of
     *       histograms only, one for each sample and of at most 128 characters, and units that end the name of the
     *       family. Start timestamps become {@code _created} samples; {@link ParseOptions.Created#START_TIMESTAMP} makes
     *       them what they were.
     *   <li>OpenMetrics 2.0 has families that are named like their samples ({@code # TYPE a_total counter}), no {@code
     *       _created} samples, timestamps on all exemplars, no exemplars of summaries, start timestamps of counters,
     *       histograms and summaries only, no native histograms with custom bounds, and one line for all samples of a
     *       histogram or summary, which come back as count, sum and ascending buckets or quantiles.
     * </ul>
     *
     * {@link #openMetricsFor} chooses the version that holds given families, and {@link #fit} makes of any families ones
     * that a format holds.
     *
     * <p>No format holds a family that is twice in the list, a sample that does not belong to its family by name, a series
     * twice at one time or first with a timestamp and then without, a help text that ends with a carriage return, and a
     * unit with blanks around it or a line break.
     *
     * @param format text or OpenMetrics
     * @param families what to write
     * @return the page, UTF-8
     * @throws IllegalArgumentException for {@link ExpositionFormat#PROTOBUF}, and if the families would not come back; the
     *     message names the family, what of it, and what to do
     */
    public static byte[] write(ExpositionFormat format, List<MetricFamily> families) {
        String change = change(format, families);
        if (change != null) {
            throw new IllegalArgumentException(format.configName() + " cannot hold " + change
                    + ": write text, another version of OpenMetrics (openMetricsFor), or what can be held (fit)");
        }
        byte[] page = new PageWriter(format).write(families);
        PageFamilies.requireSame(format, page, families);
        return page;
    }

    /**
     * Families that a format can hold, made of any that text can: {@code write(format, fit(format, families))} loses what
     * the format cannot say, and both lists tell what that is.
     *
     * <p>For OpenMetrics 1.0 and 2.0 alike, native histograms that it has no place for become classic ones: with all their
     * buckets if these have custom bounds, else with the {@code +Inf} bucket alone. Exemplars, start timestamps and units
     * without place are left out. For OpenMetrics 2.0 families get the names of their samples, {@code _created} samples
     * become start timestamps, and the samples of histograms and summaries get its order and number format.
     *
     * @param format text, which gives the same families, or OpenMetrics
     * @param families any families
     * @return families that {@link #write} takes for that format, if it takes the given ones for text
     * @throws IllegalArgumentException for {@link ExpositionFormat#PROTOBUF}
     */
    public static List<MetricFamily> fit(ExpositionFormat format, List<MetricFamily> families) {
        PageWriter.requireWritable(format);
        return new Fitting(format).apply(families);
    }

    /**
     * The OpenMetrics version to {@link #write} families in: 1.0, which is understood everywhere, if it holds them all,
     * else 2.0.
     *
     * @param families what is to be written
     * @return {@link ExpositionFormat#OPENMETRICS_1_0_0} or {@link ExpositionFormat#OPENMETRICS_2_0_0}
     * @throws IllegalArgumentException if neither holds them, with the first reason for each
     */
    public static ExpositionFormat openMetricsFor(List<MetricFamily> families) {
        String change1 = change(ExpositionFormat.OPENMETRICS_1_0_0, families);
        if (change1 == null) {
            return ExpositionFormat.OPENMETRICS_1_0_0;
        }
        String change2 = change(ExpositionFormat.OPENMETRICS_2_0_0, families);
        if (change2 == null) {
            return ExpositionFormat.OPENMETRICS_2_0_0;
        }
        throw new IllegalArgumentException("OpenMetrics 1.0 cannot hold " + change1 + ", and 2.0 cannot hold " + change2
                + ": write text, or what can be held (fit)");
    }

    /** The first thing that a format cannot hold, or null. */
    private static @Nullable String change(ExpositionFormat format, List<MetricFamily> families) {
        PageWriter.requireWritable(format);
        Fitting fitting = new Fitting(format);
        List<MetricFamily> fitted = fitting.apply(families);
        return fitted.equals(families)
                ? null
                : Objects.requireNonNullElse(fitting.firstChange(), "the families in their order");
    }
}

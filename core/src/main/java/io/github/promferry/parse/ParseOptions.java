package io.github.promferry.parse;

import io.github.promferry.SampleBatch;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How pages are read. Immutable and thread-safe; {@link #DEFAULTS} takes what real exporters write and delivers it unchanged.
 *
 * @since 0.1
 */
public final class ParseOptions {
    /** Tolerant, names and label values as on the page, timestamps honored, {@code # EOF} required in OpenMetrics. */
    public static final ParseOptions DEFAULTS = builder().build();

    /**
     * What becomes of {@code _created} lines: those of OpenMetrics, and the gauges that the Python client writes after each
     * counter and histogram in text.
     *
     * @since 0.1
     */
    public enum Created {
        /** Ordinary series, as Prometheus stores them. */
        SERIES,
        /** They become the start timestamp of the samples they belong to, and no series. */
        START_TIMESTAMP,
        /** They are left out. */
        DROP
    }

    private final boolean strict;
    private final boolean utf8Names;
    private final boolean skipBadLines;
    private final boolean normalizeBounds;
    private final boolean honorTimestamps;
    private final boolean trackTimestampsStaleness;
    private final boolean endMarkRequired;
    private final boolean replaceInvalidHelp;
    private final boolean nativeHistograms;
    private final boolean classicHistogramsToo;
    private final boolean classicHistogramsAsNative;
    private final int nativeHistogramBucketLimit;
    private final double nativeHistogramMinBucketFactor;
    private final Created created;
    private final int sampleLimit;
    private final int seriesLimit;
    private final Duration futureLimit;
    private final boolean dropOutOfOrder;
    private final int lineLimit;

    private ParseOptions(Builder builder) {
        strict = builder.strict;
        utf8Names = builder.utf8Names;
        skipBadLines = builder.skipBadLines;
        normalizeBounds = builder.normalizeBounds;
        honorTimestamps = builder.honorTimestamps;
        trackTimestampsStaleness = builder.trackTimestampsStaleness;
        endMarkRequired = builder.endMarkRequired;
        replaceInvalidHelp = builder.replaceInvalidHelp;
        nativeHistograms = builder.nativeHistograms;
        classicHistogramsToo = builder.classicHistogramsToo;
        classicHistogramsAsNative = builder.classicHistogramsAsNative;
        nativeHistogramBucketLimit = builder.nativeHistogramBucketLimit;
        nativeHistogramMinBucketFactor = builder.nativeHistogramMinBucketFactor;
        created = builder.created;
        sampleLimit = builder.sampleLimit;
        seriesLimit = builder.seriesLimit;
        futureLimit = builder.futureLimit;
        dropOutOfOrder = builder.dropOutOfOrder;
        lineLimit = builder.lineLimit;
    }

    /**
     * A builder that begins with the {@linkplain #DEFAULTS defaults}.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A builder that begins with these options.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /**
     * Whether pages must follow the specification of their format to the letter.
     *
     * @return false by default
     */
    public boolean strict() {
        return strict;
    }

    /**
     * Whether strict mode takes quoted names in OpenMetrics 1.0 and text 0.0.4.
     *
     * @return false by default; text 1.0.0 and OpenMetrics 2.0 have them anyway
     */
    public boolean utf8Names() {
        return utf8Names;
    }

    /**
     * Whether a malformed line is left out and counted instead of failing the page.
     *
     * @return false by default
     */
    public boolean skipBadLines() {
        return skipBadLines;
    }

    /**
     * Whether {@code le} of histograms and {@code quantile} of summaries are rewritten as Prometheus 3 does.
     *
     * @return false by default
     */
    public boolean normalizeBounds() {
        return normalizeBounds;
    }

    /**
     * Whether timestamps on the page are delivered.
     *
     * @return true by default
     */
    public boolean honorTimestamps() {
        return honorTimestamps;
    }

    /**
     * Whether series with timestamps on the page get stale rows too.
     *
     * @return false by default
     */
    public boolean trackTimestampsStaleness() {
        return trackTimestampsStaleness;
    }

    /**
     * Whether an OpenMetrics page without {@code # EOF} fails.
     *
     * @return true by default: it is the only guard against half a page
     */
    public boolean endMarkRequired() {
        return endMarkRequired;
    }

    /**
     * Whether bytes of a help text that are not UTF-8 are replaced instead of failing the page.
     *
     * @return false by default
     */
    public boolean replaceInvalidHelp() {
        return replaceInvalidHelp;
    }

    /**
     * Whether native histograms are delivered; otherwise only their classic form.
     *
     * @return true by default
     */
    public boolean nativeHistograms() {
        return nativeHistograms;
    }

    /**
     * Whether the classic series of a native histogram are delivered too.
     *
     * @return false by default
     */
    public boolean classicHistogramsToo() {
        return classicHistogramsToo;
    }

    /**
     * Whether classic histograms become native ones with custom buckets.
     *
     * @return false by default
     */
    public boolean classicHistogramsAsNative() {
        return classicHistogramsAsNative;
    }

    /**
     * How many buckets a native histogram may have; one with more is made coarser until it fits.
     *
     * @return 0 for no limit, the default
     */
    public int nativeHistogramBucketLimit() {
        return nativeHistogramBucketLimit;
    }

    /**
     * By how much each bucket of a native histogram must at least be wider than the one before it; a histogram with
     * narrower ones is made coarser.
     *
     * @return 0 for as they come, the default
     */
    public double nativeHistogramMinBucketFactor() {
        return nativeHistogramMinBucketFactor;
    }

    /**
     * What becomes of {@code _created} lines.
     *
     * @return {@link Created#SERIES} by default
     */
    public Created created() {
        return created;
    }

    /**
     * How many kept samples a page may have; more fail it.
     *
     * @return 0 for no limit, the default
     */
    public int sampleLimit() {
        return sampleLimit;
    }

    /**
     * How many series of a page are kept; the samples of the others are left out and counted.
     *
     * @return 0 for any number, the default
     */
    public int seriesLimit() {
        return seriesLimit;
    }

    /**
     * How far ahead of the scrape a timestamp on the page may be; samples further ahead are left out and counted.
     *
     * @return {@link ChronoUnit#FOREVER} by default
     */
    public Duration futureLimit() {
        return futureLimit;
    }

    /**
     * Whether samples are left out, and counted, if their series had a later timestamp before.
     *
     * @return false by default
     */
    public boolean dropOutOfOrder() {
        return dropOutOfOrder;
    }

    /**
     * The latest timestamp that a sample may have, by {@link #futureLimit}.
     *
     * @param scrapeMillis when the page was scraped, in milliseconds since the Unix epoch, or {@link
     *     SampleBatch#NO_TIMESTAMP}
     * @return milliseconds since the Unix epoch; {@link Long#MAX_VALUE} for any
     */
    public long latestMillis(long scrapeMillis) {
        // Beyond this a long cannot count the milliseconds, nor the sum of both.
        boolean any = scrapeMillis == SampleBatch.NO_TIMESTAMP || futureLimit.toSeconds() > Long.MAX_VALUE / 2000;
        return any ? Long.MAX_VALUE : scrapeMillis + futureLimit.toMillis();
    }

    /**
     * How many lines of a page are remembered; a page with more fails.
     *
     * @return 4 million by default
     */
    public int lineLimit() {
        return lineLimit;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ParseOptions options && settings().equals(options.settings());
    }

    @Override
    public int hashCode() {
        return settings().hashCode();
    }

    /** The settings that differ from the defaults. */
    @Override
    public String toString() {
        Map<String, Object> changed = settings();
        changed.entrySet().removeAll(new Builder().build().settings().entrySet());
        return "ParseOptions" + changed;
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("strict", strict);
        settings.put("utf8Names", utf8Names);
        settings.put("skipBadLines", skipBadLines);
        settings.put("normalizeBounds", normalizeBounds);
        settings.put("honorTimestamps", honorTimestamps);
        settings.put("trackTimestampsStaleness", trackTimestampsStaleness);
        settings.put("endMarkRequired", endMarkRequired);
        settings.put("replaceInvalidHelp", replaceInvalidHelp);
        settings.put("nativeHistograms", nativeHistograms);
        settings.put("classicHistogramsToo", classicHistogramsToo);
        settings.put("classicHistogramsAsNative", classicHistogramsAsNative);
        settings.put("nativeHistogramBucketLimit", nativeHistogramBucketLimit);
        settings.put("nativeHistogramMinBucketFactor", nativeHistogramMinBucketFactor);
        settings.put("created", created);
        settings.put("sampleLimit", sampleLimit);
        settings.put("seriesLimit", seriesLimit);
        settings.put("futureLimit", futureLimit);
        settings.put("dropOutOfOrder", dropOutOfOrder);
        settings.put("lineLimit", lineLimit);
        return settings;
    }

    /**
     * Builds {@link ParseOptions}. Not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private boolean strict;
        private boolean utf8Names;
        private boolean skipBadLines;
        private boolean normalizeBounds;
        private boolean honorTimestamps = true;
        private boolean trackTimestampsStaleness;
        private boolean endMarkRequired = true;
        private boolean replaceInvalidHelp;
        private boolean nativeHistograms = true;
        private boolean classicHistogramsToo;
        private boolean classicHistogramsAsNative;
        private int nativeHistogramBucketLimit;
        private double nativeHistogramMinBucketFactor;
        private Created created = Created.SERIES;
        private int sampleLimit;
        private int seriesLimit;
        private boolean dropOutOfOrder;
        private Duration futureLimit = ChronoUnit.FOREVER.getDuration();
        private int lineLimit = 4_000_000;

        private Builder() {}

        private Builder(ParseOptions options) {
            strict = options.strict;
            utf8Names = options.utf8Names;
            skipBadLines = options.skipBadLines;
            normalizeBounds = options.normalizeBounds;
            honorTimestamps = options.honorTimestamps;
            trackTimestampsStaleness = options.trackTimestampsStaleness;
            endMarkRequired = options.endMarkRequired;
            replaceInvalidHelp = options.replaceInvalidHelp;
            nativeHistograms = options.nativeHistograms;
            classicHistogramsToo = options.classicHistogramsToo;
            classicHistogramsAsNative = options.classicHistogramsAsNative;
            nativeHistogramBucketLimit = options.nativeHistogramBucketLimit;
            nativeHistogramMinBucketFactor = options.nativeHistogramMinBucketFactor;
            created = options.created;
            sampleLimit = options.sampleLimit;
            seriesLimit = options.seriesLimit;
            futureLimit = options.futureLimit;
            dropOutOfOrder = options.dropOutOfOrder;
            lineLimit = options.lineLimit;
        }

        /**
         * Demands that pages follow the specification to the letter.
         *
         * @param strict false by default
         * @return this
         */
        public Builder strict(boolean strict) {
            this.strict = strict;
            return this;
        }

        /**
         * Lets strict mode take quoted names where the answer's {@code escaping=allow-utf-8} permits them.
         *
         * @param utf8Names false by default
         * @return this
         */
        public Builder utf8Names(boolean utf8Names) {
            this.utf8Names = utf8Names;
            return this;
        }

        /**
         * Leaves malformed lines out and counts them, instead of failing the page.
         *
         * @param skipBadLines false by default
         * @return this
         */
        public Builder skipBadLines(boolean skipBadLines) {
            this.skipBadLines = skipBadLines;
            return this;
        }

        /**
         * Rewrites {@code le} of histograms and {@code quantile} of summaries as Prometheus 3 does ({@code 1} becomes
         * {@code 1.0}), for a store that a Prometheus feeds too.
         *
         * @param normalizeBounds false by default
         * @return this
         */
        public Builder normalizeBounds(boolean normalizeBounds) {
            this.normalizeBounds = normalizeBounds;
            return this;
        }

        /**
         * Delivers timestamps of the page; otherwise every sample gets the time of the scrape.
         *
         * @param honorTimestamps true by default
         * @return this
         */
        public Builder honorTimestamps(boolean honorTimestamps) {
            this.honorTimestamps = honorTimestamps;
            return this;
        }

        /**
         * Gives stale rows to series with timestamps on the page too.
         *
         * @param trackTimestampsStaleness false by default
         * @return this
         */
        public Builder trackTimestampsStaleness(boolean trackTimestampsStaleness) {
            this.trackTimestampsStaleness = trackTimestampsStaleness;
            return this;
        }

        /**
         * Fails OpenMetrics pages without {@code # EOF}.
         *
         * @param endMarkRequired true by default
         * @return this
         */
        public Builder endMarkRequired(boolean endMarkRequired) {
            this.endMarkRequired = endMarkRequired;
            return this;
        }

        /**
         * Replaces bytes of a help text that are not UTF-8 by U+FFFD, instead of failing the page.
         *
         * @param replaceInvalidHelp false by default
         * @return this
         */
        public Builder replaceInvalidHelp(boolean replaceInvalidHelp) {
            this.replaceInvalidHelp = replaceInvalidHelp;
            return this;
        }

        /**
         * Delivers native histograms; otherwise only the classic buckets, count and sum beside them.
         *
         * @param nativeHistograms true by default
         * @return this
         */
        public Builder nativeHistograms(boolean nativeHistograms) {
            this.nativeHistograms = nativeHistograms;
            return this;
        }

        /**
         * Delivers the classic series of a histogram beside its native form.
         *
         * @param classicHistogramsToo false by default
         * @return this
         */
        public Builder classicHistogramsToo(boolean classicHistogramsToo) {
            this.classicHistogramsToo = classicHistogramsToo;
            return this;
        }

        /**
         * Delivers a classic histogram as a native one whose bounds are those of its buckets, in all formats, as
         * Prometheus does with {@code convert_classic_histograms_to_nhcb}; the classic series only with {@link
         * #classicHistogramsToo}. Those of a text page come behind all other rows. A histogram that is none by its numbers,
         * such as one whose buckets do not add up, and gauge histograms stay classic. Only Remote Write 2.0 can carry the
         * result.
         *
         * @param classicHistogramsAsNative false by default
         * @return this
         */
        public Builder classicHistogramsAsNative(boolean classicHistogramsAsNative) {
            this.classicHistogramsAsNative = classicHistogramsAsNative;
            return this;
        }

        /**
         * Makes native histograms with more buckets coarser, by halves, until they fit. A page with one that does not fit in
         * the coarsest schema, -4, or has custom buckets, fails when all of it is read.
         *
         * @param nativeHistogramBucketLimit 0 for no limit, the default
         * @return this
         * @throws IllegalArgumentException if negative
         */
        public Builder nativeHistogramBucketLimit(int nativeHistogramBucketLimit) {
            if (nativeHistogramBucketLimit < 0) {
                throw new IllegalArgumentException(
                        "nativeHistogramBucketLimit is " + nativeHistogramBucketLimit + ": use 0 for no limit");
            }
            this.nativeHistogramBucketLimit = nativeHistogramBucketLimit;
            return this;
        }

        /**
         * Makes native histograms coarser whose buckets grow by less than a factor. The factor of schema 0 is 2, that of
         * schema 3 is 1.09; a factor between those of two schemas means the coarser one, above 65536 schema -4.
         *
         * @param nativeHistogramMinBucketFactor such as 1.1; 0 for as they come, the default
         * @return this
         * @throws IllegalArgumentException if negative or not a number
         */
        public Builder nativeHistogramMinBucketFactor(double nativeHistogramMinBucketFactor) {
            if (!(nativeHistogramMinBucketFactor >= 0)) {
                throw new IllegalArgumentException("nativeHistogramMinBucketFactor is " + nativeHistogramMinBucketFactor
                        + ": use a factor such as 1.1, or 0");
            }
            this.nativeHistogramMinBucketFactor = nativeHistogramMinBucketFactor;
            return this;
        }

        /**
         * Says what becomes of {@code _created} lines.
         *
         * @param created {@link Created#SERIES} by default
         * @return this
         */
        public Builder created(Created created) {
            this.created = Objects.requireNonNull(created, "created");
            return this;
        }

        /**
         * Fails pages with more kept samples.
         *
         * @param sampleLimit 0 for no limit, the default
         * @return this
         * @throws IllegalArgumentException if negative
         */
        public Builder sampleLimit(int sampleLimit) {
            if (sampleLimit < 0) {
                throw new IllegalArgumentException("sampleLimit is " + sampleLimit + ": use 0 for no limit");
            }
            this.sampleLimit = sampleLimit;
            return this;
        }

        /**
         * Keeps so many series of a page; the samples of the others are left out and counted, and the page is good. Series
         * that are kept stay for as long as they are exposed; new ones fill up what room there is, in page order.
         *
         * @param seriesLimit 0 for any number, the default
         * @return this
         * @throws IllegalArgumentException if negative
         */
        public Builder seriesLimit(int seriesLimit) {
            if (seriesLimit < 0) {
                throw new IllegalArgumentException("seriesLimit is " + seriesLimit + ": use 0 for any number");
            }
            this.seriesLimit = seriesLimit;
            return this;
        }

        /**
         * Leaves out samples if their series had a later timestamp before, on this page or an earlier one, or the same with
         * another value, and counts them: receivers refuse them, often with all that came with them. Stale rows that would
         * come behind such a timestamp are left out, too. A sample that a page before had with the same timestamp and value
         * is left out as well ({@link LeftOut#REPEATED}), since it has been delivered; see {@link ExpositionParser#lose}.
         *
         * <p>Each sample of a series counts, whether its timestamp was on the page or is that of the scrape, and so does a
         * stale row. Of series that vanished before the target's first timestamp nothing is known, and what vanished more
         * than an hour ago may be forgotten.
         *
         * @param dropOutOfOrder false by default
         * @return this
         */
        public Builder dropOutOfOrder(boolean dropOutOfOrder) {
            this.dropOutOfOrder = dropOutOfOrder;
            return this;
        }

        /**
         * Leaves out samples whose timestamp on the page is further ahead of the time of the scrape, and counts them: no
         * receiver would take later samples of the series until then.
         *
         * @param futureLimit {@link ChronoUnit#FOREVER} by default; Prometheus has 10 minutes
         * @return this
         * @throws IllegalArgumentException if negative
         */
        public Builder futureLimit(Duration futureLimit) {
            Objects.requireNonNull(futureLimit, "futureLimit");
            if (futureLimit.isNegative()) {
                throw new IllegalArgumentException("futureLimit " + futureLimit + " is negative");
            }
            this.futureLimit = futureLimit;
            return this;
        }

        /**
         * Fails pages with more lines, comments included, since every line is remembered.
         *
         * @param lineLimit 4 million by default
         * @return this
         * @throws IllegalArgumentException unless positive
         */
        public Builder lineLimit(int lineLimit) {
            if (lineLimit < 1) {
                throw new IllegalArgumentException("lineLimit is " + lineLimit + ": it must be at least 1");
            }
            this.lineLimit = lineLimit;
            return this;
        }

        /**
         * The options.
         *
         * @return immutable options
         */
        public ParseOptions build() {
            return new ParseOptions(this);
        }
    }
}

package io.github.promferry.scrape;

import io.github.promferry.parse.ParseOptions;
import java.time.Duration;
import java.util.Objects;

/**
 * How much of its targets a job takes. A page beyond a limit fails the scrape, except for {@code series} and {@code
 * future}: there the scrape is good, and what is beyond is left out and counted. Immutable.
 *
 * <pre>{@code
 * ScrapeJob.builder("llm").limits(ScrapeLimits.builder().samples(50_000).labels(64).build())
 * }</pre>
 *
 * @param bodyBytes a page, unpacked, that reaches them is not read further; positive, 16 MiB by default
 * @param samples how many samples a page may have after relabeling; 0, the default, for any number
 * @param series how many series of a page are kept after relabeling; 0, the default, for any number. Series that are kept
 *     stay for as long as the target exposes them; new ones fill up what room there is, in the order of the page
 * @param future how far ahead of the scrape a timestamp on the page may be; 10 minutes by default, as in Prometheus
 * @param labels how many labels a series may have, those of the target and {@code __name__} included; 0, the default, for
 *     any number
 * @param labelNameBytes how long the name of a label may be, in UTF-8; 0, the default, for any length
 * @param labelValueBytes how long the value of a label may be, in UTF-8; 0, the default, for any length
 * @param targets how many targets the job may have; with more, every scrape of the job fails without a request; 0, the
 *     default, for any number
 * @param droppedTargets how many targets that a discovery found, and that are not scraped, are kept to be {@linkplain
 *     Scraper#droppedTargets() shown}, of each discovery; all are counted; 0, the default, to keep them all
 * @see TargetStatus.LastScrape#leftOut
 * @since 0.1
 */
public record ScrapeLimits(
        int bodyBytes,
        int samples,
        int series,
        Duration future,
        int labels,
        int labelNameBytes,
        int labelValueBytes,
        int targets,
        int droppedTargets) {
    /** {@code bodyBytes} unless told otherwise: 16 MiB. */
    public static final int DEFAULT_BODY_BYTES = 16 << 20;

    /** {@code future} unless told otherwise. */
    public static final Duration DEFAULT_FUTURE = Duration.ofMinutes(10);

    /** Pages of less than 16 MiB, timestamps at most 10 minutes ahead, and no other limit. */
    public static final ScrapeLimits DEFAULTS = builder().build();

    /**
     * Checks the limits; a {@linkplain #builder() builder} names them.
     *
     * @param bodyBytes bytes of a page that are too many
     * @param samples samples of a page, 0 for any number
     * @param series series of a page that are kept, 0 for any number
     * @param future how far ahead timestamps may be
     * @param labels labels of a series, 0 for any number
     * @param labelNameBytes bytes of a label's name, 0 for any length
     * @param labelValueBytes bytes of a label's value, 0 for any length
     * @param targets targets of the job, 0 for any number
     * @param droppedTargets dropped targets that are kept, 0 for all
     * @throws IllegalArgumentException if one is negative, or the body's is 0
     */
    public ScrapeLimits {
        if (bodyBytes <= 0) {
            throw new IllegalArgumentException("bodyBytes " + bodyBytes + " is not positive");
        }
        if (Objects.requireNonNull(future, "future").isNegative()) {
            throw new IllegalArgumentException("future " + future + " is negative");
        }
        notNegative("samples", samples);
        notNegative("series", series);
        notNegative("labels", labels);
        notNegative("labelNameBytes", labelNameBytes);
        notNegative("labelValueBytes", labelValueBytes);
        notNegative("targets", targets);
        notNegative("droppedTargets", droppedTargets);
    }

    private static void notNegative(String limit, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(limit + " " + value + " is negative; 0 switches the limit off");
        }
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
     * A builder that begins with these limits.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        return new Builder()
                .bodyBytes(bodyBytes)
                .samples(samples)
                .series(series)
                .future(future)
                .labels(labels)
                .labelNameBytes(labelNameBytes)
                .labelValueBytes(labelValueBytes)
                .targets(targets)
                .droppedTargets(droppedTargets);
    }

    /** Whether options of the parser leave the limits that both know to the job. */
    static boolean areLeftOpenBy(ParseOptions parsing) {
        return parsing.sampleLimit() == 0
                && parsing.seriesLimit() == 0
                && parsing.futureLimit().equals(ParseOptions.DEFAULTS.futureLimit());
    }

    /** Those limits that hold while a page is read. */
    void applyTo(ParseOptions.Builder parsing) {
        parsing.sampleLimit(samples).seriesLimit(series).futureLimit(future);
    }

    /**
     * Names limits, which {@link ScrapeLimits} explains. Not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private int bodyBytes = DEFAULT_BODY_BYTES;
        private int samples;
        private int series;
        private Duration future = DEFAULT_FUTURE;
        private int labels;
        private int labelNameBytes;
        private int labelValueBytes;
        private int targets;
        private int droppedTargets;

        private Builder() {}

        /**
         * Fails pages that are too large.
         *
         * @param bodyBytes a positive number
         * @return this
         */
        public Builder bodyBytes(int bodyBytes) {
            this.bodyBytes = bodyBytes;
            return this;
        }

        /**
         * Fails pages with too many samples.
         *
         * @param samples 0 for any number
         * @return this
         */
        public Builder samples(int samples) {
            this.samples = samples;
            return this;
        }

        /**
         * Leaves out series beyond the first.
         *
         * @param series 0 for any number
         * @return this
         */
        public Builder series(int series) {
            this.series = series;
            return this;
        }

        /**
         * Leaves out samples that are too far ahead.
         *
         * @param future not negative
         * @return this
         */
        public Builder future(Duration future) {
            this.future = Objects.requireNonNull(future, "future");
            return this;
        }

        /**
         * Fails pages with too many labels in a series.
         *
         * @param labels 0 for any number
         * @return this
         */
        public Builder labels(int labels) {
            this.labels = labels;
            return this;
        }

        /**
         * Fails pages with too long a label name.
         *
         * @param labelNameBytes 0 for any length
         * @return this
         */
        public Builder labelNameBytes(int labelNameBytes) {
            this.labelNameBytes = labelNameBytes;
            return this;
        }

        /**
         * Fails pages with too long a label value.
         *
         * @param labelValueBytes 0 for any length
         * @return this
         */
        public Builder labelValueBytes(int labelValueBytes) {
            this.labelValueBytes = labelValueBytes;
            return this;
        }

        /**
         * Fails all targets if they are too many.
         *
         * @param targets 0 for any number
         * @return this
         */
        public Builder targets(int targets) {
            this.targets = targets;
            return this;
        }

        /**
         * Keeps so many dropped targets to be shown.
         *
         * @param droppedTargets 0 for all
         * @return this
         */
        public Builder droppedTargets(int droppedTargets) {
            this.droppedTargets = droppedTargets;
            return this;
        }

        /**
         * The limits.
         *
         * @return immutable limits
         * @throws IllegalArgumentException if one is negative, or the body's is 0
         */
        public ScrapeLimits build() {
            return new ScrapeLimits(
                    bodyBytes,
                    samples,
                    series,
                    future,
                    labels,
                    labelNameBytes,
                    labelValueBytes,
                    targets,
                    droppedTargets);
        }
    }
}

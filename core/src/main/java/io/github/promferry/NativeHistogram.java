package io.github.promferry;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One observation of a histogram with sparse buckets: exponential ones (schema -4 to 8) or custom bounds (schema {@link
 * #CUSTOM_BUCKETS}). Immutable, and checked on construction against the Prometheus specification of native histograms.
 *
 * <p>Counts are integers or, after arithmetic such as federation of rates, floats; which of them {@link #isFloat} tells.
 * A histogram without observations and zero threshold 0 carries one span of length 0, which tells it from a classic one.
 *
 * @since 0.1
 */
public final class NativeHistogram {
    /** The schema of histograms whose bucket bounds are listed: {@link #customBound}. */
    public static final int CUSTOM_BUCKETS = -53;

    /** The coarsest exponential schema: each bucket is 65536 times as wide as the one before. */
    public static final int MIN_SCHEMA = -4;

    /** The finest exponential schema: 256 buckets for each power of two. */
    public static final int MAX_SCHEMA = 8;

    /** Reserved for exponential schemas to come: a bucket narrower than the spacing of doubles has no meaning. */
    private static final int FINEST_SCHEMA = 52;

    private static final double[] NO_BOUNDS = {};

    /**
     * Ends a series of native histograms with integer counts: nothing but a sum that is the {@linkplain
     * SampleValues#STALE_NAN_BITS stale marker}.
     */
    public static final NativeHistogram STALE =
            ofCounts(0, Double.longBitsToDouble(SampleValues.STALE_NAN_BITS)).build();

    /** The same for a series of native histograms with float counts. */
    public static final NativeHistogram STALE_FLOAT = ofFloatCounts(
                    0, Double.longBitsToDouble(SampleValues.STALE_NAN_BITS))
            .build();

    /**
     * The same for a series of native histograms with custom buckets and integer counts, so that the end of such a series
     * is told apart where the series itself is: Remote Write 1.0 cannot carry it.
     */
    public static final NativeHistogram STALE_CUSTOM =
            ofCounts(0, STALE.sum()).customBounds().build();

    /** The same for a series of native histograms with custom buckets and float counts. */
    public static final NativeHistogram STALE_CUSTOM_FLOAT =
            ofFloatCounts(0, STALE.sum()).customBounds().build();

    private final boolean isFloat;
    private final boolean isGauge;
    private final int schema;
    private final long count;
    private final double countFloat;
    private final double sum;
    private final double zeroThreshold;
    private final long zeroCount;
    private final double zeroCountFloat;
    private final Buckets negative;
    private final Buckets positive;
    private final double[] customBounds;

    private NativeHistogram(Builder builder) {
        isFloat = builder.isFloat;
        isGauge = builder.isGauge;
        schema = builder.schema;
        count = builder.count;
        countFloat = builder.countFloat;
        sum = builder.sum;
        zeroThreshold = builder.zeroThreshold;
        zeroCount = isFloat ? 0 : builder.zeroCount;
        zeroCountFloat = builder.zeroCountFloat;
        negative = builder.negative;
        positive = builder.positive;
        customBounds = builder.customBounds;
        check();
    }

    /**
     * A builder of a histogram with integer counts.
     *
     * @param count of all observations
     * @param sum of all observations
     * @return a builder, not thread-safe
     */
    public static Builder ofCounts(long count, double sum) {
        Builder builder = new Builder(false, sum);
        builder.count = count;
        builder.countFloat = count;
        return builder;
    }

    /**
     * A builder of a histogram with float counts.
     *
     * @param count of all observations
     * @param sum of all observations
     * @return a builder, not thread-safe
     */
    public static Builder ofFloatCounts(double count, double sum) {
        Builder builder = new Builder(true, sum);
        builder.countFloat = count;
        return builder;
    }

    /**
     * What ends a series whose last sample this is.
     *
     * @return {@link #STALE}, {@link #STALE_FLOAT}, {@link #STALE_CUSTOM} or {@link #STALE_CUSTOM_FLOAT}
     */
    public NativeHistogram staleMarker() {
        return schema == CUSTOM_BUCKETS ? isFloat ? STALE_CUSTOM_FLOAT : STALE_CUSTOM : isFloat ? STALE_FLOAT : STALE;
    }

    /**
     * Whether counts are floats.
     *
     * @return true if {@link Buckets#count} is meant, false if {@link Buckets#delta}
     */
    public boolean isFloat() {
        return isFloat;
    }

    /**
     * Whether counts may shrink without a reset.
     *
     * @return true for a gauge histogram
     */
    public boolean isGauge() {
        return isGauge;
    }

    /**
     * How wide the buckets are: bucket i ends at 2^(i * 2^-schema).
     *
     * @return -4 to 8, or {@link #CUSTOM_BUCKETS}
     */
    public int schema() {
        return schema;
    }

    /**
     * The number of observations, as integer.
     *
     * @return 0 if the histogram {@linkplain #isFloat() is float}
     */
    public long count() {
        return count;
    }

    /**
     * The number of observations.
     *
     * @return also of histograms with integer counts
     */
    public double countFloat() {
        return countFloat;
    }

    /**
     * The sum of all observations.
     *
     * @return NaN if one of them was
     */
    public double sum() {
        return sum;
    }

    /**
     * How far the zero bucket reaches to both sides of zero.
     *
     * @return not negative; an observation of exactly this is in it
     */
    public double zeroThreshold() {
        return zeroThreshold;
    }

    /**
     * The number of observations in the zero bucket, as integer.
     *
     * @return 0 if the histogram {@linkplain #isFloat() is float}
     */
    public long zeroCount() {
        return zeroCount;
    }

    /**
     * The number of observations in the zero bucket.
     *
     * @return also of histograms with integer counts
     */
    public double zeroCountFloat() {
        return zeroCountFloat;
    }

    /**
     * The buckets of negative observations.
     *
     * @return {@link Buckets#NONE} if there are none
     */
    public Buckets negative() {
        return negative;
    }

    /**
     * The buckets of positive observations; with {@link #CUSTOM_BUCKETS} of all.
     *
     * @return {@link Buckets#NONE} if there are none
     */
    public Buckets positive() {
        return positive;
    }

    /**
     * How many bounds are listed.
     *
     * @return 0 unless the schema is {@link #CUSTOM_BUCKETS}
     */
    public int customBoundCount() {
        return customBounds.length;
    }

    /**
     * The upper bound of a bucket; the last bucket, which ends at infinity, has none.
     *
     * @param index from 0 to {@code customBoundCount() - 1}
     * @return a finite number, ascending with the index
     */
    public double customBound(int index) {
        return customBounds[index];
    }

    /**
     * The same observations in wider buckets.
     *
     * @param lowerSchema an exponential schema, not above that of this histogram
     * @return this histogram if the schema is the same
     * @throws IllegalArgumentException for a schema that is finer, custom or out of range
     */
    public NativeHistogram reducedTo(int lowerSchema) {
        if (lowerSchema == schema) {
            return this;
        }
        if (schema == CUSTOM_BUCKETS || lowerSchema > schema) {
            throw new IllegalArgumentException(
                    "schema " + schema + " cannot be reduced to schema " + lowerSchema + ": only to a lower one");
        }
        Builder builder = isFloat ? ofFloatCounts(countFloat, sum) : ofCounts(count, sum);
        return builder.gauge(isGauge)
                .schema(lowerSchema)
                .zero(zeroThreshold, zeroCount, zeroCountFloat)
                .negative(negative.merged(schema - lowerSchema))
                .positive(positive.merged(schema - lowerSchema))
                .build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NativeHistogram histogram
                && isFloat == histogram.isFloat
                && isGauge == histogram.isGauge
                && schema == histogram.schema
                && count == histogram.count
                && Double.compare(countFloat, histogram.countFloat) == 0
                && Double.compare(sum, histogram.sum) == 0
                && Double.compare(zeroThreshold, histogram.zeroThreshold) == 0
                && zeroCount == histogram.zeroCount
                && Double.compare(zeroCountFloat, histogram.zeroCountFloat) == 0
                && negative.equals(histogram.negative)
                && positive.equals(histogram.positive)
                && Arrays.equals(customBounds, histogram.customBounds);
    }

    @Override
    public int hashCode() {
        return Objects.hash(isFloat, isGauge, schema, countFloat, sum, zeroCountFloat, negative, positive);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("NativeHistogram[schema ").append(schema);
        if (isGauge) {
            text.append(", gauge");
        }
        text.append(", count ").append(isFloat ? String.valueOf(countFloat) : String.valueOf(count));
        text.append(", sum ").append(sum);
        text.append(", zero ").append(zeroCountFloat).append(" within ").append(zeroThreshold);
        if (customBounds.length > 0) {
            text.append(", bounds ").append(Arrays.toString(customBounds));
        }
        return text.append(", negative ")
                .append(negative)
                .append(", positive ")
                .append(positive)
                .append(']')
                .toString();
    }

    private void check() {
        boolean custom = schema == CUSTOM_BUCKETS;
        if (!custom && (schema < MIN_SCHEMA || schema > MAX_SCHEMA)) {
            throw invalid("schema " + schema + ": -4 to 8 are exponential, -53 has custom bounds");
        }
        if (!(zeroThreshold >= 0)) {
            throw invalid("zero threshold " + zeroThreshold + ": it must not be negative");
        }
        if (count < 0 || zeroCount < 0 || countFloat < 0 || zeroCountFloat < 0) {
            throw invalid("negative count");
        }
        if (!isFloat && zeroCountFloat != zeroCount) {
            throw invalid("a float zero count beside integer counts: use zero(threshold, count)");
        }
        if (custom && (!negative.equals(Buckets.NONE) || zeroCountFloat != 0 || zeroThreshold != 0)) {
            throw invalid("zero bucket or negative buckets beside custom bounds");
        }
        if (!custom && customBounds.length > 0) {
            throw invalid("custom bounds with exponential schema " + schema);
        }
        checkBounds();
        for (Buckets buckets : new Buckets[] {negative, positive}) {
            if (buckets.size() > 0 && buckets.isFloat() != isFloat) {
                throw invalid("integer and float counts in one histogram");
            }
        }
        if (custom && positive.end() > customBounds.length + 1L) {
            throw invalid("a bucket behind the last custom bound");
        }
        if (custom && positive.spanCount() > 0 && positive.spanOffset(0) < 0) {
            throw invalid("a bucket before the first custom bound");
        }
        if (!isFloat) {
            checkTotal();
        }
    }

    /** As Prometheus: of float counts, rounding may keep the sum of the buckets from being the count. */
    private void checkTotal() {
        long inBuckets = zeroCount + negative.total() + positive.total();
        // What was observed as NaN is in no bucket.
        if (Double.isNaN(sum) ? inBuckets > count : inBuckets != count) {
            throw invalid("buckets hold " + inBuckets + " observations, count says " + count);
        }
    }

    private void checkBounds() {
        for (int i = 0; i < customBounds.length; i++) {
            if (!Double.isFinite(customBounds[i]) || (i > 0 && customBounds[i] <= customBounds[i - 1])) {
                throw invalid("custom bounds that are not finite and ascending: " + Arrays.toString(customBounds));
            }
        }
    }

    private static IllegalArgumentException invalid(String what) {
        return new IllegalArgumentException("not a native histogram: " + what);
    }

    /**
     * The buckets of one side: spans of neighboring buckets, and the population of each bucket in the spans. Immutable.
     *
     * @since 0.1
     */
    public static final class Buckets {
        /** No span, no bucket. */
        public static final Buckets NONE = new Buckets(new int[0], new long[0], null);

        /** Offset and length in turns. */
        private final int[] spans;

        private final long[] deltas;
        private final double @Nullable [] counts;

        private Buckets(int[] spans, long[] deltas, double @Nullable [] counts) {
            this.spans = spans;
            this.deltas = deltas;
            // Without buckets there is no kind of counts, so that equal ones are equal.
            this.counts = counts != null && counts.length == 0 ? null : counts;
            check();
        }

        /**
         * Buckets with integer counts.
         *
         * @param spans offset and length in turns; the first offset is the index of the first bucket, later ones are gaps;
         *     copied
         * @param deltas for each bucket its count minus that of the bucket listed before; copied
         * @return immutable buckets
         * @throws IllegalArgumentException if the lengths do not fit together or a count is negative
         */
        public static Buckets ofDeltas(int[] spans, long[] deltas) {
            Objects.requireNonNull(spans, "spans");
            return new Buckets(
                    spans.clone(), Objects.requireNonNull(deltas, "deltas").clone(), null);
        }

        /**
         * Buckets with float counts.
         *
         * @param spans offset and length in turns; the first offset is the index of the first bucket, later ones are gaps;
         *     copied
         * @param counts of each bucket; copied
         * @return immutable buckets
         * @throws IllegalArgumentException if the lengths do not fit together or a count is negative
         */
        public static Buckets ofCounts(int[] spans, double[] counts) {
            Objects.requireNonNull(spans, "spans");
            return new Buckets(
                    spans.clone(),
                    new long[0],
                    Objects.requireNonNull(counts, "counts").clone());
        }

        /**
         * The number of spans.
         *
         * @return 0 if there are no buckets
         */
        public int spanCount() {
            return spans.length / 2;
        }

        /**
         * Where a span begins.
         *
         * @param span from 0 to {@code spanCount() - 1}
         * @return of the first span the index of its first bucket, of the others the gap to the span before
         */
        public int spanOffset(int span) {
            return spans[2 * span];
        }

        /**
         * How long a span is.
         *
         * @param span from 0 to {@code spanCount() - 1}
         * @return the number of its buckets, perhaps 0
         */
        public int spanLength(int span) {
            return spans[2 * span + 1];
        }

        /**
         * The number of buckets of all spans.
         *
         * @return the sum of the lengths
         */
        public int size() {
            return counts == null ? deltas.length : counts.length;
        }

        /**
         * Whether counts are floats.
         *
         * @return true if {@link #count} is meant, false if {@link #delta}
         */
        public boolean isFloat() {
            return counts != null;
        }

        /**
         * The integer count of a bucket minus that of the bucket listed before it.
         *
         * @param index from 0 to {@code size() - 1}
         * @return of the first bucket its count
         * @throws IndexOutOfBoundsException also if counts are floats
         */
        public long delta(int index) {
            return deltas[index];
        }

        /**
         * The float count of a bucket.
         *
         * @param index from 0 to {@code size() - 1}
         * @return its population
         * @throws IndexOutOfBoundsException also if counts are integers
         */
        public double count(int index) {
            double[] all = counts == null ? NO_BOUNDS : counts;
            return all[index];
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Buckets buckets
                    && Arrays.equals(spans, buckets.spans)
                    && Arrays.equals(deltas, buckets.deltas)
                    && Arrays.equals(counts, buckets.counts);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * Arrays.hashCode(spans) + Arrays.hashCode(deltas)) + Arrays.hashCode(counts);
        }

        @Override
        public String toString() {
            return "spans " + Arrays.toString(spans)
                    + (counts == null ? " deltas " + Arrays.toString(deltas) : " counts " + Arrays.toString(counts));
        }

        /** Of integer counts. */
        private long total() {
            long total = 0;
            long count = 0;
            for (long delta : deltas) {
                count += delta;
                total += count;
            }
            return total;
        }

        /** Index behind the last bucket. */
        private long end() {
            long end = 0;
            for (int span : spans) {
                end += span;
            }
            return end;
        }

        private void check() {
            if (spans.length % 2 != 0) {
                throw invalid("a span without length");
            }
            long buckets = 0;
            for (int span = 0; span < spanCount(); span++) {
                if (spanLength(span) < 0 || (span > 0 && spanOffset(span) < 0)) {
                    throw invalid("span " + span + " has offset " + spanOffset(span) + " and length " + spanLength(span)
                            + ": only the first offset may be negative");
                }
                buckets += spanLength(span);
            }
            if (buckets != size()) {
                throw invalid("spans for " + buckets + " buckets, but " + size() + " counts");
            }
            checkCounts();
        }

        private void checkCounts() {
            long count = 0;
            for (long delta : deltas) {
                count += delta;
                if (count < 0) {
                    throw invalid("a bucket with the count " + count);
                }
            }
            for (int i = 0; counts != null && i < counts.length; i++) {
                if (counts[i] < 0) {
                    throw invalid("a bucket with the count " + counts[i]);
                }
            }
        }

        /** Merges 2^steps neighbors into one: bucket i goes to ceil(i / 2^steps). */
        private Buckets merged(int steps) {
            int[] newSpans = new int[2 * size()];
            long[] totals = new long[size()];
            double[] floatTotals = new double[counts == null ? 0 : size()];
            int last = -1;
            long lastIndex = 0;
            int spanTop = 0;
            long index = 0;
            long count = 0;
            int at = 0;
            for (int span = 0; span < spanCount(); span++) {
                index += spanOffset(span);
                for (int i = 0; i < spanLength(span); i++, index++, at++) {
                    long newIndex = (index + (1L << steps) - 1) >> steps;
                    if (last < 0 || newIndex != lastIndex) {
                        boolean neighbor = last >= 0 && newIndex == lastIndex + 1;
                        if (!neighbor) {
                            newSpans[2 * spanTop] = (int) (last < 0 ? newIndex : newIndex - lastIndex - 1);
                            spanTop++;
                        }
                        newSpans[2 * spanTop - 1]++;
                        lastIndex = newIndex;
                        last++;
                    }
                    if (counts == null) {
                        count += deltas[at];
                        totals[last] += count;
                    } else {
                        floatTotals[last] += counts[at];
                    }
                }
            }
            int[] trimmed = Arrays.copyOf(newSpans, 2 * spanTop);
            if (counts != null) {
                return new Buckets(trimmed, new long[0], Arrays.copyOf(floatTotals, last + 1));
            }
            for (int i = last; i > 0; i--) {
                totals[i] -= totals[i - 1];
            }
            return new Buckets(trimmed, Arrays.copyOf(totals, last + 1), null);
        }
    }

    /**
     * Builds a {@link NativeHistogram}. Not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final boolean isFloat;
        private final double sum;
        private boolean isGauge;
        private int schema;
        private long count;
        private double countFloat;
        private double zeroThreshold;
        private long zeroCount;
        private double zeroCountFloat;
        private Buckets negative = Buckets.NONE;
        private Buckets positive = Buckets.NONE;
        private double[] customBounds = NO_BOUNDS;

        private Builder(boolean isFloat, double sum) {
            this.isFloat = isFloat;
            this.sum = sum;
        }

        /**
         * Sets whether counts may shrink.
         *
         * @param isGauge false by default
         * @return this
         */
        public Builder gauge(boolean isGauge) {
            this.isGauge = isGauge;
            return this;
        }

        /**
         * Sets how wide the buckets are. Histograms finer than any store takes (schema 9 to 52) are reduced to schema 8.
         *
         * @param schema -4 to 52; 0 by default
         * @return this
         * @see #customBounds
         */
        public Builder schema(int schema) {
            this.schema = schema;
            return this;
        }

        /**
         * Sets the zero bucket of a histogram with integer counts.
         *
         * @param threshold how far it reaches to both sides of zero, 0 by default
         * @param zeroCount its population, 0 by default
         * @return this
         */
        public Builder zero(double threshold, long zeroCount) {
            return zero(threshold, zeroCount, (double) zeroCount);
        }

        /**
         * Sets the zero bucket of a histogram with float counts.
         *
         * @param threshold how far it reaches to both sides of zero, 0 by default
         * @param zeroCount its population, 0 by default
         * @return this
         */
        public Builder zeroFloat(double threshold, double zeroCount) {
            return zero(threshold, 0, zeroCount);
        }

        private Builder zero(double threshold, long integer, double asFloat) {
            zeroThreshold = threshold;
            zeroCount = integer;
            zeroCountFloat = asFloat;
            return this;
        }

        /**
         * Sets the buckets of negative observations.
         *
         * @param negative none by default
         * @return this
         */
        public Builder negative(Buckets negative) {
            this.negative = Objects.requireNonNull(negative, "negative");
            return this;
        }

        /**
         * Sets the buckets of positive observations.
         *
         * @param positive none by default
         * @return this
         */
        public Builder positive(Buckets positive) {
            this.positive = Objects.requireNonNull(positive, "positive");
            return this;
        }

        /**
         * Lists the upper bounds of the positive buckets, without infinity, and sets the schema to {@link
         * #CUSTOM_BUCKETS}.
         *
         * @param bounds finite and ascending; copied
         * @return this
         */
        public Builder customBounds(double... bounds) {
            customBounds = Objects.requireNonNull(bounds, "bounds").clone();
            schema = CUSTOM_BUCKETS;
            return this;
        }

        /**
         * The histogram.
         *
         * @return an immutable histogram
         * @throws IllegalArgumentException if it breaks a rule of the specification
         */
        public NativeHistogram build() {
            if (schema > MAX_SCHEMA && schema <= FINEST_SCHEMA) {
                negative = negative.merged(schema - MAX_SCHEMA);
                positive = positive.merged(schema - MAX_SCHEMA);
                schema = MAX_SCHEMA;
            }
            return new NativeHistogram(this);
        }
    }
}

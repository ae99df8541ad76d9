package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleValues;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the composite values of OpenMetrics 2.0, such as <code>&#123;count:3,sum:1.5,bucket:[1:2,+Inf:3]&#125;</code>:
 * histograms, gauge histograms and summaries on one line, native buckets included. Also takes the older draft that
 * client_python writes, with {@code *_deltas} lists. Holds the result of the last call.
 */
final class CompositeLexer {
    private static final long NOT_WHOLE = Long.MIN_VALUE;
    /** Up to here a double holds every whole number. */
    private static final double MAX_EXACT = 1L << 53;

    private final boolean customBounds;
    private final DecimalParser numbers = new DecimalParser();

    private byte[] page = {};
    private int to;
    private int at;

    private boolean gauge;
    private long countBits;
    private long wholeCount;
    private long sumBits;
    /** Whether some count is spelled with digits alone, as those of a histogram with integer counts are. */
    private boolean digitsAlone;

    private double[] bounds = new double[16];
    private long[] pointBits = new long[16];
    private int pointCount;
    private boolean summary;
    private boolean classic;

    /** The fields of the grammar of OpenMetrics 2.0, and behind which of them each may stand, as a set of bits. */
    private static final int HEAD = 0;

    private static final int SCHEMA = 1;
    private static final int ZERO_THRESHOLD = 2;
    private static final int ZERO_COUNT = 3;
    private static final int NEGATIVE_SPANS = 4;
    private static final int NEGATIVE_BUCKETS = 5;
    private static final int POSITIVE_SPANS = 6;
    private static final int POSITIVE_BUCKETS = 7;
    private static final int CLASSIC = 8;
    private static final int QUANTILE = 9;
    private static final int END = 10;
    private static final int NATIVE_WHOLE = 1 << ZERO_COUNT | 1 << NEGATIVE_BUCKETS | 1 << POSITIVE_BUCKETS;
    private static final int[] BEHIND = {
        0,
        1 << HEAD,
        1 << SCHEMA,
        1 << ZERO_THRESHOLD,
        1 << ZERO_COUNT,
        1 << NEGATIVE_SPANS,
        1 << ZERO_COUNT | 1 << NEGATIVE_BUCKETS,
        1 << POSITIVE_SPANS,
        1 << HEAD | NATIVE_WHOLE,
        1 << HEAD,
        NATIVE_WHOLE | 1 << CLASSIC | 1 << QUANTILE,
    };

    private boolean isNative;
    /** The field read last. */
    private int field;

    private boolean ofGrammar;

    private int schema;
    private double zeroThreshold;
    private long zeroCountBits;
    private long wholeZeroCount;
    private double @Nullable [] listedBounds;
    private final Side negative = new Side();
    private final Side positive = new Side();

    /** Spans and counts of one side while they are read. */
    private static final class Side {
        private int[] spans = new int[16];
        private int spanLength;
        private double[] counts = new double[16];
        private long[] wholeCounts = new long[16];
        private int countLength;
        private boolean deltas;

        void clear() {
            spanLength = 0;
            countLength = 0;
            deltas = false;
        }

        void addSpan(int value) {
            if (spanLength == spans.length) {
                spans = Arrays.copyOf(spans, 2 * spanLength);
            }
            spans[spanLength++] = value;
        }

        void addCount(double value, long whole) {
            if (countLength == counts.length) {
                counts = Arrays.copyOf(counts, 2 * countLength);
                wholeCounts = Arrays.copyOf(wholeCounts, 2 * countLength);
            }
            counts[countLength] = value;
            wholeCounts[countLength++] = whole;
        }

        boolean isWhole() {
            for (int i = 0; i < countLength; i++) {
                if (wholeCounts[i] == NOT_WHOLE) {
                    return false;
                }
            }
            return true;
        }

        Buckets buckets(boolean integers) {
            int[] spans = Arrays.copyOf(this.spans, spanLength);
            return integers ? Buckets.ofDeltas(spans, asDeltas()) : Buckets.ofCounts(spans, absolute());
        }

        private long[] asDeltas() {
            long[] result = Arrays.copyOf(wholeCounts, countLength);
            for (int i = countLength - 1; !deltas && i > 0; i--) {
                result[i] -= result[i - 1];
            }
            return result;
        }

        private double[] absolute() {
            double[] absolute = Arrays.copyOf(counts, countLength);
            for (int i = 1; deltas && i < countLength; i++) {
                absolute[i] += absolute[i - 1];
            }
            return absolute;
        }
    }

    /**
     * A lexer.
     *
     * @param customBounds whether to take {@code custom_values}, for which the draft has no syntax
     */
    CompositeLexer(boolean customBounds) {
        this.customBounds = customBounds;
    }

    void begin(byte[] page, int to) {
        this.page = page;
        this.to = to;
    }

    boolean isGauge() {
        return gauge;
    }

    boolean isSummary() {
        return summary;
    }

    /** Whether there is a list of classic buckets. */
    boolean isClassic() {
        return classic;
    }

    /** Whether the value is one of the grammar of OpenMetrics 2.0 rather than of a draft: each field once, in its order. */
    boolean isOfGrammar() {
        return ofGrammar;
    }

    boolean isNative() {
        return isNative;
    }

    int schema() {
        return schema;
    }

    double zeroThreshold() {
        return zeroThreshold;
    }

    /** What is in the native buckets, the zero bucket included. */
    double nativeObservations() {
        return Double.longBitsToDouble(zeroCountBits)
                + Arrays.stream(negative.absolute()).sum()
                + Arrays.stream(positive.absolute()).sum();
    }

    long countBits() {
        return countBits;
    }

    long sumBits() {
        return sumBits;
    }

    int pointCount() {
        return pointCount;
    }

    /** The upper bound of a bucket, or the quantile. */
    double bound(int point) {
        return bounds[point];
    }

    long pointBits(int point) {
        return pointBits[point];
    }

    /**
     * Reads the value that begins with the brace at {@code brace}.
     *
     * @return the index behind its closing brace
     * @throws SyntaxError if it is malformed
     */
    int read(int brace) {
        gauge = false;
        summary = false;
        classic = false;
        isNative = false;
        field = HEAD;
        ofGrammar = true;
        pointCount = 0;
        zeroThreshold = 0;
        zeroCountBits = 0;
        wholeZeroCount = 0;
        digitsAlone = false;
        listedBounds = null;
        negative.clear();
        positive.clear();
        at = brace + 1;
        gauge = startsWith("gcount:");
        field(gauge ? "gcount:" : "count:");
        int from = at;
        countBits = bits();
        wholeCount = whole(from);
        expect(',');
        field(gauge ? "gsum:" : "sum:");
        sumBits = bits();
        while (at < to && page[at] == ',') {
            at++;
            member();
        }
        expect('}');
        follow(END);
        ofGrammar &= !(gauge && summary);
        if (!classic && !summary && !isNative) {
            throw new SyntaxError("bucket, quantile or schema in the composite value", at - 1);
        }
        return at;
    }

    private void member() {
        if (accept(CLASSIC, "bucket:[")) {
            classic = true;
            points();
        } else if (accept(QUANTILE, "quantile:[")) {
            summary = true;
            points();
        } else if (accept(SCHEMA, "schema:")) {
            isNative = true;
            schema = integer();
        } else if (accept(ZERO_THRESHOLD, "zero_threshold:")) {
            zeroThreshold = number();
        } else if (accept(ZERO_COUNT, "zero_count:")) {
            int from = at;
            zeroCountBits = bits();
            wholeZeroCount = whole(from);
        } else if (customBounds && accept("custom_values:[")) {
            ofGrammar = false;
            listedBounds = numbers();
        } else if (accept(NEGATIVE_SPANS, "negative_spans:[")) {
            spans(negative);
        } else if (accept(POSITIVE_SPANS, "positive_spans:[")) {
            spans(positive);
        } else if (accept(NEGATIVE_BUCKETS, "negative_buckets:[")) {
            counts(negative);
        } else if (accept(POSITIVE_BUCKETS, "positive_buckets:[")) {
            counts(positive);
        } else if (accept(NEGATIVE_BUCKETS, "negative_deltas:[")) {
            deltas(negative);
        } else if (accept(POSITIVE_BUCKETS, "positive_deltas:[")) {
            deltas(positive);
        } else {
            throw new SyntaxError("a field of a composite value, such as bucket:[ or schema:", at);
        }
    }

    private boolean accept(int next, String name) {
        boolean accepted = accept(name);
        if (accepted) {
            follow(next);
        }
        return accepted;
    }

    private void follow(int next) {
        ofGrammar &= (BEHIND[next] >> field & 1) != 0;
        field = next;
    }

    private void deltas(Side side) {
        ofGrammar = false;
        side.deltas = true;
        counts(side);
    }

    /** {@code bound:count} pairs up to the closing bracket. */
    private void points() {
        if (accept("]")) {
            return;
        }
        do {
            boolean plusInf = startsWith("+Inf:");
            addPoint(number());
            ofGrammar &= plusInf || summary || bounds[pointCount - 1] != Double.POSITIVE_INFINITY;
            expect(':');
            pointBits[pointCount - 1] = bits();
        } while (accept(","));
        expect(']');
    }

    private void addPoint(double bound) {
        if (pointCount == pointBits.length) {
            pointBits = Arrays.copyOf(pointBits, 2 * pointCount);
            bounds = Arrays.copyOf(bounds, 2 * pointCount);
        }
        bounds[pointCount++] = bound;
    }

    private void spans(Side side) {
        if (accept("]")) {
            ofGrammar = false;
            return;
        }
        do {
            side.addSpan(integer());
            expect(':');
            side.addSpan(integer());
        } while (accept(","));
        expect(']');
    }

    private void counts(Side side) {
        if (accept("]")) {
            ofGrammar = false;
            return;
        }
        do {
            int from = at;
            double count = number();
            side.addCount(count, whole(from));
        } while (accept(","));
        expect(']');
    }

    private double[] numbers() {
        if (accept("]")) {
            return new double[0];
        }
        double[] all = new double[16];
        int size = 0;
        do {
            if (size == all.length) {
                all = Arrays.copyOf(all, 2 * size);
            }
            all[size++] = number();
        } while (accept(","));
        expect(']');
        return Arrays.copyOf(all, size);
    }

    /**
     * The native part of the value read last, or null if it has none. Counts are floats if one of them is no whole number
     * or if all of them are spelled like floats.
     *
     * @throws SyntaxError if it breaks a rule
     */
    @Nullable
    NativeHistogram nativeHistogram(int brace) {
        if (!isNative) {
            return null;
        }
        double[] listed = listedBounds;
        if ((schema == NativeHistogram.CUSTOM_BUCKETS) != (listed != null)) {
            throw new SyntaxError("an exponential schema", String.valueOf(schema), brace);
        }
        boolean integers = digitsAlone
                && wholeCount != NOT_WHOLE
                && wholeZeroCount != NOT_WHOLE
                && negative.isWhole()
                && positive.isWhole();
        double sum = Double.longBitsToDouble(sumBits);
        try {
            NativeHistogram.Builder builder = integers
                    ? NativeHistogram.ofCounts(wholeCount, sum).zero(zeroThreshold, wholeZeroCount)
                    : NativeHistogram.ofFloatCounts(Double.longBitsToDouble(countBits), sum)
                            .zeroFloat(zeroThreshold, Double.longBitsToDouble(zeroCountBits));
            builder.gauge(gauge)
                    .schema(schema)
                    .negative(negative.buckets(integers))
                    .positive(positive.buckets(integers));
            return (listed == null ? builder : builder.customBounds(listed)).build();
        } catch (IllegalArgumentException e) {
            throw new SyntaxError("a native histogram by the rules", String.valueOf(e.getMessage()), brace);
        }
    }

    /** The classic part of the value read last as a native histogram, or null if it is not that of a histogram. */
    @Nullable
    NativeHistogram customBuckets() {
        if (!classic || gauge) {
            return null;
        }
        CustomBuckets buckets = new CustomBuckets();
        buckets.clear();
        buckets.count(Double.longBitsToDouble(countBits));
        buckets.sum(Double.longBitsToDouble(sumBits));
        for (int point = 0; point < pointCount; point++) {
            buckets.add(bounds[point], Double.longBitsToDouble(pointBits[point]));
        }
        return buckets.toNative();
    }

    private void field(String name) {
        if (!accept(name)) {
            throw new SyntaxError("`" + name + "` in the composite value", at);
        }
    }

    /** The number that was read from there, if it is a whole one. */
    private long whole(int from) {
        int first = page[from] == '-' ? from + 1 : from;
        long magnitude = 0;
        for (int i = first; i < at; i++) {
            int digit = page[i] - '0';
            if (digit < 0 || digit > 9) {
                double number = Double.longBitsToDouble(numbers.bits());
                return number == Math.rint(number) && Math.abs(number) <= MAX_EXACT ? (long) number : NOT_WHOLE;
            }
            if (magnitude > (Long.MAX_VALUE - digit) / 10) {
                return NOT_WHOLE;
            }
            magnitude = 10 * magnitude + digit;
        }
        digitsAlone = true;
        return first == from ? magnitude : -magnitude;
    }

    private long bits() {
        int end = numbers.parse(page, at, to);
        if (end < 0) {
            throw new SyntaxError("a number", at);
        }
        at = end;
        ofGrammar &= numbers.bits() != SampleValues.NORMAL_NAN_BITS || !numbers.wasSignedNan();
        return numbers.bits();
    }

    private double number() {
        return Double.longBitsToDouble(bits());
    }

    private int integer() {
        int from = at;
        double value = number();
        if (value != (int) value) {
            throw new SyntaxError("an integer", from);
        }
        return (int) value;
    }

    private void expect(char c) {
        if (at >= to || page[at] != c) {
            throw new SyntaxError("`" + c + "` in the composite value", at);
        }
        at++;
    }

    private boolean accept(String text) {
        if (!startsWith(text)) {
            return false;
        }
        at += text.length();
        return true;
    }

    private boolean startsWith(String text) {
        if (to - at < text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (page[at + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

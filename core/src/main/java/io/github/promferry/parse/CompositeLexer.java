package io.github.promferry.parse;

import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the composite values of OpenMetrics 2.0, such as <code>&#123;count:3,sum:1.5,bucket:[1:2,+Inf:3]&#125;</code>:
 * histograms, gauge histograms and summaries on one line, native buckets included. Also takes the older draft that
 * client_python writes, with {@code *_deltas} lists. Holds the result of the last call.
 */
final class CompositeLexer {
    private final DecimalParser numbers = new DecimalParser();

    private byte[] page = {};
    private int to;
    private int at;

    private boolean gauge;
    private long countBits;
    private long sumBits;
    private double[] bounds = new double[16];
    private long[] pointBits = new long[16];
    private int pointCount;
    private boolean summary;
    private boolean classic;

    private boolean isNative;
    private int schema;
    private double zeroThreshold;
    private long zeroCountBits;
    private final Side negative = new Side();
    private final Side positive = new Side();

    /** Spans and counts of one side while they are read. */
    private static final class Side {
        private int[] spans = new int[16];
        private int spanLength;
        private double[] counts = new double[16];
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

        void addCount(double value) {
            if (countLength == counts.length) {
                counts = Arrays.copyOf(counts, 2 * countLength);
            }
            counts[countLength++] = value;
        }

        /** Absolute counts, whichever way they were written. */
        double[] absolute() {
            double[] absolute = Arrays.copyOf(counts, countLength);
            for (int i = 1; deltas && i < countLength; i++) {
                absolute[i] += absolute[i - 1];
            }
            return absolute;
        }
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
        pointCount = 0;
        zeroThreshold = 0;
        zeroCountBits = 0;
        negative.clear();
        positive.clear();
        at = brace + 1;
        gauge = startsWith("gcount:");
        countBits = field(gauge ? "gcount:" : "count:");
        expect(',');
        sumBits = field(gauge ? "gsum:" : "sum:");
        while (at < to && page[at] == ',') {
            at++;
            member();
        }
        expect('}');
        if (!classic && !summary && !isNative) {
            throw new SyntaxError("bucket, quantile or schema in the composite value", at - 1);
        }
        return at;
    }

    private void member() {
        if (accept("bucket:[")) {
            classic = true;
            points();
        } else if (accept("quantile:[")) {
            summary = true;
            points();
        } else if (accept("schema:")) {
            isNative = true;
            schema = integer();
        } else if (accept("zero_threshold:")) {
            zeroThreshold = number();
        } else if (accept("zero_count:")) {
            zeroCountBits = bits();
        } else if (accept("negative_spans:[")) {
            spans(negative);
        } else if (accept("positive_spans:[")) {
            spans(positive);
        } else if (accept("negative_buckets:[")) {
            counts(negative);
        } else if (accept("positive_buckets:[")) {
            counts(positive);
        } else if (accept("negative_deltas:[")) {
            negative.deltas = true;
            counts(negative);
        } else if (accept("positive_deltas:[")) {
            positive.deltas = true;
            counts(positive);
        } else {
            throw new SyntaxError("a field of a composite value, such as bucket:[ or schema:", at);
        }
    }

    /** {@code bound:count} pairs up to the closing bracket. */
    private void points() {
        if (accept("]")) {
            return;
        }
        do {
            addPoint(number());
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
            return;
        }
        do {
            side.addCount(number());
        } while (accept(","));
        expect(']');
    }

    /**
     * The native part of the value read last, or null if it has none.
     *
     * @throws SyntaxError if it breaks a rule
     */
    @Nullable
    NativeHistogram nativeHistogram(int brace) {
        if (!isNative) {
            return null;
        }
        double count = Double.longBitsToDouble(countBits);
        double zeroCount = Double.longBitsToDouble(zeroCountBits);
        double[] negativeCounts = negative.absolute();
        double[] positiveCounts = positive.absolute();
        boolean integral = isIntegral(count)
                && isIntegral(zeroCount)
                && Arrays.stream(negativeCounts).allMatch(CompositeLexer::isIntegral)
                && Arrays.stream(positiveCounts).allMatch(CompositeLexer::isIntegral);
        double sum = Double.longBitsToDouble(sumBits);
        try {
            NativeHistogram.Builder builder = integral
                    ? NativeHistogram.ofCounts((long) count, sum).zero(zeroThreshold, (long) zeroCount)
                    : NativeHistogram.ofFloatCounts(count, sum).zeroFloat(zeroThreshold, zeroCount);
            return builder.gauge(gauge)
                    .schema(schema)
                    .negative(buckets(negative, negativeCounts, integral))
                    .positive(buckets(positive, positiveCounts, integral))
                    .build();
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

    private static Buckets buckets(Side side, double[] counts, boolean integral) {
        int[] spans = Arrays.copyOf(side.spans, side.spanLength);
        if (!integral) {
            return counts.length == 0 && spans.length == 0 ? Buckets.NONE : Buckets.ofCounts(spans, counts);
        }
        long[] deltas = new long[counts.length];
        for (int i = 0; i < counts.length; i++) {
            deltas[i] = (long) counts[i] - (i == 0 ? 0 : (long) counts[i - 1]);
        }
        return Buckets.ofDeltas(spans, deltas);
    }

    /** Whether a count is a whole number that a double holds exactly. */
    private static boolean isIntegral(double count) {
        return count == Math.rint(count) && Math.abs(count) <= 1L << 53;
    }

    private long field(String name) {
        if (!accept(name)) {
            throw new SyntaxError("`" + name + "` in the composite value", at);
        }
        return bits();
    }

    private long bits() {
        int end = numbers.parse(page, at, to);
        if (end < 0) {
            throw new SyntaxError("a number", at);
        }
        at = end;
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

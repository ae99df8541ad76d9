package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what stands behind the series on a sample line, where it is more than a plain number: odd blanks, timestamps,
 * start timestamps, exemplars. Holds the result of the last call.
 */
final class SampleTail {
    /** OpenMetrics 1.0, "Exemplars": names and values of the labels together, in code points. 2.0 has no limit. */
    static final int MAX_EXEMPLAR_CODE_POINTS = 128;

    /** Milliseconds of the year 3000: later means that somebody wrote milliseconds where seconds are due. */
    private static final long FAR_AHEAD_MILLIS = 32_503_680_000_000L;

    private final SeriesLexer labels;
    private final PageCounts counts;
    private final boolean customBounds;
    private final DecimalParser numbers = new DecimalParser();
    private final TimestampParser timestamps = new TimestampParser();
    /** Made when the first composite value is met; most targets never send one. */
    private @Nullable CompositeLexer composite;

    private final List<Exemplar> exemplars = new ArrayList<>();
    private @Nullable SyntaxError exemplarFault;

    private byte[] page = {};
    private int to;
    private boolean openMetrics;
    private boolean version2;

    private long bits;
    private long stampMillis;
    private int stampFrom;
    private int stampTo;
    private long startMillis;
    private boolean isComposite;

    SampleTail(SeriesLexer labels, PageCounts counts) {
        this(labels, counts, false);
    }

    /**
     * Of lines in the comments of {@link CarriedComment}, or of a page.
     *
     * @param customBounds whether native histograms may list their bounds
     */
    SampleTail(SeriesLexer labels, PageCounts counts, boolean customBounds) {
        this.labels = labels;
        this.counts = counts;
        this.customBounds = customBounds;
    }

    void begin(byte[] page, int to, ExpositionFormat format) {
        this.page = page;
        this.to = to;
        if (composite != null) {
            composite.begin(page, to);
        }
        openMetrics = format.isOpenMetrics();
        version2 = format == ExpositionFormat.OPENMETRICS_2_0_0;
    }

    long bits() {
        return bits;
    }

    /** The timestamp on the line, or {@link SampleBatch#NO_TIMESTAMP}. */
    long stampMillis() {
        return stampMillis;
    }

    long startMillis() {
        return startMillis;
    }

    /** The timestamp on the line before it was cut to milliseconds, or null. */
    @Nullable
    BigDecimal exactStamp() {
        if (stampMillis == SampleBatch.NO_TIMESTAMP) {
            return null;
        }
        try {
            return new BigDecimal(new String(page, stampFrom, stampTo - stampFrom, ISO_8859_1));
        } catch (NumberFormatException e) {
            // An exponent beyond those of BigDecimal; saturated at the ends of long, it still has an order.
            return BigDecimal.valueOf(stampMillis);
        }
    }

    /** Whether the value is {@link #composite} instead of a number. */
    boolean isComposite() {
        return isComposite;
    }

    CompositeLexer composite() {
        CompositeLexer lexer = composite;
        if (lexer == null) {
            lexer = new CompositeLexer(customBounds);
            lexer.begin(page, to);
            composite = lexer;
        }
        return lexer;
    }

    List<Exemplar> exemplars() {
        return exemplars;
    }

    /** What was wrong with the exemplar that was dropped, if one was. */
    @Nullable
    SyntaxError exemplarFault() {
        return exemplarFault;
    }

    /**
     * Reads the rest of a line from the end of the series on.
     *
     * @return where the next line begins
     * @throws SyntaxError if value or timestamp are malformed
     */
    int read(int seriesEnd) {
        if (seriesEnd < to && page[seriesEnd] == ' ') {
            int end = numbers.parse(page, seriesEnd + 1, to);
            if (end >= 0 && end < to && page[end] == '\n') {
                begin();
                isComposite = false;
                bits = numbers.bits();
                tolerateSign(numbers);
                return end + 1;
            }
        }
        return readAny(seriesEnd);
    }

    /** The same for whatever is more than a space, a number and a newline. */
    private int readAny(int seriesEnd) {
        int at = blanks(seriesEnd, seriesEnd + 1);
        isComposite = openMetrics && at < to && page[at] == '{' && (version2 || labels.isComposite(at, at > seriesEnd));
        if (isComposite) {
            return afterComposite(at);
        }
        int end = numbers.parse(page, at, to);
        if (end < 0 || !endsToken(end)) {
            throw notANumber(end, at);
        }
        bits = numbers.bits();
        tolerateSign(numbers);
        return afterValue(end);
    }

    private SyntaxError notANumber(int end, int at) {
        String expected = end == DecimalParser.OUT_OF_RANGE ? "a number that a double can hold" : "a number";
        return new SyntaxError(expected, token(at), at);
    }

    /** After a number that may be NaN. */
    void tolerateSign(DecimalParser number) {
        if (number.bits() == SampleValues.NORMAL_NAN_BITS && number.wasSignedNan()) {
            counts.tolerate(Tolerated.SIGNED_NAN);
        }
    }

    private int afterComposite(int brace) {
        int end = composite().read(brace);
        if (!endsToken(end)) {
            throw new SyntaxError("a blank after the composite value", end);
        }
        if (!version2) {
            counts.tolerate(Tolerated.OPENMETRICS_2_SYNTAX);
        }
        if (!composite().isOfGrammar()) {
            counts.tolerate(Tolerated.COMPOSITE_FIELDS);
        }
        return afterValue(end);
    }

    /**
     * Reads the rest of a line from the end of the value on.
     *
     * @return where the next line begins
     */
    int afterValue(int valueEnd) {
        begin();
        int at = ByteScan.skipBlanks(page, valueEnd, to);
        if (isLineEnd(at)) {
            tolerateBlanks(valueEnd, at, valueEnd);
            return nextLine(at);
        }
        tolerateBlanks(valueEnd, at, valueEnd + 1);
        if (page[at] != '#' && !isStart(at)) {
            at = afterToken(timestamp(at));
        }
        if (openMetrics && at < to && isStart(at)) {
            at = afterToken(startTimestamp(at));
        }
        if (at < to && page[at] == '#') {
            return behindHash(at);
        }
        if (!isLineEnd(at)) {
            throw new SyntaxError(
                    "the end of the line" + (stampMillis == SampleBatch.NO_TIMESTAMP ? " or a timestamp" : ""), at);
        }
        return nextLine(at);
    }

    /** Nothing is known yet of what stands behind the value. */
    private void begin() {
        stampMillis = SampleBatch.NO_TIMESTAMP;
        startMillis = SampleBatch.NO_TIMESTAMP;
        exemplarFault = null;
        if (!exemplars.isEmpty()) {
            exemplars.clear();
        }
    }

    private int timestamp(int at) {
        int end = openMetrics ? timestamps.parseSeconds(page, at, to) : timestamps.parseMillis(page, at, to);
        if (end == TimestampParser.OUT_OF_RANGE) {
            throw new SyntaxError("milliseconds that a 64-bit integer can hold", token(at), at);
        }
        if (end < 0 || !endsToken(end)) {
            throw new SyntaxError(
                    openMetrics ? "a timestamp in seconds" : "a timestamp in milliseconds", token(at), at);
        }
        stampMillis = timestamps.millis();
        stampFrom = at;
        stampTo = end;
        if (!openMetrics && timestamps.wasSeconds()) {
            counts.tolerate(Tolerated.TIMESTAMP_IN_SECONDS);
        }
        if (openMetrics && stampMillis > FAR_AHEAD_MILLIS) {
            counts.tolerate(Tolerated.TIMESTAMP_FAR_AHEAD);
        }
        return end;
    }

    private boolean isStart(int at) {
        return at + 3 <= to && page[at] == 's' && page[at + 1] == 't' && page[at + 2] == '@';
    }

    private int startTimestamp(int at) {
        int end = timestamps.parseSeconds(page, at + 3, to);
        if (end < 0 || !endsToken(end)) {
            throw new SyntaxError("a start timestamp in seconds", token(at), at);
        }
        startMillis = timestamps.millis();
        if (!version2) {
            counts.tolerate(Tolerated.OPENMETRICS_2_SYNTAX);
        }
        return end;
    }

    // ---- exemplars

    /** Everything from a {@code #} on; never fails the line, since the sample before it is whole. */
    private int behindHash(int hash) {
        int at = hash;
        while (at < to && page[at] == '#') {
            int next = exemplar(at);
            if (next < 0) {
                return nextLine(ByteScan.indexOfNewline(page, at, to));
            }
            at = next;
        }
        return nextLine(at);
    }

    /** Reads one exemplar; returns where what follows it begins, or -1 if it is none or is malformed. */
    private int exemplar(int hash) {
        int brace = ByteScan.skipBlanks(page, hash + 1, to);
        if (brace == to || page[brace] != '{') {
            counts.tolerate(Tolerated.TRAILING_COMMENT);
            return -1;
        }
        try {
            if (brace == hash + 1) {
                throw new SyntaxError("a space before the labels of the exemplar", brace);
            }
            tolerateBlanks(hash + 1, brace, hash + 2);
            return wellFormedExemplar(brace);
        } catch (SyntaxError e) {
            exemplarFault = e;
            counts.tolerate(Tolerated.EXEMPLAR_DROPPED);
            return -1;
        }
    }

    private int wellFormedExemplar(int brace) {
        int close = labels.labelsEnd(brace);
        Labels exemplarLabels = labels.exemplarLabels(brace, close);
        counts.tolerateAll(labels.tolerated());
        if (!version2 && codePoints(exemplarLabels) > MAX_EXEMPLAR_CODE_POINTS) {
            throw new SyntaxError("at most 128 characters of labels in an exemplar", brace);
        }
        int valueAt = blanks(close, close + 1);
        int end = numbers.parse(page, valueAt, to);
        if (valueAt == close) {
            throw new SyntaxError("a space before the value of the exemplar", valueAt);
        }
        if (end < 0 || !endsToken(end)) {
            throw notANumber(end, valueAt);
        }
        tolerateSign(numbers);
        double value = Double.longBitsToDouble(numbers.bits());
        long millis = SampleBatch.NO_TIMESTAMP;
        int at = afterToken(end);
        if (!isLineEnd(at) && page[at] != '#') {
            end = timestamps.parseSeconds(page, at, to);
            if (end < 0 || !endsToken(end)) {
                throw new SyntaxError("a timestamp in seconds", at);
            }
            millis = timestamps.millis();
            at = afterToken(end);
        }
        if (!isLineEnd(at) && page[at] != '#') {
            throw new SyntaxError("the end of the line", at);
        }
        exemplars.add(new Exemplar(exemplarLabels, value, millis));
        if (version2 && millis == SampleBatch.NO_TIMESTAMP) {
            counts.tolerate(Tolerated.EXEMPLAR_WITHOUT_TIME);
        }
        if (!openMetrics) {
            counts.tolerate(Tolerated.EXEMPLAR_IN_TEXT);
        } else if (exemplars.size() > 1 && !version2) {
            counts.tolerate(Tolerated.SEVERAL_EXEMPLARS);
        }
        return at;
    }

    static int codePoints(Labels labels) {
        int count = 0;
        byte[] encoded = labels.encoded();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            count += ByteScan.codePoints(encoded, at.nameStart(), at.nameEnd());
            count += ByteScan.codePoints(encoded, at.valueStart(), at.end());
        }
        return count;
    }

    // ---- line ends and blanks

    /** Whether only the end of a line is here. */
    boolean isLineEnd(int at) {
        return at >= to || page[at] == '\n' || (page[at] == '\r' && (at + 1 == to || page[at + 1] == '\n'));
    }

    /** Where the line after the one that ends here begins. */
    int nextLine(int lineEnd) {
        int at = lineEnd;
        if (at < to && page[at] == '\r') {
            counts.tolerate(Tolerated.CARRIAGE_RETURN);
            at++;
        }
        if (at >= to) {
            counts.tolerate(Tolerated.MISSING_FINAL_NEWLINE);
            return to;
        }
        return at + 1;
    }

    private boolean endsToken(int at) {
        return at >= to || ByteScan.isBlank(page[at]) || isLineEnd(at);
    }

    private int afterToken(int end) {
        int at = ByteScan.skipBlanks(page, end, to);
        tolerateBlanks(end, at, isLineEnd(at) ? end : end + 1);
        return at;
    }

    private int blanks(int from, int expectedEnd) {
        int at = ByteScan.skipBlanks(page, from, to);
        tolerateBlanks(from, at, expectedEnd);
        return at;
    }

    private void tolerateBlanks(int from, int at, int expectedEnd) {
        if (openMetrics && (at != expectedEnd || (at > from && page[from] == '\t'))) {
            counts.tolerate(Tolerated.BLANKS);
        }
    }

    /** The word that begins here, for messages. */
    private String token(int at) {
        int end = at;
        while (end < to && !endsToken(end)) {
            end++;
        }
        return end == at ? ExpositionException.excerpt(page, at, to) : ExpositionException.excerpt(page, at, end);
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import java.util.Arrays;

/**
 * Reads the name and labels of a line that nobody has met before, and checks everything that need not be checked again
 * when the same bytes come back: names, quotes, escapes, UTF-8, repeated labels.
 */
final class SeriesLexer {
    private static final int METRIC_START = 1;
    private static final int METRIC = 2;
    private static final int LABEL_START = 4;
    private static final int LABEL = 8;
    private static final byte[] CLASSES = classes();

    private static final long QUOTES = ByteScan.eightOf('"');
    private static final long BACKSLASHES = ByteScan.eightOf('\\');
    private static final long CLOSING_BRACES = ByteScan.eightOf('}');
    private static final long NEWLINES = ByteScan.eightOf('\n');

    private static final byte[] METRIC_NAME = Labels.METRIC_NAME.getBytes(UTF_8);
    private static final byte[] LE = {'l', 'e'};
    private static final byte[] QUANTILE = "quantile".getBytes(UTF_8);

    private final Labels.Builder builder = Labels.builder();
    private final Text name = new Text();
    private final Text label = new Text();
    private final Text value = new Text();

    private byte[] page = {};
    private int pageTo;
    private boolean openMetrics;
    private int tolerated;
    private boolean named;
    private boolean quotedName;

    /** Bytes of a name or value: a range of the page, or of a copy without escapes. */
    private static final class Text {
        byte[] bytes = {};
        int from;
        int to;
        private byte[] copy = {};

        boolean is(byte[] other) {
            return Arrays.equals(bytes, from, to, other, 0, other.length);
        }

        boolean isEmpty() {
            return from == to;
        }

        void set(byte[] bytes, int from, int to) {
            this.bytes = bytes;
            this.from = from;
            this.to = to;
        }

        /** Escapes are two characters; what is no escape stays as it is, backslash and all. */
        void unescape(byte[] raw, int rawFrom, int rawTo) {
            if (copy.length < rawTo - rawFrom) {
                copy = new byte[rawTo - rawFrom];
            }
            int length = 0;
            for (int at = rawFrom; at < rawTo; at++) {
                byte b = raw[at];
                if (b == '\\' && at + 1 < rawTo) {
                    byte escaped = raw[at + 1];
                    if (escaped == '\\' || escaped == '"' || escaped == 'n') {
                        b = escaped == 'n' ? (byte) '\n' : escaped;
                        at++;
                    }
                }
                copy[length++] = b;
            }
            set(copy, 0, length);
        }
    }

    /** Sets the page that the coming calls are about. */
    void begin(byte[] page, int to, boolean openMetrics) {
        this.page = page;
        pageTo = to;
        this.openMetrics = openMetrics;
        // They point into the page before, which must not be kept alive.
        name.set(page, 0, 0);
        label.set(page, 0, 0);
        value.set(page, 0, 0);
    }

    /** {@link Tolerated} kinds of the last call. */
    int tolerated() {
        return tolerated;
    }

    /** Whether the last series or exemplar had a quoted name. */
    boolean hasQuotedName() {
        return quotedName;
    }

    // ---- where a series ends

    /**
     * The end of the name and labels that begin at {@code from}; finds it without checking what is in between.
     *
     * @throws SyntaxError if there is no name or no end
     */
    int seriesEnd(int from) {
        int at = from;
        if (page[at] != '{') {
            at = bareMetricEnd(at);
            if (at == from) {
                throw new SyntaxError("a metric name", from);
            }
            int brace = ByteScan.skipBlanks(page, at, pageTo);
            if (brace == pageTo || page[brace] != '{' || isComposite(brace)) {
                return at;
            }
            at = brace;
        }
        return bracesEnd(at);
    }

    /** Whether a brace begins an OpenMetrics 2 value such as <code>{count:1</code>, not labels. */
    boolean isComposite(int brace) {
        if (!openMetrics) {
            return false;
        }
        int at = brace + 1;
        while (at < pageTo && (CLASSES[page[at] & 0xFF] & LABEL) != 0) {
            at++;
        }
        return at > brace + 1 && at < pageTo && page[at] == ':';
    }

    private int bareMetricEnd(int from) {
        if ((CLASSES[page[from] & 0xFF] & METRIC_START) == 0) {
            return from;
        }
        int at = from + 1;
        while (at < pageTo && (CLASSES[page[at] & 0xFF] & METRIC) != 0) {
            at++;
        }
        return at;
    }

    private int bracesEnd(int brace) {
        int at = brace + 1;
        while (at < pageTo) {
            at = ByteScan.indexOfAny(page, at, pageTo, QUOTES, CLOSING_BRACES, NEWLINES);
            if (at == pageTo || page[at] == '\n') {
                break;
            }
            if (page[at] == '}') {
                return at + 1;
            }
            at = quotedEnd(at);
        }
        throw new SyntaxError("`}` after the labels", at);
    }

    /** Index behind the closing quote of the one at {@code quote}. */
    private int quotedEnd(int quote) {
        int at = quote + 1;
        while (at < pageTo) {
            at = ByteScan.indexOfAny(page, at, pageTo, QUOTES, BACKSLASHES, NEWLINES);
            if (at == pageTo || page[at] == '\n') {
                break;
            }
            if (page[at] == '"') {
                return at + 1;
            }
            at += 2;
        }
        throw new SyntaxError("a closing quote on the same line (a newline inside is written \\n)", quote);
    }

    // ---- what is in it

    /**
     * The labels of the series in a range found by {@link #seriesEnd}.
     *
     * @throws SyntaxError if the range breaks a rule
     */
    Labels series(int from, int to, FamilyContext context) {
        start(from, to);
        named = false;
        int at = from;
        if (page[at] != '{') {
            at = bareMetricEnd(at);
            setName(page, from, at);
            // First, where it sorts in nearly every series.
            addName();
            int brace = ByteScan.skipBlanks(page, at, to);
            if (brace < to) {
                tolerateBlanks(at, brace);
            }
            at = brace;
        }
        byte[] bound = boundOf(context);
        int boundFrom = -1;
        if (at < to) {
            boundFrom = items(at, to, true, bound);
        }
        if (!named) {
            throw new SyntaxError("a metric name, bare before the braces or quoted in them", from);
        }
        if (boundFrom >= 0) {
            addBound(boundFrom, context, bound);
        }
        if (page[from] == '{') {
            addName();
        }
        return build(from);
    }

    private void addName() {
        builder.add(METRIC_NAME, 0, METRIC_NAME.length, name.bytes, name.from, name.to);
    }

    /** Whether the last series' name is that of a creation time of the family. */
    boolean isCreatedOf(FamilyContext context) {
        return context.ownsCreated(name.bytes, name.from, name.to);
    }

    /** Whether the last series belongs to the family. */
    boolean isOwnedBy(FamilyContext context) {
        return context.owns(name.bytes, name.from, name.to);
    }

    /**
     * The labels of an exemplar in braces from {@code from} to {@code to}.
     *
     * @throws SyntaxError if the range breaks a rule
     */
    Labels exemplarLabels(int from, int to) {
        start(from, to);
        named = true;
        items(from, to, false, METRIC_NAME);
        return build(from);
    }

    /** Index behind the closing brace of the one at {@code brace}. */
    int labelsEnd(int brace) {
        return bracesEnd(brace);
    }

    private void start(int from, int to) {
        builder.clear();
        tolerated = 0;
        quotedName = false;
        int invalid = ByteScan.invalidUtf8(page, from, to);
        if (invalid >= 0) {
            throw new SyntaxError("valid UTF-8", invalid);
        }
    }

    private void setName(byte[] bytes, int from, int to) {
        name.set(bytes, from, to);
        named = true;
    }

    /** Reads labels up to the closing brace; returns where the quoted value of the bound begins, or -1. */
    private int items(int brace, int to, boolean mayName, byte[] bound) {
        int boundFrom = -1;
        int close = to - 1;
        int at = blanksFrom(brace + 1, close);
        while (at < close) {
            int itemFrom = at;
            boolean quoted = page[at] == '"';
            quotedName |= quoted;
            at = quoted ? quoted(label, at) : bareLabel(at);
            if (label.isEmpty()) {
                throw new SyntaxError("a name of at least one character", itemFrom);
            }
            int equals = blanksFrom(at, close);
            if (equals < close && page[equals] == '=') {
                int valueFrom = blanksFrom(equals + 1, close);
                at = quotedValue(valueFrom, close);
                if (mayName && bound.length > 0 && label.is(bound)) {
                    boundFrom = valueFrom;
                } else {
                    addLabel(itemFrom);
                }
            } else if (quoted && mayName && (equals == close || page[equals] == ',')) {
                nameInBraces(itemFrom);
            } else {
                throw new SyntaxError("`=` after the label name", equals);
            }
            at = separator(at, close);
        }
        return boundFrom;
    }

    private void addLabel(int at) {
        if (value.isEmpty() && label.is(METRIC_NAME)) {
            throw new SyntaxError("no label __name__ beside the metric name", at);
        }
        builder.add(label.bytes, label.from, label.to, value.bytes, value.from, value.to);
    }

    private void nameInBraces(int at) {
        if (named) {
            throw new SyntaxError("one metric name only", at);
        }
        // The label's text is used again for the next label.
        setName(Arrays.copyOfRange(label.bytes, label.from, label.to), 0, label.to - label.from);
    }

    private int bareLabel(int from) {
        if ((CLASSES[page[from] & 0xFF] & LABEL_START) == 0) {
            throw new SyntaxError("a label name", from);
        }
        int at = from + 1;
        while ((CLASSES[page[at] & 0xFF] & LABEL) != 0) {
            at++;
        }
        label.set(page, from, at);
        return at;
    }

    private int quotedValue(int from, int close) {
        if (from == close || page[from] != '"') {
            throw new SyntaxError("a quoted label value", from);
        }
        return quoted(value, from);
    }

    private int quoted(Text text, int quote) {
        int at = ByteScan.indexOfAny(page, quote + 1, pageTo, QUOTES, BACKSLASHES, BACKSLASHES);
        if (page[at] == '"') {
            text.set(page, quote + 1, at);
            return at + 1;
        }
        int end = quotedEnd(quote);
        text.unescape(page, quote + 1, end - 1);
        return end;
    }

    /** Index of the next item or of the closing brace. */
    private int separator(int from, int close) {
        int at = blanksFrom(from, close);
        if (at == close) {
            return close;
        }
        if (page[at] != ',') {
            boolean item = page[at] == '"' || (CLASSES[page[at] & 0xFF] & LABEL_START) != 0;
            if (openMetrics || !item) {
                throw new SyntaxError("`,` or `}` after the label", at);
            }
            tolerated |= Tolerated.MISSING_COMMA.bit();
            return at;
        }
        int next = blanksFrom(at + 1, close);
        if (next == close && openMetrics) {
            tolerated |= Tolerated.TRAILING_COMMA.bit();
        }
        return next;
    }

    private int blanksFrom(int from, int to) {
        int at = ByteScan.skipBlanks(page, from, to);
        tolerateBlanks(from, at);
        return at;
    }

    private void tolerateBlanks(int from, int to) {
        if (openMetrics && to > from) {
            tolerated |= Tolerated.BLANKS.bit();
        }
    }

    private Labels build(int at) {
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new SyntaxError("each label once", String.valueOf(e.getMessage()), at);
        }
    }

    private static byte[] boundOf(FamilyContext context) {
        if (!context.has(FamilyContext.NORMALIZE_BOUNDS)) {
            return new byte[0];
        }
        MetricType type = context.metadata.type();
        return type == MetricType.HISTOGRAM ? LE : type == MetricType.SUMMARY ? QUANTILE : new byte[0];
    }

    private void addBound(int valueFrom, FamilyContext context, byte[] bound) {
        quoted(value, valueFrom);
        if (context.owns(name.bytes, name.from, name.to)) {
            byte[] normalized = BoundFormat.normalized(value.bytes, value.from, value.to);
            value.set(normalized, 0, normalized.length);
        }
        builder.add(bound, 0, bound.length, value.bytes, value.from, value.to);
    }

    // ---- names elsewhere

    /** Index behind a bare or quoted name on a TYPE, HELP or UNIT line, or {@code from} if there is none. */
    int nameEnd(int from, int to) {
        if (from == to) {
            return from;
        }
        if (page[from] == '"') {
            int end = quotedEnd(from);
            return end <= to && end > from + 2 ? end : from;
        }
        return bareMetricEnd(from);
    }

    /** The name in a range found by {@link #nameEnd}. */
    String nameIn(int from, int to) {
        int invalid = ByteScan.invalidUtf8(page, from, to);
        if (invalid >= 0) {
            throw new SyntaxError("valid UTF-8", invalid);
        }
        if (page[from] == '"') {
            quoted(label, from);
        } else {
            label.set(page, from, to);
        }
        return new String(label.bytes, label.from, label.to - label.from, UTF_8);
    }

    static boolean isMetricNameByte(byte b) {
        return (CLASSES[b & 0xFF] & METRIC) != 0;
    }

    private static byte[] classes() {
        byte[] classes = new byte[256];
        for (char c = 'a'; c <= 'z'; c++) {
            classes[c] = METRIC_START | METRIC | LABEL_START | LABEL;
            classes[Character.toUpperCase(c)] = classes[c];
        }
        for (char c = '0'; c <= '9'; c++) {
            classes[c] = METRIC | LABEL;
        }
        classes['_'] = METRIC_START | METRIC | LABEL_START | LABEL;
        classes[':'] = METRIC_START | METRIC;
        return classes;
    }
}

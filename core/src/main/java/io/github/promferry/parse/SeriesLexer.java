package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

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

    static final byte[] METRIC_NAME = Labels.METRIC_NAME.getBytes(UTF_8);
    private static final byte[] LE = {'l', 'e'};
    private static final byte[] NO_BYTES = {};
    private static final byte[] QUANTILE = "quantile".getBytes(UTF_8);

    /** The encoded labels of a line that are hashed without an allocation; longer ones are rare. */
    private static final int MAX_SCRATCH = 512;

    private final Labels.Builder builder = Labels.builder();
    private final ValuelessLabels valueless = new ValuelessLabels();
    private final Text name = new Text();
    private final Text label = new Text();
    private final Text value = new Text();

    private final LabelGroup.OfPage groups = new LabelGroup.OfPage();
    private byte[] scratch = NO_BYTES;

    private byte[] page = {};
    private int pageTo;
    private boolean openMetrics;

    /** The series found last. */
    private int seriesFrom;

    /** Where its bare name ends; where it begins if the name is in the braces. */
    private int nameEnd;

    private int seriesEnd;
    /** Whether the braces have nothing but ASCII in them; if not, they may or may not. */
    private boolean ascii;

    private boolean hashed;
    private int restHash;

    /** What the lines of one name have in common: computed for the first of them that needs it. */
    private FamilyContext nameContext = FamilyContext.NOWHERE;

    private boolean nameHashed;
    private int nameHash;
    private @Nullable LabelGroup metric;
    private boolean owned;

    private int tolerated;
    private boolean named;
    private boolean quotedName;
    private int labelsHash;

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

        /**
         * Escapes are two characters; what is no escape stays as it is, backslash and all.
         *
         * @return whether all of them are escapes
         */
        boolean unescape(byte[] raw, int rawFrom, int rawTo) {
            if (copy.length < rawTo - rawFrom) {
                copy = new byte[rawTo - rawFrom];
            }
            int length = 0;
            boolean known = true;
            for (int at = rawFrom; at < rawTo; at++) {
                byte b = raw[at];
                if (b == '\\' && at + 1 < rawTo) {
                    byte escaped = raw[at + 1];
                    if (escaped == '\\' || escaped == '"' || escaped == 'n') {
                        b = escaped == 'n' ? (byte) '\n' : escaped;
                        at++;
                    } else {
                        known = false;
                    }
                }
                copy[length++] = b;
            }
            set(copy, 0, length);
            return known;
        }
    }

    /** Sets the page that the coming calls are about. */
    void begin(byte[] page, int to, boolean openMetrics) {
        this.page = page;
        pageTo = to;
        this.openMetrics = openMetrics;
        groups.begin(page);
        scratch = NO_BYTES;
        nameContext = FamilyContext.NOWHERE;
        metric = null;
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
     * Finds the series that begins at {@code from}, without checking the labels.
     *
     * @return the end of its name and labels
     * @throws SyntaxError if there is no name or no end
     */
    int find(int from, FamilyContext context) {
        int repeated = context == nameContext ? repeatedNameEnd(from) : from;
        nameEnd = repeated > from ? repeated : newNameEnd(from, context);
        seriesFrom = from;
        hashed = false;
        if (nameEnd == from && page[from] != '{') {
            throw new SyntaxError("a metric name", from);
        }
        int brace = ByteScan.skipBlanks(page, nameEnd, pageTo);
        boolean labeled =
                brace < pageTo && page[brace] == '{' && !(nameEnd > from && isComposite(brace, brace > nameEnd));
        ascii = true;
        seriesEnd = labeled ? bracesEnd(brace) : nameEnd;
        return seriesEnd;
    }

    /** Where the bare name ends if it is the one of the series found before, else {@code from}. */
    private int repeatedNameEnd(int from) {
        int end = from + nameEnd - seriesFrom;
        boolean repeated = end < pageTo
                && (CLASSES[page[end] & 0xFF] & METRIC) == 0
                && Arrays.equals(page, seriesFrom, nameEnd, page, from, end);
        return repeated ? end : from;
    }

    private int newNameEnd(int from, FamilyContext context) {
        nameContext = context;
        nameHashed = false;
        metric = null;
        return bareMetricEnd(from, context);
    }

    /** The hash of the found series' bytes in a context. */
    int hash(FamilyContext context) {
        return context.hash(nameHash(), restHash());
    }

    private int nameHash() {
        if (!nameHashed) {
            nameHash = ByteScan.hash(page, seriesFrom, nameEnd);
            nameHashed = true;
        }
        return nameHash;
    }

    private int restHash() {
        if (!hashed) {
            restHash = ByteScan.hash(page, nameEnd, seriesEnd);
            hashed = true;
        }
        return restHash;
    }

    /**
     * Whether a brace begins an OpenMetrics 2 value such as <code>{count:1</code>, not labels.
     *
     * @param apart whether a blank stands before it; if not, a word with a colon may as well be a bad label name
     */
    boolean isComposite(int brace, boolean apart) {
        if (!openMetrics) {
            return false;
        }
        int at = brace + 1;
        while (at < pageTo && (CLASSES[page[at] & 0xFF] & LABEL) != 0) {
            at++;
        }
        boolean field = at > brace + 1 && at < pageTo && page[at] == ':';
        return field && (apart || at + 1 == pageTo || (CLASSES[page[at + 1] & 0xFF] & LABEL_START) == 0);
    }

    private int bareMetricEnd(int from, FamilyContext context) {
        if ((CLASSES[page[from] & 0xFF] & METRIC_START) == 0) {
            return from;
        }
        int at = Math.max(from + 1, context.skipBase(page, from, pageTo));
        while (at < pageTo && (CLASSES[page[at] & 0xFF] & METRIC) != 0) {
            at++;
        }
        return at;
    }

    /**
     * Index behind the brace that closes the one at {@code brace}: the first with an even number of quotes before it, if
     * no backslash may make a quote part of a value.
     */
    private int bracesEnd(int brace) {
        int quotes = 0;
        long seen = 0;
        for (int at = brace + 1; at <= pageTo - 8; at += 8) {
            long word = ByteScan.wordAt(page, at);
            seen |= word;
            long quoteFlags = ByteScan.exactFlags(word, QUOTES);
            long stops = ByteScan.exactFlags(word, CLOSING_BRACES)
                    | ByteScan.exactFlags(word, BACKSLASHES)
                    | ByteScan.exactFlags(word, NEWLINES);
            for (; stops != 0; stops &= stops - 1) {
                long before = Long.lowestOneBit(stops) - 1;
                int stop = at + (Long.numberOfTrailingZeros(stops) >>> 3);
                if (page[stop] != '}') {
                    return bracesEndByQuotes(brace);
                }
                if (((quotes + Long.bitCount(quoteFlags & before)) & 1) == 0) {
                    ascii = ByteScan.isAscii(seen);
                    return stop + 1;
                }
            }
            quotes += Long.bitCount(quoteFlags);
        }
        return bracesEndByQuotes(brace);
    }

    private int bracesEndByQuotes(int brace) {
        ascii = false;
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
     * The labels of the series found last.
     *
     * @throws SyntaxError if it breaks a rule
     */
    Labels series(FamilyContext context) {
        byte[] bound = boundOf(context);
        named = nameEnd > seriesFrom;
        if (named) {
            name.set(page, seriesFrom, nameEnd);
        }
        LabelGroup labels = named && bound.length == 0 ? knownLabels(context) : newLabels(context, bound);
        LabelGroup its = metric;
        if (its == null) {
            its = metric(context);
            // A name in the braces belongs to this series alone.
            metric = nameEnd > seriesFrom ? its : null;
        }
        tolerated = labels.tolerated;
        quotedName = labels.quotedName;
        labelsHash = LabelGroup.hash(its, labels);
        return labels.labels.withDefaults(its.labels);
    }

    /** What is in the braces, where it means the same on all lines of the page. */
    private LabelGroup knownLabels(FamilyContext context) {
        if (nameEnd == seriesEnd) {
            return LabelGroup.NONE;
        }
        int hash = restHash();
        LabelGroup known = groups.find(nameEnd, seriesEnd, hash);
        if (known == null) {
            known = newLabels(context, NO_BYTES);
            groups.add(known, nameEnd, seriesEnd, hash);
        }
        return known;
    }

    private LabelGroup newLabels(FamilyContext context, byte[] bound) {
        start();
        if (!ascii) {
            checkUtf8(nameEnd, seriesEnd);
        }
        int brace = ByteScan.skipBlanks(page, nameEnd, seriesEnd);
        int boundFrom = -1;
        if (brace < seriesEnd) {
            tolerateBlanks(nameEnd, brace);
            boundFrom = items(brace, seriesEnd, true, bound);
        }
        if (!named) {
            throw new SyntaxError("a metric name, bare before the braces or quoted in them", seriesFrom);
        }
        if (boundFrom >= 0) {
            addBound(boundFrom, context, bound);
        }
        return group(build(seriesFrom), tolerated, quotedName);
    }

    private LabelGroup metric(FamilyContext context) {
        int suffix = context.suffixNumber(name.bytes, name.from, name.to);
        owned = suffix >= 0;
        if (!owned) {
            return nameEnd > seriesFrom ? foreignName() : newName();
        }
        LabelGroup known = context.knownName(suffix);
        if (known == null) {
            known = newName();
            context.keepName(suffix, known);
        }
        return known;
    }

    private LabelGroup foreignName() {
        int hash = nameHash();
        LabelGroup known = groups.find(seriesFrom, nameEnd, hash);
        if (known == null) {
            known = newName();
            groups.add(known, seriesFrom, nameEnd, hash);
        }
        return known;
    }

    private LabelGroup newName() {
        int hash = nameEnd > seriesFrom ? nameHash() : ByteScan.hash(name.bytes, name.from, name.to);
        return LabelGroup.ofName(builder, name.bytes, name.from, name.to, hash);
    }

    private LabelGroup group(Labels labels, int tolerated, boolean quotedName) {
        int length = labels.encodedLength();
        byte[] encoded = length <= MAX_SCRATCH ? scratch() : new byte[length];
        labels.copyEncoded(0, length, encoded, 0);
        return new LabelGroup(labels, ByteScan.hash(encoded, 0, length), tolerated, quotedName);
    }

    private byte[] scratch() {
        if (scratch.length == 0) {
            scratch = new byte[MAX_SCRATCH];
        }
        return scratch;
    }

    /** Whether the last series' name is that of a creation time of the family. */
    boolean isCreatedOf(FamilyContext context) {
        return context.ownsCreated(name.bytes, name.from, name.to);
    }

    /** Whether the last series belongs to the family of its context. */
    boolean isOwned() {
        return owned;
    }

    /** {@link LabelGroup#hash(Labels)} of the last series. */
    int labelsHash() {
        return labelsHash;
    }

    /**
     * The labels of an exemplar in braces from {@code from} to {@code to}.
     *
     * @throws SyntaxError if the range breaks a rule
     */
    Labels exemplarLabels(int from, int to) {
        start();
        checkUtf8(from, to);
        named = true;
        items(from, to, false, METRIC_NAME);
        return build(from);
    }

    /** Index behind the closing brace of the one at {@code brace}, which is not that of the series found last. */
    int labelsEnd(int brace) {
        boolean seriesAscii = ascii;
        int end = bracesEnd(brace);
        ascii = seriesAscii;
        return end;
    }

    private void start() {
        builder.clear();
        valueless.clear();
        tolerated = 0;
        quotedName = false;
    }

    private void checkUtf8(int from, int to) {
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
                if (boundFrom < 0 && mayName && bound.length > 0 && label.is(bound)) {
                    boundFrom = valueFrom;
                } else {
                    addLabel(itemFrom, mayName);
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

    private void addLabel(int at, boolean besideName) {
        if ((besideName || value.isEmpty()) && label.is(METRIC_NAME)) {
            throw new SyntaxError("no label __name__ beside the metric name", at);
        }
        add(label.bytes, label.from, label.to);
    }

    /** A label of the value read last. */
    private void add(byte[] labelName, int from, int to) {
        if (value.isEmpty()) {
            valueless.add(labelName, from, to);
        } else {
            builder.add(labelName, from, to, value.bytes, value.from, value.to);
        }
    }

    private void nameInBraces(int at) {
        if (named) {
            throw new SyntaxError("one metric name only", at);
        }
        if (ByteScan.skipBlanks(page, seriesFrom + 1, at) != at) {
            tolerated |= Tolerated.NAME_BEHIND_LABELS.bit();
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
        if (!text.unescape(page, quote + 1, end - 1) && !openMetrics) {
            tolerated |= Tolerated.UNKNOWN_ESCAPE.bit();
        }
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
            return valueless.build(builder);
        } catch (IllegalArgumentException e) {
            throw new SyntaxError("each label once", String.valueOf(e.getMessage()), at);
        }
    }

    private static byte[] boundOf(FamilyContext context) {
        if (!context.has(FamilyContext.NORMALIZE_BOUNDS)) {
            return NO_BYTES;
        }
        MetricType type = context.metadata.type();
        return type == MetricType.HISTOGRAM ? LE : type == MetricType.SUMMARY ? QUANTILE : NO_BYTES;
    }

    private void addBound(int valueFrom, FamilyContext context, byte[] bound) {
        quoted(value, valueFrom);
        if (context.owns(name.bytes, name.from, name.to)) {
            byte[] normalized = BoundFormat.normalized(value.bytes, value.from, value.to);
            value.set(normalized, 0, normalized.length);
        }
        add(bound, 0, bound.length);
    }

    // ---- names elsewhere

    /** Index behind a bare or quoted name on a TYPE, HELP or UNIT line, or {@code from} if there is none. */
    int nameEnd(int from, int to, FamilyContext context) {
        if (from == to) {
            return from;
        }
        if (page[from] == '"') {
            int end = quotedEnd(from);
            return end <= to && end > from + 2 ? end : from;
        }
        return bareMetricEnd(from, context);
    }

    /** The name in a range found by {@link #nameEnd}. */
    String nameIn(int from, int to) {
        if (page[from] != '"') {
            return new String(page, from, to - from, UTF_8);
        }
        int invalid = ByteScan.invalidUtf8(page, from, to);
        if (invalid >= 0) {
            throw new SyntaxError("valid UTF-8", invalid);
        }
        quoted(label, from);
        return new String(label.bytes, label.from, label.to - label.from, UTF_8);
    }

    /** Whether a name needs no quotes. */
    static boolean isMetricName(byte[] name, int length) {
        boolean ok = length > 0 && (CLASSES[name[0] & 0xFF] & METRIC_START) != 0;
        for (int i = 1; ok && i < length; i++) {
            ok = isMetricNameByte(name[i]);
        }
        return ok;
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

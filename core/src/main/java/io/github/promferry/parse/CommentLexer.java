package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads a line that begins with {@code #} and that nobody has met before in this context. */
final class CommentLexer {
    /**
     * {@code # OMTYPE info} in text: the family above is of a type that only OpenMetrics has. A comment to everybody else,
     * so that {@link PageWriter} can write such families as legal text without losing their type.
     */
    static final String OPENMETRICS_TYPE = "OMTYPE";

    /** Words that lines may have at a place, found without making a string of each line's. */
    private static final class Words<T> {
        private final Map<String, T> meanings;
        private final byte[][] words;
        private final List<T> inOrder;

        Words(Map<String, T> meanings) {
            this.meanings = meanings;
            words = meanings.keySet().stream().map(word -> word.getBytes(UTF_8)).toArray(byte[][]::new);
            inOrder = List.copyOf(meanings.values());
        }

        @Nullable
        T get(byte[] page, int from, int to) {
            for (int i = 0; i < words.length; i++) {
                byte[] word = words[i];
                if (word.length == to - from && Arrays.equals(page, from, to, word, 0, word.length)) {
                    return inOrder.get(i);
                }
            }
            return null;
        }
    }

    private static final Words<String> KEYWORDS = new Words<>(
            Map.of("TYPE", "TYPE", "HELP", "HELP", "UNIT", "UNIT", "EOF", "EOF", OPENMETRICS_TYPE, OPENMETRICS_TYPE));
    private static final Words<MetricType> TEXT_TYPES = new Words<>(Map.of(
            "counter", MetricType.COUNTER,
            "gauge", MetricType.GAUGE,
            "histogram", MetricType.HISTOGRAM,
            "summary", MetricType.SUMMARY,
            "untyped", MetricType.UNKNOWN));
    private static final Words<MetricType> OPENMETRICS_TYPES = new Words<>(Map.of(
            "counter", MetricType.COUNTER,
            "gauge", MetricType.GAUGE,
            "histogram", MetricType.HISTOGRAM,
            "gaugehistogram", MetricType.GAUGE_HISTOGRAM,
            "stateset", MetricType.STATE_SET,
            "info", MetricType.INFO,
            "summary", MetricType.SUMMARY,
            "unknown", MetricType.UNKNOWN));

    private final SeriesLexer names;

    private byte[] page = {};
    private int tolerated;
    private boolean endMark;
    private boolean quotedName;
    private String keyword = "";

    CommentLexer(SeriesLexer names) {
        this.names = names;
    }

    /** The words that a TYPE line may have. */
    static SortedSet<String> typeWords(boolean openMetrics) {
        return new TreeSet<>((openMetrics ? OPENMETRICS_TYPES : TEXT_TYPES).meanings.keySet());
    }

    void begin(byte[] page) {
        this.page = page;
    }

    /** {@link Tolerated} kinds of the last call. */
    int tolerated() {
        return tolerated;
    }

    /** Whether the last call read {@code # EOF} of OpenMetrics. */
    boolean isEndMark() {
        return endMark;
    }

    /** Whether the last call read a quoted name. */
    boolean hasQuotedName() {
        return quotedName;
    }

    /** {@code TYPE}, {@code HELP} or {@code UNIT} if the last call read such a line. */
    String keyword() {
        return keyword;
    }

    /**
     * What the page says of the family after the line, or null if the line says nothing.
     *
     * @throws SyntaxError if it is a TYPE, HELP or UNIT line without a valid name or text
     */
    @Nullable
    MetricMetadata read(int from, int lineEnd, FamilyContext context) {
        tolerated = 0;
        endMark = false;
        quotedName = false;
        int to = lineEnd;
        if (page[to - 1] == '\r') {
            to--;
            tolerate(Tolerated.CARRIAGE_RETURN);
        }
        int word = ByteScan.skipBlanks(page, from + 1, to);
        int wordEnd = word;
        while (wordEnd < to && !ByteScan.isBlank(page[wordEnd])) {
            wordEnd++;
        }
        String known = word > from + 1 ? KEYWORDS.get(page, word, wordEnd) : null;
        keyword = known == null ? "" : known;
        if (context.isOpenMetrics() && keyword.equals("EOF") && ByteScan.skipBlanks(page, wordEnd, to) == to) {
            endMark = true;
            tolerateBlanks(context, word != from + 2 || page[word - 1] == '\t' || wordEnd != to);
            return null;
        }
        int nameFrom = ByteScan.skipBlanks(page, wordEnd, to);
        boolean tolerantText = !context.isOpenMetrics() && !context.has(FamilyContext.STRICT);
        if (tolerantText && keyword.equals(OPENMETRICS_TYPE)) {
            return withOpenMetricsType(context.metadata, nameFrom, to);
        }
        boolean unit = keyword.equals("UNIT") && (context.isOpenMetrics() || tolerantText);
        boolean metadata = keyword.equals("TYPE") || keyword.equals("HELP") || unit;
        if (!metadata || nameFrom == to) {
            return comment(context);
        }
        tolerateBlanks(
                context,
                word != from + 2 || nameFrom != wordEnd + 1 || page[word - 1] == '\t' || page[wordEnd] == '\t');
        quotedName = page[nameFrom] == '"';
        return metadata(nameFrom, to, context);
    }

    private @Nullable MetricMetadata comment(FamilyContext context) {
        if (context.isOpenMetrics()) {
            tolerate(Tolerated.COMMENT);
        }
        return null;
    }

    private @Nullable MetricMetadata metadata(int nameFrom, int to, FamilyContext context) {
        int nameEnd = names.nameEnd(nameFrom, to, context);
        boolean named = nameEnd > nameFrom && (nameEnd == to || ByteScan.isBlank(page[nameEnd]));
        if (!named) {
            if (keyword.equals("UNIT") && !context.isOpenMetrics()) {
                // In text it is only a comment that looks like one of ours.
                return null;
            }
            throw new SyntaxError(
                    nameEnd > nameFrom ? "a blank after the metric name" : "a metric name after " + keyword, nameEnd);
        }
        if (isFamilyOfCreated(nameFrom, nameEnd, context)) {
            return null;
        }
        int textFrom = Math.min(nameEnd + 1, to);
        tolerateBlanks(context, nameEnd < to && page[nameEnd] == '\t');
        if (nameEnd == to) {
            tolerate(Tolerated.MISSING_METADATA_TEXT);
        }
        MetricMetadata before = !quotedName && context.isFamily(page, nameFrom, nameEnd)
                ? context.metadata
                : ofFamily(names.nameIn(nameFrom, nameEnd), context.metadata);
        return switch (keyword) {
            case "TYPE" -> withType(before, textFrom, to, context);
            case "HELP" -> withHelp(before, textFrom, to, context);
            default -> withUnit(before, textFrom, to, context);
        };
    }

    /**
     * In text, where no family has such samples, the Python client makes a gauge of its own of them after each counter and
     * histogram: those samples belong to the family that they speak of, which stays the one that counts.
     */
    private boolean isFamilyOfCreated(int nameFrom, int nameEnd, FamilyContext context) {
        return context.has(FamilyContext.CREATED_APART)
                && !context.isOpenMetrics()
                && context.ownsCreated(page, nameFrom, nameEnd);
    }

    private static MetricMetadata ofFamily(String family, MetricMetadata above) {
        // The same family may be spelled in quotes.
        return above.family().equals(family) ? above : new MetricMetadata(family, MetricType.UNKNOWN, "", "");
    }

    private MetricMetadata withType(MetricMetadata before, int from, int to, FamilyContext context) {
        int wordFrom = ByteScan.skipBlanks(page, from, to);
        int wordTo = trimmedEnd(wordFrom, to);
        Words<MetricType> own = context.isOpenMetrics() ? OPENMETRICS_TYPES : TEXT_TYPES;
        MetricType type = own.get(page, wordFrom, wordTo);
        if (type == null || wordFrom != from || wordTo != to) {
            tolerate(Tolerated.TYPE_WORD);
        }
        if (type == null) {
            type = foreign(new String(page, wordFrom, wordTo - wordFrom, UTF_8).toLowerCase(Locale.ROOT));
        }
        return new MetricMetadata(before.family(), type, before.help(), before.unit());
    }

    private @Nullable MetricMetadata withOpenMetricsType(MetricMetadata before, int from, int to) {
        MetricType type = OPENMETRICS_TYPES.get(page, from, to);
        return type == null || before.family().isEmpty()
                ? null
                : new MetricMetadata(before.family(), type, before.help(), before.unit());
    }

    private static MetricType foreign(String word) {
        MetricType type = OPENMETRICS_TYPES.meanings.get(word);
        return type != null ? type : word.equals("gauge_histogram") ? MetricType.GAUGE_HISTOGRAM : MetricType.UNKNOWN;
    }

    private MetricMetadata withHelp(MetricMetadata before, int from, int to, FamilyContext context) {
        int invalid = ByteScan.invalidUtf8(page, from, to);
        if (invalid >= 0 && !context.has(FamilyContext.REPLACE_INVALID_HELP)) {
            throw new SyntaxError("valid UTF-8 in the help text", invalid);
        }
        if (invalid >= 0) {
            tolerate(Tolerated.INVALID_HELP);
        }
        String help = unescaped(new String(page, from, to - from, UTF_8), context.isOpenMetrics());
        return new MetricMetadata(before.family(), before.type(), help, before.unit());
    }

    /** In one pass from the left; what is no escape stays, backslash and all. Text knows no {@code \"}. */
    static String unescaped(String text, boolean openMetrics) {
        int backslash = text.indexOf('\\');
        if (backslash < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            char next = c == '\\' && i + 1 < text.length() ? text.charAt(i + 1) : 0;
            if (next == 'n' || next == '\\' || (next == '"' && openMetrics)) {
                plain.append(next == 'n' ? '\n' : next);
                i++;
            } else {
                plain.append(c);
            }
        }
        return plain.toString();
    }

    private MetricMetadata withUnit(MetricMetadata before, int from, int to, FamilyContext context) {
        int unitFrom = ByteScan.skipBlanks(page, from, to);
        int unitTo = trimmedEnd(unitFrom, to);
        tolerateBlanks(context, unitFrom != from || unitTo != to);
        int invalid = ByteScan.invalidUtf8(page, unitFrom, unitTo);
        if (invalid >= 0) {
            throw new SyntaxError("valid UTF-8 in the unit", invalid);
        }
        String unit = new String(page, unitFrom, unitTo - unitFrom, UTF_8);
        if (!context.isOpenMetrics()) {
            tolerate(Tolerated.UNIT_IN_TEXT);
        } else if (!unit.isEmpty() && !before.family().endsWith("_" + unit)) {
            tolerate(Tolerated.UNIT_MISMATCH);
        }
        return new MetricMetadata(before.family(), before.type(), before.help(), unit);
    }

    private int trimmedEnd(int from, int to) {
        int end = to;
        while (end > from && ByteScan.isBlank(page[end - 1])) {
            end--;
        }
        return end;
    }

    private void tolerate(Tolerated kind) {
        tolerated |= kind.bit();
    }

    private void tolerateBlanks(FamilyContext context, boolean odd) {
        if (odd && context.isOpenMetrics()) {
            tolerate(Tolerated.BLANKS);
        }
    }
}

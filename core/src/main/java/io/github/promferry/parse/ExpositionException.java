package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import org.jspecify.annotations.Nullable;

/**
 * A page that cannot be read. Says where, what was found there and what was expected; the text of the page in it is short
 * and has its control characters escaped.
 *
 * @since 0.1
 */
public final class ExpositionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Enough to recognize the place, short enough for one line of a log. */
    private static final int EXCERPT_CODE_POINTS = 40;

    /** From 1; 0 if the page has no lines. */
    private final int line;
    /** From 1; of a binary page the offset. */
    private final int column;
    /** What stands there. */
    private final String found;
    /** What should stand there. */
    private final String expected;

    /** Whether it is about a limit rather than a rule of the format. */
    private final boolean isLimit;

    private ExpositionException(
            String message, int line, int column, String found, String expected, @Nullable Throwable cause) {
        this(message, line, column, found, expected, cause != null, cause);
    }

    private ExpositionException(
            String message,
            int line,
            int column,
            String found,
            String expected,
            boolean isLimit,
            @Nullable Throwable cause) {
        super(message, cause);
        this.isLimit = isLimit;
        this.line = line;
        this.column = column;
        this.found = found;
        this.expected = expected;
    }

    /** Finds the line and column of an error in a text page. */
    static ExpositionException of(SyntaxError error, byte[] page, int from, int to) {
        String found = error.found == null ? excerpt(page, error.at, to) : error.found;
        int line = lineOf(page, from, error.at);
        int column = columnOf(page, from, error.at);
        return new ExpositionException(
                "line " + line + ", column " + column + ": found " + found + ", expected " + error.expected
                        + hint(page, from, to),
                line,
                column,
                found,
                error.expected,
                null);
    }

    /** A resolver did not want the series that begins here. */
    static ExpositionException rejected(SeriesRejectedException cause, byte[] page, int from, int at, int to) {
        int line = lineOf(page, from, at);
        String why = String.valueOf(cause.getMessage());
        return new ExpositionException(
                "line " + line + ": " + why + " near " + excerpt(page, at, to), line, 1, why, "", cause);
    }

    /** A resolver did not want a series that has no line of its own. */
    static ExpositionException rejected(SeriesRejectedException cause, Labels series) {
        String why = String.valueOf(cause.getMessage());
        return new ExpositionException(why + " near " + quoted(series.toString()), 0, 0, why, "", cause);
    }

    /** In a binary page, which has no lines. */
    static ExpositionException binary(String found, String expected, int offset) {
        return new ExpositionException(
                "byte " + offset + ": found " + found + ", expected " + expected, 0, offset, found, expected, null);
    }

    /** About the page as a whole. */
    static ExpositionException page(String found, String expected) {
        return new ExpositionException("found " + found + ", expected " + expected, 0, 0, found, expected, null);
    }

    /** The page as a whole breaks a limit. */
    static ExpositionException limit(String found, String expected) {
        return new ExpositionException("found " + found + ", expected " + expected, 0, 0, found, expected, true, null);
    }

    static ExpositionException tooManyLines(int limit) {
        return limit(
                "more than " + limit + " lines", "at most lineLimit of ParseOptions; raise it or expose fewer series");
    }

    /**
     * The line, counted from 1.
     *
     * @return 0 if the page is not text or the error is not in one place
     */
    public int line() {
        return line;
    }

    /**
     * The character of the line, counted from 1; the offset of the byte if the page is not text.
     *
     * @return 0 if the error is not in one place
     */
    public int column() {
        return column;
    }

    /**
     * What stands there.
     *
     * @return a short description or excerpt
     */
    public String found() {
        return found;
    }

    /**
     * What should stand there.
     *
     * @return a short description, empty if that cannot be said
     */
    public String expected() {
        return expected;
    }

    /**
     * Whether the page breaks a limit, or has a series that the {@link SeriesResolver} rejects, rather than a rule of its
     * format.
     *
     * @return false for a malformed page
     */
    public boolean isLimit() {
        return isLimit;
    }

    private static int lineOf(byte[] page, int from, int at) {
        int line = 1;
        for (int i = from; i < at; i++) {
            if (page[i] == '\n') {
                line++;
            }
        }
        return line;
    }

    private static int columnOf(byte[] page, int from, int at) {
        int column = 1;
        for (int i = at - 1; i >= from && page[i] != '\n'; i--) {
            if ((page[i] & 0xC0) != 0x80) {
                column++;
            }
        }
        return column;
    }

    /** The rest of the line, quoted. */
    static String excerpt(byte[] page, int at, int to) {
        if (at >= to) {
            return "the end of the page";
        }
        if (page[at] == '\n') {
            return "the end of the line";
        }
        // A code point has at most 4 bytes.
        int limit = Math.min(to, at + 4 * EXCERPT_CODE_POINTS);
        int end = at;
        while (end < limit && page[end] != '\n') {
            end++;
        }
        return quoted(new String(page, at, end - at, UTF_8));
    }

    /** Shortened, between backquotes, control characters and broken text escaped. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("`");
        int count = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            if (count++ == EXCERPT_CODE_POINTS) {
                return quoted.append("…`").toString();
            }
            appendVisible(quoted, c);
            i += Character.charCount(c);
        }
        return quoted.append('`').toString();
    }

    private static void appendVisible(StringBuilder quoted, int c) {
        switch (c) {
            case '\n' -> quoted.append("\\n");
            case '\r' -> quoted.append("\\r");
            case '\t' -> quoted.append("\\t");
            default -> {
                // Directional marks and line separators would garble a terminal as much as control characters.
                int type = Character.getType(c);
                if (Character.isISOControl(c)
                        || type == Character.FORMAT
                        || type == Character.LINE_SEPARATOR
                        || type == Character.PARAGRAPH_SEPARATOR
                        || type == Character.SURROGATE) {
                    quoted.append(String.format("\\u{%x}", c));
                } else {
                    quoted.appendCodePoint(c);
                }
            }
        }
    }

    /** The two things a wrong path or a proxy answers with. */
    private static String hint(byte[] page, int from, int to) {
        int at = from;
        while (at < to && (page[at] == ' ' || page[at] == '\n' || page[at] == '\r' || page[at] == '\t')) {
            at++;
        }
        if (at == to) {
            return "";
        }
        return switch (page[at]) {
            case '<' -> " (the page looks like HTML: is the path right?)";
            case '[' -> " (the page looks like JSON: is the path right?)";
            case '{' -> looksLikeJson(page, at + 1, to) ? " (the page looks like JSON: is the path right?)" : "";
            default -> "";
        };
    }

    /** An object with a quoted name before a colon, which a quoted metric name never looks like. */
    private static boolean looksLikeJson(byte[] page, int from, int to) {
        int at = skipWhite(page, from, to);
        if (at == to || page[at] != '"') {
            return at < to && page[at] == '}';
        }
        int close = at + 1;
        while (close < to && page[close] != '"' && page[close] != '\n') {
            close++;
        }
        int colon = skipWhite(page, close + 1, to);
        return colon < to && page[colon] == ':';
    }

    private static int skipWhite(byte[] page, int from, int to) {
        int at = from;
        while (at < to && (page[at] == ' ' || page[at] == '\n' || page[at] == '\r' || page[at] == '\t')) {
            at++;
        }
        return at;
    }
}

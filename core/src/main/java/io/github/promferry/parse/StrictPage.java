package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;

/**
 * Holds a page against the letter of its format, before it is parsed: one pass over the lines with the lexers of the
 * tolerant parser, in which everything that they tolerate is an error, and the rules between lines of {@link
 * StrictFamilies}. So the fast path carries none of this. For one page.
 */
final class StrictPage {
    private final PageCounts counts = new PageCounts();
    private final SeriesLexer lexer = new SeriesLexer();
    private final CommentLexer comments = new CommentLexer(lexer);
    private final SampleTail tail = new SampleTail(lexer, counts);
    private final ParseOptions options;

    private byte[] page = {};
    private int to;
    private ExpositionFormat format = ExpositionFormat.TEXT_0_0_4;
    private boolean openMetrics;
    private FamilyContext context = FamilyContext.NOWHERE;
    private StrictFamilies families = new StrictFamilies(TypeRules.TEXT);
    private boolean ended;

    StrictPage(ParseOptions options) {
        this.options = options;
    }

    /**
     * Checks a page.
     *
     * @throws SyntaxError at the first line that breaks a rule
     */
    void check(ExpositionFormat format, byte[] page, int from, int to) {
        this.format = format;
        this.page = page;
        this.to = to;
        openMetrics = format.isOpenMetrics();
        ended = false;
        context = new FamilyContext(
                MetricMetadata.NONE, FamilyContext.STRICT | (openMetrics ? FamilyContext.OPENMETRICS : 0));
        families = new StrictFamilies(TypeRules.of(format));
        lexer.begin(page, to, openMetrics);
        comments.begin(page);
        tail.begin(page, to, format);
        if (to - from >= 3 && page[from] == (byte) 0xEF) {
            throw new SyntaxError("no byte order mark", from);
        }
        int at = from;
        while (at < to) {
            at = line(at);
        }
        if (openMetrics && !ended) {
            throw new SyntaxError("`# EOF` as the last line of an OpenMetrics page", to);
        }
        families.finish(to);
    }

    private int line(int start) {
        if (ended) {
            throw new SyntaxError("nothing after `# EOF`", start);
        }
        counts.reset();
        int at = ByteScan.skipBlanks(page, start, to);
        if (at > start && openMetrics) {
            throw new SyntaxError("no blanks at the beginning of a line", start);
        }
        if (tail.isLineEnd(at)) {
            return blankLine(at);
        }
        return page[at] == '#' ? comment(at) : sample(at);
    }

    private int blankLine(int at) {
        if (openMetrics) {
            throw new SyntaxError("no blank line", at);
        }
        int next = tail.nextLine(at);
        refuseTolerated(at);
        return next;
    }

    private int comment(int at) {
        int end = ByteScan.indexOfNewline(page, at, to);
        MetricMetadata after = comments.read(at, end, context);
        counts.tolerateAll(comments.tolerated());
        if (comments.isEndMark()) {
            ended = true;
            refuseTolerated(at);
            return Math.min(end + 1, to);
        }
        if (end == to) {
            throw new SyntaxError("a newline after the last line", end);
        }
        refuseTolerated(at);
        if (after != null) {
            refuseQuoted(comments.hasQuotedName(), at);
            families.metadata(comments.keyword(), after, at);
            context = new FamilyContext(after, context.dialect);
        }
        return end + 1;
    }

    private int sample(int at) {
        int seriesEnd = lexer.find(at, context);
        Labels labels = lexer.series(context);
        counts.tolerateAll(lexer.tolerated());
        refuseQuoted(lexer.hasQuotedName(), at);
        int next = tail.read(seriesEnd);
        SyntaxError exemplarFault = tail.exemplarFault();
        if (exemplarFault != null) {
            throw exemplarFault;
        }
        refuseTolerated(at);
        refuseQuoted(!tail.exemplars().isEmpty() && lexer.hasQuotedName(), at);
        if (tail.isComposite()) {
            // By the rules of native histograms.
            tail.composite().nativeHistogram(at);
            families.composite(
                    labels, tail.composite(), tail.stampMillis() != SampleBatch.NO_TIMESTAMP, tail.exactStamp(), at);
        } else {
            families.sample(
                    labels,
                    Double.longBitsToDouble(tail.bits()),
                    tail.stampMillis() != SampleBatch.NO_TIMESTAMP,
                    tail.exactStamp(),
                    tail.exemplars(),
                    at);
        }
        if (tail.startMillis() != SampleBatch.NO_TIMESTAMP) {
            families.start(at);
        }
        return next;
    }

    private void refuseTolerated(int at) {
        for (Tolerated kind : Tolerated.values()) {
            if (counts.tolerated(kind) > 0 && !isLegal(kind)) {
                throw new SyntaxError(rule(kind) + " (strict mode)", at);
            }
        }
    }

    private boolean isLegal(Tolerated kind) {
        return switch (kind) {
            case TIMESTAMP_FAR_AHEAD -> true;
            case NAME_BEHIND_LABELS -> format != ExpositionFormat.OPENMETRICS_2_0_0;
            case MISSING_METADATA_TEXT -> !openMetrics;
            // OpenMetrics 2.0 asks for it with SHOULD.
            case UNIT_MISMATCH -> format == ExpositionFormat.OPENMETRICS_2_0_0;
            default -> false;
        };
    }

    /** What the format expects instead. */
    private String rule(Tolerated kind) {
        return switch (kind) {
            case BYTE_ORDER_MARK -> "no byte order mark";
            case CARRIAGE_RETURN -> "a newline alone at the end of the line";
            case BLANK_LINE -> "no blank line";
            case COMMENT -> "`# EOF` or, behind `# `, TYPE, HELP or UNIT and a metric name";
            case BLANKS -> "one space where the grammar has one, none elsewhere";
            case MISSING_FINAL_NEWLINE -> "a newline after the last line";
            case TRAILING_COMMA -> "no comma after the last label";
            case MISSING_COMMA -> "a comma between two labels";
            case TYPE_WORD -> "one of " + String.join(", ", CommentLexer.typeWords(openMetrics));
            case MISSING_METADATA_TEXT -> "a space and a text after the name";
            case INVALID_HELP -> "valid UTF-8 in the help text";
            case UNKNOWN_ESCAPE -> "one of the escapes \\\\, \\\" and \\n";
            case NAME_BEHIND_LABELS -> "the metric name before the labels";
            case UNIT_MISMATCH -> "a family name that ends with `_` and the unit";
            case UNIT_IN_TEXT -> "no unit in the text format";
            case SIGNED_NAN -> "NaN without a sign";
            case TIMESTAMP_IN_SECONDS -> "a timestamp in whole milliseconds";
            case TIMESTAMP_FAR_AHEAD -> "a timestamp in seconds";
            case EXEMPLAR_IN_TEXT -> "no exemplar in the text format";
            case SEVERAL_EXEMPLARS -> "at most one exemplar";
            case TRAILING_COMMENT -> "nothing but a timestamp and an exemplar behind the value";
            case OPENMETRICS_2_SYNTAX -> "a number: composite values and `st@` are of OpenMetrics 2.0";
            case QUOTED_PAGE,
                    MISSING_END_MARK,
                    EXEMPLAR_DROPPED,
                    FORBIDDEN_VALUE,
                    MISPLACED_EXEMPLAR,
                    MISPLACED_START,
                    TIMESTAMP_ORDER,
                    REPEATED_METADATA,
                    LATE_METADATA,
                    SPLIT_FAMILY,
                    SPLIT_METRIC,
                    MIXED_TIMESTAMPS,
                    CLASHING_NAMES,
                    TYPE_MISMATCH,
                    BROKEN_POINT -> throw new AssertionError(kind + " does not show so");
            case COMPOSITE_FIELDS -> "the fields of a composite value, each once and in the order of the grammar";
            case EXEMPLAR_WITHOUT_TIME -> "a timestamp behind the value of the exemplar";
        };
    }

    private void refuseQuoted(boolean quoted, int at) {
        boolean allowed = options.utf8Names()
                || format == ExpositionFormat.TEXT_1_0_0
                || format == ExpositionFormat.OPENMETRICS_2_0_0;
        if (quoted && !allowed) {
            throw new SyntaxError(
                    "bare names only, unless the content type says escaping=allow-utf-8 (utf8Names of ParseOptions)",
                    "a quoted name",
                    at);
        }
    }
}

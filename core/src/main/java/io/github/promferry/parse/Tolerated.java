package io.github.promferry.parse;

/**
 * What a page did that its format forbids and that was read all the same. Counted for each page by {@link
 * ExpositionParser#toleratedCount}, never logged line by line; strict mode refuses the page instead.
 *
 * <p>Counts are of what stands on the page, so the same page has the same counts each time. What shows in a line by itself is
 * found when a line is first met, and remembered with it for every page of every target that has it; what shows in its
 * number, timestamp or exemplar, each time; what shows only in the lines of a page together, from {@link
 * #REPEATED_METADATA} on, when somebody asks, from the lines that are remembered of the page. Lines that the resolver drops
 * count too, but for {@link #TIMESTAMP_ORDER} and {@link #MIXED_TIMESTAMPS}. A page that could not be read has counts up to
 * its failure, and none of those of lines together.
 *
 * <p>Four things that strict mode refuses are not counted. Numbers are not held against each other (buckets that go
 * down, a count other than the +Inf bucket): a target that is asked while it counts has them without any fault of its
 * exporter, and they are delivered as they are. Nor are counts held against whole numbers (half an observation), which
 * would cost a closer look at every count of every page. Timestamps are compared for one series only, in milliseconds.
 * Names in quotes are odd or not by a parameter of the content type that the parser is not told. Duplicate samples have
 * a count of their own, {@link LeftOut#DUPLICATE}, and so have bad lines that were skipped. Of protobuf pages nothing
 * is counted: what breaks a rule of theirs cannot be read.
 *
 * @since 0.1
 */
public enum Tolerated {
    /** A byte order mark at the beginning. */
    BYTE_ORDER_MARK,
    /** A carriage return at the end of a line. */
    CARRIAGE_RETURN,
    /** A blank line in OpenMetrics. */
    BLANK_LINE,
    /** A comment in OpenMetrics that is neither TYPE, HELP, UNIT nor EOF. */
    COMMENT,
    /** Blanks or tabs in OpenMetrics where the grammar has none, or one space. */
    BLANKS,
    /** No newline after the last line of a text page. */
    MISSING_FINAL_NEWLINE,
    /** A comma after the last label in OpenMetrics. */
    TRAILING_COMMA,
    /** No comma between two labels in text. */
    MISSING_COMMA,
    /** A type in other case, padded, of the other format, or unknown to both. */
    TYPE_WORD,
    /** A TYPE, HELP or UNIT line that ends after the name. */
    MISSING_METADATA_TEXT,
    /** A help text that is not UTF-8, with {@link ParseOptions#replaceInvalidHelp}. */
    INVALID_HELP,
    /** A backslash in a label value or quoted name of text that begins none of its escapes. */
    UNKNOWN_ESCAPE,
    /** A quoted metric name behind a label. Legal in strict mode too, but in OpenMetrics 2.0. */
    NAME_BEHIND_LABELS,
    /** A unit in OpenMetrics that the family's name does not end with, or of an info or stateset. */
    UNIT_MISMATCH,
    /** A UNIT line in text. */
    UNIT_IN_TEXT,
    /** A NaN with a sign. */
    SIGNED_NAN,
    /** A timestamp with a fraction or exponent in text, read as seconds. */
    TIMESTAMP_IN_SECONDS,
    /** A timestamp in OpenMetrics beyond the year 3000: milliseconds where seconds are due. Legal in strict mode too. */
    TIMESTAMP_FAR_AHEAD,
    /** An exemplar in text. */
    EXEMPLAR_IN_TEXT,
    /** A malformed or oversized exemplar; the sample is delivered without it. */
    EXEMPLAR_DROPPED,
    /** More than one exemplar on a line. */
    SEVERAL_EXEMPLARS,
    /** Text behind a {@code #} after the value. */
    TRAILING_COMMENT,
    /** A composite value or {@code st@} under an OpenMetrics version below 2. */
    OPENMETRICS_2_SYNTAX,
    /** A composite value with fields missing, repeated, in another order, or of a draft. */
    COMPOSITE_FIELDS,
    /** A page that is one JSON string, as some llama.cpp builds send it. */
    QUOTED_PAGE,
    /** No {@code # EOF} at the end of OpenMetrics, with {@link ParseOptions#endMarkRequired} off. */
    MISSING_END_MARK,
    /**
     * A value in OpenMetrics that the type of its family forbids: a count that is negative, NaN or infinite, a creation time
     * that is no time, an info that is not 1, a state that is neither 0 nor 1.
     */
    FORBIDDEN_VALUE,
    /** An exemplar in OpenMetrics 1.0 on a sample that may have none, or on a bucket that its value is not in. */
    MISPLACED_EXEMPLAR,
    /** A start timestamp in OpenMetrics of a family that counts from no start, such as a gauge. */
    MISPLACED_START,
    /** An exemplar in OpenMetrics 2.0 without a timestamp. */
    EXEMPLAR_WITHOUT_TIME,
    /**
     * In OpenMetrics, a sample with an earlier timestamp than the one of its series further above, which without one has the
     * time of the scrape. Not looked for in lines that the resolver drops, nor where {@linkplain
     * ParseOptions#honorTimestamps timestamps are ignored}.
     */
    TIMESTAMP_ORDER,
    /** A second TYPE, HELP or UNIT line of a family. */
    REPEATED_METADATA,
    /** A TYPE, HELP or UNIT line behind a sample of its family. */
    LATE_METADATA,
    /** A further piece of a family whose lines, samples and metadata, do not stand together. */
    SPLIT_FAMILY,
    /** In OpenMetrics, a further piece of the samples that have the same labels in a family. */
    SPLIT_METRIC,
    /**
     * In OpenMetrics, a sample with a timestamp behind one of the same labels without, or the reverse. Not where {@linkplain
     * ParseOptions#honorTimestamps timestamps are ignored}.
     */
    MIXED_TIMESTAMPS,
    /**
     * A family whose name, or a name that its samples may have, is one of another family's: a gauge {@code foo_count} beside
     * a histogram {@code foo}.
     */
    CLASHING_NAMES,
    /**
     * A sample that the type of its family has no place for: with the plain name of a histogram, without the label that its
     * type wants, with a quantile beyond 1, with a number for a composite value or the reverse.
     */
    TYPE_MISMATCH,
    /**
     * A counter without its total, or a histogram without a bucket of +Inf, with bounds that do not ascend, with one of count
     * and sum only, or with a sum beside buckets below 0.
     */
    BROKEN_POINT;

    /** The place of this kind in an array or in a set held as an int; never stored. */
    @SuppressWarnings("EnumOrdinal")
    int index() {
        return ordinal();
    }

    /** Whether it shows, at times at least, only in the lines of a page together. */
    boolean isOfLinesTogether() {
        return this == UNIT_MISMATCH || compareTo(REPEATED_METADATA) >= 0;
    }

    /** Of a kind that shows in a line by itself; those are the first ones. */
    int bit() {
        return 1 << index();
    }
}

package io.github.promferry.parse;

/**
 * What a page did that its format forbids and that was read all the same. Counted for each page by {@link
 * ExpositionParser#toleratedCount}, never logged line by line; strict mode refuses the page instead.
 *
 * <p>Most of what is counted shows in a line by itself or in the metadata right above it; it is found when a line is first
 * met, and remembered with it for every page of every target that has it. {@link #LATE_METADATA} and {@link #SPLIT_FAMILY}
 * show in the order of lines; they are found when somebody asks, from the lines that are remembered of the last page.
 *
 * <p>Not counted, though read all the same, is what only the rest of the page tells: clashing names, and a type that the
 * names, labels, values or buckets of its samples do not fit. To learn of them, read the page once in {@link
 * ParseOptions#strict}, which refuses what its format forbids. Duplicate samples have a count of their own, {@link
 * LeftOut#DUPLICATE}. Of protobuf pages nothing is counted.
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
    /**
     * A second TYPE, HELP or UNIT line of a family, unless another family's came between or the first said nothing, such
     * as a blank help or an unknown type.
     */
    REPEATED_METADATA,
    /** A unit in OpenMetrics that the family's name does not end with. */
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
    /** A page that is one JSON string, as some llama.cpp builds send it. */
    QUOTED_PAGE,
    /** A TYPE, HELP or UNIT line behind a sample of its family. */
    LATE_METADATA,
    /** A further piece of a family whose samples do not stand together. */
    SPLIT_FAMILY;

    /** The place of this kind in an array or in a set held as an int; never stored. */
    @SuppressWarnings("EnumOrdinal")
    int index() {
        return ordinal();
    }

    int bit() {
        return 1 << index();
    }
}

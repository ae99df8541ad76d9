package io.github.promferry.parse;

/**
 * Why a sample that the resolver kept became no row, though the page is good.
 *
 * @since 0.1
 */
public enum LeftOut {
    /**
     * Its series stood further above on the page, without another timestamp; or a page before had it with the same
     * timestamp and another value, see {@link ParseOptions#dropOutOfOrder}.
     */
    DUPLICATE,
    /** There was no room for its series, see {@link ParseOptions#seriesLimit}. */
    OVER_SERIES_LIMIT,
    /** Its timestamp is too far ahead of the scrape, see {@link ParseOptions#futureLimit}. */
    TOO_FAR_AHEAD,
    /** Its series had a later timestamp before, see {@link ParseOptions#dropOutOfOrder}. */
    OUT_OF_ORDER,
    /**
     * A page before had it with the same timestamp and the same value. Nothing is missing: receivers ignore what they have
     * already. See {@link ParseOptions#dropOutOfOrder}.
     */
    REPEATED;

    /** Its place in arrays of counts. */
    @SuppressWarnings("EnumOrdinal")
    int index() {
        return ordinal();
    }
}

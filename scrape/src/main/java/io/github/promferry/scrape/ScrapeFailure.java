package io.github.promferry.scrape;

import java.util.Objects;

/**
 * Why a scrape failed. Immutable.
 *
 * @param kind what went wrong
 * @param message what was found, where, and what to change; without secrets
 * @param line where in the page, from 1; 0 if the failure is not about a place in the page
 * @param column where in the line, in bytes from 1; 0 if the failure is not about a place in the page
 * @since 0.1
 */
public record ScrapeFailure(Kind kind, String message, int line, int column) {
    /**
     * The kinds of failures, in the order in which a scrape can meet them.
     *
     * @since 0.1
     */
    public enum Kind {
        /** No request was made: the target's labels, or the number of targets, forbid it; or credentials are missing. */
        TARGET,
        /** No connection, or it broke before the page was complete. */
        CONNECTION,
        /** The page was not complete when {@link ScrapeJob.Builder#timeout} had passed. */
        TIMEOUT,
        /** The answer was not 200. */
        STATUS,
        /** The page is larger than {@link ScrapeLimits#bodyBytes}. */
        BODY_SIZE,
        /** The content type or encoding is none that can be read. */
        CONTENT,
        /** The page breaks the rules of its format; line and column say where. */
        PARSE,
        /** The page breaks a limit of the job. */
        LIMIT,
        /** User code (relabeling, a source) or this library threw an unexpected exception. */
        INTERNAL
    }

    /**
     * Rejects nulls.
     *
     * @param kind what went wrong
     * @param message what was found, where, and what to change
     * @param line where in the page, or 0
     * @param column where in the line, or 0
     */
    public ScrapeFailure {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(message, "message");
    }

    static ScrapeFailure of(Kind kind, String message) {
        return new ScrapeFailure(kind, message, 0, 0);
    }
}

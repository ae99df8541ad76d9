package io.github.promferry.scrape;

/** Carries a failure from the place that found it to the loop. Expected at each dead target, hence without a trace. */
final class FetchException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient ScrapeFailure failure;

    FetchException(ScrapeFailure.Kind kind, String message) {
        super(message, null, false, false);
        failure = ScrapeFailure.of(kind, message);
    }

    ScrapeFailure failure() {
        return failure;
    }
}

package io.github.promferry.scrape;

import java.io.IOException;

/** Carries a failure from the place that found it to the loop. Expected at each dead target, hence without a trace. */
final class FetchException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient ScrapeFailure failure;

    FetchException(ScrapeFailure.Kind kind, String message) {
        super(message);
        failure = ScrapeFailure.of(kind, message);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }

    ScrapeFailure failure() {
        return failure;
    }
}

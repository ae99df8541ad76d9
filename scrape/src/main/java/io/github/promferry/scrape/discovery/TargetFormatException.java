package io.github.promferry.scrape.discovery;

import org.jspecify.annotations.Nullable;

/** A list of targets that cannot be read. */
final class TargetFormatException extends Exception {
    private static final long serialVersionUID = 1;

    TargetFormatException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package io.github.promferry.scrape.engine;

import org.jspecify.annotations.Nullable;

/**
 * A table of engines says something that is not understood. The message has the file and the line.
 *
 * @since 0.1
 */
public final class EngineTableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EngineTableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package io.github.promferry.examples.config;

/**
 * Something to tell the user about a configuration file.
 *
 * @param file as the user named it
 * @param line from 1
 * @param column from 1
 * @param isError whether the file cannot be used; else a warning
 * @param message what was found and what to do, without any secret
 */
public record ConfigProblem(String file, int line, int column, boolean isError, String message) {
    /** One line as compilers write it, {@code file:line:column: error: message}, so that editors can jump to it. */
    @Override
    public String toString() {
        return file + ":" + line + ":" + column + (isError ? ": error: " : ": warning: ") + message;
    }
}

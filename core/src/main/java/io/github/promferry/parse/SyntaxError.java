package io.github.promferry.parse;

import org.jspecify.annotations.Nullable;

/**
 * A line that breaks the grammar, seen from inside: where and what was expected. Cheap, since a tolerant parser may meet
 * one on each line of a hostile page (malformed exemplars, lines to skip): no stack trace, no line number counted.
 */
final class SyntaxError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final String expected;
    /** What is there, if the text at the place does not say it. */
    final @Nullable String found;

    final int at;

    SyntaxError(String expected, int at) {
        this(expected, null, at);
    }

    SyntaxError(String expected, @Nullable String found, int at) {
        super(expected, null, false, false);
        this.expected = expected;
        this.found = found;
        this.at = at;
    }
}

package io.github.promferry.parse;

/**
 * Thrown by a {@link SeriesResolver} to fail the page that has the series: a limit is exceeded, the metric name is gone.
 * The parser reports it as {@link ExpositionException} with the line.
 *
 * @since 0.1
 */
public final class SeriesRejectedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * A rejection.
     *
     * @param message what is wrong with the series, and which setting says so
     */
    public SeriesRejectedException(String message) {
        super(message);
    }
}

package io.github.promferry;

/**
 * What kind of metric a family is. The order is that of the enums on the wire: {@code ordinal()} is the number of {@code
 * MetricMetadata.MetricType} in Remote Write 1.0 and of {@code Metadata.MetricType} in 2.0.
 *
 * @since 0.1
 */
public enum MetricType {
    /** No TYPE line, or {@code untyped} or {@code unknown}. */
    UNKNOWN("unknown"),
    /** Only grows, but for resets. */
    COUNTER("counter"),
    /** Goes up and down. */
    GAUGE("gauge"),
    /** Cumulative buckets, classic or native. */
    HISTOGRAM("histogram"),
    /** A histogram whose buckets may shrink. */
    GAUGE_HISTOGRAM("gaugehistogram"),
    /** Quantiles computed by the exporter. */
    SUMMARY("summary"),
    /** Constant 1, the information is in the labels. */
    INFO("info"),
    /** One series per state, 0 or 1. */
    STATE_SET("stateset");

    private final String word;

    MetricType(String word) {
        this.word = word;
    }

    /**
     * The word on an OpenMetrics TYPE line, such as {@code gaugehistogram}.
     *
     * @return lower-case letters
     */
    public String word() {
        return word;
    }
}

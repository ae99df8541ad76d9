package io.github.promferry.scrape.engine;

import java.util.Objects;

/**
 * What a series tells of an engine: worked out once for a series, then applied to each of its samples. Immutable.
 *
 * @param source the entry of the engine's table that the series fits
 * @param element which of a histogram's series it is
 * @param upperBound of a bucket, in the signal's unit; NaN for others
 * @since 0.1
 */
public record SignalReading(SignalSource source, Element element, double upperBound) {
    /**
     * Which of a signal's series it is.
     *
     * @since 0.1
     */
    public enum Element {
        /** The value of a counter or gauge. */
        VALUE(""),
        /** The observations up to {@link SignalReading#upperBound}. */
        BUCKET("_bucket"),
        /** The sum of a histogram's observations. */
        SUM("_sum"),
        /** The number of a histogram's observations. */
        COUNT("_count");

        private final String suffix;

        Element(String suffix) {
            this.suffix = suffix;
        }

        /**
         * What the sample's name has after the family's.
         *
         * @return empty, or begins with an underscore
         */
        public String suffix() {
            return suffix;
        }
    }

    /**
     * A reading.
     *
     * @param source the entry of the engine's table
     * @param element which of a histogram's series
     * @param upperBound of a bucket
     */
    public SignalReading {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(element, "element");
    }

    /**
     * The signal.
     *
     * @return that of the source
     */
    public EngineSignal signal() {
        return source.signal();
    }

    /**
     * The name of the series in the vocabulary of {@link EngineSignal}.
     *
     * @return the signal's name with the suffix of the element
     */
    public String metricName() {
        return signal().metricName() + element.suffix();
    }

    /**
     * A sample's value in the signal's unit. Counts stay as they are, whatever the unit of what is counted.
     *
     * @param value as exposed
     * @return the value, scaled
     */
    public double apply(double value) {
        return element == Element.VALUE || element == Element.SUM ? value * source.scale() : value;
    }
}

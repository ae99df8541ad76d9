package io.github.promferry.scrape.engine;

import java.util.Map;
import java.util.Objects;

/**
 * Where an engine's page has a signal. Of several sources that give the same series of a signal, the first in the engine's
 * order counts: newer names stand before older ones. Immutable.
 *
 * @param signal what the series tell
 * @param name the family without the engine's prefix, such as {@code time_to_first_token_seconds}; of a counter or gauge
 *     the sample's name
 * @param labels what the series' labels have to be, often empty
 * @param scale by what values, and bounds of buckets, are multiplied to be in the signal's unit
 * @param part what of the signal the series are
 * @param order the place among the sources of the engine's signal, 0 for the best
 * @since 0.1
 */
public record SignalSource(
        EngineSignal signal, String name, Map<String, String> labels, double scale, Part part, int order) {
    /**
     * What of a signal a source has.
     *
     * @since 0.1
     */
    public enum Part {
        /** All: a counter, a gauge, or a histogram's buckets, sum and count. */
        ALL,
        /** A counter that is the sum of a histogram of which the engine has no buckets. */
        SUM,
        /** A counter that is the count of a histogram of which the engine has no buckets. */
        COUNT
    }

    /**
     * Copies the labels.
     *
     * @param signal what the series tell
     * @param name without the engine's prefix
     * @param labels what the series' labels have to be
     * @param scale by what values are multiplied
     * @param part what of the signal the series are
     * @param order the place among the sources
     */
    public SignalSource {
        Objects.requireNonNull(signal, "signal");
        Objects.requireNonNull(name, "name");
        labels = Map.copyOf(labels);
        Objects.requireNonNull(part, "part");
    }
}

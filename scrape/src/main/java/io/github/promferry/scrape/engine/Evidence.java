package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import org.jspecify.annotations.Nullable;

/**
 * A sample that only one engine has.
 *
 * @param name without the engine's prefix; {@code *} for any
 * @param label that the sample must have, or null
 */
record Evidence(String name, @Nullable String label) {
    boolean isFound(String own, Labels series) {
        return (name.equals("*") || name.equals(own)) && (label == null || series.get(label) != null);
    }
}

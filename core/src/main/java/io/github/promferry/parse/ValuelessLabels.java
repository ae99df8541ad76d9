package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of a series' labels that have no value. A label without value equals none, so {@link Labels} does not know them;
 * on the page each name may stand once all the same. Of no cost until there is such a label.
 */
final class ValuelessLabels {
    private @Nullable Set<String> names;
    private @Nullable String repeated;

    void clear() {
        names = null;
        repeated = null;
    }

    void add(byte[] bytes, int nameFrom, int nameTo) {
        Set<String> all = names == null ? new HashSet<>() : names;
        names = all;
        String name = new String(bytes, nameFrom, nameTo - nameFrom, UTF_8);
        if (!all.add(name)) {
            repeated = name;
        }
    }

    /**
     * Builds the labels that have a value.
     *
     * @throws IllegalArgumentException if a name was added twice, with or without value
     */
    Labels build(Labels.Builder builder) {
        Labels labels = builder.build();
        if (names != null) {
            for (Labels.Cursor at = labels.cursor(); at.next(); ) {
                if (names.contains(at.name())) {
                    repeated = at.name();
                }
            }
        }
        if (repeated != null) {
            throw new IllegalArgumentException("label name \"" + repeated + "\" is repeated");
        }
        return labels;
    }
}

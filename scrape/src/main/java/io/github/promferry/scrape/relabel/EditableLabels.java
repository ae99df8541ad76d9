package io.github.promferry.scrape.relabel;

import io.github.promferry.Labels;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Labels while rules work on them. An empty value is no label.
 *
 * <p>In the order in which Prometheus walks them, which decides when labelmap gives two labels the same name: those
 * untouched so far, sorted, then those set by rules, in the order in which they were first set.
 */
final class EditableLabels {
    private final Labels original;
    private final Map<String, String> labels;
    private final Set<String> setByRules = new HashSet<>();

    EditableLabels(Labels original) {
        this.original = original;
        this.labels = new LinkedHashMap<>(original.toMap());
    }

    /** The value, empty if there is no such label. */
    String get(String name) {
        return labels.getOrDefault(name, "");
    }

    void set(String name, String value) {
        if (value.isEmpty()) {
            remove(name);
            return;
        }
        if (setByRules.add(name)) {
            labels.remove(name);
        }
        labels.put(name, value);
    }

    void remove(String name) {
        labels.remove(name);
        setByRules.remove(name);
    }

    /** A snapshot, for walking while the labels change. */
    Map<String, String> snapshot() {
        return new LinkedHashMap<>(labels);
    }

    /** A snapshot of the names. */
    Set<String> names() {
        return Set.copyOf(labels.keySet());
    }

    Labels toLabels() {
        Labels result = Labels.of(labels);
        // Callers compare by identity whether relabeling did anything.
        return result.equals(original) ? original : result;
    }
}

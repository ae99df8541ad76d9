package io.github.promferry.examples.config;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.Relabeler;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a series or target has under these names gets these values. The collector's receiver treats {@code
 * external_labels} so, where Prometheus only adds them to series that lack them.
 */
record OverwrittenLabels(Labels labels) implements Relabeler {
    @Override
    public Labels apply(Labels given) {
        Map<String, String> all = new TreeMap<>(given.toMap());
        labels.toMap().forEach(all::replace);
        return all.equals(given.toMap()) ? given : Labels.of(all);
    }

    @Override
    public boolean touches(String labelName) {
        return labels.get(labelName) != null;
    }

    @Override
    public boolean mayBlock() {
        return false;
    }
}

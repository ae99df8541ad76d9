package io.github.promferry.scrape.relabel;

import io.github.promferry.Labels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several relabelers, one after the other. */
final class RelabelSequence implements Relabeler {
    private final List<Relabeler> steps;

    RelabelSequence(List<? extends Relabeler> steps) {
        this.steps = List.copyOf(steps);
    }

    @Override
    public @Nullable Labels apply(Labels labels) {
        // Rules in a row work on one editable set; anything else needs the labels in between.
        EditableLabels edited = new EditableLabels(labels);
        for (Relabeler step : steps) {
            if (step instanceof RelabelRule rule) {
                if (!rule.edit(edited)) {
                    return null;
                }
            } else {
                Labels result = step.apply(edited.toLabels());
                if (result == null) {
                    return null;
                }
                edited = new EditableLabels(result);
            }
        }
        return edited.toLabels();
    }

    @Override
    public boolean touches(String labelName) {
        return steps.stream().anyMatch(step -> step.touches(labelName));
    }

    @Override
    public boolean mayBlock() {
        return steps.stream().anyMatch(Relabeler::mayBlock);
    }

    @Override
    public @Nullable Relabeler droppedBy(Labels labels) {
        Labels before = labels;
        for (Relabeler step : steps) {
            Labels after = step.apply(before);
            if (after == null) {
                return step.droppedBy(before);
            }
            before = after;
        }
        return null;
    }

    @Override
    public String toString() {
        return steps.toString();
    }
}

package io.github.promferry.scrape.relabel;

import io.github.promferry.Labels;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Changes the labels of a target or a series, or drops it. A {@link RelabelRule} is one, a list of them is one, and so is
 * a lambda:
 *
 * <pre>{@code
 * Relabeler relabeler = Relabeler.of(
 *         RelabelRule.builder().action(RelabelRule.Action.LABELDROP).regex("pid|engine_id").build(),
 *         Relabeler.keepIf(labels -> !"test".equals(labels.get("env"))));
 * }</pre>
 *
 * <p>It is called once per target or series, not once per sample: the answer is remembered. Hence it must give the same
 * answer to the same labels always. Implementations are thread-safe.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface Relabeler extends UnaryOperator<@Nullable Labels> {
    /**
     * The labels after relabeling.
     *
     * @param labels all labels; of a series {@code __name__} is one of them
     * @return the new labels, the same object if nothing changed, or null to drop the target or series
     */
    @Override
    @Nullable
    Labels apply(Labels labels);

    /**
     * Whether the outcome may depend on the value of this label, or the label itself may be changed or taken away. Series
     * of many targets are stored once as long as their relabeling touches none of the targets' labels, so an exact answer
     * saves memory; true is always correct and the default.
     *
     * @param labelName a label name
     * @return false if the label surely stays as it is and everything else comes out the same whatever its value
     */
    default boolean touches(String labelName) {
        return true;
    }

    /**
     * Whether {@link #apply} may take its time: asks a server, reads a file, waits for a lock. A scraper reads the small
     * pages of a job whose metric relabeling never does on the thread that waits for all its targets, which saves waking
     * another one for each page.
     *
     * @return the same at each call; true is always correct and the default
     */
    default boolean mayBlock() {
        return true;
    }

    /**
     * What drops these labels, for people who miss a target.
     *
     * @param labels as for {@link #apply}
     * @return null if they are not dropped; of several relabelers, the one that does it
     */
    default @Nullable Relabeler droppedBy(Labels labels) {
        return apply(labels) == null ? this : null;
    }

    /**
     * Applies several relabelers in order; the first that drops ends it.
     *
     * @param steps rules or other relabelers; none changes nothing
     * @return all of them as one
     */
    static Relabeler of(Relabeler... steps) {
        return of(List.of(steps));
    }

    /**
     * Applies several relabelers in order; the first that drops ends it.
     *
     * @param steps rules or other relabelers; an empty list changes nothing
     * @return all of them as one
     */
    static Relabeler of(List<? extends Relabeler> steps) {
        return new RelabelSequence(steps);
    }

    /**
     * Drops what a condition does not hold for.
     *
     * @param condition true to keep
     * @return changes no label
     */
    static Relabeler keepIf(Predicate<? super Labels> condition) {
        Objects.requireNonNull(condition, "condition");
        return labels -> condition.test(labels) ? labels : null;
    }
}

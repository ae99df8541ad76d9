package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.Relabeler;

/**
 * A target that is not scraped, and why. Immutable.
 *
 * @param job the name of the job that it was found for
 * @param labels before relabeling, those that the job adds included
 * @param reason such as the rule that dropped it, or what is wrong with its address
 * @since 0.1
 */
public record DroppedTarget(String job, Labels labels, String reason) {
    static DroppedTarget of(ScrapeJob job, Target target, String reason) {
        return new DroppedTarget(job.name(), ActiveTarget.discovered(job, target), reason);
    }

    static DroppedTarget byRelabeling(ScrapeJob job, Target target) {
        Labels labels = ActiveTarget.discovered(job, target);
        Relabeler relabeler = job.relabel();
        return new DroppedTarget(
                job.name(), labels, "dropped by " + (relabeler == null ? null : relabeler.droppedBy(labels)));
    }
}

package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.parse.SeriesResolver;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Brings the labels of a page and those of its target together, once for each new series.
 *
 * <p>The target's labels are the common labels of the batch, so only a conflict leaves a trace in the series: with {@code
 * honor_labels} off, the page's label moves to {@code exported_<name>}; with it on, the page's label stays and wins,
 * since a series' own labels win over the common ones. Which labels conflict depends on the names of the target's labels
 * alone, so all targets of a job that have the same names share the outcome.
 */
final class TargetLabels implements SeriesResolver {
    private static final String EXPORTED = "exported_";

    private final ScrapeJob job;
    private final Set<String> targetNames;

    TargetLabels(ScrapeJob job, Set<String> targetNames) {
        this.job = job;
        this.targetNames = Set.copyOf(targetNames);
    }

    @Override
    public Series resolve(Labels exposed, MetricMetadata metadata) {
        Labels own = merge(exposed);
        checkLimits(own);
        return Series.of(own, metadata);
    }

    /** The labels that the series has of its own beside the target's. */
    Labels merge(Labels exposed) {
        String name = exposed.metricName();
        if (name == null) {
            throw new SeriesRejectedException("the series has no metric name");
        }
        if (exposed.size() == 1) {
            return protectReports(exposed, name);
        }
        if (job.honorLabels() || !conflicts(exposed)) {
            return exposed;
        }
        return export(exposed);
    }

    /** The report series have but the target's labels: a page's label-less series of such a name would be the same. */
    private Labels protectReports(Labels exposed, String name) {
        return job.reports() != ScrapeJob.Reports.NONE && ReportSeries.NAMES.contains(name)
                ? Labels.of(Labels.METRIC_NAME, EXPORTED + name)
                : exposed;
    }

    private boolean conflicts(Labels exposed) {
        for (Labels.Cursor at = exposed.cursor(); at.next(); ) {
            if (targetNames.contains(at.name())) {
                return true;
            }
        }
        return false;
    }

    /**
     * Prometheus' rule: the conflicting labels, shorter names first, get {@code exported_} in front of their name as often
     * as it takes for the name to be free.
     */
    private Labels export(Labels exposed) {
        Map<String, String> own = new TreeMap<>(exposed.toMap());
        List<Map.Entry<String, String>> conflicting = new ArrayList<>();
        exposed.toMap().entrySet().stream()
                .filter(label -> targetNames.contains(label.getKey()))
                .forEach(conflicting::add);
        conflicting.forEach(label -> own.remove(label.getKey()));
        conflicting.sort(Comparator.comparingInt(
                label -> label.getKey().getBytes(java.nio.charset.StandardCharsets.UTF_8).length));
        Set<String> taken = new HashSet<>(targetNames);
        taken.addAll(own.keySet());
        for (Map.Entry<String, String> label : conflicting) {
            String name = EXPORTED + label.getKey();
            while (!taken.add(name)) {
                name = EXPORTED + name;
            }
            own.put(name, label.getValue());
        }
        return Labels.of(own);
    }

    private void checkLimits(Labels own) {
        int count = own.size() + missing(own);
        if (job.labelLimit() > 0 && count > job.labelLimit()) {
            throw new SeriesRejectedException("the series has " + count + " labels, those of the target included, more"
                    + " than the label limit " + job.labelLimit() + " of job " + job.name());
        }
        if (job.labelNameLengthLimit() == 0 && job.labelValueLengthLimit() == 0) {
            return;
        }
        for (Labels.Cursor at = own.cursor(); at.next(); ) {
            int nameLength = at.nameEnd() - at.nameStart();
            if (job.labelNameLengthLimit() > 0 && nameLength > job.labelNameLengthLimit()) {
                throw tooLong("a label name", nameLength, "label name length limit", job.labelNameLengthLimit());
            }
            int valueLength = at.end() - at.valueStart();
            if (job.labelValueLengthLimit() > 0 && valueLength > job.labelValueLengthLimit()) {
                throw tooLong(
                        "the value of label " + at.name(),
                        valueLength,
                        "label value length limit",
                        job.labelValueLengthLimit());
            }
        }
    }

    private SeriesRejectedException tooLong(String what, int length, String limit, int allowed) {
        return new SeriesRejectedException(
                what + " has " + length + " bytes, more than the " + limit + " " + allowed + " of job " + job.name());
    }

    /** How many of the target's labels the series does not have itself. */
    private int missing(Labels own) {
        int missing = targetNames.size();
        for (Labels.Cursor at = own.cursor(); at.next(); ) {
            if (targetNames.contains(at.name())) {
                missing--;
            }
        }
        return missing;
    }
}

package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.parse.SeriesResolver;
import io.github.promferry.scrape.relabel.Relabeler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings the labels of a page and those of its target together, once for each new series.
 *
 * <p>The target's labels are the common labels of the batch, so only a conflict leaves a trace in the series: with {@code
 * honor_labels} off, the page's label moves to {@code exported_<name>}; with it on, the page's label stays and wins,
 * since a series' own labels win over the common ones. Which labels conflict depends on the names of the target's labels
 * alone, so all targets of a job that have the same names share the outcome, unless relabeling touches one of them: then
 * the outcome is the target's own, and its series carry all their labels.
 */
final class TargetLabels implements SeriesResolver {
    private static final String EXPORTED = "exported_";

    /** The name, and the labels that hold type and unit where a store wants them. */
    private static final Set<String> KEPT_INTERNAL = Set.of(Labels.METRIC_NAME, "__type__", "__unit__");

    private final ScrapeJob job;
    private final Set<String> targetNames;
    private final Labels targetLabels;
    private final Labels externalLabels;
    private final boolean shared;

    /**
     * For a target, and all that {@linkplain #sharedBy have the same key}.
     *
     * @param externalLabels for series that carry all their labels
     */
    TargetLabels(ScrapeJob job, Labels targetLabels, Labels externalLabels) {
        this.job = job;
        this.targetLabels = targetLabels;
        this.externalLabels = externalLabels;
        targetNames = targetLabels.toMap().keySet();
        shared = !isTouched(job, targetNames);
    }

    /** Targets of a job with equal keys get the same series for the same page. */
    static Object sharedBy(ScrapeJob job, Labels targetLabels) {
        Set<String> names = targetLabels.toMap().keySet();
        return isTouched(job, names) ? targetLabels : Set.copyOf(names);
    }

    private static boolean isTouched(ScrapeJob job, Set<String> targetNames) {
        Relabeler relabeler = job.metricRelabel();
        return relabeler != null && targetNames.stream().anyMatch(relabeler::touches);
    }

    @Override
    public @Nullable Series resolve(Labels exposed, MetricMetadata metadata) {
        Labels merged = merge(exposed);
        Relabeler relabeler = job.metricRelabel();
        if (relabeler == null) {
            checkLimits(merged, missing(merged));
            return Series.of(protectReports(merged, Labels.EMPTY), metadata);
        }
        Labels before = shared ? merged : merged.withDefaults(targetLabels);
        Labels relabeled = relabeler.apply(before);
        if (relabeled == null) {
            return null;
        }
        Labels kept = relabeled.equals(before) ? before : withoutInternal(relabeled);
        checkLimits(kept, shared ? missing(kept) : 0);
        MetricMetadata fitting = renamed(metadata, before, kept);
        return shared
                ? Series.of(protectReports(kept, Labels.EMPTY), fitting)
                : Series.complete(protectReports(kept, targetLabels).withDefaults(externalLabels), fitting);
    }

    /** What rules have put aside in labels such as {@code __tmp} is for rules only. */
    private static Labels withoutInternal(Labels relabeled) {
        Map<String, String> kept = new TreeMap<>(relabeled.toMap());
        if (!kept.containsKey(Labels.METRIC_NAME)) {
            throw new SeriesRejectedException("metric relabeling took away the metric name (label __name__)");
        }
        boolean changed = kept.keySet().removeIf(name -> name.startsWith("__") && !KEPT_INTERNAL.contains(name));
        return changed ? Labels.of(kept) : relabeled;
    }

    /** The family follows its series to the new name. */
    private static MetricMetadata renamed(MetricMetadata metadata, Labels before, Labels after) {
        String oldName = String.valueOf(before.metricName());
        String newName = String.valueOf(after.metricName());
        if (metadata.family().isEmpty() || newName.equals(oldName)) {
            return metadata;
        }
        String suffix = oldName.startsWith(metadata.family())
                ? oldName.substring(metadata.family().length())
                : "";
        String family = newName.length() > suffix.length() && newName.endsWith(suffix)
                ? newName.substring(0, newName.length() - suffix.length())
                : newName;
        return new MetricMetadata(family, metadata.type(), metadata.help(), metadata.unit());
    }

    /** The labels that the series has of its own beside the target's. */
    Labels merge(Labels exposed) {
        if (exposed.metricName() == null) {
            throw new SeriesRejectedException("the series has no metric name");
        }
        if (job.honorLabels() || !conflicts(exposed)) {
            return exposed;
        }
        return export(exposed);
    }

    /**
     * The report series have but the target's labels: a page's series of such a name without any more would be the same.
     *
     * @param common labels among those of the series that are the target's
     */
    private Labels protectReports(Labels labels, Labels common) {
        String name = labels.metricName();
        if (job.reports() == ScrapeJob.Reports.NONE
                || labels.size() != 1 + common.size()
                || name == null
                || !ReportSeries.NAMES.contains(name)) {
            return labels;
        }
        Labels report = Labels.of(Labels.METRIC_NAME, name).withDefaults(common);
        return labels.equals(report)
                ? Labels.of(Labels.METRIC_NAME, EXPORTED + name).withDefaults(common)
                : labels;
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
        conflicting.sort(Comparator.comparingInt(label -> label.getKey().getBytes(UTF_8).length));
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

    /** The target's own labels were checked with the target. */
    private void checkLimits(Labels own, int missing) {
        checkNames(job, own);
        int count = own.size() + missing;
        int limit = job.limits().labels();
        if (limit > 0 && count > limit) {
            throw new SeriesRejectedException("the series has " + count + " labels, those of the target included, more"
                    + " than the label limit " + limit + " of job " + job.name());
        }
        checkLengths(job, own);
    }

    static void checkNames(ScrapeJob job, Labels labels) {
        if (!job.legacyNames()) {
            return;
        }
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            String name = at.name();
            if (!Labels.isLegacyLabelName(name)) {
                throw notLegacy(job, "label name", name);
            }
        }
        String metric = labels.metricName();
        if (metric != null && !Labels.isLegacyMetricName(metric)) {
            throw notLegacy(job, "metric name", metric);
        }
    }

    private static SeriesRejectedException notLegacy(ScrapeJob job, String what, String name) {
        return new SeriesRejectedException(what + " \"" + name + "\" has a character that the legacy names of job "
                + job.name() + " do not allow");
    }

    static void checkLengths(ScrapeJob job, Labels labels) {
        int nameLimit = job.limits().labelNameBytes();
        int valueLimit = job.limits().labelValueBytes();
        if (nameLimit == 0 && valueLimit == 0) {
            return;
        }
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            int nameBytes = at.nameEnd() - at.nameStart();
            if (nameLimit > 0 && nameBytes > nameLimit) {
                throw tooLong(job, "a label name", nameBytes, "label name length limit", nameLimit);
            }
            int valueBytes = at.end() - at.valueStart();
            if (valueLimit > 0 && valueBytes > valueLimit) {
                throw tooLong(
                        job, "the value of label " + at.name(), valueBytes, "label value length limit", valueLimit);
            }
        }
    }

    private static SeriesRejectedException tooLong(ScrapeJob job, String what, int bytes, String limit, int allowed) {
        return new SeriesRejectedException(
                what + " has " + bytes + " bytes, more than the " + limit + " " + allowed + " of job " + job.name());
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

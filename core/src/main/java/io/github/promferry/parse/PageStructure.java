package io.github.promferry.parse;

import io.github.promferry.MetricMetadata;
import java.util.HashSet;
import java.util.Set;

/**
 * What the lines of a page break of the rules on their order. Found from the remembered lines when somebody asks, so that
 * reading pages pays nothing for it.
 */
final class PageStructure {
    private final Set<String> begun = new HashSet<>();
    private String family = "";
    private int lateMetadata;
    private int splitFamilies;

    /** Looks at the lines up to {@link Entry#END}. */
    PageStructure(Entry[] lines) {
        for (Entry line : lines) {
            if (line == Entry.END || line.context.has(FamilyContext.PROTOBUF)) {
                break;
            }
            if (line instanceof Entry.Comment comment) {
                comment(comment);
            } else if (line.series != null) {
                sample(familyOf(line, line.series.metadata()));
            }
        }
    }

    private void comment(Entry.Comment comment) {
        boolean metadata = comment.after != comment.context;
        if (metadata && begun.contains(comment.after.metadata.family())) {
            lateMetadata++;
        }
    }

    private void sample(String name) {
        if (name.equals(family)) {
            return;
        }
        family = name;
        if (!begun.add(name)) {
            splitFamilies++;
        }
    }

    /** Of samples that no TYPE, HELP or UNIT line speaks of, their own name. */
    private static String familyOf(Entry line, MetricMetadata metadata) {
        return metadata.family().isEmpty() && line.series != null
                ? String.valueOf(line.series.labels().metricName())
                : metadata.family();
    }

    /** TYPE, HELP and UNIT lines behind a sample of their family. */
    int lateMetadata() {
        return lateMetadata;
    }

    /** Pieces of families beyond their first. */
    int splitFamilies() {
        return splitFamilies;
    }
}

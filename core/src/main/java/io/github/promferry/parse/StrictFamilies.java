package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.parse.TypeRules.Broken;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the formats that span lines: metadata before samples and once, families in one piece, names that do not
 * clash, suffixes and labels by type, values by type, samples of a label set together and in order of time, whole
 * histograms. OpenMetrics 1.0, sections "Overall Structure" to "Metric types"; of the text format what prometheus/common
 * enforces.
 */
final class StrictFamilies {
    private final boolean openMetrics;
    private final TypeRules rules;

    /** Every name that the families so far may give to samples. */
    private final Set<String> takenNames = new HashSet<>();

    private String family = "";
    /** Where its first line begins. */
    private int familyAt;

    private MetricType type = MetricType.UNKNOWN;
    private boolean hasType;
    private boolean hasHelp;
    private boolean hasUnit;
    private String unit = "";
    private boolean hasSamples;

    private final Set<Labels> groups = new HashSet<>();
    private @Nullable Labels group;
    private @Nullable BigDecimal groupStamp;
    /** Series of the group at its present time. */
    private final Set<Labels> seriesNow = new HashSet<>();

    private final PointRules point = new PointRules();

    StrictFamilies(TypeRules rules) {
        this.rules = rules;
        openMetrics = rules != TypeRules.TEXT;
    }

    // ---- metadata

    void metadata(String keyword, MetricMetadata after, int at) {
        if (!after.family().equals(family)) {
            if (!openMetrics && takenNames.contains(keyword + after.family())) {
                throw rule("a second " + keyword + " of " + after.family(), "one", at);
            }
            begin(after.family(), at);
        } else if (hasSamples && (openMetrics || keyword.equals("TYPE"))) {
            throw rule(keyword + " after samples of its family", "metadata before samples", at);
        }
        boolean repeated = switch (keyword) {
            case "TYPE" -> hasType;
            case "HELP" -> hasHelp;
            default -> hasUnit;
        };
        if (repeated) {
            throw rule("a second " + keyword + " of " + family, "one", at);
        }
        switch (keyword) {
            case "TYPE" -> {
                hasType = true;
                type = after.type();
                refuseTypeAfterSamples(at);
            }
            case "HELP" -> hasHelp = true;
            default -> {
                hasUnit = true;
                unit = after.unit();
            }
        }
        if (!openMetrics) {
            takenNames.add(keyword + family);
        }
    }

    /** In text, samples need no metadata, so they may have come as a family of their own. */
    private void refuseTypeAfterSamples(int at) {
        if (!openMetrics && takenNames.contains("sample " + family)) {
            throw rule("TYPE after samples of its family", "metadata before samples", at);
        }
    }

    private void begin(String name, int at) {
        endFamily(at);
        family = name;
        familyAt = at;
        type = MetricType.UNKNOWN;
        hasType = false;
        hasHelp = false;
        hasUnit = false;
        unit = "";
        hasSamples = false;
        groups.clear();
        group = null;
        groupStamp = null;
        seriesNow.clear();
        point.clear();
    }

    void finish(int at) {
        endFamily(at);
    }

    private void endFamily(int at) {
        if (family.isEmpty() || !openMetrics) {
            return;
        }
        for (String suffix : rules.reservedSuffixes(type)) {
            if (!takenNames.add(family + suffix)) {
                throw rule(
                        "the name " + family + suffix + " in two families",
                        "each family in one piece and no two families with one name",
                        familyAt);
            }
        }
        refuse(rules.family(type, family), familyAt);
        if (!unit.isEmpty() && (type == MetricType.INFO || type == MetricType.STATE_SET)) {
            throw rule("a unit of " + family, "none on info and stateset", familyAt);
        }
        refuse(point.check(family), at);
    }

    // ---- samples

    void sample(
            Labels labels,
            double value,
            boolean stamped,
            @Nullable BigDecimal stamp,
            List<Exemplar> exemplars,
            int at) {
        String name = String.valueOf(labels.metricName());
        if (!openMetrics) {
            textSample(name);
            return;
        }
        String suffix = rules.suffix(name, family, type);
        if (suffix == null) {
            if (name.equals(family)) {
                String names =
                        rules.suffixes(type).stream().map(each -> family + each).collect(Collectors.joining(", "));
                throw rule("the name of the family, of type " + type.word(), "one of " + names, at);
            }
            begin(name, at);
            suffix = "";
        }
        hasSamples = true;
        refuse(rules.labels(type, family, suffix, labels), at);
        String wanted = rules.value(type, suffix, value);
        if (wanted != null) {
            throw rule("the value " + value + " of " + name, wanted + ", being " + type.word(), at);
        }
        for (Exemplar exemplar : exemplars) {
            refuse(rules.exemplar(type, suffix, labels, exemplar.value()), at);
        }
        checkGroup(labels, suffix, stamped ? stamp : null, at);
        if (rules.hasPoints(type)) {
            refuse(point.add(type, labels, suffix, value, family), at);
        }
    }

    private void textSample(String name) {
        takenNames.add("sample " + name);
        for (String suffix : List.of("_bucket", "_sum", "_count")) {
            if (name.endsWith(suffix)) {
                takenNames.add("sample " + name.substring(0, name.length() - suffix.length()));
            }
        }
        hasSamples |= name.startsWith(family);
    }

    void composite(Labels labels, CompositeLexer value, boolean stamped, @Nullable BigDecimal stamp, int at) {
        String name = String.valueOf(labels.metricName());
        if (rules.suffix(name, family, type) == null) {
            begin(name, at);
        }
        hasSamples = true;
        refuse(CompositeRules.type(type, value), at);
        refuse(CompositeRules.values(value), at);
        checkGroup(labels, "", stamped ? stamp : null, at);
        refuse(CompositeRules.bounds(value), at);
        refuse(CompositeRules.counts(value), at);
    }

    /** What only some types may have: a start timestamp. Called behind the sample itself. */
    void start(int at) {
        refuse(TypeRules.start(type), at);
    }

    /** Samples of one label set come together, in order of time, all with a timestamp or none. */
    private void checkGroup(Labels labels, String suffix, @Nullable BigDecimal stamp, int at) {
        Labels now = FamilyPoints.without(labels, TypeRules.partLabel(type, family, suffix));
        if (!now.equals(group)) {
            if (!groups.add(now)) {
                throw rule("samples of one label set apart from each other", "all of them together", at);
            }
            seriesNow.clear();
        } else if ((stamp == null) != (groupStamp == null)) {
            throw rule("samples of one label set with and without timestamp", "all with or all without", at);
        } else if (stamp != null && groupStamp != null && stamp.compareTo(groupStamp) != 0) {
            if (stamp.compareTo(groupStamp) < 0 && type != MetricType.INFO) {
                throw seriesNow.contains(labels)
                        ? rule("a timestamp before that of the line above", "timestamps that do not go back", at)
                        : rule("a sample of an earlier point", "the samples of a point together, in order of time", at);
            }
            seriesNow.clear();
            refuse(point.check(family), at);
            point.clear();
        }
        boolean again = !seriesNow.add(labels);
        if (again && stamp == null) {
            throw rule("the same series twice", "it once", at);
        }
        if (!now.equals(group)) {
            refuse(point.check(family), at);
            point.clear();
        }
        group = now;
        groupStamp = stamp;
    }

    private static void refuse(@Nullable Broken broken, int at) {
        if (broken != null) {
            throw rule(broken.found(), broken.expected(), at);
        }
    }

    private static SyntaxError rule(String found, String expected, int at) {
        return new SyntaxError(expected, found, at);
    }
}

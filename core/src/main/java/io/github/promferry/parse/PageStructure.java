package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the lines of a page break together of the rules of its format. Found from the remembered lines when somebody asks, so
 * that reading pages pays nothing for it; therefore numbers are not known.
 */
final class PageStructure {
    private final TypeRules rules;
    private final boolean openMetrics;
    private final PageCounts counts;
    private final SeriesLexer lexer = new SeriesLexer();
    private final CommentLexer comments = new CommentLexer(lexer);

    private final Map<String, Family> families = new LinkedHashMap<>();
    /** Keyword and family of the TYPE, HELP and UNIT lines. */
    private final Set<String> metadata = new HashSet<>();

    /** Of the last line. */
    private @Nullable Family family;

    private @Nullable Labels group;
    private boolean groupStamped;
    private final Set<Labels> seriesNow = new HashSet<>();
    private final PointRules point = new PointRules();
    private boolean pointBroken;

    private static final class Family {
        private final String name;
        private MetricType type = MetricType.UNKNOWN;
        private String unit = "";
        private boolean begun;
        private boolean hasSamples;
        private final Set<Labels> groups = new HashSet<>();

        private Family(String name) {
            this.name = name;
        }
    }

    /**
     * To begin with no lines.
     *
     * @param counts where what the lines break is added
     */
    PageStructure(TypeRules rules, PageCounts counts) {
        this.rules = rules;
        this.counts = counts;
        openMetrics = rules != TypeRules.TEXT;
        point.clear();
    }

    /**
     * Adds the next line.
     *
     * @param duplicate whether its series stood further above; without a timestamp, then it is no row
     * @param stamped whether it has a timestamp
     */
    void add(Entry line, boolean duplicate, boolean stamped) {
        if (line.kind() == Entry.END_MARK || line.context.has(FamilyContext.PROTOBUF)) {
            return;
        }
        if (line.kind() == Entry.COMMENT) {
            comment(line);
        } else if (!duplicate || stamped) {
            sample(line, PartSeries.lengthOnPage(line.key), stamped);
        }
    }

    /** There are no more lines. */
    void finish() {
        endPoint();
        Map<String, Family> taken = new LinkedHashMap<>();
        for (Family each : families.values()) {
            boolean clashes = false;
            for (String suffix : rules.reservedSuffixes(each.type)) {
                Family other = taken.putIfAbsent(each.name + suffix, each);
                clashes |= other != null;
            }
            if (clashes) {
                counts.tolerate(Tolerated.CLASHING_NAMES);
            }
            if (rules.family(each.type, each.name) != null) {
                counts.tolerate(Tolerated.TYPE_MISMATCH);
            }
            boolean unitless = each.type == MetricType.INFO || each.type == MetricType.STATE_SET;
            if (openMetrics && unitless && !each.unit.isEmpty()) {
                counts.tolerate(Tolerated.UNIT_MISMATCH);
            }
        }
    }

    private void comment(Entry line) {
        lexer.begin(line.key, line.key.length, openMetrics);
        comments.begin(line.key);
        MetricMetadata after = comments.read(0, line.key.length, line.context);
        if (after == null) {
            return;
        }
        Family spokenOf = family(after.family());
        enter(spokenOf);
        spokenOf.type = after.type();
        spokenOf.unit = after.unit();
        if (spokenOf.hasSamples) {
            counts.tolerate(Tolerated.LATE_METADATA);
        }
        if (!metadata.add(comments.keyword() + after.family())) {
            counts.tolerate(Tolerated.REPEATED_METADATA);
        }
    }

    private Family family(String name) {
        return families.computeIfAbsent(name, Family::new);
    }

    private void sample(Entry line, int end, boolean stamped) {
        if (end == 0) {
            return;
        }
        boolean composite = end < line.key.length;
        lexer.begin(line.key, end, openMetrics);
        lexer.find(0, line.context);
        Labels labels = lexer.series(line.context);
        String name = String.valueOf(labels.metricName());
        MetricMetadata said = line.context.metadata;
        String suffix = rules.suffix(name, said.family(), said.type());
        boolean nameless = suffix == null && name.equals(said.family());
        Family its = family(suffix == null ? name : said.family());
        enter(its);
        its.hasSamples = true;
        if (nameless && !composite) {
            counts.tolerate(Tolerated.TYPE_MISMATCH);
        } else if (!composite) {
            part(its, suffix == null ? "" : suffix, labels, stamped);
        }
    }

    private void enter(Family next) {
        if (next == family) {
            return;
        }
        endPoint();
        group = null;
        family = next;
        if (next.begun) {
            counts.tolerate(Tolerated.SPLIT_FAMILY);
        }
        next.begun = true;
    }

    private void part(Family its, String suffix, Labels labels, boolean stamped) {
        if (rules.labels(its.type, its.name, suffix, labels) != null) {
            counts.tolerate(Tolerated.TYPE_MISMATCH);
            return;
        }
        Labels now = FamilyPoints.without(labels, TypeRules.partLabel(its.type, its.name, suffix));
        if (!now.equals(group)) {
            endPoint();
            group = now;
            if (!its.groups.add(now) && openMetrics) {
                counts.tolerate(Tolerated.SPLIT_METRIC);
            }
            groupStamped = stamped;
        } else if (seriesNow.contains(labels)) {
            if (!stamped) {
                return;
            }
            // The same at another time.
            endPoint();
        }
        if (stamped != groupStamped && openMetrics) {
            counts.tolerate(Tolerated.MIXED_TIMESTAMPS);
        }
        groupStamped = stamped;
        seriesNow.add(labels);
        if (rules.hasPoints(its.type)) {
            pointBroken |= point.add(its.type, labels, suffix, Double.NaN, its.name) != null;
        }
    }

    private void endPoint() {
        if (family != null && (pointBroken || point.check(family.name) != null)) {
            counts.tolerate(Tolerated.BROKEN_POINT);
        }
        pointBroken = false;
        point.clear();
        seriesNow.clear();
    }
}

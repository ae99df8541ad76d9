package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
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
    private final boolean version2;

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

    private final Buckets buckets = new Buckets();

    StrictFamilies(boolean openMetrics, boolean version2) {
        this.openMetrics = openMetrics;
        this.version2 = version2;
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
        buckets.clear();
    }

    void finish(int at) {
        endFamily(at);
    }

    private void endFamily(int at) {
        if (family.isEmpty() || !openMetrics) {
            return;
        }
        for (String suffix : reservedSuffixes()) {
            if (!takenNames.add(family + suffix)) {
                throw rule(
                        "the name " + family + suffix + " in two families",
                        "each family in one piece and no two families with one name",
                        familyAt);
            }
        }
        if (!unit.isEmpty() && (type == MetricType.INFO || type == MetricType.STATE_SET)) {
            throw rule("a unit of " + family, "none on info and stateset", familyAt);
        }
        buckets.check(family, at);
    }

    /** Names that samples of the family may have. */
    private String suffixes() {
        return reservedSuffixes().stream()
                .filter(suffix -> isOfFamily(family + suffix))
                .map(suffix -> family + suffix)
                .collect(Collectors.joining(", "));
    }

    private List<String> reservedSuffixes() {
        if (version2) {
            return List.of("");
        }
        return switch (type) {
            case COUNTER -> List.of("", "_total", "_created");
            case SUMMARY -> List.of("", "_count", "_sum", "_created");
            case HISTOGRAM -> List.of("", "_count", "_sum", "_bucket", "_created");
            case GAUGE_HISTOGRAM -> List.of("", "_gcount", "_gsum", "_bucket");
            case INFO -> List.of("", "_info");
            case UNKNOWN, GAUGE, STATE_SET -> List.of("");
        };
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
        if (!isOfFamily(name)) {
            if (name.equals(family)) {
                throw rule("the name of the family, of type " + type.word(), "one of " + suffixes(), at);
            }
            begin(name, at);
        }
        hasSamples = true;
        String suffix = name.substring(family.length());
        checkLabels(labels, suffix, at);
        checkValue(labels, suffix, value, at);
        checkExemplars(suffix, exemplars, at);
        checkGroup(labels, suffix, stamped ? stamp : null, at);
        if (type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM) {
            buckets.add(labels, suffix, value, family, at);
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

    void composite(Labels labels, CompositeLexer value, @Nullable NativeHistogram histogram, int at) {
        String name = String.valueOf(labels.metricName());
        if (!isOfFamily(name)) {
            begin(name, at);
        }
        hasSamples = true;
        boolean fits = switch (type) {
            case UNKNOWN -> true;
            case HISTOGRAM -> !value.isSummary() && !value.isGauge();
            case GAUGE_HISTOGRAM -> value.isGauge();
            case SUMMARY -> value.isSummary();
            case COUNTER, GAUGE, INFO, STATE_SET -> false;
        };
        if (!fits) {
            throw rule("a composite value that does not fit the type " + type.word(), "a value of the type", at);
        }
        if (value.isClassic()) {
            checkClassic(value, histogram == null, at);
        }
    }

    private static void checkClassic(CompositeLexer value, boolean alone, int at) {
        double bound = Double.NEGATIVE_INFINITY;
        double count = 0;
        for (int point = 0; point < value.pointCount(); point++) {
            double next = Double.longBitsToDouble(value.pointBits(point));
            if (!(value.bound(point) > bound) && point > 0) {
                throw rule("buckets out of order", "ascending bounds", at);
            }
            if (!(next >= count)) {
                throw rule("a bucket with fewer observations than the one before", "cumulative counts", at);
            }
            bound = value.bound(point);
            count = next;
        }
        if (bound != Double.POSITIVE_INFINITY) {
            throw rule("no +Inf bucket", "one, as the last", at);
        }
        if (alone && count != Double.longBitsToDouble(value.countBits())) {
            throw rule("a count that differs from the +Inf bucket", "the same number", at);
        }
    }

    private boolean isOfFamily(String name) {
        if (family.isEmpty() || !name.startsWith(family)) {
            return false;
        }
        String suffix = name.substring(family.length());
        if (version2) {
            return suffix.isEmpty();
        }
        return switch (type) {
            case COUNTER -> suffix.equals("_total") || suffix.equals("_created");
            case SUMMARY ->
                suffix.isEmpty() || suffix.equals("_count") || suffix.equals("_sum") || suffix.equals("_created");
            case HISTOGRAM ->
                suffix.equals("_bucket")
                        || suffix.equals("_count")
                        || suffix.equals("_sum")
                        || suffix.equals("_created");
            case GAUGE_HISTOGRAM -> suffix.equals("_bucket") || suffix.equals("_gcount") || suffix.equals("_gsum");
            case INFO -> suffix.equals("_info");
            case UNKNOWN, GAUGE, STATE_SET -> suffix.isEmpty();
        };
    }

    private void checkLabels(Labels labels, String suffix, int at) {
        if (suffix.equals("_bucket") && isHistogram()) {
            double le = DecimalParser.number(labels.get("le"));
            if (Double.isNaN(le)) {
                throw rule("a bucket without a number as le", "the label le, such as le=\"0.5\" or le=\"+Inf\"", at);
            }
            if (le == Double.POSITIVE_INFINITY && !"+Inf".equals(labels.get("le"))) {
                throw rule("le=\"" + labels.get("le") + "\"", "le=\"+Inf\"", at);
            }
        }
        if (type == MetricType.SUMMARY && suffix.isEmpty()) {
            double quantile = DecimalParser.number(labels.get("quantile"));
            if (!(quantile >= 0 && quantile <= 1)) {
                throw rule("a summary without a quantile from 0 to 1", "the label quantile", at);
            }
        }
        if (type == MetricType.STATE_SET && labels.get(family) == null) {
            throw rule("a stateset without a label named like the family", "the label " + family, at);
        }
    }

    private boolean isHistogram() {
        return type == MetricType.HISTOGRAM || type == MetricType.GAUGE_HISTOGRAM;
    }

    private void checkValue(Labels labels, String suffix, double value, int at) {
        String broken = switch (type) {
            case COUNTER -> suffix.equals("_created") || value >= 0 ? "" : "not NaN and not negative";
            case STATE_SET -> value == 0 || value == 1 ? "" : "0 or 1";
            case INFO -> value == 1 ? "" : "1";
            case HISTOGRAM -> brokenHistogram(suffix, value);
            case GAUGE_HISTOGRAM ->
                suffix.equals("_gsum")
                        ? Double.isNaN(value) ? "not NaN" : ""
                        : value >= 0 ? "" : "not NaN and not negative";
            case SUMMARY ->
                suffix.isEmpty()
                        ? value < 0 ? "not negative" : ""
                        : suffix.equals("_created") || value >= 0 ? "" : "not NaN and not negative";
            case UNKNOWN, GAUGE -> "";
        };
        if (!broken.isEmpty()) {
            throw rule("the value " + value + " of " + labels.metricName(), broken + ", being " + type.word(), at);
        }
    }

    private static String brokenHistogram(String suffix, double value) {
        if (suffix.equals("_created")) {
            return "";
        }
        if (!(value >= 0)) {
            return "not NaN and not negative";
        }
        return suffix.equals("_sum") || value == Math.rint(value) ? "" : "an integer";
    }

    private void checkExemplars(String suffix, List<Exemplar> exemplars, int at) {
        boolean allowed = version2
                || (type == MetricType.COUNTER && suffix.equals("_total"))
                || (isHistogram() && suffix.equals("_bucket"));
        if (!exemplars.isEmpty() && !allowed) {
            throw rule("an exemplar", "none but on _total of counters and _bucket of histograms", at);
        }
    }

    /** Samples of one label set come together, in order of time, all with a timestamp or none. */
    private void checkGroup(Labels labels, String suffix, @Nullable BigDecimal stamp, int at) {
        Labels now = groupOf(labels, suffix);
        if (!now.equals(group)) {
            if (!groups.add(now)) {
                throw rule("samples of one label set apart from each other", "all of them together", at);
            }
            seriesNow.clear();
        } else if ((stamp == null) != (groupStamp == null)) {
            throw rule("samples of one label set with and without timestamp", "all with or all without", at);
        } else if (stamp != null && groupStamp != null && stamp.compareTo(groupStamp) != 0) {
            if (stamp.compareTo(groupStamp) < 0 && type != MetricType.INFO) {
                throw rule("a timestamp before that of the line above", "timestamps that do not go back", at);
            }
            seriesNow.clear();
            buckets.check(family, at);
            buckets.clear();
        }
        boolean again = !seriesNow.add(labels);
        if (again && stamp == null) {
            throw rule("the same series twice", "it once", at);
        }
        if (!now.equals(group)) {
            buckets.check(family, at);
            buckets.clear();
        }
        group = now;
        groupStamp = stamp;
    }

    private Labels groupOf(Labels labels, String suffix) {
        String part = switch (type) {
            case HISTOGRAM, GAUGE_HISTOGRAM -> suffix.equals("_bucket") ? "le" : "";
            case SUMMARY -> suffix.isEmpty() ? "quantile" : "";
            case STATE_SET -> family;
            case UNKNOWN, COUNTER, GAUGE, INFO -> "";
        };
        return FamilyPoints.without(labels, part);
    }

    private static SyntaxError rule(String found, String expected, int at) {
        return new SyntaxError(expected, found, at);
    }

    /** The histogram of one label set at one time. */
    private static final class Buckets {
        private boolean any;
        private double bound;
        private double cumulative;
        private boolean hasCount;
        private double count;
        private boolean hasSum;
        private boolean hasNegativeSum;
        private boolean isGauge;
        private boolean hasNegativeBound;

        void clear() {
            any = false;
            bound = Double.NaN;
            cumulative = 0;
            hasCount = false;
            hasSum = false;
            hasNegativeSum = false;
            isGauge = false;
            hasNegativeBound = false;
        }

        void add(Labels labels, String suffix, double value, String family, int at) {
            any = true;
            switch (suffix) {
                case "_bucket" -> {
                    double le = DecimalParser.number(labels.get("le"));
                    if (le <= bound) {
                        throw rule("buckets of " + family + " out of order", "ascending le", at);
                    }
                    if (value < cumulative) {
                        throw rule(
                                "a bucket of " + family + " with fewer observations than the one before",
                                "cumulative counts",
                                at);
                    }
                    bound = le;
                    cumulative = value;
                    hasNegativeBound |= le < 0;
                }
                case "_count", "_gcount" -> {
                    hasCount = true;
                    count = value;
                }
                case "_sum", "_gsum" -> {
                    hasSum = true;
                    hasNegativeSum = value < 0;
                    isGauge = suffix.equals("_gsum");
                }
                default -> {
                    // _created has no say in it.
                }
            }
        }

        void check(String family, int at) {
            if (!any) {
                return;
            }
            if (bound != Double.POSITIVE_INFINITY) {
                throw rule("a histogram of " + family + " without +Inf bucket", "one, as the last", at);
            }
            if (hasCount != hasSum) {
                throw rule("only one of count and sum of " + family, "both or none", at);
            }
            if (hasCount && count != cumulative) {
                throw rule("a count of " + family + " that differs from the +Inf bucket", "the same number", at);
            }
            if (hasNegativeBound && hasSum && !isGauge) {
                throw rule("a sum of " + family + " beside buckets below 0", "no sum, as it may go down", at);
            }
            if (!hasNegativeBound && hasNegativeSum) {
                throw rule("a negative sum of " + family, "none without buckets below 0", at);
            }
        }
    }
}

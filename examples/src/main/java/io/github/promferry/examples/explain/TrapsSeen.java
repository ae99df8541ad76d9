package io.github.promferry.examples.explain;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.Tolerated;
import io.github.promferry.scrape.engine.EngineMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** What of a page misleads those who do not know of it. */
final class TrapsSeen {
    /** "Not supported" and the like of DCGM, see dcgm_structs.h: from 2^63 - 16 on, which as doubles are all the same. */
    private static final double BLANK_64 = 0x1p63;

    private static final double BLANK_32 = 0x7ffffff0;
    private static final double BLANK_FLOAT = 0x1p47;
    private static final int BLANK_CODES = 4;
    private static final int EXAMPLES = 3;

    private final ReadPage page;
    private final List<EngineMatch> engines;
    private final List<String> seen = new ArrayList<>();

    private TrapsSeen(ReadPage page, List<EngineMatch> engines) {
        this.page = page;
        this.engines = engines;
    }

    /** A sentence for each. */
    static List<String> on(ReadPage page, List<EngineMatch> engines) {
        TrapsSeen traps = new TrapsSeen(page, engines);
        traps.names();
        traps.types();
        traps.values();
        traps.labels();
        traps.restart();
        traps.form();
        return traps.seen;
    }

    private void names() {
        Set<String> names = page.names();
        List<String> damaged = page.declared().stream()
                .filter(name -> name.indexOf(':') >= 0)
                .filter(name -> names.contains(name.replace(':', '_')))
                .sorted()
                .toList();
        tell(
                damaged,
                "families declared with a colon whose samples have an underscore, as servers write OpenMetrics: ask for"
                        + " text 0.0.4 alone");
    }

    private void types() {
        Set<MetricMetadata> families = page.families().keySet();
        tell(
                named(
                        families,
                        family -> family.type() == MetricType.HISTOGRAM
                                && family.family().endsWith("_total")),
                "histograms whose names end in _total");
        tell(
                named(
                        families,
                        family -> family.type() == MetricType.GAUGE
                                && family.family().endsWith("_total")),
                "gauges whose names end in _total");
        tell(
                named(
                        families,
                        family -> family.type() == MetricType.COUNTER
                                && page.names().contains(family.family())
                                && !family.family().endsWith("_total")),
                "counters whose names do not end in _total");
        tell(
                named(families, family -> family.family().endsWith("_created")),
                "families of _created samples, which can become start timestamps");
    }

    private static List<String> named(Set<MetricMetadata> families, Predicate<MetricMetadata> which) {
        return families.stream()
                .filter(which)
                .map(MetricMetadata::family)
                .distinct()
                .toList();
    }

    private void values() {
        tell(rows(row -> Double.isNaN(value(row))), "values that are NaN");
        tell(rows(row -> name(row).startsWith("DCGM_") && isBlank(value(row))), "values that are codes for no value");
    }

    private static boolean isBlank(double value) {
        return value == BLANK_64 || isCode(value, BLANK_32) || isCode(value, BLANK_FLOAT);
    }

    private static boolean isCode(double value, double first) {
        return value >= first && value < first + BLANK_CODES;
    }

    private void labels() {
        tell(
                rows(row -> labels(row).get("pid") != null),
                "series with a label pid, one for each process of the server");
        tell(
                rows(row -> labels(row).get("worker_addr") != null),
                "series that a gateway repeats of several engines, told apart by worker_addr");
        tell(
                rows(row -> name(row).startsWith("vllm") && labels(row).get("server") != null),
                "series that a gateway repeats of several engines, told apart by server");
    }

    private void restart() {
        Set<String> names = page.names();
        for (EngineMatch match : engines) {
            List<String> signals = match.engine().restartSignals();
            if (!signals.isEmpty() && signals.stream().noneMatch(names::contains)) {
                seen.add("nothing tells of a restart of " + match.engine().name() + ": no "
                        + String.join(", no ", signals));
            }
        }
    }

    private void form() {
        int duplicates = page.parser().leftOutCount(LeftOut.DUPLICATE);
        if (duplicates > 0) {
            seen.add("samples of a series that was on the page already, of which the first counts: " + duplicates);
        }
        for (Tolerated kind : Tolerated.values()) {
            int count = page.parser().toleratedCount(kind);
            if (count > 0) {
                seen.add("not as the format says, "
                        + kind.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": " + count);
            }
        }
    }

    private List<String> rows(IntPredicate which) {
        return IntStream.range(0, page.samples().size())
                .filter(which)
                .mapToObj(this::name)
                .toList();
    }

    private double value(int row) {
        return Double.longBitsToDouble(page.samples().valueBits(row));
    }

    private Labels labels(int row) {
        return page.samples().series(row).labels();
    }

    private String name(int row) {
        return String.valueOf(labels(row).metricName());
    }

    private void tell(List<String> names, String what) {
        if (!names.isEmpty()) {
            List<String> distinct = names.stream().distinct().toList();
            String examples = String.join(", ", distinct.subList(0, Math.min(EXAMPLES, distinct.size())));
            seen.add(what + ": " + names.size() + " (" + examples + (distinct.size() > EXAMPLES ? ", ..." : "") + ")");
        }
    }
}

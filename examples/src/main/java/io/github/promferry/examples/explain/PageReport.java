package io.github.promferry.examples.explain;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.examples.explain.PromQlNeeds.Need;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.CostProfile.Level;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.EngineMatch;
import io.github.promferry.scrape.engine.EngineSignal;
import io.github.promferry.scrape.engine.LlmEngine;
import io.github.promferry.scrape.engine.SignalReading;
import io.github.promferry.scrape.engine.SignalSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What a page has to tell, in lines for people. */
public final class PageReport {
    private static final int TOP = 8;
    /** The title of the dashboard that needs the second names. */
    private static final String VOCABULARY = "LLM engines";

    /** What the scraper adds to each target. */
    private static final Set<String> REPORTS =
            Set.of("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling");

    private final ReadPage page;
    private final EngineCatalog catalog;
    private final List<EngineMatch> engines;
    private final List<Labels> series;
    private final List<String> lines = new ArrayList<>();

    private PageReport(ReadPage page, EngineCatalog catalog) {
        this.page = page;
        this.catalog = catalog;
        engines = catalog.detect(page.samples());
        series = page.series();
    }

    /**
     * Explains a page.
     *
     * @param page the page
     * @param format what it is in
     * @param catalog what is known of engines
     * @return lines, those that begin with a blank belonging to the one above
     * @throws io.github.promferry.parse.ExpositionException if the page cannot be read
     */
    public static List<String> of(byte[] page, ExpositionFormat format, EngineCatalog catalog) {
        PageReport report = new PageReport(new ReadPage(page, format), catalog);
        report.engines();
        report.signals();
        report.families();
        report.traps();
        report.series();
        report.profiles();
        report.dashboards();
        return report.lines;
    }

    private void section(String title, List<String> entries) {
        if (!entries.isEmpty()) {
            add(title, entries);
        }
    }

    private void add(String title, List<String> entries) {
        lines.add(title);
        entries.forEach(entry -> lines.add("  " + entry));
    }

    private void engines() {
        lines.add(series.size() + " series, " + page.size() + " bytes");
        section(
                "engines",
                engines.isEmpty()
                        ? List.of("none that is known")
                        : engines.stream()
                                .map(match -> match + (match.decisive() ? "" : ", not certain"))
                                .toList());
    }

    private void signals() {
        Set<EngineSignal> found = new TreeSet<>();
        Set<EngineSignal> possible = new TreeSet<>();
        for (EngineMatch match : engines) {
            match.engine().sources().forEach(source -> possible.add(source.signal()));
            series.forEach(each -> match.engine().readings(each).forEach(reading -> found.add(reading.signal())));
        }
        possible.removeAll(found);
        List<String> entries = new ArrayList<>();
        if (!found.isEmpty()) {
            entries.add("here: " + words(found));
        }
        if (!possible.isEmpty()) {
            entries.add("not here: " + words(possible));
        }
        section("signals", entries);
    }

    private static String words(Set<EngineSignal> signals) {
        return signals.stream()
                .map(signal -> signal.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    private void families() {
        Set<String> families = page.families().keySet().stream()
                .map(MetricMetadata::family)
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> entries = new ArrayList<>();
        for (EngineMatch match : engines) {
            LlmEngine engine = match.engine();
            List<String> own = families.stream()
                    .filter(family -> engine.withoutPrefix(family) != null)
                    .toList();
            List<String> unknown = own.stream().filter(this::isUnknown).toList();
            entries.add(engine.name() + ": " + own.size() + ", " + (own.size() - unknown.size()) + " of them known"
                    + list(", unknown: ", unknown));
            families.removeAll(own);
        }
        entries.add("others: " + families.size() + list(", such as ", List.copyOf(families)));
        section("families", entries);
    }

    /** A gateway may repeat any engine's. */
    private boolean isUnknown(String family) {
        return catalog.engines().stream().noneMatch(engine -> engine.knowsFamily(family));
    }

    private static String list(String before, List<String> names) {
        return names.isEmpty()
                ? ""
                : before
                        + names.stream().limit(TOP).collect(Collectors.joining(", "))
                        + (names.size() > TOP ? " and " + (names.size() - TOP) + " more" : "");
    }

    private void traps() {
        section("seen on the page", TrapsSeen.on(page, engines));
        section(
                "to know",
                engines.stream()
                        .flatMap(match -> match.engine().traps().stream()
                                .map(trap -> match.engine().name() + ": " + trap))
                        .toList());
    }

    private void series() {
        Comparator<Map.Entry<String, Integer>> largestFirst =
                Map.Entry.<String, Integer>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey());
        Map<String, Integer> families = new HashMap<>();
        page.families()
                .forEach((family, count) ->
                        families.merge(family.family() + ", " + family.type().word(), count, Integer::sum));
        section(
                "series come from",
                families.entrySet().stream()
                        .sorted(largestFirst)
                        .limit(TOP)
                        .map(family -> family.getValue() + "  " + family.getKey())
                        .toList());
        Map<String, Set<String>> values = new TreeMap<>();
        series.forEach(labels -> labels.toMap().forEach((name, value) -> {
            if (!name.equals(Labels.METRIC_NAME)) {
                values.computeIfAbsent(name, unused -> new HashSet<>()).add(value);
            }
        }));
        Map<String, Integer> counts = new HashMap<>();
        values.forEach((name, distinct) -> counts.put(name, distinct.size()));
        section(
                "labels with the most values",
                counts.entrySet().stream()
                        .filter(label -> label.getValue() > 1)
                        .sorted(largestFirst)
                        .limit(TOP)
                        .map(label -> label.getValue() + "  " + label.getKey())
                        .toList());
    }

    private void profiles() {
        section(
                "series that a profile keeps",
                Arrays.stream(Level.values())
                        .map(level -> kept(level) + "  " + level.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    private long kept(Level level) {
        return series.stream().filter(CostProfile.of(level, catalog)::keeps).count();
    }

    private void dashboards() {
        Map<String, List<Labels>> byName =
                series.stream().collect(Collectors.groupingBy(labels -> String.valueOf(labels.metricName())));
        Set<String> signals = signalNames();
        Predicate<Need> ofTheScrape = need -> REPORTS.contains(need.name());
        Predicate<Need> isPresent = need -> ofTheScrape.test(need)
                || signals.contains(need.name())
                || byName.getOrDefault(need.name(), List.of()).stream().anyMatch(need::isMetBy);
        for (DashboardPanels dashboard : DashboardPanels.readAll()) {
            boolean fits = dashboard.panels().stream()
                    .anyMatch(panel -> panel.hasData(isPresent) && !panel.hasData(ofTheScrape));
            if (fits) {
                dashboard(dashboard, isPresent);
            }
        }
    }

    private void dashboard(DashboardPanels dashboard, Predicate<Need> isPresent) {
        Map<String, List<String>> elsewhere = new TreeMap<>();
        List<String> empty = new ArrayList<>();
        int withData = 0;
        for (DashboardPanels.Panel panel : dashboard.panels()) {
            List<Need> missing = panel.missing(isPresent);
            Set<String> others = missing.stream().map(this::otherProgram).collect(Collectors.toSet());
            if (panel.hasData(isPresent)) {
                withData++;
            } else if (others.size() == 1 && !others.contains("")) {
                elsewhere
                        .computeIfAbsent(others.iterator().next(), unused -> new ArrayList<>())
                        .add(panel.title());
            } else {
                empty.add(panel.title()
                        + list(
                                ": there is no ",
                                missing.stream()
                                        .map(need -> why(need, missing))
                                        .distinct()
                                        .toList()));
            }
        }
        int all = dashboard.panels().size();
        elsewhere.forEach((program, titles) ->
                empty.add(titles.size() + " of " + program + ", which is not on this page" + list(": ", titles)));
        add(
                "dashboard " + dashboard.title()
                        + (dashboard.title().equals(VOCABULARY) ? " (with --signal-names)" : "")
                        + ": " + withData + " of " + all + " panels have data"
                        + (empty.isEmpty() ? "" : ", these stay empty"),
                empty);
    }

    /** Whose sample it is if it is none of a program that is on the page; empty if it may be. */
    private String otherProgram(Need need) {
        List<LlmEngine> owners = catalog.engines().stream()
                .filter(engine -> engine.withoutPrefix(need.name()) != null)
                .toList();
        boolean isHere = owners.isEmpty() || engines.stream().anyMatch(match -> owners.contains(match.engine()));
        return isHere ? "" : owners.get(0).name();
    }

    /** What is not there: of a histogram the family, of a signal also what the engine has it as. */
    private String why(Need need, List<Need> missing) {
        String family = need.name().replaceFirst("_(bucket|sum|count)$", "");
        Optional<EngineSignal> signal = Arrays.stream(EngineSignal.values())
                .filter(each -> each.metricName().equals(family))
                .findFirst();
        if (signal.isPresent()) {
            return family
                    + engines.stream()
                            .map(EngineMatch::engine)
                            .filter(engine -> engine.role() == LlmEngine.Role.ENGINE)
                            .map(engine -> source(engine, signal.get()))
                            .collect(Collectors.joining("; ", " (", ")"));
        }
        boolean isHistogram = missing.stream().anyMatch(each -> each.name().equals(family + "_bucket"));
        return isHistogram ? family : need.toString();
    }

    private static String source(LlmEngine engine, EngineSignal signal) {
        List<SignalSource> sources = engine.sources().stream()
                .filter(source -> source.signal() == signal)
                .toList();
        if (sources.isEmpty()) {
            return engine.name() + " does not tell it";
        }
        boolean hasBuckets = sources.stream().anyMatch(source -> source.part() == SignalSource.Part.ALL);
        return engine.name()
                + (hasBuckets ? " has it as " : " has no buckets, but ")
                + sources.stream()
                        .map(SignalSource::name)
                        .distinct()
                        .collect(Collectors.joining(hasBuckets ? " or " : " and "));
    }

    /** What the series are called besides, with {@code --signal-names}. */
    private Set<String> signalNames() {
        return catalog.engines().stream()
                .filter(engine -> engine.role() == LlmEngine.Role.ENGINE)
                .flatMap(engine -> series.stream().flatMap(each -> engine.readings(each).stream()))
                .map(SignalReading::metricName)
                .collect(Collectors.toSet());
    }
}

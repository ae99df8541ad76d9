package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.engine.SignalReading.Element;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An LLM engine, or what stands beside or before one, as the {@linkplain EngineCatalog table} knows it. Immutable and
 * thread-safe.
 *
 * <p>Its metrics begin with one of its {@linkplain #prefixes() prefixes} and a separator, which is a colon or an underscore:
 * some servers write the one, some proxies turn it into the other.
 *
 * @since 0.1
 */
public final class LlmEngine {
    /**
     * What part it plays. Only an {@link #ENGINE} is asked for signals: what a gateway tells of its engines would be counted
     * twice.
     *
     * @since 0.1
     */
    public enum Role {
        /** Computes tokens. */
        ENGINE,
        /** Passes requests on to engines, and often repeats their metrics. */
        GATEWAY,
        /** Tells of the machine. */
        HARDWARE
    }

    private final String id;
    private final String name;
    private final Role role;
    private final int port;
    private final List<String> paths;
    private final List<ExpositionFormat> formats;
    private final boolean compression;
    private final List<String> prefixes;
    private final List<String> restartSignals;
    private final Map<String, String> labelNames;
    private final Set<String> foreignLabels;
    private final List<String> traps;
    private final List<String> unverified;
    private final List<Evidence> evidence;
    private final List<VersionHint> versionHints;
    private final List<SignalSource> sources;
    private final Map<String, List<SignalReading>> readings;
    private final Set<String> leanFamilies;
    private final Set<String> dashboardFamilies;
    private final Map<String, List<Double>> bucketBounds;
    private final Set<String> knownFamilies;

    /** Works out what a series means from what the table says. */
    LlmEngine(EngineEntry entry) {
        id = entry.id;
        name = entry.name.isEmpty() ? entry.id : entry.name;
        role = entry.role;
        port = entry.port;
        paths = List.copyOf(entry.paths);
        formats = List.copyOf(entry.formats);
        compression = entry.compression;
        prefixes = List.copyOf(entry.prefixes);
        restartSignals = List.copyOf(entry.restartSignals);
        labelNames = Map.copyOf(entry.labelNames);
        foreignLabels = Set.copyOf(entry.foreignLabels);
        traps = List.copyOf(entry.traps);
        unverified = List.copyOf(entry.unverified);
        evidence = List.copyOf(entry.evidence);
        versionHints = List.copyOf(entry.versionHints);
        sources = List.copyOf(entry.sources);
        readings = readings(sources);
        leanFamilies = Set.copyOf(entry.leanFamilies);
        dashboardFamilies = Set.copyOf(entry.dashboardFamilies);
        bucketBounds = Map.copyOf(entry.bucketBounds);
        knownFamilies = knownFamilies(entry);
    }

    private Set<String> knownFamilies(EngineEntry entry) {
        Set<String> known = new HashSet<>();
        dashboardFamilies().forEach(family -> known.add(stem(family)));
        entry.otherFamilies.forEach(family -> known.add(stem(family)));
        return known;
    }

    /** A family by whatever name its samples have: without the suffixes that some formats and types add. */
    private static String stem(String name) {
        String stem = name;
        for (String suffix : List.of("_created", "_sum", "_count", "_bucket", "_total")) {
            if (stem.endsWith(suffix)) {
                stem = stem.substring(0, stem.length() - suffix.length());
            }
        }
        return stem;
    }

    private static Map<String, List<SignalReading>> readings(List<SignalSource> sources) {
        Map<String, List<SignalReading>> byName = new HashMap<>();
        for (SignalSource source : sources) {
            for (Element element : elements(source)) {
                String suffix = source.part() == SignalSource.Part.ALL ? element.suffix() : "";
                byName.computeIfAbsent(source.name() + suffix, unused -> new ArrayList<>())
                        .add(new SignalReading(source, element, Double.NaN));
            }
        }
        return byName;
    }

    private static List<Element> elements(SignalSource source) {
        return switch (source.part()) {
            case SUM -> List.of(Element.SUM);
            case COUNT -> List.of(Element.COUNT);
            case ALL ->
                source.signal().type() == MetricType.HISTOGRAM
                        ? List.of(Element.BUCKET, Element.SUM, Element.COUNT)
                        : List.of(Element.VALUE);
        };
    }

    /**
     * The name in the table, which is the value of the label {@code engine_kind}.
     *
     * @return such as {@code vllm}
     */
    public String id() {
        return id;
    }

    /**
     * The name for people.
     *
     * @return such as {@code vLLM}
     */
    public String name() {
        return name;
    }

    /**
     * What part it plays.
     *
     * @return engine, gateway or hardware
     */
    public Role role() {
        return role;
    }

    /**
     * The port its metrics are on unless told otherwise.
     *
     * @return 0 if there is none by custom
     */
    public int port() {
        return port;
    }

    /**
     * Where its metrics may be, in the order in which to look for them.
     *
     * @return paths that begin with a slash
     */
    public List<String> paths() {
        return paths;
    }

    /**
     * The formats to ask it for. Python servers damage names when they are asked for OpenMetrics, so that they are asked for
     * text 0.0.4 alone (prometheus/client_python issue 1177).
     *
     * @return best first; empty if it may be asked for any
     */
    public List<ExpositionFormat> formats() {
        return formats;
    }

    /**
     * Whether to let it compress its pages. Python servers do so on the thread that serves tokens.
     *
     * @return false for those
     */
    public boolean compression() {
        return compression;
    }

    /**
     * What its metrics' names begin with, before a colon or an underscore.
     *
     * @return one or more
     */
    public List<String> prefixes() {
        return prefixes;
    }

    /**
     * Series whose change means that it was started anew, best first.
     *
     * @return names of samples
     */
    public List<String> restartSignals() {
        return restartSignals;
    }

    /**
     * Labels that have another name in the common vocabulary.
     *
     * @return its name to the common one, such as {@code model} to {@code model_name}
     */
    public Map<String, String> labelNames() {
        return labelNames;
    }

    /**
     * Labels that its own series never have: one that has is a repetition by a gateway.
     *
     * @return names of labels
     */
    public Set<String> foreignLabels() {
        return foreignLabels;
    }

    /**
     * What one should know before relying on its metrics.
     *
     * @return sentences
     */
    public List<String> traps() {
        return traps;
    }

    /**
     * What of its entry nobody has seen on a real page.
     *
     * @return sentences
     */
    public List<String> unverified() {
        return unverified;
    }

    /**
     * Where it has its signals.
     *
     * @return by signal, the best source of each first
     */
    public List<SignalSource> sources() {
        return sources;
    }

    /**
     * What a series tells of this engine.
     *
     * @param series labels with {@code __name__}, as exposed
     * @return often empty; two or more if one series has several signals, such as requests that have ended and failed
     */
    public List<SignalReading> readings(Labels series) {
        String sample = series.metricName();
        String own = sample == null ? null : withoutPrefix(sample);
        List<SignalReading> candidates = own == null ? null : readings.get(own);
        if (candidates == null || isForeign(series)) {
            return List.of();
        }
        return candidates.stream()
                .filter(reading -> fits(reading.source(), series))
                .map(reading -> withBound(reading, series))
                .filter(Objects::nonNull)
                .toList();
    }

    private static boolean fits(SignalSource source, Labels series) {
        return source.labels().entrySet().stream()
                .allMatch(label -> label.getValue().equals(Objects.requireNonNullElse(series.get(label.getKey()), "")));
    }

    private static @Nullable SignalReading withBound(SignalReading reading, Labels series) {
        if (reading.element() != Element.BUCKET) {
            return reading;
        }
        String bound = series.get("le");
        try {
            return bound == null
                    ? null
                    : new SignalReading(
                            reading.source(),
                            Element.BUCKET,
                            bound.equals("+Inf")
                                    ? Double.POSITIVE_INFINITY
                                    : Double.parseDouble(bound)
                                            * reading.source().scale());
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /**
     * The name of one of its metrics without prefix and separator.
     *
     * @param sample name of a sample or a family
     * @return null if it is none of this engine's
     */
    public @Nullable String withoutPrefix(String sample) {
        for (String prefix : prefixes) {
            int separator = prefix.length();
            if (sample.length() > separator + 1
                    && sample.startsWith(prefix)
                    && (sample.charAt(separator) == ':' || sample.charAt(separator) == '_')) {
                return sample.substring(separator + 1);
            }
        }
        return null;
    }

    /**
     * Whether a family is in the engine's entry.
     *
     * @param family name of a family or a sample
     * @return false for those of other programs, and for those that a release has which is newer than the table
     */
    public boolean knowsFamily(String family) {
        String own = withoutPrefix(family);
        return own != null && knownFamilies.contains(stem(own));
    }

    /** Whether a series was repeated by somebody else. */
    boolean isForeign(Labels series) {
        return foreignLabels.stream().anyMatch(label -> series.get(label) != null);
    }

    List<Evidence> evidence() {
        return evidence;
    }

    List<VersionHint> versionHints() {
        return versionHints;
    }

    Map<String, List<Double>> bucketBounds() {
        return bucketBounds;
    }

    /** Families, without prefix, that {@link #readings} uses or the table names. */
    SortedSet<String> leanFamilies() {
        SortedSet<String> families = new TreeSet<>(leanFamilies);
        sources.forEach(source -> families.add(source.name()));
        return families;
    }

    /** The lean ones, and those that dashboards and alerts use. */
    Set<String> dashboardFamilies() {
        Set<String> families = new LinkedHashSet<>(leanFamilies());
        families.addAll(dashboardFamilies);
        return families;
    }

    @Override
    public String toString() {
        return name + " (" + id + ")";
    }
}

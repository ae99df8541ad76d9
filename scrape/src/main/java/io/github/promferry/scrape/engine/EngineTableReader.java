package io.github.promferry.scrape.engine;

import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.engine.LlmEngine.Role;
import io.github.promferry.scrape.engine.SignalSource.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a table of engines; its keys are explained at the top of {@code engines.yaml}. */
final class EngineTableReader {
    private final Map<String, EngineEntry> entries;

    private EngineTableReader(Map<String, EngineEntry> known) {
        entries = new LinkedHashMap<>(known);
    }

    /** What is known, with what the table adds or changes. */
    static EngineCatalog read(
            String origin, byte[] table, List<String> knownPaths, Map<String, EngineEntry> knownEntries) {
        EngineTableReader reader = new EngineTableReader(knownEntries);
        TableNode root = TableNode.parse(origin, table);
        root.checkKeys("engines", "probe");
        root.ifPresent("engines", engines -> engines.fields().forEach(reader::engine));
        TableNode paths = root.optional("probe");
        return new EngineCatalog(paths == null ? knownPaths : paths.texts(), reader.entries);
    }

    private void engine(String id, TableNode node) {
        node.checkKeys(
                "name",
                "like",
                "role",
                "port",
                "paths",
                "formats",
                "compression",
                "prefixes",
                "restart",
                "labels",
                "foreign_labels",
                "evidence",
                "versions",
                "signals",
                "lean",
                "dashboard",
                "families",
                "buckets",
                "traps",
                "unverified");
        EngineEntry entry = start(id, node);
        node.ifPresent("name", value -> entry.name = value.text());
        node.ifPresent("role", value -> entry.role = value.constant(Role.class));
        node.ifPresent("port", value -> entry.port = value.port());
        node.ifPresent("paths", value -> entry.paths = value.texts());
        node.ifPresent(
                "formats", value -> entry.formats = value.each(format -> format.constant(ExpositionFormat.class)));
        node.ifPresent("compression", value -> entry.compression = value.flag());
        node.ifPresent("prefixes", value -> entry.prefixes = value.texts());
        node.ifPresent("restart", value -> entry.restartSignals = value.texts());
        node.ifPresent("labels", value -> entry.labelNames = value.textFields());
        node.ifPresent("foreign_labels", value -> entry.foreignLabels = new LinkedHashSet<>(value.texts()));
        node.ifPresent("evidence", value -> entry.evidence = value.each(EngineTableReader::evidence));
        node.ifPresent("versions", value -> entry.versionHints = value.each(EngineTableReader::versionHint));
        node.ifPresent("signals", value -> entry.sources = signals(value, entry.sources));
        node.ifPresent("lean", value -> entry.leanFamilies.addAll(value.texts()));
        node.ifPresent("dashboard", value -> entry.dashboardFamilies.addAll(value.texts()));
        node.ifPresent("families", value -> entry.otherFamilies.addAll(value.texts()));
        node.ifPresent("buckets", value -> value.elements().forEach(group -> bounds(group, entry)));
        node.ifPresent("traps", value -> entry.traps = value.texts());
        node.ifPresent("unverified", value -> entry.unverified = value.texts());
        if (entry.prefixes.isEmpty()) {
            throw node.wrong("engine " + id + " has no prefixes");
        }
        entries.put(id, entry);
    }

    private EngineEntry start(String id, TableNode node) {
        TableNode like = node.optional("like");
        EngineEntry known = entries.get(id);
        if (like == null) {
            return known == null ? new EngineEntry(id) : new EngineEntry(id, known);
        }
        EngineEntry model = entries.get(like.text());
        if (model == null) {
            throw like.wrong("no engine \"" + like.text() + "\" stands above; there are " + entries.keySet());
        }
        return new EngineEntry(id, model);
    }

    private static void bounds(TableNode node, EngineEntry entry) {
        node.checkKeys("families", "bounds");
        List<Double> bounds = node.required("bounds").numbers();
        node.required("families").texts().forEach(family -> entry.bucketBounds.put(family, bounds));
    }

    private static Evidence evidence(TableNode node) {
        if (node.isText()) {
            return new Evidence(node.text(), null);
        }
        node.checkKeys("name", "label");
        TableNode label = node.optional("label");
        return new Evidence(node.required("name").text(), label == null ? null : label.text());
    }

    private static VersionHint versionHint(TableNode node) {
        node.checkKeys("says", "label", "with", "without");
        TableNode says = node.optional("says");
        TableNode label = node.optional("label");
        TableNode with = node.optional("with");
        TableNode without = node.optional("without");
        return new VersionHint(
                says == null ? "" : says.text(),
                label == null ? null : label.text(),
                with == null ? Set.of() : Set.copyOf(with.texts()),
                without == null ? Set.of() : Set.copyOf(without.texts()));
    }

    /** Those of the signals that are given; a signal without sources has none any more. */
    private static List<SignalSource> signals(TableNode node, List<SignalSource> before) {
        Map<EngineSignal, List<SignalSource>> bySignal = new LinkedHashMap<>();
        before.forEach(source -> bySignal.computeIfAbsent(source.signal(), unused -> new ArrayList<>())
                .add(source));
        node.fields().forEach((name, value) -> {
            EngineSignal signal = value.constant(EngineSignal.class, name);
            List<SignalSource> sources = new ArrayList<>();
            for (TableNode source : value.elements()) {
                sources.add(source(signal, source, sources.size()));
            }
            bySignal.put(signal, sources);
        });
        return bySignal.values().stream().flatMap(List::stream).toList();
    }

    private static SignalSource source(EngineSignal signal, TableNode node, int order) {
        if (node.isText()) {
            return new SignalSource(signal, node.text(), Map.of(), 1, Part.ALL, order);
        }
        node.checkKeys("name", "labels", "scale", "part");
        TableNode labels = node.optional("labels");
        TableNode scale = node.optional("scale");
        TableNode part = node.optional("part");
        return new SignalSource(
                signal,
                node.required("name").text(),
                labels == null ? new HashMap<>() : labels.textFields(),
                scale == null ? 1 : scale.number(),
                part == null ? Part.ALL : part.constant(Part.class),
                order);
    }
}

package io.github.promferry.scrape.engine;

import io.github.promferry.parse.ExpositionFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An engine while its entry in a table is read; may begin as a copy of another one's. */
final class EngineEntry {
    final String id;
    String name = "";
    LlmEngine.Role role = LlmEngine.Role.ENGINE;
    int port;
    List<String> paths = List.of("/metrics");
    List<ExpositionFormat> formats = List.of(ExpositionFormat.TEXT_0_0_4);
    boolean compression;
    List<String> prefixes = List.of();
    List<String> restartSignals = List.of("process_start_time_seconds");
    Map<String, String> labelNames = Map.of();
    Set<String> foreignLabels = Set.of();
    List<String> traps = List.of();
    List<String> unverified = List.of();
    List<Evidence> evidence = List.of();
    List<VersionHint> versionHints = List.of();
    List<SignalSource> sources = List.of();
    Set<String> leanFamilies = new LinkedHashSet<>();
    Set<String> dashboardFamilies = new LinkedHashSet<>();
    Set<String> otherFamilies = new LinkedHashSet<>();
    Map<String, List<Double>> bucketBounds = new HashMap<>();

    EngineEntry(String id) {
        this.id = id;
    }

    /** All but what is said of the other one alone: its traps and what is unverified of it stay with it. */
    EngineEntry(String id, EngineEntry like) {
        this(id);
        name = like.name;
        role = like.role;
        port = like.port;
        paths = like.paths;
        formats = like.formats;
        compression = like.compression;
        prefixes = like.prefixes;
        restartSignals = like.restartSignals;
        labelNames = like.labelNames;
        foreignLabels = like.foreignLabels;
        traps = like.traps;
        unverified = like.unverified;
        evidence = like.evidence;
        versionHints = like.versionHints;
        sources = new ArrayList<>(like.sources);
        leanFamilies = new LinkedHashSet<>(like.leanFamilies);
        dashboardFamilies = new LinkedHashSet<>(like.dashboardFamilies);
        otherFamilies = new LinkedHashSet<>(like.otherFamilies);
        bucketBounds = new HashMap<>(like.bucketBounds);
    }
}

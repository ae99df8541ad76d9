package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The table of engines: the built-in one, and what a file adds to it. Immutable and thread-safe; reading the built-in table
 * takes some milliseconds, so keep the catalog.
 *
 * <p>A file has the form of the built-in table, {@code engines.yaml} beside this class, where all keys are explained. An
 * engine with a new id is added; one with a known id changes the keys that it gives and leaves the others.
 *
 * <pre>{@code
 * engines:
 *   my-engine:
 *     like: vllm
 *     prefixes: [my]
 *     signals:
 *       requests_running: running_requests
 * }</pre>
 *
 * @since 0.1
 */
public final class EngineCatalog {
    /** Far above any table; a larger file is a mistake. */
    private static final int MAX_FILE_BYTES = 1 << 20;

    private final List<String> probePaths;
    private final Map<String, EngineEntry> entries;
    private final Map<String, LlmEngine> engines = new LinkedHashMap<>();

    EngineCatalog(List<String> probePaths, Map<String, EngineEntry> entries) {
        this.probePaths = probePaths;
        this.entries = entries;
        entries.forEach((id, entry) -> engines.put(id, new LlmEngine(entry)));
    }

    /**
     * The engines that this library knows.
     *
     * @return a catalog of them
     */
    public static EngineCatalog builtIn() {
        try (InputStream table = EngineCatalog.class.getResourceAsStream("engines.yaml")) {
            return new EngineCatalog(List.of(), Map.of())
                    .with(
                            "engines.yaml",
                            Objects.requireNonNull(table, "engines.yaml").readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the built-in table of engines", e);
        }
    }

    /**
     * This catalog with what a file adds or changes.
     *
     * @param file YAML
     * @return another catalog
     * @throws IOException if it cannot be read
     * @throws EngineTableException if it is not a table of engines; the message has the line
     */
    public EngineCatalog with(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new EngineTableException(file + " has more than " + MAX_FILE_BYTES + " bytes", null);
        }
        return with(file.toString(), Files.readAllBytes(file));
    }

    /**
     * This catalog with what a table adds or changes.
     *
     * @param origin where the table is from, for messages
     * @param table YAML in UTF-8
     * @return another catalog
     * @throws EngineTableException if it is not a table of engines; the message has the line
     */
    public EngineCatalog with(String origin, byte[] table) {
        return EngineTableReader.read(origin, table, probePaths, entries);
    }

    /**
     * Where to look for the metrics of an engine that is not known, in an order that has no side effects.
     *
     * @return paths that begin with a slash
     */
    public List<String> probePaths() {
        return probePaths;
    }

    /**
     * All engines.
     *
     * @return in the order of the table
     */
    public List<LlmEngine> engines() {
        return List.copyOf(engines.values());
    }

    /**
     * An engine.
     *
     * @param id such as {@code vllm}
     * @return the engine
     * @throws IllegalArgumentException if there is none; the message names those that there are
     */
    public LlmEngine engine(String id) {
        LlmEngine engine = engines.get(id);
        if (engine == null) {
            throw new IllegalArgumentException("no engine \"" + id + "\" in the table; it has " + engines.keySet());
        }
        return engine;
    }

    /**
     * Recognizes the engines whose samples are on a page: none, one, or several side by side, such as a worker's and that of
     * its engine.
     *
     * @param page samples of one target, stale rows aside
     * @return those that are certain first
     */
    public List<EngineMatch> detect(SampleBatch page) {
        List<Labels> series = new ArrayList<>(page.size());
        for (int row = 0; row < page.size(); row++) {
            if (!SampleValues.isStale(page.valueBits(row))) {
                series.add(page.series(row).labels());
            }
        }
        return detect(series);
    }

    /**
     * Recognizes the engines that have such series.
     *
     * @param page the labels of the series of one page
     * @return those that are certain first
     */
    public List<EngineMatch> detect(List<Labels> page) {
        return Recognition.of(engines(), page);
    }
}

package io.github.promferry.examples.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** A file while it is read: its node graph, what is wrong with it, and the environment that its values refer to. */
final class ConfigFile {
    /** Where something stands; lines and columns count from 1. */
    record Place(int line, int column) {
        static Place of(Optional<Mark> mark) {
            return mark.map(m -> new Place(m.getLine() + 1, m.getColumn() + 1)).orElse(new Place(1, 1));
        }

        static Place of(Node node) {
            return of(node.getStartMark());
        }
    }

    private final String name;
    private final Path directory;
    private final Function<String, @Nullable String> environment;
    private final SpoolOptions spool;
    private final List<ConfigProblem> problems = new ArrayList<>();

    /**
     * A file to read.
     *
     * @param name as messages call it
     * @param directory what relative file names in it start from
     * @param environment gives a variable's value, or null if it is not set
     * @param spool what the command line says of a spool
     */
    ConfigFile(String name, Path directory, Function<String, @Nullable String> environment, SpoolOptions spool) {
        this.name = name;
        this.directory = directory;
        this.environment = environment;
        this.spool = spool;
    }

    /** Gives a variable's value, or null if it is not set. */
    Function<String, @Nullable String> environment() {
        return environment;
    }

    /** What the command line says of a spool. */
    SpoolOptions spool() {
        return spool;
    }

    /**
     * Parses the text.
     *
     * @return the root mapping
     * @throws ConfigException if the text is not YAML or its root is no mapping
     */
    MappingNode parse(String text) throws ConfigException {
        // The core schema knows Null and ~, as Go's YAML readers do; marks carry the lines of the messages.
        LoadSettings settings = LoadSettings.builder()
                .setSchema(new CoreSchema())
                .setUseMarks(true)
                // All at once: snakeyaml-engine 2.10 fails where a buffer's end parts a surrogate pair.
                .setBufferSize(text.length() + 1)
                .build();
        try {
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isPresent() && root.get() instanceof MappingNode mapping) {
                return mapping;
            }
            error(root.map(Place::of).orElse(new Place(1, 1)), emptyOrNoMapping(root));
        } catch (MarkedYamlEngineException e) {
            // Not getMessage(): it quotes the lines around, which may hold a secret.
            error(Place.of(e.getProblemMark()), "not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            error(new Place(1, 1), "not YAML");
        }
        throw new ConfigException(problems());
    }

    private static String emptyOrNoMapping(Optional<Node> root) {
        boolean isEmpty = root.isEmpty() || root.get().getTag().equals(Tag.NULL);
        return (isEmpty ? "the file is empty" : "the file is not a mapping of keys to values")
                + "; expected a collector configuration (receivers, exporters, service) or a Prometheus configuration"
                + " (scrape_configs, remote_write)";
    }

    /** A file that a value names. */
    Path path(String fileName) {
        return directory.resolve(fileName);
    }

    void error(Place place, String message) {
        problems.add(new ConfigProblem(name, place.line, place.column, true, message));
    }

    void warning(Place place, String message) {
        problems.add(new ConfigProblem(name, place.line, place.column, false, message));
    }

    boolean hasErrors() {
        return problems.stream().anyMatch(ConfigProblem::isError);
    }

    List<ConfigProblem> problems() {
        return problems.stream()
                .sorted(Comparator.comparingInt(ConfigProblem::line).thenComparingInt(ConfigProblem::column))
                .distinct()
                .toList();
    }

    /** Expands a value; what is wrong with it becomes an error at the place, and null is returned. */
    @Nullable
    String expand(String text, Expansion expansion, Place place, String path) {
        try {
            return expansion.expand(text, environment);
        } catch (IllegalArgumentException e) {
            error(place, path + ": " + e.getMessage());
            return null;
        }
    }
}

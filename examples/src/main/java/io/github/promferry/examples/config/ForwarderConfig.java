package io.github.promferry.examples.config;

import io.github.promferry.Labels;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.scrape.ScrapeJob;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/**
 * What a configuration file asks for. Immutable.
 *
 * @param kind whose configuration it is; the defaults follow it
 * @param sources what is scraped and where it goes
 * @param endpoints where samples are sent; their names are unique
 * @param warnings keys that have no effect and the like, in the order of the file
 */
public record ForwarderConfig(
        Kind kind, List<Source> sources, List<RemoteWriteConfig> endpoints, List<ConfigProblem> warnings) {
    /** Whose configuration a file is. */
    public enum Kind {
        /** An OpenTelemetry Collector configuration: receivers, processors, exporters, service. */
        COLLECTOR("collector"),
        /** A Prometheus configuration: global, scrape_configs, remote_write. */
        PROMETHEUS("Prometheus");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** How messages call it. */
        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Jobs whose samples go the same way.
     *
     * @param name as the file calls it
     * @param externalLabels added to every series
     * @param jobs what is scraped
     * @param endpoints the names of the endpoints that get every sample
     */
    public record Source(String name, Labels externalLabels, List<ScrapeJob> jobs, List<String> endpoints) {
        /**
         * Copies the lists.
         *
         * @param name as the file calls it
         * @param externalLabels added to every series
         * @param jobs what is scraped
         * @param endpoints names of endpoints
         */
        public Source {
            jobs = List.copyOf(jobs);
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * Copies the lists.
     *
     * @param kind whose configuration it is
     * @param sources what is scraped
     * @param endpoints where samples are sent
     * @param warnings in the order of the file
     */
    public ForwarderConfig {
        sources = List.copyOf(sources);
        endpoints = List.copyOf(endpoints);
        warnings = List.copyOf(warnings);
    }

    /**
     * Reads a file; its kind is recognized from its top-level keys.
     *
     * @param file the file
     * @param environment gives a variable's value, or null if it is not set; usually {@code System::getenv}
     * @param spool what the command line says of a spool
     * @return what it asks for
     * @throws ConfigException if it cannot be read or used, with every error in it
     */
    public static ForwarderConfig read(Path file, Function<String, @Nullable String> environment, SpoolOptions spool)
            throws ConfigException {
        String name = file.toString();
        try {
            return parse(name, Files.readString(file), directory(file), environment, spool);
        } catch (NoSuchFileException e) {
            throw unreadable(name, "there is no such file");
        } catch (CharacterCodingException e) {
            throw unreadable(name, "the file is not UTF-8 text");
        } catch (IOException e) {
            throw unreadable(name, "the file cannot be read (" + e + ")");
        }
    }

    /**
     * The effective settings for people, without secrets.
     *
     * @return a line for each job and each endpoint
     */
    public List<String> describe() {
        return Settings.of(this);
    }

    /**
     * Reads a duration as Prometheus files and options write it, such as {@code 1m30s}.
     *
     * @param text the duration
     * @return zero or more
     * @throws IllegalArgumentException if it is none; the message does not repeat the text
     */
    public static Duration duration(String text) {
        return DurationFormat.PROMETHEUS.parse(text);
    }

    /**
     * Reads a size as Prometheus files write it, such as {@code 16MB}.
     *
     * @param text the size
     * @return bytes
     * @throws IllegalArgumentException if it is none; the message does not repeat the text
     */
    public static long bytes(String text) {
        return ByteSize.parse(text);
    }

    static ForwarderConfig parse(
            String name,
            String text,
            Path directory,
            Function<String, @Nullable String> environment,
            SpoolOptions spool)
            throws ConfigException {
        ConfigFile file = new ConfigFile(name, directory, environment, spool);
        MappingNode root = file.parse(text);
        List<String> keys = Block.keyNames(root);
        long collector =
                keys.stream().filter(key -> CollectorFile.ROOT.key(key) != null).count();
        long prometheus = keys.stream()
                .filter(key -> PrometheusFile.ROOT.key(key) != null)
                .count();
        if (collector == 0 && prometheus == 0) {
            file.error(
                    new ConfigFile.Place(1, 1),
                    "neither a collector configuration (receivers, exporters, service) nor a Prometheus configuration"
                            + " (scrape_configs, remote_write): found " + String.join(", ", keys));
            throw new ConfigException(file.problems());
        }
        ForwarderConfig config =
                collector > prometheus ? CollectorFile.read(file, root) : PrometheusFile.read(file, root);
        if (file.hasErrors()) {
            throw new ConfigException(file.problems());
        }
        return config;
    }

    private static Path directory(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }

    private static ConfigException unreadable(String name, String why) {
        return new ConfigException(List.of(new ConfigProblem(name, 1, 1, true, why)));
    }
}

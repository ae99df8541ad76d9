package io.github.promferry.examples;

import io.github.promferry.examples.config.ConfigException;
import io.github.promferry.examples.config.ConfigProblem;
import io.github.promferry.examples.config.ForwarderConfig;
import io.github.promferry.examples.config.SpoolOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the commands that need a configuration: the file, and what no file can say. */
final class ConfigOption {
    @Option(
            names = {"--config", "--config.file", "-c"},
            required = true,
            paramLabel = "FILE",
            description = {
                "A collector configuration (receivers, processors, exporters, service) or a Prometheus configuration"
                        + " (global, scrape_configs, remote_write)."
            })
    private Path file;

    @Option(
            names = "--spool",
            paramLabel = "DIR",
            description = "Let samples wait on disk, too: they outlive the process, even if it is killed.")
    private @Nullable Path spool;

    @Option(
            names = "--spool-max-bytes",
            paramLabel = "SIZE",
            defaultValue = "1GB",
            converter = SizeConverter.class,
            description = "The most that waits on disk for one endpoint; then the oldest samples are dropped. Default:"
                    + " ${DEFAULT-VALUE}.")
    private long spoolMaxBytes;

    @Option(
            names = "--spool-max-age",
            paramLabel = "DURATION",
            defaultValue = "0",
            converter = DurationConverter.class,
            description = "Drop samples that have waited longer. Default: no limit.")
    private Duration spoolMaxAge;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    ConfigOption() {}

    Path file() {
        return file;
    }

    /** The file's content, or null after every error in it was printed. */
    @Nullable
    ForwarderConfig read(PrintWriter err) {
        try {
            return ForwarderConfig.read(file, System::getenv, new SpoolOptions(spool, spoolMaxBytes, spoolMaxAge));
        } catch (ConfigException e) {
            e.problems().forEach(err::println);
            long errors = e.problems().stream().filter(ConfigProblem::isError).count();
            err.println(errors == 1 ? "1 error" : errors + " errors");
            err.flush();
            return null;
        }
    }
}

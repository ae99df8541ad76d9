package io.github.promferry.examples;

import io.github.promferry.examples.config.ConfigException;
import io.github.promferry.examples.config.ConfigProblem;
import io.github.promferry.examples.config.ForwarderConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option --config of the commands that need a configuration file. */
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
            return ForwarderConfig.read(file, System::getenv);
        } catch (ConfigException e) {
            e.problems().forEach(err::println);
            long errors = e.problems().stream().filter(ConfigProblem::isError).count();
            err.println(errors == 1 ? "1 error" : errors + " errors");
            err.flush();
            return null;
        }
    }
}

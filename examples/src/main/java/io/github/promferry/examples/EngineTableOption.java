package io.github.promferry.examples;

import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.EngineTableException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is known of engines, and what a file adds. The table is read when it is needed. */
final class EngineTableOption {
    @Option(
            names = "--engines",
            paramLabel = "FILE",
            description = "A table that adds engines to those known, or changes them.")
    private @Nullable Path table;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private @Nullable EngineCatalog catalog;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    EngineTableOption() {}

    /** The engines, those of the file included. */
    EngineCatalog catalog() {
        EngineCatalog known = catalog;
        if (known == null) {
            known = read();
            catalog = known;
        }
        return known;
    }

    /** Whether there is a file. */
    boolean isGiven() {
        return table != null;
    }

    /** Reads the file if there is one, so that it is judged even if nothing needs it. */
    void check() {
        if (isGiven()) {
            catalog();
        }
    }

    private EngineCatalog read() {
        try {
            EngineCatalog builtIn = EngineCatalog.builtIn();
            return table == null ? builtIn : builtIn.with(table);
        } catch (EngineTableException | IOException e) {
            throw new ParameterException(spec.commandLine(), "--engines: " + e.getMessage(), e);
        }
    }
}

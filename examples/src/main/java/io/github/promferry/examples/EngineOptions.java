package io.github.promferry.examples;

import io.github.promferry.SampleSink;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.engine.CanonicalSink;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.CostProfile.Level;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.engine.EngineTableException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options that need to know engines. Without them the table of engines is not even read, and the configuration file
 * stays one that others can read, too.
 */
final class EngineOptions {
    @Option(
            names = "--profile",
            paramLabel = "LEVEL",
            defaultValue = "full",
            description = {
                "Of known LLM engines, forward all series (full), what dashboards and alerts use (dashboard) or the"
                        + " signals alone, with fewer buckets (lean). Default: ${DEFAULT-VALUE}."
            })
    private Level profile;

    @Option(
            names = "--signal-names",
            description =
                    "Forward the signals of LLM engines under names that are the same for all engines, too, such as"
                            + " llm_requests_running.")
    private boolean signalNames;

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
    EngineOptions() {}

    /** The engines, those of the file included. */
    EngineCatalog catalog() {
        EngineCatalog known = catalog;
        if (known == null) {
            known = read();
            catalog = known;
        }
        return known;
    }

    private EngineCatalog read() {
        try {
            EngineCatalog builtIn = EngineCatalog.builtIn();
            return table == null ? builtIn : builtIn.with(table);
        } catch (EngineTableException | IOException e) {
            throw new ParameterException(spec.commandLine(), "--engines: " + e.getMessage(), e);
        }
    }

    /** The job with the profile. */
    ScrapeJob applyTo(ScrapeJob job) {
        return profile == Level.FULL
                ? job
                : job.toBuilder().profile(CostProfile.of(profile, catalog())).build();
    }

    /** The sink, with the names before it if they are wanted. */
    SampleSink applyTo(SampleSink sink) {
        return signalNames ? new CanonicalSink(sink, catalog()) : sink;
    }

    /** Reads the file, so that it is judged even if no option needs it. */
    void check() {
        if (table != null) {
            catalog();
        }
    }
}

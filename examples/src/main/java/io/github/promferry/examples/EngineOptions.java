package io.github.promferry.examples;

import io.github.promferry.SampleSink;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.engine.CanonicalSink;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.CostProfile.Level;
import io.github.promferry.scrape.engine.EngineCatalog;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

    @Mixin
    private EngineTableOption engines;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    EngineOptions() {}

    /** The engines, those of the file included. */
    EngineCatalog catalog() {
        return engines.catalog();
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

    /** Complains of what is wrong. */
    void check() {
        engines.check();
    }
}

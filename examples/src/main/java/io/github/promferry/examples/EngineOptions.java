package io.github.promferry.examples;

import io.github.promferry.SampleSink;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.engine.CanonicalSink;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.CostProfile.Level;
import io.github.promferry.scrape.engine.EngineCatalog;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options that need to know engines. Without them the table of engines is not even read, and the configuration file
 * stays one that others can read, too.
 */
final class EngineOptions {
    private static final String JOB = "llm";

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
            names = "--llm",
            paramLabel = "[ENGINE=]URL",
            description =
                    "Scrape an LLM engine, too, such as http://127.0.0.1:8000, every 15 s as job llm; what it is and where"
                            + " its metrics are is found out, unless ENGINE says what it is, as in"
                            + " sglang=http://127.0.0.1:30000. Can be given several times.")
    private List<String> addresses = List.of();

    @Mixin
    private EngineTableOption engines;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    EngineOptions() {}

    /** The engines, those of the file included. */
    EngineCatalog catalog() {
        return engines.catalog();
    }

    /** The jobs with that of the engines that were given by URL; those of a job of that name in the file are more of its. */
    List<ScrapeJob> withEngines(List<ScrapeJob> jobs) {
        if (addresses.isEmpty()) {
            return jobs;
        }
        List<ScrapeJob> all = new ArrayList<>(jobs);
        ScrapeJob known =
                jobs.stream().filter(job -> job.name().equals(JOB)).findFirst().orElse(null);
        all.remove(known);
        ScrapeJob.Builder job = known == null ? politeJob() : known.toBuilder();
        addresses.forEach(address -> addTo(job, address));
        if (engines.isGiven()) {
            job.engineCatalog(catalog());
        }
        all.add(job.build());
        return all;
    }

    /** What {@link ScrapeJob#llm(String)} asks for suits all engines, whichever of them there are side by side. */
    private static ScrapeJob.Builder politeJob() {
        return ScrapeJob.builder(JOB)
                .formats(List.of(ExpositionFormat.TEXT_0_0_4))
                .compression(false);
    }

    private void addTo(ScrapeJob.Builder job, String address) {
        int url = address.indexOf('=') + 1;
        if (url > 1 && address.substring(0, url - 1).matches("[\\w.-]+")) {
            job.engine(URI.create(address.substring(url)), catalog().engine(address.substring(0, url - 1)));
        } else {
            job.engine(URI.create(address));
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

    /** Complains of what is wrong. */
    void check() {
        engines.check();
        try {
            withEngines(List.of());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--llm: " + e.getMessage(), e);
        }
    }
}

package io.github.promferry.examples;

import io.github.promferry.examples.explain.PageReport;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.scrape.engine.EngineCatalog;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a page is and what becomes of it. */
@Command(
        name = "explain",
        description = {
            "Say of a page which engine it is of and of what version, which signals and families it has, what misleads on"
                    + " it, where its series come from, what each profile keeps, and which panels of the dashboards stay"
                    + " empty."
        },
        mixinStandardHelpOptions = true)
final class ExplainCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE|-|URL", description = "A file, - for standard input, or an http or https URL.")
    private String source;

    @Mixin
    private EngineTableOption engines;

    @Spec
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    ExplainCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        EngineCatalog catalog = engines.catalog();
        try {
            Page page = Page.read(source);
            PageReport.of(page.bytes(), page.format(), catalog).forEach(out::println);
            return Forwarder.DONE;
        } catch (ExpositionException | IOException e) {
            spec.commandLine().getErr().println(source + ": " + e.getMessage());
            return Forwarder.PAGE_DOES_NOT_PARSE;
        } finally {
            out.flush();
        }
    }
}

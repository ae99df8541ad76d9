package io.github.promferry.examples;

import io.github.promferry.examples.config.ForwarderConfig;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Reads a configuration file as run does, prints what it comes to, and starts nothing. */
@Command(
        name = "check",
        description = {"Check a configuration file and print the effective settings, without secrets."},
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    @Mixin
    private ConfigOption config;

    @Spec
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    CheckCommand() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        ForwarderConfig read = config.read(err);
        if (read == null) {
            return Forwarder.WRONG_USAGE;
        }
        read.warnings().forEach(err::println);
        err.flush();
        out.println(config.file() + ": " + read.kind() + " configuration, ok");
        read.describe().forEach(line -> out.println("  " + line));
        out.flush();
        return Forwarder.DONE;
    }
}

package io.github.promferry.examples;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The stand-alone forwarder: scrapes what a configuration file lists and sends it on, in place of a collector sidecar.
 *
 * <pre>{@code
 * java -jar promferry-forwarder.jar run --config collector.yaml
 * }</pre>
 */
@Command(
        name = "promferry-forwarder",
        description = "Scrapes Prometheus metrics and forwards them by Remote Write.",
        versionProvider = Forwarder.Version.class,
        mixinStandardHelpOptions = true,
        subcommands = {RunCommand.class, CheckCommand.class, ParseCommand.class, ExplainCommand.class, DemoCommand.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done, or ended by SIGTERM or SIGINT",
            "1:parse, explain: a page does not parse",
            "2:the command line or the configuration file is wrong"
        },
        footer = {"", "Help for one command: promferry-forwarder COMMAND --help"})
public final class Forwarder implements Callable<Integer> {
    static final int DONE = 0;
    static final int PAGE_DOES_NOT_PARSE = 1;
    static final int WRONG_USAGE = 2;

    private static final String TUNNELING = "jdk.http.auth.tunneling.disabledSchemes";

    @Spec
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    Forwarder() {}

    /**
     * Runs a command.
     *
     * @param args see {@code --help}
     */
    public static void main(String[] args) {
        // Otherwise java.net.http keeps the password of a proxy to itself on the way to https servers. It looks once.
        if (System.getProperty(TUNNELING) == null) {
            System.setProperty(TUNNELING, "");
        }
        int status = commandLine().execute(args);
        // Not System.exit at once: run returns only when the process is already ending, in a shutdown hook of its own.
        System.exit(status);
    }

    static CommandLine commandLine() {
        return new CommandLine(new Forwarder()).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return WRONG_USAGE;
    }

    /** The version that the build wrote into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Forwarder.class.getPackage().getImplementationVersion();
            return new String[] {"promferry-forwarder " + (version == null ? "(not from a jar)" : version)};
        }
    }
}

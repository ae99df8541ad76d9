package io.github.promferry.examples;

import io.github.promferry.examples.config.ForwarderConfig;
import io.github.promferry.examples.web.StatusServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Forwards until the process is told to end. */
@Command(
        name = "run",
        description = {
            "Scrape and forward until SIGTERM or SIGINT; then stop scraping, send what waits, and exit with 0.",
            "An endpoint or target that cannot be reached never ends the process."
        },
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
    private static final Logger LOG = System.getLogger("io.github.promferry.forwarder");

    @Mixin
    private ConfigOption config;

    @Mixin
    private EngineOptions engines;

    @Mixin
    private ShardOptions shard;

    @Option(
            names = "--flush-deadline",
            paramLabel = "DURATION",
            defaultValue = "10s",
            converter = DurationConverter.class,
            description = "How long to go on sending at the end, at most. Default: ${DEFAULT-VALUE}.")
    private Duration flushDeadline;

    @Option(
            names = "--web",
            paramLabel = "[HOST:]PORT",
            converter = ListenAddressConverter.class,
            description =
                    "Serve a read-only status page, /metrics, /-/healthy and /-/ready; on loopback unless HOST says"
                            + " otherwise. There is no password. Default: off.")
    private @Nullable InetSocketAddress web;

    @Spec
    private CommandSpec spec;

    /** For picocli, which fills the fields. */
    @SuppressWarnings("NullAway.Init")
    RunCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        ForwarderConfig read = config.read(spec.commandLine().getErr());
        if (read == null) {
            return Forwarder.WRONG_USAGE;
        }
        engines.check();
        shard.check();
        read.warnings().forEach(warning -> LOG.log(Level.WARNING, warning.toString()));
        LOG.log(Level.INFO, "forwarding by " + config.file() + ", a " + read.kind() + " configuration");
        Forwarding forwarding;
        try {
            forwarding = new Forwarding(read, engines, shard, web != null);
        } catch (UncheckedIOException e) {
            // A spool that is in use, not writable or of a later version: sending without it would break its promise.
            LOG.log(Level.ERROR, String.valueOf(e.getMessage()));
            return Forwarder.WRONG_USAGE;
        }
        StatusServer status = null;
        if (web != null) {
            try {
                status = StatusServer.start(web, forwarding.status());
            } catch (IOException e) {
                LOG.log(Level.ERROR, "--web " + web + ": cannot listen there (" + e.getMessage() + ")");
                return Forwarder.WRONG_USAGE;
            }
            LOG.log(Level.INFO, "status page at " + status.url());
        }
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> end(forwarding, flushDeadline), "promferry-forwarder-end"));
        forwarding.start();
        if (status != null) {
            status.ready();
        }
        // All threads of the library are daemons: this one keeps the process alive.
        new CountDownLatch(1).await();
        return Forwarder.DONE;
    }

    /**
     * Runs as shutdown hook. It ends the process itself, since the JVM would report the signal (128 + its number) as the
     * exit status although everything went as it should.
     */
    private static void end(Forwarding forwarding, Duration deadline) {
        try {
            LOG.log(Level.INFO, "ending: no more scrapes, sending what waits");
            List<String> outcome = forwarding.stop(deadline);
            outcome.forEach(line -> LOG.log(Level.INFO, line));
        } finally {
            System.err.flush();
            Runtime.getRuntime().halt(Forwarder.DONE);
        }
    }
}

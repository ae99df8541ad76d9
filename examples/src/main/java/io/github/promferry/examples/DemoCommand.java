package io.github.promferry.examples;

import io.github.promferry.examples.demo.Demo;
import java.awt.AWTError;
import java.awt.Desktop;
import java.io.Console;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows the library at work, without anything to configure or install. */
@Command(
        name = "demo",
        description = {
            "Scrape simulated vLLM and SGLang engines every second, write to a receiver in this process, show what arrives.",
            "Uses no network beyond loopback. Ends on Ctrl-C."
        },
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final Logger LOG = System.getLogger("io.github.promferry.forwarder");

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "End by itself after this time, such as 10s.")
    private @Nullable Duration length;

    @Option(
            names = "--no-browser",
            description = "Do not open the status page in a browser. None is opened without a terminal and a desktop.")
    private boolean noBrowser;

    /** For picocli, which fills the fields. */
    DemoCommand() {}

    @Override
    public Integer call() {
        EventLog.warningsOnly();
        Demo demo = Demo.start();
        System.out.println("live charts at " + demo.url());
        // Ctrl-C and the end of --for both lead here, so that the totals are the last thing shown.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(demo), "promferry-demo-end"));
        boolean terminal = isTerminal();
        if (terminal && !noBrowser) {
            openBrowser(demo.url());
        }
        demo.show(length, System.out, terminal);
        return Forwarder.DONE;
    }

    /** If there is a desktop; whoever has none has read the address. */
    private static void openBrowser(String url) {
        try {
            if (Desktop.isDesktopSupported() && Desktop.getDesktop().isSupported(Desktop.Action.BROWSE)) {
                Desktop.getDesktop().browse(URI.create(url));
            }
        } catch (IOException | RuntimeException | LinkageError | AWTError e) {
            // A JRE without a desktop module's libraries, or a desktop without a browser.
            LOG.log(Level.DEBUG, "no browser was opened", e);
        }
    }

    private static void end(Demo demo) {
        try {
            System.out.println(demo.stop());
        } finally {
            System.out.flush();
            // The JVM would report Ctrl-C as a failure.
            Runtime.getRuntime().halt(Forwarder.DONE);
        }
    }

    /** Whether output goes to somebody who watches. */
    @SuppressWarnings("SystemConsoleNull") // What is different from JDK 22 on is asked below.
    private static boolean isTerminal() {
        Console console = System.console();
        String kind = System.getenv("TERM");
        if (console == null || kind == null || kind.equals("dumb")) {
            return false;
        }
        try {
            // From JDK 22 on there is a console without a terminal, too.
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}

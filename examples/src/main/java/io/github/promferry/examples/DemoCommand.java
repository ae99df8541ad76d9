package io.github.promferry.examples;

import io.github.promferry.examples.demo.Demo;
import java.io.Console;
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
    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "End by itself after this time, such as 10s.")
    private @Nullable Duration length;

    /** For picocli, which fills the fields. */
    DemoCommand() {}

    @Override
    public Integer call() {
        EventLog.warningsOnly();
        Demo demo = Demo.start();
        System.out.println("live charts at " + demo.url());
        // Ctrl-C and the end of --for both lead here, so that the totals are the last thing shown.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(demo), "promferry-demo-end"));
        demo.show(length, System.out, isTerminal());
        return Forwarder.DONE;
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

package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.promferry.testkit.LocalServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** Programs that interop tests need and the build does not bring. */
final class InstalledServer {
    private static final Pattern VERSION = Pattern.compile("version ([0-9]+)\\.");

    private InstalledServer() {}

    /** Where the program is. Without it the calling test is skipped, but fails if the environment says CI=true. */
    static Path require(String program, String debianPackage) {
        Path found = LocalServer.find(program);
        if (found != null) {
            return found;
        }
        return missing("This test needs the program \"" + program + "\", which is not on the search path. On Debian and"
                + " Ubuntu it comes with: apt-get install " + debianPackage);
    }

    /** Prometheus 3 or newer, whose receiver knows Remote Write 2.0; like {@link #require}. */
    static Path requirePrometheus3() {
        for (String program : List.of("prometheus3", "prometheus")) {
            Path found = LocalServer.find(program);
            if (found != null && majorVersion(found) >= 3) {
                return found;
            }
        }
        return missing("This test needs Prometheus 3 or newer, as \"prometheus3\" or \"prometheus\" on the search path."
                + " Debian has it from version 14 on; .ci/run takes it from there.");
    }

    private static int majorVersion(Path prometheus) {
        try {
            Process process = new ProcessBuilder(prometheus.toString(), "--version")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            Matcher version = VERSION.matcher(said);
            return version.find() ? Integer.parseInt(version.group(1)) : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(prometheus + " cannot be started", e);
        }
    }

    private static Path missing(String message) {
        return "true".equals(System.getenv("CI")) ? fail(message) : Assumptions.abort(message);
    }
}

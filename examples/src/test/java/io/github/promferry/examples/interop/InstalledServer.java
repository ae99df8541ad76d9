package io.github.promferry.examples.interop;

import static org.junit.jupiter.api.Assertions.fail;

import io.github.promferry.testkit.LocalServer;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Programs that interop tests need and the build does not bring. */
final class InstalledServer {
    private InstalledServer() {}

    /** Where the program is. Without it the calling test is skipped, but fails if the environment says CI=true. */
    static Path require(String program, String debianPackage) {
        Path found = LocalServer.find(program);
        if (found != null) {
            return found;
        }
        String message =
                "This test needs the program \"" + program + "\", which is not on the search path. On Debian and"
                        + " Ubuntu it comes with: apt-get install " + debianPackage;
        return "true".equals(System.getenv("CI")) ? fail(message) : Assumptions.abort(message);
    }
}

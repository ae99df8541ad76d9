package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first command that a newcomer runs, with its output going to a file. */
class DemoIT {
    private static final String TOTALS =
            "([1-9][0-9,]*) samples scraped, \\1 delivered, \\1 received, 0 dropped, 0 waiting,"
                    + " 0 rules of Remote Write broken";

    @Test
    void endsByItselfAfterTheTimeAskedFor(@TempDir Path directory) throws Exception {
        try (ForwarderProcess demo = ForwarderProcess.start(directory, List.of("demo", "--for", "5s"))) {
            assertThat(demo.awaitExit(Duration.ofMinutes(1))).isZero();
            assertThat(demo.output().lines().toList())
                    .hasSizeBetween(3, 8)
                    .satisfies(lines -> assertThat(lines.get(0)).matches("live charts at http://127\\.0\\.0\\.1:\\d+/"))
                    .last()
                    .asString()
                    .matches(TOTALS);
            assertThat(demo.output()).doesNotContain("\u001b");
            // A page may be late on a busy machine; there is nothing else to complain about.
            assertThat(demo.log().lines()).allMatch(line -> line.contains("the page was not complete within 1s"));
        }
    }

    @Test
    void endsOnCtrlC(@TempDir Path directory) throws Exception {
        try (ForwarderProcess demo = ForwarderProcess.start(directory, List.of("demo"))) {
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> demo.output().lines().anyMatch(line -> line.matches(".*delivered [1-9].*")));
            assertThat(demo.endBy("INT", Duration.ofSeconds(20))).isZero();
            assertThat(demo.output().lines().toList()).last().asString().matches(TOTALS);
        }
    }
}

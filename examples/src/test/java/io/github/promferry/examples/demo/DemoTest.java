package io.github.promferry.examples.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoTest {
    @Test
    void plainOutputIsALineASecondAndEverySampleArrives() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Demo demo = Demo.start()) {
            demo.show(Duration.ofSeconds(4), new PrintStream(out, true, UTF_8), false);
            List<String> lines = out.toString(UTF_8).lines().toList();
            assertThat(lines).hasSizeBetween(3, 5);
            // By the third scrape there are rates; the load begins with a burst.
            assertThat(lines.get(lines.size() - 1))
                    .containsPattern("[1-9][0-9,]* tokens/s {2}first token p50 [1-9][0-9]* ms p99 [1-9][0-9]* ms")
                    .containsPattern("running [1-9]")
                    .containsPattern("delivered [1-9][0-9,]* samples of [1-9][0-9]{2} series")
                    .doesNotContain("\u001b");
            assertThat(demo.stop())
                    .containsPattern(
                            "^([1-9][0-9,]*) samples scraped, \\1 delivered, \\1 received, 0 dropped, 0 waiting,"
                                    + " 0 rules of Remote Write broken$");
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().matches("(simulated-engine|strict-receiver|promferry).*"));
    }

    @Test
    void screenIsDrawnOverItselfAndEndsWhenInterrupted() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Demo demo = Demo.start()) {
            PrintStream stream = new PrintStream(out, true, UTF_8);
            Thread thread = new Thread(() -> demo.show(null, stream, true), "demo-test");
            thread.start();
            while (!out.toString(UTF_8).contains("Ctrl-C")) {
                thread.join(20);
            }
            thread.interrupt();
            thread.join(10_000);
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(out.toString(UTF_8))
                .startsWith("\u001b[2J\u001b[HPromferry demo")
                .contains("KV cache        [", "tokens/s        generated");
    }
}

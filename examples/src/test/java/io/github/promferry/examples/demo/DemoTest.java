package io.github.promferry.examples.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DemoTest {
    @Test
    void plainOutputIsALineASecondAndEverySampleArrives() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Demo demo = Demo.start()) {
            demo.show(Duration.ofSeconds(4), new PrintStream(out, true, UTF_8), false);
            assertThat(out.toString(UTF_8).lines())
                    .hasSizeBetween(1, 5)
                    .allMatch(line -> line.matches(".*( tokens/s |not scraped yet).*"));
            assertThat(out.toString(UTF_8)).doesNotContain("\u001b");
            // The load begins with a burst; from the second scrape on there are rates.
            await().atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(demo.line())
                            .containsPattern(
                                    "[1-9][0-9,]* tokens/s {2}first token p50 [1-9][0-9]* ms p99 [1-9][0-9]* ms")
                            .containsPattern("running [1-9]")
                            .containsPattern("delivered [1-9][0-9,]* samples of [1-9][0-9]{2} series"));
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
                .contains("KV cache        [", "tokens/s        generated", "simulated SGLang", "Live charts: http://");
    }
}

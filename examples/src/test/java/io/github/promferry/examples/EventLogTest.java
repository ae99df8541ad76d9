package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class EventLogTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final EventLogger log = new EventLogger(
            "test", new PrintStream(written, true, UTF_8), () -> Instant.parse("2026-11-24T10:00:00.120Z"));

    @Test
    void anEventIsOneLineWithTimeLevelAndMessage() {
        log.log(Level.INFO, "job llm: up again");
        log.log(Level.WARNING, () -> "down");
        log.log(Level.ERROR, "{0} of {1}", 3, "many");

        assertThat(lines())
                .containsExactly(
                        "2026-11-24T10:00:00.120Z INFO  job llm: up again",
                        "2026-11-24T10:00:00.120Z WARN  down",
                        "2026-11-24T10:00:00.120Z ERROR 3 of many");
    }

    @Test
    void aForeignTextCannotForgeALine() {
        log.log(Level.WARNING, "receiver says: a\n2026-11-24T10:00:00Z INFO \u001b[31mred\r");

        assertThat(lines())
                .containsExactly("2026-11-24T10:00:00.120Z WARN  receiver says: a\\n2026-11-24T10:00:00Z INFO"
                        + " \\u001b[31mred\\u000d");
    }

    @Test
    void anExceptionIsNamedWithItsPlace() {
        log.log(Level.ERROR, "a listener failed", new IllegalStateException("why\nthen"));

        assertThat(lines()).hasSize(1);
        assertThat(lines()[0])
                .contains("a listener failed (java.lang.IllegalStateException: why\\nthen at ")
                .contains("EventLogTest.anExceptionIsNamedWithItsPlace(");
    }

    @Test
    void whatIsBelowInfoIsNotWritten() {
        log.log(Level.DEBUG, "noise");
        log.log(Level.TRACE, () -> "noise");

        assertThat(written.size()).isZero();
        assertThat(log.isLoggable(Level.DEBUG)).isFalse();
        assertThat(log.isLoggable(Level.INFO)).isTrue();
    }

    @Test
    void theLibrarysLoggersWriteHere() {
        assertThat(System.LoggerFinder.getLoggerFinder()).isInstanceOf(EventLog.class);
    }

    private String[] lines() {
        return written.toString(UTF_8).split(System.lineSeparator());
    }
}

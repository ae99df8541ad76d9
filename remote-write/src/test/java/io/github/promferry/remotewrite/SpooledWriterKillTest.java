package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writers in processes of their own, which are killed. */
class SpooledWriterKillTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int ROUNDS = 50;
    private static final int SERIES = 100;

    @TempDir
    Path directory;

    /** What the receiver must have in the end, by number of the scrape. */
    private final BitSet told = new BitSet();

    /** The first scrape of the next process. */
    private int next;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasRefusedBeforeAStopArrivesAfterTheNextStart(boolean kill) throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start().answer(ScriptedAnswer.status(503))) {
            appendAndStop(receiver.uri(), 15, 15, kill);
            assertThat(receiver.sampleCount()).isZero();
            receiver.answer(null);
            deliverRest(receiver);
            assertThat(told.cardinality()).isEqualTo(15);
            assertReceived(receiver);
            assertThat(receiver.sampleCount()).isGreaterThanOrEqualTo(15L * SERIES);
        }
    }

    @Test
    void fiftyKillsLoseNothing() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.builder().allowRepeats().start()) {
            for (int round = 0; round < ROUNDS; round++) {
                // Two of three rounds end in the middle of sending, the others in an outage.
                receiver.answer(round % 3 == 2 ? ScriptedAnswer.status(503) : null);
                appendAndStop(receiver.uri(), Integer.MAX_VALUE, 1 + 7 * round % 40, true);
            }
            receiver.answer(null);
            deliverRest(receiver);
            assertReceived(receiver);
        }
    }

    @Test
    void aSecondProcessIsTurnedAwayAndTheFirstGoesOn() throws Exception {
        try (StrictReceiver receiver = StrictReceiver.builder().allowRepeats().start()) {
            Process first = start(receiver.uri(), Integer.MAX_VALUE, ProcessBuilder.Redirect.DISCARD);
            try (BufferedReader out = first.inputReader(US_ASCII)) {
                note(out.readLine());
                Process second = start(receiver.uri(), 1, ProcessBuilder.Redirect.PIPE);
                try (BufferedReader errors = second.errorReader(US_ASCII)) {
                    assertThat(errors.lines().collect(Collectors.joining("\n")))
                            .contains(directory.toString(), "in use by process " + first.pid());
                    assertThat(second.waitFor()).isEqualTo(1);
                } finally {
                    second.destroyForcibly();
                }
                for (int i = 0; i < 10; i++) {
                    note(out.readLine());
                }
                first.toHandle().destroyForcibly();
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    note(line);
                }
                first.waitFor();
            } finally {
                first.destroyForcibly();
            }
            // Of a process that is gone nothing is left that would keep another one out.
            deliverRest(receiver);
            assertReceived(receiver);
        }
    }

    private Process start(URI url, int most, ProcessBuilder.Redirect errors) throws IOException {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        url.toString(),
                        directory.toString(),
                        Integer.toString(next),
                        Integer.toString(most)))
                .redirectError(errors)
                .start();
    }

    /** Runs a process that appends so many scrapes at most and stops it when it has told of some. */
    private void appendAndStop(URI url, int most, int scrapes, boolean kill) throws Exception {
        Process process = start(url, most, ProcessBuilder.Redirect.DISCARD);
        try (BufferedReader out = process.inputReader(US_ASCII)) {
            for (int i = 0; i < scrapes; i++) {
                note(out.readLine());
            }
            if (kill) {
                // SIGKILL; that of the process itself would close the stream, too.
                process.toHandle().destroyForcibly();
            } else {
                process.toHandle().destroy();
            }
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                note(line);
            }
            process.waitFor();
        } finally {
            process.destroyForcibly();
        }
        // One more may be in the spool without having been told.
        next = told.length() + 1;
    }

    private void note(String line) {
        assertThat(line).as("a line of the process").isNotNull();
        if (!line.isEmpty()) {
            told.set(Integer.parseInt(line));
        }
    }

    private void deliverRest(StrictReceiver receiver) {
        try (RemoteWriter writer = newWriter(receiver.uri(), directory)) {
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            WriterStats stats = writer.stats();
            assertThat(stats.delivered()).isEqualTo(stats.recovered());
            assertThat(stats.dropped()).isEmpty();
            assertThat(stats.spoolDamages()).isZero();
        }
    }

    /** Each scrape that was told of is there with all its series, and each series is in order. */
    private void assertReceived(StrictReceiver receiver) {
        assertThat(receiver.violations()).isEmpty();
        Batches target = new Batches("a:1", SERIES);
        for (int series = 0; series < SERIES; series += 33) {
            BitSet received = new BitSet();
            long last = Long.MIN_VALUE;
            for (ReceivedSample sample : receiver.samples(target.full(series))) {
                assertThat(sample.timestampMillis()).isGreaterThan(last);
                last = sample.timestampMillis();
                received.set((int) ((last - Batches.T0) / 1000));
            }
            BitSet missing = (BitSet) told.clone();
            missing.andNot(received);
            assertThat(missing).as("told and not received").isEqualTo(new BitSet());
        }
    }

    private static RemoteWriter newWriter(URI url, Path spool) {
        return RemoteWriter.create(RemoteWriteConfig.builder(url)
                .batch(BatchPolicy.of(250, 1_000_000, Duration.ofMillis(20)))
                .retry(RetryPolicy.standard(new Backoff(Duration.ofMillis(5), Duration.ofMillis(50), 0.1)))
                .queue(QueueConfig.builder().spool(spool).build())
                .build());
    }

    /** The process that is killed. */
    static final class Child {
        private Child() {}

        @SuppressWarnings("SystemOut") // The test reads it.
        public static void main(String[] args) throws IOException, InterruptedException {
            RemoteWriter writer = newWriter(URI.create(args[0]), Path.of(args[1]));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> writer.close(Duration.ofMillis(200))));
            writer.start();
            int first = Integer.parseInt(args[2]);
            int count = Integer.parseInt(args[3]);
            Batches target = new Batches("a:1", SERIES);
            for (int scrape = 0; scrape < first; scrape++) {
                target.next();
            }
            for (int scrape = first; scrape - first < count; scrape++) {
                if (writer.append(target.next())) {
                    System.out.println(scrape);
                }
                Thread.sleep(2);
            }
            Thread.sleep(60_000);
        }
    }
}

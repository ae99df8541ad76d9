package io.github.promferry.remotewrite;

import static io.github.promferry.remotewrite.SpoolRecords.open;
import static io.github.promferry.remotewrite.SpoolRecords.text;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolKillTest {
    private static final int ROUNDS = 20;

    /** At least so many records are not read in the round that wrote them, but after the next kill. */
    private static final int LEFT = 3;

    @TempDir
    Path directory;

    private final BitSet told = new BitSet();
    private final BitSet read = new BitSet();
    private int lastRead = -1;

    @Test
    void whatWasAppendedBeforeAKillIsReadInOrderAfterIt() throws Exception {
        int from = 0;
        for (int round = 0; round < ROUNDS; round++) {
            int lastTold = appendUntilKilled(from, 20 + 37 * round % 400);
            assertThat(lastTold).isGreaterThan(from);
            told.set(from, lastTold + 1);
            // One more may have been written without being told.
            from = lastTold + 2;
            read(round == ROUNDS - 1 ? Integer.MAX_VALUE : lastTold - LEFT);
        }
        told.andNot(read);
        assertThat(told).as("appended and not read").isEqualTo(new BitSet());
    }

    /** Runs a process that appends numbers from the given one on and kills it; returns the last one it told of. */
    private int appendUntilKilled(int from, int lines) throws Exception {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Appender.class.getName(),
                        directory.toString(),
                        Integer.toString(from)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        int last = -1;
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII))) {
            for (int i = 0; i < lines; i++) {
                last = Integer.parseInt(out.readLine());
            }
            if (from == 0) {
                assertThatThrownBy(() -> open(directory))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("in use by process " + process.pid());
            }
            // On POSIX systems this is SIGKILL; that of the process itself would close the stream, too.
            process.toHandle().destroyForcibly();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                last = line.isEmpty() ? last : Math.max(last, Integer.parseInt(line));
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        return last;
    }

    /** Reads and acknowledges the records up to a number; each is later than all before, so none comes twice. */
    private void read(int last) throws IOException {
        try (Spool spool = open(directory);
                SpoolReader reader = new SpoolReader(spool.logs().get(0))) {
            SpoolLog log = spool.logs().get(0);
            while (lastRead < last && reader.next(log.acknowledged(), log.end())) {
                String text = text(reader);
                int number = Integer.parseInt(text.substring(0, text.indexOf(' ')));
                assertThat(number).isGreaterThan(lastRead);
                lastRead = number;
                read.set(number);
                log.acknowledge(reader.end(), 100);
            }
            assertThat(log.damages()).isZero();
            assertThat(log.dropped()).isEmpty();
        }
    }

    /** The process that is killed. */
    static final class Appender {
        private Appender() {}

        @SuppressWarnings("SystemOut") // The test reads it.
        public static void main(String[] args) throws IOException {
            SpoolHeader header = new SpoolHeader();
            header.samples = 100;
            SpoolLog log = open(Path.of(args[0])).logs().get(0);
            for (int n = Integer.parseInt(args[1]); ; n++) {
                header.block++;
                byte[] body = (n + " " + "x".repeat(n % 5000)).getBytes(US_ASCII);
                if (log.append(header, body, 0, body.length) != SpoolLog.NOT_WRITTEN) {
                    System.out.println(n);
                }
            }
        }
    }
}

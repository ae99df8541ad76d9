package io.github.promferry.remotewrite;

import static io.github.promferry.remotewrite.SpoolRecords.append;
import static io.github.promferry.remotewrite.SpoolRecords.drain;
import static io.github.promferry.remotewrite.SpoolRecords.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.promferry.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolDiskFullTest {
    private static final QueueConfig CONFIG = QueueConfig.builder()
            .spoolMaxBytes(1 << 20)
            .fsync(QueueConfig.Fsync.NEVER)
            .build();

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();

    /** A disk with so many bytes left; what does not fit is written in part, as a real one does. */
    private static final class SmallDisk implements SpoolDisk {
        private long left;
        private boolean truncates = true;

        SmallDisk(long left) {
            this.left = left;
        }

        @Override
        public Output open(Path file) throws IOException {
            return new RealOutput(file) {
                @Override
                public void write(long offset, byte[] bytes, int length) throws IOException {
                    long over = Files.size(file) - offset;
                    int fits = (int) Math.min(left + over, length);
                    super.write(offset, bytes, fits);
                    left -= Math.max(0, fits - over);
                    if (fits < length) {
                        throw new IOException("No space left on device");
                    }
                }

                @Override
                public void truncate(long size) throws IOException {
                    if (!truncates) {
                        throw new IOException("Input/output error");
                    }
                    left += Files.size(file) - size;
                    super.truncate(size);
                }
            };
        }
    }

    @Test
    void aFullDiskIsToldAndUsedAgainWhenItHasRoom() throws IOException {
        SmallDisk disk = new SmallDisk(200);
        try (Spool spool = Spool.open(directory, CONFIG, clock, disk)) {
            SpoolLog log = spool.logs().get(0);
            assertThat(append(log, "fits")).isPositive();
            assertThat(append(log, "x".repeat(100))).isEqualTo(SpoolLog.NOT_WRITTEN);
            assertThat(log.waitingSamples()).isEqualTo(4);

            disk.left = 10_000;
            assertThat(append(log, "too soon"))
                    .as("a disk that fails is left alone for a moment")
                    .isEqualTo(SpoolLog.NOT_WRITTEN);
            clock.advance(Duration.ofSeconds(2));
            assertThat(append(log, "again")).isPositive();
            assertThat(Files.size(segments(directory).get(0))).isEqualTo(3 * SpoolHeader.BYTES + 9);
        }
        try (Spool spool = Spool.open(directory, CONFIG, clock, SpoolDisk.REAL)) {
            assertThat(drain(spool.logs().get(0))).containsExactly("fits", "again");
            assertThat(spool.logs().get(0).damages()).isZero();
        }
    }

    @Test
    void whereTheBrokenRecordCannotBeCutOffANewSegmentGoesOn() throws IOException {
        SmallDisk disk = new SmallDisk(200);
        disk.truncates = false;
        try (Spool spool = Spool.open(directory, CONFIG, clock, disk)) {
            SpoolLog log = spool.logs().get(0);
            append(log, "fits", 1);
            assertThat(append(log, "x".repeat(100), 1)).isEqualTo(SpoolLog.NOT_WRITTEN);
            disk.left = 10_000;
            clock.advance(Duration.ofSeconds(2));
            append(log, "rest", 1);
            append(log, "next", 2);
            assertThat(segments(directory)).hasSize(2);
        }
        try (Spool spool = Spool.open(directory, CONFIG, clock, SpoolDisk.REAL)) {
            assertThat(drain(spool.logs().get(0))).containsExactly("fits", "rest", "next");
            assertThat(spool.logs().get(0).dropped()).isEmpty();
        }
    }

    @Test
    void aFullFileSystemIsToldAndUsedAgainWhenItHasRoom() throws Exception {
        Path mount = Files.createDirectory(directory.resolve("small"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", mount.toString()),
                "skipped: mounting a small tmpfs needs root on Linux");
        try {
            fillAndFree(mount);
        } finally {
            run("umount", mount.toString());
        }
    }

    private void fillAndFree(Path mount) throws IOException {
        List<String> expected = new ArrayList<>();
        try (Spool spool = Spool.open(mount.resolve("spool"), CONFIG, clock, SpoolDisk.REAL)) {
            SpoolLog log = spool.logs().get(0);
            Path ballast = Files.write(mount.resolve("ballast"), new byte[64 << 10]);
            int refused = 0;
            for (int i = 0; refused == 0; i++) {
                String text = i + "x".repeat(10_000);
                if (append(log, text) == SpoolLog.NOT_WRITTEN) {
                    refused++;
                } else {
                    expected.add(text);
                }
            }
            assertThat(expected).hasSizeBetween(10, 25);
            Files.delete(ballast);
            clock.advance(Duration.ofSeconds(2));
            assertThat(append(log, "with room")).isPositive();
            expected.add("with room");
        }
        try (Spool spool = Spool.open(mount.resolve("spool"), CONFIG, clock, SpoolDisk.REAL)) {
            assertThat(drain(spool.logs().get(0))).isEqualTo(expected);
        }
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }
}

package io.github.promferry.remotewrite;

import static io.github.promferry.remotewrite.SpoolRecords.append;
import static io.github.promferry.remotewrite.SpoolRecords.damagedSamples;
import static io.github.promferry.remotewrite.SpoolRecords.drain;
import static io.github.promferry.remotewrite.SpoolRecords.open;
import static io.github.promferry.remotewrite.SpoolRecords.segments;
import static io.github.promferry.remotewrite.SpoolRecords.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
    private static final QueueConfig SMALL =
            QueueConfig.builder().spoolMaxBytes(1 << 20).build();

    /** A segment of the small spool, and half of one, in samples of a text. */
    private static final int SEGMENT_BYTES = (1 << 20) / 8;

    private static final int HALF_A_SEGMENT = SEGMENT_BYTES / 2;

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();

    @Test
    void recordsComeBackInOrderAfterAReopen() throws IOException {
        try (Spool spool = open(directory)) {
            for (int i = 0; i < 100; i++) {
                assertThat(append(spool.logs().get(0), "record " + i)).isPositive();
            }
            assertThat(spool.logs().get(0).waitingSamples()).isEqualTo(890);
        }
        try (Spool spool = open(directory)) {
            SpoolLog log = spool.logs().get(0);
            assertThat(log.recoveredSamples()).isEqualTo(890);
            append(log, "a new one");
            List<String> texts = drain(log);
            assertThat(texts).hasSize(101).startsWith("record 0", "record 1").endsWith("record 99", "a new one");
            assertThat(log.waitingSamples()).isZero();
            assertThat(log.dropped()).isEmpty();
        }
    }

    @Test
    void headersComeBackAsWritten() throws IOException {
        SpoolHeader header = new SpoolHeader();
        header.kind = 200;
        header.block = -5;
        header.samples = 474;
        header.exemplars = 3;
        header.symbolBytes = 11;
        header.symbolRawBytes = 12;
        header.symbolOffset = 13;
        header.minTimestampMillis = Long.MIN_VALUE;
        header.maxTimestampMillis = 1_790_000_000_123L;
        try (Spool spool = Spool.open(directory, SMALL, clock, SpoolDisk.REAL)) {
            spool.logs().get(0).append(header, new byte[0], 0, 0);
        }
        try (Spool spool = open(directory);
                SpoolReader reader = new SpoolReader(spool.logs().get(0))) {
            assertThat(reader.next(0, spool.logs().get(0).end())).isTrue();
            assertThat(reader.header())
                    .usingRecursiveComparison()
                    .ignoringFields("crc")
                    .isEqualTo(header);
            assertThat(reader.header().appendedMillis).isEqualTo(clock.wallMillis());
        }
    }

    @Test
    void acknowledgedRecordsDoNotComeBack() throws IOException {
        try (Spool spool = open(directory)) {
            SpoolLog log = spool.logs().get(0);
            append(log, "first");
            long afterSecond = append(log, "second");
            append(log, "third");
            log.acknowledge(afterSecond, 11);
            assertThat(log.waitingSamples()).isEqualTo(5);
        }
        try (Spool spool = open(directory)) {
            assertThat(spool.logs().get(0).recoveredSamples()).isEqualTo(5);
            assertThat(drain(spool.logs().get(0))).containsExactly("third");
        }
        try (Spool spool = open(directory)) {
            assertThat(drain(spool.logs().get(0))).isEmpty();
            assertThat(segments(directory)).isEmpty();
            assertThat(spool.bytes()).isZero();
        }
    }

    @Test
    void withoutTheAcknowledgedPositionRecordsComeTwiceButNoneIsSkipped() throws IOException {
        try (Spool spool = open(directory)) {
            long afterFirst = append(spool.logs().get(0), "first");
            append(spool.logs().get(0), "second");
            spool.logs().get(0).acknowledge(afterFirst, 5);
        }
        Files.delete(segments(directory).get(0).resolveSibling("acknowledged"));
        try (Spool spool = open(directory)) {
            assertThat(drain(spool.logs().get(0))).containsExactly("first", "second");
        }
    }

    @Test
    void recordsOfABlockAreReadTogether() throws IOException {
        try (Spool spool = open(directory)) {
            SpoolLog log = spool.logs().get(0);
            append(log, "a1", 7);
            append(log, "a2", 7);
            append(log, "a3", 7);
            append(log, "b1", 8);
        }
        try (Spool spool = open(directory)) {
            SpoolLog log = spool.logs().get(0);
            List<List<String>> blocks = new ArrayList<>();
            try (SpoolReader reader = new SpoolReader(log)) {
                while (reader.next(log.acknowledged(), log.end())) {
                    List<String> block = new ArrayList<>();
                    long samples = 0;
                    long end;
                    do {
                        block.add(text(reader));
                        samples += reader.header().samples;
                        end = reader.end();
                    } while (reader.nextOfBlock(log.end()));
                    log.acknowledge(end, samples);
                    blocks.add(block);
                }
            }
            assertThat(blocks).containsExactly(List.of("a1", "a2", "a3"), List.of("b1"));
        }
    }

    @Test
    void segmentsGoAwayWithTheirLastRecordButOneThatIsUsedAgain() throws IOException {
        try (Spool spool = open(directory, SMALL)) {
            SpoolLog log = spool.logs().get(0);
            String half = "x".repeat(HALF_A_SEGMENT);
            for (int i = 0; i < 4; i++) {
                append(log, half);
            }
            long fifth = append(log, half);
            assertThat(sequences()).containsExactly(1, 2, 3);
            assertThat(drain(log)).hasSize(5);
            assertThat(log.acknowledged()).isEqualTo(fifth);
            assertThat(sequences()).containsExactly(1, 3);

            append(log, half);
            append(log, "in the file of the first");
            assertThat(sequences()).containsExactly(3, 4);
            assertThat(spool.bytes()).isEqualTo(filesBytes());
            assertThat(drain(log)).containsExactly(half, "in the file of the first");
            for (int i = 0; i < 100; i++) {
                append(log, half + i);
                assertThat(drain(log)).containsExactly(half + i);
                assertThat(segments(directory)).hasSize(2);
                assertThat(spool.bytes()).isEqualTo(filesBytes());
            }
            append(log, "left");
        }
        try (Spool spool = open(directory, SMALL)) {
            assertThat(segments(directory)).hasSize(1);
            assertThat(spool.bytes()).isEqualTo(filesBytes());
            assertThat(spool.logs().get(0).damages()).isZero();
            assertThat(drain(spool.logs().get(0))).containsExactly("left");
        }
    }

    @Test
    void aFileThatIsGoneIsNotUsedAgain() throws IOException {
        try (Spool spool = open(directory, SMALL)) {
            SpoolLog log = spool.logs().get(0);
            String segment = "x".repeat(SEGMENT_BYTES);
            append(log, segment);
            append(log, segment);
            assertThat(drain(log)).hasSize(2);
            Files.delete(segments(directory).get(0));
            append(log, "in a new file");
            assertThat(sequences()).containsExactly(2, 3);
            assertThat(spool.bytes()).isEqualTo(filesBytes());
            assertThat(drain(log)).containsExactly("in a new file");
        }
    }

    private List<Integer> sequences() throws IOException {
        return segments(directory).stream()
                .map(file -> Integer.parseInt(file.getFileName().toString().substring(0, 8), 16))
                .toList();
    }

    private long filesBytes() throws IOException {
        long bytes = 0;
        for (Path file : segments(directory)) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    @Test
    void whenTheSpoolIsFullTheOldestRecordsAreDroppedAndCounted() throws IOException {
        try (Spool spool = open(directory, SMALL)) {
            SpoolLog log = spool.logs().get(0);
            for (int i = 0; i < 100; i++) {
                append(log, i + "x".repeat(HALF_A_SEGMENT - 2));
                assertThat(spool.bytes()).isLessThanOrEqualTo(SMALL.spoolMaxBytes());
            }
            long dropped = log.dropped().get(SpoolLog.Loss.QUEUE_FULL);
            List<String> texts = drain(log);
            assertThat(texts).hasSizeBetween(12, 16);
            assertThat(texts.get(texts.size() - 1)).startsWith("99x");
            int firstLeft = 100 - texts.size();
            assertThat(texts.get(0)).startsWith(firstLeft + "x");
            assertThat(dropped).isEqualTo(samplesOfFirst(firstLeft));
            assertThat(log.waitingSamples()).isZero();
        }
    }

    private static long samplesOfFirst(int records) {
        long samples = 0;
        for (int i = 0; i < records; i++) {
            samples += HALF_A_SEGMENT - 2 + String.valueOf(i).length();
        }
        return samples;
    }

    @Test
    void aBlockThatIsBeingSentIsNotCountedAsDroppedWithItsSegment() throws IOException {
        try (Spool spool = open(directory, SMALL)) {
            SpoolLog log = spool.logs().get(0);
            String half = "x".repeat(HALF_A_SEGMENT);
            long first = append(log, half);
            append(log, half);
            append(log, half);
            assertThat(log.claim(SpoolSegment.position(1, 0), HALF_A_SEGMENT)).isTrue();
            assertThat(log.dropOldest(SpoolLog.Loss.QUEUE_FULL)).isTrue();
            assertThat(log.dropped()).isEqualTo(Map.of(SpoolLog.Loss.QUEUE_FULL, (long) HALF_A_SEGMENT));
            assertThat(log.waitingSamples()).isEqualTo(2 * HALF_A_SEGMENT);

            log.acknowledge(first, HALF_A_SEGMENT);
            assertThat(log.waitingSamples()).isEqualTo(HALF_A_SEGMENT);
            assertThat(log.claim(first, HALF_A_SEGMENT)).isFalse();
            assertThat(drain(log)).containsExactly(half);
        }
    }

    @Test
    void whatWaitedTooLongIsDroppedWhateverTheWallClockDoes() throws IOException {
        QueueConfig config = QueueConfig.builder()
                .spoolMaxBytes(1 << 20)
                .maxAge(Duration.ofHours(1))
                .build();
        try (Spool spool = Spool.open(directory, config, clock, SpoolDisk.REAL)) {
            SpoolLog log = spool.logs().get(0);
            append(log, "x".repeat(2 * HALF_A_SEGMENT));
            clock.jumpWall(Duration.ofDays(3000));
            clock.advance(Duration.ofMinutes(59));
            append(log, "x".repeat(2 * HALF_A_SEGMENT));
            assertThat(log.dropped()).isEmpty();

            clock.advance(Duration.ofMinutes(2));
            append(log, "new");
            assertThat(log.dropped()).isEqualTo(Map.of(SpoolLog.Loss.TOO_OLD, 2L * HALF_A_SEGMENT));
            assertThat(drain(log)).hasSize(2);
        }
    }

    @Test
    void anotherWriterOfTheDirectoryIsTurnedAway() throws IOException {
        try (Spool spool = open(directory)) {
            append(spool.logs().get(0), "mine");
            assertThatThrownBy(() -> open(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(directory.toString())
                    .hasMessageContaining(
                            "in use by process " + ProcessHandle.current().pid())
                    .hasMessageContaining("QueueConfig.spool");
            assertThat(drain(spool.logs().get(0))).containsExactly("mine");
        }
        open(directory).close();
    }

    @Test
    void aLaterFormatIsRefusedAndLeftAlone() throws IOException {
        try (Spool spool = open(directory)) {
            append(spool.logs().get(0), "text");
        }
        Path segment = segments(directory).get(0);
        Path later = Files.move(
                segment, segment.resolveSibling(segment.getFileName().toString().replace(".v1", ".v2")));
        assertThatThrownBy(() -> open(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(later.toString())
                .hasMessageContaining("has format 2, this version reads format 1");
        assertThat(later).exists();
    }

    @Test
    void aDirectoryThatCannotBeCreatedIsNamed() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> open(file.resolve("spool"))).hasMessageContaining(file.toString());
    }

    @Test
    void recordsOfARunWithOtherShardsAreABacklog() throws IOException {
        try (Spool spool = open(directory, shards(3))) {
            append(spool.logs().get(0), "three 0");
            append(spool.logs().get(2), "three 2");
        }
        try (Spool spool = open(directory, shards(2))) {
            append(spool.logs().get(1), "two 1");
        }
        try (Spool spool = open(directory, shards(2))) {
            assertThat(spool.logs()).hasSize(2);
            assertThat(spool.backlog()).hasSize(1);
            List<SpoolLog> old = spool.backlog().get(0);
            assertThat(old).hasSize(2);
            assertThat(drain(old.get(0))).containsExactly("three 0");
            assertThat(drain(old.get(1))).containsExactly("three 2");
            assertThat(drain(spool.logs().get(0))).isEmpty();
            assertThat(drain(spool.logs().get(1))).containsExactly("two 1");
        }
        try (Spool spool = open(directory, shards(3))) {
            assertThat(spool.backlog()).isEmpty();
            assertThat(spool.logs()).hasSize(3);
        }
        try (var found = Files.list(directory)) {
            assertThat(found.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("spool.lock", "log-000003-0of3", "log-000003-1of3", "log-000003-2of3");
        }
    }

    private static QueueConfig shards(int shards) {
        return QueueConfig.builder().shards(shards).build();
    }

    @Test
    void roomIsSharedByAllShardsAndTheOldestGoesFirst() throws IOException {
        QueueConfig config =
                QueueConfig.builder().shards(2).spoolMaxBytes(2 << 20).build();
        try (Spool spool = Spool.open(directory, config, clock, SpoolDisk.REAL)) {
            SpoolLog idle = spool.logs().get(0);
            SpoolLog busy = spool.logs().get(1);
            String segment = "x".repeat(SEGMENT_BYTES);
            append(idle, segment);
            append(idle, "open");
            for (int i = 0; i < 100; i++) {
                clock.advance(Duration.ofSeconds(1));
                append(busy, segment);
            }
            assertThat(spool.bytes()).isBetween(2 * SMALL.spoolMaxBytes() - 2 * SEGMENT_BYTES, config.spoolMaxBytes());
            assertThat(idle.dropped()).isEqualTo(Map.of(SpoolLog.Loss.QUEUE_FULL, (long) SEGMENT_BYTES));
            assertThat(drain(idle)).containsExactly("open");
        }
    }

    @Test
    void anInterruptedThreadAppendsAsEver() throws IOException {
        try (Spool spool = open(directory)) {
            SpoolLog log = spool.logs().get(0);
            append(log, "before");
            Thread.currentThread().interrupt();
            try {
                assertThat(append(log, "interrupted")).isPositive();
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            append(log, "after");
            assertThat(drain(log)).containsExactly("before", "interrupted", "after");
        }
    }

    @Test
    void theSyncThreadEndsWithTheSpool() throws IOException {
        Spool spool = open(
                directory,
                QueueConfig.builder().fsync(QueueConfig.Fsync.INTERVAL).build());
        spool.start();
        assertThat(syncThreads()).isPositive();
        long others = syncThreads() - 1;
        append(spool.logs().get(0), "text");
        spool.sync();
        spool.close();
        assertThat(syncThreads()).isEqualTo(others);
        assertThat(damagedSamples(spool.logs().get(0))).isZero();
    }

    private static long syncThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("promferry-spool-sync"))
                .count();
    }
}

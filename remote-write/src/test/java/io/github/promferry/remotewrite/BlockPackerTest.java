package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockPackerTest {
    @TempDir
    Path directory;

    private static BlockEncoder encoder(WriteProtocol protocol) {
        return protocol == WriteProtocol.V1
                ? new V1Encoder(Labels.EMPTY, null)
                : new V2Encoder(Labels.EMPTY, null, true);
    }

    private static void encode(BlockEncoder encoder, SampleBatch batch) {
        encoder.mark();
        assertThat(encoder.encode(batch, 0, batch.size(), Integer.MAX_VALUE, true, Clock.SYSTEM))
                .isEqualTo(batch.size());
    }

    /** Pieces of all sizes, of which the disk does not take some: joined, and read back, they are what was encoded. */
    @ParameterizedTest
    @CsvSource({"V1, 1", "V1, 2", "V1, 3", "V2, 4", "V2, 5", "V2, 6", "V2, 7", "V2, 8"})
    void piecesJoinedAreTheRequest(WriteProtocol protocol, long seed) throws IOException {
        Random random = new Random(seed);
        ManualClock clock = new ManualClock();
        FailingDisk disk = new FailingDisk();
        QueueConfig config =
                QueueConfig.builder().fsync(QueueConfig.Fsync.NEVER).build();
        BlockEncoder direct = encoder(protocol);
        BlockEncoder pieces = encoder(protocol);
        List<List<Decoded.Row>> expected = new ArrayList<>();
        try (Spool spool = Spool.open(directory, config, clock, disk)) {
            SpoolLog log = spool.logs().get(0);
            BlockQueue queue = new BlockQueue(config, clock, spool);
            Journal journal = new Journal(log, queue, queue.addLane(log.slice(), () -> {}, log));
            for (int block = 0; block < 20; block++) {
                for (int i = random.nextInt(30); i >= 0; i--) {
                    SampleBatch batch = batch(random);
                    encode(direct, batch);
                    encode(pieces, batch);
                    // A disk that has failed is left alone for a second.
                    clock.advance(Duration.ofSeconds(2));
                    disk.fail(i > 0 && random.nextInt(4) == 0);
                    journal.write(pieces);
                }
                Block whole = direct.seal(0, new BodyPool(0));
                Block joined = journal.seal(pieces, 0);
                assertThat(joined.logged).isTrue();
                // Without a spool, 1.0 mixes the rows of targets.
                assertThat(Decoded.bySeries(Decoded.rows(joined))).isEqualTo(Decoded.bySeries(Decoded.rows(whole)));
                assertThat(joined.samples).isEqualTo(whole.samples);
                expected.add(Decoded.rows(whole));
            }
            SpooledBlocks spooled = new SpooledBlocks(spool, log, queue.bodies());
            for (List<Decoded.Row> rows : expected) {
                Block block = spooled.read(log.acknowledged(), log.end());
                assertThat(block).isNotNull();
                assertThat(Decoded.bySeries(Decoded.rows(block))).isEqualTo(Decoded.bySeries(rows));
                assertThat(block.samples).isEqualTo(rows.size());
                log.acknowledge(block.logEnd, block.logSamples);
            }
            assertThat(spooled.read(log.acknowledged(), log.end())).isNull();
            assertThat(log.waitingSamples()).isZero();
            assertThat(log.dropped()).isEmpty();
            spooled.close();
        }
    }

    /** Of one to some 300 rows, with labels that are known and others that never came before. */
    private static SampleBatch batch(Random random) {
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("instance", "i" + random.nextInt(5)));
        int rows = random.nextInt(3) == 0 ? 1 + random.nextInt(300) : 1 + random.nextInt(5);
        for (int row = 0; row < rows; row++) {
            String known = "n" + random.nextInt(50);
            String name = random.nextInt(10) == 0 ? "new" + random.nextLong() : known;
            batch.add(
                    Series.of(Labels.of("__name__", "m_" + row, "l", name), MetricMetadata.NONE),
                    random.nextInt(1_000_000),
                    random.nextLong());
        }
        return batch;
    }

    @Test
    void aPieceAfterADamagedOneIsReadIfItBringsItsSymbols() throws IOException {
        QueueConfig config =
                QueueConfig.builder().fsync(QueueConfig.Fsync.NEVER).build();
        BlockEncoder encoder = encoder(WriteProtocol.V2);
        SampleBatch batch = new SampleBatch();
        Series series = Series.of(Labels.of("__name__", "m"), MetricMetadata.NONE);
        try (Spool spool = SpoolRecords.open(directory, config)) {
            BlockQueue queue = new BlockQueue(config, Clock.SYSTEM, spool);
            SpoolLog log = spool.logs().get(0);
            Journal journal = new Journal(log, queue, queue.addLane(log.slice(), () -> {}, log));
            for (int scrape = 0; scrape < 3; scrape++) {
                batch.reset(Labels.EMPTY);
                for (int row = 0; row < 300; row++) {
                    batch.add(series, 1000L * scrape + row, Double.doubleToRawLongBits(row * Math.PI));
                }
                encode(encoder, batch);
                journal.write(encoder);
            }
            Block block = journal.seal(encoder, 0);
            Path segment = SpoolRecords.segments(directory).get(0);
            byte[] bytes = Files.readAllBytes(segment);
            bytes[SpoolHeader.BYTES + 1] ^= 1;
            Files.write(segment, bytes);
            Block read = new SpooledBlocks(spool, log, queue.bodies()).read(0, log.end());
            assertThat(read).isNotNull();
            assertThat(Decoded.rows(read)).isEqualTo(Decoded.rows(block).subList(300, 900));
        }
    }
}

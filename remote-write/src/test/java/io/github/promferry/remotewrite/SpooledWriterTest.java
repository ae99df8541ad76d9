package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Clock;
import io.github.promferry.SampleBatch;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpooledWriterTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final ScriptedAnswer UNAVAILABLE = ScriptedAnswer.status(503);

    @TempDir
    Path directory;

    private final StrictReceiver receiver = StrictReceiver.start();
    private final FailingDisk failing = new FailingDisk();

    /** What the next writer is made with. */
    private WriteProtocol protocol = WriteProtocol.AUTO;

    private BatchPolicy batch = BatchPolicy.DEFAULT;
    private Clock clock = Clock.SYSTEM;
    private SpoolDisk disk = failing;
    private final AtomicLong toldAsDropped = new AtomicLong();
    private final WriteListener listener = new WriteListener() {
        @Override
        public void dropped(BlockInfo block, long samples, String reason, @Nullable WriteFailure failure) {
            toldAsDropped.addAndGet(samples);
        }
    };
    private QueueConfig.Builder queue = QueueConfig.builder().fsync(QueueConfig.Fsync.NEVER);

    @AfterEach
    void stopReceiver() {
        receiver.close();
    }

    private RemoteWriter newWriter() {
        RemoteWriteConfig config = RemoteWriteConfig.builder(receiver.uri())
                .protocol(protocol)
                .batch(batch)
                .queue(queue.spool(directory).build())
                .retry(RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(20), 0.1)))
                .listener(listener)
                .clock(clock)
                .build();
        return RemoteWriter.create(config, disk);
    }

    private static void assertBalanced(WriterStats stats) {
        assertThat(stats.accepted())
                .as("accepted = delivered + dropped + waiting in %s", stats)
                .isEqualTo(stats.delivered() + stats.droppedTotal() + stats.waiting());
    }

    private void assertReceived(Batches target, int scrapes) {
        List<ReceivedSample> samples = receiver.samples(target.full(0));
        for (int i = 0; i < samples.size(); i++) {
            assertThat(samples.get(i).timestampMillis()).isEqualTo(Batches.T0 + i * 1000L);
        }
        assertThat(samples).hasSize(scrapes);
        assertThat(receiver.violations()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(WriteProtocol.class)
    void everySampleArrivesOnceAndTheSpoolIsEmptyThen(WriteProtocol each) throws IOException {
        protocol = each;
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            Batches large = new Batches("large:1", 500);
            Batches small = new Batches("small:1", 1);
            for (int scrape = 0; scrape < 100; scrape++) {
                assertThat(writer.append(large.next())).isTrue();
                assertThat(writer.append(small.next())).isTrue();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(large, 100);
            assertReceived(small, 100);
            assertThat(receiver.sampleCount()).isEqualTo(50_100);
            assertThat(writer.stats().delivered()).isEqualTo(50_100);
            assertBalanced(writer.stats());
        }
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isZero();
            assertThat(writer.stats().spoolBytes()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(WriteProtocol.class)
    void whatTheReceiverRefusedBeforeARestartArrivesAfterIt(WriteProtocol each) {
        protocol = each;
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 15; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
            }
            receiver.awaitAttempts(3, LONG);
            assertThat(writer.close(Duration.ZERO)).isTrue();
            assertThat(writer.stats().waiting()).isEqualTo(15 * 474);
            assertBalanced(writer.stats());
        }
        receiver.answer(null);
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isEqualTo(15 * 474);
            assertThat(writer.stats().waiting()).isEqualTo(15 * 474);
            SampleBatch metrics = new SampleBatch();
            writer.metrics().collect(metrics);
            assertThat(value(metrics, "promferry_remote_write_samples_recovered_total"))
                    .isEqualTo(15 * 474);
            assertThat(value(metrics, "promferry_remote_write_spool_bytes"))
                    .isEqualTo((double) writer.stats().spoolBytes())
                    .isPositive();
            assertThat(value(metrics, "promferry_remote_write_spool_damages_total"))
                    .isZero();
            writer.start();
            assertThat(writer.append(target.next())).isTrue();
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(target, 16);
            assertThat(receiver.sampleCount()).isEqualTo(16 * 474);
            assertBalanced(writer.stats());
        }
    }

    private static double value(SampleBatch metrics, String name) {
        for (int row = 0; row < metrics.size(); row++) {
            if (name.equals(metrics.series(row).labels().metricName())) {
                return Double.longBitsToDouble(metrics.valueBits(row));
            }
        }
        throw new AssertionError("no metric " + name);
    }

    @Test
    void anOutageThatExceedsMemoryWaitsOnDiskAndGoesOutInOrder() {
        queue = queue.maxBytes(20_000).shards(2).spoolMaxBytes(64 << 20);
        batch = BatchPolicy.of(100, 1_000_000, Duration.ZERO);
        receiver.answer(UNAVAILABLE);
        List<Batches> targets = List.of(new Batches("a:1", 70), new Batches("b:1", 70), new Batches("c:1", 170));
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 300; scrape++) {
                for (Batches target : targets) {
                    assertThat(writer.append(target.next())).isTrue();
                }
                assertThat(writer.stats().waitingBytes()).isLessThan(30_000);
            }
            assertThat(writer.flush(Duration.ofMillis(1)).complete()).isFalse();
            assertBalanced(writer.stats());
            assertThat(writer.stats().oldestWaitingMillis()).isEqualTo(Batches.T0);
            receiver.answer(null);
            for (int scrape = 0; scrape < 50; scrape++) {
                for (Batches target : targets) {
                    assertThat(writer.append(target.next())).isTrue();
                }
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            targets.forEach(target -> assertReceived(target, 350));
            assertThat(writer.stats().dropped()).isEmpty();
            assertThat(writer.stats().waiting()).isZero();
            assertBalanced(writer.stats());
        }
    }

    /** Ten minutes of scrapes go out in less than one: after the pause before the next attempt, without any. */
    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void aBacklogGoesOutInOrderMoreThanTenTimesAsFastAsItCame(WriteProtocol each) {
        ManualClock byHand = new ManualClock();
        clock = byHand;
        protocol = each;
        queue = queue.maxBytes(200_000);
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int second = 0; second < 600; second++) {
                assertThat(writer.append(target.next())).isTrue();
                byHand.advance(Duration.ofSeconds(1));
            }
            assertThat(writer.stats().waiting()).isEqualTo(600 * 474);
            assertThat(writer.stats().waitingBlocks()).as("in memory").isLessThan(100);
            receiver.answer(null);
            int seconds = 0;
            while (!writer.flush(Duration.ofMillis(500)).complete()) {
                assertThat(++seconds).as("seconds to send 600").isLessThan(60);
                byHand.advance(Duration.ofSeconds(1));
            }
            assertReceived(target, 600);
            assertBalanced(writer.stats());
        }
    }

    @Test
    void whileTheReceiverIsUpNothingIsReadBackNorWaitsForTheClock(@TempDir Path elsewhere) {
        clock = new ManualClock();
        // What would be read is not where a reader looks for it.
        disk = file -> SpoolDisk.REAL.open(elsewhere.resolve(file.getFileName()));
        batch = BatchPolicy.of(2000, 1_000_000, Duration.ZERO);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 100; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
                assertThat(writer.flush(LONG).complete()).isTrue();
            }
            assertReceived(target, 100);
            assertThat(writer.stats().delivered()).isEqualTo(100 * 474);
            assertThat(elsewhere).isNotEmptyDirectory();
        }
    }

    @Test
    void whileTheDiskFailsSamplesWaitInMemoryAndThenOnDiskAgain() throws InterruptedException {
        queue = queue.maxBytes(1 << 20);
        batch = BatchPolicy.of(1000, 1_000_000, Duration.ofSeconds(1));
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 30; scrape++) {
                // The disk fails and comes back in the middle of a request, and between two.
                failing.fail(scrape % 10 >= 3 && scrape % 10 < 8);
                if (scrape % 10 == 8) {
                    Thread.sleep(1100);
                }
                assertThat(writer.append(target.next())).isTrue();
                assertBalanced(writer.stats());
            }
            assertThat(writer.close(Duration.ZERO)).isTrue();
            assertThat(writer.stats().waiting()).isEqualTo(30 * 474);
        }
        receiver.answer(null);
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isEqualTo(30 * 474);
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(target, 30);
        }
    }

    @Test
    void aDiskThatNeverWorksIsAsGoodAsNoSpool() {
        failing.fail(true);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 30; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(target, 30);
            assertBalanced(writer.stats());
        }
    }

    @Test
    void aFullSpoolDropsTheOldestAndTheLedgerAddsUp() {
        queue = queue.maxBytes(10_000).spoolMaxBytes(1 << 20);
        batch = BatchPolicy.of(500, 1_000_000, Duration.ZERO);
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 474);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            for (int scrape = 0; scrape < 1500; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
                assertThat(writer.stats().spoolBytes()).isLessThanOrEqualTo(1 << 20);
            }
            assertBalanced(writer.stats());
            long dropped = writer.stats().dropped().get("queue_full");
            assertThat(dropped).isPositive().isEqualTo(writer.stats().droppedTotal());
            receiver.answer(null);
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertBalanced(writer.stats());
            List<ReceivedSample> samples = receiver.samples(target.full(3));
            assertThat(samples.get(samples.size() - 1).timestampMillis()).isEqualTo(Batches.T0 + 1499 * 1000L);
            assertThat(receiver.sampleCount())
                    .isEqualTo(1500 * 474 - writer.stats().droppedTotal());
            assertThat(toldAsDropped).hasValue(writer.stats().droppedTotal());
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @Test
    void aFullSpoolRefusesNewSamplesIfSoConfigured() {
        queue = queue.spoolMaxBytes(1 << 20).overflow(QueueConfig.Overflow.DROP_NEWEST);
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 2000);
        int taken = 0;
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            while (writer.append(target.next())) {
                taken++;
            }
            assertThat(taken).isPositive();
            assertThat(writer.stats().refused()).isEqualTo(2000);
            assertThat(writer.stats().dropped()).isEmpty();
            receiver.answer(null);
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(target, taken);
            assertBalanced(writer.stats());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void withOtherShardsTheOldSamplesGoFirst(int shards) {
        queue = queue.shards(2);
        receiver.answer(UNAVAILABLE);
        List<Batches> targets = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            targets.add(new Batches("target-" + i, 100));
        }
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            appendAll(writer, targets, 20);
            writer.close(Duration.ZERO);
        }
        queue = queue.shards(shards);
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            appendAll(writer, targets, 20);
            receiver.answer(null);
            appendAll(writer, targets, 20);
            assertThat(writer.flush(LONG).complete()).isTrue();
            targets.forEach(target -> assertReceived(target, 60));
            assertBalanced(writer.stats());
            assertThat(writer.stats().delivered()).isEqualTo(8 * 60 * 100);
        }
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isZero();
        }
    }

    @Test
    void aChangeOfShardsInAnOutageOutlivesARestart() throws IOException {
        queue = queue.shards(1, 3);
        receiver.answer(UNAVAILABLE);
        List<Batches> targets = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            targets.add(new Batches("target-" + i, 100));
        }
        try (RemoteWriter writer = newWriter()) {
            writer.start();
            appendAll(writer, targets, 10);
            writer.resize(2);
            appendAll(writer, targets, 10);
            writer.resize(3);
            appendAll(writer, targets, 10);
            writer.close(Duration.ZERO);
            assertThat(writer.stats().waiting()).isEqualTo(8 * 30 * 100);
            assertBalanced(writer.stats());
        }
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().shards()).isEqualTo(3);
            assertThat(writer.stats().recovered()).isEqualTo(8 * 30 * 100);
            writer.start();
            appendAll(writer, targets, 10);
            receiver.answer(null);
            assertThat(writer.flush(LONG).complete()).isTrue();
            targets.forEach(target -> assertReceived(target, 40));
            assertBalanced(writer.stats());
        }
        try (var found = Files.list(directory)) {
            assertThat(found.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("spool.lock", "log-000003-0of3", "log-000003-1of3", "log-000003-2of3");
        }
    }

    private static void appendAll(RemoteWriter writer, List<Batches> targets, int scrapes) {
        for (int scrape = 0; scrape < scrapes; scrape++) {
            targets.forEach(target -> assertThat(writer.append(target.next())).isTrue());
        }
    }

    @Test
    void aDamagedRecordCostsItsOwnSamples() throws IOException {
        protocol = WriteProtocol.V2;
        batch = BatchPolicy.of(500, 1_000_000, Duration.ofSeconds(1));
        receiver.answer(UNAVAILABLE);
        Batches target = new Batches("a:1", 100);
        try (RemoteWriter writer = newWriter()) {
            for (int scrape = 0; scrape < 10; scrape++) {
                writer.append(target.next());
            }
            writer.close(Duration.ZERO);
        }
        Path segment = SpoolRecords.segments(directory).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        bytes[SpoolHeader.BYTES + 20] ^= 1;
        bytes[bytes.length - SpoolHeader.BYTES - 5] ^= 1;
        Files.write(segment, bytes);
        receiver.answer(null);
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isEqualTo(1000);
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            // The first request has lost its first batch, the second one the copy of its symbols.
            assertThat(receiver.samples(target.full(5))).hasSize(9);
            assertThat(receiver.violations()).isEmpty();
            assertThat(writer.stats().dropped()).containsExactly(Map.entry("spool_damaged", 100L));
            assertThat(writer.stats().spoolDamages()).isEqualTo(2);
            assertBalanced(writer.stats());
        }
    }

    @Test
    void aRequestThatIsTooLargeIsAcknowledgedWhenItsLastPartIs() {
        receiver.then(ScriptedAnswer.status(413), ScriptedAnswer.status(413));
        Batches target = new Batches("a:1", 1000);
        try (RemoteWriter writer = newWriter()) {
            writer.append(target.next());
            writer.append(target.next());
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertReceived(target, 2);
        }
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().recovered()).isZero();
        }
    }

    @Test
    void aSpoolInUseIsNamedWithTheWriter() {
        try (RemoteWriter writer = newWriter()) {
            assertThat(writer.stats().accepted()).isZero();
            assertThatThrownBy(this::newWriter)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(directory.toString())
                    .hasMessageContaining("QueueConfig.spool");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whateverHappensNothingIsLostOrOutOfOrder(long seed) throws IOException {
        Random random = new Random(seed);
        queue = queue.maxBytes(1 << 20).shards(1 + random.nextInt(2));
        batch = BatchPolicy.of(50 + random.nextInt(500), 1_000_000, Duration.ofMillis(random.nextInt(30)));
        List<Batches> targets = List.of(new Batches("a", 1), new Batches("b", 40), new Batches("c", 400));
        int[] scrapes = new int[3];
        RemoteWriter writer = newWriter();
        try {
            writer.start();
            for (int step = 0; step < 300; step++) {
                switch (random.nextInt(20)) {
                    case 0 -> receiver.answer(random.nextBoolean() ? UNAVAILABLE : null);
                    case 1 -> receiver.answer(null);
                    case 2 -> receiver.then(ScriptedAnswer.status(429), ScriptedAnswer.status(500));
                    case 3 -> failing.fail(random.nextBoolean());
                    case 4 -> {
                        // A disk that works when the writer is closed: nothing has to be dropped.
                        failing.fail(false);
                        writer.flush(Duration.ofMillis(random.nextInt(20)));
                    }
                    case 5 -> writer.resize(1 + random.nextInt(4));
                    case 6 -> {
                        if (!failing.fails() && writer.stats().dropped().isEmpty()) {
                            assertBalanced(writer.stats());
                        }
                    }
                    default -> {
                        int i = random.nextInt(3);
                        assertThat(writer.append(targets.get(i).next())).isTrue();
                        scrapes[i]++;
                    }
                }
            }
            failing.fail(false);
            receiver.answer(null);
            assertThat(writer.flush(LONG).complete()).isTrue();
            for (int i = 0; i < 3; i++) {
                assertReceived(targets.get(i), scrapes[i]);
            }
            assertBalanced(writer.stats());
            assertThat(writer.stats().waiting()).isZero();
        } finally {
            writer.close(Duration.ZERO);
        }
        try (RemoteWriter next = newWriter()) {
            assertThat(next.stats().recovered()).isZero();
        }
    }
}

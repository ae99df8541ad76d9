package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.http.Credentials;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.StrictReceiver.Dialect;
import io.github.promferry.testkit.WriteAttempt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteWriterTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(150);
    private static final RetryPolicy QUICK =
            RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(4), 0.1));
    private static final RetryPolicy PATIENT =
            RetryPolicy.standard(new Backoff(Duration.ofHours(1), Duration.ofHours(1), 0));
    private static final BatchPolicy AT_ONCE = BatchPolicy.of(2000, 1_000_000, Duration.ZERO);
    private static final BatchPolicy NEVER = BatchPolicy.of(2000, 1_000_000, Duration.ofDays(1));

    private final StrictReceiver receiver = StrictReceiver.start();
    private final ManualClock clock = new ManualClock();
    private final Events events = new Events();
    private final Batches target = new Batches("a:1", 10);

    @TempDir
    Path folder;

    @AfterEach
    void closeReceiver() {
        receiver.close();
    }

    private RemoteWriteConfig.Builder config() {
        return RemoteWriteConfig.builder(receiver.uri())
                .protocol(WriteProtocol.V2)
                .batch(AT_ONCE)
                .retry(QUICK)
                .listener(events);
    }

    private static RemoteWriter started(RemoteWriteConfig.Builder config) {
        RemoteWriter writer = RemoteWriter.create(config.build());
        writer.start();
        return writer;
    }

    private static void assertLedger(WriterStats stats) {
        assertThat(stats.accepted()).isEqualTo(stats.delivered() + stats.droppedTotal() + stats.waiting());
    }

    private List<Integer> requestSizes() {
        return receiver.attempts().stream().map(WriteAttempt::sampleCount).toList();
    }

    /** Such as no room for a buffer outside of the heap, or a class of the credentials that is missing. */
    @Test
    void anErrorWithinAnAttemptIsAFailureOfTheAttempt() {
        AtomicInteger calls = new AtomicInteger();
        Credentials broken = () -> {
            if (calls.getAndIncrement() == 0) {
                throw new OutOfMemoryError("of a test");
            }
            return null;
        };
        try (RemoteWriter writer = started(config().credentials(broken))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
            assertThat(events.of("retrying").get(0)).contains("of a test");
            assertLedger(writer.stats());
        }
    }

    /** What does not fit into nanoseconds is as good as for ever, and the sender waits. */
    @Test
    void aWaitOfMoreThanCenturiesIsAWait() {
        receiver.then(ScriptedAnswer.status(503).header("Retry-After", "999999999999"));
        try (RemoteWriter writer = started(config().retry(WriteFailure::retryAfter))) {
            writer.append(target.next());
            events.await("retrying", 1);
            assertThat(writer.close(Duration.ZERO)).isFalse();
            assertLedger(writer.stats());
        }
    }

    @ParameterizedTest(name = "{0}, with a {1}: {2}")
    @CsvSource({
        "DROP_OLDEST, nothing, false",
        "DROP_NEWEST, nothing, false",
        "BLOCK, nothing, true",
        "DROP_OLDEST, spool, true",
        "DROP_OLDEST, listener, true",
        "DROP_OLDEST, relabeling, true",
        "DROP_OLDEST, policy, true"
    })
    void saysWhetherAppendingMayWait(QueueConfig.Overflow overflow, String with, boolean mayBlock) {
        QueueConfig.Builder queue = QueueConfig.builder().overflow(overflow);
        RemoteWriteConfig.Builder config = RemoteWriteConfig.builder(receiver.uri());
        switch (with) {
            case "spool" -> queue.spool(folder);
            case "listener" -> config.listener(events);
            case "relabeling" -> config.writeRelabel(labels -> labels);
            case "policy" ->
                config.batch(new BatchPolicy() {
                    @Override
                    public int maxSamples() {
                        return AT_ONCE.maxSamples();
                    }

                    @Override
                    public int maxBytes() {
                        return AT_ONCE.maxBytes();
                    }

                    @Override
                    public Duration linger(int samples, int bytes) {
                        return Duration.ZERO;
                    }
                });
            default -> {}
        }
        try (RemoteWriter writer =
                RemoteWriter.create(config.queue(queue.build()).build())) {
            assertThat(writer.mayBlock()).isEqualTo(mayBlock);
        }
    }

    // ---- delivery

    @ParameterizedTest
    @EnumSource(WriteProtocol.class)
    void everySampleArrivesOnceWithTheDefaults(WriteProtocol protocol) {
        receiver.requireAuthorization("Basic dXNlcjpwYXNz");
        try (RemoteWriter writer = started(RemoteWriteConfig.builder(receiver.uri())
                .protocol(protocol)
                .credentials(Credentials.basic("user", "pass")))) {
            for (int scrape = 0; scrape < 300; scrape++) {
                assertThat(writer.append(target.next())).isTrue();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(3000);
            assertThat(receiver.samples(target.full(7)))
                    .extracting(ReceivedSample::value)
                    .hasSize(300)
                    .startsWith(7.0, 1007.0, 2007.0);
            // With 1.0 the metadata follows on its own.
            Awaitility.await().atMost(LONG).until(() -> writer.stats().waitingBytes() == 0);
            WriterStats stats = writer.stats();
            assertThat(stats.delivered()).isEqualTo(3000);
            assertThat(stats.waiting()).isZero();
            assertThat(stats.waitingBlocks()).isZero();
            assertThat(stats.newestDeliveredMillis()).isEqualTo(Batches.T0 + 299_000);
            assertThat(stats.oldestWaitingMillis()).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void samplesNeedNoTargetAndNoScrape() {
        try (RemoteWriter writer = started(config())) {
            SampleBatch batch = new SampleBatch();
            Series queue = Series.of(Labels.of("__name__", "queue_length"), EncoderTest.COUNTER);
            batch.add(queue, SampleBatch.NO_TIMESTAMP, Double.doubleToRawLongBits(3));
            writer.append(batch);
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.samples(queue.labels())).hasSize(1);
            assertThat(receiver.metadata(queue.labels()).type()).isEqualTo(MetricType.COUNTER);
        }
    }

    @Test
    void emptyBatchIsTakenAndForgotten() {
        RemoteWriter writer = RemoteWriter.create(config().build());
        assertThat(writer.append(new SampleBatch())).isTrue();
        assertThat(writer.stats().accepted()).isZero();
        writer.close();
    }

    // ---- batching

    @ParameterizedTest
    @CsvSource({
        // most samples in a request, requests for five batches of ten
        "20, '20,20,10'",
        "25, '20,20,10'",
        "10, '10,10,10,10,10'",
        "4, '4,4,2,4,4,2,4,4,2,4,4,2,4,4,2'",
        "1000, '50'",
    })
    void batchThatFitsIntoARequestIsNotTorn(int maxSamples, String sizes) {
        try (RemoteWriter writer = started(config().batch(BatchPolicy.of(maxSamples, 1_000_000, Duration.ofDays(1))))) {
            for (int i = 0; i < 5; i++) {
                writer.append(target.next());
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            String got = requestSizes().stream().map(String::valueOf).collect(Collectors.joining(","));
            // A batch that is too large for a request leaves its rest open, to be joined by the next one.
            if (maxSamples == 4) {
                assertThat(requestSizes().stream().mapToInt(Integer::intValue).sum())
                        .isEqualTo(50);
                assertThat(requestSizes()).allMatch(size -> size <= 4);
            } else {
                assertThat(got).isEqualTo(sizes);
            }
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void bytesBoundRequestsToo(WriteProtocol protocol) {
        try (RemoteWriter writer = started(config().protocol(protocol)
                .sendMetadata(false)
                .batch(BatchPolicy.of(2000, 2000, Duration.ofDays(1))))) {
            for (int i = 0; i < 20; i++) {
                writer.append(target.next());
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(200);
            // Whole batches each time: the limit is reached within one, which then opens the next request.
            assertThat(requestSizes()).hasSizeGreaterThan(2).allMatch(size -> size % 10 == 0);
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @Test
    void openRequestWaitsForOthersForAsLongAsThePolicySays() {
        try (RemoteWriter writer =
                started(config().clock(clock).batch(BatchPolicy.of(2000, 1_000_000, Duration.ofSeconds(5))))) {
            writer.append(target.next());
            clock.advance(Duration.ofSeconds(4));
            writer.append(target.next());
            Awaitility.await().during(SHORT).until(() -> receiver.attempts().isEmpty());
            clock.advance(Duration.ofSeconds(1));
            receiver.awaitSamples(20, LONG);
            assertThat(requestSizes()).containsExactly(20);
        }
    }

    @Test
    void policyMaySendAtMomentsThatOnlyTheServiceKnows() {
        BatchPolicy everyThirtySamples = new BatchPolicy() {
            @Override
            public int maxSamples() {
                return 2000;
            }

            @Override
            public int maxBytes() {
                return 1_000_000;
            }

            @Override
            public Duration linger(int samples, int bytes) {
                return samples >= 30 ? Duration.ZERO : Duration.ofDays(1);
            }
        };
        try (RemoteWriter writer = started(config().batch(everyThirtySamples))) {
            for (int i = 0; i < 6; i++) {
                writer.append(target.next());
            }
            receiver.awaitSamples(60, LONG);
            assertThat(requestSizes()).containsExactly(30, 30);
        }
    }

    // ---- flush and close

    @Test
    void flushTellsWhatWasDeliveredWhatWasDroppedAndWhatWaits() {
        try (RemoteWriter writer = started(config().batch(NEVER).retry(PATIENT))) {
            assertThat(writer.flush(LONG)).isEqualTo(FlushResult.NOTHING_KEPT);
            writer.append(target.next());
            assertThat(writer.flush(LONG)).isEqualTo(new FlushResult(true, 10, 0, 0));
            receiver.then(ScriptedAnswer.status(400));
            writer.append(target.next());
            writer.append(target.next());
            assertThat(writer.flush(LONG)).isEqualTo(new FlushResult(true, 0, 20, 0));
            receiver.then(ScriptedAnswer.status(503));
            writer.append(target.next());
            assertThat(writer.flush(SHORT)).isEqualTo(new FlushResult(false, 0, 0, 10));
            writer.append(target.next());
            assertThat(writer.flush(SHORT)).isEqualTo(new FlushResult(false, 0, 0, 20));
            writer.close(Duration.ZERO);
            assertLedger(writer.stats());
        }
    }

    @Test
    void flushDuringABackoffCausesNoAttempt() {
        receiver.answer(ScriptedAnswer.status(503));
        try (RemoteWriter writer = started(config().retry(PATIENT))) {
            writer.append(target.next());
            events.await("retrying", 1);
            writer.append(target.next());
            assertThat(writer.flush(SHORT)).isEqualTo(new FlushResult(false, 0, 0, 20));
            assertThat(receiver.attempts()).hasSize(1);
            assertThat(writer.close(SHORT)).isFalse();
            assertThat(receiver.attempts()).hasSize(1);
            assertThat(writer.stats().dropped()).containsOnlyKeys("closed").containsEntry("closed", 20L);
            assertLedger(writer.stats());
        }
    }

    @Test
    void closeSendsWhatIsOpen() {
        RemoteWriter writer = started(config().batch(NEVER));
        writer.append(target.next());
        assertThat(writer.close(LONG)).isTrue();
        assertThat(receiver.sampleCount()).isEqualTo(10);
    }

    @Test
    void closeEndsInTimeWhateverTheReceiverDoes() throws InterruptedException {
        receiver.answer(ScriptedAnswer.hang());
        RemoteWriter writer = started(config().timeout(Duration.ofHours(1)));
        writer.append(target.next());
        receiver.awaitAttempts(1, LONG);
        long start = System.nanoTime();
        assertThat(writer.close(SHORT)).isFalse();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(writer.append(target.next())).isFalse();
        assertThat(writer.stats().refused()).isEqualTo(10);
        assertThat(writer.close(LONG)).isFalse();
        assertThatIllegalStateException().isThrownBy(writer::start);
        receiver.answer(null);
        Thread.sleep(SHORT.toMillis());
        assertThat(receiver.attempts()).hasSize(1);
    }

    @Test
    void writerThatNeverStartedDropsWhatItHasOnClose() {
        RemoteWriter writer = RemoteWriter.create(config().build());
        assertThat(writer.append(target.next())).isTrue();
        assertThat(writer.flush(SHORT).complete()).isFalse();
        assertThat(writer.close(LONG)).isFalse();
        assertThat(writer.stats().dropped()).containsEntry("closed", 10L);
        assertLedger(writer.stats());
    }

    @Test
    void whatWasAppendedBeforeTheStartIsSent() {
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.append(target.next());
            writer.start();
            writer.start();
            receiver.awaitSamples(10, LONG);
        }
    }

    @Test
    void threadsAreNamedDaemonsAndEnd() {
        RemoteWriter writer = started(
                config().name("store").queue(QueueConfig.builder().shards(3).build()));
        writer.append(target.next());
        assertThat(writer.flush(LONG).complete()).isTrue();
        List<Thread> own = threads("promferry-write-store-");
        assertThat(own).extracting(Thread::getName).contains("promferry-write-store-0", "promferry-write-store-2");
        assertThat(own).extracting(Thread::isDaemon).containsOnly(true);
        assertThat(own).extracting(Thread::getContextClassLoader).containsOnly(ClassLoader.getSystemClassLoader());
        writer.close();
        Awaitility.await()
                .atMost(LONG)
                .until(() -> threads("promferry-write-store-").isEmpty());
    }

    private static List<Thread> threads(String prefix) {
        Set<Thread> all = Thread.getAllStackTraces().keySet();
        return all.stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .toList();
    }

    // ---- queue

    private RemoteWriteConfig.Builder small(QueueConfig.Overflow overflow, int blocks) {
        // A block of ten samples has some 200 bytes.
        int blockBytes = blockBytes();
        return config().retry(PATIENT)
                .queue(QueueConfig.builder()
                        .maxBytes((long) blockBytes * blocks + blockBytes / 2)
                        .overflow(overflow)
                        .blockTimeout(SHORT)
                        .build());
    }

    private int blockBytes() {
        V2Encoder encoder = new V2Encoder(Labels.EMPTY, null, true);
        encoder.encode(new Batches("a:1", 10).next(), 0, 10, 1_000_000, false, clock);
        return encoder.seal(0, new BodyPool(0)).body.length;
    }

    @Test
    void oldestSamplesGiveWayWhenTheQueueIsFull() {
        RemoteWriter writer = RemoteWriter.create(
                small(QueueConfig.Overflow.DROP_OLDEST, 4).retry(QUICK).build());
        for (int i = 0; i < 10; i++) {
            assertThat(writer.append(target.next())).isTrue();
            assertLedger(writer.stats());
        }
        WriterStats full = writer.stats();
        assertThat(full.waitingBlocks()).isEqualTo(4);
        assertThat(full.dropped()).containsOnlyKeys("queue_full").containsEntry("queue_full", 60L);
        assertThat(full.oldestWaitingMillis()).isEqualTo(Batches.T0 + 6000);
        writer.start();
        assertThat(writer.close(LONG)).isTrue();
        assertThat(receiver.samples(target.full(0)))
                .extracting(ReceivedSample::value)
                .containsExactly(6000.0, 7000.0, 8000.0, 9000.0);
        assertThat(events.of("dropped")).hasSize(6);
    }

    @ParameterizedTest
    @EnumSource(
            value = QueueConfig.Overflow.class,
            names = {"DROP_NEWEST", "BLOCK"})
    void newSamplesAreRefusedWhenTheQueueIsFull(QueueConfig.Overflow overflow) {
        RemoteWriter writer =
                RemoteWriter.create(small(overflow, 2).retry(QUICK).build());
        List<Boolean> taken = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            taken.add(writer.append(target.next()));
        }
        assertThat(taken).containsExactly(true, true, true, false, false);
        assertThat(writer.stats().refused()).isEqualTo(20);
        assertThat(writer.stats().dropped()).isEmpty();
        writer.start();
        assertThat(writer.close(LONG)).isTrue();
        assertThat(receiver.samples(target.full(0)))
                .extracting(ReceivedSample::value)
                .containsExactly(0.0, 1000.0, 2000.0);
    }

    @Test
    void blockedCallerGoesOnWhenThereIsRoom() {
        QueueConfig queue = QueueConfig.builder()
                .maxBytes(blockBytes())
                .overflow(QueueConfig.Overflow.BLOCK)
                .blockTimeout(LONG)
                .build();
        try (RemoteWriter writer = started(config().queue(queue))) {
            for (int i = 0; i < 50; i++) {
                assertThat(writer.append(target.next())).isTrue();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(500);
        }
    }

    /** More nanoseconds than a long can count. */
    @Test
    void everyTimeoutMayBeForever() {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        QueueConfig queue = QueueConfig.builder()
                .overflow(QueueConfig.Overflow.BLOCK)
                .blockTimeout(forever)
                .maxAge(forever)
                .build();
        RemoteWriter writer =
                started(config().queue(queue).timeout(forever).batch(BatchPolicy.of(1000, 1_000_000, forever)));
        assertThat(writer.append(target.next())).isTrue();
        assertThat(writer.flush(forever).complete()).isTrue();
        assertThat(writer.close(forever)).isTrue();
        assertThat(receiver.sampleCount()).isEqualTo(10);
    }

    @Test
    void samplesThatHaveWaitedTooLongAreNotSent() {
        receiver.answer(ScriptedAnswer.status(503));
        Duration hour = Duration.ofHours(1);
        try (RemoteWriter writer = started(config().clock(clock)
                .retry(RetryPolicy.standard(new Backoff(Duration.ofSeconds(5), Duration.ofSeconds(5), 0)))
                .queue(QueueConfig.builder().maxAge(hour).build()))) {
            writer.append(target.next());
            events.await("retrying", 1);
            clock.advance(Duration.ofMinutes(30));
            writer.append(target.next());
            events.await("retrying", 2);
            receiver.answer(null);
            clock.jumpWall(Duration.ofDays(-3)).advance(Duration.ofMinutes(31));
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsOnlyKeys("too_old").containsEntry("too_old", 10L);
            assertThat(receiver.samples(target.full(0)))
                    .extracting(ReceivedSample::value)
                    .containsExactly(1000.0);
        }
    }

    // ---- outage

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void outageOfAnHourCostsFewAttemptsAndNoSample(int shards) {
        receiver.answer(ScriptedAnswer.status(503));
        try (RemoteWriter writer = started(config().clock(clock)
                .retry(RetryPolicy.DEFAULT)
                .queue(QueueConfig.builder().shards(shards).build()))) {
            List<Batches> targets = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                targets.add(new Batches("engine-" + i, 3));
            }
            int attempts = 0;
            for (int scrape = 0; scrape < 4; scrape++) {
                targets.forEach(one -> writer.append(one.next()));
                attempts += attemptsWithin(Duration.ofSeconds(15), 250);
            }
            // Each shard may have been under way when the receiver went away.
            assertThat(attempts).isLessThan(20 + shards - 1);
            for (int minute = 1; minute < 60; minute++) {
                targets.forEach(one -> writer.append(one.next()));
                attemptsWithin(Duration.ofMinutes(1), 15_000);
            }
            assertLedger(writer.stats());
            assertThat(writer.stats().waiting()).isEqualTo(8 * 3 * 63);
            receiver.answer(null);
            // An attempt may just be failing, whose wait begins only now.
            Awaitility.await().atMost(LONG).until(() -> {
                clock.advance(Duration.ofSeconds(1));
                return writer.stats().waiting() == 0;
            });
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(8 * 3 * 63);
            for (Batches one : targets) {
                assertThat(receiver.samples(one.full(1))).hasSize(63);
            }
        }
    }

    /** Lets time pass in steps, each as soon as the writer has done what it does at that time. */
    private int attemptsWithin(Duration time, long stepMillis) {
        int before = receiver.attempts().size();
        for (long passed = 0; passed < time.toMillis(); passed += stepMillis) {
            clock.advance(Duration.ofMillis(stepMillis));
            try {
                Thread.sleep(4);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return receiver.attempts().size() - before;
    }

    @Test
    void retryAfterIsHonored() {
        receiver.then(ScriptedAnswer.status(429).header("Retry-After", "60"));
        try (RemoteWriter writer = started(config().clock(clock).retry(RetryPolicy.DEFAULT))) {
            writer.append(target.next());
            events.await("retrying", 1);
            clock.advance(Duration.ofSeconds(59));
            assertThat(writer.flush(SHORT)).isEqualTo(new FlushResult(false, 0, 0, 10));
            assertThat(receiver.attempts()).hasSize(1);
            clock.advance(Duration.ofSeconds(1));
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
        }
    }

    // ---- protocol

    @ParameterizedTest
    @EnumSource(
            value = Dialect.class,
            names = {"ONLY_1", "ONLY_1_BLIND"})
    void receiverThatKnowsOnlyVersion1GetsEverythingAsVersion1(Dialect dialect) {
        receiver.dialect(dialect);
        try (RemoteWriter writer =
                RemoteWriter.create(config().protocol(WriteProtocol.AUTO).build())) {
            for (int i = 0; i < 5; i++) {
                writer.append(target.next());
            }
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(60);
            assertThat(writer.stats().delivered()).isEqualTo(60);
            assertThat(writer.stats().droppedTotal()).isZero();
            // One request was in vain; the waiting blocks were not even tried as 2.0.
            assertThat(writer.stats().requests()).isLessThanOrEqualTo(8);
            assertThat(events.of("protocolChanged")).hasSize(1).allMatch(event -> event.contains("V1"));
        }
    }

    @Test
    void version2IsTriedAgainAfterAnHour() {
        receiver.dialect(Dialect.ONLY_1);
        try (RemoteWriter writer = started(config().clock(clock).protocol(WriteProtocol.AUTO))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            receiver.dialect(Dialect.BOTH);
            clock.advance(Duration.ofMinutes(59));
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(lastVersion()).isEqualTo("0.1.0");
            clock.advance(Duration.ofMinutes(1));
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(lastVersion()).isEqualTo("2.0.0");
            assertThat(receiver.samples(target.full(0))).hasSize(3);
            assertThat(receiver.violations()).isEmpty();
        }
    }

    private String lastVersion() {
        List<WriteAttempt> attempts = receiver.attempts();
        return attempts.get(attempts.size() - 1).request().header("X-Prometheus-Remote-Write-Version");
    }

    @Test
    void receiverThatAnswers400ToAnythingButVersion1IsFound() {
        receiver.then(ScriptedAnswer.status(400).body("cannot decode"));
        try (RemoteWriter writer = started(config().protocol(WriteProtocol.AUTO))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(20);
            assertThat(lastVersion()).isEqualTo("0.1.0");
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @Test
    void blockThatIsBadInBothVersionsIsDroppedAndVersion2Stays() {
        receiver.then(
                ScriptedAnswer.status(400).body("bad"),
                ScriptedAnswer.status(400).body("bad as well"));
        try (RemoteWriter writer = started(config().protocol(WriteProtocol.AUTO))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            receiver.then(ScriptedAnswer.status(400).body("bad again"));
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsEntry("http_400", 20L);
            // Once 2.0 was confirmed, a 400 is just a 400.
            assertThat(writer.stats().requests()).isEqualTo(4);
            assertThat(lastVersion()).isEqualTo("2.0.0");
        }
    }

    @Test
    void fixedVersion2NeverFallsBack() {
        receiver.dialect(Dialect.ONLY_1_BLIND);
        try (RemoteWriter writer = started(config())) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsEntry("unconfirmed", 10L);
            receiver.dialect(Dialect.ONLY_1);
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsEntry("http_415", 10L);
        }
    }

    @Test
    void version1SendsMetadataOnceAnInterval() {
        try (RemoteWriter writer = started(config().clock(clock).protocol(WriteProtocol.V1))) {
            for (int second = 0; second < 90; second += 15) {
                writer.append(target.next());
                assertThat(writer.flush(LONG).complete()).isTrue();
                clock.advance(Duration.ofSeconds(15));
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            Awaitility.await()
                    .atMost(LONG)
                    .untilAsserted(() -> assertThat(requestSizes())
                            .filteredOn(size -> size == 0)
                            .hasSize(2));
            assertThat(receiver.familyMetadata()).containsOnlyKeys("vllm:tokens");
            assertThat(receiver.familyMetadata().get("vllm:tokens").help()).isEqualTo("Tokens of \u00e4ll kinds.");
            assertThat(receiver.violations()).isEmpty();
            assertLedger(writer.stats());
        }
    }

    // ---- transport

    @Test
    void refusedPasswordIsReadAgainFromItsFile() throws IOException {
        Path file = Files.writeString(folder.resolve("password"), "old\n");
        receiver.requireAuthorization("Basic dXNlcjpuZXc=");
        RetryPolicy changesTheFile = failure -> null;
        try (RemoteWriter writer =
                started(config().credentials(Credentials.basic("user", file)).retry(changesTheFile))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            // Tried once more, then dropped as the specification says.
            assertThat(receiver.attempts()).hasSize(2);
            assertThat(writer.stats().dropped()).containsEntry("http_401", 10L);
            Files.writeString(file, "new\n");
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void credentialsThatMayHaveChangedAreTriedOnceMore(int status) throws IOException {
        Path file = Files.writeString(folder.resolve("token"), "t");
        receiver.then(ScriptedAnswer.status(status));
        try (RemoteWriter writer = started(config().credentials(Credentials.bearer(file)))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
            assertThat(writer.stats().dropped()).isEmpty();
            receiver.then(ScriptedAnswer.status(status), ScriptedAnswer.status(status));
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsOnlyKeys("http_" + status);
            assertThat(receiver.attempts()).hasSize(4);
        }
    }

    @Test
    void fixedPasswordIsNotTriedTwice() {
        receiver.requireAuthorization("Basic dXNlcjpuZXc=");
        try (RemoteWriter writer = started(config().credentials(Credentials.basic("user", "old")))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.attempts()).hasSize(1);
        }
    }

    @Test
    void missingPasswordFileIsWaitedFor() throws IOException {
        Path file = folder.resolve("token");
        receiver.requireAuthorization("Bearer t");
        try (RemoteWriter writer = started(config().credentials(Credentials.bearer(file)))) {
            writer.append(target.next());
            events.await("retrying", 2);
            assertThat(receiver.attempts()).isEmpty();
            Files.writeString(file, "t");
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
        }
    }

    // ---- the service's own code

    @Test
    void listenerThatThrowsHarmsNobody() {
        WriteListener broken = new WriteListener() {
            @Override
            public void delivered(BlockInfo block) {
                throw new IllegalStateException("listener");
            }
        };
        try (RemoteWriter writer = started(config().listener(broken))) {
            for (int i = 0; i < 3; i++) {
                writer.append(target.next());
                assertThat(writer.flush(LONG).complete()).isTrue();
            }
            assertThat(receiver.sampleCount()).isEqualTo(30);
        }
    }

    @Test
    void listenerHearsOfEachBlock() {
        try (RemoteWriter writer = started(config().name("store"))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            events.await("delivered", 1);
            assertThat(events.of("delivered").get(0))
                    .contains("writer=store", "shard=0", "protocol=V2", "samples=10", "attempts=1");
        }
    }

    @Test
    void rowsThatRelabelingDropsAreCounted() {
        try (RemoteWriter writer =
                started(config().writeRelabel(labels -> "0".equals(labels.get("le")) ? null : labels))) {
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().dropped()).containsOnlyKeys("relabeled").containsEntry("relabeled", 1L);
            assertThat(receiver.sampleCount()).isEqualTo(9);
            assertLedger(writer.stats());
        }
    }
}

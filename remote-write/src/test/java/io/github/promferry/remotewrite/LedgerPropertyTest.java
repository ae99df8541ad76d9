package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever batches and faults come: each sample is at the receiver once, in order, or counted as dropped. */
class LedgerPropertyTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final RetryPolicy QUICK =
            RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(4), 0.1));

    enum Fault {
        NONE,
        UNAVAILABLE,
        TOO_MANY,
        BAD,
        CONFLICT,
        TOO_LARGE,
        UNSUPPORTED,
        NO_WRITTEN_HEADER,
        RESET_BEFORE,
        RESET_AFTER,
        DROP;

        ScriptedAnswer answer() {
            return switch (this) {
                case NONE -> ScriptedAnswer.success();
                case UNAVAILABLE -> ScriptedAnswer.status(503);
                case TOO_MANY -> ScriptedAnswer.status(429);
                case BAD -> ScriptedAnswer.status(400).body("bad");
                case CONFLICT -> ScriptedAnswer.status(409);
                case TOO_LARGE -> ScriptedAnswer.status(413);
                case UNSUPPORTED -> ScriptedAnswer.status(415);
                case NO_WRITTEN_HEADER -> ScriptedAnswer.status(204);
                case RESET_BEFORE -> ScriptedAnswer.resetBeforeReading();
                case RESET_AFTER -> ScriptedAnswer.resetAfterReading();
                case DROP -> ScriptedAnswer.drop();
            };
        }
    }

    @Property(tries = 40)
    void receivedPlusDroppedIsAccepted(
            @ForAll WriteProtocol protocol,
            @ForAll @IntRange(min = 1, max = 4) int shards,
            @ForAll @IntRange(min = 3, max = 60) int maxSamples,
            @ForAll @IntRange(min = 300, max = 100_000) int queueBytes,
            @ForAll("faults") List<Fault> faults,
            @ForAll("steps") List<Integer> steps) {
        try (StrictReceiver receiver = StrictReceiver.builder().allowRepeats().start()) {
            RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                    .protocol(protocol)
                    .retry(QUICK)
                    .batch(BatchPolicy.of(maxSamples, 1500, Duration.ofMillis(1)))
                    .queue(QueueConfig.builder()
                            .shards(shards)
                            .maxBytes(queueBytes)
                            .build())
                    .build());
            faults.forEach(fault -> receiver.then(fault.answer()));
            List<Batches> targets = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                targets.add(new Batches("engine-" + i, 1 + 4 * i));
            }
            AtomicBoolean watching = new AtomicBoolean(true);
            List<WriterStats> torn = new ArrayList<>();
            Thread watcher = new Thread(() -> {
                while (watching.get()) {
                    WriterStats stats = writer.stats();
                    if (stats.accepted() != stats.delivered() + stats.droppedTotal() + stats.waiting()) {
                        torn.add(stats);
                    }
                }
            });
            watcher.start();
            writer.start();
            for (int step : steps) {
                if (step < 0) {
                    writer.resize(-step);
                } else {
                    assertThat(writer.append(targets.get(step).next())).isTrue();
                }
            }
            boolean flushed = writer.flush(LONG).complete();
            watching.set(false);
            join(watcher);
            writer.close();

            WriterStats stats = writer.stats();
            assertThat(flushed).isTrue();
            assertThat(torn).isEmpty();
            assertThat(stats.waiting()).isZero();
            assertThat(stats.waitingBytes()).isZero();
            assertThat(stats.accepted()).isEqualTo(stats.delivered() + stats.droppedTotal());
            // An answer that was lost may have been a refusal for all the writer knows, and the other way round:
            // what is counted as delivered is there, and only a lost answer can make more of it.
            assertThat(receiver.sampleCount()).isGreaterThanOrEqualTo(stats.delivered());
            if (!faults.contains(Fault.RESET_AFTER)
                    && !faults.contains(Fault.DROP)
                    && !faults.contains(Fault.NO_WRITTEN_HEADER)) {
                assertThat(receiver.sampleCount()).isEqualTo(stats.delivered());
            }
            assertThat(receiver.violations()).isEmpty();
            for (Batches target : targets) {
                List<ReceivedSample> samples = receiver.samples(target.full(0));
                assertThat(samples)
                        .isSortedAccordingTo((a, b) -> Long.compare(a.timestampMillis(), b.timestampMillis()));
                assertThat(samples).extracting(ReceivedSample::timestampMillis).doesNotHaveDuplicates();
            }
        }
    }

    @Provide
    Arbitrary<List<Fault>> faults() {
        // What was stored without an answer and must then be sent in another form arrives twice, as it has to. The
        // receiver knows repeats by their bytes, so these faults do not come together here.
        return Arbitraries.oneOf(
                Arbitraries.of(Fault.class)
                        .filter(fault -> fault != Fault.RESET_AFTER && fault != Fault.DROP)
                        .list()
                        .ofMaxSize(25),
                Arbitraries.of(
                                Fault.NONE,
                                Fault.UNAVAILABLE,
                                Fault.TOO_MANY,
                                Fault.RESET_BEFORE,
                                Fault.RESET_AFTER,
                                Fault.DROP)
                        .list()
                        .ofMaxSize(25));
    }

    /** Targets to append for, and numbers of shards, which are negative. */
    @Provide
    Arbitrary<List<Integer>> steps() {
        return Arbitraries.frequencyOf(
                        Tuple.of(9, Arbitraries.integers().between(0, 4)),
                        Tuple.of(1, Arbitraries.integers().between(-4, -1)))
                .list()
                .ofMinSize(1)
                .ofMaxSize(60);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest(name = "shards change: {0}")
    @ValueSource(booleans = {false, true})
    void orderHoldsForEverySeriesOverManyShardsAndRandomLatency(boolean resizing) throws InterruptedException {
        try (StrictReceiver receiver = StrictReceiver.start();
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .protocol(WriteProtocol.V2)
                        .retry(QUICK)
                        .batch(BatchPolicy.of(20, 1_000_000, Duration.ofMillis(1)))
                        .queue(QueueConfig.builder().shards(16).build())
                        .build())) {
            Random random = new Random(7);
            for (int i = 0; i < 400; i++) {
                ScriptedAnswer answer = random.nextInt(5) == 0 ? ScriptedAnswer.status(503) : ScriptedAnswer.success();
                receiver.then(answer.delay(Duration.ofMillis(random.nextInt(20))));
            }
            writer.start();
            List<Batches> targets = new ArrayList<>();
            List<Thread> scrapers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                List<Batches> own = new ArrayList<>();
                for (int j = 0; j < 10; j++) {
                    own.add(new Batches("engine-" + i + "-" + j, 5));
                }
                targets.addAll(own);
                Thread scraper = new Thread(() -> {
                    for (int lap = 0; lap < 50; lap++) {
                        own.forEach(target -> writer.append(target.next()));
                    }
                });
                scraper.start();
                scrapers.add(scraper);
            }
            while (resizing && scrapers.stream().anyMatch(Thread::isAlive)) {
                writer.resize(1 + random.nextInt(16));
            }
            for (Thread scraper : scrapers) {
                scraper.join();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(40 * 5 * 50);
            for (Batches target : targets) {
                assertThat(receiver.samples(target.full(4))).hasSize(50);
            }
        }
    }
}

package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.StrictReceiver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** The number of shards follows what the receiver takes. */
class AutomaticShardsTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final ManualClock clock = new ManualClock();
    private final Set<Integer> usedShards = ConcurrentHashMap.newKeySet();

    @Test
    void slowRequestsAndABacklogMakeMoreShardsAndQuietMakesFewer() {
        try (StrictReceiver receiver = StrictReceiver.start();
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .protocol(WriteProtocol.V2)
                        .clock(clock)
                        .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                        .queue(QueueConfig.builder().shards(1, 3).build())
                        // Each request takes a second of the clock: what is signed is about to be sent.
                        .signer((url, headers, body) -> {
                            clock.advance(Duration.ofSeconds(1));
                            return Map.of();
                        })
                        .listener(new WriteListener() {
                            @Override
                            public void delivered(BlockInfo block) {
                                usedShards.add(block.shard());
                            }
                        })
                        .build())) {
            List<Batches> targets = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                targets.add(new Batches("engine-" + i, 5));
            }
            assertThat(writer.stats().shards()).isEqualTo(1);
            append(writer, targets, 10);
            writer.start();
            assertThat(writer.flush(LONG).complete()).isTrue();
            // 80 requests have come in 10 s, and it takes a second to send one. Those went the old way.
            assertThat(usedShards).containsExactly(0);
            append(writer, targets, 10);
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(usedShards).hasSizeGreaterThan(1);

            writer.resize(2);
            int quiet = 0;
            while (writer.stats().shards() > 1) {
                clock.advance(Duration.ofSeconds(30));
                append(writer, targets.subList(0, 1), 1);
                assertThat(writer.flush(LONG).complete()).isTrue();
                assertThat(++quiet).as("scrapes until there is one shard again").isLessThan(100);
            }
            append(writer, targets, 1);
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.samples(targets.get(0).full(4))).hasSize(21 + quiet);
            for (Batches target : targets.subList(1, 8)) {
                assertThat(receiver.samples(target.full(4))).hasSize(21);
            }
        }
    }

    private static void append(RemoteWriter writer, List<Batches> targets, int scrapes) {
        for (int scrape = 0; scrape < scrapes; scrape++) {
            targets.forEach(target -> assertThat(writer.append(target.next())).isTrue());
        }
    }
}

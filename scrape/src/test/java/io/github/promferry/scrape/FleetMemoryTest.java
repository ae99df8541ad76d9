package io.github.promferry.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ManualClock;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A thousand engines of one kind, with a thousand series each. */
class FleetMemoryTest {
    private static final int TARGETS = 1000;
    private static final int SERIES = 1000;

    @Test
    void identicalEnginesCostAFewBytesPerSeriesEach() {
        byte[] page = page();
        Fetcher engines = new Fetcher() {
            @Override
            public Fetch fetch(Request request, Receiver receiver) {
                PageBuffer body = new PageBuffer();
                body.append(ByteBuffer.wrap(page));
                receiver.arrived(new Page("text/plain; version=0.0.4", null, body));
                return () -> {};
            }

            @Override
            public void close() {}
        };
        ManualClock clock = new ManualClock();
        AtomicLong samples = new AtomicLong();
        long before = usedBytes();
        ScrapeJob.Builder job = ScrapeJob.builder("llm").interval(Duration.ofSeconds(10));
        for (int i = 0; i < TARGETS; i++) {
            job.target(Target.of("10.0." + i / 250 + "." + i % 250 + ":8000", Map.of("model", "qwen3")));
        }
        Scraper scraper = Scraper.builder()
                .sink(batch -> samples.addAndGet(batch.size()) > 0)
                .job(job.build())
                .clock(clock)
                .byHand(Runnable::run, unused -> engines)
                .build();
        scraper.start();
        scraper.schedule().ringDue();
        for (int second = 0; second < 20; second++) {
            clock.advance(Duration.ofSeconds(1));
            scraper.schedule().ringDue();
        }
        long used = usedBytes() - before;
        assertThat(samples.get()).isGreaterThanOrEqualTo(2L * TARGETS * (SERIES + 5));
        assertThat(scraper.status()).allMatch(status -> status.health() == TargetStatus.Health.UP);
        // Measured: 9.6 MB on JDK 17.
        assertThat(used).as("bytes of live heap").isLessThan(64L << 20);
        scraper.close();
    }

    private static byte[] page() {
        StringBuilder page = new StringBuilder("# TYPE vllm:request_seconds histogram\n");
        for (int i = 0; i < SERIES; i++) {
            page.append("vllm:request_seconds_bucket{engine=\"0\",le=\"")
                    .append(i)
                    .append(".0\",model_name=\"Qwen/Qwen3-32B\"} ")
                    .append(i)
                    .append('\n');
        }
        return page.toString().getBytes(UTF_8);
    }

    private static long usedBytes() {
        // Live objects need no more than two full collections to be told from garbage.
        System.gc();
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}

package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriteProtocol;
import io.github.promferry.remotewrite.WriterStats;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Encoding and compressing scrapes of ten engines of a kind, one operation a scrape of one engine, ten scrapes a request.
 * The writer is not started: its small queue drops the oldest requests, so nothing is measured but what {@link
 * RemoteWriter#append} does. Read the {@code samples} column (per second). With {@code -prof gc}, {@code
 * gc.alloc.rate.norm} is for the most part the finished requests themselves, some 11 or 18 bytes a sample.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class WriteBenchmark {
    static final int TARGETS = 10;

    private static final int SCRAPES = 8;

    /** Which message. */
    @Param({"V1", "V2"})
    public WriteProtocol protocol = WriteProtocol.V2;

    /** Which page; the profilers want to know. */
    @Param(BenchmarkPage.VLLM)
    public String page = BenchmarkPage.VLLM;

    private BenchmarkPage[] pages = {};
    private SampleBatch[] batches = {};
    private RemoteWriter writer = newWriter(WriteProtocol.V2);
    private int next;

    /** Used by JMH. */
    public WriteBenchmark() {}

    private static RemoteWriter newWriter(WriteProtocol protocol) {
        return RemoteWriter.create(RemoteWriteConfig.builder(URI.create("http://127.0.0.1:9/never"))
                .protocol(protocol)
                .batch(BatchPolicy.of(TARGETS * 474, 1_000_000, Duration.ofDays(1)))
                .queue(QueueConfig.builder().maxBytes(1 << 20).build())
                .build());
    }

    /** Parses the scrapes; all engines expose the same series objects, as those of one job do. */
    @Setup
    public void setUp() {
        pages = BenchmarkPage.scrapes(page, SCRAPES);
        batches = new SampleBatch[SCRAPES * TARGETS];
        ExpositionParser parser = new ExpositionParser();
        for (int i = 0; i < batches.length; i++) {
            BenchmarkPage scrape = pages[i / TARGETS];
            batches[i] = new SampleBatch();
            batches[i].reset(Labels.of("instance", "10.0.0." + i % TARGETS + ":8000", "job", "llm"));
            // Rows without a time are stamped by the writer, so each lap has its own.
            parser.parse(
                    ExpositionFormat.TEXT_0_0_4,
                    scrape.bytes(),
                    0,
                    scrape.length(),
                    SampleBatch.NO_TIMESTAMP,
                    batches[i]);
        }
        writer = newWriter(protocol);
    }

    /** Drops what is left. */
    @TearDown
    public void tearDown() {
        writer.close(Duration.ZERO);
    }

    /** The product. */
    @Benchmark
    public boolean append(Throughput throughput) {
        int index = next++ % batches.length;
        throughput.add(pages[index / TARGETS]);
        return writer.append(batches[index]);
    }

    WriterStats stats() {
        return writer.stats();
    }
}

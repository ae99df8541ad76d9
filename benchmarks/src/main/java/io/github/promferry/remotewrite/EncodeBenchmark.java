package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.benchmarks.BenchmarkPage;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * From samples to the compressed body of a request, one operation a request that holds one scrape of each target: by the
 * encoder alone, and through the writer that the caller sees. Read the {@code samples} and {@code wireBytes} columns (per
 * second; their ratio is what a sample takes on the wire).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class EncodeBenchmark {
    static final int SCRAPES = 8;
    private static final long FIRST_SCRAPE_MILLIS = 1_700_000_000_000L;

    /** Which page. */
    @Param(BenchmarkPage.VLLM)
    public String page = BenchmarkPage.VLLM;

    /** How many engines' pages one request holds. */
    @Param({"1", "10"})
    public int targets = 1;

    /** V1 or V2. */
    @Param({"V1", "V2"})
    public WriteProtocol protocol = WriteProtocol.V1;

    private BenchmarkPage[] scrapes = {};
    private SampleBatch[][] parsed = {};
    private Labels[] commonLabels = {};
    private ExpositionParser[] parsers = {};
    private final SampleBatch batch = new SampleBatch();
    private BlockEncoder encoder = new V1Encoder(Labels.EMPTY, null);
    private GeneratedEncoder generated = new GeneratedEncoder();
    private RemoteWriter writer = newWriter(WriteProtocol.V1, 1);
    private final BodyPool bodies = new BodyPool(1 << 20);
    private @Nullable Block sealed;
    private int scrape;

    /** Used by JMH. */
    public EncodeBenchmark() {}

    /** What JMH prints per second beside the requests. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        /** Samples in the requests. */
        public long samples;

        /** Bytes of the compressed bodies. */
        public long wireBytes;

        /** A fresh set of counters; JMH makes one for each iteration. */
        public Throughput() {}
    }

    /** Parses the pages once, as targets of one job that share their series. */
    @Setup
    public void setUp() {
        scrapes = BenchmarkPage.scrapes(page, SCRAPES);
        encoder = protocol == WriteProtocol.V1
                ? new V1Encoder(Labels.EMPTY, null)
                : new V2Encoder(Labels.EMPTY, null, true);
        generated = new GeneratedEncoder();
        writer = newWriter(protocol, targets * scrapes[0].samples());
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
        parsers = new ExpositionParser[targets];
        commonLabels = new Labels[targets];
        parsed = new SampleBatch[SCRAPES][targets];
        for (int target = 0; target < targets; target++) {
            parsers[target] = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
            commonLabels[target] = Labels.of("instance", "10.0.0." + target + ":8000", "job", "vllm");
            for (scrape = 0; scrape < SCRAPES; scrape++) {
                parsed[scrape][target] = new SampleBatch();
                parse(target, parsed[scrape][target]);
            }
        }
    }

    private static RemoteWriter newWriter(WriteProtocol protocol, int samples) {
        return RemoteWriter.create(RemoteWriteConfig.builder(URI.create("http://127.0.0.1:9/never"))
                .protocol(protocol)
                .batch(BatchPolicy.of(samples, 1_000_000, Duration.ofDays(1)))
                .queue(QueueConfig.builder().maxBytes(1 << 20).build())
                .build());
    }

    /** Drops what is left. */
    @TearDown
    public void tearDown() {
        writer.close(Duration.ZERO);
    }

    /** Rows to compressed body. */
    @Benchmark
    public Block encodeAndCompress(Throughput throughput) {
        SampleBatch[] batches = parsed[scrape++ & SCRAPES - 1];
        for (SampleBatch next : batches) {
            encode(next);
        }
        return seal(throughput);
    }

    /** Pages to compressed body. */
    @Benchmark
    public Block parseEncodeAndCompress(Throughput throughput) {
        scrape++;
        for (int target = 0; target < targets; target++) {
            parse(target, batch);
            encode(batch);
        }
        return seal(throughput);
    }

    /** Rows to compressed body with the generated classes; Remote Write 1.0 whatever the parameter says. */
    @Benchmark
    public byte[] peerGeneratedClasses(Throughput throughput) {
        SampleBatch[] batches = parsed[scrape++ & SCRAPES - 1];
        for (SampleBatch next : batches) {
            generated.encode(next);
            throughput.samples += next.size();
        }
        byte[] body = generated.seal();
        throughput.wireBytes += body.length;
        return body;
    }

    /**
     * Rows to a request in the queue, shards included. The writer is not started: its small queue drops the oldest requests,
     * so nothing is measured but what {@link RemoteWriter#append} does.
     */
    @Benchmark
    public boolean append(Throughput throughput) {
        boolean accepted = true;
        for (SampleBatch next : parsed[scrape++ & SCRAPES - 1]) {
            accepted &= writer.append(next);
            throughput.samples += next.size();
        }
        return accepted;
    }

    WriterStats stats() {
        return writer.stats();
    }

    private void parse(int target, SampleBatch into) {
        into.reset(commonLabels[target]);
        // Targets are not in step: each is at another of the eight scrapes.
        BenchmarkPage next = scrapes[scrape + target & SCRAPES - 1];
        long time = FIRST_SCRAPE_MILLIS + 1000L * scrape + target;
        parsers[target].parse(ExpositionFormat.TEXT_0_0_4, next.bytes(), 0, next.length(), time, into);
    }

    private void encode(SampleBatch next) {
        int taken = encoder.encode(next, 0, next.size(), Integer.MAX_VALUE, true, Clock.SYSTEM);
        if (taken != next.size()) {
            throw new IllegalStateException("the encoder took " + taken + " of " + next.size() + " rows");
        }
    }

    /** The request before has been sent by now. */
    private Block seal(Throughput throughput) {
        if (sealed != null) {
            bodies.giveBack(sealed.body);
        }
        Block block = encoder.seal(0, bodies);
        sealed = block;
        throughput.samples += block.samples;
        throughput.wireBytes += block.body.length;
        return block;
    }
}

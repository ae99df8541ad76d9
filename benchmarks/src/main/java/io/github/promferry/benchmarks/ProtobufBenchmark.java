package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.prometheus.metrics.expositionformats.generated.com_google_protobuf_4_36_2.Metrics;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
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
import org.openjdk.jmh.annotations.Warmup;

/** Parsing pages of protobuf, one operation a page; to be read like {@link ParseBenchmark}. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class ProtobufBenchmark {
    private static final long SCRAPE_MILLIS = 1_700_000_000_000L;

    /** Which page. */
    @Param({BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES, ProtobufPage.NATIVE})
    public String page = BenchmarkPage.VLLM;

    private ProtobufPage[] scrapes = {};
    private int scrape;
    private ExpositionParser parser = new ExpositionParser();
    private final SampleBatch batch = new SampleBatch();

    /** Used by JMH. */
    public ProtobufBenchmark() {}

    /** Makes the pages. */
    @Setup
    public void setUp() {
        scrapes = ProtobufPage.scrapes(page, ParseBenchmark.SCRAPES);
        parser = new ExpositionParser();
    }

    /** The product with the same series on every page. */
    @Benchmark
    public SampleBatch steadyState(Throughput throughput) {
        return parse(parser, next(throughput));
    }

    /** The product's first page of a target, whose every series is new to it. */
    @Benchmark
    public SampleBatch firstSight(Throughput throughput) {
        return parse(new ExpositionParser(), next(throughput));
    }

    /** The peer: messages of generated classes, and nothing made of them. */
    @Benchmark
    public List<Metrics.MetricFamily> peerGeneratedClasses(Throughput throughput) {
        ByteArrayInputStream in = new ByteArrayInputStream(next(throughput).bytes());
        List<Metrics.MetricFamily> families = new ArrayList<>();
        try {
            while (in.available() > 0) {
                families.add(Metrics.MetricFamily.parseDelimitedFrom(in));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return families;
    }

    private SampleBatch parse(ExpositionParser with, ProtobufPage next) {
        batch.reset(Labels.EMPTY);
        with.parse(ExpositionFormat.PROTOBUF, next.bytes(), 0, next.bytes().length, SCRAPE_MILLIS, batch);
        return batch;
    }

    private ProtobufPage next(Throughput throughput) {
        ProtobufPage next = scrapes[scrape++ & ParseBenchmark.SCRAPES - 1];
        throughput.add(next.samples(), next.bytes().length);
        return next;
    }
}

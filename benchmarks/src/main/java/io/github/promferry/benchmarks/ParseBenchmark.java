package io.github.promferry.benchmarks;

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

/**
 * Parsing pages of text, one operation a page. The yardstick and the peers get the same eight scrapes in turn. Read the
 * {@code bytes} and {@code samples} columns (per second) and, with {@code -prof gc}, {@code gc.alloc.rate.norm} (per page).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 2, jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class ParseBenchmark {
    static final int SCRAPES = 8;

    /** Which page. */
    @Param({BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    public String page = BenchmarkPage.VLLM;

    private BenchmarkPage[] scrapes = {};
    private int scrape;
    private int[] lineEnds = {};
    private StringParser stringParser = new StringParser();
    private HawkularParser hawkularParser = new HawkularParser();

    /** Used by JMH. */
    public ParseBenchmark() {}

    /** Makes the pages. */
    @Setup
    public void setUp() {
        scrapes = BenchmarkPage.scrapes(page, SCRAPES);
        lineEnds = new int[10_000];
        stringParser = new StringParser();
        hawkularParser = new HawkularParser();
    }

    /** The yardstick: where the lines end. */
    @Benchmark
    public int yardstickNewlineScan(Throughput throughput) {
        BenchmarkPage next = next(throughput);
        return NewlineScan.lineEnds(next.bytes(), next.length(), lineEnds);
    }

    /** The peer with strings and a hash map. */
    @Benchmark
    public List<?> peerStringParser(Throughput throughput) {
        BenchmarkPage next = next(throughput);
        return stringParser.parse(next.bytes(), next.length());
    }

    /** The peer from Maven Central. */
    @Benchmark
    public double peerHawkular(Throughput throughput) {
        BenchmarkPage next = next(throughput);
        hawkularParser.parse(next.bytes(), next.length());
        return hawkularParser.sum();
    }

    private BenchmarkPage next(Throughput throughput) {
        BenchmarkPage next = scrapes[scrape++ & SCRAPES - 1];
        throughput.add(next);
        return next;
    }
}

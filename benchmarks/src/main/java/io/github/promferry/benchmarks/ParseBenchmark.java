package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import java.util.Arrays;
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
 * Parsing pages of text and OpenMetrics, one operation a page. The yardstick and the peers get the same eight scrapes
 * in turn. Read the {@code bytes} and {@code samples} columns (per second) and, with {@code -prof gc}, {@code
 * gc.alloc.rate.norm} (per page).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class ParseBenchmark {
    static final int SCRAPES = 8;

    /** One series in so many is new on each page of {@link #oneInAHundredNew}. */
    static final int ONE_IN = 100;

    /** Any time after 2001; a scrape every second. */
    private static final long FIRST_SCRAPE_MILLIS = 1_700_000_000_000L;

    /** Which page. */
    @Param({BenchmarkPage.VLLM, BenchmarkPage.ALL_TYPES})
    public String page = BenchmarkPage.VLLM;

    private BenchmarkPage[] scrapes = {};
    private BenchmarkPage[] changingScrapes = {};
    private BenchmarkPage[] openMetricsScrapes = {};
    private int scrape;
    private ExpositionParser parser = new ExpositionParser();
    private final SampleBatch batch = new SampleBatch();
    private int[] lineEnds = {};
    private StringParser stringParser = new StringParser();
    private HawkularParser hawkularParser = new HawkularParser();

    /** Used by JMH. */
    public ParseBenchmark() {}

    /** Makes the pages. */
    @Setup
    public void setUp() {
        scrapes = BenchmarkPage.scrapes(page, SCRAPES);
        changingScrapes = BenchmarkPage.scrapes(page, SCRAPES, ONE_IN);
        openMetricsScrapes =
                Arrays.stream(scrapes).map(BenchmarkPage::inOpenMetrics).toArray(BenchmarkPage[]::new);
        parser = new ExpositionParser();
        lineEnds = new int[10_000];
        stringParser = new StringParser();
        hawkularParser = new HawkularParser();
    }

    /** The yardstick: where the lines end. */
    @Benchmark
    public int yardstickNewlineScan(Throughput throughput) {
        BenchmarkPage next = next(scrapes, throughput);
        return NewlineScan.lineEnds(next.bytes(), next.length(), lineEnds);
    }

    /** The product with the same series on every page. */
    @Benchmark
    public SampleBatch steadyState(Throughput throughput) {
        return parse(ExpositionFormat.TEXT_0_0_4, parser, next(scrapes, throughput));
    }

    /** The product when one series in a hundred is new on each page and another one is gone. */
    @Benchmark
    public SampleBatch oneInAHundredNew(Throughput throughput) {
        BenchmarkPage next = changingScrapes[scrape & SCRAPES - 1];
        next.renew(scrape++);
        throughput.add(next);
        parse(ExpositionFormat.TEXT_0_0_4, parser, next);
        parser.addVanished(FIRST_SCRAPE_MILLIS, batch);
        return batch;
    }

    /** The product's first page of a target, whose every series is new to it. */
    @Benchmark
    public SampleBatch firstSight(Throughput throughput) {
        return parse(ExpositionFormat.TEXT_0_0_4, new ExpositionParser(), next(scrapes, throughput));
    }

    /** {@link #steadyState} in OpenMetrics. */
    @Benchmark
    public SampleBatch steadyStateOpenMetrics(Throughput throughput) {
        return parse(ExpositionFormat.OPENMETRICS_1_0_0, parser, next(openMetricsScrapes, throughput));
    }

    /** {@link #firstSight} in OpenMetrics. */
    @Benchmark
    public SampleBatch firstSightOpenMetrics(Throughput throughput) {
        return parse(ExpositionFormat.OPENMETRICS_1_0_0, new ExpositionParser(), next(openMetricsScrapes, throughput));
    }

    /** The peer with strings and a hash map. */
    @Benchmark
    public List<?> peerStringParser(Throughput throughput) {
        BenchmarkPage next = next(scrapes, throughput);
        return stringParser.parse(next.bytes(), next.length());
    }

    /** The peer from Maven Central. */
    @Benchmark
    public double peerHawkular(Throughput throughput) {
        BenchmarkPage next = next(scrapes, throughput);
        hawkularParser.parse(next.bytes(), next.length());
        return hawkularParser.sum();
    }

    private SampleBatch parse(ExpositionFormat format, ExpositionParser with, BenchmarkPage next) {
        batch.reset(Labels.EMPTY);
        long time = FIRST_SCRAPE_MILLIS + 1000L * scrape;
        with.parse(format, next.bytes(), 0, next.length(), time, batch);
        return batch;
    }

    private BenchmarkPage next(BenchmarkPage[] pages, Throughput throughput) {
        BenchmarkPage next = pages[scrape++ & SCRAPES - 1];
        throughput.add(next);
        return next;
    }
}

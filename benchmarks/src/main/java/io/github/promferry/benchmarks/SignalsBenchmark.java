package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.remotewrite.EncodeBenchmark;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.scrape.engine.EngineSignals;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What live signals cost beside the scrape that they are told from, one operation a page of a vLLM engine (474 samples).
 * Compare {@link #signals} with the sum of {@link ParseBenchmark#steadyState} and {@link EncodeBenchmark#append}, or, where
 * samples go nowhere else, with {@link #parse} alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
public class SignalsBenchmark {
    /** The engine seems to restart once in so many pages, when they begin again. */
    static final int PAGES = 64;

    private static final Labels TARGET = Labels.of("instance", "10.0.0.7:8000", "job", "llm");
    private static final long FIRST_SCRAPE_MILLIS = 1_700_000_000_000L;

    private final SampleBatch[] pages = new SampleBatch[PAGES];
    private final SampleBatch parsed = new SampleBatch();
    private final ExpositionParser parser = new ExpositionParser();
    private BenchmarkPage[] scrapes = {};
    private EngineMonitor monitor = EngineMonitor.builder().build();
    private int next;

    /** Used by JMH. */
    public SignalsBenchmark() {}

    /** Makes pages of an engine at work: from one to the next every number grows, but the times of its start. */
    @Setup
    public void setUp() {
        scrapes = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 8);
        parse();
        Series up = Series.of(Labels.of(Labels.METRIC_NAME, "up"), MetricMetadata.NONE);
        for (int page = 0; page < PAGES; page++) {
            long time = FIRST_SCRAPE_MILLIS + 1000L * page;
            pages[page] = new SampleBatch();
            pages[page].reset(TARGET);
            for (int row = 0; row < parsed.size(); row++) {
                Series series = parsed.series(row);
                boolean grows = !String.valueOf(series.labels().metricName()).endsWith("_created");
                double value = Double.longBitsToDouble(parsed.valueBits(row)) + (grows ? page : 0);
                pages[page].add(series, time, Double.doubleToRawLongBits(value));
            }
            pages[page].add(up, time, Double.doubleToRawLongBits(1));
        }
        monitor = EngineMonitor.builder().build();
    }

    /** The product: looking at a page on its way. */
    @Benchmark
    public boolean signals() {
        return monitor.append(pages[next++ & PAGES - 1]);
    }

    /** Looking at a page, and somebody who wants to know after each. */
    @Benchmark
    public List<EngineSignals> signalsAndSnapshot() {
        monitor.append(pages[next++ & PAGES - 1]);
        return monitor.all();
    }

    /** The least that a scrape does. */
    @Benchmark
    public SampleBatch parse() {
        BenchmarkPage page = scrapes[next++ & scrapes.length - 1];
        parsed.reset(TARGET);
        parser.parse(ExpositionFormat.TEXT_0_0_4, page.bytes(), 0, page.length(), FIRST_SCRAPE_MILLIS, parsed);
        return parsed;
    }

    /** For the test. */
    EngineSignals last() {
        return monitor.all().get(0);
    }
}

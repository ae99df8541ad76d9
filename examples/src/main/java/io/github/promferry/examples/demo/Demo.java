package io.github.promferry.examples.demo;

import io.github.promferry.examples.web.StatusServer;
import io.github.promferry.examples.web.StatusSource;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriterStats;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.engine.EngineMatch;
import io.github.promferry.scrape.engine.EngineMonitor;
import io.github.promferry.scrape.engine.EngineSignals;
import io.github.promferry.scrape.engine.SignalValues;
import io.github.promferry.testkit.SimulatedEngine;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a sample in one process, without a network beyond loopback: a simulated vLLM engine and an SGLang one
 * under changing load, scraped every second, their samples written by Remote Write to a receiver that checks the protocol.
 * What is shown of the engines is told live by an {@link EngineMonitor}, which the samples pass on their way.
 *
 * <pre>{@code
 * try (Demo demo = Demo.start()) {
 *     demo.show(Duration.ofSeconds(10), System.out, false);
 *     System.out.println(demo.stop());
 * }
 * }</pre>
 */
public final class Demo implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(3);
    private static final int BAR_WIDTH = 30;
    /** Of each series, and of requests: the receiver checks them all, and nobody looks at them later. */
    private static final int KEPT = 1;

    private final SimulatedEngine vllm;
    private final SimulatedEngine sglang;
    private final StrictReceiver receiver;
    private final RemoteWriter writer;
    private final EngineMonitor monitor;
    private final Scraper scraper;
    private final StatusServer status;
    private final long startNanos;
    private boolean stopped;

    private Demo() {
        vllm = SimulatedEngine.vllm().seed(System.nanoTime()).start();
        sglang = SimulatedEngine.sglang().seed(System.nanoTime()).start();
        receiver = StrictReceiver.builder().keepSamples(KEPT).keepAttempts(KEPT).start();
        writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                .batch(BatchPolicy.of(
                        BatchPolicy.DEFAULT_MAX_SAMPLES, BatchPolicy.DEFAULT_MAX_BYTES, Duration.ofMillis(100)))
                .build());
        monitor = EngineMonitor.builder().forwardTo(writer).build();
        scraper = Scraper.builder()
                .sink(monitor)
                .job(ScrapeJob.builder("demo")
                        .target(vllm.hostPort())
                        .target(sglang.hostPort())
                        .interval(INTERVAL)
                        .timeout(INTERVAL)
                        .build())
                .build();
        status = statusServer();
        writer.start();
        scraper.start();
        status.ready();
        startNanos = System.nanoTime();
    }

    /**
     * Starts engines, scraper, writer and receiver.
     *
     * @return a running demo
     */
    public static Demo start() {
        return new Demo();
    }

    private StatusServer statusServer() {
        try {
            return StatusServer.start(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    new StatusSource(Map.of("demo", scraper), Map.of("demo", writer), List.of(monitor)));
        } catch (IOException e) {
            throw new UncheckedIOException("no port of this machine is free for the status page", e);
        }
    }

    /**
     * Where the status page is, with live charts.
     *
     * @return a URL for a browser on this machine
     */
    public String url() {
        return status.url();
    }

    /**
     * Prints what goes on, every second.
     *
     * @param length how long, or null to go on until the thread is interrupted
     * @param out where to
     * @param screen true to draw one screen over and over, false to print a line each time
     */
    public void show(@Nullable Duration length, PrintStream out, boolean screen) {
        long end = startNanos + (length == null ? Long.MAX_VALUE / 2 : length.toNanos());
        if (screen) {
            out.print("\u001b[2J");
        }
        try {
            long left = end - System.nanoTime();
            while (left > 0) {
                TimeUnit.NANOSECONDS.sleep(Math.min(INTERVAL.toNanos(), left));
                out.print(
                        screen
                                ? "\u001b[H" + String.join("\u001b[K\n", screen()) + "\u001b[K\n\u001b[J"
                                : line() + "\n");
                out.flush();
                left = end - System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Stops scraping, sends what waits, and adds up.
     *
     * @return what became of the samples, in one line
     */
    public synchronized String stop() {
        if (!stopped) {
            stopped = true;
            scraper.close(STOP_LIMIT);
            writer.close(STOP_LIMIT);
        }
        WriterStats stats = writer.stats();
        return format(
                "%,d samples scraped, %,d delivered, %,d received, %,d dropped, %,d waiting, %d rules of Remote Write broken",
                stats.accepted(),
                stats.delivered(),
                receiver.sampleCount(),
                stats.droppedTotal(),
                stats.waiting(),
                receiver.violations().size());
    }

    /** Stops without a word. */
    @Override
    public void close() {
        stop();
        status.close();
        receiver.close();
        vllm.close();
        sglang.close();
    }

    /** The summary as lines of a screen. */
    List<String> screen() {
        WriterStats stats = writer.stats();
        List<String> lines = new ArrayList<>(List.of(
                format("Promferry demo, %d s", elapsedSeconds()),
                "",
                "  simulated vLLM (" + vllm.model() + ") at " + vllm.hostPort(),
                "  simulated SGLang (" + sglang.model() + ") at " + sglang.hostPort(),
                "    -> scraped every second -> Remote Write -> receiver at 127.0.0.1:" + receiver.port(),
                ""));
        lines.addAll(engine(vllm));
        lines.addAll(engine(sglang));
        lines.addAll(List.of(
                format(
                        "  samples         delivered %,8d    dropped %,8d    waiting    %,6d",
                        stats.delivered(), stats.droppedTotal(), stats.waiting()),
                format(
                        "                  series    %,8d    requests%,8d    bytes/sample %4.1f",
                        receiver.series().size(), stats.requests(), bytesPerSample(stats)),
                "",
                "  Live charts: " + url(),
                "  Rates and quantiles are those of the last " + EngineMonitor.DEFAULT_WINDOW.toSeconds()
                        + " s. Ctrl-C ends the demo."));
        return lines;
    }

    private List<String> engine(SimulatedEngine engine) {
        EngineSignals signals = signals(engine);
        if (signals == null) {
            return List.of("  " + engine.hostPort() + "  not scraped yet", "");
        }
        EngineMatch kind = signals.engine();
        SignalValues now = signals.total();
        double usage = now.kvCacheUsage();
        int filled = Double.isNaN(usage) ? 0 : (int) Math.round(usage * BAR_WIDTH);
        return List.of(
                "  " + (kind == null ? engine.hostPort() : kind.engine().name()) + "  "
                        + signals.state().name().toLowerCase(Locale.ROOT),
                format(
                        "  tokens/s        generated %8s    prompt  %8s",
                        count(now.generationTokensPerSecond()), count(now.promptTokensPerSecond())),
                format(
                        "  first token     p50       %8s    p99     %8s",
                        millis(now.timeToFirstToken(0.5)), millis(now.timeToFirstToken(0.99))),
                format(
                        "  next token      p50       %8s    p99     %8s",
                        millis(now.interTokenLatency(0.5)), millis(now.interTokenLatency(0.99))),
                format(
                        "  requests        running   %8s    waiting %8s    finished/s %6.1f",
                        count(now.running()), count(now.waiting()), now.requestsPerSecond()),
                format(
                        "  KV cache        [%s%s] %3s %%",
                        "#".repeat(filled), "-".repeat(BAR_WIDTH - filled), count(100 * usage)),
                "");
    }

    /** The summary in a line. */
    String line() {
        WriterStats stats = writer.stats();
        EngineSignals signals = signals(vllm);
        String engine = signals == null ? "not scraped yet" : line(signals);
        return format(
                "%3d s  %s  delivered %,d samples of %,d series",
                elapsedSeconds(), engine, stats.delivered(), receiver.series().size());
    }

    private static String line(EngineSignals signals) {
        SignalValues now = signals.total();
        return format(
                "%s  %s tokens/s  first token p50 %s p99 %s  running %s  waiting %s  KV cache %s %%",
                signals.state().name().toLowerCase(Locale.ROOT),
                count(now.generationTokensPerSecond()),
                millis(now.timeToFirstToken(0.5)),
                millis(now.timeToFirstToken(0.99)),
                count(now.running()),
                count(now.waiting()),
                count(100 * now.kvCacheUsage()));
    }

    /** Null before the first scrape. */
    private @Nullable EngineSignals signals(SimulatedEngine engine) {
        return scraper.status().stream()
                .filter(target -> target.target().address().equals(engine.hostPort()))
                .map(target -> monitor.of(target.labels()))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private long elapsedSeconds() {
        return Math.round((System.nanoTime() - startNanos) / 1e9);
    }

    private static String millis(double seconds) {
        return Double.isNaN(seconds) ? "-" : format("%.0f ms", 1e3 * seconds);
    }

    private static double bytesPerSample(WriterStats stats) {
        return stats.delivered() == 0 ? Double.NaN : stats.bytesSent() / (double) stats.delivered();
    }

    private static String count(double value) {
        return Double.isNaN(value) ? "-" : format("%,.0f", value);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}

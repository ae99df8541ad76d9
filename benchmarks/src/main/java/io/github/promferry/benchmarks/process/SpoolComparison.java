package io.github.promferry.benchmarks.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.benchmarks.BenchmarkPage;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriteProtocol;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What the spool costs a writer: processes that send the same scrapes, one with the spool and one without it in turn. Each
 * parses and sends the pages of ten engines, then waits until they are delivered, again and again; the receiver is in
 * another process.
 */
public final class SpoolComparison {
    private static final int TARGETS = 10;
    private static final int WARM_UP_ROUNDS = 1500;
    private static final int ROUNDS = 3000;
    private static final int REPEATS = 3;

    private SpoolComparison() {}

    /**
     * Runs the comparison.
     *
     * @param args none
     * @throws IOException if a process cannot be started
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length == 4 && args[0].equals("send")) {
            send(URI.create(args[1]), WriteProtocol.valueOf(args[2]), args[3]);
            return;
        }
        for (WriteProtocol protocol : List.of(WriteProtocol.V2, WriteProtocol.V1)) {
            double[][] nanos = new double[2][REPEATS];
            for (int repeat = 0; repeat < REPEATS; repeat++) {
                nanos[0][repeat] = measure(protocol, false);
                nanos[1][repeat] = measure(protocol, true);
            }
            double memory = median(nanos[0]);
            double spool = median(nanos[1]);
            System.out.printf(
                    Locale.ROOT,
                    "%s: %.0f ns/sample in memory, %.0f with the spool: %+.1f %%%n",
                    protocol,
                    memory,
                    spool,
                    100 * (spool / memory - 1));
        }
    }

    private static double measure(WriteProtocol protocol, boolean withSpool) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("promferry-spool");
        try (CountingReceiver receiver = new CountingReceiver()) {
            receiver.start();
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:+UseSerialGC",
                            "-Xmx128m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            SpoolComparison.class.getName(),
                            "send",
                            receiver.url(),
                            protocol.name(),
                            withSpool ? folder.toString() : "")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String[] told = new String(process.getInputStream().readAllBytes(), UTF_8)
                    .strip()
                    .split(" ", -1);
            if (process.waitFor() != 0 || receiver.refused() > 0 || receiver.samples() != Long.parseLong(told[1])) {
                throw new IllegalStateException("sent " + told[1] + " samples, " + receiver.samples() + " arrived");
            }
            double nanos = Double.parseDouble(told[0]);
            System.out.printf(
                    Locale.ROOT,
                    "  %s %-6s %.0f ns/sample, %.2f B/sample on the wire, %.0f samples a request%n",
                    protocol,
                    withSpool ? "spool" : "memory",
                    nanos,
                    (double) receiver.wireBytes() / receiver.samples(),
                    (double) receiver.samples() / receiver.requests());
            return nanos;
        } finally {
            delete(folder);
        }
    }

    private static void send(URI url, WriteProtocol protocol, String spool) {
        QueueConfig.Builder queue = QueueConfig.builder();
        if (!spool.isEmpty()) {
            queue.spool(Path.of(spool));
        }
        BenchmarkPage[] pages = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 16);
        List<Labels> targets = new ArrayList<>();
        List<ExpositionParser> parsers = new ArrayList<>();
        for (int i = 0; i < TARGETS; i++) {
            targets.add(Labels.of("job", "llm", "instance", "10.0.0." + i + ":8000", "cluster", "a"));
            parsers.add(new ExpositionParser());
        }
        SampleBatch batch = new SampleBatch();
        long sent = 0;
        long cpu = 0;
        long measured = 0;
        try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(url)
                .protocol(protocol)
                .sendMetadata(false)
                .queue(queue.build())
                .build())) {
            writer.start();
            for (int round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
                if (round == WARM_UP_ROUNDS) {
                    cpu = -cpuNanos();
                    measured = -sent;
                }
                BenchmarkPage page = pages[round % pages.length];
                for (int i = 0; i < TARGETS; i++) {
                    batch.reset(targets.get(i));
                    parsers.get(i)
                            .parse(
                                    ExpositionFormat.TEXT_0_0_4,
                                    page.bytes(),
                                    0,
                                    page.length(),
                                    1_790_000_000_000L + round * 1000L,
                                    batch);
                    sent += batch.size();
                    writer.append(batch);
                }
                writer.flush(Duration.ofSeconds(30));
            }
            cpu += cpuNanos();
            measured += sent;
        }
        System.out.println((double) cpu / measured + " " + sent);
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

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
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
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
 * What the spool costs a writer in processor time. A process has two writers, one with a spool and one without, which in
 * turn parse and send the pages of ten engines and wait until they are delivered, again and again; the receiver is in
 * another process. Side by side in one process, so that both run the same compiled code: from process to process the same
 * writer differs by more than the spool costs.
 */
public final class SpoolComparison {
    private static final int TARGETS = 10;
    private static final int ROUNDS_A_TURN = 100;
    private static final int WARM_UP_TURNS = 50;
    private static final int TURNS = 60;
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
            new Sending(URI.create(args[1]), WriteProtocol.valueOf(args[2]), Path.of(args[3])).run();
            return;
        }
        for (WriteProtocol protocol : List.of(WriteProtocol.V2, WriteProtocol.V1)) {
            for (int repeat = 0; repeat < REPEATS; repeat++) {
                System.out.println(protocol + ": " + measure(protocol));
            }
        }
    }

    private static String measure(WriteProtocol protocol) throws IOException, InterruptedException {
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
                            folder.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String[] told = new String(process.getInputStream().readAllBytes(), UTF_8)
                    .strip()
                    .split(" ", 2);
            if (process.waitFor() != 0 || receiver.refused() > 0 || receiver.samples() != Long.parseLong(told[0])) {
                throw new IllegalStateException("sent " + told[0] + " samples, " + receiver.samples() + " arrived");
            }
            return told[1];
        } finally {
            delete(folder);
        }
    }

    /** The process that is measured. */
    private static final class Sending {
        private final BenchmarkPage[] pages = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 16);
        private final List<Labels> targets = new ArrayList<>();
        private final List<ExpositionParser> parsers = new ArrayList<>();
        private final SampleBatch batch = new SampleBatch();
        private final URI url;
        private final WriteProtocol protocol;
        private final Path folder;
        private int round;
        private long syncThread = -1;

        Sending(URI url, WriteProtocol protocol, Path folder) {
            this.url = url;
            this.protocol = protocol;
            this.folder = folder;
            for (int i = 0; i < TARGETS; i++) {
                targets.add(Labels.of("job", "llm", "instance", "10.0.0." + i + ":8000", "cluster", "a"));
                parsers.add(new ExpositionParser());
            }
        }

        void run() {
            double[] memory = new double[TURNS];
            double[] spool = new double[TURNS];
            try (RemoteWriter inMemory = writer(QueueConfig.DEFAULT);
                    RemoteWriter withSpool =
                            writer(QueueConfig.builder().spool(folder).build())) {
                inMemory.start();
                withSpool.start();
                findSyncThread();
                for (int turn = -WARM_UP_TURNS; turn < TURNS; turn++) {
                    // Once a second the spool makes its files safe, in whosever turn that falls.
                    long sync = -syncNanos();
                    double first = turn(inMemory);
                    sync += syncNanos();
                    double second = turn(withSpool);
                    if (turn >= 0) {
                        double moved = (double) sync / (ROUNDS_A_TURN * TARGETS * batch.size());
                        memory[turn] = first - moved;
                        spool[turn] = second + moved;
                    }
                }
                System.out.printf(
                        Locale.ROOT,
                        "%d %.0f ns/sample in memory, %.0f with the spool: %+.1f %%; %.2f and %.2f B/sample%n",
                        inMemory.stats().delivered() + withSpool.stats().delivered(),
                        trimmedMean(memory),
                        trimmedMean(spool),
                        100 * (trimmedMean(spool) / trimmedMean(memory) - 1),
                        wireBytes(inMemory),
                        wireBytes(withSpool));
            }
        }

        private RemoteWriter writer(QueueConfig queue) {
            return RemoteWriter.create(RemoteWriteConfig.builder(url)
                    .protocol(protocol)
                    .sendMetadata(false)
                    .queue(queue)
                    .build());
        }

        /** Nanoseconds of the processor for each sample. */
        private double turn(RemoteWriter writer) {
            long cpu = -cpuNanos();
            long samples = 0;
            for (int i = 0; i < ROUNDS_A_TURN; i++) {
                samples += round(writer);
            }
            cpu += cpuNanos();
            return (double) cpu / samples;
        }

        private long round(RemoteWriter writer) {
            BenchmarkPage page = pages[round++ % pages.length];
            long time = 1_790_000_000_000L + round * 1000L;
            long samples = 0;
            for (int i = 0; i < TARGETS; i++) {
                batch.reset(targets.get(i));
                parsers.get(i).parse(ExpositionFormat.TEXT_0_0_4, page.bytes(), 0, page.length(), time, batch);
                samples += batch.size();
                writer.append(batch);
            }
            writer.flush(Duration.ofSeconds(30));
            return samples;
        }

        private void findSyncThread() {
            ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
                if (thread != null && thread.getThreadName().equals("promferry-spool-sync")) {
                    syncThread = thread.getThreadId();
                }
            }
        }

        private long syncNanos() {
            return ManagementFactory.getThreadMXBean().getThreadCpuTime(syncThread);
        }
    }

    private static double wireBytes(RemoteWriter writer) {
        return (double) writer.stats().bytesSent() / writer.stats().samplesSent();
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    /** Without the tenth at each end, in which something else happened. */
    private static double trimmedMean(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int cut = sorted.length / 10;
        return Arrays.stream(sorted, cut, sorted.length - cut).average().orElseThrow();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

package io.github.promferry.benchmarks;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.benchmarks.process.CountingReceiver;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.remotewrite.QueueConfig;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriteProtocol;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What samples cost that wait for the receiver, in memory and in the spool, as a multiple of the bytes that they take on
 * the wire in the end; and how fast they go out when it is back, the receiver in the same process included.
 */
public final class WaitingCost {
    private static final int TARGETS = 10;
    private static final int WARM_UP_SCRAPES = 30;
    private static final int SCRAPES_IN_MEMORY = 400;
    private static final int SCRAPES_IN_SPOOL = 100;
    private static final int SCRAPES_OF_BACKLOG = 400;
    private static final int BACKLOGS = 8;

    /** Samples a second: 200 engines that are scraped every second. */
    private static final double LIVE_RATE = 200 * 474;

    private final SampleBatch batch = new SampleBatch();
    private final BenchmarkPage[] pages = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 16);
    private final List<Labels> targets = new ArrayList<>();
    private final List<ExpositionParser> parsers = new ArrayList<>();
    private int scrape;

    private WaitingCost() {
        for (int i = 0; i < TARGETS; i++) {
            targets.add(Labels.of("job", "llm", "instance", "10.0.0." + i + ":8000", "cluster", "a"));
            parsers.add(new ExpositionParser());
        }
    }

    /**
     * Prints the figures.
     *
     * @param args none
     * @throws IOException if there is no room for the spool
     */
    public static void main(String[] args) throws IOException {
        for (WriteProtocol protocol : List.of(WriteProtocol.V1, WriteProtocol.V2)) {
            System.out.printf(
                    Locale.ROOT,
                    "%s: %.3f of the compressed size in memory, %.3f in the spool%n",
                    protocol,
                    inMemory(protocol),
                    inSpool(protocol));
            for (boolean spooled : new boolean[] {false, true}) {
                double rate = 0;
                for (int i = 0; i < BACKLOGS; i++) {
                    // The last one counts: those before it warm up.
                    rate = catchUp(protocol, spooled);
                }
                System.out.printf(
                        Locale.ROOT,
                        "%s: %.1f million samples/s go out from %s, %.0f times the rate of 200 engines%n",
                        protocol,
                        rate / 1e6,
                        spooled ? "the spool" : "memory",
                        rate / LIVE_RATE);
            }
        }
    }

    /** Samples a second that go out when the receiver is back. */
    static double catchUp(WriteProtocol protocol, boolean spooled) throws IOException {
        Path folder = Files.createTempDirectory("promferry-spool");
        try (CountingReceiver receiver = new CountingReceiver()) {
            receiver.start();
            QueueConfig.Builder queue = QueueConfig.builder().maxBytes(1 << 28);
            RemoteWriteConfig config = RemoteWriteConfig.builder(URI.create(receiver.url()))
                    .protocol(protocol)
                    .sendMetadata(protocol == WriteProtocol.V2)
                    .queue(spooled ? queue.spool(folder).build() : queue.build())
                    .build();
            RemoteWriter writer = RemoteWriter.create(config);
            try {
                new WaitingCost().append(writer, SCRAPES_OF_BACKLOG);
                if (spooled) {
                    // Otherwise the newest would go out from memory.
                    writer.close(Duration.ZERO);
                    writer = RemoteWriter.create(config);
                }
                long waiting = writer.stats().waiting();
                long start = System.nanoTime();
                writer.start();
                if (!writer.flush(Duration.ofSeconds(60)).complete()
                        || writer.stats().delivered() != waiting) {
                    throw new IllegalStateException("not all of the backlog could be sent: " + writer.stats());
                }
                return waiting * 1e9 / (System.nanoTime() - start);
            } finally {
                writer.close(Duration.ZERO);
            }
        } finally {
            delete(folder);
        }
    }

    /** Live heap for each byte of finished requests. */
    static double inMemory(WriteProtocol protocol) {
        WaitingCost cost = new WaitingCost();
        try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(URI.create("http://127.0.0.1:9/"))
                .protocol(protocol)
                .queue(QueueConfig.builder().maxBytes(1 << 30).build())
                .build())) {
            cost.append(writer, WARM_UP_SCRAPES);
            // What was there before, of other tests for instance, may take more than one round to go.
            LiveHeap.bytes();
            long heap = -LiveHeap.bytes();
            long waiting = -writer.stats().waitingBytes();
            cost.append(writer, SCRAPES_IN_MEMORY);
            heap += LiveHeap.bytes();
            waiting += writer.stats().waitingBytes();
            return (double) heap / waiting;
        }
    }

    /** Bytes of the spool's files for each byte that is sent of it later. */
    static double inSpool(WriteProtocol protocol) throws IOException {
        Path folder = Files.createTempDirectory("promferry-spool");
        try (CountingReceiver receiver = new CountingReceiver()) {
            receiver.start();
            RemoteWriteConfig config = RemoteWriteConfig.builder(URI.create(receiver.url()))
                    .protocol(protocol)
                    .sendMetadata(protocol == WriteProtocol.V2)
                    .queue(QueueConfig.builder()
                            .spool(folder)
                            .fsync(QueueConfig.Fsync.NEVER)
                            .build())
                    .build();
            try (RemoteWriter writer = RemoteWriter.create(config)) {
                new WaitingCost().append(writer, SCRAPES_IN_SPOOL);
                writer.close(Duration.ZERO);
            }
            try (RemoteWriter writer = RemoteWriter.create(config)) {
                long spooled = writer.stats().spoolBytes();
                writer.start();
                if (!writer.flush(Duration.ofSeconds(30)).complete()) {
                    throw new IllegalStateException("not all of the spool could be sent");
                }
                return (double) spooled / writer.stats().bytesSent();
            }
        } finally {
            delete(folder);
        }
    }

    private void append(RemoteWriter writer, int scrapes) {
        for (int end = scrape + scrapes; scrape < end; scrape++) {
            BenchmarkPage page = pages[scrape % pages.length];
            long time = 1_790_000_000_000L + scrape * 1000L;
            for (int i = 0; i < TARGETS; i++) {
                batch.reset(targets.get(i));
                parsers.get(i).parse(ExpositionFormat.TEXT_0_0_4, page.bytes(), 0, page.length(), time, batch);
                writer.append(batch);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.StrictReceiver;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes that cannot load the native Snappy library. */
class SnappyFallbackTest {
    private static final int SHARDS = 4;
    private static final int SCRAPES = 5;

    /** Why it cannot be loaded, as an option of the JVM. */
    enum Obstacle {
        /** What loading from a folder mounted noexec comes to: the file is there and the loader refuses it. */
        LIBRARY_THAT_THE_LOADER_REFUSES {
            @Override
            String option(Path folder) throws Exception {
                Files.writeString(folder.resolve(System.mapLibraryName("snappyjava")), "no library");
                return "-Dorg.xerial.snappy.lib.path=" + folder;
            }
        },
        TEMPORARY_FOLDER_THAT_IS_NONE {
            @Override
            String option(Path folder) throws Exception {
                return "-Dorg.xerial.snappy.tempdir=" + Files.createFile(folder.resolve("file"));
            }
        },
        UNKNOWN_PLATFORM {
            @Override
            String option(Path folder) {
                return "-Dos.arch=abacus";
            }
        };

        abstract String option(Path folder) throws Exception;
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Obstacle.class)
    void samplesArriveAndOneWarningSaysWhy(Obstacle obstacle) throws Exception {
        try (StrictReceiver receiver = StrictReceiver.start()) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            obstacle.option(folder),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Child.class.getName(),
                            receiver.uri().toString())
                    .redirectErrorStream(true)
                    .start();
            String said;
            try {
                said = new String(process.getInputStream().readAllBytes(), UTF_8);
                assertThat(process.waitFor()).as(said).isZero();
            } finally {
                process.destroyForcibly();
            }
            assertThat(said.lines().filter(line -> line.contains("native Snappy library")))
                    .as(said)
                    .singleElement()
                    .asString()
                    .contains("WARNING", "compressing in Java", "-Dorg.xerial.snappy.tempdir");
            assertThat(receiver.violations()).isEmpty();
            for (Batches target : Child.targets()) {
                List<ReceivedSample> samples = receiver.samples(target.full(9));
                assertThat(samples)
                        .extracting(ReceivedSample::value)
                        .containsExactly(9.0, 1009.0, 2009.0, 3009.0, 4009.0);
            }
        }
    }

    /** The process: shards that all compress at the same time. */
    static final class Child {
        private Child() {}

        static List<Batches> targets() {
            return List.of(
                    new Batches("a:1", 10), new Batches("b:1", 10), new Batches("c:1", 10), new Batches("d:1", 10));
        }

        public static void main(String[] args) throws InterruptedException {
            try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(URI.create(args[0]))
                    .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                    .queue(QueueConfig.builder().shards(SHARDS).build())
                    .build())) {
                writer.start();
                List<Thread> scrapers = targets().stream()
                        .map(target -> new Thread(() -> {
                            for (int scrape = 0; scrape < SCRAPES; scrape++) {
                                writer.append(target.next());
                            }
                        }))
                        .toList();
                scrapers.forEach(Thread::start);
                for (Thread scraper : scrapers) {
                    scraper.join();
                }
                if (!writer.flush(Duration.ofSeconds(30)).complete()) {
                    throw new IllegalStateException("not delivered: " + writer.stats());
                }
            }
        }
    }
}

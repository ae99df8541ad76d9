package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.BlockInfo;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriteListener;
import io.github.promferry.remotewrite.WriteProtocol;
import io.github.promferry.remotewrite.WriterStats;
import io.github.promferry.testkit.LocalPrometheus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A receiver of Remote Write 2.0 that is not ours: everything that 2.0 can say arrives and can be queried. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Prometheus3IT {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static final Series COUNTER = series("vllm:prompt_tokens_total", MetricType.COUNTER, "tokens");
    private static final Series UTF8 = Series.of(
            Labels.of("__name__", "gen_ai.request.count", "gpu.type", "\u00fcber"),
            new MetricMetadata("gen_ai.request.count", MetricType.GAUGE, "Names with dots.", ""));
    private static final Series ENDING = series("vllm:ending", MetricType.GAUGE, "");
    private static final Series EXPONENTIAL = series("vllm:latency_seconds", MetricType.HISTOGRAM, "seconds");
    private static final Series CUSTOM = series("vllm:batch_size", MetricType.HISTOGRAM, "");

    /** Twenty observations: four of up to 1, six of up to 2, nine of up to 4, one above. */
    private static final NativeHistogram POWERS = NativeHistogram.ofCounts(20, 45.5)
            .schema(0)
            .positive(Buckets.ofDeltas(new int[] {0, 4}, new long[] {4, 2, 3, -8}))
            .build();

    private static final NativeHistogram LISTED = NativeHistogram.ofCounts(10, 70)
            .customBounds(1, 8, 64)
            .positive(Buckets.ofDeltas(new int[] {0, 4}, new long[] {1, 5, -4, -1}))
            .build();

    private Path directory;
    private LocalPrometheus prometheus;

    private static Series series(String name, MetricType type, String unit) {
        return Series.of(Labels.of("__name__", name), new MetricMetadata(name, type, "Help of " + name, unit));
    }

    @BeforeAll
    void startServer(@TempDir Path temporary) {
        directory = temporary;
        prometheus = LocalPrometheus.start(
                InstalledServer.requirePrometheus3(),
                directory,
                "--enable-feature=exemplar-storage,native-histograms,created-timestamp-zero-ingestion,"
                        + "metadata-wal-records",
                "--no-storage.tsdb.wal-compression");
    }

    @AfterAll
    void stopServer() {
        if (prometheus != null) {
            prometheus.close();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"AUTO", "V2"})
    void everythingThat20CanSayArrives(WriteProtocol protocol) throws IOException {
        Labels target = Labels.of("job", "llm", "instance", protocol.name());
        String of = "job=\"llm\",instance=\"" + protocol.name() + "\"";
        Set<WriteProtocol> used = ConcurrentHashMap.newKeySet();
        long now = System.currentTimeMillis() - 60_000;
        try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(prometheus.writeUri())
                .protocol(protocol)
                .sendExemplars(true)
                .listener(new WriteListener() {
                    @Override
                    public void delivered(BlockInfo block) {
                        used.add(block.protocol());
                    }
                })
                .build())) {
            writer.start();
            SampleBatch batch = new SampleBatch();
            batch.reset(target);
            batch.add(COUNTER, now, Double.doubleToRawLongBits(5));
            batch.setStartTimestamp(now - 10_000);
            batch.addExemplar(new Exemplar(Labels.of("trace_id", "4bf92f"), 3.5, now));
            batch.add(UTF8, now, Double.doubleToRawLongBits(7));
            batch.add(ENDING, now, Double.doubleToRawLongBits(1));
            batch.addHistogram(EXPONENTIAL, now, POWERS);
            batch.addHistogram(CUSTOM, now, LISTED);
            writer.append(batch);
            batch.reset(target);
            batch.add(COUNTER, now + 15_000, Double.doubleToRawLongBits(8));
            batch.setStartTimestamp(now - 10_000);
            batch.add(ENDING, now + 15_000, SampleValues.STALE_NAN_BITS);
            writer.append(batch);
            assertThat(writer.flush(LONG).complete()).isTrue();

            // A 2.0 request counts as delivered by what the receiver says it has written.
            WriterStats stats = writer.stats();
            assertThat(stats.delivered()).as("%s%n%s", stats, prometheus.log()).isEqualTo(7);
            assertThat(stats.dropped()).isEmpty();
            assertThat(stats.exemplarsDelivered()).isEqualTo(1);
            assertThat(used).containsExactly(WriteProtocol.V2);
        }
        assertValue("{\"vllm:prompt_tokens_total\"," + of + "}", 8);
        assertValue("{\"gen_ai.request.count\",\"gpu.type\"=\"\u00fcber\"," + of + "}", 7);
        assertThat(PromQlAnswer.vector(prometheus.query("vllm:ending{" + of + "}")))
                .isEmpty();
        assertValue("vllm:ending{" + of + "} @ " + (now / 1000 + 5), 1);
        assertValue("histogram_count(vllm:latency_seconds{" + of + "})", 20);
        assertValue("histogram_sum(vllm:latency_seconds{" + of + "})", 45.5);
        assertValue("histogram_fraction(-Inf, 2, vllm:latency_seconds{" + of + "})", 0.5);
        assertValue("histogram_count(vllm:batch_size{" + of + "})", 10);
        assertValue("histogram_fraction(-Inf, 8, vllm:batch_size{" + of + "})", 0.7);
        // Version 3.5 ignores start timestamps, which an earlier draft had in another field; a server that knows them
        // shows
        // a zero first.
        assertThat(PromQlAnswer.matrix(prometheus.query("vllm:prompt_tokens_total{" + of + "}[5m]"))
                        .values())
                .singleElement(list(Double.class))
                .endsWith(5.0, 8.0);
        // No query shows metadata that came by Remote Write; the server keeps it in its log.
        assertThat(Files.readString(directory.resolve("data/wal/00000000"), StandardCharsets.ISO_8859_1))
                .contains("Help of vllm:prompt_tokens_total", "Help of vllm:latency_seconds", "Names with dots.");
        assertThat(prometheus.exemplars("vllm:prompt_tokens_total{" + of + "}", now - 60_000, now + 60_000))
                .contains("\"trace_id\":\"4bf92f\"", "\"value\":\"3.5\"");
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"AUTO", "V2"})
    void whatWasWrittenOfARequestThatIsRefusedIsKnown(WriteProtocol protocol) {
        long now = System.currentTimeMillis() - 60_000;
        try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(prometheus.writeUri())
                .protocol(protocol)
                .build())) {
            writer.start();
            SampleBatch batch = new SampleBatch();
            batch.reset(Labels.of("job", "late", "instance", protocol.name()));
            batch.add(COUNTER, now, Double.doubleToRawLongBits(2));
            assertThat(writer.append(batch)).isTrue();
            assertThat(writer.flush(LONG).complete()).isTrue();
            batch.reset(Labels.of("job", "late", "instance", protocol.name()));
            batch.add(COUNTER, now - 30_000, Double.doubleToRawLongBits(1));
            batch.add(ENDING, now, Double.doubleToRawLongBits(1));
            assertThat(writer.append(batch)).isTrue();
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(writer.stats().delivered()).isEqualTo(2);
            assertThat(writer.stats().dropped()).containsExactly(entry("http_400", 1L));
        }
    }

    private void assertValue(String expression, double value) {
        assertThat(PromQlAnswer.vector(prometheus.query(expression)))
                .as(expression)
                .singleElement()
                .satisfies(element -> assertThat(element.number()).isCloseTo(value, within(1e-9)));
    }
}

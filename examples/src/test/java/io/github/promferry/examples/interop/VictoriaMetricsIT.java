package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriterStats;
import io.github.promferry.testkit.LocalVictoriaMetrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A receiver of 1.0 that ignores the content type: it answers 204 to a 2.0 message and stores nothing. A writer that
 * tries 2.0 first must notice and lose nothing.
 */
class VictoriaMetricsIT {
    private static final int SERIES = 100;
    private static final int BATCHES = 5;

    @Test
    void aWriterThatTries20FirstLosesNothing(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("victoria-metrics", "victoria-metrics");
        try (LocalVictoriaMetrics server = LocalVictoriaMetrics.start(binary, directory)) {
            long now = System.currentTimeMillis() - 60_000;
            try (RemoteWriter writer = RemoteWriter.create(
                    RemoteWriteConfig.builder(server.writeUri()).build())) {
                writer.start();
                List<Series> series = new ArrayList<>();
                for (int i = 0; i < SERIES; i++) {
                    series.add(
                            Series.of(Labels.of("__name__", "vllm:test", "i", String.valueOf(i)), MetricMetadata.NONE));
                }
                for (int b = 0; b < BATCHES; b++) {
                    SampleBatch batch = new SampleBatch();
                    batch.reset(Labels.of("job", "llm"));
                    for (int i = 0; i < SERIES; i++) {
                        long bits = b == BATCHES - 1 && i == 0
                                ? SampleValues.STALE_NAN_BITS
                                : Double.doubleToRawLongBits(1000.0 * b + i);
                        batch.add(series.get(i), now + b * 1000L, bits);
                    }
                    assertThat(writer.append(batch)).isTrue();
                    assertThat(writer.flush(Duration.ofSeconds(20)).complete()).isTrue();
                }
                WriterStats stats = writer.stats();
                assertThat(stats.delivered()).as(server.log()).isEqualTo(SERIES * BATCHES);
                assertThat(stats.droppedTotal() + stats.waiting()).isZero();
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                List<String> exported = server.export("{job=\"llm\"}").lines().toList();
                assertThat(exported).hasSize(SERIES);
                assertThat(exported)
                        .anySatisfy(line -> assertThat(line)
                                .contains(
                                        "\"__name__\":\"vllm:test\"",
                                        "\"i\":\"7\"",
                                        "\"values\":[7,1007,2007,3007,4007]"));
                // The stale marker is no value: VictoriaMetrics exports it as null.
                assertThat(exported)
                        .anySatisfy(
                                line -> assertThat(line).contains("\"i\":\"0\"", "\"values\":[0,1000,2000,3000,null]"));
            });
        }
    }
}

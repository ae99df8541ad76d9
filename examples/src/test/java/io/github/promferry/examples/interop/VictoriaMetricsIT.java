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
import io.github.promferry.testkit.LocalServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
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
        String server = "http://127.0.0.1:" + LocalServer.freePort();
        try (LocalServer running = LocalServer.start(
                directory,
                URI.create(server + "/health"),
                List.of(
                        binary.toString(),
                        "-httpListenAddr=" + server.substring("http://".length()),
                        "-storageDataPath=" + directory.resolve("data")))) {
            long now = System.currentTimeMillis() - 60_000;
            try (RemoteWriter writer =
                    RemoteWriter.create(RemoteWriteConfig.builder(URI.create(server + "/api/v1/write"))
                            .build())) {
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
                    assertThat(writer.flush(Duration.ofSeconds(20))).isTrue();
                }
                WriterStats stats = writer.stats();
                assertThat(stats.delivered()).as(running.log()).isEqualTo(SERIES * BATCHES);
                assertThat(stats.droppedTotal() + stats.waiting()).isZero();
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                get(server + "/internal/force_flush");
                List<String> exported = get(server + "/api/v1/export?match%5B%5D=%7Bjob%3D%22llm%22%7D")
                        .lines()
                        .toList();
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

    private static String get(String url) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
                .body();
    }
}

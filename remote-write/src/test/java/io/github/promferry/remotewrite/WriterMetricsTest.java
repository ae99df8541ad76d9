package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.MetricSource;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WriterMetricsTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private static Map<String, Double> values(SampleBatch batch) {
        Map<String, Double> values = new HashMap<>();
        for (int row = 0; row < batch.size(); row++) {
            Labels labels = batch.series(row).labels();
            String reason = labels.get("reason");
            values.put(
                    labels.metricName().replace("promferry_remote_write_", "") + (reason == null ? "" : "/" + reason),
                    Double.longBitsToDouble(batch.valueBits(row)));
        }
        return values;
    }

    @Test
    void metricsSayWhatHappened() {
        try (StrictReceiver receiver = StrictReceiver.start();
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .name("store")
                        .protocol(WriteProtocol.V1)
                        .sendMetadata(false)
                        .retry(RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(2), 0)))
                        .writeRelabel(labels -> "2".equals(labels.get("le")) ? null : labels)
                        .build())) {
            receiver.then(ScriptedAnswer.status(503), ScriptedAnswer.status(400));
            writer.start();
            writer.append(new Batches("a:1", 3).next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            SampleBatch batch = new SampleBatch();
            writer.metrics().collect(batch);
            assertThat(values(batch))
                    .containsEntry("samples_accepted_total", 3.0)
                    .containsEntry("samples_total", 4.0)
                    .containsEntry("samples_retried_total", 2.0)
                    .containsEntry("samples_dropped_total/relabeled", 1.0)
                    .containsEntry("samples_failed_total/http_400", 2.0)
                    .containsEntry("samples_delivered_total", 0.0)
                    .containsEntry("requests_total", 2.0)
                    .containsEntry("samples_pending", 0.0)
                    .containsEntry("shards", 1.0);
            for (int row = 0; row < batch.size(); row++) {
                Labels labels = batch.series(row).labels();
                assertThat(labels.get("remote_name")).isEqualTo("store");
                assertThat(labels.get("url")).isEqualTo(receiver.uri().toString());
                assertThat(batch.series(row).metadata().type())
                        .isEqualTo(labels.metricName().endsWith("_total") ? MetricType.COUNTER : MetricType.GAUGE);
            }
        }
    }

    @Test
    void sameSeriesObjectsComeEachTime() {
        try (RemoteWriter writer =
                RemoteWriter.create(RemoteWriteConfig.builder(URI.create("http://127.0.0.1:1/write?token=secret"))
                        .build())) {
            MetricSource metrics = writer.metrics();
            SampleBatch first = new SampleBatch();
            SampleBatch second = new SampleBatch();
            metrics.collect(first);
            metrics.collect(second);
            assertThat(first.size()).isEqualTo(second.size()).isPositive();
            for (int row = 0; row < first.size(); row++) {
                assertThat(first.series(row)).isSameAs(second.series(row));
                assertThat(first.series(row).labels().get("url"))
                        .startsWith("http://127.0.0.1:1/write?")
                        .doesNotContain("secret");
            }
        }
    }
}

package io.github.promferry.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.testkit.StrictReceiver;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadingsTest {
    private static final long NOW = 1_764_000_000_000L;

    private final StrictReceiver receiver = StrictReceiver.start();
    private final RemoteWriter writer =
            RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri()).build());
    private final Readings readings = new Readings(receiver);
    private final Map<Labels, Series> series = new HashMap<>();

    @AfterEach
    void close() {
        writer.close();
        receiver.close();
    }

    @Test
    void numbersAreMissingWithoutSamples() {
        assertThat(readings.last("x")).isNaN();
        assertThat(readings.rate("x", 30)).isNaN();
        assertThat(readings.quantile(0.5, "x", 30)).isNaN();
    }

    @Test
    void lastAndRateAddUpOverSeriesAndLookBackOnlySoFar() {
        send(0, "x", "a", 0);
        send(0, "x", "b", 100);
        send(20, "x", "a", 1000);
        send(20, "x", "b", 100);
        send(30, "x", "a", 1020);
        send(30, "x", "b", 130);
        assertThat(readings.last("x")).isEqualTo(1150);
        assertThat(readings.rate("x", 10)).isEqualTo(2 + 3);
        assertThat(readings.rate("x", 30)).isCloseTo(34 + 1, within(1e-9));
        assertThat(readings.rate("x", 5)).isNaN();
    }

    /** The numbers are those of PromQL's histogram_quantile for rates 10, 30 and 40 in the three buckets. */
    @Test
    void quantilesInterpolateAsPromQlDoes() {
        for (int at = 0; at <= 10; at += 10) {
            send(at, "h_bucket", "0.1", at * 10);
            send(at, "h_bucket", "1.0", at * 30);
            send(at, "h_bucket", "+Inf", at * 40);
        }
        assertThat(readings.quantile(0.25, "h", 30)).isCloseTo(0.1, within(1e-9));
        assertThat(readings.quantile(0.5, "h", 30)).isCloseTo(0.1 + 0.9 * 10 / 20, within(1e-9));
        assertThat(readings.quantile(0.99, "h", 30)).isEqualTo(1.0);
        assertThat(readings.quantile(0.1, "h", 30)).isCloseTo(0.04, within(1e-9));
    }

    private void send(int second, String name, String bound, double value) {
        writer.start();
        SampleBatch batch = new SampleBatch();
        Series of = series.computeIfAbsent(
                Labels.of("__name__", name, "le", bound), labels -> Series.of(labels, MetricMetadata.NONE));
        batch.add(of, NOW + second * 1000L, Double.doubleToRawLongBits(value));
        assertThat(writer.append(batch)).isTrue();
        assertThat(writer.flush(Duration.ofSeconds(10))).isTrue();
    }
}

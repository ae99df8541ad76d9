package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.MetricFamily;
import io.github.promferry.parse.MetricFamily.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

/** To Prometheus' own reader of text the comments that carry what text cannot say are comments. */
class TextPageIT {
    @Test
    void promtoolTakesPagesThatCarryMoreThanText() throws Exception {
        Exemplar exemplar = new Exemplar(Labels.of("trace_id", "a\"\\\n"), 0.5, 1500);
        NativeHistogram histogram = NativeHistogram.ofFloatCounts(3, 1.5)
                .positive(NativeHistogram.Buckets.ofCounts(new int[] {0, 2}, new double[] {1, 2}))
                .customBounds(0.5)
                .build();
        byte[] page = MetricFamily.write(
                ExpositionFormat.TEXT_0_0_4,
                List.of(
                        family(
                                "requests_total",
                                MetricType.COUNTER,
                                sample("requests_total", 7).since(1000).with(List.of(exemplar, exemplar))),
                        family(
                                "latency_seconds",
                                MetricType.HISTOGRAM,
                                Sample.of(Labels.of("__name__", "latency_seconds", "a", "1"), histogram)
                                        .with(List.of(exemplar)),
                                sample("latency_seconds_bucket", 3, "le", "+Inf")
                                        .with(List.of(exemplar)),
                                sample("latency_seconds_sum", 1.5),
                                sample("latency_seconds_count", 3)),
                        family("engine_info", MetricType.INFO, sample("engine_info", 1))));

        Process process = new ProcessBuilder(
                        InstalledServer.require("promtool", "prometheus").toString(), "check", "metrics")
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().write(page);
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertThat(process.waitFor()).as(output + new String(page, UTF_8)).isZero();
        assertThat(output).isEmpty();
    }

    private static MetricFamily family(String name, MetricType type, Sample... samples) {
        return new MetricFamily(new MetricMetadata(name, type, "Help.", ""), List.of(samples));
    }

    private static Sample sample(String name, double value, String... labels) {
        return Sample.of(Labels.of("__name__", name).withDefaults(Labels.of(labels)), value);
    }
}

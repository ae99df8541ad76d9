package io.github.promferry.parse;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.core.metrics.StateSet;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Random;

/** Pages of an independent writer. */
final class ClientJavaPages {
    private static final String[] VALUES = {"", "a", "b/c d", "quo\"te", "back\\slash", "new\nline", "é🚀", "{},=#"};

    private ClientJavaPages() {}

    /** Random families; their number and names depend on the structure, values on the seed too. */
    static MetricSnapshots registry(Random structure, int valueSeed, boolean nativeToo) {
        PrometheusRegistry registry = new PrometheusRegistry();
        Random values = new Random(valueSeed);
        int families = 1 + structure.nextInt(8);
        for (int i = 0; i < families; i++) {
            String name = "f" + i + (structure.nextBoolean() ? "_seconds" : "");
            String help = structure.nextBoolean() ? "Help with \\ and \n and \"." : "Plain help.";
            int points = 1 + structure.nextInt(4);
            switch (structure.nextInt(6)) {
                case 0 -> {
                    Counter counter = Counter.builder()
                            .name(name)
                            .help(help)
                            .labelNames("a", "b")
                            .register(registry);
                    for (int p = 0; p < points; p++) {
                        counter.labelValues(VALUES[structure.nextInt(VALUES.length)], "p" + p)
                                .inc(values.nextInt(1000));
                    }
                }
                case 1 -> {
                    Gauge gauge = Gauge.builder()
                            .name(name)
                            .help(help)
                            .labelNames("a", "b")
                            .register(registry);
                    for (int p = 0; p < points; p++) {
                        gauge.labelValues(VALUES[structure.nextInt(VALUES.length)], "p" + p)
                                .set(value(values));
                    }
                }
                case 2 -> {
                    Histogram.Builder builder = Histogram.builder()
                            .name(name)
                            .help(help)
                            .labelNames("a")
                            .classicUpperBounds(0.25, 0.5, 1, 10);
                    Histogram histogram = (nativeToo ? builder : builder.classicOnly()).register(registry);
                    for (int p = 0; p < points; p++) {
                        for (int n = values.nextInt(20); n > 0; n--) {
                            histogram.labelValues("p" + p).observe(values.nextDouble() * 20 - (nativeToo ? 5 : 0));
                        }
                        histogram.initLabelValues("p" + p);
                    }
                }
                case 3 -> {
                    Summary summary = Summary.builder()
                            .name(name)
                            .help(help)
                            .labelNames("a")
                            .quantile(0.5, 0.01)
                            .quantile(0.99)
                            .register(registry);
                    for (int p = 0; p < points; p++) {
                        summary.labelValues("p" + p).observe(values.nextDouble());
                    }
                }
                case 4 ->
                    Info.builder()
                            .name(name + "_x")
                            .help(help)
                            .labelNames("v")
                            .register(registry)
                            .setLabelValues(VALUES[1 + structure.nextInt(VALUES.length - 1)]);
                default -> {
                    StateSet states = StateSet.builder()
                            .name(name)
                            .help(help)
                            .states("on", "off")
                            .register(registry);
                    if (values.nextBoolean()) {
                        states.setTrue("on");
                    }
                }
            }
        }
        return registry.scrape();
    }

    private static double value(Random values) {
        return switch (values.nextInt(6)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> -0.0;
            default -> values.nextGaussian() * Math.pow(10, values.nextInt(40) - 20);
        };
    }

    static void text(MetricSnapshots snapshots, OutputStream out) throws IOException {
        PrometheusTextFormatWriter.create().write(out, snapshots, EscapingScheme.ALLOW_UTF8);
    }

    static void openMetrics(MetricSnapshots snapshots, OutputStream out) throws IOException {
        OpenMetricsTextFormatWriter.create().write(out, snapshots, EscapingScheme.ALLOW_UTF8);
    }

    static void protobuf(MetricSnapshots snapshots, OutputStream out) throws IOException {
        new PrometheusProtobufWriter().write(out, snapshots, EscapingScheme.ALLOW_UTF8);
    }
}

package io.github.promferry.benchmarks;

import java.io.ByteArrayInputStream;
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor;
import org.hawkular.agent.prometheus.types.Counter;
import org.hawkular.agent.prometheus.types.Gauge;
import org.hawkular.agent.prometheus.types.Histogram;
import org.hawkular.agent.prometheus.types.MetricFamily;
import org.hawkular.agent.prometheus.types.Summary;
import org.hawkular.agent.prometheus.walkers.PrometheusMetricsWalker;

/** The peer on Maven Central: org.hawkular.agent:prometheus-scraper, with a walker that counts and adds up. */
final class HawkularParser implements PrometheusMetricsWalker {
    private int samples;
    private double sum;

    void parse(byte[] page, int length) {
        samples = 0;
        sum = 0;
        new TextPrometheusMetricsProcessor(new ByteArrayInputStream(page, 0, length), this).walk();
    }

    int samples() {
        return samples;
    }

    double sum() {
        return sum;
    }

    @Override
    public void walkStart() {}

    @Override
    public void walkFinish(int familiesProcessed, int metricsProcessed) {}

    @Override
    public void walkMetricFamily(MetricFamily family, int index) {}

    @Override
    public void walkCounterMetric(MetricFamily family, Counter counter, int index) {
        add(counter.getValue());
    }

    @Override
    public void walkGaugeMetric(MetricFamily family, Gauge gauge, int index) {
        add(gauge.getValue());
    }

    @Override
    public void walkSummaryMetric(MetricFamily family, Summary summary, int index) {
        summary.getQuantiles().forEach(quantile -> add(quantile.getValue()));
        add((double) summary.getSampleCount());
        add(summary.getSampleSum());
    }

    @Override
    public void walkHistogramMetric(MetricFamily family, Histogram histogram, int index) {
        histogram.getBuckets().forEach(bucket -> add((double) bucket.getCumulativeCount()));
        add((double) histogram.getSampleCount());
        add(histogram.getSampleSum());
    }

    private void add(double value) {
        samples++;
        sum += Double.isFinite(value) ? value : 0;
    }
}

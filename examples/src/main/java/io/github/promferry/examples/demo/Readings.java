package io.github.promferry.examples.demo;

import io.github.promferry.Labels;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.StrictReceiver;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a dashboard would compute from the samples that have arrived. Numbers are NaN while there are too few samples.
 */
final class Readings {
    private final StrictReceiver receiver;

    Readings(StrictReceiver receiver) {
        this.receiver = receiver;
    }

    /** The newest value of a metric, added up over its series. */
    double last(String metric) {
        double sum = Double.NaN;
        for (Labels series : receiver.seriesNamed(metric)) {
            List<ReceivedSample> samples = receiver.samples(series);
            if (!samples.isEmpty()) {
                double value = samples.get(samples.size() - 1).value();
                sum = Double.isNaN(sum) ? value : sum + value;
            }
        }
        return sum;
    }

    /** Growth of a counter a second, over the newest samples up to the given age, added up over its series. */
    double rate(String metric, int seconds) {
        double sum = Double.NaN;
        for (Labels series : receiver.seriesNamed(metric)) {
            double rate = rate(receiver.samples(series), seconds);
            if (!Double.isNaN(rate)) {
                sum = Double.isNaN(sum) ? rate : sum + rate;
            }
        }
        return sum;
    }

    /** A quantile of a classic histogram, as PromQL's histogram_quantile over a rate has it. */
    double quantile(double quantile, String histogram, int seconds) {
        Map<Double, Double> buckets = new TreeMap<>();
        for (Labels series : receiver.seriesNamed(histogram + "_bucket")) {
            String bound = series.get("le");
            double rate = rate(receiver.samples(series), seconds);
            if (bound != null && !Double.isNaN(rate)) {
                double le = bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound);
                buckets.merge(le, rate, Double::sum);
            }
        }
        double total = buckets.getOrDefault(Double.POSITIVE_INFINITY, 0.0);
        double rank = quantile * total;
        double lowerBound = 0;
        double below = 0;
        for (Map.Entry<Double, Double> bucket : buckets.entrySet()) {
            if (total > 0 && bucket.getValue() >= rank) {
                // Nothing is known of the last bucket's upper end: its lower one is the best answer.
                return Double.isInfinite(bucket.getKey())
                        ? lowerBound
                        : lowerBound + (bucket.getKey() - lowerBound) * (rank - below) / (bucket.getValue() - below);
            }
            lowerBound = bucket.getKey();
            below = bucket.getValue();
        }
        return Double.NaN;
    }

    private static double rate(List<ReceivedSample> samples, int seconds) {
        if (samples.isEmpty()) {
            return Double.NaN;
        }
        ReceivedSample newest = samples.get(samples.size() - 1);
        int first = 0;
        while (newest.timestampMillis() - samples.get(first).timestampMillis() > seconds * 1000L) {
            first++;
        }
        ReceivedSample oldest = samples.get(first);
        double elapsed = (newest.timestampMillis() - oldest.timestampMillis()) / 1e3;
        return elapsed == 0 ? Double.NaN : (newest.value() - oldest.value()) / elapsed;
    }
}

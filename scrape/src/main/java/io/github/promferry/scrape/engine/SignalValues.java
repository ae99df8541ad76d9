package io.github.promferry.scrape.engine;

import io.github.promferry.MetricType;
import io.github.promferry.scrape.engine.EngineSignal.Aggregation;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * What an engine, or one model and rank of it, tells at one moment: gauges as they are, counters and histograms by how much
 * they have grown over the window that ends there, restarts left out. Whatever the engine does not have is NaN: llama.cpp
 * has no histograms and no KV cache, TGI no time to the first token. Immutable and thread-safe.
 *
 * <p>SGLang, TGI and llama.cpp count tokens when a request ends: their rates are smooth only over windows that are longer
 * than requests.
 *
 * @since 0.1
 */
public final class SignalValues {
    private final Map<EngineSignal, Double> values;
    private final Map<EngineSignal, WindowedHistogram> histograms;
    private final double seconds;

    private SignalValues(
            Map<EngineSignal, Double> values, Map<EngineSignal, WindowedHistogram> histograms, double seconds) {
        this.values = values;
        this.histograms = histograms;
        this.seconds = seconds;
    }

    /**
     * The values of a part of a page.
     *
     * @param base the moment since which counters are told, or -1 for none
     */
    static SignalValues of(PageSignals page, SignalLayout.Part part, int base, long now) {
        double seconds = base < 0 ? Double.NaN : (now - page.baseTime(base)) / 1e3;
        Map<EngineSignal, Double> values = new EnumMap<>(EngineSignal.class);
        Map<EngineSignal, WindowedHistogram> histograms = new EnumMap<>(EngineSignal.class);
        part.values().forEach((signal, cells) -> {
            if (signal.type() == MetricType.GAUGE) {
                values.put(signal, aggregate(page, signal, cells));
            } else if (base >= 0) {
                values.put(signal, growth(page, cells, base) / seconds);
            }
        });
        if (base >= 0) {
            part.histograms().forEach((signal, layout) -> histograms.put(signal, histogram(page, layout, base)));
        }
        return new SignalValues(values, histograms, seconds);
    }

    /** Gauges of several series, or NaN if there is none on the page. */
    static double aggregate(PageSignals page, EngineSignal signal, int[] cells) {
        double result = Double.NaN;
        int count = 0;
        for (int cell : cells) {
            double value = page.value(cell);
            if (!Double.isNaN(value)) {
                boolean first = count++ == 0;
                result = first
                        ? value
                        : signal.aggregation() == Aggregation.MAXIMUM ? Math.max(result, value) : result + value;
            }
        }
        return signal.aggregation() == Aggregation.AVERAGE ? result / count : result;
    }

    private static WindowedHistogram histogram(PageSignals page, SignalLayout.Histogram layout, int base) {
        double[] cumulative = new double[layout.bounds.length];
        for (int i = 0; i < cumulative.length; i++) {
            cumulative[i] = growth(page, layout.buckets[i], base);
        }
        return new WindowedHistogram(
                layout.bounds, cumulative, growth(page, layout.sums, base), growth(page, layout.counts, base));
    }

    private static double growth(PageSignals page, int[] cells, int base) {
        double sum = cells.length == 0 ? Double.NaN : 0;
        for (int cell : cells) {
            sum += page.growth(cell, base);
        }
        return sum;
    }

    /**
     * A gauge, put together from its series as {@link EngineSignal#aggregation()} says.
     *
     * @param gauge a signal of that type
     * @return in the signal's unit, NaN if the engine does not have it
     * @throws IllegalArgumentException for a signal of another type
     */
    public double value(EngineSignal gauge) {
        return values.getOrDefault(checked(gauge, MetricType.GAUGE, "value"), Double.NaN);
    }

    /**
     * How fast a counter grows.
     *
     * @param counter a signal of that type
     * @return a second, over the window; NaN if the engine does not have it, or one page was seen only
     * @throws IllegalArgumentException for a signal of another type
     */
    public double perSecond(EngineSignal counter) {
        return values.getOrDefault(checked(counter, MetricType.COUNTER, "perSecond"), Double.NaN);
    }

    /**
     * A quantile of what was observed in the window, as PromQL's {@code histogram_quantile} estimates it: linear within a
     * bucket, and the highest finite bound for what lies above that.
     *
     * @param histogram a signal of that type
     * @param quantile from 0 to 1
     * @return in the signal's unit; NaN if nothing was observed, or the engine has no buckets
     * @throws IllegalArgumentException for a signal of another type
     */
    public double quantile(EngineSignal histogram, double quantile) {
        return histogram(histogram).quantile(quantile);
    }

    /**
     * The mean of what was observed in the window.
     *
     * @param histogram a signal of that type
     * @return in the signal's unit; NaN if nothing was observed, or the engine does not have it
     * @throws IllegalArgumentException for a signal of another type
     */
    public double mean(EngineSignal histogram) {
        return histogram(histogram).mean();
    }

    private WindowedHistogram histogram(EngineSignal signal) {
        return histograms.getOrDefault(
                checked(signal, MetricType.HISTOGRAM, "mean and quantile"), WindowedHistogram.NONE);
    }

    private static EngineSignal checked(EngineSignal signal, MetricType type, String asked) {
        if (signal.type() != type) {
            throw new IllegalArgumentException(
                    signal + " is a " + lowerCase(signal.type()) + ", and " + asked + " is of a " + lowerCase(type));
        }
        return signal;
    }

    private static String lowerCase(MetricType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Requests that are being computed.
     *
     * @return a number of requests, or NaN
     */
    public double running() {
        return value(EngineSignal.REQUESTS_RUNNING);
    }

    /**
     * Requests that wait to be scheduled.
     *
     * @return a number of requests, or NaN
     */
    public double waiting() {
        return value(EngineSignal.REQUESTS_WAITING);
    }

    /**
     * The used part of the KV cache; of several engines the mean.
     *
     * @return from 0 to 1, or NaN
     */
    public double kvCacheUsage() {
        return value(EngineSignal.KV_CACHE_USAGE);
    }

    /**
     * Tokens of prompts.
     *
     * @return tokens a second, or NaN
     */
    public double promptTokensPerSecond() {
        return perSecond(EngineSignal.PROMPT_TOKENS);
    }

    /**
     * Tokens that were generated.
     *
     * @return tokens a second, or NaN
     */
    public double generationTokensPerSecond() {
        return perSecond(EngineSignal.GENERATION_TOKENS);
    }

    /**
     * Requests that have ended, in whatever way.
     *
     * @return requests a second, or NaN
     */
    public double requestsPerSecond() {
        double finished = perSecond(EngineSignal.REQUESTS_FINISHED);
        // Old SGLang counts no requests, but the histogram of their durations does.
        return Double.isNaN(finished) ? histogram(EngineSignal.REQUEST_DURATION).count() / seconds : finished;
    }

    /**
     * From a request's arrival to its first token.
     *
     * @param quantile from 0 to 1
     * @return seconds, or NaN
     */
    public double timeToFirstToken(double quantile) {
        return quantile(EngineSignal.TIME_TO_FIRST_TOKEN, quantile);
    }

    /**
     * Between two tokens.
     *
     * @param quantile from 0 to 1
     * @return seconds, or NaN
     */
    public double interTokenLatency(double quantile) {
        return quantile(EngineSignal.INTER_TOKEN_LATENCY, quantile);
    }

    /**
     * From a request's arrival to its last token.
     *
     * @param quantile from 0 to 1
     * @return seconds, or NaN
     */
    public double requestDuration(double quantile) {
        return quantile(EngineSignal.REQUEST_DURATION, quantile);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "running %.0f, waiting %.0f, KV cache %.2f, %.1f prompt and %.1f generated tokens/s, %.2f requests/s,"
                        + " first token p50 %.3f s",
                running(),
                waiting(),
                kvCacheUsage(),
                promptTokensPerSecond(),
                generationTokensPerSecond(),
                requestsPerSecond(),
                timeToFirstToken(0.5));
    }
}

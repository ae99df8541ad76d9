package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.MetricType;
import io.github.promferry.scrape.engine.SignalReading.Element;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A series that tells something of an engine.
 *
 * @param name of its samples
 * @param labels the others, without a bucket's bound
 * @param reading what it tells
 * @param part labels of the model and rank it tells it of
 */
record WatchedSeries(String name, Map<String, String> labels, SignalReading reading, Labels part) {
    /** Labels of a model, or of a rank that serves it beside others. */
    private static final List<String> PART_LABELS = List.of("model_name", "engine", "dp_rank");
    /** Labels of ranks that compute one model together, and tell the same of it if all are made to tell. */
    private static final List<String> TOGETHER = List.of("tp_rank", "pp_rank", "moe_ep_rank");

    static WatchedSeries of(LlmEngine engine, Labels series, SignalReading reading) {
        Map<String, String> labels = new TreeMap<>(series.toMap());
        String name = String.valueOf(labels.remove(Labels.METRIC_NAME));
        labels.remove("le");
        Labels.Builder part = Labels.builder();
        for (Map.Entry<String, String> label : labels.entrySet()) {
            String common = engine.labelNames().getOrDefault(label.getKey(), label.getKey());
            if (PART_LABELS.contains(common)) {
                part.add(common, label.getValue());
            }
        }
        return new WatchedSeries(name, labels, reading, part.build());
    }

    /** Whether another rank tells the same. */
    static boolean isRepeated(Labels series) {
        return TOGETHER.stream().map(series::get).anyMatch(rank -> rank != null && !rank.equals("0"));
    }

    /** Whether it can only grow, but for a restart. */
    boolean isCumulative() {
        return reading.element() != Element.VALUE || reading.signal().type() == MetricType.COUNTER;
    }

    /** Whether growth means that the engine works. Prompts are counted on arrival by some, ends when clients give up. */
    boolean isProgress() {
        return switch (reading.signal()) {
            case GENERATION_TOKENS, ENGINE_STEPS -> true;
            case TIME_TO_FIRST_TOKEN, INTER_TOKEN_LATENCY -> reading.element() == Element.COUNT;
            default -> false;
        };
    }

    /** What two sources of a signal have in common if they tell the same. */
    Object meaning() {
        return List.of(reading.signal(), reading.element(), reading.upperBound(), labels);
    }
}

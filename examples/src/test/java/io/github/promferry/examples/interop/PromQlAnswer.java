package io.github.promferry.examples.interop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The JSON of Prometheus' HTTP API, which the YAML reader reads too: JSON is YAML 1.2. */
final class PromQlAnswer {
    /** One element of an instant vector; the value is a number in Go's spelling. */
    record Element(Map<String, String> labels, String value) {
        double number() {
            return PromQlAnswer.number(value);
        }
    }

    private PromQlAnswer() {}

    static List<Element> vector(String json) {
        Map<?, ?> data = (Map<?, ?>) read(json).get("data");
        List<Element> elements = new ArrayList<>();
        for (Object result : (List<?>) data.get("result")) {
            elements.add(new Element(labels(result), (String) ((List<?>) ((Map<?, ?>) result).get("value")).get(1)));
        }
        return elements;
    }

    /** A range vector: the values of each series, oldest first. */
    static Map<Map<String, String>, List<Double>> matrix(String json) {
        Map<?, ?> data = (Map<?, ?>) read(json).get("data");
        Map<Map<String, String>, List<Double>> series = new HashMap<>();
        for (Object result : (List<?>) data.get("result")) {
            List<Double> values = new ArrayList<>();
            for (Object sample : (List<?>) ((Map<?, ?>) result).get("values")) {
                values.add(number((String) ((List<?>) sample).get(1)));
            }
            series.put(labels(result), values);
        }
        return series;
    }

    static List<String> strings(String json) {
        return ((List<?>) read(json).get("data"))
                .stream().map(String.class::cast).toList();
    }

    private static double number(String value) {
        return switch (value) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(value);
        };
    }

    private static Map<String, String> labels(Object result) {
        Map<String, String> labels = new TreeMap<>();
        ((Map<?, ?>) ((Map<?, ?>) result).get("metric"))
                .forEach((name, value) -> labels.put((String) name, (String) value));
        return labels;
    }

    private static Map<?, ?> read(String json) {
        LoadSettings settings =
                LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).build();
        return (Map<?, ?>) new Load(settings).loadFromString(json);
    }
}

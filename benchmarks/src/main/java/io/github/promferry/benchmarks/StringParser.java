package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The peer that a careful Java programmer would write with strings: no regular expression, no character streams, and a
 * {@code HashMap} so that a known series is not taken apart again. Reads the text format without checking much.
 */
final class StringParser {
    private final Map<String, ParsedSeries> known = new HashMap<>();

    record ParsedSeries(String name, Map<String, String> labels) {}

    record Sample(
            ParsedSeries series, double value, @Nullable Long timestampMillis) {}

    List<Sample> parse(byte[] page, int length) {
        String text = new String(page, 0, length, UTF_8);
        List<Sample> samples = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf('\n', at);
            if (end < 0) {
                end = text.length();
            }
            if (end > at && text.charAt(at) != '#') {
                samples.add(sample(text, at, end));
            }
            at = end + 1;
        }
        return samples;
    }

    private Sample sample(String text, int from, int to) {
        int seriesEnd = seriesEnd(text, from, to);
        String key = text.substring(from, seriesEnd);
        ParsedSeries series = known.get(key);
        if (series == null) {
            series = series(key);
            known.put(key, series);
        }
        int valueFrom = seriesEnd;
        while (text.charAt(valueFrom) == ' ') {
            valueFrom++;
        }
        int valueEnd = text.indexOf(' ', valueFrom);
        if (valueEnd < 0 || valueEnd > to) {
            return new Sample(series, number(text.substring(valueFrom, to)), null);
        }
        long timestamp = Long.parseLong(text.substring(valueEnd + 1, to).trim());
        return new Sample(series, number(text.substring(valueFrom, valueEnd)), timestamp);
    }

    private static int seriesEnd(String text, int from, int to) {
        int at = from;
        while (at < to && text.charAt(at) != '{' && text.charAt(at) != ' ') {
            at++;
        }
        if (at == to || text.charAt(at) == ' ') {
            return at;
        }
        boolean quoted = false;
        while (quoted || text.charAt(at) != '}') {
            char c = text.charAt(at);
            if (c == '\\' && quoted) {
                at++;
            } else if (c == '"') {
                quoted = !quoted;
            }
            at++;
        }
        return at + 1;
    }

    private static ParsedSeries series(String key) {
        int brace = key.indexOf('{');
        if (brace < 0) {
            return new ParsedSeries(key, Map.of());
        }
        Map<String, String> labels = new LinkedHashMap<>();
        int at = brace + 1;
        while (key.charAt(at) != '}') {
            int equals = key.indexOf('=', at);
            String name = key.substring(at, equals).trim();
            StringBuilder value = new StringBuilder();
            at = key.indexOf('"', equals) + 1;
            for (; key.charAt(at) != '"'; at++) {
                char c = key.charAt(at);
                if (c == '\\') {
                    c = key.charAt(++at);
                    c = c == 'n' ? '\n' : c;
                }
                value.append(c);
            }
            labels.put(name, value.toString());
            at++;
            while (key.charAt(at) == ',' || key.charAt(at) == ' ') {
                at++;
            }
        }
        return new ParsedSeries(key.substring(0, brace), labels);
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }
}

package io.github.promferry.examples.grafana;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON for people: what fits into a line stands in one, the rest is indented by two blanks. */
final class Json {
    private static final int WIDTH = 120;

    private Json() {}

    /** A map that keeps the order: names and values by turns. */
    static Map<String, Object> members(@Nullable Object... namesAndValues) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return members;
    }

    /** A copy that keeps the order. */
    static Map<String, Object> object(Object map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        ((Map<?, ?>) map).forEach((name, value) -> copy.put((String) name, value));
        return copy;
    }

    /** Writes maps, collections, strings, numbers, booleans and nulls, and a line feed at the end. */
    static String write(Object value) {
        StringBuilder text = new StringBuilder();
        append(text, value, "\n", 0);
        return text.append('\n').toString();
    }

    private static void append(StringBuilder text, @Nullable Object value, String newLine, int room) {
        String line = line(value);
        boolean fits = newLine.length() + room + line.length() <= WIDTH;
        if (value instanceof Map<?, ?> map && !fits) {
            appendAll(text, '{', map.entrySet(), '}', newLine);
        } else if (value instanceof Collection<?> list && !fits) {
            appendAll(text, '[', list, ']', newLine);
        } else {
            text.append(line);
        }
    }

    private static void appendAll(StringBuilder text, char open, Collection<?> elements, char close, String newLine) {
        String inner = newLine + "  ";
        char before = open;
        for (Object element : elements) {
            text.append(before).append(inner);
            if (element instanceof Map.Entry<?, ?> entry) {
                String key = quoted((String) entry.getKey()) + ": ";
                append(text.append(key), entry.getValue(), inner, key.length());
            } else {
                append(text, element, inner, 0);
            }
            before = ',';
        }
        text.append(newLine).append(close);
    }

    private static String line(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            List<String> members = map.entrySet().stream()
                    .map(entry -> quoted((String) entry.getKey()) + ": " + line(entry.getValue()))
                    .toList();
            return "{" + String.join(", ", members) + "}";
        }
        if (value instanceof Collection<?> list) {
            return "[" + String.join(", ", list.stream().map(Json::line).toList()) + "]";
        }
        return value instanceof String string ? quoted(string) : String.valueOf(value);
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}

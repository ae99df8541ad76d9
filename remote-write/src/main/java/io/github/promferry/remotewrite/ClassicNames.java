package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import org.jspecify.annotations.Nullable;

/**
 * The names that Remote Write 1.0 allows: metric names {@code [a-zA-Z_:][a-zA-Z0-9_:]*}, label names {@code
 * [a-zA-Z_][a-zA-Z0-9_]*}. Other characters become underscores, as Prometheus does for receivers that do not know UTF-8
 * names.
 */
final class ClassicNames {
    private ClassicNames() {}

    /** Returns the same object if every name is valid; null if two names become one. */
    static @Nullable Labels escape(Labels labels) {
        boolean valid = true;
        byte[] bytes = labels.encoded();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            valid &= isValid(bytes, at.nameStart(), at.nameEnd(), false);
            valid &= !isMetricName(bytes, at.nameStart(), at.nameEnd())
                    || isValid(bytes, at.valueStart(), at.end(), true);
        }
        if (valid) {
            return labels;
        }
        Labels.Builder builder = Labels.builder();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            String name = at.name();
            builder.add(escape(name, false), name.equals(Labels.METRIC_NAME) ? escape(at.value(), true) : at.value());
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException twoNamesBecameOne) {
            return null;
        }
    }

    private static boolean isMetricName(byte[] bytes, int from, int to) {
        return to - from == Labels.METRIC_NAME.length()
                && new String(bytes, from, to - from, UTF_8).equals(Labels.METRIC_NAME);
    }

    private static boolean isValid(byte[] bytes, int from, int to, boolean colons) {
        for (int i = from; i < to; i++) {
            if (!isValid(bytes[i], i == from, colons)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isValid(int c, boolean first, boolean colons) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || c == '_'
                || (c >= '0' && c <= '9' && !first)
                || (c == ':' && colons);
    }

    private static String escape(String name, boolean colons) {
        StringBuilder escaped = new StringBuilder();
        if (name.charAt(0) >= '0' && name.charAt(0) <= '9') {
            escaped.append('_');
        }
        name.codePoints().forEach(c -> escaped.append(isValid(c, escaped.isEmpty(), colons) ? (char) c : '_'));
        return escaped.toString();
    }
}

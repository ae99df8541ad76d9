package io.github.promferry.examples.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A sample line of a page, read without the library's parser.
 *
 * @param labels sorted, {@code __name__} among them, without the empty ones
 * @param value as on the page
 */
record PageLine(Map<String, String> labels, double value) {
    /** All sample lines: those that are neither blank nor comments. */
    static List<PageLine> read(String page) {
        List<PageLine> lines = new ArrayList<>();
        for (String line : page.split("\n", -1)) {
            String text = line.strip();
            if (!text.isEmpty() && !text.startsWith("#")) {
                lines.add(readLine(text));
            }
        }
        return lines;
    }

    private static PageLine readLine(String line) {
        Map<String, String> labels = new TreeMap<>();
        int at = 0;
        while (at < line.length() && " \t{".indexOf(line.charAt(at)) < 0) {
            at++;
        }
        labels.put("__name__", line.substring(0, at));
        at = skip(line, at, " \t");
        if (line.charAt(at) == '{') {
            at = skip(line, at + 1, " \t,");
            while (line.charAt(at) != '}') {
                int equals = line.indexOf('=', at);
                String name = line.substring(at, equals).strip();
                StringBuilder value = new StringBuilder();
                at = skip(line, equals + 1, " \t") + 1;
                while (line.charAt(at) != '"') {
                    if (line.charAt(at) == '\\') {
                        at++;
                        char escaped = line.charAt(at);
                        value.append(
                                switch (escaped) {
                                    case 'n' -> "\n";
                                    case '\\', '"' -> String.valueOf(escaped);
                                    default -> "\\" + escaped;
                                });
                    } else {
                        value.append(line.charAt(at));
                    }
                    at++;
                }
                if (!value.isEmpty()) {
                    labels.put(name, value.toString());
                }
                at = skip(line, at + 1, " \t,");
            }
            at++;
        }
        String number = line.substring(at).strip().split("[ \t]", 2)[0];
        return new PageLine(labels, number(number));
    }

    private static int skip(String line, int from, String characters) {
        int at = from;
        while (characters.indexOf(line.charAt(at)) >= 0) {
            at++;
        }
        return at;
    }

    private static double number(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "nan", "-nan", "+nan" -> Double.NaN;
            case "inf", "+inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }
}

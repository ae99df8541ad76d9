package io.github.promferry.examples.config;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Replaces references to environment variables in a value: {@code ${NAME}}, {@code ${env:NAME}} and {@code
 * ${env:NAME:-default}}. What else a dollar sign means depends on whose file it is.
 */
enum Expansion {
    /** {@code $$} is a dollar sign everywhere, so relabeling templates are written {@code $$1}. */
    COLLECTOR,
    /** A doubled dollar sign is an escape only before a brace: Prometheus itself takes {@code pa$$word} literally. */
    PROMETHEUS,
    /** Prometheus' own expansion of external labels: also {@code $NAME}, and {@code $$} is a dollar sign. */
    PROMETHEUS_LABELS,
    /**
     * In relabeling, {@code ${name}} is a group of the regular expression and {@code $$} its escape: only {@code
     * ${env:NAME}} is replaced.
     */
    PROMETHEUS_RELABELING;

    private static final Pattern DOLLAR =
            Pattern.compile("\\$(?:(?<escape>\\$)|\\{(?<braced>[^}]*)}|(?<bare>[a-zA-Z_][a-zA-Z0-9_]*))");
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");

    /**
     * Expands a value.
     *
     * @param text the value as written
     * @param environment gives a variable's value, or null if it is not set
     * @return the value to use
     * @throws IllegalArgumentException if a variable is not set or a reference cannot be understood; never tells a value
     */
    String expand(String text, Function<String, @Nullable String> environment) {
        if (text.indexOf('$') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        Matcher matcher = DOLLAR.matcher(text);
        int at = 0;
        while (matcher.find(at)) {
            out.append(text, at, matcher.start());
            at = matcher.end();
            if (matcher.group("escape") != null) {
                at = escape(text, matcher.start(), out);
            } else if (matcher.group("bare") != null) {
                out.append(this == PROMETHEUS_LABELS ? variable(matcher.group("bare"), environment) : matcher.group());
            } else {
                out.append(braced(matcher.group("braced"), matcher.group(), environment));
            }
        }
        return out.append(text, at, text.length()).toString();
    }

    /** Writes what {@code $$} stands for and returns where to go on. */
    private int escape(String text, int start, StringBuilder out) {
        switch (this) {
            case COLLECTOR, PROMETHEUS_LABELS -> out.append('$');
            case PROMETHEUS_RELABELING -> out.append("$$");
            case PROMETHEUS -> {
                if (text.startsWith("{", start + 2)) {
                    out.append("${");
                    return start + 3;
                }
                // Only the first one: the second may begin a reference of its own.
                out.append('$');
                return start + 1;
            }
        }
        return start + 2;
    }

    private String braced(String inside, String whole, Function<String, @Nullable String> environment) {
        if (inside.startsWith("env:")) {
            String reference = inside.substring("env:".length());
            int defaultAt = reference.indexOf(":-");
            String name = defaultAt < 0 ? reference : reference.substring(0, defaultAt);
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(whole + " does not name an environment variable");
            }
            if (defaultAt >= 0) {
                String value = environment.apply(name);
                return value == null ? reference.substring(defaultAt + 2) : value;
            }
            return variable(name, environment);
        }
        if (NAME.matcher(inside).matches()) {
            return this == PROMETHEUS_RELABELING ? whole : variable(inside, environment);
        }
        if (this == COLLECTOR) {
            throw new IllegalArgumentException(
                    whole + " is not understood: write ${env:NAME} for an environment variable, or $$"
                            + whole.substring(1) + " for the text itself");
        }
        return whole;
    }

    private String variable(String name, Function<String, @Nullable String> environment) {
        String value = environment.apply(name);
        if (value == null) {
            String literally = this == PROMETHEUS ? "; for the text itself write $${" + name + "}" : "";
            throw new IllegalArgumentException("environment variable " + name
                    + " is not set; set it or give a default: ${env:" + name + ":-DEFAULT}" + literally);
        }
        return value;
    }
}

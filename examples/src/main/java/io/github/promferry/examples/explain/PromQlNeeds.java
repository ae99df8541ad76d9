package io.github.promferry.examples.explain;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;

import io.github.promferry.Labels;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which series a PromQL expression needs to have a result. Reads no more of the language than that takes: {@code a or b}
 * needs one of the two, what stands right of {@code unless} is not needed, and everything else needs all of its parts.
 */
final class PromQlNeeds {
    /** Replaced first, since they may hold braces and parentheses. */
    private static final Pattern STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'");

    /** Matchers without a name, ranges, lists of labels, Grafana's variables: nothing in them is the name of a metric. */
    private static final Pattern NO_NAMES = Pattern.compile("(?<![\\w:])\\{[^}]*}|\\[[^]]*]|\\$\\{?\\w+}?"
            + "|\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");

    /** A word, with the parenthesis after it if it is a function, or with matchers; or a parenthesis. */
    private static final Pattern TOKEN =
            Pattern.compile("(?<![\\w.:])([a-zA-Z_:][a-zA-Z0-9_:]*)(?:(\\s*\\()|\\{([^}]*)})?|[()]");

    /** The value is the place of a string that was replaced. */
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!~|!=|=)\\s*\"(\\d+)\"");

    private static final Set<String> OPERATORS =
            Set.of("and", "bool", "offset", "inf", "nan", "group_left", "group_right");

    private static final Set<String> STRUCTURE = Set.of("(", ")", "or", "unless");

    /**
     * A sample that is needed, or a word of the language.
     *
     * @param name of the sample
     * @param matchers of its labels; what a variable of Grafana chooses is not among them
     */
    record Need(String name, List<LabelMatcher> matchers) {
        /** Whether a series with these labels is one that is needed. */
        boolean isMetBy(Labels series) {
            return matchers.stream().allMatch(matcher -> matcher.matches(series));
        }

        @Override
        public String toString() {
            return matchers.isEmpty()
                    ? name
                    : name + matchers.stream().map(LabelMatcher::toString).collect(joining(", ", " with ", ""));
        }
    }

    /** Of a label whose value is the page's. */
    record LabelMatcher(String label, String operator, String value) {
        boolean matches(Labels series) {
            String present = Objects.requireNonNullElse(series.get(label), "");
            boolean same = operator.contains("~") ? present.matches(value) : present.equals(value);
            return same != operator.startsWith("!");
        }

        @Override
        public String toString() {
            return label + operator + '"' + value + '"';
        }
    }

    /** What the scrape adds. */
    private static final Set<String> OF_THE_TARGET = Set.of("job", "instance");

    private final List<Need> tokens;

    private PromQlNeeds(List<Need> tokens) {
        this.tokens = tokens;
    }

    /** Reads an expression, which may have variables of Grafana. */
    static PromQlNeeds of(String expression) {
        List<String> strings = new ArrayList<>();
        String numbered = STRING.matcher(expression).replaceAll(string -> {
            strings.add(string.group().substring(1, string.group().length() - 1));
            return "\"" + (strings.size() - 1) + "\"";
        });
        Matcher token = TOKEN.matcher(NO_NAMES.matcher(numbered).replaceAll(" "));
        List<Need> tokens = new ArrayList<>();
        while (token.find()) {
            String word = token.group(1);
            boolean opens = token.group(2) != null;
            if (word == null) {
                tokens.add(word(token.group()));
            } else if (STRUCTURE.contains(word) || !opens) {
                tokens.add(new Need(word, matchers(token.group(3), strings)));
            }
            if (opens) {
                tokens.add(word("("));
            }
        }
        tokens.removeIf(each -> OPERATORS.contains(each.name().toLowerCase(Locale.ROOT)));
        return new PromQlNeeds(tokens);
    }

    private static Need word(String word) {
        return new Need(word, List.of());
    }

    private static List<LabelMatcher> matchers(@Nullable String braces, List<String> strings) {
        List<LabelMatcher> matchers = new ArrayList<>();
        Matcher matcher = MATCHER.matcher(Objects.requireNonNullElse(braces, ""));
        while (matcher.find()) {
            String value = strings.get(Integer.parseInt(matcher.group(3)));
            if (value.indexOf('$') < 0 && !OF_THE_TARGET.contains(matcher.group(1))) {
                matchers.add(new LabelMatcher(matcher.group(1), matcher.group(2), value));
            }
        }
        return matchers;
    }

    /** The samples that are in it, in its order. */
    Set<Need> needs() {
        Set<Need> needs = new LinkedHashSet<>(tokens);
        needs.removeIf(token -> STRUCTURE.contains(token.name()));
        return needs;
    }

    /** The names of samples that are in it, in its order. */
    Set<String> names() {
        return needs().stream().map(Need::name).collect(toCollection(LinkedHashSet::new));
    }

    /** Whether it can have a result; false if something is missing for which there is no other way. */
    boolean areMetBy(Predicate<Need> isPresent) {
        return new Reader(isPresent).alternatives();
    }

    /** Goes through the tokens once. */
    private final class Reader {
        private final Predicate<Need> isPresent;
        private int at;

        Reader(Predicate<Need> isPresent) {
            this.isPresent = isPresent;
        }

        /** Up to the closing parenthesis, or the end. */
        boolean alternatives() {
            boolean met = allParts();
            while (isAt("or")) {
                at++;
                met |= allParts();
            }
            return met;
        }

        private boolean allParts() {
            boolean met = true;
            boolean needed = true;
            while (at < tokens.size() && !isAt("or") && !isAt(")")) {
                Need token = tokens.get(at++);
                if (token.name().equals("unless")) {
                    needed = false;
                } else {
                    met &= part(token) || !needed;
                }
            }
            return met;
        }

        private boolean isAt(String word) {
            return at < tokens.size() && tokens.get(at).name().equals(word);
        }

        private boolean part(Need token) {
            if (!token.name().equals("(")) {
                return isPresent.test(token);
            }
            boolean met = alternatives();
            at++;
            return met;
        }
    }
}

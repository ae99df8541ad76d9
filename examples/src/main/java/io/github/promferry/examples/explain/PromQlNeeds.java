package io.github.promferry.examples.explain;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which metrics a PromQL expression needs to have a result. Reads no more of the language than that takes: {@code a or b}
 * needs one of the two, what stands right of {@code unless} is not needed, and everything else needs all of its parts.
 */
final class PromQlNeeds {
    /** Replaced first, since they may hold braces and parentheses. */
    private static final Pattern STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'");

    /** Matchers, ranges, lists of labels, Grafana's variables: nothing in them is the name of a metric. */
    private static final Pattern NO_NAMES = Pattern.compile("\\{[^}]*}|\\[[^]]*]|\\$\\{?\\w+}?"
            + "|\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");

    /** A word, with the parenthesis after it if it is a function; or a parenthesis. */
    private static final Pattern TOKEN = Pattern.compile("(?<![\\w.:])([a-zA-Z_:][a-zA-Z0-9_:]*)(\\s*\\()?|[()]");

    private static final Set<String> OPERATORS =
            Set.of("and", "bool", "offset", "inf", "nan", "group_left", "group_right");

    private static final Set<String> STRUCTURE = Set.of("(", ")", "or", "unless");

    private final List<String> tokens;

    private PromQlNeeds(List<String> tokens) {
        this.tokens = tokens;
    }

    /** Reads an expression, which may have variables of Grafana. */
    static PromQlNeeds of(String expression) {
        String withoutStrings = STRING.matcher(expression).replaceAll("\"\"");
        Matcher token = TOKEN.matcher(NO_NAMES.matcher(withoutStrings).replaceAll(" "));
        List<String> tokens = new ArrayList<>();
        while (token.find()) {
            String word = token.group(1);
            boolean opens = token.group(2) != null;
            if (word == null) {
                tokens.add(token.group());
            } else if (STRUCTURE.contains(word) || !opens) {
                tokens.add(word);
            }
            if (opens) {
                tokens.add("(");
            }
        }
        tokens.removeIf(each -> OPERATORS.contains(each.toLowerCase(Locale.ROOT)));
        return new PromQlNeeds(tokens);
    }

    /** The names of samples that are in it, in its order. */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>(tokens);
        names.removeAll(STRUCTURE);
        return names;
    }

    /** Whether it can have a result; false if something is missing for which there is no other way. */
    boolean areMetBy(Predicate<String> isPresent) {
        return new Reader(isPresent).alternatives();
    }

    /** Goes through the tokens once. */
    private final class Reader {
        private final Predicate<String> isPresent;
        private int at;

        Reader(Predicate<String> isPresent) {
            this.isPresent = isPresent;
        }

        /** Up to the closing parenthesis, or the end. */
        boolean alternatives() {
            boolean met = allParts();
            while (at < tokens.size() && tokens.get(at).equals("or")) {
                at++;
                met |= allParts();
            }
            return met;
        }

        private boolean allParts() {
            boolean met = true;
            boolean needed = true;
            while (at < tokens.size()
                    && !tokens.get(at).equals("or")
                    && !tokens.get(at).equals(")")) {
                String token = tokens.get(at++);
                if (token.equals("unless")) {
                    needed = false;
                } else {
                    met &= part(token) || !needed;
                }
            }
            return met;
        }

        private boolean part(String token) {
            if (!token.equals("(")) {
                return isPresent.test(token);
            }
            boolean met = alternatives();
            at++;
            return met;
        }
    }
}

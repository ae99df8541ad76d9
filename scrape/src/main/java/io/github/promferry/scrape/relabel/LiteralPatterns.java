package io.github.promferry.scrape.relabel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Recognizes regular expressions that plain string comparison decides: alternatives of literal text, each with {@code .*}
 * or {@code .+} before or after it or not, such as {@code vllm:.*|sglang:.*} or {@code a|b|c}. RE2/J takes 0.8 to 7 us for
 * such a pattern, a comparison some 10 ns.
 */
final class LiteralPatterns {
    private static final String META = "\\.+*?()|[]{}^$";

    private LiteralPatterns() {}

    /** What decides the same as the anchored pattern, or null if the pattern is not that simple. */
    static @Nullable Predicate<String> of(String regex) {
        Set<String> literals = new HashSet<>();
        List<Wildcard> wildcards = new ArrayList<>();
        for (String alternative : alternatives(withoutGroup(regex))) {
            Wildcard wildcard = Wildcard.parse(alternative);
            if (wildcard == null) {
                return null;
            } else if (wildcard.isLiteral()) {
                literals.add(wildcard.literal);
            } else {
                wildcards.add(wildcard);
            }
        }
        return value -> literals.contains(value) || wildcards.stream().anyMatch(wildcard -> wildcard.matches(value));
    }

    /** The inside of a group around everything; if another group follows, what is left has parentheses and is refused. */
    private static String withoutGroup(String regex) {
        String inside = regex;
        if (inside.startsWith("(") && inside.endsWith(")") && !inside.endsWith("\\)")) {
            inside = inside.substring(inside.startsWith("(?:") ? 3 : 1, inside.length() - 1);
        }
        return inside;
    }

    private static List<String> alternatives(String regex) {
        List<String> alternatives = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < regex.length(); i++) {
            if (regex.charAt(i) == '\\') {
                i++;
            } else if (regex.charAt(i) == '|') {
                alternatives.add(regex.substring(start, i));
                start = i + 1;
            }
        }
        alternatives.add(regex.substring(start));
        return alternatives;
    }

    /** Literal text with at least so many characters before and after it; {@link #NONE} means exactly none. */
    private record Wildcard(int before, String literal, int after) {
        static final int NONE = -1;

        static @Nullable Wildcard parse(String pattern) {
            int before = count(pattern, 0);
            String rest = before == NONE ? pattern : pattern.substring(2);
            // "a\.*" ends in a quantified literal dot, not in a wildcard.
            int after = rest.length() >= 2 && !endsEscaped(rest) ? count(rest, rest.length() - 2) : NONE;
            String literal = unescape(after == NONE ? rest : rest.substring(0, rest.length() - 2));
            // ".+.+" wants two code points, which may be two to four chars: left to the automaton.
            boolean ambiguous = before != NONE && after != NONE && "".equals(literal);
            return literal == null || ambiguous ? null : new Wildcard(before, literal, after);
        }

        boolean isLiteral() {
            return before == NONE && after == NONE;
        }

        boolean matches(String value) {
            int spare = value.length() - literal.length();
            if (before == NONE) {
                return spare >= after && value.startsWith(literal);
            }
            if (after == NONE) {
                return spare >= before && value.endsWith(literal);
            }
            int at = value.indexOf(literal, before);
            return at >= before && value.length() - at - literal.length() >= after;
        }

        private static int count(String pattern, int at) {
            if (pattern.startsWith(".*", at)) {
                return 0;
            }
            return pattern.startsWith(".+", at) ? 1 : NONE;
        }

        /** Whether the last two characters follow an odd number of backslashes. */
        private static boolean endsEscaped(String pattern) {
            int backslashes = 0;
            for (int i = pattern.length() - 3; i >= 0 && pattern.charAt(i) == '\\'; i--) {
                backslashes++;
            }
            return backslashes % 2 == 1;
        }

        private static @Nullable String unescape(String pattern) {
            StringBuilder literal = new StringBuilder();
            for (int i = 0; i < pattern.length(); i++) {
                char c = pattern.charAt(i);
                if (c == '\\' && i + 1 < pattern.length() && isPunctuation(pattern.charAt(i + 1))) {
                    literal.append(pattern.charAt(++i));
                } else if (META.indexOf(c) >= 0) {
                    return null;
                } else {
                    literal.append(c);
                }
            }
            return literal.toString();
        }

        /** Behind a backslash it stands for itself; letters and digits have a meaning there. */
        private static boolean isPunctuation(char c) {
            return c < 0x80 && !Character.isLetterOrDigit(c);
        }
    }
}

package io.github.promferry.scrape.relabel;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression in RE2 syntax that a whole value has to match, compiled as Prometheus 3 does: {@code
 * ^(?s:REGEX)$}, so the dot matches a line break too. Time is linear in the length of the value, whatever the pattern.
 * Immutable and thread-safe.
 */
final class AnchoredRegex {
    private final String regex;
    private final Pattern pattern;
    /** The same decision without an automaton, for the patterns that configurations are full of. */
    private final @Nullable Predicate<String> shortcut;

    /**
     * Compiles a pattern.
     *
     * @throws PatternSyntaxException if it is not valid RE2
     */
    AnchoredRegex(String regex) {
        this.regex = regex;
        if (NestedRepeats.exceedLimit(regex)) {
            throw new PatternSyntaxException("nested repeats multiply to more than " + NestedRepeats.LIMIT, regex);
        }
        // Alone first: "a)|(b" must not be made valid by what is put around it.
        Pattern.compile(regex);
        this.pattern = Pattern.compile("^(?s:" + regex + ")$");
        this.shortcut = LiteralPatterns.of(regex);
    }

    boolean matches(String value) {
        return shortcut != null ? shortcut.test(value) : pattern.matcher(value).find();
    }

    /** The match with its groups, or null. */
    @Nullable
    Matcher match(String value) {
        if (shortcut != null && !shortcut.test(value)) {
            return null;
        }
        Matcher matcher = pattern.matcher(value);
        return matcher.find() ? matcher : null;
    }

    /** How many capturing groups there are, the whole match not counted. */
    int groupCount() {
        return pattern.groupCount();
    }

    /** The numbers of the named groups. */
    Map<String, Integer> namedGroups() {
        return pattern.namedGroups();
    }

    /** The pattern as written. */
    @Override
    public String toString() {
        return regex;
    }
}

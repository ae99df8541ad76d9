package io.github.promferry.scrape.relabel;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Finds out how often a pattern repeats its innermost part. RE2/J writes counted repeats out, so {@code
 * ((a{100}){100}){100}} becomes a million instructions and one more level exhausts the memory; Go refuses more than 1000
 * over all levels, and so do we.
 */
final class NestedRepeats {
    static final int LIMIT = 1000;

    /** What is not one plain character: repeat, escape with braces, quoted text, other escape, class with classes in it. */
    private static final Pattern TOKEN =
            Pattern.compile("\\{(\\d+)(,(\\d*))?\\}|\\\\[pPx]\\{[^}]*\\}|\\\\Q(?s:.*?)(?:\\\\E|$)"
                    + "|(?s:\\\\.)|\\[\\^?\\]?(?:\\[:[^\\]]*:\\]|\\\\.|[^\\]\\\\])*\\]");

    /** For each open group, the most repeats in it so far; the pattern itself is the outermost. */
    private final Deque<Integer> groups = new ArrayDeque<>();
    /** Repeats within what was read last, which a count that follows multiplies. */
    private int last = 1;

    private NestedRepeats() {}

    static boolean exceedLimit(String regex) {
        return new NestedRepeats().walk(regex);
    }

    private boolean walk(String regex) {
        groups.push(1);
        Matcher token = TOKEN.matcher(regex);
        int at = 0;
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (c == '(') {
                groups.push(1);
                at++;
            } else if (c == ')' && groups.size() > 1) {
                last = groups.pop();
                at++;
            } else if ("{\\[".indexOf(c) >= 0 && token.find(at) && token.start() == at) {
                last = c == '{' ? multiplied(token) : 1;
                at = token.end();
            } else {
                // A star, plus or question mark repeats by a loop: what it follows stays as it is.
                last = "*+?".indexOf(c) >= 0 ? last : 1;
                at++;
            }
            if (last > LIMIT) {
                return true;
            }
            groups.push(Math.max(groups.pop(), last));
        }
        return false;
    }

    private int multiplied(Matcher repeat) {
        String max = repeat.group(3) == null || repeat.group(3).isEmpty() ? repeat.group(1) : repeat.group(3);
        // RE2/J refuses single counts over 1000 itself.
        return max.length() > 4 ? last : last * Math.max(1, Integer.parseInt(max));
    }
}

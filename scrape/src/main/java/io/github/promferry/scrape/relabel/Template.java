package io.github.promferry.scrape.relabel;

import com.google.re2j.Matcher;
import java.util.ArrayList;
import java.util.List;

/**
 * A replacement such as {@code ${1}_total}, by the rules of Go's {@code Regexp.Expand}, which neither {@code
 * java.util.regex} nor RE2/J follows: {@code $name} takes the longest run of letters, digits and underscores, so {@code
 * $1_x} is the group named {@code 1_x}; {@code ${name}} ends where it says; {@code $$} is a dollar sign; a dollar sign
 * before anything else stands for itself; groups that do not exist or took no part are empty. Immutable.
 */
final class Template {
    private static final int TEXT = -1;
    private static final int NO_SUCH_GROUP = Integer.MAX_VALUE;

    /** Literal text, or a group of the match. */
    private record Part(String text, int group) {}

    private final String template;
    private final AnchoredRegex regex;
    private final List<Part> parts = new ArrayList<>();

    /** A template that refers to the groups of a pattern. */
    Template(String template, AnchoredRegex regex) {
        this.template = template;
        this.regex = regex;
        int at = 0;
        for (int dollar = template.indexOf('$'); dollar >= 0; dollar = template.indexOf('$', at)) {
            addText(template.substring(at, dollar));
            if (template.startsWith("$$", dollar)) {
                addText("$");
                at = dollar + 2;
            } else {
                at = addReference(dollar);
            }
        }
        addText(template.substring(at));
    }

    /** Whether it refers to groups. */
    static boolean hasReferences(String template) {
        return template.indexOf('$') >= 0;
    }

    /** Whether it expands to the same text for every match. */
    boolean isConstant() {
        return parts.stream().allMatch(part -> part.group == TEXT);
    }

    /** What a constant template expands to. */
    String constant() {
        StringBuilder result = new StringBuilder();
        parts.forEach(part -> result.append(part.text));
        return result.toString();
    }

    String expand(Matcher match) {
        StringBuilder result = new StringBuilder();
        for (Part part : parts) {
            String text = part.group == TEXT ? part.text : match.group(part.group);
            if (text != null) {
                result.append(text);
            }
        }
        return result.toString();
    }

    private void addText(String text) {
        if (!text.isEmpty()) {
            parts.add(new Part(text, TEXT));
        }
    }

    /** Reads the reference that begins at a dollar sign and returns the index after it. */
    private int addReference(int dollar) {
        boolean braces = template.startsWith("{", dollar + 1);
        int start = dollar + (braces ? 2 : 1);
        int end = start;
        while (end < template.length() && isNameCharacter(template.codePointAt(end))) {
            end += Character.charCount(template.codePointAt(end));
        }
        if (end == start || (braces && !template.startsWith("}", end))) {
            addText("$");
            return dollar + 1;
        }
        int group = group(template.substring(start, end));
        if (group <= regex.groupCount()) {
            parts.add(new Part("", group));
        }
        return braces ? end + 1 : end;
    }

    private static boolean isNameCharacter(int codePoint) {
        return Character.isLetter(codePoint) || Character.isDigit(codePoint) || codePoint == '_';
    }

    private int group(String name) {
        // Go: up to 9 digits without a leading zero are a number, anything else is a name.
        if (name.matches("0|[1-9][0-9]{0,8}")) {
            return Integer.parseInt(name);
        }
        return regex.namedGroups().getOrDefault(name, NO_SUCH_GROUP);
    }

    /** The template as written. */
    @Override
    public String toString() {
        return template;
    }
}

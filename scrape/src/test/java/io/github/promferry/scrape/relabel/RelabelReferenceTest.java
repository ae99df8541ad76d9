package io.github.promferry.scrape.relabel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.RelabelRule.Action;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import org.jspecify.annotations.Nullable;

/**
 * Any list of rules does to any labels what a second, naive implementation says. That one works as Prometheus' own code
 * reads (two lists, base and added) and uses {@code java.util.regex}, which agrees with RE2 on the patterns made here.
 */
class RelabelReferenceTest {
    /** The fields of a rule as plain data. */
    record Fields(
            Action action,
            List<String> sources,
            String separator,
            String regex,
            long modulus,
            String target,
            String with) {}

    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    void rulesDoWhatTheReferenceSays(
            @ForAll("labels") Map<String, String> labels, @ForAll("ruleLists") List<Fields> rules) {
        List<RelabelRule> compiled =
                rules.stream().map(RelabelReferenceTest::compile).toList();
        Map<String, String> expected = new Reference(labels, "(?s).+").applyAll(rules);

        Labels together = Relabeler.of(compiled).apply(Labels.of(labels));
        assertThat(together == null ? null : new TreeMap<>(together.toMap()))
                .as("%s through %s", labels, compiled)
                .isEqualTo(expected);
    }

    /** Under legacy names, what makes another name has no effect, and rules that could make no other are refused. */
    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    void legacyRulesDoWhatTheReferenceSays(
            @ForAll("labels") Map<String, String> labels, @ForAll("ruleLists") List<Fields> rules) {
        List<Fields> valid = rules.stream().filter(rule -> legacy(rule) != null).toList();
        List<RelabelRule> compiled =
                valid.stream().map(RelabelReferenceTest::legacy).toList();
        Map<String, String> expected = new Reference(labels, "[a-zA-Z_][a-zA-Z0-9_]*").applyAll(valid);

        Labels together = Relabeler.of(compiled).apply(Labels.of(labels));
        assertThat(together == null ? null : new TreeMap<>(together.toMap()))
                .as("%s through %s", labels, compiled)
                .isEqualTo(expected);
    }

    private static @Nullable RelabelRule legacy(Fields fields) {
        try {
            return builder(fields).legacyNames(true).build();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Repeats of repeats, for which an engine that tracks back needs longer than there is time. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void noPatternIsSlow(@ForAll("nestedRepeats") String regex) {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            RelabelRule.Builder rule =
                    RelabelRule.builder().sourceLabels("v").regex(regex).targetLabel("hit");
            try {
                Labels unused = rule.build().apply(Labels.of("v", "a".repeat(500) + "c"));
            } catch (IllegalArgumentException e) {
                // Too large, which has to be told as fast.
                assertThat(e).hasMessageContaining("regex is not valid RE2");
            }
        });
    }

    @Provide
    Arbitrary<String> nestedRepeats() {
        Arbitrary<String> repeats = Arbitraries.of("*", "+", "?", "*?", "{3}", "{30}", "{1,9}", "{2,}");
        return Arbitraries.recursive(
                () -> Arbitraries.of("a", ".", "[ab]", "a|aa", ".*a", "a?"),
                inner -> Combinators.combine(inner, repeats, inner, Arbitraries.of("", "b", "a*"))
                        .as((one, repeat, other, end) -> "(" + one + ")" + repeat + "(?:" + other + ")" + end),
                1,
                4);
    }

    /** A label that a list of rules says it does not touch neither changes nor matters. */
    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    void untouchedLabelNeitherChangesNorMatters(
            @ForAll("labels") Map<String, String> labels,
            @ForAll("ruleLists") List<Fields> rules,
            @ForAll("names") String name) {
        Relabeler relabeler =
                Relabeler.of(rules.stream().map(RelabelReferenceTest::compile).toList());
        if (relabeler.touches(name)) {
            return;
        }
        Map<String, @Nullable Map<String, String>> others = new TreeMap<>();
        for (String value : List.of("one", "another value")) {
            Map<String, String> changed = new TreeMap<>(labels);
            changed.put(name, value);
            Labels result = relabeler.apply(Labels.of(changed));
            Map<String, String> rest = result == null ? null : new TreeMap<>(result.toMap());
            if (rest != null) {
                assertThat(rest.remove(name)).isEqualTo(value);
            }
            others.put(value, rest);
        }
        assertThat(others.get("one")).isEqualTo(others.get("another value"));
    }

    private static RelabelRule compile(Fields fields) {
        return builder(fields).build();
    }

    private static RelabelRule.Builder builder(Fields fields) {
        return RelabelRule.builder()
                .action(fields.action)
                .sourceLabels(fields.sources.toArray(String[]::new))
                .separator(fields.separator)
                .regex(fields.regex)
                .modulus(fields.modulus)
                .targetLabel(fields.target)
                .replacement(fields.with);
    }

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.of("__name__", "a", "b", "ab", "aab", "é", "instance");
    }

    @Provide
    Arbitrary<String> values() {
        return Arbitraries.of("a", "b", "ab", "é", "😀", "\n", "A", "ß", "1", ";", "$1", "")
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(parts -> String.join("", parts));
    }

    @Provide
    Arbitrary<Map<String, String>> labels() {
        return Arbitraries.maps(names(), values().filter(value -> !value.isEmpty()))
                .ofMaxSize(6);
    }

    /** Patterns on whose meaning, groups included, both engines agree: no repeated groups, no classes of Unicode. */
    @Provide
    Arbitrary<String> regexes() {
        Arbitrary<String> atoms = Arbitraries.of(
                "a",
                "b",
                "é",
                ".",
                ".*",
                ".+",
                "a*",
                "b?",
                "[ab]",
                "[^a]+",
                "(.*)",
                "(a|b)",
                "(a)?",
                "(?:ab|a)",
                "\\.",
                "a+?",
                "(.*?)",
                "(?P<x>a+)");
        return atoms.list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(parts -> String.join("", parts))
                // A name may be given once only.
                .filter(regex -> regex.indexOf("?P<x>") == regex.lastIndexOf("?P<x>"))
                .list()
                .ofMinSize(1)
                .ofMaxSize(2)
                .filter(parts -> parts.stream().filter(p -> p.contains("?P<x>")).count() < 2)
                .map(parts -> String.join("|", parts));
    }

    @Provide
    Arbitrary<String> templates() {
        return Arbitraries.of("a", "é", "_", "$1", "${1}", "$0", "${2}", "$x", "${x}", "$$", "$", "${", "}", "$9", "😀")
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(parts -> String.join("", parts));
    }

    @Provide
    Arbitrary<Fields> rules() {
        Arbitrary<List<String>> sources = names().list().ofMaxSize(3);
        Arbitrary<String> separators = Arbitraries.of(";", ";", "", "a");
        Arbitrary<Tuple2<String, String>> targets =
                Combinators.combine(names(), templates()).as(Tuple::of);
        return Combinators.combine(
                        Arbitraries.of(Action.values()),
                        sources,
                        separators,
                        regexes(),
                        targets,
                        templates(),
                        Arbitraries.longs().between(1, 9),
                        Arbitraries.of(true, false))
                .as((action, from, separator, regex, target, with, modulus, template) -> switch (action) {
                    case REPLACE ->
                        new Fields(action, from, separator, regex, 0, template ? target.get2() : target.get1(), with);
                    case KEEP, DROP -> new Fields(action, from, separator, regex, 0, "", "$1");
                    case KEEPEQUAL, DROPEQUAL -> new Fields(action, from, ";", "(.*)", 0, target.get1(), "$1");
                    case HASHMOD -> new Fields(action, from, separator, "(.*)", modulus, target.get1(), "$1");
                    case LABELMAP -> new Fields(action, List.of(), ";", regex, 0, "", with);
                    case LABELDROP, LABELKEEP -> new Fields(action, List.of(), ";", regex, 0, "", "$1");
                    case LOWERCASE, UPPERCASE -> new Fields(action, from, separator, "(.*)", 0, target.get1(), "$1");
                });
    }

    @Provide
    Arbitrary<List<Fields>> ruleLists() {
        // Lists that keep something to look at: dropping rules are rarer.
        return rules().filter(rule -> rule.action != Action.KEEP && rule.action != Action.KEEPEQUAL)
                .list()
                .ofMaxSize(4)
                .flatMap(some -> rules().map(last -> {
                    List<Fields> all = new ArrayList<>(some);
                    all.add(last);
                    return all;
                }));
    }

    /** Straight from the description of Prometheus' rules. */
    private static final class Reference {
        /** What a name that a rule makes has to look like. */
        private final String labelName;

        private final List<String[]> base = new ArrayList<>();
        private final List<String[]> added = new ArrayList<>();

        Reference(Map<String, String> labels, String labelName) {
            this.labelName = labelName;
            // Names are sorted by their UTF-8 bytes, which among the names used here is the order of chars.
            new TreeMap<>(labels).forEach((name, value) -> base.add(new String[] {name, value}));
        }

        @Nullable
        Map<String, String> applyAll(List<Fields> rules) {
            for (Fields rule : rules) {
                if (!apply(rule)) {
                    return null;
                }
            }
            return all().stream()
                    .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1], (x, y) -> y, TreeMap::new));
        }

        private boolean apply(Fields rule) {
            String value = rule.sources.stream().map(this::get).collect(Collectors.joining(rule.separator));
            Pattern pattern = Pattern.compile(rule.regex.replace("(?P<", "(?<"), Pattern.DOTALL);
            Matcher match = pattern.matcher(value);
            switch (rule.action) {
                case REPLACE -> {
                    if (match.matches()) {
                        String name = expand(rule.target, match);
                        if (name.matches(labelName)) {
                            set(name, expand(rule.with, match));
                        }
                    }
                    return true;
                }
                case KEEP -> {
                    return match.matches();
                }
                case DROP -> {
                    return !match.matches();
                }
                case KEEPEQUAL -> {
                    return get(rule.target).equals(value);
                }
                case DROPEQUAL -> {
                    return !get(rule.target).equals(value);
                }
                case HASHMOD -> {
                    set(
                            rule.target,
                            hash(value).mod(BigInteger.valueOf(rule.modulus)).toString());
                    return true;
                }
                case LABELMAP -> {
                    for (String[] label : all()) {
                        Matcher name = pattern.matcher(label[0]);
                        if (name.matches() && expand(rule.with, name).matches(labelName)) {
                            set(expand(rule.with, name), label[1]);
                        }
                    }
                    return true;
                }
                case LABELDROP, LABELKEEP -> {
                    for (String[] label : all()) {
                        if (pattern.matcher(label[0]).matches() == (rule.action == Action.LABELDROP)) {
                            set(label[0], "");
                        }
                    }
                    return true;
                }
                case LOWERCASE, UPPERCASE -> {
                    StringBuilder mapped = new StringBuilder();
                    for (int at = 0; at < value.length(); at += Character.charCount(value.codePointAt(at))) {
                        int c = value.codePointAt(at);
                        mapped.appendCodePoint(
                                rule.action == Action.LOWERCASE ? Character.toLowerCase(c) : Character.toUpperCase(c));
                    }
                    set(rule.target, mapped.toString());
                    return true;
                }
            }
            throw new AssertionError(rule.action);
        }

        private List<String[]> all() {
            List<String[]> all = new ArrayList<>();
            base.forEach(pair -> all.add(pair.clone()));
            added.forEach(pair -> all.add(pair.clone()));
            return all;
        }

        private String get(String name) {
            return all().stream()
                    .filter(pair -> pair[0].equals(name))
                    .map(pair -> pair[1])
                    .findFirst()
                    .orElse("");
        }

        private void set(String name, String value) {
            base.removeIf(pair -> pair[0].equals(name));
            for (String[] pair : added) {
                if (pair[0].equals(name) && !value.isEmpty()) {
                    pair[1] = value;
                    return;
                }
            }
            added.removeIf(pair -> pair[0].equals(name));
            if (!value.isEmpty()) {
                added.add(new String[] {name, value});
            }
        }

        private static final Pattern REFERENCE =
                Pattern.compile("\\$(?:(\\$)|\\{([\\p{L}\\p{Nd}_]+)\\}|([\\p{L}\\p{Nd}_]+))");

        private static String expand(String template, Matcher match) {
            return REFERENCE.matcher(template).replaceAll(reference -> {
                if (reference.group(1) != null) {
                    return "\\$";
                }
                String name = reference.group(2) != null ? reference.group(2) : reference.group(3);
                String text = null;
                if (name.matches("[0-9]")) {
                    text = Integer.parseInt(name) <= match.groupCount() ? match.group(Integer.parseInt(name)) : null;
                } else if (name.equals("x") && match.pattern().pattern().contains("(?<x>")) {
                    text = match.group("x");
                }
                return Matcher.quoteReplacement(text == null ? "" : text);
            });
        }

        private static BigInteger hash(String value) {
            try {
                byte[] md5 = MessageDigest.getInstance("MD5").digest(value.getBytes(UTF_8));
                return new BigInteger(1, Arrays.copyOfRange(md5, 8, 16));
            } catch (java.security.NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        }
    }
}

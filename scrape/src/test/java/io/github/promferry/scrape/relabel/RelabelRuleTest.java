package io.github.promferry.scrape.relabel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.github.promferry.Labels;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.EngineCatalog;
import io.github.promferry.scrape.relabel.RelabelRule.Action;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RelabelRuleTest {
    private static final Labels FOO_BAR_BAZ = Labels.of("a", "foo", "b", "bar", "c", "baz");

    private static RelabelRule.Builder rule(Action action, String... sourceLabels) {
        return RelabelRule.builder().action(action).sourceLabels(sourceLabels);
    }

    /** The cases of Prometheus' own table (model/relabel), and those of its documentation that the table lacks. */
    static Stream<Arguments> rules() {
        return Stream.of(
                argumentSet(
                        "replace with a braced group",
                        rule(Action.REPLACE, "a")
                                .regex("f(.*)")
                                .targetLabel("d")
                                .replacement("ch${1}-ch${1}"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ.withDefaults(Labels.of("d", "choo-choo"))),
                argumentSet(
                        "replace that does not match does nothing",
                        rule(Action.REPLACE, "a")
                                .regex("x(.*)")
                                .targetLabel("d")
                                .replacement("$1"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ),
                argumentSet(
                        "replace with an empty result removes the label",
                        rule(Action.REPLACE, "a")
                                .regex("(f).*")
                                .targetLabel("b")
                                .replacement("$2"),
                        FOO_BAR_BAZ,
                        Labels.of("a", "foo", "c", "baz")),
                argumentSet(
                        "replace with an empty replacement removes the label",
                        rule(Action.REPLACE).targetLabel("a").replacement(""),
                        FOO_BAR_BAZ,
                        Labels.of("b", "bar", "c", "baz")),
                argumentSet(
                        "replace without source labels sets the label",
                        rule(Action.REPLACE).targetLabel("env").replacement("prod"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ.withDefaults(Labels.of("env", "prod"))),
                argumentSet(
                        "replace of a missing label removes the target label",
                        rule(Action.REPLACE, "missing").targetLabel("a"),
                        FOO_BAR_BAZ,
                        Labels.of("b", "bar", "c", "baz")),
                argumentSet(
                        "replace with a target label made of groups",
                        rule(Action.REPLACE, "a", "b")
                                .regex("(.*);(.*)")
                                .targetLabel("${1}_x")
                                .replacement("$2"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ.withDefaults(Labels.of("foo_x", "bar"))),
                argumentSet(
                        "replace with a target label that expands to nothing does nothing",
                        rule(Action.REPLACE, "a")
                                .regex("(x)?foo")
                                .targetLabel("$1")
                                .replacement("y"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ),
                argumentSet(
                        "replace with a legacy target label that expands to an invalid name does nothing",
                        rule(Action.REPLACE, "a")
                                .targetLabel("x${1}")
                                .replacement("y")
                                .legacyNames(true),
                        Labels.of("a", "some-name"),
                        Labels.of("a", "some-name")),
                argumentSet(
                        "replace takes any text as a name otherwise",
                        rule(Action.REPLACE, "a").targetLabel("x${1}").replacement("y"),
                        Labels.of("a", "some-name"),
                        Labels.of("a", "some-name", "xsome-name", "y")),
                argumentSet(
                        "a pattern matches the whole value",
                        rule(Action.REPLACE, "a").regex("o").targetLabel("d").replacement("hit"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ),
                argumentSet(
                        "an alternative matches the whole value too",
                        rule(Action.DROP, "a").regex("fo|bar"),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ),
                argumentSet(
                        "an explicitly empty pattern matches the empty value",
                        rule(Action.DROP, "missing").regex(""),
                        FOO_BAR_BAZ,
                        null),
                argumentSet(
                        "an explicitly empty pattern matches nothing else",
                        rule(Action.DROP, "a").regex(""),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ),
                argumentSet(
                        "the dot matches a line break",
                        rule(Action.DROP, "a").regex("f.o"),
                        Labels.of("a", "f\no"),
                        null),
                argumentSet(
                        "a pattern does not match before a line break at the end",
                        rule(Action.DROP, "a").regex("(?:foo)"),
                        Labels.of("a", "foo\n"),
                        Labels.of("a", "foo\n")),
                argumentSet("flags of a pattern hold", rule(Action.DROP, "a").regex("(?i)FOO"), FOO_BAR_BAZ, null),
                argumentSet("keep keeps", rule(Action.KEEP, "a").regex("f.*"), FOO_BAR_BAZ, FOO_BAR_BAZ),
                argumentSet("keep drops", rule(Action.KEEP, "a").regex("no-match"), FOO_BAR_BAZ, null),
                argumentSet("drop drops", rule(Action.DROP, "a").regex(".*o.*"), FOO_BAR_BAZ, null),
                argumentSet("drop keeps", rule(Action.DROP, "a").regex("no-match"), FOO_BAR_BAZ, FOO_BAR_BAZ),
                argumentSet(
                        "values are joined with the separator",
                        rule(Action.DROP, "a", "missing", "c").separator("::").regex("foo::::baz"),
                        FOO_BAR_BAZ,
                        null),
                argumentSet(
                        "an empty separator joins without anything",
                        rule(Action.DROP, "a", "b").separator("").regex("foobar"),
                        FOO_BAR_BAZ,
                        null),
                argumentSet(
                        "keepequal keeps equal values",
                        rule(Action.KEEPEQUAL, "__port1").targetLabel("__port2"),
                        Labels.of("__port1", "1234", "__port2", "1234"),
                        Labels.of("__port1", "1234", "__port2", "1234")),
                argumentSet(
                        "keepequal drops other values",
                        rule(Action.KEEPEQUAL, "__port1").targetLabel("__port2"),
                        Labels.of("__port1", "1234", "__port2", "5678"),
                        null),
                argumentSet(
                        "dropequal drops equal values",
                        rule(Action.DROPEQUAL, "__port1").targetLabel("__port2"),
                        Labels.of("__port1", "1234", "__port2", "1234"),
                        null),
                argumentSet(
                        "dropequal keeps other values",
                        rule(Action.DROPEQUAL, "__port1").targetLabel("__port2"),
                        Labels.of("__port1", "1234", "__port2", "5678"),
                        Labels.of("__port1", "1234", "__port2", "5678")),
                argumentSet(
                        "dropequal drops two missing labels",
                        rule(Action.DROPEQUAL, "x").targetLabel("y"),
                        FOO_BAR_BAZ,
                        null),
                argumentSet(
                        "hashmod sets a shard",
                        rule(Action.HASHMOD, "c").targetLabel("d").modulus(1000),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ.withDefaults(Labels.of("d", "976"))),
                argumentSet(
                        "hashmod of several labels hashes what joins them",
                        rule(Action.HASHMOD, "b", "c").targetLabel("d").modulus(1000),
                        FOO_BAR_BAZ,
                        FOO_BAR_BAZ.withDefaults(Labels.of("d", "82"))),
                argumentSet(
                        "labelmap copies",
                        rule(Action.LABELMAP).regex("(b.*)").replacement("bar_${1}"),
                        Labels.of("a", "foo", "b1", "bar", "b2", "baz"),
                        Labels.of("a", "foo", "b1", "bar", "b2", "baz", "bar_b1", "bar", "bar_b2", "baz")),
                argumentSet(
                        "labelmap takes a prefix away and leaves the original",
                        rule(Action.LABELMAP).regex("__meta_(my.*)"),
                        Labels.of("a", "foo", "__meta_my_bar", "aaa", "__meta_my_baz", "bbb", "__meta_other", "ccc"),
                        Labels.of(
                                "a",
                                "foo",
                                "__meta_my_bar",
                                "aaa",
                                "__meta_my_baz",
                                "bbb",
                                "__meta_other",
                                "ccc",
                                "my_bar",
                                "aaa",
                                "my_baz",
                                "bbb")),
                argumentSet(
                        "labelmap: of two labels mapped to one name the later name wins",
                        rule(Action.LABELMAP).regex("x[0-9]").replacement("x"),
                        Labels.of("x1", "one", "x3", "three", "x2", "two"),
                        Labels.of("x1", "one", "x3", "three", "x2", "two", "x", "three")),
                argumentSet(
                        "labelmap does not map what it has just made",
                        rule(Action.LABELMAP).regex("(.*)").replacement("x$1"),
                        Labels.of("a", "1"),
                        Labels.of("a", "1", "xa", "1")),
                argumentSet(
                        "labelmap to an empty name does nothing",
                        rule(Action.LABELMAP).regex("meta_(.*)"),
                        Labels.of("meta_", "1"),
                        Labels.of("meta_", "1")),
                argumentSet(
                        "labeldrop",
                        rule(Action.LABELDROP).regex("(b.*)"),
                        Labels.of("a", "foo", "b1", "bar", "b2", "baz"),
                        Labels.of("a", "foo")),
                argumentSet(
                        "labelkeep",
                        rule(Action.LABELKEEP).regex("(b.*)"),
                        Labels.of("a", "foo", "b1", "bar", "b2", "baz"),
                        Labels.of("b1", "bar", "b2", "baz")),
                argumentSet(
                        "labelkeep does not spare the metric name",
                        rule(Action.LABELKEEP).regex("job"),
                        Labels.of("__name__", "up", "job", "llm"),
                        Labels.of("job", "llm")),
                argumentSet(
                        "lowercase",
                        rule(Action.LOWERCASE, "foo").targetLabel("lower"),
                        Labels.of("foo", "bAr123FoO"),
                        Labels.of("foo", "bAr123FoO", "lower", "bar123foo")),
                argumentSet(
                        "uppercase",
                        rule(Action.UPPERCASE, "foo").targetLabel("foo"),
                        Labels.of("foo", "bAr123FoO"),
                        Labels.of("foo", "BAR123FOO")),
                argumentSet(
                        "case is mapped code point by code point, as Go does",
                        rule(Action.UPPERCASE, "foo").targetLabel("foo"),
                        Labels.of("foo", "straße 𐐨"),
                        Labels.of("foo", "STRAßE 𐐀")),
                argumentSet(
                        "a sigma at the end of a word is no exception",
                        rule(Action.LOWERCASE, "foo").targetLabel("foo"),
                        Labels.of("foo", "ΟΔΟΣ"),
                        Labels.of("foo", "οδοσ")),
                argumentSet(
                        "lowercase of a missing label removes the target label",
                        rule(Action.LOWERCASE, "missing").targetLabel("a"),
                        Labels.of("a", "x", "b", "y"),
                        Labels.of("b", "y")),
                argumentSet(
                        "text outside ASCII is matched and copied",
                        rule(Action.REPLACE, "模型")
                                .regex("([^-]+)-(.+)")
                                .targetLabel("größe")
                                .replacement("${2}🚀"),
                        Labels.of("模型", "通义-七十亿"),
                        Labels.of("模型", "通义-七十亿", "größe", "七十亿🚀")));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void ruleDoesWhatPrometheusDoes(RelabelRule.Builder rule, Labels before, @Nullable Labels after) {
        assertThat(rule.build().apply(before)).isEqualTo(after);
    }

    @Test
    void laterRulesSeeWhatEarlierOnesDid() {
        Relabeler rules = Relabeler.of(
                rule(Action.REPLACE, "a", "b")
                        .regex("f(.*);(.*)r")
                        .targetLabel("a")
                        .replacement("b${1}${2}m")
                        .build(),
                rule(Action.REPLACE, "c", "a")
                        .regex("(b).*b(.*)ba(.*)")
                        .targetLabel("d")
                        .replacement("$1$2$2$3")
                        .build());

        assertThat(rules.apply(FOO_BAR_BAZ)).isEqualTo(Labels.of("a", "boobam", "b", "bar", "c", "baz", "d", "boooom"));
    }

    @Test
    void firstDropEndsTheList() {
        Relabeler rules = Relabeler.of(rule(Action.DROP, "a").regex("foo").build(), labels -> {
            throw new AssertionError("called after a drop");
        });

        assertThat(rules.apply(FOO_BAR_BAZ)).isNull();
    }

    @Test
    void labelsThatNoRuleChangesAreTheSameObject() {
        Relabeler rules = Relabeler.of(
                rule(Action.KEEP, "a").regex("foo").build(),
                rule(Action.REPLACE, "a").targetLabel("a").build());

        assertThat(rules.apply(FOO_BAR_BAZ)).isSameAs(FOO_BAR_BAZ);
        assertThat(Relabeler.of().apply(FOO_BAR_BAZ)).isSameAs(FOO_BAR_BAZ);
    }

    @Test
    void rulesMixWithJavaCode() {
        Relabeler rules = Relabeler.of(
                rule(Action.LOWERCASE, "a").targetLabel("x").build(),
                labels -> Labels.of("x", labels.get("x") + "!"),
                Relabeler.keepIf(labels -> labels.size() == 1),
                rule(Action.REPLACE, "x").targetLabel("y").build());

        assertThat(rules.apply(FOO_BAR_BAZ)).isEqualTo(Labels.of("x", "foo!", "y", "foo!"));
        assertThat(Relabeler.keepIf(Labels::isEmpty).apply(FOO_BAR_BAZ)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "foo,1000,696",
        "baz,1000,976",
        "bar;baz,1000,82",
        "'',8,6",
        "10.0.0.1:8000,4,3",
        "10.0.0.1:8000,8,3",
        // Its hash has the high bit set: a signed remainder gives another shard.
        "10.0.0.1:8000,1000,931",
        "10.0.0.2:8000,4,1",
        "10.0.0.7:8000,4,2",
        "vllm-0:8000,4,3",
        "vllm-1:8000,4,0"
    })
    void hashmodAgreesWithPrometheus(String value, long modulus, String shard) {
        RelabelRule rule =
                rule(Action.HASHMOD, "v").targetLabel("shard").modulus(modulus).build();

        assertThat(rule.apply(Labels.of("v", value)).get("shard")).isEqualTo(shard);
    }

    @Test
    void hashmodAgreesWithPrometheusOnTextWithALineBreak() {
        RelabelRule rule =
                rule(Action.HASHMOD, "v").targetLabel("shard").modulus(1000).build();

        assertThat(rule.apply(Labels.of("v", "foo\nbar")).get("shard")).isEqualTo("734");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "$1-$2             | one-two",
                "${1}x$2           | onextwo",
                "$1x               | \"\"",
                "$1_x              | \"\"",
                "$name             | two",
                "${name}s          | twos",
                "$names            | \"\"",
                "$$1               | $1",
                "$$$1              | $one",
                "$0                | one;two",
                "$3                | \"\"",
                "$01               | \"\"",
                "$1234567890       | \"\"",
                "$é                | \"\"",
                "a$                | a$",
                "$-                | $-",
                "${                | ${",
                "${}               | ${}",
                "${1               | ${1",
                "${1-x}            | ${1-x}",
                "${1.2}            | ${1.2}",
                "$ 1               | $ 1",
                "$1$1$1            | oneoneone",
                "\"$(1)\"          | $(1)",
            })
    void templatesExpandByTheRulesOfGo(String template, String expected) {
        // Group 3 takes no part in the match.
        RelabelRule rule = rule(Action.REPLACE, "a", "b")
                .regex("(\\w+);(?P<name>\\w+)(x)?")
                .targetLabel("result")
                .replacement(template)
                .build();

        Labels result = rule.apply(Labels.of("a", "one", "b", "two", "result", "before"));

        assertThat(result.toMap().getOrDefault("result", "")).isEqualTo(expected);
    }

    @Test
    void namedGroupsMayBeWrittenTheShortWay() {
        RelabelRule rule = rule(Action.REPLACE, "a")
                .regex("(?<head>.)(.*)")
                .targetLabel("b")
                .replacement("${head}")
                .build();

        assertThat(rule.apply(Labels.of("a", "xyz")).get("b")).isEqualTo("x");
    }

    static Stream<Arguments> invalidRules() {
        return Stream.of(
                argumentSet("replace without target", rule(Action.REPLACE, "a"), "target_label is missing"),
                argumentSet("hashmod without target", rule(Action.HASHMOD, "a").modulus(8), "target_label is missing"),
                argumentSet("lowercase without target", rule(Action.LOWERCASE, "a"), "target_label is missing"),
                argumentSet("uppercase without target", rule(Action.UPPERCASE, "a"), "target_label is missing"),
                argumentSet("keepequal without target", rule(Action.KEEPEQUAL, "a"), "target_label is missing"),
                argumentSet("dropequal without target", rule(Action.DROPEQUAL, "a"), "target_label is missing"),
                argumentSet(
                        "hashmod without modulus",
                        rule(Action.HASHMOD, "a").targetLabel("b"),
                        "modulus is 0; set it to the number of shards"),
                argumentSet(
                        "hashmod with a negative modulus",
                        rule(Action.HASHMOD, "a").targetLabel("b").modulus(-4),
                        "modulus is -4"),
                argumentSet(
                        "keepequal with regex",
                        rule(Action.KEEPEQUAL, "a").targetLabel("b").regex("x"),
                        "regex has no effect on this action; remove it"),
                argumentSet(
                        "dropequal with separator",
                        rule(Action.DROPEQUAL, "a").targetLabel("b").separator(","),
                        "separator has no effect"),
                argumentSet(
                        "keepequal with replacement",
                        rule(Action.KEEPEQUAL, "a").targetLabel("b").replacement("x"),
                        "replacement has no effect"),
                argumentSet(
                        "keepequal with modulus",
                        rule(Action.KEEPEQUAL, "a").targetLabel("b").modulus(2),
                        "modulus has no effect"),
                argumentSet(
                        "lowercase with replacement",
                        rule(Action.LOWERCASE, "a").targetLabel("b").replacement("x"),
                        "replacement has no effect"),
                argumentSet(
                        "labeldrop with source labels",
                        rule(Action.LABELDROP, "a").regex("x"),
                        "source_labels has no effect on this action; remove it (it uses regex only)"),
                argumentSet(
                        "labelkeep with target",
                        rule(Action.LABELKEEP).regex("x").targetLabel("y"),
                        "target_label has no effect"),
                argumentSet(
                        "labelkeep with separator", rule(Action.LABELKEEP).separator(""), "separator has no effect"),
                argumentSet(
                        "labeldrop with replacement",
                        rule(Action.LABELDROP).replacement(""),
                        "replacement has no effect"),
                argumentSet("labeldrop with modulus", rule(Action.LABELDROP).modulus(1), "modulus has no effect"),
                argumentSet(
                        "labelmap with an empty replacement",
                        rule(Action.LABELMAP).replacement(""),
                        "replacement \"\" makes no label name"),
                argumentSet(
                        "labelmap with a bad legacy replacement",
                        rule(Action.LABELMAP).replacement("a-$1").legacyNames(true),
                        "replacement \"a-$1\" makes no label name"),
                argumentSet(
                        "legacy target",
                        rule(Action.REPLACE, "a").targetLabel("a-b").legacyNames(true),
                        "target_label \"a-b\" is no label name"),
                argumentSet(
                        "legacy target with references",
                        rule(Action.REPLACE, "a").targetLabel("a-${1}").legacyNames(true),
                        "target_label \"a-${1}\" makes no label name"),
                argumentSet("empty source label", rule(Action.KEEP, "a", ""), "a name in source_labels is empty"),
                argumentSet("lookahead", rule(Action.KEEP, "a").regex("(?=x)"), "not valid RE2"),
                argumentSet("back-reference", rule(Action.KEEP, "a").regex("(x)\\1"), "not valid RE2"),
                argumentSet("possessive", rule(Action.KEEP, "a").regex("a++"), "not valid RE2"),
                argumentSet("too many repeats", rule(Action.KEEP, "a").regex("a{1001}"), "not valid RE2"),
                argumentSet(
                        "repeats of repeats", rule(Action.KEEP, "a").regex("((a{100}){100}){100}"), "not valid RE2"),
                argumentSet("open parenthesis", rule(Action.KEEP, "a").regex("(a"), "not valid RE2"),
                argumentSet(
                        "pattern that is valid only inside a group",
                        rule(Action.KEEP, "a").regex("a)|(b"),
                        "not valid"));
    }

    @ParameterizedTest
    @MethodSource("invalidRules")
    void invalidRuleIsRefusedWithTheReason(RelabelRule.Builder rule, String reason) {
        assertThatThrownBy(rule::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("relabel rule {action: ")
                .hasMessageContaining(reason);
    }

    @Test
    void legacyTargetLabelMayHaveReferences() {
        RelabelRule rule = rule(Action.REPLACE, "a")
                .targetLabel("x_${1}")
                .replacement("y")
                .legacyNames(true)
                .build();

        assertThat(rule.apply(Labels.of("a", "b"))).isEqualTo(Labels.of("a", "b", "x_b", "y"));
    }

    @Test
    void actionsAreFoundInAnyCase() {
        assertThat(Action.of("LabelDrop")).isEqualTo(Action.LABELDROP);
        assertThatThrownBy(() -> Action.of("drop_all"))
                .hasMessage(
                        "unknown relabel action \"drop_all\", expected one of replace, keep, drop, keepequal, dropequal,"
                                + " hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase");
    }

    static Stream<Arguments> touchedLabels() {
        return Stream.of(
                argumentSet("source of keep", rule(Action.KEEP, "job"), true),
                argumentSet("other source", rule(Action.KEEP, "__name__"), false),
                argumentSet("target of replace", rule(Action.REPLACE, "x").targetLabel("job"), true),
                argumentSet("other target", rule(Action.REPLACE, "x").targetLabel("y"), false),
                argumentSet("target made of groups", rule(Action.REPLACE, "x").targetLabel("y$1"), true),
                argumentSet("compared", rule(Action.KEEPEQUAL, "x").targetLabel("job"), true),
                argumentSet(
                        "hashed", rule(Action.HASHMOD, "job").targetLabel("x").modulus(2), true),
                argumentSet(
                        "others hashed",
                        rule(Action.HASHMOD, "x").targetLabel("y").modulus(2),
                        false),
                argumentSet("dropped", rule(Action.LABELDROP).regex("pid|job"), true),
                argumentSet("not dropped", rule(Action.LABELDROP).regex("pid"), false),
                argumentSet("kept", rule(Action.LABELKEEP).regex("pid|job"), false),
                argumentSet("not kept", rule(Action.LABELKEEP).regex("pid"), true),
                argumentSet("mapped", rule(Action.LABELMAP).regex("j(.*)").replacement("x"), true),
                argumentSet("mapped to", rule(Action.LABELMAP).regex("x").replacement("job"), true),
                argumentSet("perhaps mapped to", rule(Action.LABELMAP).regex("x(.*)"), true),
                argumentSet(
                        "surely not mapped to", rule(Action.LABELMAP).regex("x").replacement("y"), false),
                argumentSet("upper case of another", rule(Action.UPPERCASE, "x").targetLabel("y"), false));
    }

    @ParameterizedTest
    @MethodSource("touchedLabels")
    void ruleTellsWhetherItTouchesALabel(RelabelRule.Builder rule, boolean touches) {
        RelabelRule built = rule.build();

        assertThat(built.touches("job")).isEqualTo(touches);
        assertThat(Relabeler.of(RelabelRule.builder().targetLabel("z").build(), built)
                        .touches("job"))
                .isEqualTo(touches);
    }

    @Test
    void javaCodeIsAssumedToTouchEverything() {
        assertThat(Relabeler.of(labels -> labels).touches("job")).isTrue();
        assertThat(Relabeler.of().touches("job")).isFalse();
    }

    @Test
    void onlyCodeOfOthersMayBlock() {
        Relabeler code = labels -> labels;
        RelabelRule rule = rule(Action.KEEP, "a").build();
        CostProfile profile = CostProfile.of(CostProfile.Level.LEAN, EngineCatalog.builtIn());

        assertThat(code.mayBlock()).isTrue();
        assertThat(Relabeler.keepIf(labels -> true).mayBlock()).isTrue();
        assertThat(Relabeler.of(rule, code).mayBlock()).isTrue();
        assertThat(Relabeler.of(rule, TargetShard.of(0, 2), profile).mayBlock()).isFalse();
    }

    @Test
    void rulesAreEqualByTheirFields() {
        RelabelRule.Builder builder = rule(Action.REPLACE, "a", "b")
                .separator(":")
                .regex("x(.*)")
                .targetLabel("t")
                .replacement("r")
                .legacyNames(true);
        RelabelRule rule = builder.build();

        assertThat(builder.build()).isEqualTo(rule).hasSameHashCodeAs(rule);
        assertThat(rule.toString())
                .isEqualTo(
                        "relabel rule {action: replace, source_labels: [a, b], separator: ':', regex: 'x(.*)', target_label: t,"
                                + " replacement: 'r'}");
        assertThat(builder.legacyNames(false).build()).isNotEqualTo(rule);
        assertThat(builder.legacyNames(true).regex("x.*").build()).isNotEqualTo(rule);
        assertThat(builder.regex("x(.*)").separator(";").build()).isNotEqualTo(rule);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"(.*a){18}b", "(a+)+b", "(a|aa)+b", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)b", "(?:a?){500}a{500}b"})
    void hostilePatternTakesLinearTime(String regex) {
        RelabelRule rule = rule(Action.REPLACE, "v")
                .regex(regex)
                .targetLabel("hit")
                .replacement("$1")
                .build();
        Labels labels = Labels.of("v", "a".repeat(2_000));

        // A backtracking engine needs more than the age of the universe for the first of them.
        assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertThat(rule.apply(labels)).isSameAs(labels));
    }

    @Test
    void oneRuleServesManyThreads() throws Exception {
        Relabeler rules = Relabeler.of(
                rule(Action.REPLACE, "v")
                        .regex("(\\d+)-(.*)")
                        .targetLabel("n")
                        .replacement("$2$1")
                        .build(),
                rule(Action.HASHMOD, "n").targetLabel("shard").modulus(7).build());
        List<Labels> inputs = IntStream.range(0, 2_000)
                .mapToObj(i -> Labels.of("v", i + "-" + "x".repeat(i % 9)))
                .toList();
        List<Labels> expected = inputs.stream().map(rules).toList();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<List<Labels>> run = () -> inputs.stream().map(rules).toList();
            for (Future<List<Labels>> result : threads.invokeAll(List.of(run, run, run, run))) {
                assertThat(result.get()).isEqualTo(expected);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}

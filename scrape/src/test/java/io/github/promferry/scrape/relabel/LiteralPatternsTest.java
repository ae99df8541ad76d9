package io.github.promferry.scrape.relabel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.function.Predicate;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LiteralPatternsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "()",
                ".*",
                "(.*)",
                "(?:.+)",
                "vllm:.*",
                ".*_bucket",
                ".*foo.+",
                "python_.*|process_.*|up",
                "(a|b|c)",
                "10\\.0\\.0\\.1:8000",
                "a\\-b",
                "|a",
            })
    void patternsThatConfigurationsAreFullOfNeedNoAutomaton(String regex) {
        assertThat(LiteralPatterns.of(regex)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.b",
                "a*",
                "[ab]",
                "(a)(b)",
                "(a)|(b)",
                "a?",
                "^a",
                "a$",
                "a\\.*",
                "\\d",
                "\\Qa\\E",
                ".+.+",
                "(?i)a",
                "(?i:a)",
                "a{2}",
                "(?P<x>a)",
                "(a|b)c",
                ".*?",
                "(\\)",
                "\\"
            })
    void anythingElseIsLeftToTheAutomaton(String regex) {
        assertThat(LiteralPatterns.of(regex)).isNull();
    }

    @Provide
    Arbitrary<String> pieces() {
        return Arbitraries.of(
                        "a", "b", "ab", ".*", ".+", "|", "(", ")", "(?:", "\\.", "\\", "\\\\", ".", "😀", "é", "\n",
                        "-", "_")
                .list()
                .ofMaxSize(7)
                .map(list -> String.join("", list));
    }

    @Provide
    Arbitrary<String> values() {
        return Arbitraries.of("a", "b", "ab", ".", "\\", "😀", "é", "\n", "-", "_")
                .list()
                .ofMaxSize(5)
                .map(list -> String.join("", list));
    }

    @Property(tries = 10_000)
    void shortcutDecidesAsTheAutomatonDoes(@ForAll("pieces") String regex, @ForAll("values") String value) {
        Predicate<String> shortcut = LiteralPatterns.of(regex);
        Assume.that(shortcut != null && isValid(regex));

        boolean expected =
                Pattern.compile("^(?s:" + regex + ")$").matcher(value).find();

        assertThat(shortcut.test(value)).as("%s on %s", regex, value).isEqualTo(expected);
    }

    private static boolean isValid(String regex) {
        try {
            Pattern.compile(regex);
            return true;
        } catch (PatternSyntaxException e) {
            return false;
        }
    }
}

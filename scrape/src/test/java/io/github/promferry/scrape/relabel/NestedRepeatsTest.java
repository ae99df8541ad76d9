package io.github.promferry.scrape.relabel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NestedRepeatsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "((a{100}){100}){100}",
                "(((a{1000}){1000}){1000}){1000}",
                "(x|a{40}){2,26}",
                "(?:a{40}b*){26,}",
                "(?P<n>[[:alpha:]]{501})?{2}",
                "(\\){501}){2}",
                "([)]{501}){2}",
                "([]{]{501}){2}",
                "(\\Q)\\E{501}){2}",
                "(\\p{Greek}{501}){2}",
                "(😀{501}){2}",
                "(a{501}\\\n){2}",
            })
    void repeatsThatMultiplyBeyondTheLimitAreFound(String regex) {
        assertThat(NestedRepeats.exceedLimit(regex)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a{1000}",
                "(a{10}){100}",
                "a{600}b{600}",
                "(a{600})(b{600})",
                "(a{600}|b{600})",
                "((((a*)*)*)*)*",
                "(a\\{600}){3}",
                "([{600}]){3}",
                "(\\Qa{600}\\E){3}",
                "(a{600,b}){3}",
                "(\\x{1000}){3}",
                "(a{0}){1000}",
                "((((",
                "))))",
                "[",
                "\\",
                "{5}",
            })
    void otherPatternsAreNot(String regex) {
        assertThat(NestedRepeats.exceedLimit(regex)).isFalse();
    }
}

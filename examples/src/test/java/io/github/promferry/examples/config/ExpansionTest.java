package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpansionTest {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("USER", "alice", "EMPTY", "", "DOLLARS", "a$b$$c${USER}", "_X1", "x");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "COLLECTOR | plain | plain",
                "COLLECTOR | ${USER} | alice",
                "COLLECTOR | ${env:USER} | alice",
                "COLLECTOR | a-${_X1}-${env:USER}-z | a-x-alice-z",
                "COLLECTOR | ${env:MISSING:-bob} | bob",
                "COLLECTOR | ${env:USER:-bob} | alice",
                "COLLECTOR | ${env:MISSING:-} | ''",
                "COLLECTOR | x${EMPTY} | x",
                "COLLECTOR | $$1 | $1",
                "COLLECTOR | $1 | $1",
                "COLLECTOR | $$$$ | $$",
                "COLLECTOR | $${USER} | ${USER}",
                "COLLECTOR | $$${USER} | $alice",
                "COLLECTOR | $USER | $USER",
                "COLLECTOR | ${DOLLARS} | a$b$$c${USER}",
                "COLLECTOR | cost $ | cost $",
                "COLLECTOR | ${ | ${",
                "PROMETHEUS | ${USER} | alice",
                "PROMETHEUS | ${env:USER} | alice",
                "PROMETHEUS | pa$$word | pa$$word",
                "PROMETHEUS | $${USER} | ${USER}",
                "PROMETHEUS | $$${USER} | $${USER}",
                "PROMETHEUS | $1-$USER | $1-$USER",
                "PROMETHEUS | ${1} | ${1}",
                "PROMETHEUS | ${not a name} | ${not a name}",
                "PROMETHEUS_LABELS | $USER-${USER} | alice-alice",
                "PROMETHEUS_LABELS | $$USER | $USER",
                "PROMETHEUS_LABELS | $1 | $1",
                "PROMETHEUS_RELABELING | ${1}-$2-${USER} | ${1}-$2-${USER}",
                "PROMETHEUS_RELABELING | ${env:USER} | alice",
                "PROMETHEUS_RELABELING | $$ $${1} | $$ $${1}",
            })
    void dollarSignsMeanWhatTheyMeanInTheOriginal(Expansion expansion, String text, String expected) {
        assertThat(expansion.expand(text, ENVIRONMENT::get)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "COLLECTOR | ${MISSING} | environment variable MISSING is not set; set it or give a default:"
                        + " ${env:MISSING:-DEFAULT}",
                "PROMETHEUS | ${MISSING} | environment variable MISSING is not set; set it or give a default:"
                        + " ${env:MISSING:-DEFAULT}; for the text itself write $${MISSING}",
                "PROMETHEUS_LABELS | $MISSING | environment variable MISSING is not set; set it or give a default:"
                        + " ${env:MISSING:-DEFAULT}",
                "COLLECTOR | ${1} | ${1} is not understood: write ${env:NAME} for an environment variable, or $${1} for"
                        + " the text itself",
                "COLLECTOR | ${file:/etc/secret} | ${file:/etc/secret} is not understood: write ${env:NAME} for an"
                        + " environment variable, or $${file:/etc/secret} for the text itself",
                "PROMETHEUS | ${env:} | ${env:} does not name an environment variable",
            })
    void aMissingVariableIsNamed(Expansion expansion, String text, String message) {
        assertThatThrownBy(() -> expansion.expand(text, ENVIRONMENT::get)).hasMessage(message);
    }
}

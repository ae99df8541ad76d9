package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrometheusDurationTest {
    @ParameterizedTest(name = "{0} is {1} ms and is written {2}")
    @CsvSource({
        "0, 0, 0s",
        "15s, 15000, 15s",
        "1m, 60000, 1m",
        "90s, 90000, 1m30s",
        "1h30m, 5400000, 1h30m",
        "1s500ms, 1500, 1s500ms",
        "1500ms, 1500, 1s500ms",
        "7d, 604800000, 1w",
        "8d, 691200000, 8d",
        "365d, 31536000000, 1y",
        "1y2w3d4h5m6s7ms, 33019506007, 382d4h5m6s7ms",
        "0s, 0, 0s"
    })
    void readsAndWritesTheGrammar(String text, long millis, String written) {
        assertThat(PrometheusDuration.parse(text)).isEqualTo(Duration.ofMillis(millis));
        assertThat(PrometheusDuration.format(Duration.ofMillis(millis))).isEqualTo(written);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "15",
                "s",
                "-1s",
                "1.5s",
                "1m1h",
                "1s1s",
                "1 s",
                "1S",
                "1us",
                "99999999999999y",
                "1s5",
                " 1s",
                "00"
            })
    void refusesEverythingElse(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PrometheusDuration.parse(text))
                .withMessageContaining("is not a duration");
    }
}

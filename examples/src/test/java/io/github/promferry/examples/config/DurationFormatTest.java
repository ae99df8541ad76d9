package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurationFormatTest {
    @ParameterizedTest
    @CsvSource({
        "PROMETHEUS, 15s, PT15S",
        "PROMETHEUS, 1m, PT1M",
        "PROMETHEUS, 1h30m, PT1H30M",
        "PROMETHEUS, 1s500ms, PT1.5S",
        "PROMETHEUS, 500ms, PT0.5S",
        "PROMETHEUS, 1y2w3d, P382D",
        "PROMETHEUS, 0, PT0S",
        "PROMETHEUS, 0s, PT0S",
        "GO, 200ms, PT0.2S",
        "GO, 1.5s, PT1.5S",
        "GO, .5s, PT0.5S",
        "GO, 1m30s, PT1M30S",
        "GO, 30s1m, PT1M30S",
        "GO, 1h, PT1H",
        "GO, 10us, PT0.00001S",
        "GO, 10µs, PT0.00001S",
        "GO, 7ns, PT0.000000007S",
        "GO, 0, PT0S",
    })
    void durationsAreReadAsTheOriginalReadsThem(DurationFormat format, String text, Duration expected) {
        assertThat(format.parse(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "PROMETHEUS, 15, 'a duration needs a unit, such as 15s, 1m30s or 500ms'",
        "PROMETHEUS, 1.5s, 'not a duration; write for instance 15s, 1m30s or 500ms'",
        "PROMETHEUS, 30s1m, 'not a duration; write for instance 15s, 1m30s or 500ms'",
        "PROMETHEUS, 1s1s, 'not a duration; write for instance 15s, 1m30s or 500ms'",
        "PROMETHEUS, '', 'not a duration; write for instance 15s, 1m30s or 500ms'",
        "PROMETHEUS, -5s, a duration must not be negative",
        "PROMETHEUS, 10us, 'not a duration; write for instance 15s, 1m30s or 500ms'",
        "PROMETHEUS, 300y, longer than 292 years",
        "PROMETHEUS, 99999999999999999999s, longer than 292 years",
        "GO, 200, 'a duration needs a unit, such as 200ms, 1.5s or 1m30s'",
        "GO, 1d, 'not a duration; write for instance 200ms, 1.5s or 1m30s'",
        "GO, 1 s, 'not a duration; write for instance 200ms, 1.5s or 1m30s'",
        "GO, '', 'not a duration; write for instance 200ms, 1.5s or 1m30s'",
        "GO, -1s, a duration must not be negative",
        "GO, 9999999h, longer than 292 years",
    })
    void whatIsNoDurationIsRefusedWithAnExample(DurationFormat format, String text, String message) {
        assertThatThrownBy(() -> format.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"PT15S, 15s", "PT1M30S, 1m30s", "PT1.5S, 1s500ms", "PT0S, 0s", "PT26H, 26h", "PT1H0.001S, 1h1ms"})
    void bothFormatsReadWhatIsWritten(Duration duration, String text) {
        assertThat(DurationFormat.format(duration)).isEqualTo(text);
        assertThat(DurationFormat.PROMETHEUS.parse(text)).isEqualTo(duration);
        assertThat(DurationFormat.GO.parse(text)).isEqualTo(duration);
    }
}

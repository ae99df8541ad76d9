package io.github.promferry.http.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.HandClock;
import io.github.promferry.http.HttpSettings;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionAgeTest {
    private final HandClock clock = new HandClock();

    @ParameterizedTest
    @CsvSource({
        "PT10M, PT10M, false",
        "PT10M, PT10M0.000000001S, true",
        "PT0.001S, PT0S, false",
        "PT0.001S, PT0.002S, true",
        // No limit.
        "PT0S, P36500D, false",
        "P365000D, P36500D, false",
    })
    void isOverAboveTheLimit(Duration limit, Duration age, boolean over) {
        HttpSettings settings = HttpSettings.builder().maxConnectionAge(limit).build();
        assertThat(isOverAfter(settings, age)).isEqualTo(over);
    }

    @Test
    void isTenMinutesUnlessToldOtherwise() {
        assertThat(isOverAfter(HttpSettings.DEFAULTS, Duration.ofMinutes(10))).isFalse();
        assertThat(isOverAfter(HttpSettings.DEFAULTS, Duration.ofMinutes(11))).isTrue();
    }

    private boolean isOverAfter(HttpSettings settings, Duration time) {
        ConnectionAge age = new ConnectionAge(settings, clock);
        long opened = age.nanos();
        clock.advance(time);
        return age.isOver(opened);
    }
}

package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ManualClockTest {
    private final ManualClock clock = new ManualClock(Instant.parse("2026-11-24T10:00:00.250Z"));

    @Test
    void bothTimesAdvanceTogether() {
        long wall = clock.wallMillis();
        long nanos = clock.nanos();
        clock.advance(Duration.ofMillis(1500));
        assertThat(clock.wallMillis() - wall).isEqualTo(1500);
        assertThat(clock.nanos() - nanos).isEqualTo(1_500_000_000L);
        assertThat(wall).isEqualTo(Instant.parse("2026-11-24T10:00:00.250Z").toEpochMilli());
    }

    @Test
    void partsOfAMillisecondAddUp() {
        long wall = clock.wallMillis();
        for (int i = 0; i < 4; i++) {
            clock.advance(Duration.ofNanos(250_000));
        }
        assertThat(clock.wallMillis() - wall).isEqualTo(1);
    }

    @Test
    void wallClockJumpsAlone() {
        long wall = clock.wallMillis();
        long nanos = clock.nanos();
        clock.jumpWall(Duration.ofHours(-1));
        assertThat(clock.wallMillis() - wall).isEqualTo(-3_600_000);
        assertThat(clock.nanos()).isEqualTo(nanos);
    }

    @Test
    void timeCannotGoBack() {
        assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("jumpWall");
    }
}

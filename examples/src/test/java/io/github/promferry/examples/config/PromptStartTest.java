package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.testkit.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PromptStartTest {
    private final ManualClock clock = new ManualClock();

    @Test
    void theFirstSecondDoesNotWaitForTheLingerOfTheFile() {
        BatchPolicy policy = new PromptStart(BatchPolicy.of(2000, 1000, Duration.ofSeconds(5)), clock);

        assertThat(policy.linger(1, 1)).isLessThan(Duration.ofMillis(100));
        clock.advance(Duration.ofMillis(999));
        assertThat(policy.linger(1, 1)).isLessThan(Duration.ofMillis(100));
        clock.advance(Duration.ofMillis(1));
        assertThat(policy.linger(1, 1)).isEqualTo(Duration.ofSeconds(5));
        assertThat(policy.maxSamples()).isEqualTo(2000);
        assertThat(policy.maxBytes()).isEqualTo(1000);
    }

    @Test
    void theStartIsTheFirstBatchHoweverLateItComes() {
        BatchPolicy policy = new PromptStart(BatchPolicy.of(2000, 1000, Duration.ofSeconds(5)), clock);
        clock.advance(Duration.ofHours(1));

        assertThat(policy.linger(1, 1)).isLessThan(Duration.ofMillis(100));
    }

    @Test
    void aShorterLingerStaysAsItIs() {
        BatchPolicy policy = new PromptStart(BatchPolicy.of(2000, 1000, Duration.ZERO), clock);

        assertThat(policy.linger(1, 1)).isZero();
    }
}

package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryPolicyTest {
    private static WriteFailure failure(int status, int attempts, @Nullable Duration retryAfter, Duration elapsed) {
        return new WriteFailure(status, "", null, retryAfter, attempts, elapsed);
    }

    private static WriteFailure failure(int status) {
        return failure(status, 1, null, Duration.ZERO);
    }

    @Test
    void standardRetriesServerErrorsTooManyRequestsTimeoutsAndBrokenConnections() {
        for (int status = 100; status < 1000; status++) {
            boolean again = status == 408 || status == 429 || (status >= 500 && status < 600);
            assertThat(RetryPolicy.DEFAULT.nextDelay(failure(status)) != null)
                    .as("status " + status)
                    .isEqualTo(again);
        }
        assertThat(RetryPolicy.DEFAULT.nextDelay(failure(WriteFailure.NO_RESPONSE)))
                .isNotNull();
    }

    @ParameterizedTest
    @CsvSource({
        // Retry-After, attempts, wait without jitter
        ", 1, PT0.25S",
        ", 2, PT0.5S",
        ", 5, PT4S",
        ", 6, PT5S",
        ", 1000000, PT5S",
        "PT0S, 1, PT0.25S",
        "PT1S, 1, PT1S",
        "PT1S, 6, PT5S",
        "PT96S, 6, PT96S",
        "PT24H, 1, PT5M",
    })
    void waitIsTheLongerOfBackoffAndRetryAfter(@Nullable Duration retryAfter, int attempts, Duration wait) {
        RetryPolicy policy = new StandardRetry(Backoff.DEFAULT, () -> 0);
        assertThat(policy.nextDelay(failure(503, attempts, retryAfter, Duration.ZERO)))
                .isEqualTo(wait);
    }

    @Property
    void gapsOfTheBackoffNeverShrinkByMoreThanATenth(
            @ForAll @IntRange(min = 1, max = 100) int failures,
            @ForAll @DoubleRange(min = 0, max = 1) double chance,
            @ForAll @DoubleRange(min = 0, max = 1) double otherChance) {
        Duration gap = Backoff.DEFAULT.delay(failures, chance);
        Duration next = Backoff.DEFAULT.delay(failures + 1, otherChance);
        assertThat(gap).isBetween(Duration.ofMillis(225), Duration.ofSeconds(5));
        assertThat(next.toNanos()).isGreaterThanOrEqualTo((long) (gap.toNanos() * 0.8999));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1})
    void fewerThanTwentyAttemptsInTheFirstMinute(double chance) {
        List<Duration> attempts = new ArrayList<>();
        Duration at = Duration.ZERO;
        while (at.compareTo(Duration.ofMinutes(1)) < 0) {
            attempts.add(at);
            at = at.plus(Backoff.DEFAULT.delay(attempts.size(), chance));
        }
        assertThat(attempts).hasSizeBetween(12, 17);
    }

    @Test
    void hugeBoundsDoNotOverflow() {
        Backoff backoff = new Backoff(Duration.ofNanos(3), Duration.ofDays(100_000), 0);
        assertThat(IntStream.rangeClosed(1, 200).mapToObj(i -> backoff.delay(i, 0)))
                .isSorted()
                .last()
                .isEqualTo(Duration.ofDays(100_000));
    }

    @Test
    void boundsOfTheBackoffAreChecked() {
        Duration second = Duration.ofSeconds(1);
        assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(Duration.ZERO, second, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(second, Duration.ofMillis(999), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(second, second, 0.11));
        assertThatIllegalArgumentException().isThrownBy(() -> new Backoff(second, second, Double.NaN));
    }

    @Test
    void refinementsCompose() {
        RetryPolicy policy = RetryPolicy.DEFAULT.holdOn(401, 403).dropOn(429).giveUpAfter(Duration.ofHours(6));
        assertThat(policy.nextDelay(failure(401))).isNotNull();
        assertThat(policy.nextDelay(failure(403))).isNotNull();
        assertThat(policy.nextDelay(failure(400))).isNull();
        assertThat(policy.nextDelay(failure(429))).isNull();
        assertThat(policy.nextDelay(failure(503))).isNotNull();
        assertThat(policy.nextDelay(failure(503, 9, null, Duration.ofHours(6)))).isNull();
        assertThat(policy.nextDelay(failure(401, 9, null, Duration.ofHours(6)))).isNull();
    }
}

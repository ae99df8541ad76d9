package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardScalingTest {
    private static final long SECOND = 1_000_000_000;
    private static final long INTERVAL = ShardScaling.INTERVAL_NANOS;

    private static ShardScaling scaling(int min, int max) {
        return new ShardScaling(QueueConfig.builder().shards(min, max).build(), 0);
    }

    /** Rates of one interval of ten seconds, in which the shards there are were busy for so many seconds in all. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // what, arrived/s, finished/s, busy s/s, waiting, shards, targets, wanted
        "keeps up easily, 1000, 1000, 0.2, 0, 1, 50, 1",
        "keeps up with a shard less, 1000, 1000, 1.5, 0, 4, 50, 2",
        "just busy enough, 1000, 1000, 2.9, 0, 4, 50, 4",
        "a little more is not worth it, 1000, 1000, 5.1, 0, 4, 50, 4",
        "too slow by half, 1000, 500, 1, 0, 1, 50, 2",
        "a backlog asks for a twentieth of itself a second, 1000, 1000, 1, 40000, 1, 50, 3",
        "no shrinking with a backlog of more than ten seconds, 1000, 1000, 0.1, 10001, 8, 50, 8",
        "shrinking with a smaller one, 1000, 1000, 0.1, 9999, 8, 50, 1",
        "never above the maximum, 1000, 10, 1, 100000, 1, 50, 10",
        "never below the minimum, 1000, 1000, 0.001, 0, 8, 50, 2",
        "never more than there are targets, 1000, 100, 1, 0, 2, 3, 3",
        "unknown targets do not make it fewer, 1000, 100, 4, 0, 4, 0, 4",
        "nothing finished says nothing, 1000, 0, 0, 10000, 4, 50, 4",
    })
    void followsTheRatesOfTheInterval(
            String what, long arrived, long finished, double busy, long waiting, int shards, int targets, int wanted) {
        ShardScaling scaling = what.contains("minimum") ? scaling(2, 10) : scaling(1, 10);
        ShardScaling.Totals totals =
                new ShardScaling.Totals(10 * arrived, 10 * finished, (long) (10 * busy * SECOND), waiting);
        assertThat(scaling.next(totals, shards, targets, INTERVAL)).isEqualTo(wanted);
    }

    @Test
    void ratesAreSmoothed() {
        ShardScaling scaling = scaling(1, 100);
        assertThat(scaling.next(new ShardScaling.Totals(10_000, 10_000, SECOND, 0), 1, 50, INTERVAL))
                .isEqualTo(1);
        assertThat(scaling.desired()).isEqualTo(0.1);
        // Ten times slower from here on: a fifth of the change counts at first.
        scaling.next(new ShardScaling.Totals(20_000, 20_000, 11 * SECOND, 0), 1, 50, 2 * INTERVAL);
        assertThat(scaling.desired()).isCloseTo(0.28, org.assertj.core.data.Offset.offset(1e-9));
    }

    @Test
    void asksOnceAnIntervalAndNeverWithAFixedNumber() {
        ShardScaling scaling = scaling(1, 10);
        ShardScaling.Totals busy = new ShardScaling.Totals(10_000, 1_000, 10 * SECOND, 0);
        assertThat(scaling.isDue(INTERVAL - 1)).isFalse();
        assertThat(scaling.next(busy, 1, 50, INTERVAL - 1)).isEqualTo(1);
        assertThat(scaling.isDue(INTERVAL)).isTrue();
        assertThat(scaling.next(busy, 1, 50, INTERVAL)).isEqualTo(10);
        assertThat(scaling.isDue(INTERVAL)).isFalse();
        assertThat(scaling.next(busy, 1, 50, INTERVAL)).isEqualTo(1);
        assertThat(scaling(3, 3).isDue(INTERVAL)).isFalse();
    }
}

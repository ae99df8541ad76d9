package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TickGridTest {
    @Test
    void tenThousandTargetsAreSpreadWithin15PercentOfTheMean() {
        int[] perSecond = new int[10];
        for (int i = 0; i < 10_000; i++) {
            String identity = "{instance=\"10.0." + i / 250 + "." + i % 250 + ":8000\",job=\"llm\"} http://x/metrics";
            perSecond[(int) (TickGrid.of(10_000, identity, "host", 10).offsetMillis() / 1000)]++;
        }
        for (int count : perSecond) {
            assertThat(count).isBetween(850, 1150);
        }
    }

    @ParameterizedTest(name = "at an interval of {0} ms there are {1} slots of {2} ms")
    @CsvSource({"1, 1, 1", "7, 7, 1", "250, 10, 25", "1000, 10, 100", "1990, 19, 100", "15000, 150, 100"})
    void manyTargetsAreDueAtOnce(long interval, int slots, long slotMillis) {
        long[] offsets = IntStream.range(0, 10_000)
                .mapToLong(i -> TickGrid.of(interval, "target " + i, "", 10).offsetMillis())
                .distinct()
                .sorted()
                .toArray();
        assertThat(offsets)
                .containsExactly(LongStream.range(0, slots)
                        .map(slot -> slot * slotMillis)
                        .toArray());
    }

    @Test
    void theOffsetIsTheSameInEveryProcessAndDiffersBetweenReplicas() {
        TickGrid grid = TickGrid.of(15_000, "target", "replica-0", 10);
        assertThat(grid.offsetMillis()).isEqualTo(4000);
        assertThat(TickGrid.of(15_000, "target", "replica-1", 10).offsetMillis())
                .isNotEqualTo(grid.offsetMillis());
    }

    @ParameterizedTest(name = "after {0} comes {1}")
    @CsvSource({"0, 3", "2, 3", "3, 13", "12, 13", "13, 23", "-8, -7", "-7, 3"})
    void theNextTickIsTheFirstAfterTheMoment(long wall, long next) {
        assertThat(new TickGrid(10, 3, 0).nextAfter(wall)).isEqualTo(next);
    }

    @ParameterizedTest(name = "a scrape at {0} has timestamp {1}")
    @CsvSource({"10003, 10003", "10005, 10003", "10013, 10003", "10014, 10014", "19993, 20003", "19992, 19992"})
    void theTimestampIsTheTickIfItIsClose(long wall, long stamp) {
        assertThat(new TickGrid(10_000, 3, 10).stamp(wall)).isEqualTo(stamp);
    }

    @ParameterizedTest(name = "planned {0} and begun at {1}: {2} missed")
    @CsvSource({"3, 3, 0", "3, 8, 0", "3, 9, 1", "3, 18, 1", "3, 19, 2", "3, 38, 3", "3, 2, 0", "3, -1000, 0", "5, 5, 0"
    })
    void ticksThatWereMissedAreThoseUpToTheNextOne(long planned, long wall, long missed) {
        TickGrid grid = new TickGrid(10, 3, 0);
        assertThat(grid.missed(planned, wall)).isEqualTo(missed);
        if (planned == 3 && wall >= 3) {
            assertThat(grid.nextAfterExtra(wall)).isEqualTo(planned + 10 * (missed + 1));
        }
    }

    @Test
    void theToleranceIsAtMostOnePercentOfTheInterval() {
        assertThat(TickGrid.of(200, "t", "", 10).toleranceMillis()).isEqualTo(2);
        assertThat(TickGrid.of(15_000, "t", "", 10).toleranceMillis()).isEqualTo(10);
    }

    @Property
    void afterAnExtraScrapeTheNextIsHalfToOneAndAHalfIntervalsAway(
            @ForAll @LongRange(min = 0, max = 4_000_000_000_000L) long wall,
            @ForAll @LongRange(min = 1, max = 100_000) long interval,
            @ForAll @LongRange(min = 0, max = 99_999) long offset) {
        TickGrid grid = new TickGrid(interval, offset % interval, 0);
        long distance = grid.nextAfterExtra(wall) - wall;
        assertThat(distance).isBetween(Math.max(1, interval / 2), interval + interval / 2);
        assertThat(Math.floorMod(wall + distance - grid.offsetMillis(), interval))
                .isZero();
    }
}

package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Clocks that are set, slewed and frozen, a host that is suspended, in any order. */
class ScrapeClockTest {
    private static final long INTERVAL_MILLIS = 10_000;

    private final ScrapeJob job = HandDriven.job().target("h:1").build();

    /** One thing that happens. */
    private enum Event {
        TIME_PASSES,
        WALL_CLOCK_IS_SET,
        PROCESS_IS_FROZEN,
        HOST_IS_SUSPENDED
    }

    @Property(tries = 300)
    void scrapesAreNeverBunchedNorLeftOutAndReturnToTheirMoments(
            @ForAll @Size(max = 30) List<@IntRange(min = 0, max = 399_999) Integer> events) {
        try (HandDriven hand = new HandDriven(job)) {
            List<Long> begun = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                hand.answers.then(fetch -> {
                    begun.add(hand.clock.nanos() / 1_000_000);
                    fetch.page("a 1\n");
                });
            }
            hand.start();
            long frozenMillis = 0;
            for (int event : events) {
                int millis = event % 100_000;
                switch (Event.values()[event / 100_000]) {
                    case TIME_PASSES -> pass(hand, millis % 25_000);
                    case WALL_CLOCK_IS_SET ->
                        hand.clock.jumpWall(Duration.ofMillis((millis - 50_000L) * (millis % 3 == 0 ? 100 : 1)));
                    case PROCESS_IS_FROZEN -> {
                        frozenMillis = Math.max(frozenMillis, millis);
                        hand.clock.advance(Duration.ofMillis(millis));
                        hand.scraper.schedule().ringDue();
                    }
                    case HOST_IS_SUSPENDED -> hand.clock.jumpWall(Duration.ofMillis(millis));
                }
            }
            pass(hand, 5 * INTERVAL_MILLIS);

            for (int i = 1; i < begun.size(); i++) {
                assertThat(begun.get(i) - begun.get(i - 1))
                        .as("from %d to the next of %s", i - 1, begun)
                        .isBetween(INTERVAL_MILLIS / 2 - 1, INTERVAL_MILLIS * 3 / 2 + frozenMillis);
            }
            List<Long> stamps = hand.rows.all.stream()
                    .map(row -> Long.parseLong(row.substring(row.indexOf('@') + 1)))
                    .toList();
            for (int i = 1; i < stamps.size(); i++) {
                // Newer, or the clock was set back so far that what went before is wrong.
                assertThat(stamps.get(i) - stamps.get(i - 1))
                        .as("timestamp %d of %s", i, stamps)
                        .satisfiesAnyOf(
                                step -> assertThat(step).isPositive(),
                                step -> assertThat(step).isLessThanOrEqualTo(-INTERVAL_MILLIS));
            }
            List<Long> last = stamps.subList(stamps.size() - 3, stamps.size());
            long next = hand.status().nextScrapeMillis();
            assertThat(last).containsExactly(next - 30_000, next - 20_000, next - 10_000);
        }
    }

    private static void pass(HandDriven hand, long millis) {
        long end = hand.clock.nanos() + millis * 1_000_000;
        while (hand.clock.nanos() < end) {
            long step =
                    Math.min(end - hand.clock.nanos(), hand.scraper.schedule().nanosToNext());
            hand.clock.advance(Duration.ofNanos(Math.max(1, step)));
            hand.scraper.schedule().ringDue();
        }
    }
}

package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ScrapeScheduleTest {
    private final ManualClock clock = new ManualClock();
    private final ScrapeSchedule schedule = new ScrapeSchedule(clock);
    private final List<String> rung = new ArrayList<>();

    private ScrapeSchedule.Alarm alarm(String name) {
        return new ScrapeSchedule.Alarm() {
            @Override
            void ring() {
                rung.add(name);
            }
        };
    }

    @Test
    void ringsWhatIsDueInOrderOfTime() {
        long now = clock.nanos();
        schedule.set(alarm("third"), now + 30);
        schedule.set(alarm("first"), now + 10);
        schedule.set(alarm("second"), now + 20);
        schedule.set(alarm("later"), now + 31);
        clock.advance(Duration.ofNanos(30));
        schedule.ringDue();
        assertThat(rung).containsExactly("first", "second", "third");
        assertThat(schedule.size()).isEqualTo(1);
    }

    @Test
    void movesAnAlarmThatIsSetAgainAndForgetsOneThatIsTakenBack() {
        long now = clock.nanos();
        ScrapeSchedule.Alarm moved = alarm("moved");
        ScrapeSchedule.Alarm cleared = alarm("cleared");
        schedule.set(moved, now + 10);
        schedule.set(cleared, now + 10);
        schedule.set(moved, now + 50);
        schedule.clear(cleared);
        schedule.clear(cleared);
        clock.advance(Duration.ofNanos(49));
        schedule.ringDue();
        assertThat(rung).isEmpty();
        clock.advance(Duration.ofNanos(1));
        schedule.ringDue();
        assertThat(rung).containsExactly("moved");
        assertThat(schedule.size()).isZero();
    }

    @Test
    void anAlarmThatThrowsStopsNoOther() {
        schedule.set(
                new ScrapeSchedule.Alarm() {
                    @Override
                    void ring() {
                        throw new IllegalStateException("a mistake");
                    }
                },
                clock.nanos());
        schedule.set(
                new ScrapeSchedule.Alarm() {
                    @Override
                    void ring() {
                        throw new AssertionError("a worse one");
                    }
                },
                clock.nanos());
        schedule.set(alarm("next"), clock.nanos() + 1);
        clock.advance(Duration.ofNanos(1));
        schedule.ringDue();
        assertThat(rung).containsExactly("next");
    }

    @Property(tries = 300)
    void behavesLikeASortedListUnderAnySequenceOfOperations(
            @ForAll @Size(max = 200) List<@IntRange(min = 0, max = 39_999) Integer> operations) {
        ManualClock time = new ManualClock();
        ScrapeSchedule tested = new ScrapeSchedule(time);
        List<Integer> heard = new ArrayList<>();
        long[] due = new long[20];
        ScrapeSchedule.Alarm[] alarms = new ScrapeSchedule.Alarm[due.length];
        for (int i = 0; i < alarms.length; i++) {
            int number = i;
            due[i] = Long.MAX_VALUE;
            alarms[i] = new ScrapeSchedule.Alarm() {
                @Override
                void ring() {
                    heard.add(number);
                }
            };
        }
        for (int operation : operations) {
            int which = operation % 20;
            int at = operation / 20 % 1000;
            if (operation >= 20_000) {
                due[which] = time.nanos() + at;
                tested.set(alarms[which], due[which]);
            } else if (operation >= 10_000) {
                due[which] = Long.MAX_VALUE;
                tested.clear(alarms[which]);
            } else {
                time.advance(Duration.ofNanos(at / 10));
                heard.clear();
                tested.ringDue();
                List<Long> expectedTimes = new ArrayList<>();
                List<Long> times = new ArrayList<>();
                for (int i = 0; i < due.length; i++) {
                    if (due[i] <= time.nanos()) {
                        expectedTimes.add(due[i]);
                    }
                }
                heard.forEach(number -> times.add(due[number]));
                expectedTimes.sort(Comparator.naturalOrder());
                assertThat(times).isEqualTo(expectedTimes);
                heard.forEach(number -> due[number] = Long.MAX_VALUE);
            }
        }
    }

    @Test
    void saysHowLongToWaitAndWhenThatHasBecomeShorter() {
        List<Long> waits = new ArrayList<>();
        schedule.whenEarlier(() -> waits.add(schedule.nanosToNext()));
        assertThat(schedule.nanosToNext()).isEqualTo(Long.MAX_VALUE);
        ScrapeSchedule.Alarm first = alarm("first");
        schedule.set(first, clock.nanos() + 20);
        schedule.set(alarm("second"), clock.nanos() + 30);
        schedule.set(alarm("third"), clock.nanos() + 10);
        schedule.set(first, clock.nanos() + 5);
        assertThat(waits).containsExactly(20L, 10L, 5L);
        clock.advance(Duration.ofNanos(7));
        assertThat(schedule.nanosToNext()).isEqualTo(-2);
        schedule.close();
        assertThat(schedule.nanosToNext()).isEqualTo(Long.MAX_VALUE);
    }
}

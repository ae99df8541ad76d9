package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Samples with timestamps of their own: which are taken, and when their series end. */
class StampedSeriesTest {
    private static final int AHEAD = 600;
    private static final String BROKEN = "x{";

    private static ExpositionParser parser(boolean track) {
        return new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder()
                        .futureLimit(Duration.ofMillis(AHEAD))
                        .dropOutOfOrder(true)
                        .trackTimestampsStaleness(track)
                        .build());
    }

    /** What a page gives, such as {@code a=1@5 b=stale@1000}. */
    private static String scrape(ExpositionParser parser, String page, long time) {
        byte[] bytes = Pages.bytes(page);
        SampleBatch batch = new SampleBatch();
        if (page.contains(BROKEN)) {
            assertThatThrownBy(() -> parser.parse(ExpositionFormat.TEXT_0_0_4, bytes, 0, bytes.length, time, batch))
                    .isInstanceOf(ExpositionException.class);
        } else {
            parser.parse(ExpositionFormat.TEXT_0_0_4, bytes, 0, bytes.length, time, batch);
        }
        parser.addVanished(time, batch);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            long bits = batch.valueBits(row);
            rows.add(batch.series(row) + "="
                    + (SampleValues.isStale(bits) ? "stale" : String.valueOf((int) Double.longBitsToDouble(bits)))
                    + "@" + batch.timestamp(row));
        }
        return String.join(" ", rows);
    }

    /** Pages, parted by bars, are scraped at 1000, 2000 and so on; each gives the rows at the same place. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "a later one of the series above,           false, a 1 5;a 2 6, a=1@5 a=2@6",
        "an earlier one,                            false, a 1 6;a 2 5;a 3 7, a=1@6 a=3@7",
        "an equal one,                              false, a 1 5;a 1 5;a 2 5, a=1@5",
        "an earlier one behind one of the scrape,   false, a 1;a 2 5, a=1@1000",
        "a later one behind one of the scrape,      false, a 1;a 2 1001, a=1@1000 a=2@1001",
        "one of the scrape behind one of its own,   false, a 1 5;a 2, a=1@5",
        "equal as on the page before,               false, a 1 5|a 1 5, a=1@5|a=1@5",
        "another value at the same time,            false, a 1 5|a 2 5|a 3 6, a=1@5||a=3@6",
        "earlier than on the page before,           false, a 1 5|a 2 4;a 3 6, a=1@5|a=3@6",
        "too far ahead,                             true,  a 1 1601;b 2, b=2@1000",
        "untracked and refused: no marker,          false, a 1 5|a 2 4, a=1@5|",
        "refused: its series ends,                  true,  a 1 5|a 2 4|a 3 3, a=1@5|a=stale@2000|",
        "and goes on behind its marker,             true,  a 1 5|a 2 4|a 3 1999|a 4 2001, a=1@5|a=stale@2000||a=4@2001",
        "refused and then taken: it lives,          true,  a 1 5|a 2 4;a 3 6|a 4 7, a=1@5|a=3@6|a=4@7",
        "and ends when it goes,                     true,  a 1 5|a 2 4;a 3 6|b 1, a=1@5|a=3@6|b=1@3000 a=stale@3000",
        "taken and then refused: it lives,          true,  a 1 5|a 2 6;a 3 4|b 1, a=1@5|a=2@6|b=1@3000 a=stale@3000",
        "moved and refused,                         true,  a 1 5;b 1;c 1|b 1;c 1;a 2 4, a=1@5 b=1@1000 c=1@1000|b=1@2000 c=1@2000 a=stale@2000",
        "refused at first sight: nothing ends,      true,  a 1 1601|b 1, |b=1@2000",
        "ahead of its end: no marker,               true,  a 1 2600|b 1|b 1|b 1, |b=1@2000|b=1@3000|b=1@4000",
        "gone while ahead: no marker,               true,  a 1 1500|a 2 2500|b 1|b 1, a=1@1500|a=2@2500|b=1@3000 a=stale@3000|b=1@4000",
        "gone while ahead of the marker,            true,  a 1 1600|x{, a=1@1600|a=stale@2000",
        "in a page that broke behind it,            true,  a 1 5;b 1|a 2 4;b 1;x{, a=1@5 b=1@1000|a=stale@2000",
        "the timestamp comes: untracked it ends,    false, a 1|a 2 1500, a=1@1000|a=2@1500 a=stale@2000",
        "the timestamp comes: tracked it lives,     true,  a 1|a 2 1500, a=1@1000|a=2@1500",
    })
    void areTakenOrNotAsInPrometheus(String what, boolean track, String pages, String expected) {
        ExpositionParser parser = parser(track);
        String[] all = pages.split("\\|", -1);
        List<String> given = new ArrayList<>();
        for (int i = 0; i < all.length; i++) {
            given.add(scrape(parser, all[i].replace(';', '\n') + "\n", 1000L * (i + 1)));
        }
        assertThat(String.join("|", given)).isEqualTo(expected == null ? "" : expected);
    }

    @Test
    void theFirstOfEachReasonIsNamed() {
        ExpositionParser parser = parser(false);
        scrape(parser, "a 1 6\nb 1 6\n", 1000);
        scrape(parser, "c 1\nb{x=\"y\"} 1 1e9\nb 2 5\na 3 5\nc 2\n", 1000);
        assertThat(parser.leftOutCount(LeftOut.OUT_OF_ORDER)).isEqualTo(2);
        assertThat(parser.firstLeftOut(LeftOut.OUT_OF_ORDER)).hasToString("b");
        assertThat(parser.firstLeftOut(LeftOut.DUPLICATE)).hasToString("c");
        assertThat(parser.firstLeftOut(LeftOut.OVER_SERIES_LIMIT)).isNull();
        scrape(parser, "c 1\n", 2000);
        assertThat(parser.firstLeftOut(LeftOut.OUT_OF_ORDER)).isNull();
        assertThat(parser.leftOutCount(LeftOut.OUT_OF_ORDER)).isZero();
    }

    /** Random pages, and what Prometheus' loop of samples, written down plainly, makes of them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isWhatThePlainRuleSays(boolean track) {
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            ExpositionParser parser = parser(track);
            PlainRule rule = new PlainRule(track);
            List<String> pages = new ArrayList<>();
            for (int scrape = 1; scrape <= 6; scrape++) {
                long time = 1000L * scrape;
                String page = randomPage(random, time);
                pages.add(page);
                List<String> given = List.of(scrape(parser, page, time).split(" ", -1));
                assertThat(given)
                        .as("seed %s: %s", seed, pages)
                        .containsExactlyInAnyOrderElementsOf(rule.scrape(page, time));
            }
        }
    }

    /** It ends by its timestamp before the page has too many samples, and its old place lies behind that. */
    @Test
    void aSeriesThatMovedAndEndedInAPageOverTheSampleLimitEndsOnce() {
        ExpositionParser parser = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().sampleLimit(13).build());
        String others = "b 1\nc 1\nd 1\ne 1\nf 1\ng 1\nh 1\ni 1\nj 1\nk 1\nl 1\nm 1\n";
        Pages.parse(parser, others + "moved 1\n");
        byte[] page = Pages.bytes("moved 1 5\n" + others + "moved 1\none_more 1\n");
        SampleBatch stale = new SampleBatch();

        assertThatThrownBy(() -> Pages.parse(parser, ExpositionFormat.TEXT_0_0_4, page))
                .hasMessageContaining("sampleLimit");
        parser.addVanished(2000, stale);

        assertThat(Pages.series(stale)).containsExactly("moved");
    }

    private static String randomPage(Random random, long time) {
        StringBuilder page = new StringBuilder();
        int lines = random.nextInt(9);
        for (int line = 0; line < lines; line++) {
            page.append((char) ('a' + random.nextInt(5))).append(' ').append(random.nextInt(3));
            if (random.nextInt(4) > 0) {
                page.append(' ').append(time - 1500 + 500L * random.nextInt(6));
            }
            page.append('\n');
        }
        return page.append(random.nextInt(6) == 0 ? BROKEN + "\n" : "").toString();
    }

    private static final class PlainRule {
        private record Sample(long time, String value) {}

        private final boolean track;
        private Set<String> alive = new HashSet<>();
        private final Map<String, Sample> last = new HashMap<>();

        PlainRule(boolean track) {
            this.track = track;
        }

        Set<String> scrape(String page, long time) {
            Set<String> rows = new TreeSet<>();
            Set<String> living = new LinkedHashSet<>();
            Map<String, List<Sample>> taken = new HashMap<>();
            Set<String> seen = new HashSet<>();
            boolean broken = page.contains(BROKEN);
            for (String line : page.replace(BROKEN + "\n", "").lines().toList()) {
                String[] parts = line.split(" ", -1);
                boolean stamped = parts.length > 2;
                Sample sample = new Sample(stamped ? Long.parseLong(parts[2]) : time, parts[1]);
                List<Sample> before = taken.computeIfAbsent(parts[0], key -> new ArrayList<>());
                boolean wanted = stamped
                        ? isWanted(sample, last.get(parts[0]), time)
                                && before.stream().allMatch(s -> s.time < sample.time)
                        : seen.add(parts[0]);
                seen.add(parts[0]);
                if (wanted) {
                    before.add(sample);
                    rows.add(parts[0] + "=" + sample.value + "@" + sample.time);
                    if (track || !stamped) {
                        living.add(parts[0]);
                    }
                }
            }
            if (broken) {
                rows.clear();
            } else {
                taken.forEach((series, samples) -> samples.forEach(sample -> {
                    if (sample.time != time) {
                        last.merge(series, sample, (a, b) -> b.time >= a.time ? b : a);
                    }
                }));
            }
            alive.removeAll(living);
            for (String series : alive) {
                Sample marker = new Sample(time, "stale");
                if (isWanted(marker, last.get(series), time)) {
                    last.computeIfPresent(series, (key, before) -> marker);
                    rows.add(series + "=stale@" + time);
                }
            }
            alive = living;
            return rows.isEmpty() ? Set.of("") : rows;
        }

        private static boolean isWanted(Sample sample, Sample last, long time) {
            return sample.time <= time + AHEAD && (last == null || sample.time > last.time || sample.equals(last));
        }
    }
}

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
    private static final int AHEAD = 1600;
    private static final String BROKEN = "x{";

    private static ParseOptions.Builder options() {
        return ParseOptions.builder().futureLimit(Duration.ofMillis(AHEAD)).dropOutOfOrder(true);
    }

    private static ExpositionParser parser(ParseOptions.Builder options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options.build());
    }

    private static ExpositionParser parser(boolean track) {
        return parser(options().trackTimestampsStaleness(track));
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
        "equal as on the page before,               false, a 1 5|a 1 5|a 2 6, a=1@5||a=2@6",
        "equal: its series lives,                   true,  a 1 5|a 1 5|b 1, a=1@5||b=1@3000 a=stale@3000",
        "equal behind an earlier one: it lives,     true,  a 1 5|a 2 4;a 1 5|b 1, a=1@5||b=1@3000 a=stale@3000",
        "equal and a later one behind it,           false, a 1 5|a 1 5;a 2 6, a=1@5|a=2@6",
        "equal but behind its marker,               true,  a 1 5|b 1|a 1 5|a 1 2001, a=1@5|b=1@2000 a=stale@2000|b=stale@3000|a=1@2001",
        "equal again after it was gone,             false, a 1 5|b 1|a 1 5, a=1@5|b=1@2000|b=stale@3000",
        "equal to a scrape,                         false, a 1|a 1 1000;b 1, a=1@1000|b=1@2000 a=stale@2000",
        "equal to a scrape: tracked it lives,       true,  a 1|a 1 1000|b 1, a=1@1000||b=1@3000 a=stale@3000",
        "another value at the same time,            false, a 1 5|a 2 5|a 3 6, a=1@5||a=3@6",
        "earlier than on the page before,           false, a 1 5|a 2 4;a 3 6, a=1@5|a=3@6",
        "too far ahead,                             true,  a 1 2601;b 2, b=2@1000",
        "untracked and refused: no marker,          false, a 1 5|a 2 4, a=1@5|",
        "refused: its series ends,                  true,  a 1 5|a 2 4|a 3 3, a=1@5|a=stale@2000|",
        "and goes on behind its marker,             true,  a 1 5|a 2 4|a 3 1999|a 4 2001, a=1@5|a=stale@2000||a=4@2001",
        "refused and then taken: it lives,          true,  a 1 5|a 2 4;a 3 6|a 4 7, a=1@5|a=3@6|a=4@7",
        "and ends when it goes,                     true,  a 1 5|a 2 4;a 3 6|b 1, a=1@5|a=3@6|b=1@3000 a=stale@3000",
        "taken and then refused: it lives,          true,  a 1 5|a 2 6;a 3 4|b 1, a=1@5|a=2@6|b=1@3000 a=stale@3000",
        "moved and refused,                         true,  a 1 5;b 1;c 1|b 1;c 1;a 2 4, a=1@5 b=1@1000 c=1@1000|b=1@2000 c=1@2000 a=stale@2000",
        "refused at first sight: nothing ends,      true,  a 1 2601|b 1, |b=1@2000",
        "ahead of its end: no marker,               true,  a 1 2600|b 1|b 1|b 1, a=1@2600|b=1@2000|b=1@3000|b=1@4000",
        "gone while ahead: no marker,               true,  a 1 1500|a 2 2500|b 1|b 1, a=1@1500|a=2@2500|b=1@3000 a=stale@3000|b=1@4000",
        "gone while ahead of the marker,            true,  a 1 1600|x{, a=1@1600|a=stale@2000",
        "in a page that broke behind it,            true,  a 1 5;b 1|a 2 4;b 1;x{, a=1@5 b=1@1000|a=stale@2000",
        "the timestamp comes: untracked it ends,    false, a 1|a 2 1500, a=1@1000|a=2@1500 a=stale@2000",
        "the timestamp comes: tracked it lives,     true,  a 1|a 2 1500, a=1@1000|a=2@1500",
        "it comes from before the last scrape,      false, a 1|a 2 500|a 2 500|a 2 1500|a 2 2001, a=1@1000|a=stale@2000|||a=2@2001",
        "from before another scrape than the last,  false, a 1|a 2|a 3 1500|a 4 2500, a=1@1000|a=2@2000|a=stale@3000|",
        "from before the last scrape that was good, false, a 1|a 2;x{|a 3 500;a 4 1500, a=1@1000||a=4@1500 a=stale@3000",
        "from before the marker of a failed page,   false, a 1;b 1|b 2;x{|b 3;a 4 1500|b 4;a 5 2500, a=1@1000 b=1@1000|a=stale@2000|b=3@3000|b=4@4000 a=5@2500",
        "from before its marker,                    false, a 1;t 1 5|t 2 6|a 2 1500;t 3 7|a 2 2500, a=1@1000 t=1@5|t=2@6 a=stale@2000|t=3@7|a=2@2500",
        "moved and from before the last scrape,     false, a 1;b 1;c 1|c 2;a 2 500, a=1@1000 b=1@1000 c=1@1000|c=2@2000 a=stale@2000 b=stale@2000",
        "spelled otherwise,                         false, 'a{x=\"1\",y=\"\"} 1|a{x=\"1\"} 2 500', 'a{x=\"1\"}=1@1000|a{x=\"1\"}=stale@2000'",
        "the timestamp goes while it was ahead,     false, a 1 2500|a 2|a 3|a 4, a=1@2500||a=3@3000|a=4@4000",
        "goes and the series is untracked again,    true,  a 1 2500|a 2|b 1|b 2;a 3, a=1@2500||b=1@3000|b=2@4000 a=3@4000",
        "goes; beside others that are as expected,  false, a 1 2500;b 1|a 2;b 2|b 3;a 3|b 4;a 4, a=1@2500 b=1@1000|b=2@2000|b=3@3000 a=3@3000|b=4@4000 a=4@4000",
        "ahead and gone and back without,           false, a 1 2500;b 1|b 2|a 2;b 3|a 3;b 4|x{|a 4;b 5, a=1@2500 b=1@1000|b=2@2000|a=2@3000 b=3@3000|a=3@4000 b=4@4000|a=stale@5000 b=stale@5000|a=4@6000 b=5@6000",
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

    /** As in Prometheus, a series is added with the first sample that is taken, for as long as the pages have it. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "refused at first,                    a 1 9000|a 2 9000|a 3 3000|a 4 3500,       0 0 1 0",
        "refused in between,                  a 1 5|a 2 4|a 3 6,                         1 0 0",
        "refused and gone,                    a 1 3000|b 1|a 2 5,                        0 1 1",
        "refused and then taken,              a 1 2601;a 2 5|a 3 6,                      1 0",
        "refused and then taken at last,      a 1 9000|a 2 9000;a 3 5;a 4 6|a 5 7,       0 1 0",
        "refused when it returns,             a 1 5|b 1|a 1 5|a 2 3001,                  1 1 0 1",
        "refused before a failure,            a 1 9000;b 1;x{|a 2 5;b 2|a 3 6;b 3,       1 1 0",
        "taken before a failure,              a 1 5;x{|a 2 6,                            1 0",
        "refused where it moved,              a 1 9000;b 1;c 1|b 2;c 2;a 2 9000|c 3;b 3;a 3 5|a 4 6, 2 0 1 0",
    })
    void areAddedWithTheFirstSampleThatIsTaken(String what, String pages, String expected) {
        ExpositionParser parser = parser(true);
        List<String> added = new ArrayList<>();
        String[] all = pages.split("\\|", -1);
        for (int i = 0; i < all.length; i++) {
            scrape(parser, all[i].replace(';', '\n') + "\n", 1000L * (i + 1));
            added.add(String.valueOf(parser.newSeriesCount()));
        }
        assertThat(String.join(" ", added)).isEqualTo(expected);
    }

    @Test
    void aSeriesWithoutASampleThatIsTakenNeedsNoRoom() {
        ExpositionParser parser = parser(options().seriesLimit(1));
        assertThat(scrape(parser, "a 1 9000\nb 1\na 2 5\n", 1000)).isEqualTo("b=1@1000");
        assertThat(parser.leftOutCount(LeftOut.TOO_FAR_AHEAD)).isEqualTo(1);
        assertThat(parser.leftOutCount(LeftOut.OVER_SERIES_LIMIT)).isEqualTo(1);
        assertThat(scrape(parser, "a 1 9000\na 2 5\n", 2000)).isEqualTo("b=stale@2000");
        assertThat(scrape(parser, "a 1 9000\na 2 6\nb 1\n", 3000)).isEqualTo("a=2@6");
        assertThat(parser.newSeriesCount()).isEqualTo(1);
    }

    @Test
    void aSampleThatIsRefusedCountsForTheSampleLimit() {
        ExpositionParser parser = parser(options().sampleLimit(2));
        scrape(parser, "a 1 5\nb 1\n", 1000);
        byte[] page = Pages.bytes("a 2 4\nb 2\nc 2\n");
        assertThatThrownBy(
                        () -> parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, 2000, new SampleBatch()))
                .hasMessageContaining("3 samples");
    }

    @Test
    void whatWasLostIsWantedAgain() {
        ExpositionParser parser = parser(true);
        assertThat(scrape(parser, "a 1 5\nb 1 5\n", 1000)).isEqualTo("a=1@5 b=1@5");
        parser.lose();
        scrape(parser, "a 1 5\nx{\n", 2000);
        assertThat(scrape(parser, "a 1 5\n", 3000)).isEqualTo("a=1@5");
        assertThat(scrape(parser, "a 1 5\n", 4000)).isEmpty();
        assertThat(parser.leftOutCount(LeftOut.REPEATED)).isEqualTo(1);
    }

    @Test
    void whatIsOnThePageIsRememberedThoughThousandsVanish() {
        ExpositionParser parser = parser(false);
        scrape(parser, "a 1 5\nb 1 5\n" + many("s", 3000), 1000);
        scrape(parser, "a 2 4\n" + many("t", 3000), 2000);
        scrape(parser, "a 2 4\n" + many("u", 10), 3000);
        scrape(parser, "a 2 4\n" + many("v", 3000), 4000);
        assertThat(scrape(parser, "a 2 4\na 3 6\nb 2 4\n", 5000)).isEqualTo("a=3@6 b=2@4");
    }

    @Test
    void whatVanishesFromPagesThatAllBreakIsNotRememberedForEver() {
        ExpositionParser parser = parser(true);
        for (int page = 1; page <= 6; page++) {
            scrape(parser, many("s" + page, 1500) + BROKEN + "\n", page * 1000L);
        }
        assertThat(scrape(parser, "s1{i=\"0\"} 2 4\n", 7000)).startsWith("s1{i=\"0\"}=2@4 ");
    }

    private static String many(String name, int series) {
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < series; i++) {
            page.append(name).append("{i=\"").append(i).append("\"} 1 5\n");
        }
        return page.toString();
    }

    @Test
    void aSeriesThatReturnsIsKnownByItsLabels() {
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
        ExpositionParser parser = new ExpositionParser(dictionary, options().build());
        scrape(parser, "a 1 5\n" + many("s", 2000), 1000);
        scrape(parser, many("t", 2000), 2000);
        scrape(parser, many("t", 2000), 3000);
        assertThat(dictionary.size()).as("the first series have been swept").isEqualTo(2000);
        assertThat(scrape(parser, "a 2 4\na 3 6\n", 4000)).isEqualTo("a=3@6");
    }

    @Test
    void whatVanishedLongAgoIsForgotten() {
        ExpositionParser parser = parser(false);
        long hour = 3_600_000;
        scrape(parser, "a 1 5\n", 1000);
        scrape(parser, "b 1\n", 1000 + hour);
        assertThat(scrape(parser, "a 2 4\nb 1\n", 1000 + hour)).isEqualTo("b=1@3601000");
        scrape(parser, "b 1\n", 1001 + 2 * hour);
        scrape(parser, "b 1\n", 1002 + 2 * hour);
        assertThat(scrape(parser, "a 2 4\n", 1003 + 2 * hour)).isEqualTo("a=2@4 b=stale@7201003");
    }

    @Test
    void aClockThatIsSetBackIsFollowed() {
        ExpositionParser parser = parser(false);
        assertThat(scrape(parser, "a 1 5000000\nb 1\n", 9_000_000)).isEqualTo("a=1@5000000 b=1@9000000");
        assertThat(scrape(parser, "a 2 5\nb 2\n", 1000)).isEqualTo("a=2@5 b=2@1000");
        assertThat(scrape(parser, "a 3 4\nb 2\n", 2000)).isEqualTo("b=2@2000");
    }

    @Test
    void aHistogramIsRepeatedOnlyIfAllOfItIs() {
        ExpositionParser parser = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                options().classicHistogramsAsNative(true).build());
        String page = "# TYPE h histogram\nh_bucket{le=\"1\"} 1 5\nh_bucket{le=\"+Inf\"} 2 5\nh_sum 3 5\nh_count 2 5\n";
        assertThat(scrape(parser, page, 1000)).isEqualTo("h=3@5");
        assertThat(scrape(parser, page, 2000)).isEmpty();
        assertThat(parser.leftOutCount(LeftOut.REPEATED)).isEqualTo(1);
        assertThat(scrape(parser, page.replace("} 1 5", "} 2 5"), 3000)).isEmpty();
        assertThat(parser.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(1);
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
            for (int scrape = 1; scrape <= 7; scrape++) {
                long time = 1000L * scrape;
                // What vanished before the first timestamp was met is not remembered.
                String page = scrape == 1 ? "a 1 1\n" : randomPage(random, time);
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
                page.append(' ').append(time - 1400 + 500L * random.nextInt(8));
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
                boolean wanted = (seen.add(parts[0]) || stamped)
                        && isWanted(sample, last.get(parts[0]), time)
                        && before.stream().allMatch(s -> s.time < sample.time);
                if (wanted && !sample.equals(last.get(parts[0]))) {
                    before.add(sample);
                    rows.add(parts[0] + "=" + sample.value + "@" + sample.time);
                }
                if (wanted && (track || !stamped)) {
                    living.add(parts[0]);
                }
            }
            if (broken) {
                rows.clear();
            } else {
                taken.forEach((series, samples) -> samples.forEach(sample -> last.put(series, sample)));
            }
            alive.removeAll(living);
            for (String series : alive) {
                Sample marker = new Sample(time, "stale");
                if (isWanted(marker, last.get(series), time)) {
                    last.put(series, marker);
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

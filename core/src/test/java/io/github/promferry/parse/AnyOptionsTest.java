package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.WarmEqualsColdTest.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Whatever the options, the format and the pages before, a page gives the same rows, counts or error as to a parser that has
 * seen nothing, and ends the series that a naive set says.
 */
class AnyOptionsTest {
    private static final List<ExpositionFormat> FORMATS = List.of(ExpositionFormat.values());

    private static final int LAPS = 14;

    /** One target: its parser, and what of its series is alive, told naively. */
    private static final class Target {
        private final ExpositionParser parser;
        private final ParseOptions options;
        /** To whether its samples have timestamps of their own. */
        private Map<Labels, Boolean> alive = new TreeMap<>();
        /** Whether all series that the parser remembers are those alive. */
        private boolean knowsTheAlive = true;

        private Target(SeriesDictionary dictionary, ParseOptions options) {
            parser = new ExpositionParser(dictionary, options);
            this.options = options;
        }

        private void take(ExpositionFormat format, byte[] page) {
            ExpositionParser cold = new ExpositionParser(new SeriesDictionary(WarmEqualsColdTest.RESOLVER), options);
            SampleBatch expected = new SampleBatch();
            String expectedError = error(cold, format, page, expected);
            SampleBatch rows = new SampleBatch();
            String error = error(parser, format, page, rows);
            if (error.contains("maxEntries")) {
                end(rows);
                return;
            }
            String what = format + " " + new String(page, UTF_8);
            assertThat(error).as(what).isEqualTo(expectedError);
            assertThat(Pages.rows(rows)).as(what).isEqualTo(Pages.rows(expected));
            assertThat(counts(parser)).as(what).isEqualTo(counts(cold));
            if (error.isEmpty()) {
                checkSeries(rows);
            } else {
                end(rows);
            }
        }

        private static String error(ExpositionParser parser, ExpositionFormat format, byte[] page, SampleBatch into) {
            try {
                parser.parse(format, page, 0, page.length, Pages.SCRAPE_TIME, into);
                return "";
            } catch (ExpositionException e) {
                return e.getMessage();
            }
        }

        /** Those that are not zero. */
        private static Map<String, Integer> counts(ExpositionParser parser) {
            Map<String, Integer> counts = new TreeMap<>();
            counts.put("samples", parser.sampleCount());
            counts.put("kept", parser.keptCount());
            counts.put("bad lines", parser.badLineCount());
            for (LeftOut why : LeftOut.values()) {
                counts.put(why.name(), parser.leftOutCount(why));
            }
            for (Tolerated kind : Tolerated.values()) {
                counts.put(kind.name(), parser.toleratedCount(kind));
            }
            counts.values().removeIf(count -> count == 0);
            return counts;
        }

        private void checkSeries(SampleBatch rows) {
            Map<Labels, Boolean> now = new TreeMap<>();
            for (int row = 0; row < rows.size(); row++) {
                now.putIfAbsent(rows.series(row).labels(), rows.timestamp(row) != Pages.SCRAPE_TIME);
            }
            if (knowsTheAlive) {
                Set<Labels> fresh = new TreeSet<>(now.keySet());
                fresh.removeAll(alive.keySet());
                assertThat(parser.newSeriesCount()).as("new").isEqualTo(fresh.size());
            }
            SampleBatch stale = new SampleBatch();
            parser.addVanished(1, stale);
            Set<Labels> gone = new TreeSet<>();
            alive.forEach((series, stamped) -> {
                if (mayGoStale(stamped) && !(now.containsKey(series) && mayGoStale(now.get(series)))) {
                    gone.add(series);
                }
            });
            assertThat(Pages.series(stale))
                    .as("vanished")
                    .containsExactlyInAnyOrderElementsOf(
                            gone.stream().map(Labels::toString).toList());
            alive = now;
            knowsTheAlive = true;
        }

        private boolean mayGoStale(boolean stamped) {
            return !stamped || options.trackTimestampsStaleness();
        }

        /** What stood before the error is known from now on, but nothing is alive. */
        private void end(SampleBatch rows) {
            assertThat(rows.size()).isZero();
            parser.addAllStale(1, new SampleBatch());
            alive = new TreeMap<>();
            knowsTheAlive = false;
        }
    }

    @Property(tries = 2000)
    void anySequenceOfChangingPages(@ForAll long seed) {
        takePages(new Random(seed), new SeriesDictionary(WarmEqualsColdTest.RESOLVER));
    }

    @Property(tries = 1000)
    void anySequenceOfChangingProtobufPages(@ForAll long seed) {
        takeProtobufPages(new Random(seed), new SeriesDictionary(WarmEqualsColdTest.RESOLVER));
    }

    /** Pages that do not fit fail, those that fit are read as ever, and the dictionary never holds more. */
    @Property(tries = 1000)
    void anySequenceOfPagesAroundTheLimitOfTheDictionary(@ForAll long seed, @ForAll boolean protobuf) {
        Random random = new Random(seed);
        int maxEntries = 1 + random.nextInt(40);
        SeriesDictionary dictionary = new SeriesDictionary(WarmEqualsColdTest.RESOLVER, maxEntries);
        if (protobuf) {
            takeProtobufPages(random, dictionary);
        } else {
            takePages(random, dictionary);
        }
        assertThat(dictionary.size()).isLessThanOrEqualTo(maxEntries);
    }

    private static void takePages(Random random, SeriesDictionary dictionary) {
        List<Target> targets = targets(random, dictionary);
        ExpositionFormat usual = anyTextFormat(random);
        List<String> page = new ArrayList<>();
        for (int lap = 0; lap < LAPS; lap++) {
            page = WarmEqualsColdTest.changed(page, random, () -> line(random));
            ExpositionFormat format = random.nextInt(6) == 0 ? anyTextFormat(random) : usual;
            String end = format.isOpenMetrics() && random.nextInt(20) > 0 ? "# EOF\n" : "";
            byte[] bytes = Pages.bytes(String.join("\n", page) + (page.isEmpty() ? "" : "\n") + end);
            oneOf(targets, random).take(format, bytes);
        }
    }

    private static void takeProtobufPages(Random random, SeriesDictionary dictionary) {
        List<Target> targets = targets(random, dictionary);
        List<Metric> page = new ArrayList<>();
        for (int lap = 0; lap < LAPS; lap++) {
            page = WarmEqualsColdTest.changed(page, random, () -> Metric.random(random));
            byte[] bytes = Metric.page(page, random);
            byte[] cut = Arrays.copyOf(bytes, Math.max(0, bytes.length - (random.nextInt(20) == 0 ? 1 : 0)));
            oneOf(targets, random).take(ExpositionFormat.PROTOBUF, cut);
        }
    }

    /** The last has options of its own, so that one dictionary holds lines that are read in different ways. */
    private static List<Target> targets(Random random, SeriesDictionary dictionary) {
        ParseOptions options = anyOptions(random);
        return List.of(
                new Target(dictionary, options),
                new Target(dictionary, options),
                new Target(dictionary, anyOptions(random)));
    }

    /** The first one mostly. */
    private static Target oneOf(List<Target> targets, Random random) {
        return targets.get(Math.max(0, random.nextInt(6) - 3));
    }

    private static ExpositionFormat anyTextFormat(Random random) {
        return FORMATS.get(random.nextInt(FORMATS.size() - 1));
    }

    /** But what depends on earlier pages, such as {@code dropOutOfOrder}. */
    private static ParseOptions anyOptions(Random random) {
        ParseOptions.Created[] created = ParseOptions.Created.values();
        return ParseOptions.builder()
                .strict(random.nextInt(6) == 0)
                .utf8Names(random.nextBoolean())
                .skipBadLines(random.nextInt(3) > 0)
                .normalizeBounds(random.nextBoolean())
                .honorTimestamps(random.nextInt(4) > 0)
                .trackTimestampsStaleness(random.nextBoolean())
                .endMarkRequired(random.nextBoolean())
                .replaceInvalidHelp(random.nextBoolean())
                .nativeHistograms(random.nextInt(4) > 0)
                .nativeHistogramMinBucketFactor(random.nextInt(4) == 0 ? 3 : 0)
                .classicHistogramsToo(random.nextBoolean())
                .classicHistogramsAsNative(random.nextInt(3) == 0)
                .created(created[random.nextInt(created.length)])
                .build();
    }

    private static String line(Random random) {
        String name = "m" + random.nextInt(9);
        String stamp = random.nextInt(5) == 0 ? " " + random.nextInt(3) : "";
        String value = String.valueOf(random.nextInt(4));
        String exemplar = random.nextInt(4) == 0 ? " # {id=\"" + value + "\"} 0.5 1" : "";
        String start = random.nextInt(4) == 0 ? " st@" + random.nextInt(3) : "";
        return switch (random.nextInt(20)) {
            case 0, 1 ->
                "# TYPE " + name + " "
                        + WarmEqualsColdTest.oneOf(
                                random,
                                "counter",
                                "gauge",
                                "histogram",
                                "summary",
                                "info",
                                "stateset",
                                "gaugehistogram");
            case 2 -> "# HELP " + name + " help " + value;
            case 3 -> "# UNIT " + name + WarmEqualsColdTest.oneOf(random, " s", "");
            case 4 -> "{\"" + name + "\",\"l.n\"=\"" + value + "\"} " + value + stamp;
            case 5, 6, 7 ->
                name + "_bucket{le=\"" + WarmEqualsColdTest.oneOf(random, "1", "1.0", "2", "+Inf") + "\"} " + value
                        + stamp + start + exemplar;
            case 8 ->
                name + "{quantile=\"" + WarmEqualsColdTest.oneOf(random, "0.5", "0.50", "1") + "\"} " + value + stamp;
            case 9 ->
                name
                        + WarmEqualsColdTest.oneOf(random, "_count ", "_sum ", "_gcount ", "_gsum ")
                        + value
                        + stamp
                        + start;
            case 10 -> name + "_created" + WarmEqualsColdTest.oneOf(random, "", "{a=\"1\"}") + " 1." + value;
            case 11, 12 ->
                name + "_total" + WarmEqualsColdTest.oneOf(random, "", "{a=\"1\"}") + " " + value + stamp + start
                        + exemplar;
            case 13 -> name + " {count:3,sum:1.5,bucket:[1:" + value + ",+Inf:3]}" + stamp + start + exemplar;
            case 14 ->
                name
                        + " {count:4,sum:1.5,schema:2,zero_threshold:0.0,zero_count:0,positive_spans:[0:2],positive_buckets:[1,"
                        + value + "]}" + stamp + start + exemplar;
            case 15 -> name + " {count:3,sum:1.5,quantile:[0.5:" + value + "]}" + stamp + start;
            case 16 ->
                random.nextInt(3) == 0
                        ? WarmEqualsColdTest.oneOf(random, "bad{", "m1", "m1 x", "m1 1 x", "# EOF", "")
                        : name + " 1";
            case 17 -> "# OMTAIL" + start + exemplar;
            default -> name + "{x=\"" + random.nextInt(2) + "\"} " + random.nextInt(100) / 4.0 + stamp;
        };
    }
}

package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Prediction, hash and full parse must agree: whatever pages came before, a page gives the same rows as to a parser that
 * has seen nothing, and what is new, vanished and duplicate is what a naive set says.
 */
class WarmEqualsColdTest {
    /** Drops what ends in 7, so that dropped lines take part. */
    static final SeriesResolver RESOLVER =
            (labels, metadata) -> labels.metricName().endsWith("7") ? null : Series.of(labels, metadata);

    private static final String NATIVE =
            "{count:3,sum:1.5,schema:0,zero_threshold:0.0,zero_count:0," + "positive_spans:[0:1],positive_buckets:[3]}";

    /** What a target is, told naively: the series that are known and those of them that are alive, stamped or not. */
    private static final class Model {
        private final Set<Labels> known = new TreeSet<>();
        private Map<Labels, Boolean> alive = Map.of();

        private void check(Twin warm, SampleBatch cold, ExpositionParser coldParser) {
            assertThat(warm.parser.leftOutCount(LeftOut.DUPLICATE))
                    .isEqualTo(coldParser.leftOutCount(LeftOut.DUPLICATE));
            assertThat(warm.parser.sampleCount()).isEqualTo(coldParser.sampleCount());
            assertThat(warm.parser.keptCount()).isEqualTo(coldParser.keptCount());
            for (Tolerated kind : Tolerated.values()) {
                assertThat(warm.parser.toleratedCount(kind)).as(kind.name()).isEqualTo(coldParser.toleratedCount(kind));
            }
            checkSeries(warm, series(cold, cold.size()));
            known.retainAll(alive.keySet());
        }

        /** After a page that failed: the given series came before the failure. */
        private void checkSeries(Twin warm, Map<Labels, Boolean> now) {
            Set<Labels> fresh = new TreeSet<>(now.keySet());
            fresh.removeAll(known);
            assertThat(warm.parser.newSeriesCount()).as("new").isEqualTo(fresh.size());
            Set<Labels> gone = mayGoStale();
            // As in Prometheus, a series that has come to have timestamps of its own ends.
            gone.removeIf(series -> !now.getOrDefault(series, true));
            assertThat(warm.vanished()).as("vanished").containsExactlyInAnyOrderElementsOf(gone);
            known.addAll(fresh);
            alive = now;
        }

        private void checkAllStale(Twin warm) {
            assertThat(warm.allStale()).containsExactlyInAnyOrderElementsOf(mayGoStale());
            alive = Map.of();
        }

        private Set<Labels> mayGoStale() {
            Set<Labels> series = new TreeSet<>();
            alive.forEach((labels, stamped) -> {
                if (!stamped) {
                    series.add(labels);
                }
            });
            return series;
        }

        private static Map<Labels, Boolean> series(SampleBatch rows, int count) {
            Map<Labels, Boolean> series = new LinkedHashMap<>();
            for (int row = 0; row < count; row++) {
                boolean stamped = rows.timestamp(row) != Pages.SCRAPE_TIME;
                series.putIfAbsent(rows.series(row).labels(), stamped);
            }
            return series;
        }
    }

    private static final class Twin {
        private final ExpositionParser parser;
        private final ParseOptions options;

        private Twin(SeriesDictionary dictionary) {
            this(dictionary, ParseOptions.DEFAULTS);
        }

        private Twin(SeriesDictionary dictionary, ParseOptions options) {
            parser = new ExpositionParser(dictionary, options);
            this.options = options;
        }

        private List<Labels> vanished() {
            SampleBatch stale = new SampleBatch();
            parser.addVanished(1, stale);
            return labels(stale);
        }

        private List<Labels> allStale() {
            SampleBatch stale = new SampleBatch();
            parser.addAllStale(1, stale);
            return labels(stale);
        }

        private static List<Labels> labels(SampleBatch batch) {
            List<Labels> labels = new ArrayList<>();
            for (int row = 0; row < batch.size(); row++) {
                labels.add(batch.series(row).labels());
            }
            return labels;
        }
    }

    @Property(tries = 2000)
    void anySequenceOfChangingPages(@ForAll long seed) {
        Random random = new Random(seed);
        SeriesDictionary dictionary = new SeriesDictionary(RESOLVER);
        List<Twin> targets = List.of(new Twin(dictionary), new Twin(dictionary));
        List<Model> models = List.of(new Model(), new Model());
        List<String> page = randomPage(random);
        for (int lap = 0; lap < 12; lap++) {
            int target = random.nextInt(4) == 0 ? 1 : 0;
            page = changed(page, random, () -> randomLine(random, 12));
            step(targets.get(target), models.get(target), page, random);
        }
    }

    @Property(tries = 1000)
    void anySequenceOfPagesWithConvertedHistograms(@ForAll long seed) {
        Random random = new Random(seed);
        ParseOptions options = ParseOptions.builder()
                .classicHistogramsAsNative(true)
                .classicHistogramsToo(random.nextBoolean())
                .build();
        SeriesDictionary dictionary = new SeriesDictionary(RESOLVER);
        List<Twin> targets = List.of(new Twin(dictionary, options), new Twin(dictionary, options));
        List<Model> models = List.of(new Model(), new Model());
        List<String> page = new ArrayList<>();
        for (int lap = 0; lap < 12; lap++) {
            int target = random.nextInt(4) == 0 ? 1 : 0;
            page = changed(page, random, () -> histogramLine(random));
            step(targets.get(target), models.get(target), page, random);
        }
    }

    private static String histogramLine(Random random) {
        String name = "h" + random.nextInt(3);
        String label = "a=\"" + random.nextInt(2) + "\"";
        String stamp = random.nextInt(8) == 0 ? " 1" : "";
        return switch (random.nextInt(10)) {
            case 8 -> "# OMTAIL # {id=\"" + random.nextInt(2) + "\"} 0.5 1";
            case 9 -> "# OMLINE " + name + "{" + label + "} " + NATIVE;
            case 0 -> "# TYPE " + name + (random.nextInt(4) == 0 ? " gauge" : " histogram");
            case 1 -> name + "_count{" + label + "} 3" + stamp;
            case 2 -> name + "_sum{" + label + "} " + random.nextInt(9) + stamp;
            case 3 -> name + "_bucket{" + label + ",le=\"+Inf\"} 3" + stamp;
            case 4 -> "other " + random.nextInt(9);
            default -> name + "_bucket{le=\"" + random.nextInt(4) + "\"," + label + "} " + random.nextInt(4) + stamp;
        };
    }

    @Property(tries = 1000)
    void anySequenceOfChangingProtobufPages(@ForAll long seed, @ForAll boolean nativeToo) {
        Random random = new Random(seed);
        ParseOptions options = ParseOptions.builder()
                .nativeHistograms(nativeToo)
                .classicHistogramsAsNative(random.nextBoolean())
                .classicHistogramsToo(random.nextBoolean())
                .build();
        SeriesDictionary dictionary = new SeriesDictionary(RESOLVER);
        List<Twin> targets = List.of(new Twin(dictionary, options), new Twin(dictionary, options));
        List<Model> models = List.of(new Model(), new Model());
        List<Metric> page = new ArrayList<>();
        for (int lap = 0; lap < 12; lap++) {
            int target = random.nextInt(4) == 0 ? 1 : 0;
            page = changed(page, random, () -> Metric.random(random));
            byte[] bytes = Metric.page(page, random);
            byte[] before = Metric.page(page.subList(0, random.nextInt(page.size() + 1)), random);
            byte[] bad = Arrays.copyOf(before, before.length + 2);
            // A family of more bytes than are left.
            bad[before.length] = 5;
            step(targets.get(target), models.get(target), ExpositionFormat.PROTOBUF, bytes, bad, before, random);
        }
    }

    /** Metrics that stand one after the other under one header are one family. */
    record Metric(String name, int type, String help, ProtoMessage labels, boolean stamped, int shape) {
        private static final int COUNTER = 0;
        private static final int SUMMARY = 2;
        private static final int HISTOGRAM = 4;

        static Metric random(Random random) {
            int[] types = {COUNTER, 1, SUMMARY, 3, HISTOGRAM, 5};
            ProtoMessage labels = new ProtoMessage();
            List<String> names = new ArrayList<>(List.of("a", "b"));
            Collections.shuffle(names, random);
            names.forEach(label -> labels.label(label, String.valueOf(random.nextInt(2))));
            return new Metric(
                    "m" + random.nextInt(9),
                    types[random.nextInt(types.length)],
                    random.nextInt(4) == 0 ? "Other help." : "Help.",
                    labels,
                    random.nextInt(8) == 0,
                    random.nextInt(6));
        }

        static byte[] page(List<Metric> metrics, Random random) {
            ByteArrayOutputStream page = new ByteArrayOutputStream();
            for (int at = 0; at < metrics.size(); ) {
                Metric first = metrics.get(at);
                ProtoMessage family = new ProtoMessage()
                        .text(1, first.name)
                        .text(2, first.help)
                        .varint(3, first.type);
                while (at < metrics.size() && metrics.get(at).isOfFamily(first)) {
                    family.message(4, metrics.get(at++).message(random));
                }
                page.writeBytes(family.delimited());
            }
            return page.toByteArray();
        }

        private boolean isOfFamily(Metric other) {
            return name.equals(other.name) && type == other.type && help.equals(other.help);
        }

        private ProtoMessage message(Random random) {
            ProtoMessage metric = new ProtoMessage();
            metric.raw(labels);
            switch (type) {
                case COUNTER -> {
                    ProtoMessage counter = new ProtoMessage().fixed(1, random.nextInt(100));
                    if (shape == 0) {
                        counter.message(2, new ProtoMessage().label("id", "1").fixed(2, 0.5));
                    }
                    metric.message(3, shape == 1 ? counter.message(3, new ProtoMessage().varint(1, 7)) : counter);
                }
                case SUMMARY -> metric.message(4, summary(random));
                case HISTOGRAM, 5 -> metric.message(7, histogram(random));
                default -> metric.message(type == 1 ? 2 : 5, new ProtoMessage().fixed(1, random.nextInt(100)));
            }
            return stamped ? metric.varint(6, 1 + random.nextInt(2)) : metric;
        }

        private ProtoMessage summary(Random random) {
            ProtoMessage summary =
                    new ProtoMessage().varint(1, random.nextInt(100)).fixed(2, 1.5);
            for (int quantile = 0; quantile < shape; quantile++) {
                summary.message(3, new ProtoMessage().fixed(1, quantile / 10.0).fixed(2, random.nextInt(5)));
            }
            return summary;
        }

        /** Classic, native, both or neither. */
        private ProtoMessage histogram(Random random) {
            boolean isNative = shape % 2 == 0;
            int first = random.nextInt(5);
            ProtoMessage histogram =
                    new ProtoMessage().varint(1, isNative ? 2L * first + 3 : 9).fixed(2, random.nextInt(100));
            for (int bucket = 0; bucket < shape - 1; bucket++) {
                histogram.message(3, new ProtoMessage().varint(1, bucket).fixed(2, bucket));
            }
            if (isNative) {
                histogram
                        .zigzag(5, 1)
                        .message(12, new ProtoMessage().zigzag(1, 2).varint(2, 2))
                        .zigzag(13, first)
                        .zigzag(13, 3);
            }
            return histogram;
        }
    }

    /** The look-ahead sees eight lines: pages of this size are jumped and shuffled beyond it. */
    @ParameterizedTest
    @ValueSource(ints = {60, 300})
    void longPagesToo(int lines) {
        for (int seed = 0; seed < 150; seed++) {
            Random random = new Random(seed);
            Twin warm = new Twin(new SeriesDictionary(RESOLVER));
            Model model = new Model();
            List<String> page = new ArrayList<>();
            for (int i = 0; i < lines; i++) {
                page.add(randomLine(random, lines));
            }
            for (int lap = 0; lap < 8; lap++) {
                page = changed(page, random, () -> randomLine(random, 12));
                step(warm, model, page, random);
            }
        }
    }

    /** Lines of a page share what was read of their names and labels; each must mean what it means alone. */
    @Property(tries = 1000)
    void aLineMeansTheSameAmongOthersAsAlone(@ForAll long seed) {
        Random random = new Random(seed);
        ExpositionFormat format =
                random.nextBoolean() ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
        ParseOptions options =
                ParseOptions.builder().normalizeBounds(random.nextBoolean()).build();
        StringBuilder page = new StringBuilder();
        StringBuilder comments = new StringBuilder();
        Map<Labels, String> alone = new LinkedHashMap<>();
        int[] tolerated = new int[Tolerated.values().length];
        int samples = 0;
        for (int i = 0; i < 40; i++) {
            String line = groupedLine(random) + "\n";
            page.append(line);
            if (line.startsWith("#")) {
                comments.append(line);
                continue;
            }
            ExpositionParser parser = cold(options);
            SampleBatch row = Pages.parse(parser, format, ended(comments + line, format));
            alone.putIfAbsent(row.series(0).labels(), Pages.rows(row).get(0));
            samples++;
            addTolerated(parser, 1, tolerated);
            addTolerated(parsed(options, format, comments), -1, tolerated);
        }
        addTolerated(parsed(options, format, comments), 1, tolerated);

        ExpositionParser all = cold(options);
        SampleBatch together = Pages.parse(all, format, ended(page.toString(), format));

        assertThat(Pages.rows(together)).containsExactlyElementsOf(alone.values());
        assertThat(all.leftOutCount(LeftOut.DUPLICATE)).isEqualTo(samples - alone.size());
        for (Tolerated kind : Tolerated.values()) {
            if (!kind.isOfLinesTogether()) {
                assertThat(all.toleratedCount(kind)).as(kind.name()).isEqualTo(tolerated[kind.index()]);
            }
        }
    }

    private static ExpositionParser cold(ParseOptions options) {
        return new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
    }

    private static ExpositionParser parsed(ParseOptions options, ExpositionFormat format, CharSequence page) {
        ExpositionParser parser = cold(options);
        Pages.parse(parser, format, ended(page.toString(), format));
        return parser;
    }

    private static void addTolerated(ExpositionParser parser, int sign, int[] to) {
        for (Tolerated kind : Tolerated.values()) {
            to[kind.index()] += sign * parser.toleratedCount(kind);
        }
    }

    private static byte[] ended(String page, ExpositionFormat format) {
        return Pages.bytes(page + (format.isOpenMetrics() ? "# EOF\n" : ""));
    }

    /** A line whose name and labels are likely to come again, in an odd spelling too; all have the same value. */
    private static String groupedLine(Random random) {
        String[] names = {"m", "m_bucket", "m_total", "m_sum", "other"};
        String[] types = {"histogram", "counter", "summary", "gauge"};
        String[] labels = {
            "",
            "{}",
            "{a=\"1\"}",
            "{a=\"1\",}",
            "{ a=\"1\"}",
            " {a=\"1\"}",
            "{b=\"2\",a=\"1\"}",
            "{le=\"1\"}",
            "{le=\"1.0\",a=\"1\"}",
            "{quantile=\"0.50\"}",
            "{A=\"1\",a=\"1\"}",
            "{\"é\"=\"1\"}",
            "{a=\"}\"}",
            "{a=\"\\\"}\"}",
            "{a=\"\"}",
            "{a=\"a long value, long enough for several words}\",b=\"x\"}"
        };
        return switch (random.nextInt(8)) {
            case 0 -> "# TYPE m " + types[random.nextInt(types.length)];
            case 1 -> "# HELP m help " + random.nextInt(2);
            case 2 -> "{\"" + names[random.nextInt(names.length)] + "\",a=\"1\"} 1";
            default -> names[random.nextInt(names.length)] + labels[random.nextInt(labels.length)] + " 1";
        };
    }

    private static void step(Twin warm, Model model, List<String> lines, Random random) {
        ExpositionFormat format =
                random.nextInt(5) == 0 ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
        List<String> before = lines.subList(0, random.nextInt(lines.size() + 1));
        List<String> bad = new ArrayList<>(before);
        bad.add("bad{");
        step(warm, model, format, page(format, lines), page(format, bad), page(format, before), random);
    }

    private static byte[] page(ExpositionFormat format, List<String> lines) {
        return Pages.bytes(String.join("\n", lines) + "\n" + (format.isOpenMetrics() ? "# EOF\n" : ""));
    }

    /** A bad page is one of {@code before} and then an error. */
    private static void step(
            Twin warm, Model model, ExpositionFormat format, byte[] page, byte[] bad, byte[] before, Random random) {
        switch (random.nextInt(8)) {
            case 0 -> {
                assertThatThrownBy(() -> Pages.parse(warm.parser, format, bad)).isInstanceOf(ExpositionException.class);
                SampleBatch cold = Pages.parse(coldParser(warm), format, before);
                model.checkSeries(warm, Model.series(cold, cold.size()));
            }
            case 1 -> model.checkAllStale(warm);
            default -> {}
        }
        ExpositionParser coldParser = coldParser(warm);
        SampleBatch cold = Pages.parse(coldParser, format, page);
        SampleBatch hot = Pages.parse(warm.parser, format, page);
        assertThat(Pages.rows(hot)).isEqualTo(Pages.rows(cold));
        model.check(warm, cold, coldParser);
    }

    private static ExpositionParser coldParser(Twin warm) {
        return new ExpositionParser(new SeriesDictionary(RESOLVER), warm.options);
    }

    /** A page with too many samples fails, and what its first samples are of lives on. */
    @Property(tries = 1000)
    void anySequenceOfPagesAroundTheSampleLimit(@ForAll long seed) {
        Random random = new Random(seed);
        SeriesDictionary dictionary = new SeriesDictionary(RESOLVER);
        int limit = 1 + random.nextInt(20);
        Twin warm =
                new Twin(dictionary, ParseOptions.builder().sampleLimit(limit).build());
        Model model = new Model();
        List<String> lines = randomPage(random);
        for (int lap = 0; lap < 12; lap++) {
            lines = changed(lines, random, () -> randomLine(random, 12));
            byte[] page = page(ExpositionFormat.TEXT_0_0_4, lines);
            ExpositionParser coldParser = new ExpositionParser(new SeriesDictionary(RESOLVER), ParseOptions.DEFAULTS);
            SampleBatch cold = Pages.parse(coldParser, ExpositionFormat.TEXT_0_0_4, page);
            if (cold.size() <= limit) {
                Pages.parse(warm.parser, ExpositionFormat.TEXT_0_0_4, page);
                model.check(warm, cold, coldParser);
            } else {
                assertThatThrownBy(() -> Pages.parse(warm.parser, ExpositionFormat.TEXT_0_0_4, page))
                        .isInstanceOf(ExpositionException.class)
                        .hasMessageContaining(cold.size() + " samples");
                assertThat(warm.parser.keptCount()).isEqualTo(coldParser.keptCount());
                model.checkSeries(warm, Model.series(cold, limit));
            }
        }
    }

    /** Series that were let in stay, others come in when there is room, and nothing else is ever delivered or ended. */
    @Property(tries = 1000)
    void anySequenceOfPagesAroundTheSeriesLimit(@ForAll long seed) {
        Random random = new Random(seed);
        int limit = 1 + random.nextInt(20);
        Twin warm = new Twin(
                new SeriesDictionary(RESOLVER),
                ParseOptions.builder().seriesLimit(limit).build());
        Set<Labels> admitted = new TreeSet<>();
        Map<Labels, Boolean> alive = Map.of();
        Set<Labels> known = Set.of();
        List<String> lines = randomPage(random);
        for (int lap = 0; lap < 12; lap++) {
            lines = changed(lines, random, () -> randomLine(random, 12));
            byte[] page = page(ExpositionFormat.TEXT_0_0_4, lines);
            ExpositionParser coldParser = new ExpositionParser(new SeriesDictionary(RESOLVER), ParseOptions.DEFAULTS);
            SampleBatch cold = Pages.parse(coldParser, ExpositionFormat.TEXT_0_0_4, page);
            Map<Labels, Boolean> now = Model.series(cold, cold.size());
            for (Labels series : now.keySet()) {
                if (admitted.size() < limit) {
                    admitted.add(series);
                }
            }
            List<String> expected = new ArrayList<>();
            for (int row = 0; row < cold.size(); row++) {
                if (admitted.contains(cold.series(row).labels())) {
                    expected.add(Pages.rows(cold).get(row));
                }
            }
            assertThat(Pages.rows(Pages.parse(warm.parser, ExpositionFormat.TEXT_0_0_4, page)))
                    .isEqualTo(expected);
            assertThat(warm.parser.leftOutCount(LeftOut.OVER_SERIES_LIMIT)
                            + warm.parser.leftOutCount(LeftOut.DUPLICATE)
                            + expected.size())
                    .isEqualTo(warm.parser.keptCount());
            admitted.retainAll(now.keySet());
            Set<Labels> fresh = new TreeSet<>(admitted);
            fresh.removeAll(known);
            assertThat(warm.parser.newSeriesCount()).isEqualTo(fresh.size());
            known = Set.copyOf(admitted);
            Set<Labels> gone = new TreeSet<>();
            alive.forEach((series, stamped) -> {
                if (!stamped && now.getOrDefault(series, true)) {
                    gone.add(series);
                }
            });
            assertThat(warm.vanished()).containsExactlyInAnyOrderElementsOf(gone);
            alive = new LinkedHashMap<>(now);
            alive.keySet().retainAll(admitted);
        }
    }

    private static List<String> randomPage(Random random) {
        List<String> page = new ArrayList<>();
        int lines = random.nextInt(30);
        for (int i = 0; i < lines; i++) {
            page.add(randomLine(random, 12));
        }
        return page;
    }

    private static String randomLine(Random random, int series) {
        int i = random.nextInt(series);
        return switch (random.nextInt(19)) {
            case 0 ->
                "# TYPE m" + i + " " + oneOf(random, "counter", "gauge", "histogram", "summary", "info", "Stateset");
            case 1 -> "# HELP m" + i + " help " + random.nextInt(2);
            case 2 -> oneOf(random, "# comment", "# UNIT m" + i + " s");
            case 3 -> "m" + i + "{b=\"2\",a=\"1\"} " + oneOf(random, "0", "1", "-1", "nan", "-nan", "1e99");
            case 4 ->
                "m" + i + oneOf(random, "", "_info", "_sum", "_bucket") + "{a=\"1\",b=\"2\"} " + random.nextInt(5);
            case 5 -> "s" + i + " 1" + oneOf(random, "", " 1", " 2");
            case 6 -> "m" + i + " 2 ";
            case 7 -> "  m" + i + "\t3";
            case 8 -> "";
            case 16 -> "# OMTAIL st@" + random.nextInt(3) + " # {id=\"" + random.nextInt(2) + "\"} 0.5 1";
            case 17 -> "# OMLINE m" + i + " " + NATIVE;
            case 18 -> random.nextBoolean() ? "# OMTAIL st@1 and more" : "# OMLINE m" + i + " 5";
            case 9 -> "m" + i + "_total 4 # {trace=\"" + random.nextInt(2) + "\"} 0.5";
            default -> "m" + i + "{x=\"" + random.nextInt(2) + "\"} " + random.nextInt(100) / 4.0;
        };
    }

    static String oneOf(Random random, String... words) {
        return words[random.nextInt(words.length)];
    }

    static <T> List<T> changed(List<T> page, Random random, Supplier<T> another) {
        List<T> next = new ArrayList<>(page);
        for (int edits = random.nextInt(4); edits > 0; edits--) {
            int size = next.size();
            int at = random.nextInt(size + 1);
            switch (random.nextInt(9)) {
                case 0 ->
                    next.subList(at, Math.min(size, at + random.nextInt(40))).clear();
                case 1 -> Collections.rotate(next, random.nextInt(20));
                case 2 -> Collections.shuffle(next, random);
                case 3 -> next.addAll(at, new ArrayList<>(next.subList(0, Math.min(size, random.nextInt(4)))));
                case 4 -> next.addAll(0, new ArrayList<>(next.subList(at, size)));
                case 5 -> {
                    if (at < size) {
                        next.add(random.nextInt(size), next.remove(at));
                    }
                }
                default -> next.add(at, another.get());
            }
        }
        return next.subList(0, Math.min(next.size(), 400));
    }
}

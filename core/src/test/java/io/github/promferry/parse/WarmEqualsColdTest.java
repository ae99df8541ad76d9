package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
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
    private static final SeriesResolver RESOLVER =
            (labels, metadata) -> labels.metricName().endsWith("7") ? null : Series.of(labels, metadata);

    /** What a target is, told naively. */
    private static final class Model {
        private Map<Labels, Boolean> remembered = Map.of();
        private boolean live;

        private void check(Twin warm, SampleBatch cold, ExpositionParser coldParser) {
            Map<Labels, Boolean> now = new LinkedHashMap<>();
            for (int row = 0; row < cold.size(); row++) {
                boolean stamped = cold.timestamp(row) != Pages.SCRAPE_TIME;
                now.putIfAbsent(cold.series(row).labels(), stamped);
            }
            Set<Labels> fresh = new TreeSet<>(now.keySet());
            fresh.removeAll(remembered.keySet());
            Set<Labels> gone = new TreeSet<>();
            remembered.forEach((labels, stamped) -> {
                if (live && !stamped && !now.containsKey(labels)) {
                    gone.add(labels);
                }
            });
            assertThat(warm.parser.newSeriesCount()).as("new").isEqualTo(fresh.size());
            assertThat(warm.parser.duplicateCount()).isEqualTo(coldParser.duplicateCount());
            assertThat(warm.parser.sampleCount()).isEqualTo(coldParser.sampleCount());
            assertThat(warm.parser.keptCount()).isEqualTo(coldParser.keptCount());
            for (Tolerated kind : Tolerated.values()) {
                assertThat(warm.parser.toleratedCount(kind)).as(kind.name()).isEqualTo(coldParser.toleratedCount(kind));
            }
            assertThat(warm.vanished()).as("vanished").containsExactlyInAnyOrderElementsOf(gone);
            remembered = now;
            live = true;
        }

        private void checkAllStale(Twin warm) {
            Set<Labels> all = new TreeSet<>();
            remembered.forEach((labels, stamped) -> {
                if (live && !stamped) {
                    all.add(labels);
                }
            });
            assertThat(warm.allStale()).containsExactlyInAnyOrderElementsOf(all);
            live = false;
        }
    }

    private static final class Twin {
        private final ExpositionParser parser;

        private Twin(SeriesDictionary dictionary) {
            parser = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
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
            page = changed(page, random);
            step(targets.get(target), models.get(target), page, random);
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
                page = changed(page, random);
                step(warm, model, page, random);
            }
        }
    }

    private static void step(Twin warm, Model model, List<String> lines, Random random) {
        ExpositionFormat format =
                random.nextInt(5) == 0 ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
        String end = format.isOpenMetrics() ? "# EOF\n" : "";
        if (random.nextInt(8) == 0) {
            byte[] bad = Pages.bytes(String.join("\n", lines) + "\nbad{\n" + end);
            assertThatThrownBy(() -> Pages.parse(warm.parser, format, bad)).isInstanceOf(ExpositionException.class);
            if (random.nextBoolean()) {
                model.checkAllStale(warm);
            }
        }
        byte[] page = Pages.bytes(String.join("\n", lines) + "\n" + end);
        ExpositionParser coldParser = new ExpositionParser(new SeriesDictionary(RESOLVER), ParseOptions.DEFAULTS);
        SampleBatch cold = Pages.parse(coldParser, format, page);
        SampleBatch hot = Pages.parse(warm.parser, format, page);
        assertThat(Pages.rows(hot)).isEqualTo(Pages.rows(cold));
        model.check(warm, cold, coldParser);
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
        return switch (random.nextInt(16)) {
            case 0 -> "# TYPE m" + i + (random.nextBoolean() ? " counter" : " gauge");
            case 1 -> "# HELP m" + i + " help " + random.nextInt(2);
            case 2 -> "# comment";
            case 3 -> "m" + i + "{b=\"2\",a=\"1\"} " + random.nextInt(5);
            case 4 -> "m" + i + "{a=\"1\",b=\"2\"} " + random.nextInt(5);
            case 5 -> "s" + i + " 1 " + (1 + random.nextInt(2));
            case 6 -> "m" + i + " 2 ";
            case 7 -> "  m" + i + "\t3";
            case 8 -> "";
            case 9 -> "m" + i + "_total 4 # {trace=\"" + random.nextInt(2) + "\"} 0.5";
            default -> "m" + i + "{x=\"" + random.nextInt(2) + "\"} " + random.nextInt(100) / 4.0;
        };
    }

    private static List<String> changed(List<String> page, Random random) {
        List<String> next = new ArrayList<>(page);
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
                default -> next.add(at, randomLine(random, 12));
            }
        }
        return next.subList(0, Math.min(next.size(), 400));
    }
}

package io.github.promferry.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the parsers of many targets keep in memory between two scrapes, for each series of each target: live heap after
 * collection, with the parsers minus without.
 */
public final class HeapPerSeries {
    private HeapPerSeries() {}

    /**
     * Prints the figures.
     *
     * @param args the number of targets, 1000 by default
     */
    public static void main(String[] args) {
        int targets = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        System.out.printf(
                Locale.ROOT,
                "%d targets of the vLLM page: %.1f B a series if all expose the same text, %.1f B if no line is the same%n",
                targets,
                sameText(targets),
                unlikeTexts(targets));
    }

    /** For targets that expose the same series, as engines of a kind do. */
    static double sameText(int targets) {
        byte[][] pages = {page("")};
        return measure(targets, pages);
    }

    /** For targets that have no series in common. */
    static double unlikeTexts(int targets) {
        byte[][] pages = new byte[targets][];
        for (int target = 0; target < targets; target++) {
            pages[target] = page("target=\"" + (10_000 + target) + "\",");
        }
        return measure(targets, pages);
    }

    private static double measure(int targets, byte[][] pages) {
        SampleBatch batch = new SampleBatch();
        List<ExpositionParser> parsers = new ArrayList<>(targets);
        long series = 0;
        long before = LiveHeap.bytes();
        try {
            SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
            for (int target = 0; target < targets; target++) {
                ExpositionParser parser = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
                byte[] page = pages[target % pages.length];
                for (int scrape = 0; scrape < 2; scrape++) {
                    batch.reset(Labels.EMPTY);
                    parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, 0, batch);
                }
                series += batch.size();
                parsers.add(parser);
            }
            batch.reset(Labels.EMPTY);
            return (LiveHeap.bytes() - before) / (double) series;
        } finally {
            Reference.reachabilityFence(parsers);
            Reference.reachabilityFence(pages);
        }
    }

    /** The page with something put before the first label of every series. */
    private static byte[] page(String label) {
        BenchmarkPage original = BenchmarkPage.scrapes(BenchmarkPage.VLLM, 1)[0];
        StringBuilder page = new StringBuilder();
        new String(original.bytes(), 0, original.length(), UTF_8).lines().forEach(line -> {
            int brace = line.startsWith("#") ? -1 : line.indexOf('{');
            int space = line.indexOf(' ');
            if (line.startsWith("#") || label.isEmpty()) {
                page.append(line);
            } else if (brace >= 0 && brace < space) {
                page.append(line, 0, brace + 1).append(label).append(line, brace + 1, line.length());
            } else {
                page.append(line, 0, space)
                        .append('{')
                        .append(label)
                        .append('}')
                        .append(line, space, line.length());
            }
            page.append('\n');
        });
        return page.toString().getBytes(UTF_8);
    }
}

package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a remembered series costs, as the difference of used heap after collections. */
class HeapTest {
    private static final String PAGE = "dynamo-vllm-v1-lmcache.prom";

    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 6; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }

    private static void parse(ExpositionParser parser, byte[] page, SampleBatch batch) {
        batch.reset(Labels.EMPTY);
        parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, 1, batch);
    }

    @Test
    void thousandTargetsOfOnePageCostAFewBytesASeries() {
        byte[] page = Pages.corpus(PAGE);
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
        SampleBatch batch = new SampleBatch();
        parse(new ExpositionParser(dictionary, ParseOptions.DEFAULTS), page, batch);
        int targets = 1000;
        List<ExpositionParser> parsers = new ArrayList<>(targets);
        long before = usedHeap();
        for (int i = 0; i < targets; i++) {
            ExpositionParser parser = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
            parse(parser, page, batch);
            parsers.add(parser);
        }
        double perSeries = (usedHeap() - before) / (double) targets / batch.size();
        assertThat(parsers).hasSize(targets);
        System.out.printf("heap for each series of each target, same page: %.1f B%n", perSeries);
        assertThat(perSeries).isBetween(1.0, 16.0);
    }

    @Test
    void unlikePagesCostTheirTextAndSome() {
        String page = new String(Pages.corpus(PAGE), StandardCharsets.UTF_8);
        SeriesDictionary dictionary = new SeriesDictionary(SeriesResolver.AS_EXPOSED);
        SampleBatch batch = new SampleBatch();
        int targets = 100;
        List<ExpositionParser> parsers = new ArrayList<>(targets);
        parse(new ExpositionParser(dictionary, ParseOptions.DEFAULTS), Pages.bytes(page), batch);
        long before = usedHeap();
        for (int i = 0; i < targets; i++) {
            ExpositionParser parser = new ExpositionParser(dictionary, ParseOptions.DEFAULTS);
            // Every series differs, the comments are the same.
            parse(parser, Pages.bytes(page.replace("} ", ",t=\"" + i + "\"} ").replace("{,", "{")), batch);
            parsers.add(parser);
        }
        double perSeries = (usedHeap() - before) / (double) targets / batch.size();
        assertThat(parsers).hasSize(targets);
        double keyLength = page.lines()
                .filter(line -> !line.startsWith("#"))
                .mapToInt(line -> line.lastIndexOf(' ') + 8)
                .average()
                .orElseThrow();
        System.out.printf(
                "heap for each series of each target, unlike pages: %.1f B, of which %.0f B are text%n",
                perSeries, keyLength);
        // The text as it stands on the page; entry, series, labels whose bytes are shared, tables, order.
        assertThat(perSeries).isBetween(keyLength, keyLength + 230);
    }
}

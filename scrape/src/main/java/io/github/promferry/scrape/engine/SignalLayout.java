package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.scrape.engine.SignalReading.Element;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which cells make up which signal: of the whole page, and of each model and rank on it. Of two sources that tell the same,
 * the better one is taken. Immutable.
 *
 * @param total all cells
 * @param parts by model and rank
 */
record SignalLayout(Part total, List<Part> parts) {
    private static final int[] NO_CELLS = {};

    /** Cells by signal. */
    record Part(Labels labels, Map<EngineSignal, int[]> values, Map<EngineSignal, Histogram> histograms) {
        int[] values(EngineSignal signal) {
            return values.getOrDefault(signal, NO_CELLS);
        }
    }

    /** Cells of a histogram. */
    static final class Histogram {
        final double[] bounds;
        /** Those of each bound. */
        final int[][] buckets;

        final int[] sums;
        final int[] counts;

        private Histogram(double[] bounds, int[][] buckets, int[] sums, int[] counts) {
            this.bounds = bounds;
            this.buckets = buckets;
            this.sums = sums;
            this.counts = counts;
        }
    }

    static SignalLayout of(WatchedSeries[] cells) {
        Map<Object, Integer> best = new HashMap<>();
        for (WatchedSeries cell : cells) {
            best.merge(cell.meaning(), cell.reading().source().order(), Math::min);
        }
        List<Integer> chosen = new ArrayList<>();
        Map<Labels, List<Integer>> byPart = new LinkedHashMap<>();
        for (int cell = 0; cell < cells.length; cell++) {
            int order = cells[cell].reading().source().order();
            if (best.getOrDefault(cells[cell].meaning(), order) == order) {
                chosen.add(cell);
                byPart.computeIfAbsent(cells[cell].part(), unused -> new ArrayList<>())
                        .add(cell);
            }
        }
        List<Part> parts = new ArrayList<>();
        byPart.forEach((labels, ofPart) -> parts.add(part(labels, ofPart, cells)));
        return new SignalLayout(part(Labels.EMPTY, chosen, cells), List.copyOf(parts));
    }

    private static Part part(Labels labels, List<Integer> of, WatchedSeries[] cells) {
        Map<EngineSignal, int[]> values = new EnumMap<>(EngineSignal.class);
        Map<EngineSignal, Histogram> histograms = new EnumMap<>(EngineSignal.class);
        for (EngineSignal signal : EngineSignal.values()) {
            List<Integer> ofSignal = of.stream()
                    .filter(cell -> cells[cell].reading().signal() == signal)
                    .toList();
            int[] ofValue = cellsOf(Element.VALUE, ofSignal, cells);
            Histogram histogram = histogram(ofSignal, cells);
            if (ofValue.length > 0) {
                values.put(signal, ofValue);
            }
            if (histogram != null) {
                histograms.put(signal, histogram);
            }
        }
        return new Part(labels, values, histograms);
    }

    private static @Nullable Histogram histogram(List<Integer> of, WatchedSeries[] cells) {
        TreeMap<Double, int[]> buckets = new TreeMap<>();
        for (int cell : cellsOf(Element.BUCKET, of, cells)) {
            buckets.merge(cells[cell].reading().upperBound(), new int[] {cell}, SignalLayout::joined);
        }
        int[] counts = cellsOf(Element.COUNT, of, cells);
        if (buckets.isEmpty() && counts.length == 0) {
            return null;
        }
        return new Histogram(
                buckets.keySet().stream().mapToDouble(Double::doubleValue).toArray(),
                buckets.values().toArray(new int[0][]),
                cellsOf(Element.SUM, of, cells),
                counts);
    }

    private static int[] cellsOf(Element element, List<Integer> of, WatchedSeries[] cells) {
        return of.stream()
                .filter(cell -> cells[cell].reading().element() == element)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static int[] joined(int[] some, int[] others) {
        return IntStream.concat(IntStream.of(some), IntStream.of(others)).toArray();
    }
}

package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.MetricFamily.Sample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads a page, or a batch, as families. */
final class PageFamilies {
    private final Map<MetricMetadata, List<Sample>> sampled = new LinkedHashMap<>();
    private final Map<MetricMetadata, List<Sample>> families = new LinkedHashMap<>();
    /** By name those of which the page has metadata alone; what it says last holds. */
    private final Map<String, MetricMetadata> withoutSamples = new HashMap<>();
    /** What the last metadata lines speak of, if no sample came behind them yet. */
    private MetricMetadata announced = MetricMetadata.NONE;

    private PageFamilies() {}

    static List<MetricFamily> parse(ExpositionFormat format, byte[] page, ParseOptions options) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        SampleBatch batch = new SampleBatch();
        parser.parse(format, page, 0, page.length, SampleBatch.NO_TIMESTAMP, batch);
        PageFamilies families = new PageFamilies();
        families.addSamples(batch);
        families.order(parser.lines());
        return list(families.families);
    }

    static List<MetricFamily> of(SampleBatch... batches) {
        PageFamilies families = new PageFamilies();
        for (SampleBatch batch : batches) {
            families.addSamples(batch);
        }
        return list(families.sampled);
    }

    private static List<MetricFamily> list(Map<MetricMetadata, List<Sample>> families) {
        return families.entrySet().stream()
                .map(family -> new MetricFamily(family.getKey(), family.getValue()))
                .toList();
    }

    private void addSamples(SampleBatch batch) {
        int exemplar = 0;
        int histogram = 0;
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                exemplars.add(batch.exemplar(exemplar));
            }
            boolean sparse = histogram < batch.histogramCount() && batch.histogramRow(histogram) == row;
            sampled.computeIfAbsent(familyOf(batch.series(row)), metadata -> new ArrayList<>())
                    .add(new Sample(
                            batch.series(row).fullLabels(batch.commonLabels()),
                            Double.longBitsToDouble(batch.valueBits(row)),
                            sparse ? batch.histogram(histogram++) : null,
                            batch.timestamp(row),
                            batch.startTimestamp(row),
                            exemplars));
        }
    }

    /** Puts families of which the page has metadata alone among the others. */
    private void order(Entry[] lines) {
        Set<String> withSamples =
                sampled.keySet().stream().map(MetricMetadata::family).collect(Collectors.toSet());
        for (Entry line : lines) {
            if (line == Entry.END) {
                break;
            }
            if (line instanceof Entry.Comment comment && comment.after != comment.context) {
                MetricMetadata next = comment.after.metadata;
                if (!next.family().equals(announced.family())) {
                    addAnnounced(withSamples);
                }
                announced = next;
            } else if (line.series != null) {
                MetricMetadata family = familyOf(line.series);
                if (sampled.containsKey(family)) {
                    addAnnounced(withSamples);
                    families.putIfAbsent(family, sampled.get(family));
                }
            }
        }
        addAnnounced(withSamples);
        sampled.forEach(families::putIfAbsent);
    }

    private void addAnnounced(Set<String> withSamples) {
        if (!announced.family().isEmpty() && !withSamples.contains(announced.family())) {
            MetricMetadata before = withoutSamples.put(announced.family(), announced);
            if (before != null && !before.equals(announced)) {
                families.remove(before);
            }
            families.putIfAbsent(announced, List.of());
        }
    }

    private static MetricMetadata familyOf(Series series) {
        MetricMetadata metadata = series.metadata();
        if (!metadata.equals(MetricMetadata.NONE)) {
            return metadata;
        }
        String name = Objects.requireNonNull(series.labels().metricName());
        return new MetricMetadata(name, metadata.type(), metadata.help(), metadata.unit());
    }

    /**
     * Makes sure that a page gives the families that it was written of.
     *
     * @throws IllegalArgumentException if not
     */
    static void requireSame(ExpositionFormat format, byte[] page, List<MetricFamily> families) {
        boolean starts = families.stream()
                .flatMap(family -> family.samples().stream())
                .anyMatch(sample -> sample.startTimestampMillis() != SampleBatch.NO_TIMESTAMP);
        ParseOptions.Created created =
                starts && format.isOpenMetrics() ? ParseOptions.Created.START_TIMESTAMP : ParseOptions.Created.SERIES;
        List<MetricFamily> again;
        try {
            again = parse(format, page, ParseOptions.builder().created(created).build());
        } catch (ExpositionException e) {
            throw new IllegalArgumentException("the families cannot be written, " + e.getMessage(), e);
        }
        for (int i = 0; i < families.size(); i++) {
            MetricFamily family = families.get(i);
            MetricFamily back = i < again.size() ? again.get(i) : null;
            if (!family.equals(back)) {
                throw new IllegalArgumentException("family " + family.metadata().family() + " cannot be written: "
                        + difference(family, back)
                        + "; write each family once, samples named like it (with the suffixes of its type), each series"
                        + " once for a time, no help text that ends with a carriage return, no blanks around a unit");
            }
        }
        if (again.size() > families.size()) {
            throw new IllegalArgumentException("families cannot be written: "
                    + again.get(families.size()).metadata() + " would come back beside them");
        }
    }

    private static String difference(MetricFamily family, @Nullable MetricFamily back) {
        if (back == null || !family.metadata().equals(back.metadata())) {
            return family.metadata() + " would come back as " + (back == null ? "nothing" : back.metadata());
        }
        for (int i = 0; i < family.samples().size(); i++) {
            Sample sample = family.samples().get(i);
            Sample other = i < back.samples().size() ? back.samples().get(i) : null;
            if (!sample.equals(other)) {
                return sample + " would come back as " + (other == null ? "nothing" : other);
            }
        }
        return "it would come back with more samples";
    }
}

package io.github.promferry.examples.explain;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A page, read as a scrape reads it, but for the end mark: an excerpt is good enough to be explained. */
final class ReadPage {
    private final byte[] bytes;
    private final SampleBatch samples = new SampleBatch();
    private final ExpositionParser parser = new ExpositionParser(
            new SeriesDictionary(SeriesResolver.AS_EXPOSED),
            ParseOptions.builder().endMarkRequired(false).build());

    /** Throws an {@code ExpositionException} if it cannot be read. */
    ReadPage(byte[] bytes, ExpositionFormat format) {
        this.bytes = bytes;
        parser.parse(format, bytes, 0, bytes.length, SampleBatch.NO_TIMESTAMP, samples);
    }

    int size() {
        return bytes.length;
    }

    SampleBatch samples() {
        return samples;
    }

    ExpositionParser parser() {
        return parser;
    }

    /** The labels of all series, in page order. */
    List<Labels> series() {
        return IntStream.range(0, samples.size())
                .mapToObj(row -> samples.series(row).labels())
                .toList();
    }

    /** The names of all samples. */
    Set<String> names() {
        return series().stream()
                .map(labels -> String.valueOf(labels.metricName()))
                .collect(Collectors.toSet());
    }

    /** Families that have series, with how many; a series that no TYPE line speaks of is a family of its own. */
    Map<MetricMetadata, Integer> families() {
        Map<MetricMetadata, Integer> families = new LinkedHashMap<>();
        for (int row = 0; row < samples.size(); row++) {
            MetricMetadata metadata = samples.series(row).metadata();
            String name = String.valueOf(samples.series(row).labels().metricName());
            MetricMetadata family =
                    metadata.family().isEmpty() ? new MetricMetadata(name, metadata.type(), "", "") : metadata;
            families.merge(family, 1, Integer::sum);
        }
        return families;
    }

    /** The names that TYPE lines have. */
    Set<String> declared() {
        return new String(bytes, UTF_8)
                .lines()
                .filter(line -> line.startsWith("# TYPE "))
                .map(line -> line.split(" ", -1)[2])
                .collect(Collectors.toSet());
    }
}

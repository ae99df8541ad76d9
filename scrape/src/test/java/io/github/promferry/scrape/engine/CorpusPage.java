package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/** Published pages of real programs, see SOURCES.md beside them. */
final class CorpusPage {
    private CorpusPage() {}

    static SampleBatch samples(String file) {
        SampleBatch batch = new SampleBatch();
        byte[] page = bytes(file);
        ExpositionFormat format =
                file.endsWith(".openmetrics") ? ExpositionFormat.OPENMETRICS_1_0_0 : ExpositionFormat.TEXT_0_0_4;
        // A page that was quoted in an issue lacks its end.
        ParseOptions options = ParseOptions.builder().endMarkRequired(false).build();
        new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options)
                .parse(format, page, 0, page.length, 1_000, batch);
        return batch;
    }

    static List<Labels> series(String file) {
        SampleBatch batch = samples(file);
        return IntStream.range(0, batch.size())
                .mapToObj(row -> batch.series(row).labels())
                .toList();
    }

    static byte[] bytes(String file) {
        try (InputStream page = CorpusPage.class.getResourceAsStream("/corpus/" + file)) {
            return Objects.requireNonNull(page, file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.github.promferry.clientjava;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What {@link RegistrySource} gives is what a scraper would have read from the page that client_java writes. */
class PageParityTest {
    private static final int TRIES = 300;
    private static final long SCRAPED_AT = 1_700_000_000_000L;

    private record Row(
            Labels labels, MetricMetadata metadata, long timestamp, long valueBits, List<Exemplar> exemplars) {}

    @Property(tries = TRIES)
    void rowsAreThoseOfTheOpenMetricsPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(rows(ours(snapshots, builder -> builder.createdSeries(true))))
                .isEqualTo(rows(parsed(
                        ExpositionFormat.OPENMETRICS_1_0_0, Pages.openMetrics(snapshots, EscapingScheme.ALLOW_UTF8))));
    }

    @Property(tries = TRIES)
    void legacyNamesAreThoseOfThePageForAnOldScraper(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(rows(ours(snapshots, builder -> builder.createdSeries(true).legacyNames(true))))
                .isEqualTo(rows(parsed(
                        ExpositionFormat.OPENMETRICS_1_0_0,
                        Pages.openMetrics(snapshots, EscapingScheme.UNDERSCORE_ESCAPING))));
    }

    /** Text shows other types and no unit; it shows gauge histograms' counts below all their buckets. */
    @Property(tries = TRIES)
    void seriesAndValuesAreThoseOfTheTextPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(values(ours(snapshots, builder -> builder)))
                .isEqualTo(
                        values(parsed(ExpositionFormat.TEXT_1_0_0, Pages.text(snapshots, EscapingScheme.ALLOW_UTF8))));
    }

    @Property(tries = TRIES)
    void nativeHistogramsAreThoseOfTheProtobufPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).histogramsOnly();
        byte[] page = Pages.protobuf(snapshots);
        ExpositionParser parser = new ExpositionParser();
        SampleBatch expected = new SampleBatch();
        parser.parse(ExpositionFormat.PROTOBUF, page, 0, page.length, SCRAPED_AT, expected);

        SampleBatch actual = ours(snapshots, builder -> builder.nativeHistograms(true));

        assertThat(histograms(actual)).isEqualTo(histograms(expected));
        assertThat(values(actual)).isEqualTo(values(expected));
    }

    private static SampleBatch ours(MetricSnapshots snapshots, UnaryOperator<RegistrySource.Builder> settings) {
        SampleBatch batch = new SampleBatch();
        RegistrySource source =
                settings.apply(RegistrySource.builder(() -> snapshots)).build();
        // Twice: what is remembered must not change what is given.
        source.collect(batch);
        batch.reset(Labels.EMPTY);
        source.collect(batch);
        batch.stampMissing(SCRAPED_AT);
        assertThat(source.duplicates()).isZero();
        return batch;
    }

    private static SampleBatch parsed(ExpositionFormat format, String page) {
        byte[] bytes = page.getBytes(UTF_8);
        SampleBatch batch = new SampleBatch();
        new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), ParseOptions.DEFAULTS)
                .parse(format, bytes, 0, bytes.length, SCRAPED_AT, batch);
        return batch;
    }

    private static List<Row> rows(SampleBatch batch) {
        List<Row> rows = new ArrayList<>();
        int exemplar = 0;
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                exemplars.add(batch.exemplar(exemplar));
            }
            rows.add(new Row(
                    batch.series(row).labels(),
                    batch.series(row).metadata(),
                    batch.timestamp(row),
                    batch.valueBits(row),
                    exemplars));
        }
        return rows;
    }

    private static Map<String, String> values(SampleBatch batch) {
        Map<String, String> values = new TreeMap<>();
        for (int row = 0; row < batch.size(); row++) {
            String value = batch.timestamp(row) + " " + Long.toHexString(batch.valueBits(row));
            String before = values.put(batch.series(row).labels().toString(), value);
            assertThat(before).isNull();
            assertThat(SampleValues.isStale(batch.valueBits(row))).isFalse();
        }
        return values;
    }

    /** By series: everything but where the spans are cut, which is the writer's choice. */
    private static Map<String, String> histograms(SampleBatch batch) {
        Map<String, String> histograms = new TreeMap<>();
        for (int i = 0; i < batch.histogramCount(); i++) {
            NativeHistogram histogram = batch.histogram(i);
            String text = "schema " + histogram.schema() + " count " + histogram.count() + " sum " + histogram.sum()
                    + " zero " + histogram.zeroCount() + " within " + histogram.zeroThreshold()
                    + " gauge " + histogram.isGauge()
                    + " negative " + populations(histogram.negative())
                    + " positive " + populations(histogram.positive());
            histograms.put(batch.series(batch.histogramRow(i)).labels().toString(), text);
        }
        return histograms;
    }

    private static Map<Integer, Long> populations(NativeHistogram.Buckets buckets) {
        Map<Integer, Long> populations = new TreeMap<>();
        int index = 0;
        int at = 0;
        long count = 0;
        for (int span = 0; span < buckets.spanCount(); span++) {
            index += buckets.spanOffset(span);
            for (int i = 0; i < buckets.spanLength(span); i++) {
                count += buckets.delta(at++);
                if (count > 0) {
                    populations.put(index, count);
                }
                index++;
            }
        }
        return populations;
    }
}

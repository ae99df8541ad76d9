package io.github.promferry.clientjava;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.MetricFamily;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.Comparator;
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

    private static final ParseOptions STARTS =
            ParseOptions.builder().created(ParseOptions.Created.START_TIMESTAMP).build();

    private static final List<ExpositionFormat> WRITABLE = List.of(
            ExpositionFormat.TEXT_0_0_4,
            ExpositionFormat.TEXT_1_0_0,
            ExpositionFormat.OPENMETRICS_1_0_0,
            ExpositionFormat.OPENMETRICS_2_0_0);

    /** All that there is to say of a sample. */
    private record Row(
            Labels labels,
            MetricMetadata metadata,
            long timestamp,
            long start,
            long valueBits,
            String histogram,
            List<Exemplar> exemplars) {
        private Row withoutStart() {
            return new Row(labels, metadata, timestamp, SampleBatch.NO_TIMESTAMP, valueBits, histogram, exemplars);
        }

        /** The page has one for each classic bucket. */
        private Row withoutNativeExemplars() {
            List<Exemplar> kept = histogram.isEmpty() ? exemplars : List.of();
            return new Row(labels, metadata, timestamp, start, valueBits, histogram, kept);
        }

        private Row of(String suffix, MetricType type) {
            MetricMetadata withoutUnit = new MetricMetadata(metadata.family() + suffix, type, metadata.help(), "");
            return new Row(labels, withoutUnit, timestamp, start, valueBits, histogram, exemplars);
        }

        private Row named(String name) {
            Labels.Builder renamed = Labels.builder();
            labels.toMap()
                    .forEach((label, value) -> renamed.add(label, label.equals(Labels.METRIC_NAME) ? name : value));
            return new Row(renamed.build(), metadata, timestamp, start, valueBits, histogram, exemplars);
        }

        private Row at(long otherTimestamp) {
            return new Row(labels, metadata, otherTimestamp, start, valueBits, histogram, exemplars);
        }

        private String name() {
            return labels.get(Labels.METRIC_NAME);
        }

        /**
         * client_java's protobuf has no units, families named like their samples, gauges for infos and state sets, count and
         * sum of gauge histograms that cannot be told from those of others, no timestamps of unknown metrics, and start
         * timestamps of counters only.
         */
        private Row asInProtobuf() {
            return switch (metadata.type()) {
                case COUNTER -> of("_total", MetricType.COUNTER);
                case INFO -> of("_info", MetricType.GAUGE);
                case STATE_SET -> of("", MetricType.GAUGE);
                case GAUGE_HISTOGRAM ->
                    of("", MetricType.GAUGE_HISTOGRAM)
                            .named(name().replace("_gcount", "_count").replace("_gsum", "_sum"));
                case UNKNOWN -> of("", MetricType.UNKNOWN).at(SCRAPED_AT);
                case GAUGE, HISTOGRAM, SUMMARY -> of("", metadata.type()).withoutStart();
            };
        }

        /** Text has no start timestamps and no exemplars either, and gauge histograms in pieces. */
        private Row asInText() {
            String suffix = name().substring(metadata.family().length());
            Row row = switch (metadata.type()) {
                case GAUGE_HISTOGRAM ->
                    suffix.equals("_bucket") ? of("", MetricType.HISTOGRAM) : of(suffix, MetricType.GAUGE);
                default -> asInProtobuf();
            };
            return new Row(labels, row.metadata, timestamp, SampleBatch.NO_TIMESTAMP, valueBits, "", List.of());
        }
    }

    @Property(tries = TRIES)
    void rowsAreThoseOfTheOpenMetricsPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(rows(ours(snapshots, builder -> builder)))
                .isEqualTo(rowsOfOpenMetrics(snapshots, EscapingScheme.ALLOW_UTF8, STARTS));
    }

    @Property(tries = TRIES)
    void createdSeriesAreThoseOfTheOpenMetricsPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(rows(ours(snapshots, builder -> builder.createdSeries(true))).stream()
                        .map(Row::withoutStart)
                        .toList())
                .isEqualTo(rowsOfOpenMetrics(snapshots, EscapingScheme.ALLOW_UTF8, ParseOptions.DEFAULTS));
    }

    @Property(tries = TRIES)
    void legacyNamesAreThoseOfThePageForAnOldScraper(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(rows(ours(snapshots, builder -> builder.legacyNames(true))))
                .isEqualTo(rowsOfOpenMetrics(snapshots, EscapingScheme.UNDERSCORE_ESCAPING, STARTS));
    }

    @Property(tries = TRIES)
    void rowsAreThoseOfTheProtobufPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        List<Row> ours = sorted(ours(snapshots, builder -> builder.nativeHistograms(true)), Row::asInProtobuf);
        List<Row> onPage = sorted(
                parsed(ExpositionFormat.PROTOBUF, Pages.protobuf(snapshots), ParseOptions.DEFAULTS),
                UnaryOperator.identity());

        assertThat(ours.stream().map(Row::withoutNativeExemplars).toList())
                .isEqualTo(onPage.stream().map(Row::withoutNativeExemplars).toList());
        for (int row = 0; row < onPage.size(); row++) {
            assertThat(ours.get(row).exemplars).containsAll(onPage.get(row).exemplars);
        }
    }

    @Property(tries = TRIES)
    void rowsAreThoseOfTheTextPage(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();

        assertThat(sorted(ours(snapshots, builder -> builder), Row::asInText))
                .isEqualTo(sorted(
                        parsed(
                                ExpositionFormat.TEXT_1_0_0,
                                Pages.text(snapshots, EscapingScheme.ALLOW_UTF8),
                                ParseOptions.DEFAULTS),
                        UnaryOperator.identity()));
    }

    /** All that the pages of a client_java hold is held by what our writer makes of it. */
    @Property(tries = TRIES)
    void ourWriterHoldsWhatThePagesHold(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();
        Map<ExpositionFormat, byte[]> pages = Map.of(
                ExpositionFormat.TEXT_1_0_0,
                        Pages.text(snapshots, EscapingScheme.ALLOW_UTF8).getBytes(UTF_8),
                ExpositionFormat.OPENMETRICS_1_0_0,
                        Pages.openMetrics(snapshots, EscapingScheme.ALLOW_UTF8).getBytes(UTF_8),
                ExpositionFormat.PROTOBUF, Pages.protobuf(snapshots));
        pages.forEach((format, page) -> {
            List<MetricFamily> families = MetricFamily.parse(format, page, STARTS);
            for (ExpositionFormat into : WRITABLE) {
                List<MetricFamily> held = MetricFamily.fit(into, families);
                if (!into.isOpenMetrics()) {
                    assertThat(held).isEqualTo(families);
                }
                assertThat(MetricFamily.parse(into, MetricFamily.write(into, held), STARTS))
                        .as("%s as %s", format, into)
                        .isEqualTo(held);
            }
        });
    }

    /** But for empty labels, which are none, and with them perhaps the order. */
    @Property(tries = TRIES)
    void pagesAreTheSameBehindBothBridges(@ForAll long seed) {
        MetricSnapshots snapshots = new RandomSnapshots(seed).next();
        SourceCollector collector = SourceCollector.of(RegistrySource.builder(() -> snapshots)
                .nativeHistograms(true)
                .classicHistogramsToo(true)
                .build());

        MetricSnapshots through = collector.collect();

        assertThat(collector.skippedRows()).isZero();
        assertThat(sorted(
                        parsed(
                                ExpositionFormat.OPENMETRICS_1_0_0,
                                Pages.openMetrics(through, EscapingScheme.ALLOW_UTF8),
                                STARTS),
                        UnaryOperator.identity()))
                .isEqualTo(sorted(
                        parsed(
                                ExpositionFormat.OPENMETRICS_1_0_0,
                                Pages.openMetrics(snapshots, EscapingScheme.ALLOW_UTF8),
                                STARTS),
                        UnaryOperator.identity()));
        assertThat(sorted(parsed(ExpositionFormat.PROTOBUF, Pages.protobuf(through), STARTS), UnaryOperator.identity()))
                .isEqualTo(sorted(
                        parsed(ExpositionFormat.PROTOBUF, Pages.protobuf(snapshots), STARTS),
                        UnaryOperator.identity()));
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

    private static List<Row> rowsOfOpenMetrics(
            MetricSnapshots snapshots, EscapingScheme escaping, ParseOptions options) {
        return rows(parsed(ExpositionFormat.OPENMETRICS_1_0_0, Pages.openMetrics(snapshots, escaping), options));
    }

    private static SampleBatch parsed(ExpositionFormat format, String page, ParseOptions options) {
        return parsed(format, page.getBytes(UTF_8), options);
    }

    private static SampleBatch parsed(ExpositionFormat format, byte[] page, ParseOptions options) {
        SampleBatch batch = new SampleBatch();
        new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options)
                .parse(format, page, 0, page.length, SCRAPED_AT, batch);
        return batch;
    }

    private static List<Row> rows(SampleBatch batch) {
        List<Row> rows = new ArrayList<>();
        int exemplar = 0;
        int histogram = 0;
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (; exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row; exemplar++) {
                exemplars.add(batch.exemplar(exemplar));
            }
            boolean sparse = histogram < batch.histogramCount() && batch.histogramRow(histogram) == row;
            rows.add(new Row(
                    batch.series(row).labels(),
                    batch.series(row).metadata(),
                    batch.timestamp(row),
                    batch.startTimestamp(row),
                    batch.valueBits(row),
                    sparse ? text(batch.histogram(histogram++)) : "",
                    exemplars));
        }
        return rows;
    }

    /** By series; pages that put the count of a histogram above its buckets are as good. */
    private static List<Row> sorted(SampleBatch batch, UnaryOperator<Row> view) {
        return rows(batch).stream()
                .map(view)
                .sorted(Comparator.comparing(Row::labels))
                .toList();
    }

    /** Everything but where the spans are cut, which is the writer's choice. */
    private static String text(NativeHistogram histogram) {
        return "schema " + histogram.schema() + " count " + histogram.count() + " sum " + histogram.sum()
                + " zero " + histogram.zeroCount() + " within " + histogram.zeroThreshold()
                + " gauge " + histogram.isGauge()
                + " negative " + populations(histogram.negative())
                + " positive " + populations(histogram.positive());
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

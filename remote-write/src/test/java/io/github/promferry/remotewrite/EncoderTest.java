package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.Decoded.Row;
import io.github.promferry.testkit.AllocatedBytes;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import io.github.promferry.testkit.proto.v2.Request;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xerial.snappy.Snappy;

class EncoderTest {
    private static final long T = Batches.T0;
    static final MetricMetadata COUNTER =
            new MetricMetadata("requests", MetricType.COUNTER, "Requests \u2713", "requests");

    private final ManualClock clock = new ManualClock();

    static Stream<BlockEncoder> encoders() {
        return Stream.of(new V1Encoder(Labels.EMPTY, null), new V2Encoder(Labels.EMPTY, null, true));
    }

    private Block encode(BlockEncoder encoder, SampleBatch batch) {
        assertThat(encoder.encode(batch, 0, batch.size(), 10_000_000, true, clock))
                .isEqualTo(batch.size());
        return encoder.seal(0, new BodyPool(0));
    }

    private static long bits(double value) {
        return Double.doubleToRawLongBits(value);
    }

    /** What must arrive, computed the slow way. */
    private static List<Row> expected(SampleBatch batch, WriteProtocol protocol) {
        List<Row> rows = new ArrayList<>();
        for (int row = 0; row < batch.size(); row++) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (int i = 0; i < batch.exemplarCount(); i++) {
                if (batch.exemplarRow(i) == row) {
                    Exemplar exemplar = batch.exemplar(i);
                    boolean timed = exemplar.timestampMillis() != SampleBatch.NO_TIMESTAMP;
                    exemplars.add(
                            timed ? exemplar : new Exemplar(exemplar.labels(), exemplar.value(), batch.timestamp(row)));
                }
            }
            MetricMetadata metadata = batch.series(row).metadata();
            Row whole = new Row(
                    batch.series(row).fullLabels(batch.commonLabels()),
                    batch.timestamp(row),
                    batch.valueBits(row),
                    batch.startTimestamp(row),
                    exemplars,
                    new MetricMetadata("", metadata.type(), metadata.help(), metadata.unit()));
            rows.add(protocol == WriteProtocol.V1 ? whole.asV1() : whole);
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void everyKindOfRowArrivesAsItWas(BlockEncoder encoder) {
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("instance", "a:1", "job", "llm", "zone", "z1"));
        Series plain = Series.of(Labels.of("__name__", "requests_total", "Upper", "u", "le", "0.5"), COUNTER);
        batch.add(plain, T, bits(1.5));
        batch.setStartTimestamp(T - 5000);
        batch.add(Series.of(Labels.of("__name__", "own_wins", "job", "other"), MetricMetadata.NONE), T, bits(-0.0));
        batch.add(Series.complete(Labels.of("__name__", "alone"), COUNTER), T, bits(Double.NEGATIVE_INFINITY));
        batch.add(plain, T + 1, SampleValues.STALE_NAN_BITS);
        batch.add(plain, T + 2, SampleValues.NORMAL_NAN_BITS);
        batch.add(plain, 0, bits(0.0));
        batch.add(plain, -1, bits(Double.MIN_VALUE));
        batch.add(plain, Long.MAX_VALUE, bits(Double.MAX_VALUE));
        batch.add(plain, T + 3, bits(3));
        batch.addExemplar(new Exemplar(Labels.of("trace_id", "abc", "span_id", "abc"), 0.25, T - 1));
        batch.addExemplar(new Exemplar(Labels.EMPTY, 7, SampleBatch.NO_TIMESTAMP));
        String longValue = "x".repeat(300);
        batch.add(Series.of(Labels.of("__name__", "long", "prompt", longValue), COUNTER), T, bits(1));
        Labels.Builder many = Labels.builder().add("__name__", "many");
        for (int i = 0; i < 100; i++) {
            many.add("label_" + i, "value_" + i);
        }
        batch.add(Series.of(many.build(), COUNTER), T, bits(1));

        Block block = encode(encoder, batch);

        assertThat(Decoded.rows(block)).isEqualTo(expected(batch, encoder.protocol()));
        assertThat(block.samples).isEqualTo(batch.size());
        assertThat(block.exemplars).isEqualTo(2);
        assertThat(block.minTimestamp).isEqualTo(-1);
        assertThat(block.maxTimestamp).isEqualTo(Long.MAX_VALUE);
    }

    @Property(tries = 300)
    void decodingGivesBackAnyBatches(@ForAll("batches") List<SampleBatch> batches) {
        encoders().forEach(encoder -> {
            for (SampleBatch batch : batches) {
                assertThat(Decoded.rows(encode(encoder, batch))).isEqualTo(expected(batch, encoder.protocol()));
            }
            // All in one request, where what was met before is known.
            List<Row> rows = new ArrayList<>();
            for (SampleBatch batch : batches) {
                encoder.encode(batch, 0, batch.size(), 10_000_000, true, clock);
                rows.addAll(expected(batch, encoder.protocol()));
            }
            List<Row> unused = assertSends(encoder, rows);
        });
    }

    /** Seals the request and returns its rows: those expected, in 1.0 in any order since it puts equal series together. */
    private static List<Row> assertSends(BlockEncoder encoder, List<Row> expected) {
        List<Row> sent = Decoded.rows(encoder.seal(0, new BodyPool(0)));
        if (encoder.protocol() == WriteProtocol.V2) {
            assertThat(sent).isEqualTo(expected);
        } else {
            assertThat(sent).containsExactlyInAnyOrderElementsOf(expected);
        }
        return sent;
    }

    @Provide
    Arbitrary<List<SampleBatch>> batches() {
        Arbitrary<String> names = Arbitraries.of("A", "a", "b", "instance", "job", "le", "z");
        Arbitrary<String> values = Arbitraries.oneOf(
                Arbitraries.of("0.5", "v", "\u00e9\uD83D\uDE00", "y".repeat(200)),
                Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(5));
        Arbitrary<Labels> labels = Arbitraries.maps(names, values).ofMaxSize(5).map(Labels::of);
        Arbitrary<Series> series = Combinators.combine(
                        labels, Arbitraries.of("up", "down", "x"), Arbitraries.of(true, false))
                .as((own, name, complete) -> {
                    Labels full = own.withDefaults(Labels.of("__name__", name));
                    return complete ? Series.complete(full, COUNTER) : Series.of(full, MetricMetadata.NONE);
                });
        // A pool of series and a few sets of common labels, so that plans are met again in other company.
        return Combinators.combine(
                        series.list().ofMinSize(1).ofMaxSize(8),
                        labels.list().ofMinSize(1).ofMaxSize(3),
                        Arbitraries.integers()
                                .between(0, 1000)
                                .list()
                                .ofMinSize(1)
                                .ofMaxSize(30),
                        Arbitraries.longs(),
                        Arbitraries.oneOf(
                                Arbitraries.longs().between(1, Long.MAX_VALUE),
                                Arbitraries.longs().between(T, T + 500)))
                .as((pool, targets, picks, bits, time) -> {
                    List<SampleBatch> batches = new ArrayList<>();
                    for (int lap = 0; lap < 4; lap++) {
                        SampleBatch batch = new SampleBatch();
                        batch.reset(targets.get(lap % targets.size()));
                        for (int pick : picks) {
                            batch.add(pool.get((pick + lap / 3) % pool.size()), time, bits ^ pick);
                            if (pick % 3 == 0) {
                                batch.setStartTimestamp(1 + pick);
                            }
                            if (pick % 5 == 0) {
                                batch.addExemplar(new Exemplar(Labels.of("trace_id", "t" + pick), pick, time));
                            }
                        }
                        batches.add(batch);
                    }
                    return batches;
                });
    }

    /** "For native histograms the marker is a histogram whose sum is that NaN": bit by bit. */
    @ParameterizedTest
    @MethodSource("encoders")
    void staleMarkersOfNativeHistogramsKeepTheirBits(BlockEncoder encoder) throws IOException {
        Series series = Series.of(Labels.of("__name__", "latency"), COUNTER);
        SampleBatch batch = new SampleBatch();
        batch.addHistogram(series, T, NativeHistogram.STALE);
        batch.addHistogram(series, T + 1, NativeHistogram.STALE_FLOAT);
        List<NativeHistogram> arrived = Decoded.histograms(encode(encoder, batch));
        assertThat(arrived).extracting(NativeHistogram::isFloat).containsExactly(false, true);
        assertThat(arrived).allSatisfy(histogram -> {
            assertThat(SampleValues.isStale(Double.doubleToRawLongBits(histogram.sum())))
                    .isTrue();
            assertThat(histogram.countFloat()).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void nativeHistogramsArriveAsTheyWere(BlockEncoder encoder) throws IOException {
        Series series = Series.of(Labels.of("__name__", "latency"), COUNTER);
        NativeHistogram integers = NativeHistogram.ofCounts(12, -3.5)
                .schema(3)
                .zero(0.001, 2)
                .negative(Buckets.ofDeltas(new int[] {-2, 1}, new long[] {4}))
                .positive(Buckets.ofDeltas(new int[] {-1, 2, 3, 1}, new long[] {1, 2, -1}))
                .build();
        NativeHistogram floats = NativeHistogram.ofFloatCounts(2.5, Double.NaN)
                .schema(-4)
                .gauge(true)
                .zeroFloat(0, 0.5)
                .positive(Buckets.ofCounts(new int[] {7, 2}, new double[] {1.5, 0.5}))
                .build();
        NativeHistogram empty = NativeHistogram.ofCounts(0, 0)
                .positive(Buckets.ofDeltas(new int[] {0, 0}, new long[0]))
                .build();
        NativeHistogram custom = NativeHistogram.ofCounts(3, 1)
                .customBounds(0.5, 1)
                .positive(Buckets.ofDeltas(new int[] {0, 3}, new long[] {1, 0, 0}))
                .build();
        NativeHistogram boundless = NativeHistogram.ofCounts(3, 1)
                .customBounds()
                .positive(Buckets.ofDeltas(new int[] {0, 1}, new long[] {3}))
                .build();
        SampleBatch batch = new SampleBatch();
        batch.add(Series.of(Labels.of("__name__", "plain"), COUNTER), T, bits(1));
        batch.addHistogram(series, T, integers);
        batch.setStartTimestamp(T - 1);
        batch.addExemplar(new Exemplar(Labels.of("trace_id", "x"), 1, T));
        batch.addHistogram(series, T + 1, floats);
        batch.addHistogram(series, T + 2, empty);
        batch.addHistogram(series, T + 3, custom);
        batch.addHistogram(series, T + 4, boundless);
        batch.addHistogram(series, T + 5, NativeHistogram.STALE_CUSTOM);
        batch.add(Series.of(Labels.of("__name__", "plain"), COUNTER), T, bits(2));

        boolean v1 = encoder.protocol() == WriteProtocol.V1;
        Block block = encode(encoder, batch);
        assertThat(block.samples).isEqualTo(v1 ? 5 : 8);
        assertThat(Decoded.rows(block))
                .extracting(row -> row.labels().metricName())
                .containsOnly("plain")
                .hasSize(2);
        assertThat(Decoded.histograms(block))
                .isEqualTo(
                        v1
                                ? List.of(integers, floats, empty)
                                : List.of(integers, floats, empty, custom, boundless, NativeHistogram.STALE_CUSTOM));
        if (v1) {
            assertThat(encoder.droppedRows).containsEntry("nhcb_in_rw1_not_supported", 3L);
        } else {
            Block other = new Transcoder().toV1(block);
            assertThat(Decoded.histograms(other)).isEqualTo(List.of(integers, floats, empty));
            assertThat(other.samples).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void manyTargetsShareTheirSeriesAndARequest(BlockEncoder encoder) {
        List<Series> pool = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Labels own = i % 3 == 0
                    ? Labels.of("__name__", "m" + i, "job", "own")
                    : Labels.of("A", "x", "__name__", "m" + i, "k", "v" + i, "z", "" + i % 10);
            MetricMetadata metadata = i % 2 == 0 ? COUNTER : MetricMetadata.NONE;
            pool.add(i % 7 == 0 ? Series.complete(own, metadata) : Series.of(own, metadata));
        }
        for (int request = 0; request < 3; request++) {
            List<Row> rows = new ArrayList<>();
            for (int target = 0; target < 20; target++) {
                SampleBatch batch = new SampleBatch();
                batch.reset(
                        target % 5 == 4
                                ? Labels.of("region", "r")
                                : Labels.of("instance", "i" + target, "job", "llm", "y", "y" + target % 3));
                for (int i = 0; i < pool.size(); i++) {
                    // Now and then a series is missing, so that the order changes too.
                    if ((i + target + request) % 11 != 0) {
                        batch.add(pool.get(i), T + target, bits(i));
                    }
                }
                encoder.encode(batch, 0, batch.size(), 10_000_000, true, clock);
                rows.addAll(expected(batch, encoder.protocol()));
            }
            List<Row> sent = assertSends(encoder, rows);
            // RowInterleaverTest looks at the order.
            assertThat(sent.equals(rows))
                    .as("the targets are as they came")
                    .isEqualTo(encoder.protocol() == WriteProtocol.V2);
        }
    }

    @Test
    void symbolsAreUniqueAndBeginWithTheEmptyOne() throws IOException {
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("job", "x", "x", "job"));
        batch.add(Series.of(Labels.of("__name__", "job", "help", "Requests \u2713"), COUNTER), T, bits(1));
        batch.addExemplar(new Exemplar(Labels.of("job", "unique"), 1, T));
        V2Encoder encoder = new V2Encoder(Labels.EMPTY, null, true);
        for (int request = 0; request < 3; request++) {
            Request decoded = Request.parseFrom(
                    Snappy.uncompress(encode(encoder, batch).body.copy()));
            assertThat(decoded.getSymbolsList()).doesNotHaveDuplicates().startsWith("");
            assertThat(decoded.getSymbolsList())
                    .containsExactlyInAnyOrder(
                            "", "job", "x", "__name__", "help", "Requests \u2713", "requests", "unique");
        }
    }

    @Test
    void firstStartTimestampOfAllIsOneInsteadOfNone() {
        SampleBatch batch = new SampleBatch();
        batch.add(Series.of(Labels.of("__name__", "a"), COUNTER), T, bits(1));
        batch.setStartTimestamp(0);
        Block block = encode(new V2Encoder(Labels.EMPTY, null, true), batch);
        assertThat(Decoded.rows(block).get(0).startTimestamp()).isEqualTo(1);
    }

    @Test
    void metadataIsLeftOutWhenNotWanted() throws IOException {
        SampleBatch batch = new SampleBatch();
        batch.add(Series.of(Labels.of("__name__", "a"), COUNTER), T, bits(1));
        Block block = encode(new V2Encoder(Labels.EMPTY, null, false), batch);
        Request decoded = Request.parseFrom(Snappy.uncompress(block.body.copy()));
        assertThat(decoded.getTimeseries(0).hasMetadata()).isFalse();
        assertThat(decoded.getSymbolsList()).doesNotContain(COUNTER.help());
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void rowWithoutTimestampIsOfNow(BlockEncoder encoder) {
        SampleBatch batch = new SampleBatch();
        batch.add(Series.of(Labels.of("__name__", "a"), COUNTER), SampleBatch.NO_TIMESTAMP, bits(1));
        assertThat(Decoded.rows(encode(encoder, batch)).get(0).timestamp()).isEqualTo(clock.wallMillis());
    }

    static Stream<BlockEncoder> encodersWithExternalLabels() {
        Labels external = Labels.of("cluster", "c1", "job", "never");
        return Stream.of(new V1Encoder(external, null), new V2Encoder(external, null, true));
    }

    @ParameterizedTest
    @MethodSource("encodersWithExternalLabels")
    void externalLabelsFillWhatIsMissing(BlockEncoder encoder) {
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("instance", "i", "job", "llm"));
        batch.add(Series.of(Labels.of("__name__", "a"), COUNTER), T, bits(1));
        batch.add(Series.complete(Labels.of("__name__", "b"), COUNTER), T, bits(1));
        batch.add(Series.of(Labels.of("__name__", "c", "cluster", "mine"), COUNTER), T, bits(1));
        assertThat(Decoded.rows(encode(encoder, batch)))
                .extracting(Row::labels)
                .containsExactly(
                        Labels.of("__name__", "a", "cluster", "c1", "instance", "i", "job", "llm"),
                        Labels.of("__name__", "b", "cluster", "c1", "job", "never"),
                        Labels.of("__name__", "c", "cluster", "mine", "instance", "i", "job", "llm"));
    }

    @Test
    void relabelingRunsOncePerSeriesAndTarget() {
        List<Labels> seen = new ArrayList<>();
        UnaryOperator<Labels> rules = labels -> {
            seen.add(labels);
            if ("drop".equals(labels.metricName())) {
                return null;
            }
            if ("fail".equals(labels.metricName())) {
                throw new IllegalStateException("rule");
            }
            return "nameless".equals(labels.metricName())
                    ? Labels.of("a", "b")
                    : Labels.of("__name__", "new_" + labels.metricName(), "from", labels.get("instance"));
        };
        Series keep = Series.of(Labels.of("__name__", "keep"), COUNTER);
        Series drop = Series.of(Labels.of("__name__", "drop"), COUNTER);
        Series fail = Series.of(Labels.of("__name__", "fail"), COUNTER);
        Series nameless = Series.of(Labels.of("__name__", "nameless"), COUNTER);
        for (BlockEncoder encoder : List.of(
                new V1Encoder(Labels.of("cluster", "c"), rules),
                new V2Encoder(Labels.of("cluster", "c"), rules, true))) {
            seen.clear();
            List<Row> rows = new ArrayList<>();
            for (int lap = 0; lap < 3; lap++) {
                for (String instance : List.of("i1", "i2")) {
                    SampleBatch batch = new SampleBatch();
                    batch.reset(Labels.of("instance", instance));
                    batch.add(drop, T, bits(1));
                    batch.add(keep, T, bits(lap));
                    batch.add(fail, T, bits(1));
                    batch.add(nameless, T, bits(1));
                    rows.addAll(Decoded.rows(encode(encoder, batch)));
                }
            }
            assertThat(seen).hasSize(8).contains(Labels.of("__name__", "keep", "cluster", "c", "instance", "i2"));
            assertThat(rows)
                    .extracting(Row::labels)
                    .hasSize(6)
                    .startsWith(
                            Labels.of("__name__", "new_keep", "from", "i1"),
                            Labels.of("__name__", "new_keep", "from", "i2"));
            assertThat(encoder.droppedRows).containsEntry("relabeled", 18L).hasSize(1);
        }
    }

    @Test
    void namesThatVersion1CannotHaveAreEscaped() {
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("service.name", "s"));
        batch.add(Series.of(Labels.of("__name__", "http.requests:rate", "a b", "v.1"), COUNTER), T, bits(1));
        batch.add(Series.of(Labels.of("__name__", "9lives", "col:on", "v"), COUNTER), T, bits(1));
        batch.add(Series.of(Labels.of("__name__", "x", "a.b", "1", "a-b", "2"), COUNTER), T, bits(1));
        batch.add(Series.of(Labels.of("job", "no name"), COUNTER), T, bits(1));
        V1Encoder v1 = new V1Encoder(Labels.EMPTY, null);
        assertThat(v1.encode(batch, 0, 4, 1_000_000, false, clock)).isEqualTo(4);
        assertThat(v1.droppedRows).containsOnlyKeys("invalid").containsEntry("invalid", 2L);
        assertThat(Decoded.rows(v1.seal(0, new BodyPool(0))))
                .extracting(Row::labels)
                .containsExactly(
                        Labels.of("__name__", "http_requests:rate", "a_b", "v.1", "service_name", "s"),
                        Labels.of("__name__", "_9lives", "col_on", "v", "service_name", "s"));

        V2Encoder v2 = new V2Encoder(Labels.EMPTY, null, true);
        assertThat(v2.encode(batch, 0, 3, 1_000_000, false, clock)).isEqualTo(3);
        assertThat(Decoded.rows(v2.seal(0, new BodyPool(0))).get(0).labels())
                .isEqualTo(Labels.of("__name__", "http.requests:rate", "a b", "v.1", "service.name", "s"));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void limitOfBytesStopsBeforeTheRowThatDoesNotFit(BlockEncoder encoder) {
        SampleBatch batch = new Batches("a:1", 50).next();
        int reached = encoder.encode(batch, 0, 50, 600, true, clock);
        assertThat(reached).isBetween(2, 40);
        assertThat(encoder.size()).isLessThanOrEqualTo(600);
        List<Row> rows = new ArrayList<>(Decoded.rows(encoder.seal(0, new BodyPool(0))));
        assertThat(rows).isEqualTo(expected(batch, encoder.protocol()).subList(0, reached));
        encoder.encode(batch, reached, 50, 1_000_000, true, clock);
        rows.addAll(Decoded.rows(encoder.seal(0, new BodyPool(0))));
        assertThat(rows).isEqualTo(expected(batch, encoder.protocol()));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void singleRowLargerThanTheLimitIsTakenAlone(BlockEncoder encoder) {
        SampleBatch batch = new Batches("a:1", 3).next();
        assertThat(encoder.encode(batch, 0, 3, 5, true, clock)).isEqualTo(1);
        assertThat(Decoded.rows(encoder.seal(0, new BodyPool(0)))).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void rollbackLeavesWhatWasThereBefore(BlockEncoder encoder) {
        SampleBatch first = new Batches("a:1", 5).next();
        SampleBatch second = new Batches("b:1", 7).next();
        encoder.encode(first, 0, 5, 1_000_000, true, clock);
        encoder.mark();
        encoder.encode(second, 0, 7, 1_000_000, true, clock);
        encoder.rollback();
        assertThat(Decoded.rows(encoder.seal(0, new BodyPool(0)))).isEqualTo(expected(first, encoder.protocol()));
        assertThat(Decoded.rows(encode(encoder, second))).isEqualTo(expected(second, encoder.protocol()));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void whatIsNoLongerUsedIsForgottenAndTheRestStaysRight(BlockEncoder encoder) {
        Batches stays = new Batches("stays:1", 20);
        Batches goes = new Batches("goes:1", 30);
        encode(encoder, stays.next());
        encode(encoder, goes.next());
        assertThat(encoder.knownSeries()).hasSize(50);
        for (int i = 0; i < 6; i++) {
            clock.advance(Duration.ofMinutes(3));
            SampleBatch batch = stays.next();
            assertThat(Decoded.rows(encode(encoder, batch))).isEqualTo(expected(batch, encoder.protocol()));
        }
        assertThat(encoder.knownSeries()).hasSize(20);
        SampleBatch back = goes.next();
        assertThat(Decoded.rows(encode(encoder, back))).isEqualTo(expected(back, encoder.protocol()));
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void knownSeriesCostNoGarbage(BlockEncoder encoder) {
        Batches target = new Batches("a:1", 500);
        SampleBatch batch = target.next();
        for (int lap = 0; lap < 300; lap++) {
            encoder.encode(batch, 0, batch.size(), 10_000_000, true, clock);
            encoder.clear();
        }
        long before = AllocatedBytes.ofThisThread();
        for (int lap = 0; lap < 1000; lap++) {
            encoder.encode(batch, 0, batch.size(), 10_000_000, true, clock);
            encoder.clear();
        }
        // 500 000 samples. A little is left for what the JVM allocates on the side, such as for the counter itself.
        assertThat(AllocatedBytes.ofThisThread() - before).isLessThan(50_000);
    }

    @Test
    void version1MetadataHasOneEntryForEachFamily() throws IOException {
        List<MetricMetadata> families = new ArrayList<>();
        for (int i = 0; i < MetadataEncoder.MAX_ENTRIES + 1; i++) {
            families.add(new MetricMetadata("f" + i, Decoded.type(i % 8), i % 2 == 0 ? "h\u00e9lp" : "", "s"));
        }
        List<Block> blocks = MetadataEncoder.encode(families, 0);
        assertThat(blocks).hasSize(2);
        List<MetricMetadata> decoded = new ArrayList<>();
        for (Block block : blocks) {
            WriteRequest.parseFrom(Snappy.uncompress(block.body.copy()))
                    .getMetadataList()
                    .forEach(entry -> decoded.add(new MetricMetadata(
                            entry.getMetricFamilyName(),
                            Decoded.type(entry.getTypeValue()),
                            entry.getHelp(),
                            entry.getUnit())));
        }
        assertThat(decoded).isEqualTo(families);
    }
}

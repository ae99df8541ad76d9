package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.MetricFamily.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Any families that a page can give come back from the page that is written of them. */
class WriterRoundTripTest {
    private static final long NONE = SampleBatch.NO_TIMESTAMP;
    private static final List<MetricType> TYPES = List.of(MetricType.values());

    private static final ParseOptions STARTS =
            ParseOptions.builder().created(ParseOptions.Created.START_TIMESTAMP).build();

    private static final String[] NAMES = {"", ":x", "_seconds", "_total", ".é 🚀", "\"\\\n", "\t\r#{}="};
    private static final String[] TEXTS = {
        "",
        " ",
        "a",
        "  both ends ",
        "quo\"te",
        "\\",
        "\\n",
        "line\nbreak",
        "\r in it",
        "é🚀",
        "{le=\"1\"} 5 # x",
        "\0\t"
    };
    private static final String[] LABELS = {"a", "_b", "le", "quantile", "l.n", "1", "é\"\\\n", "a:b"};
    private static final String[] UNITS = {"", "", "seconds", "m/s", "é x"};

    private static final double[] VALUES = {
        0,
        -0.0,
        1,
        -1,
        0.1,
        1e6,
        123456789,
        1e21,
        9007199254740992d,
        Double.MIN_VALUE,
        Double.MAX_VALUE,
        Double.MIN_NORMAL,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY
    };
    private static final long[] STAMPS = {
        0, 1, -1, 1001, -1500, 1_700_000_000_123L, 32_503_680_000_001L, Long.MAX_VALUE, Long.MIN_VALUE + 1
    };
    /** Creation times go through a double of seconds. */
    private static final long[] STARTS_MILLIS = {0, 1, 1001, -1001, 1_520_430_000_123L, 1_700_000_000_999L};

    @Property(tries = 400)
    void inOpenMetrics2(@ForAll long seed) {
        List<MetricFamily> families = new Generator(seed, true, true).families();
        roundTrip(ExpositionFormat.OPENMETRICS_2_0_0, families, families, ParseOptions.DEFAULTS);
    }

    @Property(tries = 400)
    void inOpenMetrics1(@ForAll long seed) {
        List<MetricFamily> families = new Generator(seed, false, false).families();
        roundTrip(ExpositionFormat.OPENMETRICS_1_0_0, families, families, ParseOptions.DEFAULTS);
    }

    @Property(tries = 400)
    void inText(@ForAll long seed) {
        List<MetricFamily> families = new Generator(seed, false, false).families();
        List<MetricFamily> expected = changed(families, WriterRoundTripTest::withoutExemplars);
        for (ExpositionFormat format : List.of(ExpositionFormat.TEXT_0_0_4, ExpositionFormat.TEXT_1_0_0)) {
            roundTrip(format, families, expected, ParseOptions.DEFAULTS);
        }
    }

    @Property(tries = 400)
    void startTimestampsComeBackFromCreatedSamples(@ForAll long seed) {
        List<MetricFamily> families =
                changed(new Generator(seed, true, false).families(), WriterRoundTripTest::withoutExemplars);
        for (ExpositionFormat format : List.of(ExpositionFormat.OPENMETRICS_1_0_0, ExpositionFormat.TEXT_1_0_0)) {
            roundTrip(format, families, families, STARTS);
        }
    }

    private static void roundTrip(
            ExpositionFormat format, List<MetricFamily> families, List<MetricFamily> expected, ParseOptions options) {
        byte[] page = MetricFamily.write(format, families);
        assertThat(MetricFamily.parse(format, page, options)).isEqualTo(expected);
    }

    private static List<MetricFamily> changed(List<MetricFamily> families, UnaryOperator<Sample> change) {
        return families.stream()
                .map(family -> new MetricFamily(
                        family.metadata(), family.samples().stream().map(change).toList()))
                .toList();
    }

    private static Sample withoutExemplars(Sample sample) {
        return new Sample(
                sample.labels(),
                sample.value(),
                sample.histogram(),
                sample.timestampMillis(),
                sample.startTimestampMillis(),
                List.of());
    }

    /** Families with distinct metadata and samples that belong to them. */
    private static final class Generator {
        private final Random random;
        private final boolean starts;
        private final boolean natives;

        Generator(long seed, boolean starts, boolean natives) {
            random = new Random(seed);
            this.starts = starts;
            this.natives = natives;
        }

        List<MetricFamily> families() {
            List<MetricFamily> families = new ArrayList<>();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                // Now and then a name comes back with other metadata, as pages that contradict themselves have it.
                String name = "f" + (random.nextInt(6) == 0 ? 0 : i) + pick(NAMES);
                MetricType type = TYPES.get(random.nextInt(TYPES.size()));
                MetricMetadata metadata = new MetricMetadata(name, type, help(), pick(UNITS));
                if (families.stream().noneMatch(family -> family.metadata().equals(metadata))) {
                    families.add(new MetricFamily(metadata, samples(metadata, i)));
                }
            }
            return families;
        }

        /** A carriage return before the end of a line is no text, whoever writes it. */
        private String help() {
            String help = pick(TEXTS) + pick(TEXTS);
            return help.endsWith("\r") ? help + "." : help;
        }

        private List<Sample> samples(MetricMetadata metadata, int family) {
            List<Sample> samples = new ArrayList<>();
            int points = 1 + random.nextInt(3);
            for (int point = 0; point < points; point++) {
                Labels.Builder shared = Labels.builder().add("p", family + "." + point);
                for (int label = random.nextInt(3); label > 0; label--) {
                    shared.add("p" + label + pick(LABELS), pick(TEXTS));
                }
                Labels labels = shared.build();
                boolean cumulative = FamilyContext.isCumulative(metadata.type());
                long start = starts && (cumulative || natives) && random.nextBoolean() ? pick(STARTS_MILLIS) : NONE;
                long stamp = random.nextInt(3) == 0 ? pick(STAMPS) : NONE;
                addPoint(metadata, labels, stamp, start, samples);
                if (stamp != NONE && random.nextInt(3) == 0) {
                    addPoint(metadata, labels, stamp == 0 ? 5 : 0, start, samples);
                }
            }
            return samples;
        }

        private void addPoint(MetricMetadata metadata, Labels labels, long stamp, long start, List<Sample> samples) {
            String name = metadata.family();
            switch (metadata.type()) {
                case HISTOGRAM -> {
                    if (natives && random.nextBoolean()) {
                        samples.add(sample(name, labels, nativeHistogram(false), stamp, start));
                    } else {
                        samples.add(sample(name + "_bucket", with(labels, "le", "0.5"), null, stamp, start));
                        samples.add(sample(name + "_bucket", with(labels, "le", "+Inf"), null, stamp, start));
                        samples.add(sample(name + "_count", labels, null, stamp, start));
                        samples.add(sample(name + "_sum", labels, null, stamp, start));
                    }
                }
                case GAUGE_HISTOGRAM -> {
                    if (natives && random.nextBoolean()) {
                        samples.add(sample(name, labels, nativeHistogram(true), stamp, start));
                    } else {
                        samples.add(sample(name + "_bucket", with(labels, "le", "+Inf"), null, stamp, start));
                        samples.add(sample(name + "_gcount", labels, null, stamp, start));
                        samples.add(sample(name + "_gsum", labels, null, stamp, start));
                    }
                }
                case SUMMARY -> {
                    samples.add(sample(name, with(labels, "quantile", "0.9"), null, stamp, start));
                    samples.add(sample(name + "_sum", labels, null, stamp, start));
                    samples.add(sample(name + "_count", labels, null, stamp, start));
                }
                case COUNTER -> {
                    String base = name.endsWith("_total") ? name.substring(0, name.length() - 6) : name;
                    samples.add(sample(base + "_total", labels, null, stamp, start));
                    if (!starts && random.nextBoolean()) {
                        samples.add(sample(base + "_created", labels, null, stamp, NONE));
                    }
                }
                case INFO -> samples.add(sample(name + "_info", labels, null, stamp, start));
                case STATE_SET -> {
                    samples.add(sample(name, with(labels, name, "on"), null, stamp, start));
                    samples.add(sample(name, with(labels, name, "off"), null, stamp, start));
                }
                case UNKNOWN, GAUGE -> samples.add(sample(name, labels, null, stamp, start));
            }
        }

        private Sample sample(String name, Labels labels, NativeHistogram histogram, long stamp, long start) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (int i = random.nextInt(8) - 5; i > 0; i--) {
                Labels exemplar =
                        Labels.builder().add(pick(LABELS), pick(TEXTS)).build();
                exemplars.add(new Exemplar(exemplar, value(), random.nextBoolean() ? pick(STAMPS) : NONE));
            }
            double value = histogram == null ? value() : histogram.sum();
            return new Sample(with(labels, Labels.METRIC_NAME, name), value, histogram, stamp, start, exemplars);
        }

        private static Labels with(Labels labels, String name, String value) {
            Labels.Builder all = Labels.builder().add(name, value);
            labels.toMap().forEach(all::add);
            return all.build();
        }

        /** Of float counts one is no integer: a page does not tell 3 from 3.0. */
        private NativeHistogram nativeHistogram(boolean gauge) {
            int[] spans = {random.nextInt(9) - 4, 2, random.nextInt(3), 1};
            NativeHistogram.Builder builder = random.nextBoolean()
                    ? NativeHistogram.ofCounts(random.nextInt(1000), value())
                            .zero(random.nextInt(2) * 1e-3, random.nextInt(5))
                            .positive(Buckets.ofDeltas(spans, new long[] {3, random.nextInt(9) - 3, 4}))
                    : NativeHistogram.ofFloatCounts(random.nextInt(1000) + 0.5, value())
                            .zeroFloat(random.nextInt(2) * 1e-3, random.nextInt(5))
                            .negative(Buckets.ofCounts(spans, new double[] {1, 0.25, random.nextDouble()}));
            return builder.schema(random.nextInt(13) - 4).gauge(gauge).build();
        }

        private double value() {
            return switch (random.nextInt(3)) {
                case 0 -> VALUES[random.nextInt(VALUES.length)];
                case 1 -> random.nextInt(1000) / 4.0;
                default -> Double.longBitsToDouble(random.nextLong());
            };
        }

        private String pick(String[] from) {
            return from[random.nextInt(from.length)];
        }

        private long pick(long[] from) {
            return from[random.nextInt(from.length)];
        }
    }
}

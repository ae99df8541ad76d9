package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.MetricFamily.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Any families come back from the page that is written of them, or are refused. */
class WriterRoundTripTest {
    private static final long NONE = SampleBatch.NO_TIMESTAMP;
    private static final List<MetricType> TYPES = List.of(MetricType.values());
    private static final List<ExpositionFormat> OPENMETRICS = List.of(
            ExpositionFormat.OPENMETRICS_0_0_1, ExpositionFormat.OPENMETRICS_1_0_0, ExpositionFormat.OPENMETRICS_2_0_0);

    private static final ParseOptions STARTS =
            ParseOptions.builder().created(ParseOptions.Created.START_TIMESTAMP).build();
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).utf8Names(true).build();

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
    private static final String[] LABELS = {"a", "_b", "le", "quantile", "l.n", "1", "é\"\\\n", "a:b", "__name__"};
    private static final String[] LOW_BOUNDS = {"0.5", "1", "1.0", "-0", "1e6", "+0.25"};
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
    private static final long[] COUNTS = {0, 1, 7, 1_000_000, 9007199254740993L, Long.MAX_VALUE};
    /** As many of them as a histogram has buckets add up to a long. */
    private static final long[] BUCKET_COUNTS = {0, 1, 7, 1_000_000, 9007199254740993L};

    private static final double[] FLOAT_COUNTS = {
        0, -0.0, 1, 2.5, 1e6, 1e300, Double.NaN, Double.POSITIVE_INFINITY, 9007199254740994d
    };

    @Property(tries = 600)
    void textHoldsEverything(@ForAll long seed) {
        List<MetricFamily> families = new Generator(seed).families();
        for (ExpositionFormat format : List.of(ExpositionFormat.TEXT_0_0_4, ExpositionFormat.TEXT_1_0_0)) {
            byte[] page = MetricFamily.write(format, families);
            assertThat(MetricFamily.parse(format, page)).isEqualTo(families);
            assertThat(MetricFamily.fit(format, families)).isEqualTo(families);
            if (haveNamesOfTheirOwn(families)) {
                assertThat(samples(MetricFamily.parse(format, page, STRICT))).hasSize((int) samples(families).stream()
                        .filter(sample -> sample.histogram() == null)
                        .count());
            }
        }
    }

    private static List<Sample> samples(List<MetricFamily> families) {
        return families.stream().flatMap(family -> family.samples().stream()).toList();
    }

    private static boolean haveNamesOfTheirOwn(List<MetricFamily> families) {
        Collection<String> names = new HashSet<>();
        // They begin with f and a digit.
        return families.stream()
                .allMatch(family -> names.add(family.metadata().family().substring(0, 2)));
    }

    @Property(tries = 600)
    void openMetricsHoldsWhatFitsAndRefusesTheRest(@ForAll long seed) {
        List<MetricFamily> families = new Generator(seed).families();
        for (ExpositionFormat format : OPENMETRICS) {
            List<MetricFamily> fitting = MetricFamily.fit(format, families);
            assertThat(MetricFamily.fit(format, fitting)).isEqualTo(fitting);
            byte[] page = MetricFamily.write(format, fitting);
            boolean starts = samples(fitting).stream().anyMatch(sample -> sample.startTimestampMillis() != NONE);
            assertThat(MetricFamily.parse(format, page, starts ? STARTS : ParseOptions.DEFAULTS))
                    .isEqualTo(fitting);
            if (!fitting.equals(families)) {
                assertThatThrownBy(() -> MetricFamily.write(format, families))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("cannot hold family");
            }
        }
    }

    /** Families with distinct metadata and samples that belong to them. */
    private static final class Generator {
        private final Random random;

        Generator(long seed) {
            random = new Random(seed);
        }

        List<MetricFamily> families() {
            List<MetricFamily> families = new ArrayList<>();
            int count = random.nextInt(6);
            for (int i = 0; i < count; i++) {
                // Now and then a name comes back with other metadata, as pages that contradict themselves have it.
                String name = "f" + (random.nextInt(6) == 0 ? 0 : i) + pick(NAMES);
                MetricType type = TYPES.get(random.nextInt(TYPES.size()));
                MetricMetadata metadata = new MetricMetadata(name, type, help(), pick(UNITS));
                boolean known = families.stream()
                        .anyMatch(family -> family.metadata().family().equals(name));
                boolean equal = families.stream()
                        .filter(family -> family.metadata().family().equals(name))
                        .anyMatch(family -> family.metadata().equals(metadata)
                                || family.samples().isEmpty());
                if (!equal) {
                    boolean empty = !known && random.nextInt(8) == 0;
                    families.add(new MetricFamily(metadata, empty ? List.of() : samples(metadata, i)));
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
                long start = random.nextBoolean() ? pick(STAMPS) : NONE;
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
                case HISTOGRAM, GAUGE_HISTOGRAM -> {
                    String g = metadata.type() == MetricType.GAUGE_HISTOGRAM && random.nextInt(4) > 0 ? "g" : "";
                    int kinds = 1 + random.nextInt(3);
                    if ((kinds & 1) != 0) {
                        samples.add(sample(name, labels, nativeHistogram(g.equals("g")), stamp, start));
                    }
                    if ((kinds & 2) != 0) {
                        String low = pick(LOW_BOUNDS);
                        samples.add(sample(name + "_" + g + "count", labels, null, stamp, start));
                        samples.add(sample(name + "_" + g + "sum", labels, null, stamp, start));
                        samples.add(sample(name + "_bucket", with(labels, "le", low), null, stamp, start));
                        samples.add(sample(name + "_bucket", with(labels, "le", "+Inf"), null, stamp, start));
                        shuffle(samples, 4);
                    }
                }
                case SUMMARY -> {
                    samples.add(sample(name + "_count", labels, null, stamp, start));
                    samples.add(sample(name + "_sum", labels, null, stamp, start));
                    samples.add(sample(name, with(labels, "quantile", pick(LOW_BOUNDS)), null, stamp, start));
                    shuffle(samples, 3);
                }
                case COUNTER -> {
                    String base = name.endsWith("_total") ? name.substring(0, name.length() - 6) : name;
                    samples.add(sample(random.nextBoolean() ? base + "_total" : base, labels, null, stamp, start));
                    if (random.nextInt(4) == 0) {
                        samples.add(sample(base + "_created", labels, null, stamp, NONE));
                    }
                }
                case INFO ->
                    samples.add(sample(name.endsWith("_info") ? name : name + "_info", labels, null, stamp, start));
                case STATE_SET -> {
                    samples.add(sample(name, with(labels, name, "on"), null, stamp, start));
                    samples.add(sample(name, with(labels, name, "off"), null, stamp, start));
                }
                case UNKNOWN, GAUGE -> {
                    NativeHistogram histogram = random.nextInt(4) == 0 ? nativeHistogram(false) : null;
                    samples.add(sample(name, labels, histogram, stamp, start));
                }
            }
        }

        /** Some of the last samples in another order. */
        private void shuffle(List<Sample> samples, int last) {
            if (random.nextBoolean()) {
                Collections.shuffle(samples.subList(samples.size() - last, samples.size()), random);
            }
        }

        private Sample sample(String name, Labels labels, NativeHistogram histogram, long stamp, long start) {
            List<Exemplar> exemplars = new ArrayList<>();
            for (int i = random.nextInt(8) - 5; i > 0; i--) {
                String value = random.nextInt(8) == 0 ? "long".repeat(40) : pick(TEXTS);
                Labels exemplar = Labels.builder().add(pick(LABELS), value).build();
                exemplars.add(new Exemplar(exemplar, value(), random.nextInt(4) > 0 ? pick(STAMPS) : NONE));
            }
            double value = histogram == null ? value() : histogram.sum();
            return new Sample(with(labels, Labels.METRIC_NAME, name), value, histogram, stamp, start, exemplars);
        }

        private static Labels with(Labels labels, String name, String value) {
            Labels.Builder all = Labels.builder().add(name, value);
            labels.toMap().forEach(all::add);
            return all.build();
        }

        private NativeHistogram nativeHistogram(boolean gauge) {
            boolean integers = random.nextBoolean();
            if (random.nextInt(3) == 0) {
                double[] bounds = {-1, 0, 0.5, 1e6};
                Buckets positive = buckets(integers, random.nextBoolean() ? new int[] {0, 1} : new int[] {0, 0});
                return histogram(integers, total(positive))
                        .gauge(gauge)
                        .customBounds(Arrays.copyOf(bounds, random.nextInt(bounds.length + 1)))
                        .positive(positive)
                        .build();
            }
            Buckets negative = buckets(integers, spans());
            Buckets positive = buckets(integers, spans());
            double threshold = random.nextInt(3) * 1e-3;
            boolean onlyZero = negative.size() + positive.size() == 0;
            long zeroCount = pick(onlyZero ? COUNTS : BUCKET_COUNTS);
            NativeHistogram.Builder builder = histogram(integers, zeroCount + total(negative) + total(positive))
                    .gauge(gauge);
            if (integers) {
                builder.zero(threshold, zeroCount);
            } else {
                builder.zeroFloat(threshold, pick(FLOAT_COUNTS));
            }
            return builder.schema(random.nextInt(13) - 4)
                    .negative(negative)
                    .positive(positive)
                    .build();
        }

        private NativeHistogram.Builder histogram(boolean integers, long total) {
            return integers
                    ? NativeHistogram.ofCounts(total, value())
                    : NativeHistogram.ofFloatCounts(pick(FLOAT_COUNTS), value());
        }

        /** Of integer counts. */
        private static long total(Buckets buckets) {
            long total = 0;
            long count = 0;
            for (int i = 0; i < buckets.size() && !buckets.isFloat(); i++) {
                count += buckets.delta(i);
                total += count;
            }
            return total;
        }

        private int[] spans() {
            return switch (random.nextInt(4)) {
                case 0 -> new int[0];
                case 1 -> new int[] {0, 0};
                case 2 -> new int[] {random.nextInt(9) - 4, 2};
                default -> new int[] {random.nextInt(9) - 4, 2, random.nextInt(3), 0, random.nextInt(3), 1};
            };
        }

        private Buckets buckets(boolean integers, int[] spans) {
            int size = 0;
            for (int span = 1; span < spans.length; span += 2) {
                size += spans[span];
            }
            long[] deltas = new long[size];
            double[] counts = new double[size];
            long before = 0;
            for (int i = 0; i < size; i++) {
                long count = pick(BUCKET_COUNTS);
                deltas[i] = count - before;
                before = count;
                counts[i] = pick(FLOAT_COUNTS);
            }
            return integers ? Buckets.ofDeltas(spans, deltas) : Buckets.ofCounts(spans, counts);
        }

        private double pick(double[] from) {
            return from[random.nextInt(from.length)];
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

package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What client_java writes in three formats parses to the same samples. */
class ClientJavaTest {
    private static final ParseOptions CLASSIC =
            ParseOptions.builder().nativeHistograms(false).build();
    private static final ParseOptions STRICT =
            ParseOptions.builder().strict(true).utf8Names(true).build();

    private interface Writer {
        void write(MetricSnapshots snapshots, ByteArrayOutputStream out) throws IOException;
    }

    private static byte[] page(Writer writer, MetricSnapshots snapshots) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.write(snapshots, out);
        return out.toByteArray();
    }

    private static Map<String, Long> samples(ExpositionFormat format, byte[] page, ParseOptions options) {
        ExpositionParser parser = new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options);
        Pages.parse(parser, format, page);
        SampleBatch batch = Pages.parse(parser, format, page);
        assertThat(parser.newSeriesCount()).isZero();
        Map<String, Long> samples = new TreeMap<>();
        for (int row = 0; row < batch.size(); row++) {
            String series = batch.series(row).toString();
            if (!batch.series(row).labels().metricName().endsWith("_created")) {
                assertThat(samples.put(series, batch.valueBits(row))).isNull();
            }
        }
        return samples;
    }

    @Property(tries = 300)
    void threeFormatsOneContent(@ForAll long seed, @ForAll boolean nativeToo) throws IOException {
        MetricSnapshots snapshots = ClientJavaPages.registry(new Random(seed), (int) seed, nativeToo);
        byte[] text = page(ClientJavaPages::text, snapshots);
        Map<String, Long> fromText = samples(ExpositionFormat.TEXT_1_0_0, text, CLASSIC);
        byte[] openMetrics = page(ClientJavaPages::openMetrics, snapshots);
        assertThat(samples(ExpositionFormat.OPENMETRICS_1_0_0, openMetrics, CLASSIC))
                .isEqualTo(fromText);
        byte[] protobuf = page(ClientJavaPages::protobuf, snapshots);
        assertThat(samples(ExpositionFormat.PROTOBUF, protobuf, CLASSIC)).isEqualTo(fromText);
        assertThat(samples(ExpositionFormat.TEXT_1_0_0, text, STRICT)).isEqualTo(fromText);
    }

    @Test
    void nativeHistogramsArriveBucketByBucket() throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        Histogram histogram = Histogram.builder()
                .name("h")
                .labelNames("l")
                .nativeInitialSchema(3)
                .register(registry);
        Random random = new Random(5);
        for (int i = 0; i < 1000; i++) {
            histogram.labelValues("x").observe(random.nextGaussian() * 3);
        }
        histogram.labelValues("x").observe(0);
        MetricSnapshots snapshots = registry.scrape();
        byte[] page = page(ClientJavaPages::protobuf, snapshots);
        SampleBatch batch = Pages.parse(new ExpositionParser(), ExpositionFormat.PROTOBUF, page);

        HistogramDataPointSnapshot sent =
                ((HistogramSnapshot) snapshots.get(0)).getDataPoints().get(0);
        assertThat(batch.size()).isEqualTo(1);
        assertThat(batch.series(0)).hasToString("h{l=\"x\"}");
        assertThat(batch.series(0).metadata().type()).isEqualTo(MetricType.HISTOGRAM);
        NativeHistogram received = batch.histogram(0);
        assertThat(received.count()).isEqualTo(1001);
        assertThat(received.sum()).isEqualTo(sent.getSum());
        assertThat(received.schema()).isEqualTo(sent.getNativeSchema());
        assertThat(received.zeroCount()).isEqualTo(sent.getNativeZeroCount());
        assertThat(received.zeroThreshold()).isEqualTo(sent.getNativeZeroThreshold());
        Map<Integer, Long> positive = new TreeMap<>();
        sent.getNativeBucketsForPositiveValues().forEach(b -> positive.put(b.getBucketIndex(), b.getCount()));
        assertThat(populations(received.positive())).isEqualTo(positive);
        Map<Integer, Long> negative = new TreeMap<>();
        sent.getNativeBucketsForNegativeValues().forEach(b -> negative.put(b.getBucketIndex(), b.getCount()));
        assertThat(populations(received.negative())).isEqualTo(negative);
    }

    /** Without the empty buckets that bridge short gaps. */
    private static Map<Integer, Long> populations(NativeHistogram.Buckets buckets) {
        Map<Integer, Long> populations = new TreeMap<>();
        int index = 0;
        long count = 0;
        int at = 0;
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

package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.CodedOutputStream;
import io.github.promferry.Labels;
import io.github.promferry.SampleValues;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.WriteProtocol;
import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.proto.v2.Histogram;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A native histogram on its way from a page in protobuf to a request of Remote Write 2.0. */
class NativeHistogramsTest {
    private static final Labels LATENCY =
            Labels.of("__name__", "latency", "instance", "engine", "job", "llm", "model", "m");

    /** A message under construction. */
    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] message(Fields fields) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        fields.write(out);
        out.flush();
        return bytes.toByteArray();
    }

    private static byte[] family(String name, int type, byte[] metric) throws IOException {
        byte[] family = message(out -> {
            out.writeString(1, name);
            out.writeEnum(3, type);
            out.writeByteArray(4, metric);
        });
        return message(out -> out.writeByteArrayNoTag(family));
    }

    /** As {@code io.prometheus.client.MetricFamily} has it: schema 2, a zero bucket, 5 and 6 observations beside it. */
    private static byte[] latency() throws IOException {
        byte[] label = message(out -> {
            out.writeString(1, "model");
            out.writeString(2, "m");
        });
        byte[] span = message(out -> {
            out.writeSInt32(1, -3);
            out.writeUInt32(2, 2);
        });
        byte[] histogram = message(out -> {
            out.writeUInt64(1, 12);
            out.writeDouble(2, 4.5);
            out.writeSInt32(5, 2);
            out.writeDouble(6, 0.001);
            out.writeUInt64(7, 1);
            out.writeByteArray(12, span);
            out.writeSInt64(13, 5);
            out.writeSInt64(13, 1);
        });
        return family("latency", 4, message(out -> {
            out.writeByteArray(1, label);
            out.writeByteArray(7, histogram);
        }));
    }

    private static byte[] gauge() throws IOException {
        byte[] value = message(out -> out.writeDouble(1, 7));
        return family("running", 1, message(out -> out.writeByteArray(2, value)));
    }

    private static ScriptedAnswer page(byte[]... families) {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        for (byte[] family : families) {
            page.writeBytes(family);
        }
        return ScriptedAnswer.page(page.toByteArray(), ExpositionFormat.PROTOBUF.contentType());
    }

    @Test
    void arriveWithTheirBucketsAndEnd() throws IOException {
        try (ScriptedTarget target =
                        ScriptedTarget.start(page(gauge())).then(page(latency(), gauge()), page(latency(), gauge()));
                StrictReceiver receiver = StrictReceiver.start();
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .protocol(WriteProtocol.V2)
                        .build())) {
            ScrapeJob job = ScrapeJob.builder("llm")
                    .target(target.hostPort())
                    .relabel(labels -> Labels.of("instance", "engine").withDefaults(labels))
                    .interval(Duration.ofMillis(200))
                    .formats(ScrapeJob.NATIVE_HISTOGRAM_FORMATS)
                    .build();
            writer.start();
            try (Scraper scraper = Scraper.builder().sink(writer).job(job).build()) {
                scraper.start();
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> receiver.series().contains(LATENCY)
                                && receiver.histograms(LATENCY).size() == 3);
            }
            assertThat(receiver.violations()).isEmpty();
            assertThat(target.requests().get(0).header("Accept"))
                    .startsWith("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily");
            List<Histogram> histograms = receiver.histograms(LATENCY);
            for (Histogram histogram : histograms.subList(0, 2)) {
                assertThat(histogram.getCountInt()).isEqualTo(12);
                assertThat(histogram.getSum()).isEqualTo(4.5);
                assertThat(histogram.getSchema()).isEqualTo(2);
                assertThat(histogram.getZeroCountInt()).isEqualTo(1);
                assertThat(histogram.getZeroThreshold()).isEqualTo(0.001);
                assertThat(histogram.getPositiveSpans(0).getOffset()).isEqualTo(-3);
                assertThat(histogram.getPositiveSpans(0).getLength()).isEqualTo(2);
                assertThat(histogram.getPositiveDeltasList()).containsExactly(5L, 1L);
            }
            assertThat(SampleValues.isStale(
                            Double.doubleToRawLongBits(histograms.get(2).getSum())))
                    .isTrue();
            assertThat(receiver.seriesNamed("running")).hasSize(1);
        }
    }
}

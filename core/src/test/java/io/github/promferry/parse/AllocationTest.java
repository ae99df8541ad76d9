package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The steady state allocates nothing for a sample. If this fails, run the parser's benchmark with {@code -prof gc}. */
class AllocationTest {
    private static final double MAX_BYTES_PER_SAMPLE = 1;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dynamo-vllm-v1-lmcache.prom",
                "dynamo-sglang-0.5.x.prom",
                "prometheus-alltypes-237mfs.prom",
                "cadvisor-testdata.prom",
                "node_exporter-e2e-linux.prom"
            })
    void knownPageAllocatesNothing(String file) {
        byte[][] text = new byte[8][];
        byte[][] openMetrics = new byte[text.length][];
        for (int i = 0; i < text.length; i++) {
            String page = withOtherValues(new String(Pages.corpus(file), StandardCharsets.ISO_8859_1), new Random(i));
            text[i] = page.getBytes(StandardCharsets.ISO_8859_1);
            openMetrics[i] = (page.endsWith("# EOF\n") ? page : page + "# EOF\n").getBytes(StandardCharsets.ISO_8859_1);
        }
        assertThat(bytesPerSample(ExpositionFormat.TEXT_0_0_4, text)).isLessThan(MAX_BYTES_PER_SAMPLE);
        assertThat(bytesPerSample(ExpositionFormat.OPENMETRICS_1_0_0, openMetrics))
                .isLessThan(MAX_BYTES_PER_SAMPLE);
    }

    @Test
    void knownProtobufPageAllocatesNothing() throws IOException {
        byte[][] variants = new byte[4][];
        for (int i = 0; i < variants.length; i++) {
            ByteArrayOutputStream page = new ByteArrayOutputStream();
            ClientJavaPages.protobuf(ClientJavaPages.registry(new Random(1), i, false), page);
            variants[i] = page.toByteArray();
        }
        assertThat(bytesPerSample(ExpositionFormat.PROTOBUF, variants)).isLessThan(MAX_BYTES_PER_SAMPLE);
    }

    private static double bytesPerSample(ExpositionFormat format, byte[][] variants) {
        ExpositionParser parser = new ExpositionParser();
        SampleBatch batch = new SampleBatch();
        double best = Double.MAX_VALUE;
        // The first rounds pay for learning, growing and class loading.
        for (int round = 0; round < 6; round++) {
            long before = AllocatedBytes.ofThisThread();
            long samples = 0;
            for (int lap = 0; lap < 15; lap++) {
                for (byte[] page : variants) {
                    batch.reset(Labels.EMPTY);
                    parser.parse(format, page, 0, page.length, 1, batch);
                    parser.addVanished(1, batch);
                    samples += parser.sampleCount();
                }
            }
            best = Math.min(best, (AllocatedBytes.ofThisThread() - before) / (double) samples);
        }
        return best;
    }

    /** Sums and averages get digits enough for the slower ways through the number parser. */
    private static String withOtherValues(String page, Random random) {
        StringBuilder other = new StringBuilder();
        page.lines().forEach(line -> {
            int space = line.lastIndexOf(' ');
            boolean plain = !line.startsWith("#") && space > 0 && !line.matches(".*[ }][-+.0-9eE]+ [0-9]+");
            if (plain) {
                String value = random.nextBoolean()
                        ? Double.toString(random.nextInt(100_000))
                        : Double.toString(random.nextDouble() * 1000);
                other.append(line, 0, space + 1).append(value);
            } else {
                other.append(line);
            }
            other.append('\n');
        });
        return other.toString();
    }
}

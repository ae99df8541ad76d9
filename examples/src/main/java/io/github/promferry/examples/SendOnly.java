package io.github.promferry.examples;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import java.net.URI;
import java.time.Duration;

/**
 * Send samples that did not come from a scrape. Usage: {@code SendOnly URL}, such as {@code
 * http://127.0.0.1:9090/api/v1/write}.
 */
public final class SendOnly {
    private SendOnly() {}

    /**
     * Sends the free memory of this process, three times.
     *
     * @param args the URL
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        RemoteWriter writer = RemoteWriter.create(
                RemoteWriteConfig.builder(URI.create(args[0])).build());
        writer.start();

        // Made once: the writer recognizes a series by its object and does not encode its labels again.
        Series free = Series.of(
                Labels.of("__name__", "free_memory_bytes"),
                new MetricMetadata("free_memory_bytes", MetricType.GAUGE, "Free memory of the JVM.", "bytes"));
        Labels common = Labels.of("job", "send-only", "instance", "example");
        SampleBatch batch = new SampleBatch();
        for (int i = 0; i < 3; i++) {
            batch.reset(common);
            double value = Runtime.getRuntime().freeMemory();
            batch.add(free, System.currentTimeMillis(), Double.doubleToRawLongBits(value));
            writer.append(batch);
            Thread.sleep(1000);
        }

        writer.close(Duration.ofSeconds(5));
        System.out.println(writer.stats());
    }
}

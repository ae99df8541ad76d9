package io.github.promferry.examples;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import io.github.promferry.remotewrite.RetryPolicy;
import io.github.promferry.remotewrite.WriteFailure;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Decide yourself what becomes of samples that were not delivered. Here, the receiver is behind a gateway that answers 404
 * until the receiver is up, so 404 does not mean that the URL is wrong; and what is six hours old is of no use any more.
 * Usage: {@code OwnRetryPolicy URL}.
 */
public final class OwnRetryPolicy implements RetryPolicy {
    private static final Duration UNTIL_THE_GATEWAY_KNOWS = Duration.ofMillis(500);
    private static final Duration OF_USE = Duration.ofHours(6);

    /** Holds nothing: one policy may serve many writers. */
    public OwnRetryPolicy() {}

    @Override
    public @Nullable Duration nextDelay(WriteFailure failure) {
        if (failure.elapsed().compareTo(OF_USE) > 0) {
            return null; // dropped and counted
        }
        return failure.status() == 404 ? UNTIL_THE_GATEWAY_KNOWS : RetryPolicy.DEFAULT.nextDelay(failure);
    }

    /**
     * Sends one sample.
     *
     * @param args the URL
     */
    public static void main(String[] args) {
        RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(URI.create(args[0]))
                .retry(new OwnRetryPolicy())
                .build());
        writer.start();

        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("job", "own-retry-policy"));
        Series answer = Series.of(Labels.of("__name__", "answer"), MetricMetadata.NONE);
        batch.add(answer, System.currentTimeMillis(), Double.doubleToRawLongBits(42));
        writer.append(batch);

        writer.close(Duration.ofSeconds(20));
        System.out.println(writer.stats());
    }
}

package io.github.promferry.examples;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.BatchPolicy;
import io.github.promferry.remotewrite.RemoteWriteConfig;
import io.github.promferry.remotewrite.RemoteWriter;
import java.net.URI;
import java.time.Duration;

/**
 * Decide yourself when samples leave. Here, the process is frozen between the calls that it answers, as a function in a
 * cloud is, so everything of a call goes out in one request at its end, and no timer is left to run out. Usage: {@code
 * OwnBatchPolicy URL}.
 */
public final class OwnBatchPolicy implements BatchPolicy {
    private static final Duration UNTIL_THE_CALL_ENDS = Duration.ofHours(1);

    private volatile boolean callEnds;

    /** For one writer: it says when its calls end. */
    public OwnBatchPolicy() {}

    @Override
    public int maxSamples() {
        return BatchPolicy.DEFAULT_MAX_SAMPLES;
    }

    @Override
    public int maxBytes() {
        return BatchPolicy.DEFAULT_MAX_BYTES;
    }

    /** Asked after each batch. */
    @Override
    public Duration linger(int samples, int bytes) {
        return callEnds ? Duration.ZERO : UNTIL_THE_CALL_ENDS;
    }

    /**
     * Answers three calls.
     *
     * @param args the URL
     */
    public static void main(String[] args) {
        OwnBatchPolicy policy = new OwnBatchPolicy();
        RemoteWriter writer = RemoteWriter.create(
                RemoteWriteConfig.builder(URI.create(args[0])).batch(policy).build());
        writer.start();

        Series steps = Series.of(Labels.of("__name__", "steps"), MetricMetadata.NONE);
        SampleBatch batch = new SampleBatch();
        long time = System.currentTimeMillis();
        for (int call = 0; call < 3; call++) {
            for (int step = 0; step < 4; step++) {
                policy.callEnds = step == 3;
                batch.reset(Labels.of("job", "own-batch-policy"));
                batch.add(steps, time++, Double.doubleToRawLongBits(step));
                writer.append(batch);
            }
            // Before the process is frozen: wait until what was sent is decided.
            System.out.println(writer.flush(Duration.ofSeconds(5)));
        }

        writer.close(Duration.ofSeconds(5));
        System.out.println(writer.stats());
    }
}

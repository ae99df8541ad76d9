package io.github.promferry.examples;

import io.github.promferry.FlushResult;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import java.time.Duration;
import java.util.List;

/**
 * Gives every batch to several sinks. One that refuses a batch, or throws, keeps it from none of the others: whatever it
 * refuses it has counted itself.
 */
final class FanOut implements SampleSink {
    private static final System.Logger LOG = System.getLogger(FanOut.class.getName());

    private final List<SampleSink> sinks;

    FanOut(List<? extends SampleSink> sinks) {
        this.sinks = List.copyOf(sinks);
    }

    /** The sink itself if it is the only one. */
    static SampleSink of(List<? extends SampleSink> sinks) {
        return sinks.size() == 1 ? sinks.get(0) : new FanOut(sinks);
    }

    /**
     * Gives the batch to all.
     *
     * @return false if none took it
     */
    @Override
    public boolean append(SampleBatch batch) {
        boolean taken = false;
        for (SampleSink sink : sinks) {
            try {
                taken |= sink.append(batch);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a sink failed, its " + batch.size() + " samples are lost", e);
            }
        }
        return taken;
    }

    @Override
    public boolean mayBlock() {
        return sinks.stream().anyMatch(SampleSink::mayBlock);
    }

    /** The sum of all: a sample that two sinks deliver counts twice. */
    @Override
    public FlushResult flush(Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        FlushResult sum = FlushResult.NOTHING_KEPT;
        for (SampleSink sink : sinks) {
            FlushResult one = sink.flush(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
            sum = new FlushResult(
                    sum.complete() && one.complete(),
                    sum.delivered() + one.delivered(),
                    sum.dropped() + one.dropped(),
                    sum.waiting() + one.waiting());
        }
        return sum;
    }
}

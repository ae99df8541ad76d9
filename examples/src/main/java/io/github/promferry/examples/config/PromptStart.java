package io.github.promferry.examples.config;

import io.github.promferry.Clock;
import io.github.promferry.remotewrite.BatchPolicy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A batch policy that sends the first samples at once: somebody who has just started the forwarder wants to see them
 * arrive, whatever the file says about batching (Prometheus' default is 5 s). After a second it is the policy of the file.
 *
 * <p>Short but not zero, so that the targets that are scraped at the start still share a request.
 */
final class PromptStart implements BatchPolicy {
    private static final Duration FIRST_LINGER = Duration.ofMillis(20);
    private static final long START_NANOS = Duration.ofSeconds(1).toNanos();
    /** Of the clock's nanos; a clock may stand at any number, so this one marks "not yet". */
    private static final long NOT_YET = Long.MIN_VALUE;

    private final BatchPolicy usual;
    private final Clock clock;
    private final AtomicLong firstNanos = new AtomicLong(NOT_YET);

    PromptStart(BatchPolicy usual, Clock clock) {
        this.usual = usual;
        this.clock = clock;
    }

    @Override
    public int maxSamples() {
        return usual.maxSamples();
    }

    @Override
    public int maxBytes() {
        return usual.maxBytes();
    }

    @Override
    public Duration linger(int samples, int bytes) {
        Duration linger = usual.linger(samples, bytes);
        long now = clock.nanos();
        firstNanos.compareAndSet(NOT_YET, now);
        boolean starting = now - firstNanos.get() < START_NANOS;
        return starting && linger.compareTo(FIRST_LINGER) > 0 ? FIRST_LINGER : linger;
    }

    /** The policy of the file. */
    BatchPolicy usual() {
        return usual;
    }

    /** That of the usual policy: the start is over when somebody reads it. */
    @Override
    public String toString() {
        return usual.toString();
    }
}

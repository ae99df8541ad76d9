package io.github.promferry.remotewrite;

import java.time.Duration;

/** Limits that never change. */
record FixedBatchPolicy(int maxSamples, int maxBytes, Duration linger) implements BatchPolicy {
    FixedBatchPolicy {
        if (maxSamples <= 0) {
            throw new IllegalArgumentException("maxSamples is " + maxSamples + ": a request needs room for a sample");
        }
        if (maxBytes <= 0) {
            throw new IllegalArgumentException("maxBytes is " + maxBytes + ": a request needs room for a sample");
        }
        if (linger.isNegative()) {
            throw new IllegalArgumentException("linger " + linger + " is negative");
        }
    }

    @Override
    public Duration linger(int samples, int bytes) {
        return linger;
    }
}

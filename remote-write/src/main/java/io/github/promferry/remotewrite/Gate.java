package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets the shards of a writer through to its receiver: all of them while it is well; while it fails one at a time, and
 * only when the wait after the last failure is over. So the number of attempts in an outage does not grow with the number
 * of shards.
 *
 * <p>The wait of the gate counts the failures since anything last succeeded, that of a block the block's own. A block that
 * the receiver will never take therefore soon waits long itself, while the others pass after a short wait.
 */
final class Gate {
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Failures in a row, of attempts that began after the one before had failed. */
    private int failures;

    private long failingSinceNanos;
    private long closedUntilNanos;
    private boolean probing;
    private boolean stopped;

    Gate(Clock clock) {
        this.clock = clock;
    }

    /**
     * Waits for the turn.
     *
     * @param notBeforeNanos when the block itself may be sent at the earliest
     * @return what to hand to {@link #failed}, or -1 if the gate was stopped
     */
    int enter(long notBeforeNanos) throws InterruptedException {
        lock.lock();
        try {
            while (!stopped) {
                long now = clock.nanos();
                long rest = notBeforeNanos - now;
                if (failures > 0) {
                    rest = Math.max(rest, closedUntilNanos - now);
                }
                if (rest <= 0 && !(failures > 0 && probing)) {
                    probing = failures > 0;
                    return failures;
                }
                BlockQueue.awaitOn(clock, changed, rest <= 0 ? Long.MAX_VALUE : rest);
            }
            return -1;
        } finally {
            lock.unlock();
        }
    }

    /** The receiver answered as one that is well. Returns how many attempts had failed before. */
    int passed() {
        lock.lock();
        try {
            int before = failures;
            failures = 0;
            probing = false;
            changed.signalAll();
            return before;
        } finally {
            lock.unlock();
        }
    }

    /** How long nothing has succeeded. */
    long failingNanos() {
        lock.lock();
        try {
            return failures == 0 ? 0 : clock.nanos() - failingSinceNanos;
        } finally {
            lock.unlock();
        }
    }

    /** The receiver is not well: nobody else tries before the wait is over. */
    void failed(int entered, long waitNanos) {
        lock.lock();
        try {
            // Shards that entered together count as one attempt; the first of them to fail closes the gate.
            if (failures == entered) {
                if (failures == 0) {
                    failingSinceNanos = clock.nanos();
                }
                failures++;
                closedUntilNanos = clock.nanos() + waitNanos;
                probing = false;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The attempt came to nothing that says anything about the receiver. */
    void left() {
        lock.lock();
        try {
            probing = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void stop() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

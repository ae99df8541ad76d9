package io.github.promferry.scrape;

import io.github.promferry.Clock;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Rings alarms when their time has come: the next scrape of a target, the deadline of a fetch. One binary heap of the
 * alarms that are set; ten thousand targets make a few thousand operations a second of it. An alarm knows its place in the
 * heap, so that taking back a deadline (nearly every one is) costs a few swaps and leaves nothing behind.
 *
 * <p>Has no thread: {@link EventLoop} rings, tests ring by hand. Thread-safe but for that. Alarms ring one after the other
 * and outside the lock, and must be quick: they start work, they do not do it.
 */
final class ScrapeSchedule {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private Alarm[] heap = new Alarm[16];
    private int size;
    private boolean closed;

    private volatile Runnable earlier = () -> {};

    ScrapeSchedule(Clock clock) {
        this.clock = clock;
    }

    Clock clock() {
        return clock;
    }

    /** Is told when an alarm is set that comes before all others; quick, on any thread. */
    void whenEarlier(Runnable listener) {
        earlier = listener;
    }

    /** Something to do at a time. */
    abstract static class Alarm {
        private static final int NOT_SET = -1;

        private long atNanos;
        private int place = NOT_SET;

        /** Called by who rings; exceptions are logged and change nothing for other alarms. */
        abstract void ring();
    }

    /** Sets the alarm, or moves it if it is set. Ignored after {@link #close}. */
    void set(Alarm alarm, long atNanos) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            take(alarm);
            alarm.atNanos = atNanos;
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            place(alarm, size++);
            siftUp(alarm.place);
            if (alarm.place != 0) {
                return;
            }
        } finally {
            lock.unlock();
        }
        earlier.run();
    }

    /** Takes the alarm back; nothing happens if it is not set. It may be ringing at this moment. */
    void clear(Alarm alarm) {
        lock.lock();
        try {
            take(alarm);
        } finally {
            lock.unlock();
        }
    }

    /** How many alarms are set. */
    int size() {
        lock.lock();
        try {
            return size;
        } finally {
            lock.unlock();
        }
    }

    /**
     * How long until the next alarm is due.
     *
     * @return 0 or less if it is, {@link Long#MAX_VALUE} if none is set
     */
    long nanosToNext() {
        lock.lock();
        try {
            return size == 0 ? Long.MAX_VALUE : heap[0].atNanos - clock.nanos();
        } finally {
            lock.unlock();
        }
    }

    /** Rings what is due and returns. One thread at a time. */
    void ringDue() {
        for (Alarm alarm = nextDue(); alarm != null; alarm = nextDue()) {
            ring(alarm);
        }
    }

    /** Forgets all alarms; the one that rings at this moment finishes. */
    void close() {
        lock.lock();
        try {
            closed = true;
            for (int i = 0; i < size; i++) {
                heap[i].place = Alarm.NOT_SET;
            }
            heap = new Alarm[0];
            size = 0;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Alarm nextDue() {
        lock.lock();
        try {
            if (size == 0 || heap[0].atNanos - clock.nanos() > 0) {
                return null;
            }
            Alarm due = heap[0];
            take(due);
            return due;
        } finally {
            lock.unlock();
        }
    }

    private static void ring(Alarm alarm) {
        try {
            alarm.ring();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "an alarm of the scrape schedule failed; the schedule goes on", e);
        }
    }

    private void take(Alarm alarm) {
        int hole = alarm.place;
        if (hole == Alarm.NOT_SET) {
            return;
        }
        alarm.place = Alarm.NOT_SET;
        Alarm last = heap[--size];
        heap[size] = null;
        if (last != alarm) {
            place(last, hole);
            siftUp(hole);
            siftDown(last.place);
        }
    }

    private void siftUp(int from) {
        Alarm alarm = heap[from];
        int at = from;
        while (at > 0) {
            int parent = (at - 1) / 2;
            if (heap[parent].atNanos - alarm.atNanos <= 0) {
                break;
            }
            place(heap[parent], at);
            at = parent;
        }
        place(alarm, at);
    }

    private void siftDown(int from) {
        Alarm alarm = heap[from];
        int at = from;
        while (true) {
            int child = 2 * at + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && heap[child + 1].atNanos - heap[child].atNanos < 0) {
                child++;
            }
            if (alarm.atNanos - heap[child].atNanos <= 0) {
                break;
            }
            place(heap[child], at);
            at = child;
        }
        place(alarm, at);
    }

    private void place(Alarm alarm, int at) {
        heap[at] = alarm;
        alarm.place = at;
    }
}

package io.github.promferry.scrape.discovery;

import io.github.promferry.scrape.discovery.TargetDiscovery.Publisher;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks at once and then after every interval, and publishes what has changed. */
final class PeriodicLookup {
    /** One look. */
    interface Lookup {
        /**
         * All groups there are now, or an exception whose message is the reason. Parts that failed while others did not
         * are told to the publisher.
         */
        List<TargetGroup> look(Publisher publisher) throws Exception;
    }

    private final Lookup lookup;
    private final Duration interval;
    private final ScheduledExecutorService executor;
    private final boolean ownsExecutor;

    private @Nullable Future<?> task;
    /** Touched by the one task alone. */
    private @Nullable List<TargetGroup> published;

    private volatile boolean closed;

    /**
     * A lookup that is not started yet.
     *
     * @param threadName of the thread it makes for itself
     * @param executor to use instead of an own thread, or null
     */
    PeriodicLookup(String threadName, Duration interval, @Nullable ScheduledExecutorService executor, Lookup lookup) {
        this.lookup = lookup;
        this.interval = interval;
        this.ownsExecutor = executor == null;
        // Starts its thread with the first task only.
        this.executor = executor != null
                ? executor
                : Executors.newSingleThreadScheduledExecutor(task -> daemon(threadName, task));
    }

    synchronized void start(Publisher publisher) {
        if (task != null || closed) {
            throw new IllegalStateException("a discovery is started once: build a new one");
        }
        task = executor.scheduleWithFixedDelay(() -> round(publisher), 0, interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    synchronized void close() {
        closed = true;
        if (task != null) {
            task.cancel(true);
        }
        if (ownsExecutor) {
            executor.shutdownNow();
        }
    }

    private void round(Publisher publisher) {
        try {
            List<TargetGroup> groups = List.copyOf(lookup.look(publisher));
            if (!closed && !groups.equals(published)) {
                publisher.publish(groups);
                published = groups;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            // Whatever it is, the next round may go well; an exception that left here would end the rounds.
            if (!closed) {
                publisher.failed(e.getMessage() == null ? e.toString() : e.getMessage());
            }
        }
    }

    static Thread daemon(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, 0, false);
        thread.setDaemon(true);
        // The loader of whoever happens to start a discovery must not be kept alive.
        thread.setContextClassLoader(null);
        return thread;
    }

    static Duration checkedInterval(Duration interval) {
        if (interval.toMillis() < 1) {
            throw new IllegalArgumentException("interval " + interval + " is below a millisecond");
        }
        return interval;
    }
}

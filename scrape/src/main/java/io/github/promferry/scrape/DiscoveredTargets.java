package io.github.promferry.scrape;

import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.discovery.TargetGroup;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What one discovery tells one job. */
final class DiscoveredTargets implements TargetDiscovery.Publisher {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    /** Takes over what was found, while the scraper's lock is held. */
    interface Change {
        void apply(JobLoops.Found found);
    }

    private final ScrapeJob job;
    private final TargetDiscovery discovery;
    private final JobLoops loops;
    private final Change change;
    private final ScrapeListener listener;
    /** Of all discoveries of the job: which of them failed last. */
    private final AtomicLong failureOrder;

    /** So that an older list never overtakes a newer one on the way through relabeling. */
    private final Object publishing = new Object();

    private final Object lock = new Object();
    // Guarded by lock.
    private long failures;
    private long lastFailureAt;
    private @Nullable String lastFailure;

    /** Written under this; read without, since a discovery may publish while it is being started. */
    private volatile boolean closed;

    DiscoveredTargets(
            ScrapeJob job,
            TargetDiscovery discovery,
            JobLoops loops,
            Change change,
            ScrapeListener listener,
            AtomicLong failureOrder) {
        this.job = job;
        this.discovery = discovery;
        this.loops = loops;
        this.change = change;
        this.listener = listener;
        this.failureOrder = failureOrder;
    }

    /** Not under the scraper's lock: it is the code of users, and may publish at once. */
    synchronized void start() {
        if (closed) {
            return;
        }
        try {
            discovery.start(this);
        } catch (RuntimeException e) {
            failed(discovery + " did not start: " + e);
        }
    }

    synchronized void close() {
        closed = true;
        try {
            discovery.close();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> "job " + job.name() + ": closing " + discovery + " failed", e);
        }
    }

    @Override
    public void publish(List<TargetGroup> groups) {
        synchronized (publishing) {
            if (closed) {
                return;
            }
            JobLoops.Found found = loops.resolve(List.copyOf(groups));
            LOG.log(
                    Level.INFO,
                    () -> "job " + job.name() + ": found "
                            + (found.targets().size() + found.droppedCount()) + " targets by " + discovery + ", "
                            + found.droppedCount() + " of them dropped");
            DroppedTarget fault = found.firstFault();
            if (fault != null) {
                LOG.log(
                        Level.WARNING,
                        () -> "job " + job.name() + ": a target found by " + discovery + " cannot be scraped: "
                                + fault.reason() + " (all of them: Scraper.droppedTargets)");
            }
            change.apply(found);
        }
    }

    @Override
    public void failed(String reason) {
        if (closed) {
            return;
        }
        boolean news;
        synchronized (lock) {
            news = !reason.equals(lastFailure);
            failures++;
            lastFailureAt = failureOrder.incrementAndGet();
            lastFailure = reason;
        }
        if (news) {
            LOG.log(Level.WARNING, () -> "job " + job.name() + ": " + reason + "; the targets known before stay");
        }
        try {
            listener.discoveryFailed(job.name(), reason);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> "job " + job.name() + ": the scrape listener threw an exception", e);
        }
    }

    /** A job's status with what its discoveries said in vain, the last of them by time. */
    static JobStatus withFailures(JobStatus status, List<DiscoveredTargets> ofJob) {
        long failures = 0;
        long lastAt = 0;
        String last = null;
        for (DiscoveredTargets each : ofJob) {
            synchronized (each.lock) {
                failures += each.failures;
                if (each.lastFailureAt > lastAt) {
                    lastAt = each.lastFailureAt;
                    last = each.lastFailure;
                }
            }
        }
        return new JobStatus(status.job(), status.activeTargets(), status.droppedTargets(), failures, last);
    }
}

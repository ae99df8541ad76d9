package io.github.promferry.scrape;

import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.discovery.TargetGroup;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
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

    /** So that an older list never overtakes a newer one on the way through relabeling. */
    private final Object publishing = new Object();

    private final Object lock = new Object();
    // Guarded by lock.
    private long failures;
    private @Nullable String lastFailure;

    /** Guarded by this. */
    private boolean closed;

    DiscoveredTargets(
            ScrapeJob job, TargetDiscovery discovery, JobLoops loops, Change change, ScrapeListener listener) {
        this.job = job;
        this.discovery = discovery;
        this.loops = loops;
        this.change = change;
        this.listener = listener;
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
        boolean news;
        synchronized (lock) {
            news = !reason.equals(lastFailure);
            failures++;
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

    JobStatus addTo(JobStatus status) {
        synchronized (lock) {
            return new JobStatus(
                    status.job(),
                    status.activeTargets(),
                    status.droppedTargets(),
                    status.discoveryFailures() + failures,
                    lastFailure == null ? status.lastDiscoveryFailure() : lastFailure);
        }
    }
}

package io.github.promferry.scrape;

import io.github.promferry.parse.LeftOut;
import io.github.promferry.scrape.TargetStatus.Counts;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.TargetStatus.LastScrape;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/** How the scrapes of a target went: the last one and totals. Logs what changes, not what stays. Thread-safe. */
final class ScrapeRecord {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    private final ActiveTarget target;
    /** Of the job. */
    private final ScrapeCounters counters;

    // Guarded by this.
    /** As it was given or found last: labels that only relabeling sees may change and the target be the same. */
    private Target givenAs;

    private Health health = Health.UNKNOWN;
    private @Nullable LastScrape last;
    private long scrapes;
    private long failures;
    private long skipped;
    private long refusals;

    ScrapeRecord(ActiveTarget target, ScrapeCounters counters) {
        this.target = target;
        this.counters = counters;
        givenAs = target.target();
    }

    synchronized TargetStatus status(long nextScrapeMillis) {
        return new TargetStatus(
                target.job().name(),
                givenAs,
                target.labels(),
                target.uri(),
                target.interval(),
                target.timeout(),
                health,
                last,
                new Counts(scrapes, failures, skipped, refusals),
                nextScrapeMillis);
    }

    synchronized void givenAs(Target again) {
        givenAs = again;
    }

    synchronized boolean isEmpty() {
        return scrapes == 0;
    }

    /** Ticks were due without a scrape. */
    synchronized void skip(long ticks) {
        skipped += ticks;
        counters.skipped.add(ticks);
    }

    /** The target was asked whether it is ready, and is not: that is no scrape. */
    void notReady(LastScrape probe) {
        if (replaceLast(probe) == null) {
            LOG.log(Level.INFO, () -> target.name() + ": waiting until it answers");
        }
    }

    void add(LastScrape scrape) {
        LastScrape before = replaceLast(scrape);
        synchronized (this) {
            scrapes++;
            failures += scrape.failure() == null ? 0 : 1;
            refusals += scrape.refusal() == null ? 0 : 1;
            health = scrape.failure() == null ? Health.UP : Health.DOWN;
        }
        counters.count(scrape);
        logFailure(before == null ? null : before.failure(), scrape.failure());
        logRefusal(before == null ? null : before.refusal(), scrape.refusal());
        logLeftOut(before, scrape);
    }

    private synchronized @Nullable LastScrape replaceLast(LastScrape scrape) {
        LastScrape before = last;
        last = scrape;
        return before;
    }

    private void logFailure(@Nullable ScrapeFailure before, @Nullable ScrapeFailure now) {
        if (now != null && (before == null || before.kind() != now.kind())) {
            LOG.log(Level.WARNING, () -> target.name() + ": scrape failed: " + now.message());
        } else if (now == null && before != null) {
            LOG.log(Level.INFO, () -> target.name() + ": up again");
        }
    }

    private void logLeftOut(@Nullable LastScrape before, LastScrape now) {
        now.leftOut().forEach((why, samples) -> {
            if (why != LeftOut.REPEATED && (before == null || before.leftOutCount(why) == 0)) {
                LOG.log(
                        Level.WARNING,
                        () -> target.name() + ": samples are left out, " + samples.count() + " by now, the first of "
                                + samples.first() + ": " + reason(why));
            }
        });
    }

    private String reason(LeftOut why) {
        return switch (why) {
            case DUPLICATE -> "the page has the series twice";
            case OVER_SERIES_LIMIT ->
                "over the series limit " + target.job().limits().series() + " of the job";
            case TOO_FAR_AHEAD ->
                "the timestamp is more than "
                        + PrometheusDuration.format(target.job().limits().future()) + " in the future";
            case OUT_OF_ORDER -> "the series had a later timestamp before";
            case REPEATED -> "they are known already";
        };
    }

    private void logRefusal(@Nullable String before, @Nullable String now) {
        if (now != null && before == null) {
            LOG.log(Level.WARNING, () -> target.name() + ": " + now);
        } else if (now == null && before != null) {
            LOG.log(Level.INFO, () -> target.name() + ": the sink takes samples again");
        }
    }
}

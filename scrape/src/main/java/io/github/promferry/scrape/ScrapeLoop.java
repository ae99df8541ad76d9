package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import io.github.promferry.scrape.TargetStatus.LastScrape;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scrapes one target for as long as it is there. One scrape at a time: a tick that finds the one before still running waits
 * a tenth of the interval for it, and is then counted and otherwise forgotten. A timeout as long as the interval, which is
 * common, ends when the next tick is due: without that wait, a target that hangs would be down at every other tick only.
 *
 * <pre>
 *            tick                 page, failure or deadline
 *   WAITING ──────► FETCHING ─────────────────────────────► WORKING ──► WAITING
 *      │               │                                       │
 *      └───────────────┴──────── stop, end of removal ─────────┴──► ENDED
 * </pre>
 *
 * <p>FETCHING holds no thread. WORKING is on a worker, and the only state in which the reader is touched; so the reader
 * needs no lock, and the batches of a target reach the sink one after the other.
 */
final class ScrapeLoop {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);
    private static final long NEVER = Long.MIN_VALUE;

    /** Text that takes 1 ms or so, if all of it is new. */
    private static final int SMALL_PAGE_BYTES = 512 * 1024;

    private enum State {
        WAITING,
        FETCHING,
        WORKING,
        ENDED
    }

    private final ActiveTarget target;
    private final String identity;
    private final Fetcher fetcher;
    private final Fetcher.Request request;
    private final ScrapeContext context;
    private final TickGrid grid;
    private final ScrapeWork work;
    private final ScrapeRecord record;
    private final Supplier<@Nullable ScrapeFailure> forbidden;
    private final long timeoutNanos;

    private final Object lock = new Object();
    // Guarded by lock.
    private State state = State.WAITING;
    private @Nullable Attempt attempt;
    /** False until the target answers for the first time, if the job waits for that. */
    private boolean ready;

    private long nextTickMillis;
    /** The next tick is the scrape at once that a new target gets. */
    private boolean firstAtOnce;

    /** The tick was due and waits for the scrape before. */
    private boolean tickWaits;

    private long lastTimestampMillis = NEVER;
    /** Series of a loop before this one are alive, those of its reports included. */
    private boolean inherits;
    /** The target is gone; markers are due, unless another loop writes its series. */
    private boolean removed;

    private long endMillis;
    /** No scrape may begin any more; what is at work ends, with markers or without. */
    private boolean stopped;

    private boolean markOnStop;

    /** Unpacked, of all that came; written while working, read by who has claimed the next page. */
    private volatile int largestPage;

    private final ScrapeSchedule.Alarm tick = new ScrapeSchedule.Alarm() {
        @Override
        void ring() {
            tick();
        }
    };

    private final ScrapeSchedule.Alarm deadline = new ScrapeSchedule.Alarm() {
        @Override
        void ring() {
            expire();
        }
    };

    private final ScrapeSchedule.Alarm endOfRun = new ScrapeSchedule.Alarm() {
        @Override
        void ring() {
            endRun();
        }
    };

    /**
     * A loop that has not begun.
     *
     * @param identity what no other target of the job has
     * @param work used by this loop alone
     * @param record of the target
     * @param forbidden why no request may be made at present, or null; such a scrape fails
     */
    ScrapeLoop(
            ActiveTarget target,
            String identity,
            Fetcher fetcher,
            Fetcher.Request request,
            ScrapeWork work,
            ScrapeRecord record,
            Supplier<@Nullable ScrapeFailure> forbidden,
            ScrapeContext context) {
        this.target = target;
        this.identity = identity;
        this.fetcher = fetcher;
        this.request = request;
        this.work = work;
        this.record = record;
        this.forbidden = forbidden;
        this.ready = target.job().waitUntilReady() == null;
        this.context = context;
        this.timeoutNanos = target.timeout().toNanos();
        this.grid = TickGrid.of(target.interval().toMillis(), identity, context.salt(), context.toleranceMillis());
    }

    ActiveTarget target() {
        return target;
    }

    String identity() {
        return identity;
    }

    Labels commonLabels() {
        return work.commonLabels();
    }

    boolean hasEnded() {
        synchronized (lock) {
            return state == State.ENDED;
        }
    }

    /**
     * Sets the first tick.
     *
     * @param delayMillis after which a scrape "at once" happens, for it to be one of not too many
     */
    void start(long delayMillis) {
        synchronized (lock) {
            long wall = clock().wallMillis();
            long delay = Math.min(delayMillis, target.interval().toMillis() / 2);
            firstAtOnce = target.job().firstScrapeAtOnce();
            scheduleTick(wall, firstAtOnce ? wall + delay : grid.nextAfter(wall));
        }
    }

    TargetStatus status() {
        synchronized (lock) {
            return record.status(nextTickMillis);
        }
    }

    /** The target was found again. */
    void givenAs(Target again) {
        record.givenAs(again);
    }

    /**
     * Scrapes now, off the grid; if a scrape is running, that one counts. This one is the scrape at once, if the target did
     * not have it yet.
     *
     * @param done run once it has ended, or at once if the loop has
     */
    void scrapeNow(Runnable done) {
        Attempt begun = null;
        synchronized (lock) {
            if (state == State.ENDED || removed || stopped) {
                done.run();
                return;
            }
            if (state == State.WAITING) {
                long wall = clock().wallMillis();
                if (firstAtOnce && ready) {
                    firstAtOnce = false;
                    scheduleTick(wall, grid.nextAfterExtra(wall));
                }
                begun = newAttempt(wall);
            }
            if (attempt != null) {
                attempt.whenDone.add(done);
            }
        }
        if (begun != null) {
            begun.fetch();
        }
    }

    /**
     * The target is gone. Its series get stale markers after two intervals, so that one who takes the target over, or
     * this loop if the target returns, can write newer samples before; until then {@link #returns} takes it back.
     */
    void remove() {
        Attempt abandoned;
        synchronized (lock) {
            if (removed || stopped || state == State.ENDED) {
                return;
            }
            removed = true;
            tickWaits = false;
            context.schedule().clear(tick);
            abandoned = abandonFetch();
            // As Prometheus: the time of the next tick, written one tick and a tenth after it.
            endMillis = nextTickMillis;
            long interval = target.interval().toMillis();
            // A clock that was set back far has the tick hours ahead; no tick is further off than one and a half
            // intervals.
            long untilTick = Math.min(endMillis - clock().wallMillis(), interval * 3 / 2);
            long wait = Math.max(0, untilTick) + interval * 11 / 10;
            context.schedule().set(endOfRun, clock().nanos() + TimeUnit.MILLISECONDS.toNanos(wait));
        }
        cancel(abandoned);
    }

    /**
     * A removed target is there again, as it was.
     *
     * @return false if it is too late
     */
    boolean returns() {
        synchronized (lock) {
            if (state == State.ENDED || stopped) {
                return false;
            }
            if (removed) {
                removed = false;
                context.schedule().clear(endOfRun);
                long wall = clock().wallMillis();
                scheduleTick(wall, target.job().firstScrapeAtOnce() ? wall : grid.nextAfter(wall));
            }
            return true;
        }
    }

    /** Ends a removed loop without markers, or gives null while it is at work. */
    @Nullable
    Legacy leave() {
        synchronized (lock) {
            if (!removed || state != State.WAITING) {
                return null;
            }
            context.schedule().clear(endOfRun);
            state = State.ENDED;
            return new Legacy(work.reader(), lastTimestampMillis, hasSeries());
        }
    }

    /** Goes on after another loop; before the start. */
    void comesAfter(Legacy before) {
        synchronized (lock) {
            lastTimestampMillis = before.lastTimestampMillis;
            inherits = before.hasSeries;
        }
    }

    /** Ends a removed loop without markers: another one writes the same series. */
    void forgo() {
        synchronized (lock) {
            context.schedule().clear(endOfRun);
            stopped = true;
            if (state != State.WORKING) {
                end();
            }
        }
    }

    /**
     * The scraper stops: no more scrapes; a fetch under way is canceled, a page that has come is still delivered.
     *
     * @param markStale whether all series get stale markers
     */
    void stop(boolean markStale) {
        Attempt abandoned;
        boolean mark;
        synchronized (lock) {
            if (stopped) {
                return;
            }
            stopped = true;
            context.schedule().clear(tick);
            context.schedule().clear(endOfRun);
            abandoned = abandonFetch();
            mark = markStale && state == State.WAITING;
            if (state == State.WORKING) {
                markOnStop = markStale;
            } else if (mark) {
                state = State.WORKING;
            } else {
                end();
            }
        }
        cancel(abandoned);
        if (mark) {
            execute(context.workers(), this::markAllStale);
        }
    }

    /** For a target that is gone: the dictionary, which other targets share, need not keep its series. */
    private void end() {
        state = State.ENDED;
        work.reader().forget();
    }

    // Ticks, on the event loop.

    private void tick() {
        Attempt begun = null;
        synchronized (lock) {
            if (state == State.ENDED || removed || stopped) {
                return;
            }
            firstAtOnce = false;
            if (ready && state != State.WAITING && !tickWaits) {
                tickWaits = true;
                context.schedule().set(tick, clock().nanos() + target.interval().toNanos() / 10);
                return;
            }
            tickWaits = false;
            long wall = clock().wallMillis();
            long planned = nextTickMillis;
            Duration probe = target.job().waitUntilReady();
            if (!ready && probe != null) {
                scheduleTick(wall, wall + probe.toMillis());
                if (state != State.WAITING) {
                    return;
                }
            } else {
                // Frozen, or the clock was set forward: what was missed is not made up for.
                record.skip(grid.missed(planned, wall));
                scheduleTick(wall, tickAfter(planned, wall));
            }
            if (state == State.WAITING) {
                begun = newAttempt(wall);
            } else {
                record.skip(1);
            }
        }
        if (begun != null) {
            begun.fetch();
        } else {
            tell(() -> context.listener().skipped(status()));
        }
    }

    private long tickAfter(long planned, long wall) {
        long early = planned - wall;
        // A clock that is being slowed down can make the alarm ring a moment early: that was this tick nevertheless.
        return grid.nextAfterExtra(early > 0 && early <= target.interval().toMillis() / 2 ? planned : wall);
    }

    private void scheduleTick(long wall, long tickMillis) {
        nextTickMillis = tickMillis;
        context.schedule().set(tick, clock().nanos() + TimeUnit.MILLISECONDS.toNanos(tickMillis - wall));
    }

    private Attempt newAttempt(long wall) {
        long timestamp = grid.stamp(wall);
        long before = lastTimestampMillis;
        // Two scrapes within the tolerance, or a clock set back a little: receivers take no sample that is not newer.
        // A clock set back further is followed, since it is the samples before that were wrong.
        if (before != NEVER
                && timestamp <= before
                && before - timestamp < target.interval().toMillis()) {
            timestamp = before + 1;
        }
        lastTimestampMillis = timestamp;
        Attempt begun = new Attempt(new ScrapeWork.Begin(timestamp, clock().nanos()));
        attempt = begun;
        state = State.FETCHING;
        context.schedule().set(deadline, begun.begin.nanos() + timeoutNanos);
        return begun;
    }

    private void expire() {
        Attempt late;
        synchronized (lock) {
            if (state != State.FETCHING || attempt == null) {
                return;
            }
            late = attempt;
            state = State.WORKING;
        }
        late.cancel();
        late.hand(
                null,
                ScrapeFailure.of(
                        Kind.TIMEOUT,
                        "the page was not complete within " + PrometheusDuration.format(target.timeout())
                                + " (timeout of the job)"));
    }

    /** To be canceled by the caller, outside the lock: closing a connection may wait for who is about to tell of it. */
    private @Nullable Attempt abandonFetch() {
        Attempt abandoned = attempt;
        if (state != State.FETCHING || abandoned == null) {
            return null;
        }
        context.schedule().clear(deadline);
        state = State.WAITING;
        attempt = null;
        abandoned.runWhenDone();
        return abandoned;
    }

    private static void cancel(@Nullable Attempt abandoned) {
        if (abandoned != null) {
            abandoned.cancel();
        }
    }

    /** One scrape. */
    private final class Attempt implements Fetcher.Receiver {
        private final ScrapeWork.Begin begin;
        // Guarded by lock.
        private final List<Runnable> whenDone = new ArrayList<>(0);
        private Fetcher.@Nullable Fetch fetch;
        private boolean canceled;

        Attempt(ScrapeWork.Begin begin) {
            this.begin = begin;
        }

        void fetch() {
            ScrapeFailure reason = forbidden.get();
            if (reason != null) {
                failed(reason);
                return;
            }
            Fetcher.Fetch begun;
            try {
                begun = fetcher.fetch(request, this);
            } catch (RuntimeException e) {
                failed(ScrapeFailure.of(Kind.INTERNAL, "cannot begin to fetch: " + e));
                return;
            }
            synchronized (lock) {
                fetch = begun;
                if (!canceled) {
                    return;
                }
            }
            begun.cancel();
        }

        @Override
        public void arrived(Fetcher.Page page) {
            if (claim()) {
                hand(page, null);
            } else {
                context.buffers().giveBack(page.body());
            }
        }

        @Override
        public void failed(ScrapeFailure failure) {
            if (claim()) {
                hand(null, failure);
            }
        }

        /** True for the first outcome only; a page that comes after the deadline is late. */
        private boolean claim() {
            synchronized (lock) {
                if (attempt != this || state != State.FETCHING) {
                    return false;
                }
                context.schedule().clear(deadline);
                state = State.WORKING;
                return true;
            }
        }

        void cancel() {
            Fetcher.Fetch running;
            synchronized (lock) {
                canceled = true;
                running = fetch;
            }
            if (running != null) {
                running.cancel();
            }
        }

        private void hand(Fetcher.@Nullable Page page, @Nullable ScrapeFailure failure) {
            execute(
                    page != null && isSmall(page) ? context.quickWorkers() : context.workers(),
                    () -> work(this, page, failure));
        }

        private void runWhenDone() {
            whenDone.forEach(Runnable::run);
            whenDone.clear();
        }
    }

    /** How large a compressed page becomes, only those before can tell: it is small if none of them was large. */
    private boolean isSmall(Fetcher.Page page) {
        boolean compressed = page.contentEncoding() != null;
        return page.body().length() <= SMALL_PAGE_BYTES
                && (!compressed || (largestPage > 0 && largestPage <= SMALL_PAGE_BYTES));
    }

    private void execute(Executor workers, Runnable work) {
        try {
            workers.execute(work);
        } catch (RejectedExecutionException e) {
            // The scraper is closed and its workers are gone.
            synchronized (lock) {
                state = State.ENDED;
                if (attempt != null) {
                    attempt.runWhenDone();
                }
            }
        }
    }

    // Work, on a worker.

    private void work(Attempt of, Fetcher.@Nullable Page page, @Nullable ScrapeFailure failure) {
        ScrapeFailure unknown = ScrapeFailure.of(Kind.INTERNAL, "the scrape did not end");
        LastScrape scrape = work.untold(failure == null ? unknown : failure, of.begin);
        try {
            if (page != null) {
                answered();
                scrape = work.deliver(page, of.begin);
            } else if (failure != null && isReady()) {
                scrape = work.deliver(failure, of.begin);
            }
        } finally {
            // Whatever was thrown, an error of the machine even: the next scrape is tried on time.
            finish(of, scrape);
        }
    }

    /** Something that answers is ready, whatever the answer: from now on a failure is one. */
    private void answered() {
        synchronized (lock) {
            if (!ready) {
                ready = true;
                if (!removed && !stopped) {
                    long wall = clock().wallMillis();
                    scheduleTick(wall, grid.nextAfterExtra(wall));
                }
            }
        }
    }

    private boolean isReady() {
        synchronized (lock) {
            return ready;
        }
    }

    private void finish(Attempt of, LastScrape scrape) {
        try {
            tell(scrape);
        } finally {
            release(of);
        }
    }

    private void tell(LastScrape scrape) {
        // Negative where unpacking reached the limit.
        int bytes = scrape.bodyBytes() < 0 ? Integer.MAX_VALUE : scrape.bodyBytes();
        if (bytes > largestPage) {
            largestPage = bytes;
        }
        if (isReady()) {
            record.add(scrape);
            tell(() -> context.listener().scraped(status()));
        } else {
            record.notReady(scrape);
        }
    }

    private void release(Attempt of) {
        boolean markNow;
        synchronized (lock) {
            markNow = markOnStop;
            attempt = null;
            if (stopped && !markNow) {
                end();
            } else if (!stopped) {
                state = State.WAITING;
                if (tickWaits) {
                    context.schedule().set(tick, clock().nanos());
                }
            }
            of.runWhenDone();
        }
        if (markNow) {
            markAllStale();
        }
    }

    // The end of the run.

    private void endRun() {
        boolean mark;
        synchronized (lock) {
            if (!removed || stopped || state == State.ENDED) {
                return;
            }
            if (state == State.WORKING) {
                // A sink that blocks. The markers must come after its batch.
                context.schedule()
                        .set(endOfRun, clock().nanos() + target.interval().toNanos());
                return;
            }
            mark = hasSeries();
            if (mark) {
                state = State.WORKING;
            } else {
                end();
            }
        }
        if (mark) {
            execute(context.workers(), this::markAllStale);
        }
    }

    private void markAllStale() {
        try {
            work.deliverAllStale(endTimestamp(), hasSeries());
        } finally {
            synchronized (lock) {
                end();
            }
        }
    }

    private boolean hasSeries() {
        synchronized (lock) {
            return inherits || !record.isEmpty();
        }
    }

    private long endTimestamp() {
        synchronized (lock) {
            long end = removed && !stopped ? endMillis : clock().wallMillis();
            // A scrape by hand may have been later.
            return lastTimestampMillis == NEVER ? end : Math.max(end, lastTimestampMillis + 1);
        }
    }

    private void tell(Runnable news) {
        try {
            news.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> target.name() + ": the scrape listener threw an exception", e);
        }
    }

    private Clock clock() {
        return context.clock();
    }

    /**
     * What a loop leaves to the one after it, which writes the same series.
     *
     * @param reader knows what was live
     * @param lastTimestampMillis receivers take nothing that is not later
     * @param hasSeries whether there are any, at least those of the reports
     */
    record Legacy(SampleReader reader, long lastTimestampMillis, boolean hasSeries) {}
}

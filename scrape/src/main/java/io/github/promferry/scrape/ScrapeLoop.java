package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import io.github.promferry.scrape.TargetStatus.Health;
import io.github.promferry.scrape.TargetStatus.LastScrape;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scrapes one target for as long as it is there. One scrape at a time: a tick that finds the one before still running is
 * counted and otherwise forgotten.
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

    private enum State {
        WAITING,
        FETCHING,
        WORKING,
        ENDED
    }

    private final ActiveTarget target;
    private final String identity;
    private final Labels commonLabels;
    private final Fetcher fetcher;
    private final Fetcher.Request request;
    private final ScrapeContext context;
    private final TickGrid grid;
    private final SampleReader reader;
    private final Supplier<@Nullable ScrapeFailure> forbidden;
    private final ScrapeCounters counters;
    private final long timeoutNanos;

    private final Object lock = new Object();
    // Guarded by lock.
    /** As it was given or found last: labels that only relabeling sees may change and the target be the same. */
    private Target givenAs;

    private State state = State.WAITING;
    private @Nullable Attempt attempt;
    /** False until the target answers for the first time, if the job waits for that. */
    private boolean ready;

    private long nextTickMillis;
    private long lastTimestampMillis = NEVER;
    /** The target is gone; markers are due, unless another loop writes its series. */
    private boolean removed;

    private long endMillis;
    /** No scrape may begin any more; what is at work ends, with markers or without. */
    private boolean stopped;

    private boolean markOnStop;
    private Health health = Health.UNKNOWN;
    private @Nullable LastScrape last;
    private long scrapes;
    private long failures;
    private long skipped;
    private long refusals;

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
     * @param commonLabels of all its samples: those of the target and the external ones
     * @param reader used by this loop alone
     * @param forbidden why no request may be made at present, or null; such a scrape fails
     * @param counters of the job
     */
    ScrapeLoop(
            ActiveTarget target,
            String identity,
            Labels commonLabels,
            Fetcher fetcher,
            Fetcher.Request request,
            SampleReader reader,
            Supplier<@Nullable ScrapeFailure> forbidden,
            ScrapeCounters counters,
            ScrapeContext context) {
        this.target = target;
        this.identity = identity;
        this.commonLabels = commonLabels;
        this.fetcher = fetcher;
        this.request = request;
        this.reader = reader;
        this.forbidden = forbidden;
        this.counters = counters;
        this.ready = target.job().waitUntilReady() == null;
        this.context = context;
        this.timeoutNanos = target.timeout().toNanos();
        this.givenAs = target.target();
        this.grid = TickGrid.of(target.interval().toMillis(), identity, context.salt(), context.toleranceMillis());
    }

    ActiveTarget target() {
        return target;
    }

    String identity() {
        return identity;
    }

    Labels commonLabels() {
        return commonLabels;
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
            scheduleTick(wall, target.job().firstScrapeAtOnce() ? wall + delay : grid.nextAfter(wall));
        }
    }

    TargetStatus status() {
        synchronized (lock) {
            return new TargetStatus(
                    target.job().name(),
                    givenAs,
                    target.labels(),
                    target.uri(),
                    health,
                    last,
                    new TargetStatus.Counts(scrapes, failures, skipped, refusals),
                    nextTickMillis);
        }
    }

    /** The target was found again. */
    void givenAs(Target again) {
        synchronized (lock) {
            givenAs = again;
        }
    }

    /**
     * Scrapes now, off the grid; if a scrape is running, that one counts.
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
                begun = newAttempt(clock().wallMillis());
            }
            if (attempt != null) {
                attempt.whenDone.add(done);
            }
        }
        if (begun != null) {
            begun.begin();
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
            context.schedule().clear(tick);
            abandoned = abandonFetch();
            // As Prometheus: the time of the next tick, written one tick and a tenth after it.
            endMillis = nextTickMillis;
            long wait = Math.max(0, nextTickMillis - clock().wallMillis())
                    + target.interval().toMillis() * 11 / 10;
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

    /** Ends a removed loop without markers and gives its reader, which knows what was live, to the one after it. */
    @Nullable
    SampleReader surrenderReader() {
        synchronized (lock) {
            if (!removed || state != State.WAITING) {
                return null;
            }
            context.schedule().clear(endOfRun);
            state = State.ENDED;
            return reader;
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
            execute(this::markAllStale);
        }
    }

    /** For a target that is gone: the dictionary, which other targets share, need not keep its series. */
    private void end() {
        state = State.ENDED;
        reader.forget();
    }

    // Ticks, on the schedule's thread.

    private void tick() {
        Attempt begun = null;
        synchronized (lock) {
            if (state == State.ENDED || removed || stopped) {
                return;
            }
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
                skip(Math.max(0, (wall - planned) / target.interval().toMillis()));
                scheduleTick(wall, tickAfter(planned, wall));
            }
            if (state == State.WAITING) {
                begun = newAttempt(wall);
            } else {
                skip(1);
            }
        }
        if (begun != null) {
            begun.begin();
        } else {
            tell(() -> context.listener().skipped(status()));
        }
    }

    private void skip(long ticks) {
        skipped += ticks;
        counters.skipped.add(ticks);
    }

    private long tickAfter(long planned, long wall) {
        boolean onGrid = grid.nextAfter(planned - 1) == planned;
        if (!onGrid) {
            return grid.nextAfterExtra(wall);
        }
        long early = planned - wall;
        // A clock that is being slowed down can make the alarm ring a moment early: that was this tick nevertheless.
        return grid.nextAfter(early > 0 && early <= target.interval().toMillis() / 2 ? planned : wall);
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
        Attempt begun = new Attempt(timestamp, clock().nanos());
        attempt = begun;
        state = State.FETCHING;
        context.schedule().set(deadline, begun.startNanos + timeoutNanos);
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
        private final long timestampMillis;
        private final long startNanos;
        // Guarded by lock.
        private final List<Runnable> whenDone = new ArrayList<>(0);
        private Fetcher.@Nullable Fetch fetch;
        private boolean canceled;

        Attempt(long timestampMillis, long startNanos) {
            this.timestampMillis = timestampMillis;
            this.startNanos = startNanos;
        }

        void begin() {
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
            execute(() -> work(this, page, failure));
        }

        private void runWhenDone() {
            whenDone.forEach(Runnable::run);
            whenDone.clear();
        }
    }

    private void execute(Runnable work) {
        try {
            context.workers().execute(work);
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

    private void work(Attempt of, Fetcher.@Nullable Page page, @Nullable ScrapeFailure fetchFailure) {
        LastScrape scrape = outcome(of, ScrapeFailure.of(Kind.INTERNAL, "the scrape did not end"), 0, false);
        Workspace workspace = context.workspaces().lend();
        try {
            SampleBatch batch = workspace.batch();
            batch.reset(commonLabels);
            scrape = page == null ? failed(of, fetchFailure, batch, 0) : read(of, page, workspace);
            if (page != null) {
                answered();
            }
            if (isReady()) {
                ReportSeries.add(target.job().reports(), scrape, target, batch);
                scrape = deliver(batch, scrape);
            }
        } finally {
            if (page != null) {
                context.buffers().giveBack(page.body());
            }
            context.workspaces().giveBack(workspace);
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

    /** Page to rows, with stale markers for what is not on it. If that fails, no row of the page stays. */
    private LastScrape read(Attempt of, Fetcher.Page page, Workspace workspace) {
        SampleBatch batch = workspace.batch();
        int bodyBytes = 0;
        try {
            PageBuffer plain = unpacked(page, workspace);
            bodyBytes = plain.length();
            ExpositionFormat format = format(page.contentType());
            reader.read(format, plain, of.timestampMillis, batch);
            reader.addVanished(of.timestampMillis, batch);
            return outcome(of, null, bodyBytes, true);
        } catch (FetchException e) {
            return failed(of, e.failure(), batch, bodyBytes);
        } catch (ExpositionException e) {
            reader.addAllStale(of.timestampMillis, batch);
            return outcome(of, parseFailure(e, page.contentType()), bodyBytes, true);
        } catch (SeriesRejectedException e) {
            batch.truncate(0);
            reader.addAllStale(of.timestampMillis, batch);
            return outcome(of, ScrapeFailure.of(Kind.LIMIT, message(e)), bodyBytes, true);
        } catch (RuntimeException e) {
            // Relabeling by user code, or a mistake of ours: this target's page is lost, nothing else.
            LOG.log(Level.ERROR, () -> name() + ": an unexpected exception while reading the page", e);
            batch.truncate(0);
            reader.addAllStale(of.timestampMillis, batch);
            return outcome(of, ScrapeFailure.of(Kind.INTERNAL, "unexpected exception: " + e), bodyBytes, false);
        }
    }

    private PageBuffer unpacked(Fetcher.Page page, Workspace workspace) throws FetchException {
        String encoding = page.contentEncoding();
        if (encoding == null || encoding.isBlank() || encoding.strip().equalsIgnoreCase("identity")) {
            return page.body();
        }
        String word = encoding.strip().toLowerCase(Locale.ROOT);
        if (!word.equals("gzip") && !word.equals("x-gzip")) {
            throw new FetchException(
                    Kind.CONTENT, "the page has content encoding \"" + encoding + "\", which was not asked for");
        }
        workspace.page().clear();
        workspace.gzip().unpack(page.body(), workspace.page(), target.job().bodySizeLimit());
        return workspace.page();
    }

    private ExpositionFormat format(@Nullable String contentType) throws FetchException {
        ExpositionFormat announced = ExpositionFormat.ofContentType(contentType);
        if (announced != null) {
            return announced;
        }
        ExpositionFormat fallback = target.job().fallbackFormat();
        if (fallback == null) {
            throw new FetchException(
                    Kind.CONTENT,
                    "the page has "
                            + (contentType == null ? "no content type" : "content type \"" + contentType + "\"")
                            + ", which is no exposition: check the path, or set fallbackFormat of the job");
        }
        return fallback;
    }

    private ScrapeFailure parseFailure(ExpositionException e, @Nullable String contentType) {
        int limit = target.job().sampleLimit();
        boolean overLimit = limit > 0 && reader.keptCount() > limit;
        if (overLimit || e.getCause() instanceof SeriesRejectedException) {
            return new ScrapeFailure(Kind.LIMIT, message(e), e.line(), e.column());
        }
        String read = ExpositionFormat.ofContentType(contentType) != null
                ? ""
                : contentType == null ? " (the page has no content type)" : " (content type \"" + contentType + "\")";
        return new ScrapeFailure(Kind.PARSE, message(e) + read, e.line(), e.column());
    }

    private static String message(Exception e) {
        return String.valueOf(e.getMessage());
    }

    private LastScrape failed(Attempt of, @Nullable ScrapeFailure failure, SampleBatch batch, int bodyBytes) {
        reader.addAllStale(of.timestampMillis, batch);
        int size = failure != null && failure.kind() == Kind.BODY_SIZE ? -1 : bodyBytes;
        return outcome(of, failure, size, false);
    }

    private LastScrape outcome(Attempt of, @Nullable ScrapeFailure failure, int bodyBytes, boolean parsed) {
        return new LastScrape(
                of.timestampMillis,
                Duration.ofNanos(clock().nanos() - of.startNanos),
                failure,
                bodyBytes,
                parsed ? reader.sampleCount() : 0,
                parsed ? reader.keptCount() : 0,
                parsed ? reader.newSeriesCount() : 0,
                parsed ? reader.duplicateCount() : 0,
                null);
    }

    /** The sink's trouble is never the target's: it is counted and told, and {@code up} stays what it is. */
    private LastScrape deliver(SampleBatch batch, LastScrape scrape) {
        if (batch.isEmpty()) {
            return scrape;
        }
        String refusal = null;
        try {
            if (!context.sink().append(batch)) {
                refusal = "the sink took none of the " + batch.size() + " samples";
            }
        } catch (RuntimeException e) {
            refusal = "the sink threw " + e;
        }
        return refusal == null
                ? scrape
                : new LastScrape(
                        scrape.timestampMillis(),
                        scrape.duration(),
                        scrape.failure(),
                        scrape.bodyBytes(),
                        scrape.samplesScraped(),
                        scrape.samplesKept(),
                        scrape.seriesAdded(),
                        scrape.duplicates(),
                        refusal);
    }

    private void finish(Attempt of, LastScrape scrape) {
        LastScrape before;
        boolean markNow;
        boolean waiting;
        synchronized (lock) {
            before = last;
            last = scrape;
            waiting = !ready;
        }
        if (waiting) {
            if (before == null) {
                LOG.log(Level.INFO, () -> name() + ": waiting until it answers");
            }
        } else {
            ended(before, scrape);
        }
        synchronized (lock) {
            markNow = markOnStop;
            attempt = null;
            if (stopped && !markNow) {
                end();
            } else if (!stopped) {
                state = State.WAITING;
            }
            of.runWhenDone();
        }
        if (markNow) {
            markAllStale();
        }
    }

    private void ended(@Nullable LastScrape before, LastScrape scrape) {
        synchronized (lock) {
            scrapes++;
            failures += scrape.failure() == null ? 0 : 1;
            refusals += scrape.refusal() == null ? 0 : 1;
            health = scrape.failure() == null ? Health.UP : Health.DOWN;
        }
        counters.count(scrape);
        logChange(before, scrape);
        tell(() -> context.listener().scraped(status()));
    }

    private void logChange(@Nullable LastScrape before, LastScrape now) {
        ScrapeFailure failure = now.failure();
        ScrapeFailure known = before == null ? null : before.failure();
        if (failure != null && (known == null || known.kind() != failure.kind())) {
            LOG.log(Level.WARNING, () -> name() + ": scrape failed: " + failure.message());
        } else if (failure == null && known != null) {
            LOG.log(Level.INFO, () -> name() + ": up again");
        }
        String refusal = now.refusal();
        if (refusal != null && (before == null || before.refusal() == null)) {
            LOG.log(Level.WARNING, () -> name() + ": " + refusal);
        } else if (refusal == null && before != null && before.refusal() != null) {
            LOG.log(Level.INFO, () -> name() + ": the sink takes samples again");
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
            mark = scrapes > 0;
            if (mark) {
                state = State.WORKING;
            } else {
                end();
            }
        }
        if (mark) {
            execute(this::markAllStale);
        }
    }

    private void markAllStale() {
        Workspace workspace = context.workspaces().lend();
        try {
            long timestamp;
            boolean scraped;
            synchronized (lock) {
                long end = removed && !stopped ? endMillis : clock().wallMillis();
                // A scrape by hand may have been later.
                timestamp = lastTimestampMillis == NEVER ? end : Math.max(end, lastTimestampMillis + 1);
                scraped = scrapes > 0;
            }
            SampleBatch batch = workspace.batch();
            batch.reset(commonLabels);
            reader.addAllStale(timestamp, batch);
            if (scraped) {
                ReportSeries.addStale(target.job().reports(), timestamp, batch);
            }
            if (!batch.isEmpty() && !context.sink().append(batch)) {
                LOG.log(Level.WARNING, () -> name() + ": the sink did not take the stale markers");
            }
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> name() + ": stale markers were lost", e);
        } finally {
            context.workspaces().giveBack(workspace);
            synchronized (lock) {
                end();
            }
        }
    }

    private void tell(Runnable news) {
        try {
            news.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> name() + ": the scrape listener threw an exception", e);
        }
    }

    private String name() {
        return target.job().name() + " (" + ActiveTarget.withoutQuery(target.uri()) + ")";
    }

    private Clock clock() {
        return context.clock();
    }
}

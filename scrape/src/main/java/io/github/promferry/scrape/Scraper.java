package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.MetricSource;
import io.github.promferry.SampleSink;
import io.github.promferry.scrape.discovery.TargetDiscovery;
import io.github.promferry.scrape.relabel.Relabeler;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Scrapes targets and hands their samples to a sink.
 *
 * <pre>{@code
 * Scraper scraper = Scraper.builder()
 *         .sink(writer)
 *         .job(ScrapeJob.builder("llm").target("127.0.0.1:8000").build())
 *         .build();
 * scraper.start();
 * ...
 * scraper.close();
 * }</pre>
 *
 * <p>Starts no thread before {@link #start()}; then one that watches the clock and waits for sockets, and parses and
 * appends small pages itself if neither {@linkplain SampleSink#mayBlock the sink} nor {@linkplain Relabeler#mayBlock
 * metric relabeling} may block and there is no listener; as many as there are cores that parse and append everything
 * else; some that look up hosts; those of {@code java.net.http} where TLS or a proxy is needed. All are daemons. A
 * target that hangs, sends garbage or makes user code throw does not disturb the others. The sink is closed by whoever
 * made it, after this.
 *
 * <p>Thread-safe.
 *
 * @since 0.1
 */
public final class Scraper implements AutoCloseable {
    static final String LOGGER = "io.github.promferry.scrape";

    /** How long {@link #close()} waits at most. */
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /** How far from its tick a scrape may begin and still have the tick's timestamp, unless told otherwise. */
    public static final Duration DEFAULT_TIMESTAMP_TOLERANCE = Duration.ofMillis(10);

    private static final Logger LOG = System.getLogger(LOGGER);

    private static final ScrapeListener NO_LISTENER = new ScrapeListener() {};

    private final SampleSink sink;
    private final boolean staleMarkersOnClose;
    private final ScrapeSchedule schedule;
    private final Workspace.Pool workspaces = new Workspace.Pool();
    private final EventLoop loop;
    private final MetricSource metrics = new ScraperMetrics(this::jobsForMetrics);
    private final @Nullable ExecutorService ownWorkers;
    private final @Nullable ExecutorService ownHttpThreads;

    /** By the name of the job. */
    private final Map<String, List<DiscoveredTargets>> discovered = new LinkedHashMap<>();

    private final Object lock = new Object();
    /** By name; fixed when built, but what they hold is guarded by lock. */
    private final Map<String, JobLoops> jobs = new LinkedHashMap<>();

    // Guarded by lock.
    private boolean started;
    private boolean closed;

    private Scraper(Builder builder) {
        sink = Objects.requireNonNull(builder.sink);
        staleMarkersOnClose = builder.staleMarkersOnClose;
        schedule = new ScrapeSchedule(builder.clock);
        loop = new EventLoop(schedule);
        int cores = Runtime.getRuntime().availableProcessors();
        ownWorkers = builder.workers == null ? DaemonThreads.fixed("promferry-scrape-worker", cores) : null;
        ownHttpThreads = builder.fetchers == null ? DaemonThreads.cached("promferry-scrape-http") : null;
        String hostName = builder.hostName != null ? builder.hostName : HostName.ofThisHost();
        PageBuffers buffers = new PageBuffers(4 * cores);
        Executor workers = builder.workers != null ? builder.workers : Objects.requireNonNull(ownWorkers);
        boolean nobodyWaits = !sink.mayBlock() && builder.listener == NO_LISTENER;
        ScrapeContext context = new ScrapeContext(
                builder.clock,
                schedule,
                workers,
                nobodyWaits ? loop.orBy(workers) : workers,
                workspaces,
                buffers,
                sink,
                builder.listener,
                hostName + " " + builder.externalLabels,
                builder.timestampTolerance.toMillis());
        for (ScrapeJob job : builder.jobs) {
            Fetcher fetcher = builder.fetchers != null
                    ? builder.fetchers.fetcher(job)
                    : new RoutedFetcher(job.http(), loop, Objects.requireNonNull(ownHttpThreads), buffers);
            JobLoops loops = new JobLoops(job, builder.externalLabels, hostName, fetcher, context);
            jobs.put(job.name(), loops);
            job.targets().forEach(target -> loops.add(target, loops.resolve(target)));
            job.sources().forEach(loops::add);
            List<DiscoveredTargets> ofJob = new ArrayList<>();
            AtomicLong failureOrder = new AtomicLong();
            for (TargetDiscovery discovery : job.discoveries()) {
                ofJob.add(new DiscoveredTargets(
                        job,
                        discovery,
                        loops,
                        found -> update(loops, discovery, found),
                        builder.listener,
                        failureOrder));
            }
            discovered.put(job.name(), List.copyOf(ofJob));
        }
    }

    /**
     * A builder that needs a sink at least.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Begins to scrape and returns at once.
     *
     * @throws IllegalStateException if it was closed; starting twice is harmless
     */
    public void start() {
        synchronized (lock) {
            checkOpen();
            if (started) {
                return;
            }
            started = true;
            jobs.values().forEach(JobLoops::start);
        }
        if (ownWorkers != null) {
            loop.start();
        }
        jobs.values().forEach(JobLoops::logStart);
        discovered.values().forEach(ofJob -> ofJob.forEach(DiscoveredTargets::start));
    }

    private void update(JobLoops loops, TargetDiscovery discovery, JobLoops.Found found) {
        synchronized (lock) {
            if (closed) {
                return;
            }
            for (Labels common : loops.update(discovery, found)) {
                jobs.values().stream().filter(other -> other != loops).forEach(other -> other.forgo(common));
            }
            loops.start();
        }
    }

    /**
     * Adds a target to a job, at any time. A target that is there already is left as it is.
     *
     * @param job the name of a job this was built with
     * @param target scraped from now on, or from {@link #start()} on
     * @return false if the job has it already, or its relabeling drops it
     * @throws IllegalArgumentException if there is no such job, or the target's labels cannot be understood
     */
    public boolean addTarget(String job, Target target) {
        JobLoops loops = jobLoops(job);
        ActiveTarget resolved = loops.resolve(Objects.requireNonNull(target, "target"));
        synchronized (lock) {
            checkOpen();
            Labels common = loops.add(target, resolved);
            if (common == null) {
                return false;
            }
            jobs.values().stream().filter(other -> other != loops).forEach(other -> other.forgo(common));
            if (started) {
                loops.start();
            }
            return true;
        }
    }

    /**
     * Adds a source of this process to a job, at any time; for what is there only after the scraper was built, such as its
     * own {@link #metrics()}.
     *
     * @param job the name of a job
     * @param source collected at each interval of the job
     * @param labels for all its series, such as {@code instance="forwarder"}; they must differ from those of the job's
     *     other sources
     * @throws IllegalArgumentException if there is no such job
     * @see ScrapeJob.Builder#source(MetricSource, Labels)
     */
    public void addSource(String job, MetricSource source, Labels labels) {
        synchronized (lock) {
            checkOpen();
            JobLoops loops = jobLoops(job);
            loops.add(new ScrapeJob.Source(
                    Objects.requireNonNull(source, "source"), Objects.requireNonNull(labels, "labels")));
            if (started) {
                loops.start();
            }
        }
    }

    /**
     * Removes a target, at any time. Its series get stale markers about two intervals later, unless it returns before.
     *
     * @param job the name of a job
     * @param target as it was added
     * @return false if the job does not have it, or has it by discovery alone
     * @throws IllegalArgumentException if there is no such job, or the target's labels cannot be understood
     */
    public boolean removeTarget(String job, Target target) {
        JobLoops loops = jobLoops(job);
        ActiveTarget resolved = loops.resolve(Objects.requireNonNull(target, "target"));
        synchronized (lock) {
            return loops.remove(target, resolved);
        }
    }

    /**
     * How the targets are doing.
     *
     * @return a snapshot, job by job in the order in which they and their targets were added
     */
    public List<TargetStatus> status() {
        List<TargetStatus> all = new ArrayList<>();
        for (ScrapeLoop loop : loops()) {
            all.add(loop.status());
        }
        return all;
    }

    /**
     * How the jobs' targets come and go.
     *
     * @return a snapshot, in the order of the jobs
     */
    public List<JobStatus> jobs() {
        List<JobStatus> all = new ArrayList<>();
        synchronized (lock) {
            jobs.forEach(
                    (name, loops) -> all.add(new JobStatus(name, loops.activeCount(), loops.droppedCount(), 0, null)));
        }
        all.replaceAll(
                status -> DiscoveredTargets.withFailures(status, discovered.getOrDefault(status.job(), List.of())));
        return all;
    }

    /**
     * The targets that are not scraped, because relabeling dropped them or because what discovery found cannot be
     * scraped.
     *
     * @return a snapshot, in the order of the jobs; {@link ScrapeLimits#droppedTargets} bounds it
     */
    public List<DroppedTarget> droppedTargets() {
        List<DroppedTarget> all = new ArrayList<>();
        synchronized (lock) {
            jobs.values().forEach(loops -> all.addAll(loops.dropped()));
        }
        return all;
    }

    /**
     * What the scraper tells of itself: scrapes, failures by kind, skipped ticks, samples, targets by health, each with
     * the label {@code scrape_job}. Add it to a job by {@link #addSource}, or bridge it to another registry.
     *
     * @return the same series objects at each collection; the source may be used after {@link #close()}
     */
    public MetricSource metrics() {
        return metrics;
    }

    /**
     * Scrapes every target once, now, and then waits until the sink is {@linkplain SampleSink#flush flushed}: for the end
     * of a request or a stop hook, after which this process may be frozen. Scrapes that are due go on as before.
     *
     * @param timeout how long to wait at most
     * @return what the sink has delivered during the flush and what still waits there; complete if every target was
     *     scraped, too, well or not
     * @throws IllegalStateException if it was not started, or is closed
     */
    public FlushResult scrapeNow(Duration timeout) {
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        List<ScrapeLoop> all;
        synchronized (lock) {
            checkOpen();
            if (!started) {
                throw new IllegalStateException("the scraper is not started: call start() first");
            }
            all = loops();
        }
        CountDownLatch running = new CountDownLatch(all.size());
        all.forEach(loop -> loop.scrapeNow(running::countDown));
        boolean scraped = awaits(() -> running.await(left(deadline), TimeUnit.NANOSECONDS));
        FlushResult flushed = sink.flush(Duration.ofNanos(left(deadline)));
        return scraped ? flushed : new FlushResult(false, flushed.delivered(), flushed.dropped(), flushed.waiting());
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the scraper is closed: build a new one");
        }
    }

    /** Closes within {@link #DEFAULT_CLOSE_TIMEOUT}. */
    @Override
    public void close() {
        boolean unused = close(DEFAULT_CLOSE_TIMEOUT);
    }

    /**
     * Stops scraping: fetches that wait for their target are canceled, pages that have come are still parsed and
     * delivered. Does not close the sink.
     *
     * @param timeout how long to wait at most
     * @return true if all work has ended, or if this was called before; otherwise the rest of it is interrupted
     */
    public boolean close(Duration timeout) {
        long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        List<JobLoops> all;
        synchronized (lock) {
            if (closed) {
                return true;
            }
            closed = true;
            all = List.copyOf(jobs.values());
        }
        discovered.values().forEach(ofJob -> ofJob.forEach(DiscoveredTargets::close));
        schedule.close();
        all.forEach(job -> job.stop(started && staleMarkersOnClose));
        Thread looping = loop.close();
        boolean ended = looping == null
                || looping == Thread.currentThread()
                || awaits(() -> {
                    TimeUnit.NANOSECONDS.timedJoin(looping, left(deadline));
                    return !looping.isAlive();
                });
        if (!ended && looping != null) {
            looping.interrupt();
        }
        if (ownWorkers != null) {
            ownWorkers.shutdown();
            ended &= awaits(() -> ownWorkers.awaitTermination(left(deadline), TimeUnit.NANOSECONDS));
            ownWorkers.shutdownNow();
        }
        if (ownHttpThreads != null) {
            ownHttpThreads.shutdownNow();
        }
        all.forEach(JobLoops::close);
        workspaces.close();
        if (started) {
            LOG.log(
                    ended ? Level.INFO : Level.WARNING,
                    ended ? "scraper closed" : "scraper closed with work left over after " + timeout);
        }
        return ended;
    }

    /** For tests, which ring alarms themselves. */
    ScrapeSchedule schedule() {
        return schedule;
    }

    private List<ScraperMetrics.Job> jobsForMetrics() {
        List<ScraperMetrics.Job> all = new ArrayList<>();
        for (JobStatus status : jobs()) {
            synchronized (lock) {
                JobLoops loops = jobLoops(status.job());
                all.add(new ScraperMetrics.Job(
                        status,
                        loops.counters(),
                        loops.loops().stream()
                                .map(loop -> loop.status().health())
                                .toList()));
            }
        }
        return all;
    }

    private List<ScrapeLoop> loops() {
        synchronized (lock) {
            List<ScrapeLoop> all = new ArrayList<>();
            jobs.values().forEach(job -> all.addAll(job.loops()));
            return all;
        }
    }

    private JobLoops jobLoops(String job) {
        JobLoops loops = jobs.get(Objects.requireNonNull(job, "job"));
        if (loops == null) {
            throw new IllegalArgumentException("there is no job \"" + job + "\", only " + jobs.keySet());
        }
        return loops;
    }

    private static long left(long deadline) {
        return Math.max(0, deadline - System.nanoTime());
    }

    private interface Waiting {
        boolean run() throws InterruptedException;
    }

    private static boolean awaits(Waiting waiting) {
        try {
            return waiting.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Where a job's fetcher comes from, in tests. */
    interface Fetchers {
        Fetcher fetcher(ScrapeJob job);
    }

    /**
     * Collects what a scraper is made of; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private @Nullable SampleSink sink;
        private final List<ScrapeJob> jobs = new ArrayList<>();
        private Labels externalLabels = Labels.EMPTY;
        private @Nullable String hostName;
        private Clock clock = Clock.SYSTEM;
        private ScrapeListener listener = NO_LISTENER;
        private Duration timestampTolerance = DEFAULT_TIMESTAMP_TOLERANCE;
        private boolean staleMarkersOnClose;
        private @Nullable Executor workers;
        private @Nullable Fetchers fetchers;

        private Builder() {}

        /**
         * Where the samples go.
         *
         * @param sink called from several threads, for one target never concurrently
         * @return this
         */
        public Builder sink(SampleSink sink) {
            this.sink = Objects.requireNonNull(sink, "sink");
            return this;
        }

        /**
         * Adds a job.
         *
         * @param job its name must differ from that of the others
         * @return this
         * @throws IllegalArgumentException if there is a job of that name
         */
        public Builder job(ScrapeJob job) {
            if (jobs.stream().anyMatch(known -> known.name().equals(job.name()))) {
                throw new IllegalArgumentException("there are two jobs of the name \"" + job.name() + "\": rename one");
            }
            jobs.add(job);
            return this;
        }

        /**
         * Labels for all series that do not have them; none by default.
         *
         * @param externalLabels such as {@code cluster="eu-1"}
         * @return this
         */
        public Builder externalLabels(Labels externalLabels) {
            this.externalLabels = Objects.requireNonNull(externalLabels, "externalLabels");
            return this;
        }

        /**
         * What stands for this host in the label {@code instance} of targets on it; the system's host name by default.
         *
         * @param hostName unique among replicas, such as the name of a pod or function instance
         * @return this
         * @see ScrapeJob.Builder#instanceFromHostName
         */
        public Builder hostName(String hostName) {
            if (hostName.isBlank()) {
                throw new IllegalArgumentException("the host name is blank: leave it out to use the system's");
            }
            this.hostName = hostName;
            return this;
        }

        /**
         * The two times; the system's by default.
         *
         * @param clock for tests
         * @return this
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Who is told of scrapes; nobody by default.
         *
         * @param listener called on the scraper's threads
         * @return this
         */
        public Builder listener(ScrapeListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * How far from its tick a scrape may begin and still have the tick's timestamp, which makes the distances equal
         * and the stored samples small; 10 ms by default, and never more than 1 % of the interval.
         *
         * @param tolerance zero for the real time always
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder timestampTolerance(Duration tolerance) {
            if (tolerance.isNegative()) {
                throw new IllegalArgumentException("timestamp tolerance " + tolerance + " is negative");
            }
            timestampTolerance = tolerance;
            return this;
        }

        /**
         * Whether all series get stale markers when the scraper is closed; false by default, as a restart would leave a
         * hole in every graph. Set it where the targets end with this process.
         *
         * @param staleMarkersOnClose true to mark them
         * @return this
         */
        public Builder staleMarkersOnClose(boolean staleMarkersOnClose) {
            this.staleMarkersOnClose = staleMarkersOnClose;
            return this;
        }

        /** For tests: no thread is started, {@link ScrapeSchedule#ringDue} is called by the test. */
        Builder byHand(Executor workers, Fetchers fetchers) {
            this.workers = workers;
            this.fetchers = fetchers;
            return this;
        }

        /**
         * The scraper, not yet started.
         *
         * @return a new scraper
         * @throws IllegalStateException if there is no sink
         * @throws IllegalArgumentException if labels of a target that say something for the scrape cannot be understood
         */
        public Scraper build() {
            if (sink == null) {
                throw new IllegalStateException("the scraper has no sink: give one by sink()");
            }
            return new Scraper(this);
        }
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import io.github.promferry.FlushResult;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricSource;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sends samples to a Remote Write receiver and loses none silently: each accepted sample is delivered, waiting, or dropped
 * and counted with a reason.
 *
 * <pre>{@code
 * RemoteWriter writer = RemoteWriter.create(
 *         RemoteWriteConfig.builder(URI.create("http://127.0.0.1:9090/api/v1/write")).build());
 * writer.start();
 * writer.append(batch);
 * writer.close(Duration.ofSeconds(5));
 * }</pre>
 *
 * <p>A batch is encoded when it is appended; what waits are finished, compressed requests. Batches with the same common
 * labels go through the same shard, and a shard sends one request at a time, so the samples of a series arrive in the order
 * they were appended in. While the receiver is away, one shard probes for all.
 *
 * <p>Thread-safe. No thread runs before {@link #start()}; what is appended before that waits.
 *
 * @since 0.1
 */
public final class RemoteWriter implements SampleSink, AutoCloseable {
    /** How long {@link #close()} goes on sending. */
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private static final Logger LOGGER = System.getLogger(RemoteWriter.class.getName());

    /** How long a thread may take to end when it is told to: listeners run on it. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(1);

    private final RemoteWriteConfig config;
    private final Clock clock;
    private final BlockQueue queue;
    private final Gate gate;
    private final ProtocolChoice protocol;
    private final Reporter reporter;
    private final Shards shards;
    private final ShardScaling scaling;
    private final ThreadFactory senderThreads;
    private final @Nullable Spool spool;

    /** What the spool gave up, for the listener: it happens under locks that a listener must not be called with. */
    private final Queue<Runnable> untoldLosses = new ConcurrentLinkedQueue<>();

    /** When metadata is due; {@link Long#MIN_VALUE} before the first time. */
    private final AtomicLong metadataSentNanos;

    /** Guards what follows. */
    private final ReentrantLock lifecycle = new ReentrantLock();

    private final List<Thread> threads = new ArrayList<>();
    private @Nullable HttpSender http;
    private boolean started;
    private boolean closing;
    private boolean closedInTime;

    private RemoteWriter(RemoteWriteConfig config, SpoolDisk disk) {
        this.config = Objects.requireNonNull(config, "config");
        senderThreads = threadFactory("");
        clock = config.clock();
        spool = openSpool(config, disk);
        queue = new BlockQueue(config.queue(), clock, spool);
        gate = new Gate(clock);
        protocol = new ProtocolChoice(config.protocol(), clock);
        reporter = new Reporter(config);
        metadataSentNanos =
                new AtomicLong(clock.nanos() - config.metadataInterval().toNanos());
        shards = new Shards(config, queue, protocol, reporter, spool, this::noteLoss);
        scaling = new ShardScaling(config.queue(), clock.nanos());
    }

    private static @Nullable Spool openSpool(RemoteWriteConfig config, SpoolDisk disk) {
        Path directory = config.queue().spool();
        if (directory == null) {
            return null;
        }
        try {
            return Spool.open(directory, config.queue(), config.clock(), disk);
        } catch (IOException e) {
            throw new UncheckedIOException("writer " + config.name() + ": " + e.getMessage(), e);
        }
    }

    private void noteLoss(Lane lane, SpoolLog.Lost lost) {
        queue.dropRows(lost.loss().reason, lost.samples());
        untoldLosses.add(() -> reporter.lost(lane, lost));
    }

    /**
     * A writer that takes samples at once and sends them from {@link #start()} on. With a spool, it goes on with what the
     * writer before it has left there.
     *
     * @param config where and how to send
     * @return a new writer
     * @throws UncheckedIOException if the spool directory cannot be used: in use by another writer, not writable, or
     *     written by a later version
     */
    public static RemoteWriter create(RemoteWriteConfig config) {
        return create(config, SpoolDisk.REAL);
    }

    static RemoteWriter create(RemoteWriteConfig config, SpoolDisk disk) {
        return new RemoteWriter(config, disk);
    }

    /**
     * Starts to send. Does no I/O on the calling thread; a receiver that cannot be reached is tried again, whatever the
     * reason. Does nothing the second time.
     *
     * @throws IllegalStateException if the writer is closed
     */
    public void start() {
        lifecycle.lock();
        try {
            if (closing) {
                throw new IllegalStateException("writer " + config.name() + " is closed: create a new one");
            }
            if (started) {
                return;
            }
            started = true;
            http = new HttpSender(config, threadFactory("http-"));
            http.prepare();
            startSenders(queue.lanes());
            if (spool != null) {
                spool.start();
            }
        } finally {
            lifecycle.unlock();
        }
        LOGGER.log(Level.INFO, "writing to " + config.shownUrl() + " with " + config);
    }

    private void startSenders(List<Lane> lanes) {
        HttpSender sharedHttp = Objects.requireNonNull(http, "http");
        threads.removeIf(thread -> !thread.isAlive());
        for (Lane lane : lanes) {
            Sender sender = new Sender(config, lane, queue, gate, protocol, sharedHttp, reporter, this::afterBlock);
            Thread thread = senderThreads.newThread(() -> {
                sender.run();
                removeLog(lane);
            });
            threads.add(thread);
            thread.start();
        }
    }

    /** Nothing comes to the log of a lane that has ended. */
    private void removeLog(Lane lane) {
        if (lane.ended && spool != null && lane.log != null) {
            spool.remove(lane.log);
        }
    }

    private ThreadFactory threadFactory(String part) {
        AtomicInteger next = new AtomicInteger();
        return task -> {
            // Inherits nothing: a writer must not keep alive the class loader of whoever happened to start it.
            Thread thread = new Thread(
                    null, task, "promferry-write-" + config.name() + "-" + part + next.getAndIncrement(), 0, false);
            thread.setDaemon(true);
            // Not null: snappy-java looks for its settings through it, and complains on stderr about null.
            thread.setContextClassLoader(RemoteWriter.class.getClassLoader());
            return thread;
        };
    }

    @Override
    public boolean append(SampleBatch batch) {
        if (batch.isEmpty()) {
            return true;
        }
        boolean taken = shards.append(batch);
        tellLosses();
        return taken;
    }

    /**
     * True with a spool, if a full queue lets the caller wait, and with a listener, a relabeling function or a batch policy
     * of the user's, which are called while something is appended.
     */
    @Override
    public boolean mayBlock() {
        return spool != null
                || config.queue().overflow() == QueueConfig.Overflow.BLOCK
                || config.listener() != WriteListener.NONE
                || config.writeRelabel() != null
                || !(config.batch() instanceof FixedBatchPolicy);
    }

    /**
     * Sends open requests at once and waits until everything appended before the call is decided: delivered, or dropped
     * and counted. Causes no attempt of its own while the receiver is away.
     *
     * @param timeout how long to wait at most
     * @return what became of the samples, by the same counters as {@link #stats()}; complete whenever nothing waits
     */
    @Override
    public FlushResult flush(Duration timeout) {
        WriterStats before = stats();
        shards.seal();
        boolean decided = queue.awaitDecided(timeout);
        WriterStats after = stats();
        return new FlushResult(
                // What was late by a moment is not waiting any more.
                decided || after.waiting() == 0,
                after.delivered() - before.delivered(),
                after.droppedTotal() - before.droppedTotal(),
                after.waiting());
    }

    /**
     * Refuses further batches, goes on sending for so long at most, then cancels what is under way and drops the rest as
     * {@code closed}, or leaves it in the spool if there is one. No request is sent after it has returned. A later call returns the same at once.
     *
     * @param timeout how long to go on at most; returns a second later at worst
     * @return true if nothing had to be dropped for lack of time
     */
    public boolean close(Duration timeout) {
        lifecycle.lock();
        try {
            if (closing) {
                return closedInTime;
            }
            closing = true;
            shards.close();
            queue.drain();
            boolean sent = started && queue.awaitDecided(timeout);
            queue.stop();
            gate.stop();
            threads.forEach(Thread::interrupt);
            joinAll();
            List<BlockQueue.Dropped> rest = queue.dropRest("closed");
            // Metadata that was not sent is no loss: the next writer sends it again.
            rest.removeIf(one -> one.block().samples == 0);
            rest.forEach(one -> reporter.dropped(one.lane(), one.block(), one.block().samples, "closed", null));
            if (http != null) {
                http.close();
            }
            if (spool != null) {
                spool.close();
            }
            tellLosses();
            closedInTime = sent || rest.isEmpty();
            logStop(stats());
            return closedInTime;
        } finally {
            lifecycle.unlock();
        }
    }

    private void logStop(WriterStats stats) {
        LOGGER.log(
                Level.INFO,
                "stopped writing to " + config.shownUrl() + ": " + stats.delivered() + " samples delivered, "
                        + stats.droppedTotal() + " dropped " + stats.dropped() + ", " + stats.waiting()
                        + " left in the spool");
    }

    private void joinAll() {
        long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
        boolean interrupted = false;
        for (Thread thread : threads) {
            try {
                long rest = (deadline - System.nanoTime()) / 1_000_000;
                if (thread != Thread.currentThread() && rest > 0) {
                    thread.join(rest);
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@link #close(Duration)} with {@link #DEFAULT_CLOSE_TIMEOUT}. */
    @Override
    public void close() {
        close(DEFAULT_CLOSE_TIMEOUT);
    }

    /**
     * What has been done so far.
     *
     * @return a consistent snapshot
     */
    public WriterStats stats() {
        return queue.stats(shards.all().size(), scaling.desired());
    }

    /**
     * The writer's own metrics: scrape them through a bridge, or append them to this or another writer. All begin with
     * {@code promferry_remote_write_} and carry the labels {@code remote_name} and {@code url}; after the prefix, those that
     * Prometheus has too are named as its {@code prometheus_remote_storage_} metrics.
     *
     * <ul>
     *   <li>{@code samples_accepted_total}, {@code samples_refused_total}: what {@link #append} took, and what it did not
     *   <li>{@code samples_delivered_total}, {@code exemplars_delivered_total}: what the receiver has
     *   <li>{@code samples_total}, {@code samples_retried_total}: samples in attempts; each retry counts again
     *   <li>{@code samples_dropped_total}: given up without an attempt, by {@code reason}
     *   <li>{@code samples_failed_total}: given up after an attempt or at the end, by {@code reason}
     *   <li>{@code requests_total}, {@code requests_retried_total}, {@code bytes_total}: attempts and their compressed size
     *   <li>{@code samples_pending}, {@code pending_requests}, {@code pending_bytes}, {@code shards},
     *       {@code shards_min}, {@code shards_max}, {@code shards_desired}
     *   <li>{@code queue_highest_sent_timestamp_seconds}, {@code queue_lowest_pending_timestamp_seconds}: of the newest
     *       delivered and the oldest waiting sample; absent while there is none
     * </ul>
     *
     * @return a source that may be asked from any thread
     */
    public MetricSource metrics() {
        return new WriterMetrics(this, config);
    }

    /** The writer's name and where it writes to. */
    @Override
    public String toString() {
        return "RemoteWriter[" + config.name() + ", " + config.shownUrl() + "]";
    }

    private void tellLosses() {
        for (Runnable loss = untoldLosses.poll(); loss != null; loss = untoldLosses.poll()) {
            loss.run();
        }
    }

    private void afterBlock() {
        tellLosses();
        sendMetadataIfDue();
        resizeIfDue();
    }

    /** Needs no thread of its own: where no request is finished, there is nothing to go by. */
    private void resizeIfDue() {
        long now = clock.nanos();
        if (!scaling.isDue(now)) {
            return;
        }
        int count = shards.all().size();
        int wanted = scaling.next(queue.totals(), count, shards.targets(), now);
        if (wanted != count && queue.isSettled() && gate.failingNanos() == 0) {
            resize(wanted);
        }
    }

    /** Changes the number of shards, unless the writer is being started or closed, or its disk is in trouble. */
    void resize(int count) {
        if (!lifecycle.tryLock()) {
            return;
        }
        try {
            if (started && !closing && (spool == null || !spool.isFailing())) {
                startSenders(shards.resize(count));
            }
        } catch (IOException e) {
            LOGGER.log(Level.WARNING, config.name() + ": the number of shards stays as it is: " + e);
        } finally {
            lifecycle.unlock();
        }
    }

    /** With 1.0, metadata follows the first block and then comes once an interval, through the first lane. */
    private void sendMetadataIfDue() {
        long last = metadataSentNanos.get();
        long now = clock.nanos();
        if (!config.sendMetadata()
                || protocol.forNewBlock() != WriteProtocol.V1
                || now - last < config.metadataInterval().toNanos()
                || !metadataSentNanos.compareAndSet(last, now)) {
            return;
        }
        Map<String, MetricMetadata> families = new LinkedHashMap<>();
        List<Shard> all = shards.all();
        all.forEach(shard -> shard.collectMetadata(families));
        for (Block block : MetadataEncoder.encode(families.values(), now)) {
            queue.pushExtra(all.get(0).lane(), block);
        }
    }
}

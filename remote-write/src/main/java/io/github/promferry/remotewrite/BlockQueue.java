package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The finished requests of all shards, one lane for each, and the ledger: every accepted sample is in it as delivered,
 * dropped or waiting, whatever moment a snapshot is taken at.
 *
 * <p>A block belongs to its lane until it is decided: {@link #take} makes it the lane's current one, which only its sender
 * touches, and {@link #decide} or {@link #replace} end that. So one request at most is under way in a lane.
 *
 * <p>Thread-safe; one lock guards everything. It is taken a few times for each batch and each block, never for a sample,
 * and nothing slow happens under it.
 */
final class BlockQueue {
    /** How a shard finishes its open request, called without the lock. */
    interface Open {
        void seal();
    }

    /** With a clock that tests move by hand, waiting threads look at it this often. */
    private static final long FOREIGN_CLOCK_NANOS = 1_000_000;

    /**
     * The blocks of a shard, oldest first: the current one, {@link #blocks}, those that wait in the spool alone, {@link
     * #tail}. The tail is used only while the spool's disk fails.
     */
    private static final class Lane {
        final ArrayDeque<Block> blocks = new ArrayDeque<>();
        final ArrayDeque<Block> tail = new ArrayDeque<>();
        final Condition work;
        final Open open;

        /** Lanes of a generation wait for those of the ones before. */
        final int generation;

        /** Whether nothing is ever added. */
        final boolean backlog;

        final @Nullable SpoolLog log;
        final @Nullable SpooledBlocks spooled;

        /** What waits in the log alone is from here to there. */
        long spooledFrom;

        long spooledLimit;

        /** The timestamp of the oldest sample there, or of an older one. */
        long spooledOldest = Long.MAX_VALUE;

        @Nullable
        Block current;

        /** Whether the open request holds samples, and until when it may wait for more. */
        boolean lingering;

        long lingerUntilNanos;

        Lane(
                Condition work,
                Open open,
                int generation,
                boolean backlog,
                @Nullable Spool spool,
                @Nullable SpoolLog log) {
            this.work = work;
            this.open = open;
            this.generation = generation;
            this.backlog = backlog;
            this.log = log;
            spooled = spool == null || log == null ? null : new SpooledBlocks(spool, log);
            if (log != null) {
                spooledFrom = log.acknowledged();
                spooledLimit = log.end();
                spooledOldest = log.oldestTimestampMillis();
            }
        }

        boolean hasSpooled() {
            return spooledFrom < spooledLimit;
        }

        boolean isIdle() {
            return current == null && blocks.isEmpty() && !hasSpooled() && tail.isEmpty();
        }

        /** Whether something waits that was sealed before the given places in memory and in the log. */
        boolean hasBefore(long sequence, long position) {
            Block first = current != null ? current : blocks.peekFirst();
            return (hasSpooled() && spooledFrom < position)
                    || (first != null
                            && (first.sequence == FROM_SPOOL ? first.logStart < position : first.sequence < sequence));
        }
    }

    /** The {@link Block#sequence} of a block that was read back: it is older than all in memory. */
    private static final long FROM_SPOOL = -1;

    /** A spool that cannot be read is tried again after this. */
    private static final long READ_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final QueueConfig config;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Something has left the queue. */
    private final Condition left = lock.newCondition();

    private final List<Lane> lanes = new ArrayList<>();

    /** Those that nothing is added to. */
    private final List<Lane> backlog = new ArrayList<>();

    private final Map<String, Long> dropped = new TreeMap<>();
    private long nextSequence;
    private long accepted;
    private long recovered;
    private long refused;
    private long delivered;
    private long waiting;
    private long waitingBytes;
    private int waitingBlocks;
    private long exemplarsDelivered;
    private long requests;
    private long retries;
    private long bytesSent;
    private long samplesSent;
    private long samplesRetried;
    private long newestDelivered = Long.MIN_VALUE;
    private boolean draining;
    private boolean stopped;

    private final @Nullable Spool spool;

    BlockQueue(QueueConfig config, Clock clock, @Nullable Spool spool) {
        this.config = config;
        this.clock = clock;
        this.spool = spool;
    }

    /**
     * Adds the lane of a shard; before the first batch only.
     *
     * @param log where its blocks wait, too, or null. What waits there already is accepted and waiting from now on
     */
    int addLane(Open open, @Nullable SpoolLog log) {
        return add(new Lane(lock.newCondition(), open, Integer.MAX_VALUE, false, spool, log));
    }

    /**
     * Adds a lane for the log of a run with other shards. Lanes with a higher generation, and those of shards, send
     * nothing before it is empty.
     */
    int addBacklog(int generation, SpoolLog log) {
        return add(new Lane(lock.newCondition(), () -> {}, generation, true, spool, log));
    }

    private int add(Lane lane) {
        lanes.add(lane);
        if (lane.backlog) {
            backlog.add(lane);
        }
        if (lane.log != null) {
            recovered += lane.log.recoveredSamples();
            accepted += lane.log.recoveredSamples();
            waiting += lane.log.recoveredSamples();
        }
        return lanes.size() - 1;
    }

    /**
     * Waits for room if the overflow policy says so.
     *
     * @return false if there is none for new samples
     */
    boolean hasRoom() {
        if (config.overflow() == QueueConfig.Overflow.DROP_OLDEST) {
            return true;
        }
        lock.lock();
        try {
            long deadline = System.nanoTime() + config.blockTimeout().toNanos();
            while (waitingBytes >= config.maxBytes() || (spool != null && spool.isFull())) {
                long rest = deadline - System.nanoTime();
                if (config.overflow() == QueueConfig.Overflow.DROP_NEWEST || rest <= 0 || draining || stopped) {
                    return false;
                }
                left.await(rest, TimeUnit.NANOSECONDS);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    void accept(int samples) {
        lock.lock();
        try {
            accepted += samples;
            waiting += samples;
        } finally {
            lock.unlock();
        }
    }

    void refuse(int samples) {
        lock.lock();
        try {
            refused += samples;
        } finally {
            lock.unlock();
        }
    }

    /** Gives up samples that never reached a block. */
    void dropRows(String reason, long samples) {
        lock.lock();
        try {
            waiting -= samples;
            drop(reason, samples);
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Tells until when the open request of a lane may wait. */
    void linger(int laneIndex, long untilNanos) {
        lock.lock();
        try {
            Lane lane = lanes.get(laneIndex);
            if (!lane.lingering || untilNanos - lane.lingerUntilNanos < 0) {
                lane.lingering = true;
                lane.lingerUntilNanos = untilNanos;
                lane.work.signal();
            } else {
                lane.lingerUntilNanos = untilNanos;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Adds the finished open request of a lane.
     *
     * @return what had to go for it, each with the index of its lane
     */
    List<Dropped> push(int laneIndex, Block block) {
        lock.lock();
        try {
            Lane lane = lanes.get(laneIndex);
            lane.lingering = false;
            if (block.logged && staysInSpool(lane, block)) {
                return List.of();
            }
            List<Dropped> victims = config.overflow() == QueueConfig.Overflow.DROP_OLDEST
                    ? makeRoom(block.body.length)
                    : new ArrayList<>();
            add(lane, block);
            return victims;
        } finally {
            lock.unlock();
        }
    }

    /** Adds a block that holds no samples and is not the open request. */
    void pushExtra(int laneIndex, Block block) {
        lock.lock();
        try {
            add(lanes.get(laneIndex), block);
        } finally {
            lock.unlock();
        }
    }

    private void add(Lane lane, Block block) {
        block.sequence = nextSequence++;
        waitingBytes += block.body.length;
        waitingBlocks++;
        boolean last = block.samples > 0 && (lane.hasSpooled() || !lane.tail.isEmpty());
        (last ? lane.tail : lane.blocks).addLast(block);
        lane.work.signal();
    }

    /**
     * Leaves a block to the log if others wait there already or enough wait in memory: a little, so that a receiver that is
     * up gets its blocks without a look at the disk, and little enough that an outage costs no memory.
     */
    private boolean staysInSpool(Lane lane, Block block) {
        if (!lane.tail.isEmpty()
                || (!lane.hasSpooled() && waitingBytes + block.body.length <= config.maxBytes() / 16)) {
            return false;
        }
        moveToSpool(lane, block);
        lane.work.signal();
        return true;
    }

    private static void moveToSpool(Lane lane, Block block) {
        if (!lane.hasSpooled()) {
            lane.spooledFrom = block.logStart;
            lane.spooledOldest = block.minTimestamp;
        }
        lane.spooledLimit = block.logEnd;
    }

    /** The finished blocks of a lane that are not in its log, or not all of them. */
    List<Block> unlogged(int laneIndex) {
        lock.lock();
        try {
            List<Block> found = new ArrayList<>();
            Lane lane = lanes.get(laneIndex);
            for (ArrayDeque<Block> blocks : List.of(lane.blocks, lane.tail)) {
                for (Block block : blocks) {
                    if (!block.logged && block.samples > 0) {
                        found.add(block);
                    }
                }
            }
            return found;
        } finally {
            lock.unlock();
        }
    }

    /** Tells that the rest of a block is in the log now. */
    void logged(int laneIndex, Block block, long start, long end) {
        Lane lane = lanes.get(laneIndex);
        boolean decided;
        lock.lock();
        try {
            decided = block.decided;
            if (!decided) {
                block.logStart = block.logStart < 0 ? start : block.logStart;
                block.logEnd = end;
                block.logSamples = block.samples;
                block.logged = true;
                block.rest = null;
                if (lane.current == block && lane.log != null) {
                    lane.log.claim(block.logStart, block.logSamples);
                }
            }
            while (!lane.tail.isEmpty() && lane.tail.getFirst().logged) {
                Block first = lane.tail.removeFirst();
                waitingBytes -= first.body.length;
                waitingBlocks--;
                moveToSpool(lane, first);
            }
        } finally {
            lock.unlock();
        }
        if (decided && lane.log != null) {
            lane.log.acknowledge(end, block.samples - block.logSamples);
        }
    }

    /** What a full queue gave up. */
    record Dropped(int lane, Block block) {}

    private List<Dropped> makeRoom(int bytes) {
        List<Dropped> victims = new ArrayList<>();
        while (waitingBytes + bytes > config.maxBytes()) {
            int oldest = -1;
            Block victim = null;
            for (int i = 0; i < lanes.size(); i++) {
                Block first = oldestInMemoryAlone(lanes.get(i));
                if (first != null && (victim == null || first.sequence < victim.sequence)) {
                    oldest = i;
                    victim = first;
                }
            }
            if (victim == null) {
                // Only requests under way are left, one for each lane: they decide themselves.
                break;
            }
            Lane lane = lanes.get(oldest);
            if (!lane.blocks.remove(victim)) {
                lane.tail.remove(victim);
            }
            settle(victim, 0, "queue_full");
            victims.add(new Dropped(oldest, victim));
        }
        return victims;
    }

    /** With a spool, memory has room for what is in there, too; it is what the disk did not take that must go. */
    private static @Nullable Block oldestInMemoryAlone(Lane lane) {
        if (lane.log == null) {
            return lane.blocks.peekFirst();
        }
        for (ArrayDeque<Block> blocks : List.of(lane.blocks, lane.tail)) {
            for (Block block : blocks) {
                if (block.logStart < 0) {
                    return block;
                }
            }
        }
        return null;
    }

    /**
     * Waits for the next block of a lane and makes it the current one. Finishes the open request when it has waited long
     * enough.
     *
     * @return null when there will be none any more
     */
    @Nullable
    Block take(int laneIndex) throws InterruptedException {
        Lane lane = lanes.get(laneIndex);
        while (true) {
            boolean readSpool;
            lock.lock();
            try {
                while (!stopped && !hasNext(lane) && !isDue(lane)) {
                    if (isFinished(lane)) {
                        break;
                    }
                    awaitOn(clock, lane.work, lane.lingering ? lane.lingerUntilNanos - clock.nanos() : Long.MAX_VALUE);
                }
                if (stopped || (!hasNext(lane) && !isDue(lane))) {
                    return null;
                }
                readSpool = false;
                if (hasNext(lane)) {
                    Block block = lane.blocks.pollFirst();
                    if (block != null && claim(lane, block)) {
                        return block;
                    }
                    if (block != null) {
                        continue;
                    }
                    readSpool = true;
                }
            } finally {
                lock.unlock();
            }
            if (!readSpool) {
                lane.open.seal();
            } else if (readSpooled(lane)) {
                return lane.current;
            }
        }
    }

    private boolean hasNext(Lane lane) {
        return (!lane.blocks.isEmpty() || lane.hasSpooled()) && isTurnOf(lane);
    }

    private boolean isTurnOf(Lane lane) {
        for (Lane other : backlog) {
            if (other.generation < lane.generation && !other.isIdle()) {
                return false;
            }
        }
        return true;
    }

    private boolean isFinished(Lane lane) {
        return (draining && !lane.lingering && (lane.isIdle() || isTurnOf(lane))) || (lane.backlog && lane.isIdle());
    }

    /** Makes a block the current one, unless the spool has dropped it meanwhile. */
    private boolean claim(Lane lane, Block block) {
        SpoolLog log = lane.log;
        if (log == null || block.logStart < 0 || block.claimed || log.claim(block.logStart, block.logSamples)) {
            block.claimed = true;
            lane.current = block;
            return true;
        }
        block.decided = true;
        waitingBytes -= block.body.length;
        waitingBlocks--;
        // What was in the log has been counted when it was dropped there.
        int others = block.samples - block.logSamples;
        if (others > 0) {
            waiting -= others;
            drop(SpoolLog.Loss.QUEUE_FULL.reason, others);
        }
        left.signalAll();
        return false;
    }

    /** Makes the next block in the log the current one; false if there is none to send now. */
    private boolean readSpooled(Lane lane) throws InterruptedException {
        SpoolLog log = lane.log;
        SpooledBlocks spooled = lane.spooled;
        if (log == null || spooled == null || spool == null) {
            throw new IllegalStateException("this lane has no spool");
        }
        long limit = lane.spooledLimit;
        Block block;
        try {
            block = spooled.read(Math.max(lane.spooledFrom, log.acknowledged()), limit);
        } catch (IOException e) {
            spool.noteTrouble(log.directory(), e);
            lock.lock();
            try {
                awaitOn(clock, lane.work, READ_AGAIN_NANOS);
            } finally {
                lock.unlock();
            }
            return false;
        }
        boolean claimed = false;
        lock.lock();
        try {
            lane.spooledFrom = block == null ? limit : block.logEnd;
            if (block != null) {
                lane.spooledOldest = block.maxTimestamp;
                block.sequence = FROM_SPOOL;
                waitingBytes += block.body.length;
                waitingBlocks++;
                claimed = claim(lane, block);
            }
            if (!lane.hasSpooled()) {
                lane.spooledOldest = Long.MAX_VALUE;
                lane.blocks.addAll(lane.tail);
                lane.tail.clear();
            }
        } finally {
            lock.unlock();
        }
        if (block == null) {
            log.acknowledge(limit, 0);
            afterDecision(lane);
        }
        return claimed;
    }

    /** Wakes those that wait for a lane to be empty. */
    private void afterDecision(Lane lane) {
        lock.lock();
        try {
            left.signalAll();
            if (lane.backlog && lane.isIdle()) {
                wakeAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void acknowledge(Lane lane, Block block) {
        SpoolLog log = lane.log;
        if (log != null && block.acknowledgesLog()) {
            // Without the lock: this writes to disk.
            log.acknowledge(block.logEnd, block.logSamples);
            afterDecision(lane);
        }
    }

    private boolean isDue(Lane lane) {
        return lane.lingering && lane.lingerUntilNanos - clock.nanos() <= 0;
    }

    /** Counts an attempt to send the current block. */
    void attempt(Block block) {
        lock.lock();
        try {
            requests++;
            samplesSent += block.samples;
            if (block.attempts > 1) {
                retries++;
                samplesRetried += block.samples;
            }
            bytesSent += block.body.length;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the current block of a lane.
     *
     * @param reason of the samples that are not delivered; unused if all are
     * @return false if the queue was closed over it and has counted it already
     */
    boolean decide(int laneIndex, Block block, int deliveredSamples, String reason) {
        lock.lock();
        try {
            if (block.decided) {
                return false;
            }
            Lane lane = lanes.get(laneIndex);
            if (lane.current == block) {
                lane.current = null;
            }
            settle(block, deliveredSamples, reason);
        } finally {
            lock.unlock();
        }
        acknowledge(lanes.get(laneIndex), block);
        return true;
    }

    /** Puts others in the place of the current block: the first becomes current, the rest comes next. */
    boolean replace(int laneIndex, Block block, List<Block> others, String reasonOfMissing) {
        lock.lock();
        try {
            if (block.decided) {
                return false;
            }
            block.decided = true;
            Lane lane = lanes.get(laneIndex);
            waitingBytes -= block.body.length;
            waitingBlocks--;
            int missing = block.samples;
            for (int i = others.size() - 1; i >= 0; i--) {
                Block other = others.get(i);
                other.sequence = block.sequence;
                other.claimed = block.claimed;
                other.inheritLog(block, i == others.size() - 1);
                waitingBytes += other.body.length;
                waitingBlocks++;
                missing -= other.samples;
                if (i > 0) {
                    lane.blocks.addFirst(other);
                }
            }
            lane.current = others.isEmpty() ? null : others.get(0);
            if (missing > 0) {
                waiting -= missing;
                drop(reasonOfMissing, missing);
            }
            left.signalAll();
        } finally {
            lock.unlock();
        }
        if (others.isEmpty()) {
            acknowledge(lanes.get(laneIndex), block);
        }
        return true;
    }

    private void settle(Block block, int deliveredSamples, String reason) {
        block.decided = true;
        waiting -= block.samples;
        waitingBytes -= block.body.length;
        waitingBlocks--;
        delivered += deliveredSamples;
        if (deliveredSamples > 0) {
            exemplarsDelivered += block.exemplars;
            newestDelivered = Math.max(newestDelivered, block.maxTimestamp);
        }
        if (deliveredSamples < block.samples) {
            drop(reason, block.samples - deliveredSamples);
        }
        left.signalAll();
    }

    private void drop(String reason, long samples) {
        dropped.merge(reason, samples, Long::sum);
    }

    /**
     * Waits until every block that is in the queue now has left it. The timeout is real time whatever the clock: a caller
     * waits.
     */
    boolean awaitDecided(Duration timeout) {
        lock.lock();
        try {
            long limit = nextSequence;
            long[] positions =
                    lanes.stream().mapToLong(lane -> lane.spooledLimit).toArray();
            long deadline = System.nanoTime() + timeout.toNanos();
            while (IntStream.range(0, positions.length)
                    .anyMatch(i -> lanes.get(i).hasBefore(limit, positions[i]))) {
                long rest = deadline - System.nanoTime();
                if (rest <= 0) {
                    return false;
                }
                left.await(rest, TimeUnit.NANOSECONDS);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** No more batches come: senders end when their lane is empty. */
    void drain() {
        lock.lock();
        try {
            draining = true;
            wakeAll();
        } finally {
            lock.unlock();
        }
    }

    /** Senders end now. */
    void stop() {
        lock.lock();
        try {
            stopped = true;
            wakeAll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives up everything that is left in memory alone; what is in the spool waits there. */
    List<Dropped> dropRest(String reason) {
        lock.lock();
        try {
            List<Dropped> rest = new ArrayList<>();
            for (int i = 0; i < lanes.size(); i++) {
                Lane lane = lanes.get(i);
                Block current = lane.current;
                if (current != null && !current.decided && !current.logged) {
                    rest.add(new Dropped(i, current));
                }
                for (ArrayDeque<Block> blocks : List.of(lane.blocks, lane.tail)) {
                    for (Block block : blocks) {
                        if (!block.logged) {
                            rest.add(new Dropped(i, block));
                        }
                    }
                    blocks.clear();
                }
                if (current == null || !current.logged) {
                    lane.current = null;
                }
            }
            rest.forEach(one -> settle(one.block(), 0, reason));
            return rest;
        } finally {
            lock.unlock();
        }
    }

    private void wakeAll() {
        lanes.forEach(lane -> lane.work.signalAll());
        left.signalAll();
    }

    WriterStats stats() {
        lock.lock();
        try {
            long oldest = Long.MAX_VALUE;
            long damages = 0;
            for (Lane lane : lanes) {
                if (lane.current != null) {
                    oldest = Math.min(oldest, lane.current.minTimestamp);
                }
                for (Block block : lane.blocks) {
                    oldest = Math.min(oldest, block.minTimestamp);
                }
                oldest = Math.min(oldest, lane.spooledOldest);
                damages += lane.log == null ? 0 : lane.log.damages();
            }
            return new WriterStats(
                    accepted,
                    refused,
                    delivered,
                    dropped,
                    waiting,
                    waitingBytes,
                    waitingBlocks,
                    exemplarsDelivered,
                    requests,
                    retries,
                    bytesSent,
                    samplesSent,
                    samplesRetried,
                    oldest,
                    newestDelivered,
                    recovered,
                    spool == null ? 0 : spool.bytes(),
                    damages);
        } finally {
            lock.unlock();
        }
    }

    /** Waits on a condition whose lock is held; may return early, so callers look again. */
    @SuppressWarnings("WaitNotInLoop") // The callers are the loops.
    static void awaitOn(Clock clock, Condition condition, long nanos) throws InterruptedException {
        if (clock == Clock.SYSTEM && nanos == Long.MAX_VALUE) {
            condition.await();
        } else {
            // How much of the wait is left is for the caller to find out, by its own clock.
            long unused = condition.awaitNanos(clock == Clock.SYSTEM ? nanos : Math.min(nanos, FOREIGN_CLOCK_NANOS));
        }
    }
}

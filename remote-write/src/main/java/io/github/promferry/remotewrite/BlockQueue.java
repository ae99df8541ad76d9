package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
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

    private static final class Lane {
        final ArrayDeque<Block> blocks = new ArrayDeque<>();
        final Condition work;
        final Open open;

        @Nullable
        Block current;

        /** Whether the open request holds samples, and until when it may wait for more. */
        boolean lingering;

        long lingerUntilNanos;

        Lane(Condition work, Open open) {
            this.work = work;
            this.open = open;
        }

        /** The place of the oldest block that is not decided, or the given one if there is none. */
        long oldestSequence(long none) {
            Block first = current != null ? current : blocks.peekFirst();
            return first == null ? none : first.sequence;
        }
    }

    private final QueueConfig config;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Something has left the queue. */
    private final Condition left = lock.newCondition();

    private final List<Lane> lanes = new ArrayList<>();
    private final Map<String, Long> dropped = new TreeMap<>();
    private long nextSequence;
    private long accepted;
    private long refused;
    private long delivered;
    private long waiting;
    private long waitingBytes;
    private int waitingBlocks;
    private long exemplarsDelivered;
    private long requests;
    private long retries;
    private long bytesSent;
    private long newestDelivered = Long.MIN_VALUE;
    private boolean draining;
    private boolean stopped;

    BlockQueue(QueueConfig config, Clock clock) {
        this.config = config;
        this.clock = clock;
    }

    /** Adds a lane; before the first batch only. */
    int addLane(Open open) {
        lanes.add(new Lane(lock.newCondition(), open));
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
            while (waitingBytes >= config.maxBytes()) {
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
            List<Dropped> victims = config.overflow() == QueueConfig.Overflow.DROP_OLDEST
                    ? makeRoom(block.body.length)
                    : new ArrayList<>();
            Lane lane = lanes.get(laneIndex);
            lane.lingering = false;
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
        lane.blocks.addLast(block);
        lane.work.signal();
    }

    /** What a full queue gave up. */
    record Dropped(int lane, Block block) {}

    private List<Dropped> makeRoom(int bytes) {
        List<Dropped> victims = new ArrayList<>();
        while (waitingBytes + bytes > config.maxBytes()) {
            int oldest = -1;
            for (int i = 0; i < lanes.size(); i++) {
                Block first = lanes.get(i).blocks.peekFirst();
                if (first != null
                        && (oldest < 0
                                || first.sequence < lanes.get(oldest).blocks.getFirst().sequence)) {
                    oldest = i;
                }
            }
            if (oldest < 0) {
                // Only requests under way are left, one for each lane: they decide themselves.
                break;
            }
            Block victim = lanes.get(oldest).blocks.removeFirst();
            settle(victim, 0, "queue_full");
            victims.add(new Dropped(oldest, victim));
        }
        return victims;
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
            lock.lock();
            try {
                while (!stopped && lane.blocks.isEmpty() && !isDue(lane)) {
                    if (draining && !lane.lingering) {
                        return null;
                    }
                    awaitOn(clock, lane.work, lane.lingering ? lane.lingerUntilNanos - clock.nanos() : Long.MAX_VALUE);
                }
                if (stopped) {
                    return null;
                }
                Block block = lane.blocks.pollFirst();
                if (block != null) {
                    lane.current = block;
                    return block;
                }
            } finally {
                lock.unlock();
            }
            lane.open.seal();
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
            if (block.attempts > 1) {
                retries++;
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
            return true;
        } finally {
            lock.unlock();
        }
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
            return true;
        } finally {
            lock.unlock();
        }
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
            long deadline = System.nanoTime() + timeout.toNanos();
            while (lanes.stream().anyMatch(lane -> lane.oldestSequence(limit) < limit)) {
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

    /** Gives up everything that is left. */
    List<Dropped> dropRest(String reason) {
        lock.lock();
        try {
            List<Dropped> rest = new ArrayList<>();
            for (int i = 0; i < lanes.size(); i++) {
                Lane lane = lanes.get(i);
                Block current = lane.current;
                if (current != null && !current.decided) {
                    rest.add(new Dropped(i, current));
                }
                lane.current = null;
                for (Block block : lane.blocks) {
                    rest.add(new Dropped(i, block));
                }
                lane.blocks.clear();
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
            for (Lane lane : lanes) {
                if (lane.current != null) {
                    oldest = Math.min(oldest, lane.current.minTimestamp);
                }
                for (Block block : lane.blocks) {
                    oldest = Math.min(oldest, block.minTimestamp);
                }
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
                    oldest,
                    newestDelivered);
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

package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The finished requests of all shards, one lane for each. A {@link Ledger} under the same lock has every accepted sample as
 * delivered, dropped or waiting, whatever moment a snapshot is taken at.
 *
 * <p>A block belongs to its lane until it is decided: {@link #take} makes it the lane's current one, which only its sender
 * touches, and {@link #decide} or {@link #replace} end that. So one request at most is under way in a lane.
 *
 * <p>Thread-safe; one lock guards everything. It is taken a few times for each batch and each block, never for a sample,
 * and nothing slow happens under it.
 */
final class BlockQueue {
    /** With a clock that tests move by hand, waiting threads look at it this often. */
    private static final long FOREIGN_CLOCK_NANOS = 1_000_000;

    /** As much of the room for what waits is kept for what will wait. */
    private static final int POOLED_PART = 8;

    /** A spool that cannot be read is tried again after this. */
    private static final long READ_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final QueueConfig config;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Something has left the queue. */
    private final Condition left = lock.newCondition();

    /** Those that have not ended, oldest first. */
    private final List<Lane> lanes = new ArrayList<>();

    /** How many of them, from the first on, belong to earlier layouts than the newest one. */
    private int earlierLanes;

    /** Of lanes that have ended. */
    private long pastDamages;

    private final Ledger ledger = new Ledger();
    private long nextSequence;
    private boolean draining;
    private boolean stopped;

    private final @Nullable Spool spool;
    private final BodyPool bodies;

    BlockQueue(QueueConfig config, Clock clock, @Nullable Spool spool) {
        this.config = config;
        this.clock = clock;
        this.spool = spool;
        bodies = new BodyPool(config.maxBytes() / POOLED_PART);
    }

    /** Where its blocks have their bodies from. */
    BodyPool bodies() {
        return bodies;
    }

    /** The lanes that are added from now on make up a new layout: they wait for those of the ones before. */
    void beginLayout() {
        lock.lock();
        try {
            earlierLanes = lanes.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Adds a lane to the newest layout.
     *
     * @param seal how its shard finishes the open request, called without the lock
     * @param log where its blocks wait, too, or null. What waits there already is accepted and waiting from now on
     */
    Lane addLane(ShardSlice slice, Runnable seal, @Nullable SpoolLog log) {
        SpooledBlocks spooled = spool == null || log == null ? null : new SpooledBlocks(spool, log, bodies);
        Lane lane = new Lane(slice, lock.newCondition(), seal, spooled, log);
        lock.lock();
        try {
            lanes.subList(0, earlierLanes).forEach(lane::waitFor);
            lanes.add(lane);
            if (log != null) {
                ledger.recover(log.recoveredSamples());
            }
            return lane;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing will be added to the lane: it ends when it is empty. */
    void retire(Lane lane) {
        lock.lock();
        try {
            lane.retired = true;
            lane.work.signal();
        } finally {
            lock.unlock();
        }
    }

    /** All lanes that have not ended, oldest first. */
    List<Lane> lanes() {
        lock.lock();
        try {
            return List.copyOf(lanes);
        } finally {
            lock.unlock();
        }
    }

    /** Whether all lanes belong to the newest layout. */
    boolean isSettled() {
        lock.lock();
        try {
            return earlierLanes == 0;
        } finally {
            lock.unlock();
        }
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
            long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(config.blockTimeout());
            while (ledger.waitingBytes() >= config.maxBytes() || (spool != null && spool.isFull())) {
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
            ledger.accept(samples);
        } finally {
            lock.unlock();
        }
    }

    void refuse(int samples) {
        lock.lock();
        try {
            ledger.refuse(samples);
        } finally {
            lock.unlock();
        }
    }

    /** Gives up samples that never reached a block. */
    void dropRows(String reason, long samples) {
        lock.lock();
        try {
            ledger.drop(reason, samples);
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Tells until when the open request of a lane may wait. */
    void linger(Lane lane, long untilNanos) {
        lock.lock();
        try {
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
    List<Dropped> push(Lane lane, Block block) {
        lock.lock();
        try {
            lane.lingering = false;
            ledger.seal(block);
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
    void pushExtra(Lane lane, Block block) {
        lock.lock();
        try {
            if (!lane.ended) {
                add(lane, block);
            }
        } finally {
            lock.unlock();
        }
    }

    private void add(Lane lane, Block block) {
        block.sequence = nextSequence++;
        ledger.enter(block);
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
                || (!lane.hasSpooled() && ledger.waitingBytes() + block.body.length <= config.maxBytes() / 16)) {
            return false;
        }
        lane.moveToSpool(block);
        lane.work.signal();
        bodies.giveBack(block.body);
        return true;
    }

    /** The finished blocks of a lane that are not in its log, or not all of them. */
    List<Block> unlogged(Lane lane) {
        lock.lock();
        try {
            return lane.unlogged();
        } finally {
            lock.unlock();
        }
    }

    /** Tells that the rest of a block is in the log now. */
    void logged(Lane lane, Block block, long start, long end) {
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
                ledger.leave(first);
                lane.moveToSpool(first);
            }
        } finally {
            lock.unlock();
        }
        if (decided && lane.log != null) {
            lane.log.acknowledge(end, block.samples - block.logSamples);
        }
    }

    /** What a full queue gave up. */
    record Dropped(Lane lane, Block block) {}

    private List<Dropped> makeRoom(int bytes) {
        List<Dropped> victims = new ArrayList<>();
        while (ledger.waitingBytes() + bytes > config.maxBytes()) {
            Lane oldest = null;
            Block victim = null;
            for (Lane lane : lanes) {
                Block first = lane.oldestInMemoryAlone();
                if (first != null && (victim == null || first.sequence < victim.sequence)) {
                    oldest = lane;
                    victim = first;
                }
            }
            if (oldest == null || victim == null) {
                // Only requests under way are left, one for each lane: they decide themselves.
                break;
            }
            if (!oldest.blocks.remove(victim)) {
                oldest.tail.remove(victim);
            }
            // A retired lane may have nothing left now.
            oldest.work.signal();
            settle(victim, 0, "queue_full");
            giveBack(oldest, victim);
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
    Block take(Lane lane) throws InterruptedException {
        while (true) {
            boolean readSpool;
            lock.lock();
            try {
                while (!stopped && !lane.hasNext() && !isDue(lane)) {
                    if (isFinished(lane)) {
                        end(lane);
                        break;
                    }
                    awaitOn(clock, lane.work, lane.lingering ? lane.lingerUntilNanos - clock.nanos() : Long.MAX_VALUE);
                }
                if (stopped || (!lane.hasNext() && !isDue(lane))) {
                    return null;
                }
                readSpool = false;
                if (lane.hasNext()) {
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
                lane.seal.run();
            } else if (readSpooled(lane)) {
                return lane.current;
            }
        }
    }

    private boolean isFinished(Lane lane) {
        return (draining && !lane.lingering && (lane.isIdle() || lane.isItsTurn())) || (lane.retired && lane.isIdle());
    }

    /** Lets those go on that wait for the lane. */
    private void end(Lane lane) {
        if (!lane.retired || !lane.isIdle()) {
            return;
        }
        lane.ended = true;
        int index = lanes.indexOf(lane);
        if (index < earlierLanes) {
            earlierLanes--;
        }
        lanes.remove(index);
        pastDamages += lane.log == null ? 0 : lane.log.damages();
        wakeAll();
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
        ledger.leave(block);
        // What was in the log has been counted when it was dropped there.
        int others = block.samples - block.logSamples;
        if (others > 0) {
            ledger.drop(SpoolLog.Loss.QUEUE_FULL.reason, others);
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
                block.sequence = Lane.FROM_SPOOL;
                ledger.enter(block);
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
            signalLeft();
        }
        return claimed;
    }

    private void signalLeft() {
        lock.lock();
        try {
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void acknowledge(Lane lane, Block block) {
        SpoolLog log = lane.log;
        if (log != null && block.acknowledgesLog()) {
            // Without the lock: this writes to disk.
            log.acknowledge(block.logEnd, block.logSamples);
            signalLeft();
        }
    }

    private boolean isDue(Lane lane) {
        return lane.lingering && lane.lingerUntilNanos - clock.nanos() <= 0;
    }

    /** Counts an attempt to send the current block. */
    void attempt(Block block) {
        lock.lock();
        try {
            ledger.attempt(block);
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
    boolean decide(Lane lane, Block block, int deliveredSamples, String reason) {
        lock.lock();
        try {
            if (block.decided) {
                return false;
            }
            if (lane.current == block) {
                lane.current = null;
            }
            settle(block, deliveredSamples, reason);
            giveBack(lane, block);
        } finally {
            lock.unlock();
        }
        acknowledge(lane, block);
        return true;
    }

    /** Puts others in the place of the current block: the first becomes current, the rest comes next. */
    boolean replace(Lane lane, Block block, List<Block> others, String reasonOfMissing) {
        lock.lock();
        try {
            if (block.decided) {
                return false;
            }
            block.decided = true;
            ledger.leave(block);
            int missing = block.samples;
            for (int i = others.size() - 1; i >= 0; i--) {
                Block other = others.get(i);
                other.sequence = block.sequence;
                other.claimed = block.claimed;
                other.inheritLog(block, i == others.size() - 1);
                ledger.enter(other);
                missing -= other.samples;
                if (i > 0) {
                    lane.blocks.addFirst(other);
                }
            }
            lane.current = others.isEmpty() ? null : others.get(0);
            if (missing > 0) {
                ledger.drop(reasonOfMissing, missing);
            }
            left.signalAll();
        } finally {
            lock.unlock();
        }
        if (others.isEmpty()) {
            acknowledge(lane, block);
        }
        return true;
    }

    private void settle(Block block, int deliveredSamples, String reason) {
        block.decided = true;
        ledger.settle(block, deliveredSamples, reason);
        left.signalAll();
    }

    /** Ends the use of a decided block's body, unless the journal may be writing it to the log. */
    private void giveBack(Lane lane, Block block) {
        if (lane.log == null || block.logged) {
            bodies.giveBack(block.body);
        }
    }

    /**
     * Waits until every block that is in the queue now has left it. The timeout is real time whatever the clock: a caller
     * waits.
     */
    boolean awaitDecided(Duration timeout) {
        lock.lock();
        try {
            long limit = nextSequence;
            List<Lane> all = List.copyOf(lanes);
            long[] positions = all.stream().mapToLong(lane -> lane.spooledLimit).toArray();
            long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
            while (IntStream.range(0, positions.length).anyMatch(i -> all.get(i).hasBefore(limit, positions[i]))) {
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
            for (Lane lane : lanes) {
                Block current = lane.current;
                if (current != null && !current.decided && !current.logged) {
                    rest.add(new Dropped(lane, current));
                }
                for (ArrayDeque<Block> blocks : List.of(lane.blocks, lane.tail)) {
                    for (Block block : blocks) {
                        if (!block.logged) {
                            rest.add(new Dropped(lane, block));
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

    /** What the number of shards depends on. */
    ShardScaling.Totals totals() {
        lock.lock();
        try {
            return ledger.totals();
        } finally {
            lock.unlock();
        }
    }

    WriterStats stats(int shards, double desiredShards) {
        lock.lock();
        try {
            long oldest = Long.MAX_VALUE;
            long damages = pastDamages;
            for (Lane lane : lanes) {
                oldest = Math.min(oldest, lane.oldestTimestampMillis());
                damages += lane.log == null ? 0 : lane.log.damages();
            }
            return ledger.stats(oldest, spool == null ? 0 : spool.bytes(), damages, shards, desiredShards);
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

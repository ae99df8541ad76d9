package io.github.promferry.remotewrite;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * The finished requests of a shard, oldest first: the current one, {@link #blocks}, those that wait in the spool alone,
 * {@link #tail}. The tail is used only while the spool's disk fails. What is not final is guarded by the lock of the
 * {@link BlockQueue}, or belongs to the one thread that sends.
 *
 * <p>When the number of shards changes, new lanes take the place of the old ones, which get nothing any more (they are
 * {@link #retired}) and end when they are empty. A lane sends nothing before those have ended whose targets may be its own
 * now, so the samples of a target stay in order; nobody who appends waits for that.
 */
final class Lane {
    /** The {@link Block#sequence} of a block that was read back: it is older than all in memory. */
    static final long FROM_SPOOL = -1;

    final ShardSlice slice;
    final Condition work;

    /** Finishes the open request; called without the lock. */
    final Runnable seal;

    final @Nullable SpoolLog log;
    final @Nullable SpooledBlocks spooled;
    final ArrayDeque<Block> blocks = new ArrayDeque<>();
    final ArrayDeque<Block> tail = new ArrayDeque<>();

    /** What may hold older samples of the same targets. */
    private final List<Lane> before = new ArrayList<>();

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

    /** Whether nothing will be added. */
    boolean retired;

    /** Whether it is retired and everything has been decided. */
    boolean ended;

    Lane(ShardSlice slice, Condition work, Runnable seal, @Nullable SpooledBlocks spooled, @Nullable SpoolLog log) {
        this.slice = slice;
        this.work = work;
        this.seal = seal;
        this.log = log;
        this.spooled = spooled;
        if (log != null) {
            spooledFrom = log.acknowledged();
            spooledLimit = log.end();
            spooledOldest = log.oldestTimestampMillis();
        }
    }

    /** Lets the other one go first if they may have targets in common. */
    void waitFor(Lane other) {
        if (!other.ended && other.slice.overlaps(slice)) {
            before.add(other);
        }
    }

    boolean isItsTurn() {
        before.removeIf(lane -> lane.ended);
        return before.isEmpty();
    }

    boolean hasSpooled() {
        return spooledFrom < spooledLimit;
    }

    boolean hasNext() {
        return (!blocks.isEmpty() || hasSpooled()) && isItsTurn();
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

    /** Leaves a block to the log. */
    void moveToSpool(Block block) {
        if (!hasSpooled()) {
            spooledFrom = block.logStart;
            spooledOldest = block.minTimestamp;
        }
        spooledLimit = block.logEnd;
    }

    /** The finished blocks that are not in the log, or not all of them. */
    List<Block> unlogged() {
        List<Block> found = new ArrayList<>();
        for (ArrayDeque<Block> some : List.of(blocks, tail)) {
            for (Block block : some) {
                if (!block.logged && block.samples > 0) {
                    found.add(block);
                }
            }
        }
        return found;
    }

    /**
     * What a full queue gives up first. With a spool, memory has room for what is in there, too; it is what the disk did
     * not take that must go.
     */
    @Nullable
    Block oldestInMemoryAlone() {
        if (log == null) {
            return blocks.peekFirst();
        }
        for (ArrayDeque<Block> some : List.of(blocks, tail)) {
            for (Block block : some) {
                if (block.logStart < 0) {
                    return block;
                }
            }
        }
        return null;
    }

    long oldestTimestampMillis() {
        long oldest = current == null ? spooledOldest : Math.min(spooledOldest, current.minTimestamp);
        for (Block block : blocks) {
            oldest = Math.min(oldest, block.minTimestamp);
        }
        return oldest;
    }
}

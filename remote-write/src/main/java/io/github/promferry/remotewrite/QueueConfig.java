package io.github.promferry.remotewrite;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the receiver: how much, in how many lines, and what gives way when there is no more room. Immutable.
 *
 * @since 0.1
 */
public final class QueueConfig {
    /** {@link Builder#maxBytes} unless told otherwise: 32 MiB, some 2.5 million samples of an LLM engine. */
    public static final long DEFAULT_MAX_BYTES = 32L << 20;

    /** {@link Builder#shards} unless told otherwise. */
    public static final int DEFAULT_SHARDS = 1;

    /** {@link Builder#spoolMaxBytes} unless told otherwise: 1 GiB, some 70 million samples of an LLM engine. */
    public static final long DEFAULT_SPOOL_MAX_BYTES = 1L << 30;

    /** The least that {@link Builder#spoolMaxBytes} may be for each shard. */
    public static final long MIN_SPOOL_BYTES_PER_SHARD = 1L << 20;

    /** All defaults. */
    public static final QueueConfig DEFAULT = builder().build();

    /** More lines than this need more threads than any receiver is worth. */
    private static final int MAX_SHARDS = 1000;

    /**
     * What gives way when the queue is full.
     *
     * @since 0.1
     */
    public enum Overflow {
        /** The oldest waiting samples are dropped: what is left is the latest. */
        DROP_OLDEST,
        /** New samples are refused: {@link RemoteWriter#append} returns false. */
        DROP_NEWEST,
        /**
         * The caller of {@link RemoteWriter#append} waits until there is room, for {@link QueueConfig#blockTimeout()} at
         * most; then the new samples are refused.
         */
        BLOCK
    }

    /**
     * When the spool makes sure that samples outlive a loss of power. A killed process loses nothing in any case.
     *
     * @since 0.1
     */
    public enum Fsync {
        /** Left to the operating system, which usually writes within half a minute. */
        NEVER,
        /** Once a second. */
        INTERVAL,
        /** Before {@link RemoteWriter#append} returns; each call then takes as long as the disk does. */
        ALWAYS
    }

    private final long maxBytes;
    private final int minShards;
    private final int maxShards;
    private final Overflow overflow;
    private final Duration blockTimeout;
    private final Duration maxAge;
    private final @Nullable Path spool;
    private final long spoolMaxBytes;
    private final Fsync fsync;

    private QueueConfig(Builder builder) {
        maxBytes = builder.maxBytes;
        minShards = builder.minShards;
        maxShards = builder.maxShards;
        overflow = builder.overflow;
        blockTimeout = builder.blockTimeout;
        maxAge = builder.maxAge;
        spool = builder.spool;
        spoolMaxBytes = builder.spoolMaxBytes;
        fsync = builder.fsync;
    }

    /**
     * A builder with the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The most bytes of finished, compressed requests that wait in memory, over all shards. The open request of each
     * shard comes on top.
     *
     * @return bytes
     */
    public long maxBytes() {
        return maxBytes;
    }

    /**
     * The least number of shards: how many requests may be under way at once.
     *
     * @return at least 1
     */
    public int minShards() {
        return minShards;
    }

    /**
     * The largest number of shards; more than {@link #minShards()} if it is chosen by what the receiver takes.
     *
     * @return at least {@link #minShards()}
     */
    public int maxShards() {
        return maxShards;
    }

    /**
     * What gives way when the queue is full.
     *
     * @return the policy
     */
    public Overflow overflow() {
        return overflow;
    }

    /**
     * How long a caller waits for room under {@link Overflow#BLOCK}.
     *
     * @return zero or more
     */
    public Duration blockTimeout() {
        return blockTimeout;
    }

    /**
     * Samples that have waited longer are dropped instead of being sent.
     *
     * @return zero for no limit
     */
    public Duration maxAge() {
        return maxAge;
    }

    /**
     * The directory in which samples wait, too, so that they outlive the process.
     *
     * @return null if they wait in memory alone
     */
    public @Nullable Path spool() {
        return spool;
    }

    /**
     * The most bytes of files that wait in the {@link #spool()}.
     *
     * @return bytes
     */
    public long spoolMaxBytes() {
        return spoolMaxBytes;
    }

    /**
     * When the {@link #spool()} makes sure that samples outlive a loss of power.
     *
     * @return the policy
     */
    public Fsync fsync() {
        return fsync;
    }

    @Override
    public String toString() {
        return "QueueConfig[maxBytes=" + maxBytes + ", shards=" + minShards
                + (maxShards > minShards ? "-" + maxShards : "") + ", overflow=" + overflow + ", blockTimeout="
                + blockTimeout + ", maxAge=" + maxAge + ", spool=" + spool + ", spoolMaxBytes=" + spoolMaxBytes
                + ", fsync=" + fsync + "]";
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private long maxBytes = DEFAULT_MAX_BYTES;
        private int minShards = DEFAULT_SHARDS;
        private int maxShards = DEFAULT_SHARDS;
        private Overflow overflow = Overflow.DROP_OLDEST;
        private Duration blockTimeout = Duration.ofSeconds(10);
        private Duration maxAge = Duration.ZERO;
        private @Nullable Path spool;
        private long spoolMaxBytes = DEFAULT_SPOOL_MAX_BYTES;
        private Fsync fsync = Fsync.INTERVAL;

        private Builder() {}

        /**
         * The most bytes of finished, compressed requests that wait in memory; 32 MiB by default.
         *
         * @param maxBytes a positive number
         * @return this
         */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = maxBytes;
            return this;
        }

        /**
         * How many requests may be under way at once, always; 1 by default. All samples with the same common labels go
         * through the same shard, so the order per series holds.
         *
         * @param shards from 1 to 1000; each is a thread
         * @return this
         */
        public Builder shards(int shards) {
            return shards(shards, shards);
        }

        /**
         * Lets the writer choose the number of shards, by how long requests take and how much arrives and waits: the rule
         * of Prometheus, every 10 s. There are never more than targets.
         *
         * <p>A change costs no order and holds up nobody who appends. What was appended before it still goes out through
         * the shards it was gathered in, and what comes after waits until those of its targets are empty.
         *
         * @param min from 1 on; what a writer starts with, unless it goes on with a spool of more
         * @param max from {@code min} to 1000; each is a thread
         * @return this
         */
        public Builder shards(int min, int max) {
            minShards = min;
            maxShards = max;
            return this;
        }

        /**
         * What gives way when the queue is full; the oldest samples by default.
         *
         * @param overflow the policy
         * @return this
         */
        public Builder overflow(Overflow overflow) {
            this.overflow = Objects.requireNonNull(overflow, "overflow");
            return this;
        }

        /**
         * How long a caller waits for room under {@link Overflow#BLOCK}; 10 s by default.
         *
         * @param blockTimeout zero or more
         * @return this
         */
        public Builder blockTimeout(Duration blockTimeout) {
            this.blockTimeout = Objects.requireNonNull(blockTimeout, "blockTimeout");
            return this;
        }

        /**
         * Drops samples that have waited longer instead of sending them; no limit by default.
         *
         * @param maxAge zero for no limit
         * @return this
         */
        public Builder maxAge(Duration maxAge) {
            this.maxAge = Objects.requireNonNull(maxAge, "maxAge");
            return this;
        }

        /**
         * Lets samples wait in a directory, too: what {@link RemoteWriter#append} took outlives the process, even one
         * that is killed, and is sent by the next writer with this directory. Created if missing; one writer at a time.
         *
         * <p>Then {@link #maxBytes} bounds what is kept in memory of what waits, {@link #spoolMaxBytes} what waits.
         *
         * <p>A record of the spool that is damaged on disk is skipped and its samples are counted as {@code
         * spool_damaged}. With Remote Write 2.0, appends to one request share symbols; a second copy of those is written
         * when the request is finished. A process that is killed before leaves none: then damage to a record of that
         * last request may cost those after it in the request, too, counted as well.
         *
         * @param directory where to keep them, null for memory alone (the default)
         * @return this
         */
        public Builder spool(@Nullable Path directory) {
            this.spool = directory;
            return this;
        }

        /**
         * The most bytes of files that wait in the spool; 1 GiB by default. When there is no more room, the oldest files
         * are dropped and their samples counted, whatever {@link #overflow} says.
         *
         * @param spoolMaxBytes at least 1 MiB for each shard
         * @return this
         */
        public Builder spoolMaxBytes(long spoolMaxBytes) {
            this.spoolMaxBytes = spoolMaxBytes;
            return this;
        }

        /**
         * When the spool makes sure that samples outlive a loss of power; once a second by default.
         *
         * @param fsync the policy
         * @return this
         */
        public Builder fsync(Fsync fsync) {
            this.fsync = Objects.requireNonNull(fsync, "fsync");
            return this;
        }

        /**
         * The settings.
         *
         * @return immutable settings
         * @throws IllegalArgumentException if one is out of its bounds
         */
        public QueueConfig build() {
            if (maxBytes <= 0) {
                throw new IllegalArgumentException("maxBytes is " + maxBytes + ", expected a positive number");
            }
            if (minShards < 1 || maxShards > MAX_SHARDS || minShards > maxShards) {
                String shards = minShards == maxShards ? "is " + minShards : "are " + minShards + " to " + maxShards;
                throw new IllegalArgumentException("shards " + shards + ", expected 1 to " + MAX_SHARDS);
            }
            if (blockTimeout.isNegative()) {
                throw new IllegalArgumentException("blockTimeout " + blockTimeout + " is negative");
            }
            if (maxAge.isNegative()) {
                throw new IllegalArgumentException("maxAge " + maxAge + " is negative");
            }
            if (spoolMaxBytes < maxShards * MIN_SPOOL_BYTES_PER_SHARD) {
                throw new IllegalArgumentException("spoolMaxBytes is " + spoolMaxBytes + ", expected at least "
                        + maxShards * MIN_SPOOL_BYTES_PER_SHARD + " (1 MiB for each of " + maxShards + " shards)");
            }
            return new QueueConfig(this);
        }
    }
}

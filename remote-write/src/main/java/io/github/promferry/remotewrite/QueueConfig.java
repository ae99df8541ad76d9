package io.github.promferry.remotewrite;

import java.time.Duration;
import java.util.Objects;

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

    private final long maxBytes;
    private final int shards;
    private final Overflow overflow;
    private final Duration blockTimeout;
    private final Duration maxAge;

    private QueueConfig(Builder builder) {
        maxBytes = builder.maxBytes;
        shards = builder.shards;
        overflow = builder.overflow;
        blockTimeout = builder.blockTimeout;
        maxAge = builder.maxAge;
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
     * How many requests may be under way at once. All samples with the same common labels go through the same shard, so
     * the order per series holds.
     *
     * @return at least 1
     */
    public int shards() {
        return shards;
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

    @Override
    public String toString() {
        return "QueueConfig[maxBytes=" + maxBytes + ", shards=" + shards + ", overflow=" + overflow + ", blockTimeout="
                + blockTimeout + ", maxAge=" + maxAge + "]";
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private long maxBytes = DEFAULT_MAX_BYTES;
        private int shards = DEFAULT_SHARDS;
        private Overflow overflow = Overflow.DROP_OLDEST;
        private Duration blockTimeout = Duration.ofSeconds(10);
        private Duration maxAge = Duration.ZERO;

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
         * How many requests may be under way at once; 1 by default.
         *
         * @param shards from 1 to 1000; each is a thread
         * @return this
         */
        public Builder shards(int shards) {
            this.shards = shards;
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
         * The settings.
         *
         * @return immutable settings
         * @throws IllegalArgumentException if one is out of its bounds
         */
        public QueueConfig build() {
            if (maxBytes <= 0) {
                throw new IllegalArgumentException("maxBytes is " + maxBytes + ", expected a positive number");
            }
            if (shards < 1 || shards > MAX_SHARDS) {
                throw new IllegalArgumentException("shards is " + shards + ", expected 1 to " + MAX_SHARDS);
            }
            if (blockTimeout.isNegative()) {
                throw new IllegalArgumentException("blockTimeout " + blockTimeout + " is negative");
            }
            if (maxAge.isNegative()) {
                throw new IllegalArgumentException("maxAge " + maxAge + " is negative");
            }
            return new QueueConfig(this);
        }
    }
}

package io.github.promferry.remotewrite;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Is told what becomes of each block. Called on the writer's threads, for one shard at a time in order: implementations
 * are thread-safe, fast, and do not call the writer's {@code flush} or {@code close}. What they throw is logged and
 * otherwise ignored.
 *
 * @since 0.1
 */
public interface WriteListener {
    /** Does nothing. */
    WriteListener NONE = new WriteListener() {};

    /**
     * The receiver has a block.
     *
     * @param block what was delivered
     */
    default void delivered(BlockInfo block) {}

    /**
     * A block was not delivered and will be sent again.
     *
     * @param block what was sent
     * @param failure why it failed
     * @param delay how long the shard waits now
     */
    default void retrying(BlockInfo block, WriteFailure failure, Duration delay) {}

    /**
     * Samples are given up. Of a block that the receiver wrote in part only, the rest.
     *
     * @param block the block they were in
     * @param samples how many
     * @param reason one of those in {@link WriterStats#dropped()}
     * @param failure the last failure, or null if they were never sent
     */
    default void dropped(BlockInfo block, long samples, String reason, @Nullable WriteFailure failure) {}

    /**
     * The message that is sent from now on has changed, under {@link WriteProtocol#AUTO}.
     *
     * @param protocol the new one, {@code V1} or {@code V2}
     * @param reason what the receiver did
     */
    default void protocolChanged(WriteProtocol protocol, String reason) {}
}

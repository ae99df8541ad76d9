package io.github.promferry.remotewrite;

import org.jspecify.annotations.Nullable;

/**
 * A finished request: its compressed body and what accounting needs to know of it. Handled by one thread at a time: the
 * one that seals it, then the queue under its lock, then the sender of its shard.
 */
final class Block {
    final WriteProtocol protocol;
    final Body body;
    final int samples;
    final int exemplars;
    final long minTimestamp;
    final long maxTimestamp;
    final long sealedNanos;

    /** The place in the order of all blocks of a writer; given by the queue. */
    long sequence;

    /** Where the block is in the log of its shard; negative if it is not. */
    long logStart = -1;

    long logEnd = -1;

    /** How many samples of the log the end of this block decides. */
    int logSamples;

    /** The number of the block in the log, if a part of it has been written. */
    int logBlock;

    /** The part that the log lacks, with its header, if a part of the block is in the log. */
    @Nullable
    SpoolHeader restHeader;

    byte @Nullable [] rest;

    /** Whether all of the block is in the log. Guarded by the queue's lock, like what follows. */
    boolean logged;

    /** Whether the log knows that it is being sent. */
    boolean claimed;

    /** Whether more blocks made of the same one follow, of which the last acknowledges. */
    boolean continued;

    int attempts;
    long firstAttemptNanos;

    /** How long the last attempt took. */
    long sendNanos;

    /** Whether the ledger has it as delivered or dropped. */
    boolean decided;

    Block(
            WriteProtocol protocol,
            Body body,
            int samples,
            int exemplars,
            long minTimestamp,
            long maxTimestamp,
            long sealedNanos) {
        this.protocol = protocol;
        this.body = body;
        this.samples = samples;
        this.exemplars = exemplars;
        this.minTimestamp = minTimestamp;
        this.maxTimestamp = maxTimestamp;
        this.sealedNanos = sealedNanos;
    }

    /** Takes the place of another one in the log; as the last of several, or not. */
    void inheritLog(Block other, boolean last) {
        logStart = other.logStart;
        logEnd = other.logEnd;
        logSamples = other.logSamples;
        logged = other.logged;
        continued = other.continued || !last;
    }

    boolean acknowledgesLog() {
        return logEnd >= 0 && !continued;
    }

    BlockInfo info(String writer, int shard) {
        return new BlockInfo(
                writer, shard, protocol, samples, exemplars, body.length, minTimestamp, maxTimestamp, attempts);
    }
}

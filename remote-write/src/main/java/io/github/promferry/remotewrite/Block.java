package io.github.promferry.remotewrite;

/**
 * A finished request: its compressed body and what accounting needs to know of it. Handled by one thread at a time: the
 * one that seals it, then the queue under its lock, then the sender of its shard.
 */
final class Block {
    final WriteProtocol protocol;
    final byte[] body;
    final int samples;
    final int exemplars;
    final long minTimestamp;
    final long maxTimestamp;
    final long sealedNanos;

    /** The place in the order of all blocks of a writer; given by the queue. */
    long sequence;

    int attempts;
    long firstAttemptNanos;

    /** Whether the ledger has it as delivered or dropped. Guarded by the queue's lock. */
    boolean decided;

    Block(
            WriteProtocol protocol,
            byte[] body,
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

    BlockInfo info(String writer, int shard) {
        return new BlockInfo(
                writer, shard, protocol, samples, exemplars, body.length, minTimestamp, maxTimestamp, attempts);
    }
}

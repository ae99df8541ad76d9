package io.github.promferry.remotewrite;

import java.util.Arrays;

/**
 * Writes what a shard takes into the shard's log before it is acknowledged to the caller. Used under the lock of the shard.
 *
 * <p>When the disk does not take a piece, the blocks from there on wait in memory alone; the log stays a gapless beginning
 * of what waits. Each further batch tries to bring it up to date.
 */
final class Journal {
    private final SpoolLog log;
    private final BlockQueue queue;
    private final Lane lane;
    private final SpoolHeader header = new SpoolHeader();

    /** What of the open request is in the log. */
    private long start = -1;

    private long end = -1;
    private int samples;
    private int exemplars;

    /** Whether finished blocks wait that are not in the log, or not all of them. */
    private boolean behind;

    Journal(SpoolLog log, BlockQueue queue, Lane lane) {
        this.log = log;
        this.queue = queue;
        this.lane = lane;
    }

    /** Writes what the open request has gained since the last time. */
    void write(BlockEncoder encoder) {
        if (encoder.samples == samples || (behind && !catchUp())) {
            return;
        }
        WireBuffer piece = describe(encoder, false);
        long written = log.append(header, piece.bytes, 0, piece.length);
        if (written == SpoolLog.NOT_WRITTEN) {
            return;
        }
        encoder.keepPiece();
        start = start < 0 ? written - SpoolHeader.BYTES - piece.length : start;
        end = written;
        samples = encoder.samples;
        exemplars = encoder.exemplars;
    }

    /** Finishes the request and tells the block where it is in the log. */
    Block seal(BlockEncoder encoder, long nowNanos) {
        write(encoder);
        SpoolHeader restHeader = null;
        byte[] rest = null;
        if (start >= 0 && encoder.samples > samples) {
            WireBuffer piece = describe(encoder, true);
            rest = Arrays.copyOf(piece.bytes, piece.length);
            restHeader = header.copy();
        } else if (start >= 0) {
            copySymbols(encoder);
        }
        Block block = encoder.seal(nowNanos, queue.bodies());
        block.logStart = start;
        block.logEnd = end;
        block.logSamples = samples;
        block.logBlock = header.block;
        block.logged = samples == block.samples;
        block.restHeader = restHeader;
        block.rest = rest;
        behind |= !block.logged;
        header.block++;
        start = -1;
        end = -1;
        samples = 0;
        exemplars = 0;
        return block;
    }

    /** A damaged record must not cost those that need its symbols. Nothing is lost if the disk does not take it. */
    private void copySymbols(BlockEncoder encoder) {
        WireBuffer copy = encoder.symbolCopy(header);
        if (copy == null) {
            return;
        }
        header.samples = 0;
        header.exemplars = 0;
        long written = log.append(header, copy.bytes, 0, copy.length);
        if (written != SpoolLog.NOT_WRITTEN) {
            end = written;
        }
    }

    private WireBuffer describe(BlockEncoder encoder, boolean selfContained) {
        header.kind = SpooledBlocks.kindOf(encoder.protocol());
        header.samples = encoder.samples - samples;
        header.exemplars = encoder.exemplars - exemplars;
        header.minTimestampMillis = encoder.minTimestamp;
        header.maxTimestampMillis = encoder.maxTimestamp;
        return encoder.newPiece(header, selfContained);
    }

    /** Writes the blocks that wait in memory alone. */
    private boolean catchUp() {
        for (Block block : queue.unlogged(lane)) {
            byte[] rest = block.rest;
            SpoolHeader restHeader = block.restHeader;
            byte[] body = rest == null ? block.body.copy() : rest;
            long written =
                    log.append(rest == null || restHeader == null ? whole(block) : restHeader, body, 0, body.length);
            if (written == SpoolLog.NOT_WRITTEN) {
                return false;
            }
            queue.logged(lane, block, written - SpoolHeader.BYTES - body.length, written);
        }
        behind = false;
        return true;
    }

    private static SpoolHeader whole(Block block) {
        SpoolHeader of = new SpoolHeader();
        of.kind = SpooledBlocks.kindOf(block.protocol);
        of.block = block.logBlock;
        of.samples = block.samples;
        of.exemplars = block.exemplars;
        of.minTimestampMillis = block.minTimestamp;
        of.maxTimestampMillis = block.maxTimestamp;
        return of;
    }
}

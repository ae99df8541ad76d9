package io.github.promferry.remotewrite;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads blocks back from a log and joins the pieces that they were written in. Used by the sender of one lane. */
final class SpooledBlocks {
    private final SpoolLog log;
    private final Spool spool;
    private final BodyPool bodies;
    private final SpoolReader reader;
    private final WireBuffer symbols = new WireBuffer();
    private final WireBuffer rows = new WireBuffer();
    private int symbolRawBytes;
    private int rowRawBytes;
    private int samples;
    private int exemplars;
    private long minTimestamp;
    private long maxTimestamp;

    SpooledBlocks(Spool spool, SpoolLog log, BodyPool bodies) {
        this.spool = spool;
        this.bodies = bodies;
        this.log = log;
        reader = new SpoolReader(log);
    }

    /**
     * The next block.
     *
     * @param from up to where everything has been decided
     * @param limit where a block ends
     * @return null if there is none before the limit
     * @throws IOException if a file cannot be opened now
     */
    @Nullable
    Block read(long from, long limit) throws IOException {
        while (reader.next(from, limit)) {
            long start = reader.start();
            WriteProtocol protocol = protocolOf(reader.header());
            long appended = reader.header().appendedMillis;
            clear();
            long end;
            do {
                add();
                end = reader.end();
            } while (reader.nextOfBlock(limit));
            if (samples > 0 && protocol != null) {
                long age = Math.max(0, spool.nowMillis() - appended);
                Block block = new Block(
                        protocol,
                        BlockPacker.join(bodies, symbolRawBytes, symbols, rowRawBytes, rows),
                        samples,
                        exemplars,
                        minTimestamp,
                        maxTimestamp,
                        spool.nanos() - age * 1_000_000);
                block.logStart = start;
                block.logEnd = end;
                block.logSamples = samples;
                block.logged = true;
                return block;
            }
            log.acknowledge(end, 0);
        }
        return null;
    }

    void close() {
        reader.close();
    }

    private void add() {
        SpoolHeader header = reader.header();
        boolean needsOthers = header.symbolOffset > 0;
        if (protocolOf(header) == null || (needsOthers && header.symbolOffset != symbolRawBytes)) {
            // Made by a version with more protocols, or its symbols were in a record that is damaged.
            reader.giveUp();
            return;
        }
        byte[] body = reader.body();
        int at = reader.bodyAt();
        int end = at + header.bodyLength;
        int rawBytes = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = body[at++];
            rawBytes |= (next & 0x7F) << shift;
            if (next >= 0) {
                break;
            }
        }
        if (!needsOthers) {
            // All symbols so far: those of the pieces before are the first of them.
            symbols.length = 0;
            symbolRawBytes = 0;
        }
        symbols.put(body, at, at + header.symbolBytes);
        symbolRawBytes += header.symbolRawBytes;
        rows.put(body, at + header.symbolBytes, end);
        rowRawBytes += rawBytes - header.symbolRawBytes;
        samples += header.samples;
        exemplars += header.exemplars;
        minTimestamp = Math.min(minTimestamp, header.minTimestampMillis);
        maxTimestamp = Math.max(maxTimestamp, header.maxTimestampMillis);
    }

    private void clear() {
        symbols.length = 0;
        rows.length = 0;
        symbolRawBytes = 0;
        rowRawBytes = 0;
        samples = 0;
        exemplars = 0;
        minTimestamp = Long.MAX_VALUE;
        maxTimestamp = Long.MIN_VALUE;
    }

    static @Nullable WriteProtocol protocolOf(SpoolHeader header) {
        return switch (header.kind) {
            case 1 -> WriteProtocol.V1;
            case 2 -> WriteProtocol.V2;
            default -> null;
        };
    }

    static int kindOf(WriteProtocol protocol) {
        return protocol == WriteProtocol.V1 ? 1 : 2;
    }
}

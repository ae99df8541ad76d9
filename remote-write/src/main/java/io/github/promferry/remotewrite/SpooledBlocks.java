package io.github.promferry.remotewrite;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks back from a log and joins the pieces that they were written in. Used by the sender of one lane.
 *
 * <p>Pieces whose symbols were in a damaged record are kept apart until a later record of the block brings all symbols, as
 * the last one does unless the process was killed before the block was finished. Without one they are damaged, too.
 */
final class SpooledBlocks {
    private final SpoolLog log;
    private final Spool spool;
    private final BodyPool bodies;
    private final SpoolReader reader;
    private final WireBuffer symbols = new WireBuffer();
    private int symbolRawBytes;

    /** Pieces whose symbols have been read, and those after them that wait for theirs. */
    private final Pieces whole = new Pieces();

    private final Pieces lacking = new Pieces();

    /** The rows of some pieces, and what accounting needs to know of them. */
    private static final class Pieces {
        final WireBuffer rows = new WireBuffer();
        int rowRawBytes;
        int samples;
        int exemplars;
        long minTimestamp;
        long maxTimestamp;

        void clear() {
            rows.length = 0;
            rowRawBytes = 0;
            samples = 0;
            exemplars = 0;
            minTimestamp = Long.MAX_VALUE;
            maxTimestamp = Long.MIN_VALUE;
        }

        void add(SpoolHeader header, byte[] body, int from, int to, int rawBytes) {
            rows.put(body, from, to);
            rowRawBytes += rawBytes;
            samples += header.samples;
            exemplars += header.exemplars;
            minTimestamp = Math.min(minTimestamp, header.minTimestampMillis);
            maxTimestamp = Math.max(maxTimestamp, header.maxTimestampMillis);
        }

        /** Takes the other ones behind its own. */
        void takeAll(Pieces others) {
            rows.put(others.rows.bytes, 0, others.rows.length);
            rowRawBytes += others.rowRawBytes;
            samples += others.samples;
            exemplars += others.exemplars;
            minTimestamp = Math.min(minTimestamp, others.minTimestamp);
            maxTimestamp = Math.max(maxTimestamp, others.maxTimestamp);
            others.clear();
        }
    }

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
            if (lacking.samples > 0) {
                reader.giveUp(lacking.samples);
            }
            if (whole.samples > 0 && protocol != null) {
                long age = Math.max(0, spool.nowMillis() - appended);
                Block block = new Block(
                        protocol,
                        BlockPacker.join(bodies, symbolRawBytes, symbols, whole.rowRawBytes, whole.rows),
                        whole.samples,
                        whole.exemplars,
                        whole.minTimestamp,
                        whole.maxTimestamp,
                        spool.nanos() - age * 1_000_000);
                block.logStart = start;
                block.logEnd = end;
                block.logSamples = whole.samples;
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
        if (protocolOf(header) == null) {
            // Made by a version with more protocols.
            reader.giveUp(header.samples);
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
        if (header.symbolOffset == 0) {
            // All symbols so far: those of the pieces before are the first of them.
            symbols.length = 0;
            symbolRawBytes = 0;
            whole.takeAll(lacking);
        }
        int rowsAt = at + header.symbolBytes;
        int rowRawBytes = rawBytes - header.symbolRawBytes;
        if (header.symbolOffset == symbolRawBytes) {
            symbols.put(body, at, rowsAt);
            symbolRawBytes += header.symbolRawBytes;
            whole.add(header, body, rowsAt, end, rowRawBytes);
        } else {
            lacking.add(header, body, rowsAt, end, rowRawBytes);
        }
    }

    private void clear() {
        symbols.length = 0;
        symbolRawBytes = 0;
        whole.clear();
        lacking.clear();
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

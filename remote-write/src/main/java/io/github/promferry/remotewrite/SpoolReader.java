package io.github.promferry.remotewrite;

import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads the blocks of a log in order. {@link #next} moves to the first record of a block, {@link #nextOfBlock} to its
 * further ones. Whoever calls {@code next} has decided about everything before it. One thread at a time.
 */
final class SpoolReader implements Closeable {
    private static final int WINDOW_BYTES = 64 << 10;

    private final SpoolLog log;
    private final SpoolHeader header = new SpoolHeader();
    private @Nullable SpoolSegment segment;
    private @Nullable SpoolScanner scanner;
    private boolean peeked;
    private int bodyAt;
    private int block;

    SpoolReader(SpoolLog log) {
        this.log = log;
    }

    /**
     * Moves to the first record of the next block.
     *
     * @param from up to where everything has been decided
     * @param limit a position where a block ends
     * @return false if there is no sound record between the two
     * @throws IOException if a file cannot be opened; the next call tries again
     */
    boolean next(long from, long limit) throws IOException {
        SpoolSegment current = log.segmentAt(from);
        while (current != null && current.start() < limit) {
            SpoolScanner in = moveTo(current, from);
            long end = log.endOf(current, limit);
            while (in != null && (peeked || in.next(header, end))) {
                peeked = false;
                if (loadBody(in, current, end)) {
                    block = header.block;
                    return true;
                }
            }
            if (SpoolSegment.sequenceOf(limit) == current.sequence) {
                return false;
            }
            current = log.leave(current);
        }
        return false;
    }

    /** Moves to the next record of the block, if it has one more before the limit. */
    boolean nextOfBlock(long limit) {
        SpoolSegment current = segment;
        SpoolScanner in = scanner;
        if (current == null || in == null || peeked) {
            return false;
        }
        long end = log.endOf(current, limit);
        while (in.next(header, end)) {
            peeked = header.block != block;
            if (peeked) {
                return false;
            }
            if (loadBody(in, current, end)) {
                return true;
            }
        }
        return false;
    }

    /** Counts samples of the block as damaged. */
    void giveUp(int samples) {
        log.damaged(segment(), samples);
    }

    /** The header of the record; good until the next move. */
    SpoolHeader header() {
        return header;
    }

    /** The array that the body is in; good until the next move. */
    byte[] body() {
        return scanner().window();
    }

    /** Where in {@link #body()} the body starts. */
    int bodyAt() {
        return bodyAt;
    }

    /** Where the record starts. */
    long start() {
        return SpoolSegment.position(segment().sequence, scanner().recordStart());
    }

    /** Where the record ends. */
    long end() {
        return SpoolSegment.position(segment().sequence, scanner().recordEnd());
    }

    @Override
    public void close() {
        segment = null;
        peeked = false;
        SpoolScanner old = scanner;
        scanner = null;
        if (old != null) {
            try {
                old.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
    }

    /** Opens the segment at the place where the reader goes on; null if somebody has taken the file away. */
    private @Nullable SpoolScanner moveTo(SpoolSegment target, long from) throws IOException {
        long offset = SpoolSegment.sequenceOf(from) == target.sequence ? SpoolSegment.offsetOf(from) : 0;
        SpoolScanner in = scanner;
        if (in == null || segment != target) {
            close();
            try {
                in = new SpoolScanner(target, offset, WINDOW_BYTES);
            } catch (FileNotFoundException e) {
                if (target.file.toFile().exists()) {
                    throw e;
                }
                return null;
            }
            scanner = in;
            segment = target;
        } else if (offset > (peeked ? in.recordStart() : in.recordEnd())) {
            // Blocks in between went from memory.
            peeked = false;
            in.seek(offset);
        }
        return in;
    }

    private boolean loadBody(SpoolScanner in, SpoolSegment current, long end) {
        bodyAt = in.loadBody(header, end);
        if (bodyAt < 0) {
            log.damaged(current, header.samples);
        }
        return bodyAt >= 0;
    }

    private SpoolSegment segment() {
        SpoolSegment current = segment;
        if (current == null) {
            throw new IllegalStateException("no record has been read");
        }
        return current;
    }

    private SpoolScanner scanner() {
        SpoolScanner current = scanner;
        if (current == null) {
            throw new IllegalStateException("no record has been read");
        }
        return current;
    }
}

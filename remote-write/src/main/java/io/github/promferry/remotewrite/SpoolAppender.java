package io.github.promferry.remotewrite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes records to the end of a log. Thread-safe; its lock is held while the disk is written to, so that nobody who asks
 * about the log waits for that. The lock of the log may be taken while this one is held, not the other way round.
 *
 * <p>The file of a segment that is done with is used again for a later one, under another name. To write over pages that the
 * system holds already takes a quarter of the time that new ones take, which was most of what a spool costs while the
 * receiver is up.
 */
final class SpoolAppender {
    /** A disk that failed is asked again after this. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Spool spool;
    private final SpoolLog log;
    private final Path directory;
    private final byte[] end = new byte[SpoolHeader.BYTES];
    private byte[] frame = new byte[4096];

    /** The last one and its file, if it can be written to. */
    private @Nullable SpoolSegment open;

    private SpoolDisk.@Nullable Output out;

    private int nextSequence;
    private int lastBlock;
    private boolean closed;
    private boolean failing;
    private long retryAtNanos;

    SpoolAppender(Spool spool, SpoolLog log, Path directory, int nextSequence) {
        this.spool = spool;
        this.log = log;
        this.directory = directory;
        this.nextSequence = nextSequence;
    }

    /** See {@link SpoolLog#append}. */
    synchronized long append(SpoolHeader header, byte[] body, int from, int length) {
        // A disk that failed is not asked for every record.
        if (closed || (failing && spool.nanos() - retryAtNanos < 0)) {
            return SpoolLog.NOT_WRITTEN;
        }
        int size = SpoolHeader.BYTES + length;
        SpoolSegment segment = null;
        try {
            segment = segmentFor(header.block);
            header.write(frame(size + SpoolHeader.BYTES), 0, segment.salt);
            System.arraycopy(body, from, frame, SpoolHeader.BYTES, length);
            System.arraycopy(end, 0, frame, size, SpoolHeader.BYTES);
            // The next record is written over the end.
            output().write(segment.size, frame, size + SpoolHeader.BYTES);
            // A copy of symbols is of use only when the medium has failed; the next sync takes it along.
            if (spool.syncsAlways() && header.samples > 0) {
                output().sync();
            }
        } catch (IOException e) {
            failed(segment, e);
            return SpoolLog.NOT_WRITTEN;
        }
        lastBlock = header.block;
        if (failing) {
            failing = false;
            spool.diskRecovered(directory);
        }
        return log.appended(segment, header, size);
    }

    /** Writes nothing any more. */
    synchronized void close() {
        closed = true;
        retire();
    }

    private byte[] frame(int size) {
        if (frame.length < size) {
            frame = new byte[Math.max(size, Math.min(2 * frame.length, 1 << 20))];
        }
        return frame;
    }

    private SpoolDisk.Output output() throws IOException {
        SpoolDisk.Output current = out;
        if (current == null) {
            throw new IOException("no segment is open in " + directory);
        }
        return current;
    }

    private SpoolSegment segmentFor(int block) throws IOException {
        SpoolSegment last = open;
        if (last != null && (block == lastBlock || last.size < log.segmentBytes())) {
            return last;
        }
        retire();
        SpoolSegment next = SpoolSegment.create(
                directory, nextSequence, ThreadLocalRandom.current().nextInt());
        SpoolDisk.Output opened = openFile(next);
        new SpoolHeader().writeEnd(end, 0, next.salt);
        nextSequence++;
        open = next;
        out = opened;
        log.begin(next, opened);
        return next;
    }

    private SpoolDisk.Output openFile(SpoolSegment next) throws IOException {
        SpoolSegment spare = log.takeSpare();
        if (spare != null) {
            try {
                Files.move(spare.file, next.file);
                next.fileBytes = spare.fileBytes;
            } catch (IOException e) {
                // Somebody has deleted it, or the system does not rename what is open, the reader's.
                log.delete(spare);
            }
        }
        try {
            return spool.disk().open(next.file);
        } catch (IOException e) {
            log.delete(next);
            throw e;
        }
    }

    /** Cuts off what was written of a record, so that the segment can go on later. */
    private void failed(@Nullable SpoolSegment segment, IOException cause) {
        retryAtNanos = spool.nanos() + RETRY_NANOS;
        if (!failing) {
            failing = true;
            spool.diskFailed(directory, cause);
        }
        SpoolDisk.Output current = out;
        if (segment != null && current != null) {
            try {
                current.truncate(segment.size);
                log.truncated(segment);
            } catch (IOException e) {
                // Then this segment ends here and the next record opens another; what it ends with is stepped over.
                retire();
            }
        }
    }

    /** The open segment gets nothing any more. */
    private void retire() {
        SpoolSegment last = open;
        open = null;
        out = null;
        if (last != null) {
            log.end(last);
        }
    }
}

package io.github.promferry.remotewrite;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one shard on disk, in the order in which they were appended: a row of segments that only grow, and the
 * position up to which everything has been decided. One thread at a time appends, one reads and acknowledges, any may
 * drop.
 *
 * <p>A record is handed to the operating system before {@link #append} returns, so that it outlives the process. A
 * segment gets no more records from a later process and goes away as a whole: when its last block has been acknowledged,
 * or when the spool needs its room. Blocks do not span segments unless the disk failed in the middle of one.
 *
 * <p>Every sample that {@code append} took is either waiting, or was acknowledged, or is counted under a reason in {@link
 * #dropped}. Nothing is held in memory but a few numbers for each segment.
 */
final class SpoolLog implements Closeable {
    /** What {@link #append} returns when the disk did not take the record. */
    static final long NOT_WRITTEN = -1;

    /** Why a log gives samples up. */
    enum Loss {
        /** The spool had no more room. */
        QUEUE_FULL("queue_full"),
        /** They waited longer than is allowed. */
        TOO_OLD("too_old"),
        /** Their record was damaged on disk. */
        SPOOL_DAMAGED("spool_damaged");

        final String reason;

        Loss(String reason) {
            this.reason = reason;
        }
    }

    /** Samples that were given up, and the segment they were in. */
    record Lost(Loss loss, long samples, SpoolSegment segment) {}

    private static final int SCAN_WINDOW_BYTES = 4096;
    private static final String ACK_FILE = "acknowledged";

    /**
     * Segments are small while few of them wait, as when the receiver is up: then one or two files are written again and
     * again, and what the system holds of them stays small. In an outage they grow, lest there be too many.
     */
    private static final long SMALL_SEGMENT_BYTES = 1 << 20;

    private static final int FEW_SEGMENTS = 8;

    private final Spool spool;
    private final Path directory;
    private final ShardSlice slice;
    private final SpoolAck ack;
    private final SpoolAppender appender;

    /** Guards everything below. No other lock is taken under it. */
    private final Object lock = new Object();

    private final ArrayDeque<SpoolSegment> segments = new ArrayDeque<>();
    private final Map<Loss, Long> dropped = new EnumMap<>(Loss.class);
    private final List<Path> undeleted = new ArrayList<>();

    /** Done with, its file to be used again. */
    private @Nullable SpoolSegment spare;

    private long acknowledged;
    private long waitingSamples;
    private long recoveredSamples;
    private long damages;
    private boolean closed;

    /** Whether a loss of power could take the name of a segment away. */
    private boolean unsyncedNames;

    /** The block that is being sent: it is not dropped with its segment. */
    private long sendingStart = -1;

    private long sendingSamples;
    private boolean sendingDetached;

    /** What was given up under the lock and has not been told yet. */
    private List<Lost> untold = new ArrayList<>();

    private volatile Consumer<Lost> onLoss = lost -> {};

    /**
     * Opens a log and finds out what waits in it.
     *
     * @throws IOException if the directory cannot be read or was written by a later version
     */
    SpoolLog(Spool spool, Path directory, ShardSlice slice) throws IOException {
        this.spool = spool;
        this.directory = directory;
        this.slice = slice;
        Files.createDirectories(directory);
        ack = new SpoolAck(directory.resolve(ACK_FILE));
        acknowledged = ack.load();
        appender = new SpoolAppender(spool, this, directory, recover());
    }

    /**
     * Writes a record.
     *
     * @param header all but the description of the body and the time
     * @return the position after the record, or {@link #NOT_WRITTEN} if the disk did not take it
     */
    long append(SpoolHeader header, byte[] body, int from, int length) {
        spool.makeRoom(SpoolHeader.BYTES + length);
        header.describe(body, from, length);
        header.appendedMillis = spool.nowMillis();
        return appender.append(header, body, from, length);
    }

    /** How much a segment takes before the next one begins. */
    long segmentBytes() {
        synchronized (lock) {
            return segments.size() < FEW_SEGMENTS
                    ? Math.min(SMALL_SEGMENT_BYTES, spool.segmentBytes())
                    : spool.segmentBytes();
        }
    }

    /** A segment whose file may be written over, or null if there is none. */
    @Nullable
    SpoolSegment takeSpare() {
        synchronized (lock) {
            SpoolSegment taken = spare;
            spare = null;
            return taken;
        }
    }

    /** A segment is open from now on. */
    void begin(SpoolSegment segment, SpoolDisk.Output out) {
        synchronized (lock) {
            segment.out = out;
            segment.open = true;
            segments.add(segment);
            unsyncedNames = true;
        }
        if (spool.syncsAlways()) {
            spool.syncDirectory(directory);
        }
    }

    /** A record is in the open segment; returns where it ends. */
    long appended(SpoolSegment segment, SpoolHeader header, int size) {
        synchronized (lock) {
            segment.unsynced = true;
            segment.add(header, segment.size + size);
            resized(segment, Math.max(segment.fileBytes, segment.size + SpoolHeader.BYTES));
            waitingSamples += header.samples;
            return segment.end();
        }
    }

    /** The open segment has been cut back to its last sound record. */
    void truncated(SpoolSegment segment) {
        synchronized (lock) {
            resized(segment, segment.size);
        }
    }

    private void resized(SpoolSegment segment, long fileBytes) {
        spool.addBytes(fileBytes - segment.fileBytes);
        segment.fileBytes = fileBytes;
    }

    /** The open segment gets no more records. It is synced by {@link #sync}, so that no append waits for it. */
    void end(SpoolSegment segment) {
        synchronized (lock) {
            segment.open = false;
            if (!segment.unsynced || !spool.syncs()) {
                close(segment);
            }
        }
    }

    private void close(SpoolSegment segment) {
        SpoolDisk.Output out = segment.out;
        segment.out = null;
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                spool.noteTrouble(directory, e);
            }
        }
    }

    /** Whom to tell of samples that the log gives up; may be called on any thread, without the log's lock. */
    void onLoss(Consumer<Lost> listener) {
        onLoss = listener;
    }

    Path directory() {
        return directory;
    }

    /** Whose samples are in it. */
    ShardSlice slice() {
        return slice;
    }

    /** Where the next record will start, or later. */
    long end() {
        synchronized (lock) {
            return segments.isEmpty() ? acknowledged : segments.getLast().end();
        }
    }

    /** Up to where everything has been decided. */
    long acknowledged() {
        synchronized (lock) {
            return acknowledged;
        }
    }

    /**
     * Says that a block is about to be sent. Until {@link #acknowledge} it cannot be dropped.
     *
     * @return false if it has been dropped already
     */
    boolean claim(long start, long samples) {
        synchronized (lock) {
            if (start < acknowledged) {
                return false;
            }
            sendingStart = start;
            sendingSamples = samples;
            return true;
        }
    }

    /**
     * Says that everything before the position has been decided.
     *
     * @param samples how many samples that were waiting this decides
     */
    void acknowledge(long position, long samples) {
        synchronized (lock) {
            sendingStart = -1;
            waitingSamples -= samples;
            if (sendingDetached) {
                sendingDetached = false;
                return;
            }
            long left = samples;
            for (SpoolSegment segment : segments) {
                long here = Math.min(left, segment.waitingSamples);
                segment.waitingSamples -= here;
                left -= here;
            }
            moveTo(position);
        }
        tellLosses();
    }

    /** Counts a record with a damaged body. */
    void damaged(SpoolSegment segment, long samples) {
        synchronized (lock) {
            damages++;
            if (segments.contains(segment)) {
                lose(segment, Math.min(samples, segment.waitingSamples), Loss.SPOOL_DAMAGED);
            }
        }
        tellLosses();
    }

    /** The segment in which to read on from a position, or null at the end. */
    @Nullable
    SpoolSegment segmentAt(long position) {
        synchronized (lock) {
            for (SpoolSegment segment : segments) {
                if (segment.end() > position) {
                    return segment;
                }
            }
            return null;
        }
    }

    /** The segment after one that holds nothing more to read. */
    @Nullable
    SpoolSegment leave(SpoolSegment read) {
        SpoolSegment next = null;
        synchronized (lock) {
            for (SpoolSegment segment : segments) {
                if (segment.sequence > read.sequence) {
                    moveTo(segment.start());
                    next = segment;
                    break;
                }
            }
        }
        tellLosses();
        return next;
    }

    /** Up to which offset to read a segment. */
    long endOf(SpoolSegment segment, long limit) {
        if (SpoolSegment.sequenceOf(limit) == segment.sequence) {
            return SpoolSegment.offsetOf(limit);
        }
        synchronized (lock) {
            return segment.size;
        }
    }

    /** When the newest record of the oldest segment that could be dropped was appended; the maximum if there is none. */
    long oldestMillis() {
        synchronized (lock) {
            return segments.isEmpty() || segments.getFirst().open
                    ? Long.MAX_VALUE
                    : segments.getFirst().lastAppendedMillis;
        }
    }

    /**
     * Drops the oldest segment. The one that is being written stays.
     *
     * @return false if there is none to drop
     */
    boolean dropOldest(Loss loss) {
        synchronized (lock) {
            if (segments.isEmpty() || segments.getFirst().open) {
                return false;
            }
            SpoolSegment oldest = segments.removeFirst();
            long lost = oldest.waitingSamples;
            if (sendingStart >= oldest.start() && sendingStart < oldest.end()) {
                sendingDetached = true;
                lost -= Math.min(lost, sendingSamples);
                oldest.waitingSamples = lost;
            }
            lose(oldest, lost, loss);
            delete(oldest);
            acknowledged = Math.max(acknowledged, oldest.end());
            storeAcknowledged();
        }
        tellLosses();
        return true;
    }

    /** Samples that were appended or found and that nobody has decided about yet. */
    long waitingSamples() {
        synchronized (lock) {
            return waitingSamples;
        }
    }

    /** The timestamp of the oldest sample that waits, or an older one that was in its segment; the maximum if none is. */
    long oldestTimestampMillis() {
        synchronized (lock) {
            return segments.isEmpty() ? Long.MAX_VALUE : segments.getFirst().minTimestampMillis;
        }
    }

    /** Samples that were waiting when the log was opened. */
    long recoveredSamples() {
        return recoveredSamples;
    }

    /** How many damaged places have been found. */
    long damages() {
        synchronized (lock) {
            return damages;
        }
    }

    /** Samples that the log gave up. */
    Map<Loss, Long> dropped() {
        synchronized (lock) {
            return new EnumMap<>(dropped);
        }
    }

    /** Makes the records and the position outlive a loss of power, if so configured. */
    void sync() {
        if (!spool.syncs()) {
            return;
        }
        List<SpoolSegment> written = new ArrayList<>();
        boolean names;
        synchronized (lock) {
            for (SpoolSegment segment : segments) {
                if (segment.unsynced) {
                    segment.unsynced = false;
                    written.add(segment);
                }
            }
            names = unsyncedNames;
            unsyncedNames = false;
        }
        // Outside of the lock: the thread that appends must not wait for the medium.
        written.forEach(this::sync);
        if (names) {
            spool.syncDirectory(directory);
        }
        try {
            ack.sync();
        } catch (IOException e) {
            spool.noteTrouble(directory, e);
        }
    }

    private void sync(SpoolSegment segment) {
        SpoolDisk.Output out;
        synchronized (lock) {
            out = segment.out;
        }
        IOException failure = null;
        try {
            if (out != null) {
                out.sync();
            }
        } catch (IOException e) {
            failure = e;
        }
        synchronized (lock) {
            if (segment.out == null) {
                // It was done with or closed meanwhile, which is what may have failed.
                return;
            }
            if (failure != null) {
                segment.unsynced = true;
                spool.noteTrouble(directory, failure);
            } else if (!segment.open && !segment.unsynced) {
                close(segment);
            }
        }
    }

    /** Closes the files. What waits stays. */
    @Override
    public void close() {
        appender.close();
        synchronized (lock) {
            closed = true;
        }
        sync();
        synchronized (lock) {
            segments.forEach(this::close);
            try {
                ack.close();
            } catch (IOException e) {
                spool.noteTrouble(directory, e);
            }
        }
    }

    /** Closes the log and deletes it, once all that was in it has been decided. */
    void remove() {
        close();
        synchronized (lock) {
            segments.forEach(this::delete);
            segments.clear();
            if (spare != null) {
                delete(spare);
                spare = null;
            }
            try {
                Files.deleteIfExists(directory.resolve(ACK_FILE));
                Files.deleteIfExists(directory);
            } catch (IOException e) {
                // It holds nothing: the next run tries again.
                spool.noteTrouble(directory, e);
            }
        }
    }

    /** Finds the segments that hold something; returns the number of the next one. */
    private int recover() throws IOException {
        List<SpoolSegment> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                SpoolSegment segment = SpoolSegment.of(file);
                if (segment == null) {
                    continue;
                }
                if (segment.format != SpoolSegment.FORMAT) {
                    throw new IOException("spool file " + file + " has format " + segment.format
                            + ", this version reads format " + SpoolSegment.FORMAT
                            + ": use the version that wrote it, or another directory");
                }
                found.add(segment);
            }
        }
        found.sort(Comparator.comparingInt(segment -> segment.sequence));
        int nextSequence = SpoolSegment.sequenceOf(acknowledged) + 1;
        for (SpoolSegment segment : found) {
            nextSequence = Math.max(nextSequence, segment.sequence + 1);
            if (segment.sequence >= SpoolSegment.sequenceOf(acknowledged)) {
                scan(segment);
            }
            if (segment.lastAppendedMillis != Long.MIN_VALUE) {
                segments.add(segment);
                spool.addBytes(segment.fileBytes);
            } else {
                // All acknowledged, or nothing sound left in it, or kept to be used again.
                Files.deleteIfExists(segment.file);
            }
        }
        recoveredSamples = waitingSamples;
        return nextSequence;
    }

    /** Reads the headers of a segment; the bodies are checked when they are read to be sent. */
    private void scan(SpoolSegment segment) throws IOException {
        long limit = Files.size(segment.file);
        long from = SpoolSegment.sequenceOf(acknowledged) == segment.sequence
                ? Math.min(SpoolSegment.offsetOf(acknowledged), limit)
                : 0;
        SpoolHeader header = new SpoolHeader();
        segment.size = from;
        try (SpoolScanner scanner = new SpoolScanner(segment, from, SCAN_WINDOW_BYTES)) {
            while (scanner.next(header, limit)) {
                // The append of a record that is not complete has never returned.
                if (scanner.isComplete(header, limit)) {
                    segment.add(header, scanner.recordEnd());
                }
            }
            damages += scanner.damages();
        }
        segment.fileBytes = limit;
        waitingSamples += segment.waitingSamples;
    }

    /** Moves the acknowledged position; segments before it are done with. */
    private void moveTo(long position) {
        if (position <= acknowledged) {
            return;
        }
        acknowledged = position;
        while (!segments.isEmpty() && segments.getFirst().end() <= position && !segments.getFirst().open) {
            SpoolSegment done = segments.removeFirst();
            lose(done, done.waitingSamples, Loss.SPOOL_DAMAGED);
            close(done);
            if (spare == null && done.fileBytes <= 2 * SMALL_SEGMENT_BYTES && !spool.isHalfFull()) {
                spare = done;
            } else {
                delete(done);
            }
        }
        storeAcknowledged();
    }

    private void lose(SpoolSegment segment, long samples, Loss loss) {
        if (samples > 0) {
            segment.waitingSamples -= samples;
            waitingSamples -= samples;
            dropped.merge(loss, samples, Long::sum);
            untold.add(new Lost(loss, samples, segment));
        }
    }

    /** Listeners are told without the lock. */
    private void tellLosses() {
        List<Lost> losses;
        synchronized (lock) {
            if (untold.isEmpty()) {
                return;
            }
            losses = untold;
            untold = new ArrayList<>();
        }
        losses.forEach(onLoss);
    }

    private void storeAcknowledged() {
        if (closed) {
            // The directory may be somebody else's by now; a block decided so late is sent again.
            return;
        }
        try {
            ack.store(acknowledged);
        } catch (IOException e) {
            // The next one is stored again; until then a restart would send these blocks twice.
            spool.noteTrouble(directory, e);
        }
    }

    /** Deletes the file of a segment that is done with. */
    void delete(SpoolSegment segment) {
        synchronized (lock) {
            close(segment);
            spool.addBytes(-segment.fileBytes);
            undeleted.add(segment.file);
            // Where an open file cannot be deleted, the reader's, it is tried again with the next segment.
            undeleted.removeIf(file -> {
                try {
                    Files.deleteIfExists(file);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
        }
    }
}

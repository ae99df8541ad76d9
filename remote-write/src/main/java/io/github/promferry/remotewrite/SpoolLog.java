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
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one shard on disk, in the order in which they were appended: a row of segments that only grow, and the
 * position up to which everything has been decided. One thread at a time appends, one reads and acknowledges, any may
 * drop.
 *
 * <p>A record is handed to the operating system before {@link #append} returns, so that it outlives the process. A
 * segment is never written again by a later process and goes away as a whole: when its last block has been acknowledged,
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

    /** A disk that failed is asked again after this. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int SCAN_WINDOW_BYTES = 4096;
    private static final String ACK_FILE = "acknowledged";

    private final Spool spool;
    private final Path directory;
    private final ShardSlice slice;
    private final SpoolAck ack;

    /** Held while a record is written, so that {@link #lock} need not be: whoever asks about the log does not wait. */
    private final Object writing = new Object();

    /** Guards everything below. No other lock is taken under it. */
    private final Object lock = new Object();

    private final ArrayDeque<SpoolSegment> segments = new ArrayDeque<>();
    private final Map<Loss, Long> dropped = new EnumMap<>(Loss.class);
    private final List<Path> undeleted = new ArrayList<>();
    private final List<SpoolDisk.Output> retired = new ArrayList<>();
    private byte[] frame = new byte[SCAN_WINDOW_BYTES];

    /** The file of the last segment. Changed with both locks held. */
    private SpoolDisk.@Nullable Output out;

    private int nextSequence;
    private int lastBlock;
    private long acknowledged;
    private long waitingSamples;
    private long recoveredSamples;
    private long damages;
    private boolean unsynced;
    private boolean closed;
    private boolean failing;
    private long retryAtNanos;

    /** The block that is being sent: it is not dropped with its segment. */
    private long sendingStart = -1;

    private long sendingSamples;
    private boolean sendingDetached;

    /** What was given up under the lock and has not been told yet. */
    private List<Lost> untold = new ArrayList<>();

    private volatile Consumer<Lost> onLoss = lost -> {};

    private SpoolLog(Spool spool, Path directory, ShardSlice slice) {
        this.spool = spool;
        this.directory = directory;
        this.slice = slice;
        ack = new SpoolAck(directory.resolve(ACK_FILE));
    }

    /**
     * Opens a log and finds out what waits in it.
     *
     * @throws IOException if the directory cannot be read or was written by a later version
     */
    static SpoolLog open(Spool spool, Path directory, ShardSlice slice) throws IOException {
        Files.createDirectories(directory);
        SpoolLog log = new SpoolLog(spool, directory, slice);
        log.recover();
        return log;
    }

    /**
     * Writes a record.
     *
     * @param header all but the description of the body and the time
     * @return the position after the record, or {@link #NOT_WRITTEN} if the disk did not take it
     */
    long append(SpoolHeader header, byte[] body, int from, int length) {
        int size = SpoolHeader.BYTES + length;
        spool.makeRoom(size);
        header.describe(body, from, length);
        header.appendedMillis = spool.nowMillis();
        synchronized (writing) {
            SpoolSegment segment = null;
            try {
                if (isLeftAlone()) {
                    return NOT_WRITTEN;
                }
                segment = openSegment(header.block);
                if (frame.length < size) {
                    frame = new byte[Math.max(size, Math.min(2 * frame.length, 1 << 20))];
                }
                header.write(frame, 0, segment.salt);
                System.arraycopy(body, from, frame, SpoolHeader.BYTES, length);
                output().write(frame, 0, size);
                if (spool.syncsAlways()) {
                    output().sync();
                }
            } catch (IOException e) {
                failed(segment, e);
                return NOT_WRITTEN;
            }
            return written(segment, header, size);
        }
    }

    /** A disk that failed is not asked for every record. */
    private boolean isLeftAlone() {
        synchronized (lock) {
            return closed || (failing && spool.nanos() - retryAtNanos < 0);
        }
    }

    private long written(SpoolSegment segment, SpoolHeader header, int size) {
        boolean recovered;
        long end;
        synchronized (lock) {
            unsynced = true;
            segment.add(header, segment.size + size);
            segment.fileBytes = segment.size;
            lastBlock = header.block;
            waitingSamples += header.samples;
            spool.addBytes(size);
            recovered = failing;
            failing = false;
            end = segment.end();
        }
        if (recovered) {
            spool.diskRecovered(directory);
        }
        return end;
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
            return segments.isEmpty() || isOpen(segments.getFirst())
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
            if (segments.isEmpty() || isOpen(segments.getFirst())) {
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

    /** Makes the records and the position outlive a loss of power. */
    void sync() {
        SpoolDisk.Output current;
        List<SpoolDisk.Output> full;
        synchronized (lock) {
            current = unsynced ? out : null;
            unsynced = false;
            full = List.copyOf(retired);
            retired.clear();
        }
        // Outside of the lock: the thread that appends must not wait for the medium.
        try {
            for (SpoolDisk.Output output : full) {
                output.sync();
                output.close();
            }
            if (current != null) {
                current.sync();
            }
            if (spool.syncs()) {
                ack.sync();
            }
        } catch (IOException e) {
            synchronized (lock) {
                // A segment that was closed meanwhile has been retired and is synced next time.
                if (current == out) {
                    unsynced = true;
                    spool.noteTrouble(directory, e);
                }
            }
        }
    }

    /** Closes the files. What waits stays. */
    @Override
    public void close() {
        synchronized (writing) {
            synchronized (lock) {
                closed = true;
            }
            retire();
        }
        sync();
        synchronized (lock) {
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
            try {
                Files.deleteIfExists(directory.resolve(ACK_FILE));
                Files.deleteIfExists(directory);
            } catch (IOException e) {
                // It holds nothing: the next run tries again.
                spool.noteTrouble(directory, e);
            }
        }
    }

    private void recover() throws IOException {
        acknowledged = ack.load();
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
        nextSequence = SpoolSegment.sequenceOf(acknowledged) + 1;
        for (SpoolSegment segment : found) {
            nextSequence = Math.max(nextSequence, segment.sequence + 1);
            if (segment.sequence >= SpoolSegment.sequenceOf(acknowledged)) {
                scan(segment);
            }
            if (segment.lastAppendedMillis != Long.MIN_VALUE) {
                segments.add(segment);
                spool.addBytes(segment.fileBytes);
            } else {
                // All acknowledged, or nothing sound left in it.
                Files.deleteIfExists(segment.file);
            }
        }
        recoveredSamples = waitingSamples;
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
                segment.add(header, scanner.recordEnd());
            }
            damages += scanner.damages();
            if (scanner.isTorn()) {
                // The append of that record has never returned.
                limit = segment.size;
            }
        }
        segment.fileBytes = limit;
        waitingSamples += segment.waitingSamples;
    }

    private SpoolSegment openSegment(int block) throws IOException {
        synchronized (lock) {
            SpoolSegment last = out == null ? null : segments.getLast();
            if (last != null && (block == lastBlock || last.size < spool.segmentBytes())) {
                return last;
            }
        }
        retire();
        SpoolSegment segment = SpoolSegment.create(
                directory, nextSequence, ThreadLocalRandom.current().nextInt());
        SpoolDisk.Output created = spool.disk().create(segment.file);
        synchronized (lock) {
            out = created;
            nextSequence++;
            segments.add(segment);
        }
        if (spool.syncsAlways()) {
            spool.syncDirectory(directory);
        }
        return segment;
    }

    private SpoolDisk.Output output() throws IOException {
        SpoolDisk.Output current = out;
        if (current == null) {
            throw new IOException("no segment is open in " + directory);
        }
        return current;
    }

    /** Cuts off what was written of a record, so that the segment can go on later. */
    private void failed(@Nullable SpoolSegment segment, IOException cause) {
        boolean isNew;
        synchronized (lock) {
            retryAtNanos = spool.nanos() + RETRY_NANOS;
            isNew = !failing;
            failing = true;
        }
        if (isNew) {
            spool.diskFailed(directory, cause);
        }
        SpoolDisk.Output current = out;
        if (segment != null && current != null) {
            try {
                current.truncate(segment.size);
            } catch (IOException e) {
                // Then this segment ends here and the next record opens another; what it ends with is stepped over.
                retire();
            }
        }
    }

    /** Stops writing the open segment. It is synced and closed by {@link #sync}, so that no append waits for it. */
    private void retire() {
        SpoolDisk.Output current;
        synchronized (lock) {
            current = out;
            out = null;
            if (current != null && spool.syncs()) {
                retired.add(current);
                return;
            }
        }
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                spool.noteTrouble(directory, e);
            }
        }
    }

    /** Moves the acknowledged position; segments before it are done with. */
    private void moveTo(long position) {
        if (position <= acknowledged) {
            return;
        }
        acknowledged = position;
        while (!segments.isEmpty() && segments.getFirst().end() <= position && !isOpen(segments.getFirst())) {
            SpoolSegment done = segments.removeFirst();
            lose(done, done.waitingSamples, Loss.SPOOL_DAMAGED);
            delete(done);
        }
        storeAcknowledged();
    }

    private boolean isOpen(SpoolSegment segment) {
        return out != null && segment == segments.getLast();
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

    private void delete(SpoolSegment segment) {
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

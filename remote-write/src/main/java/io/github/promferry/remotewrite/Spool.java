package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which the samples of one writer wait: a {@link SpoolLog} for each shard, and the bounds that they
 * share. Thread-safe.
 *
 * <p>Shards are chosen by target, so logs cannot be continued with another number of shards. They form an earlier
 * generation; what a target has in it must be sent before what the target has in a later one.
 *
 * <pre>
 * spool.lock                    held by the one process that uses the directory
 * log-000002-0of4/              generation 2, first of four shards
 *     acknowledged              what has been decided already
 *     0000001f-9a3c1e77.v1      segment 31
 * </pre>
 */
final class Spool implements Closeable {
    private static final System.Logger LOGGER = System.getLogger(RemoteWriter.class.getName());

    private static final String LOCK_FILE = "spool.lock";

    /** Far behind the process id in the lock file, which others may want to read where a lock forbids reading. */
    private static final long LOCKED_BYTE = 1L << 30;

    private static final Pattern LOG_DIRECTORY = Pattern.compile("log-([0-9]{6,9})-([0-9]{1,4})of([0-9]{1,4})");

    /** Above this, deleting a finished segment would free too much too late on a small disk. */
    private static final long MAX_SEGMENT_BYTES = 16L << 20;

    private static final long SYNC_MILLIS = 1000;
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Path directory;
    private final QueueConfig config;
    private final Clock clock;
    private final SpoolDisk disk;
    private final FileChannel lockFile;
    private final long segmentBytes;

    /** Wall and monotonic time at the start: ages must not jump with the wall clock. */
    private final long startMillis;

    private final long startNanos;
    private final AtomicLong bytes = new AtomicLong();
    private final List<List<SpoolLog>> backlog = new ArrayList<>();

    /** Of the newest generation; an immutable list. */
    private volatile List<SpoolLog> logs = List.of();

    /** All that are open. */
    private final List<SpoolLog> open = new CopyOnWriteArrayList<>();

    /** The number of the newest generation. */
    private int generation;

    /** Serializes what drops segments, so that no two threads make room for the same record. */
    private final Object roomLock = new Object();

    /** Guards the fields below. */
    private final Object stateLock = new Object();

    private final Set<Path> failing = new HashSet<>();
    private boolean failureSaid;
    private boolean troubleNoted;
    private long troubleNanos;
    private boolean closed;
    private @Nullable Thread syncThread;

    private Spool(Path directory, QueueConfig config, Clock clock, SpoolDisk disk, FileChannel lockFile) {
        this.directory = directory;
        this.config = config;
        this.clock = clock;
        this.disk = disk;
        this.lockFile = lockFile;
        // Each shard's open segment cannot be dropped; together they take an eighth of the room at most.
        segmentBytes = Math.min(MAX_SEGMENT_BYTES, config.spoolMaxBytes() / (8L * config.maxShards()));
        startMillis = clock.wallMillis();
        startNanos = clock.nanos();
    }

    /**
     * Opens a spool and finds out what waits in it.
     *
     * @param directory created if missing
     * @param config the bounds
     * @throws IOException if the directory cannot be used; says what to do about it
     */
    static Spool open(Path directory, QueueConfig config, Clock clock, SpoolDisk disk) throws IOException {
        Files.createDirectories(directory);
        FileChannel lockFile = lock(directory);
        Spool spool = new Spool(directory, config, clock, disk, lockFile);
        try {
            spool.openLogs();
            return spool;
        } catch (IOException | RuntimeException e) {
            spool.close();
            throw e;
        }
    }

    /** The logs of the newest generation, one for each shard. */
    List<SpoolLog> logs() {
        return logs;
    }

    /**
     * The logs of earlier runs with another number of shards that hold something, oldest generation first. The logs of one
     * generation may be read side by side; what a target has in a generation only after what it has in the ones before.
     */
    List<List<SpoolLog>> backlog() {
        return backlog;
    }

    /**
     * Begins a new generation: nothing is to be appended to the logs of the ones before.
     *
     * @return its logs, one for each shard
     * @throws IOException if they cannot be created; then all is as before
     */
    List<SpoolLog> beginGeneration(int shards) throws IOException {
        // A number is not used again for another number of shards: some logs of a failed attempt may be there.
        generation++;
        logs = openGeneration(shards);
        return logs;
    }

    private List<SpoolLog> openGeneration(int shards) throws IOException {
        List<SpoolLog> opened = new ArrayList<>();
        try {
            for (int shard = 0; shard < shards; shard++) {
                ShardSlice slice = new ShardSlice(shard, shards);
                String name = String.format("log-%06d-%dof%d", generation, shard, shards);
                opened.add(new SpoolLog(this, directory.resolve(name), slice));
            }
        } catch (IOException e) {
            opened.forEach(SpoolLog::close);
            throw e;
        }
        open.addAll(opened);
        return List.copyOf(opened);
    }

    /** Deletes a log of which everything has been decided and that nothing is appended to. */
    void remove(SpoolLog log) {
        open.remove(log);
        log.remove();
    }

    /** Bytes of all segments on disk. */
    long bytes() {
        return bytes.get();
    }

    /** Whether new samples would cost old ones. */
    boolean isFull() {
        return bytes.get() >= config.spoolMaxBytes();
    }

    /** Whether it takes more than it will ever need while the receiver is up. */
    boolean isHalfFull() {
        return bytes.get() > config.spoolMaxBytes() / 2;
    }

    /** Starts to make samples safe from a loss of power, if so configured. */
    void start() {
        synchronized (stateLock) {
            if (config.fsync() != QueueConfig.Fsync.INTERVAL || syncThread != null || closed) {
                return;
            }
            Thread thread = new Thread(null, this::syncNowAndThen, "promferry-spool-sync", 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(null);
            syncThread = thread;
            thread.start();
        }
    }

    /** Makes everything appended so far safe from a loss of power. */
    void sync() {
        open.forEach(SpoolLog::sync);
    }

    /** Closes all files and lets another process have the directory. What waits stays. */
    @Override
    public void close() {
        Thread thread;
        synchronized (stateLock) {
            closed = true;
            thread = syncThread;
            syncThread = null;
            stateLock.notifyAll();
        }
        if (thread != null) {
            joinUninterruptibly(thread);
        }
        open.forEach(SpoolLog::close);
        try {
            lockFile.close();
        } catch (IOException e) {
            noteTrouble(directory, e);
        }
    }

    long segmentBytes() {
        return segmentBytes;
    }

    SpoolDisk disk() {
        return disk;
    }

    boolean syncs() {
        return config.fsync() != QueueConfig.Fsync.NEVER;
    }

    boolean syncsAlways() {
        return config.fsync() == QueueConfig.Fsync.ALWAYS;
    }

    long nanos() {
        return clock.nanos();
    }

    /** The time as of the start, going on steadily. */
    long nowMillis() {
        return startMillis + TimeUnit.NANOSECONDS.toMillis(clock.nanos() - startNanos);
    }

    void addBytes(long change) {
        bytes.addAndGet(change);
    }

    /** Drops what is too old and, if that is the policy, the oldest segments until there is room for so many bytes. */
    void makeRoom(int wanted) {
        long maxAgeMillis = config.maxAge().toMillis();
        if (maxAgeMillis == 0 && bytes.get() + wanted <= config.spoolMaxBytes()) {
            return;
        }
        synchronized (roomLock) {
            long tooOld = maxAgeMillis == 0 ? Long.MIN_VALUE : nowMillis() - maxAgeMillis;
            // Otherwise the writer refuses new samples while the spool is full.
            boolean dropsOldest = config.overflow() == QueueConfig.Overflow.DROP_OLDEST;
            SpoolLog oldest = oldest();
            while (oldest != null) {
                boolean full = dropsOldest && bytes.get() + wanted > config.spoolMaxBytes();
                boolean expired = oldest.oldestMillis() < tooOld;
                if (!full && !expired) {
                    return;
                }
                oldest.dropOldest(expired ? SpoolLog.Loss.TOO_OLD : SpoolLog.Loss.QUEUE_FULL);
                oldest = oldest();
            }
        }
    }

    /** The disk did not take a record of a log; said when that begins. */
    void diskFailed(Path log, IOException cause) {
        synchronized (stateLock) {
            if (!failing.add(log) || failing.size() > 1 || isQuiet()) {
                return;
            }
            failureSaid = true;
        }
        LOGGER.log(
                System.Logger.Level.WARNING,
                "spool directory {0} cannot be written ({1}): until it can, new samples wait in memory alone, and are"
                        + " lost if this process ends",
                directory,
                cause);
    }

    /** The disk takes records of a log again. */
    void diskRecovered(Path log) {
        synchronized (stateLock) {
            if (!failing.remove(log) || !failing.isEmpty() || !failureSaid) {
                return;
            }
            failureSaid = false;
        }
        LOGGER.log(System.Logger.Level.INFO, "spool directory {0} can be written again", directory);
    }

    /** Whether the disk did not take the last record of some log. */
    boolean isFailing() {
        synchronized (stateLock) {
            return !failing.isEmpty();
        }
    }

    /** Something went wrong that costs no sample; said once a minute at most. */
    void noteTrouble(Path where, IOException cause) {
        synchronized (stateLock) {
            if (isQuiet()) {
                return;
            }
        }
        LOGGER.log(System.Logger.Level.WARNING, "spool directory {0}: {1}", where, cause);
    }

    /** A disk that fails and works in turn is not said more than once a minute. */
    private boolean isQuiet() {
        if (troubleNoted && clock.nanos() - troubleNanos < QUIET_NANOS) {
            return true;
        }
        troubleNoted = true;
        troubleNanos = clock.nanos();
        return false;
    }

    /** Makes a new file's name outlive a loss of power. */
    void syncDirectory(Path log) {
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Some systems do not open directories, and do not need it.
        }
    }

    private static FileChannel lock(Path directory) throws IOException {
        Path file = directory.resolve(LOCK_FILE);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock held = channel.tryLock(LOCKED_BYTE, 1, false);
            if (held != null) {
                channel.truncate(0);
                channel.write(
                        ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)), 0);
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // Another writer of this process has it.
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("spool directory " + directory + " is in use by process "
                + Files.readString(file).strip()
                + ": give each writer a directory of its own (QueueConfig.spool; --spool of the forwarder)");
    }

    private void openLogs() throws IOException {
        SortedMap<Integer, List<Path>> generations = new TreeMap<>();
        int shards = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "log-*")) {
            for (Path file : files) {
                Matcher matcher = LOG_DIRECTORY.matcher(String.valueOf(file.getFileName()));
                if (matcher.matches()) {
                    generation = Math.max(generation, generationOf(matcher));
                    generations
                            .computeIfAbsent(generationOf(matcher), any -> new ArrayList<>())
                            .add(file);
                }
            }
        }
        for (var entry : generations.entrySet()) {
            Collections.sort(entry.getValue());
            shards = sliceOf(entry.getValue().get(0)).count();
        }
        boolean goesOn = shards >= config.minShards() && shards <= config.maxShards();
        for (var entry : generations.entrySet()) {
            if (entry.getKey() < generation || !goesOn) {
                openBacklog(entry.getValue());
            }
        }
        logs = goesOn ? openGeneration(shards) : beginGeneration(config.minShards());
    }

    private static int generationOf(Matcher logDirectory) {
        return Integer.parseInt(logDirectory.group(1));
    }

    private static ShardSlice sliceOf(Path log) {
        Matcher matcher = LOG_DIRECTORY.matcher(String.valueOf(log.getFileName()));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(log + " is not the directory of a log");
        }
        return new ShardSlice(Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3)));
    }

    private void openBacklog(List<Path> directories) throws IOException {
        List<SpoolLog> waiting = new ArrayList<>();
        for (Path each : directories) {
            SpoolLog log = new SpoolLog(this, each, sliceOf(each));
            if (log.waitingSamples() > 0) {
                waiting.add(log);
                open.add(log);
            } else {
                log.remove();
            }
        }
        if (!waiting.isEmpty()) {
            backlog.add(waiting);
        }
    }

    private @Nullable SpoolLog oldest() {
        SpoolLog found = null;
        long foundMillis = Long.MAX_VALUE;
        for (SpoolLog log : open) {
            if (log.oldestMillis() < foundMillis) {
                found = log;
                foundMillis = log.oldestMillis();
            }
        }
        return found;
    }

    private void syncNowAndThen() {
        while (true) {
            synchronized (stateLock) {
                if (!closed) {
                    try {
                        stateLock.wait(SYNC_MILLIS);
                    } catch (InterruptedException e) {
                        // Only close() ends this thread.
                        continue;
                    }
                }
                if (closed) {
                    return;
                }
            }
            sync();
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

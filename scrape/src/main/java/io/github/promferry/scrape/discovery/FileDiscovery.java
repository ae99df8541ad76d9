package io.github.promferry.scrape.discovery;

import io.github.promferry.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Targets in files, as Prometheus' {@code file_sd_configs} reads them: JSON or YAML lists of {@code {"targets":
 * ["host:port"], "labels": {"name": "value"}}}. The files' directories are watched, so that a change counts at once, and
 * everything is read again after the refresh interval, for file systems that tell no changes.
 *
 * <p>A file that cannot be read keeps the targets it had, and that is told; a file that is gone has none. Replace a file by
 * renaming a complete one to its name, since one that is half written cannot be read. Each target gets the label {@code
 * __meta_filepath}.
 *
 * @since 0.1
 */
public final class FileDiscovery implements TargetDiscovery {
    /** How often everything is read again unless told otherwise. */
    public static final Duration DEFAULT_REFRESH_INTERVAL = Duration.ofMinutes(5);

    /** The label that holds the file a target was found in. */
    public static final String FILE_LABEL = "__meta_filepath";

    /**
     * From the first change to reading: one change comes as several events, and a busy directory must not have us read
     * without a pause.
     */
    private static final int SETTLE_MILLIS = 50;

    private final List<FilePattern> patterns;
    private final Duration refreshInterval;
    private final boolean watch;

    private final Object lock = new Object();
    // Guarded by lock.
    private @Nullable Thread thread;
    private boolean closed;

    // Of the discovery's thread alone.
    private @Nullable WatchService watcher;
    private final Map<Path, WatchKey> watched = new HashMap<>();
    private Map<Path, List<TargetGroup>> known = new TreeMap<>();
    private @Nullable List<TargetGroup> published;

    private FileDiscovery(Builder builder) {
        patterns = builder.patterns;
        refreshInterval = builder.refreshInterval;
        watch = builder.watch;
    }

    /**
     * A builder.
     *
     * @param files paths that end in {@code .json}, {@code .yml} or {@code .yaml}; the file name may have one {@code *} for
     *     any characters
     * @return a new builder
     * @throws IllegalArgumentException if there is no path or one has another form
     */
    public static Builder builder(String... files) {
        return new Builder(files);
    }

    @Override
    public void start(Publisher publisher) {
        Objects.requireNonNull(publisher, "publisher");
        synchronized (lock) {
            if (thread != null || closed) {
                throw new IllegalStateException("a discovery is started once: build a new one");
            }
            thread = PeriodicLookup.daemon("promferry-file-discovery", () -> run(publisher));
            thread.start();
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    @Override
    public String toString() {
        return "files " + patterns;
    }

    private void run(Publisher publisher) {
        try (WatchService opened = openWatcher(publisher)) {
            watcher = opened;
            while (!isClosed()) {
                watchDirectories(publisher);
                readAll(publisher);
                awaitChange();
            }
        } catch (InterruptedException e) {
            // Closed: interrupting is how.
        } catch (IOException e) {
            fail(publisher, "cannot close the file watch: " + e.getMessage());
        }
    }

    private void fail(Publisher publisher, String reason) {
        // Reading a file fails too when the thread is interrupted by close().
        if (!isClosed()) {
            publisher.failed(reason);
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private @Nullable WatchService openWatcher(Publisher publisher) {
        if (!watch) {
            return null;
        }
        try {
            return FileSystems.getDefault().newWatchService();
        } catch (IOException | UnsupportedOperationException e) {
            // On Linux most often the limit of inotify instances.
            fail(
                    publisher,
                    "files " + patterns + " cannot be watched (" + e.getMessage() + "): changes will count after"
                            + " the refresh interval of " + refreshInterval.toSeconds() + " s only");
            return null;
        }
    }

    /** Watches each directory that is not watched yet, or no more: it may have been made, or made anew. */
    private void watchDirectories(Publisher publisher) {
        WatchService service = watcher;
        if (service == null) {
            return;
        }
        watched.values().removeIf(key -> !key.isValid());
        for (FilePattern pattern : patterns) {
            if (watched.containsKey(pattern.directory)) {
                continue;
            }
            try {
                WatchKey key = pattern.directory.register(
                        service,
                        StandardWatchEventKinds.ENTRY_CREATE,
                        StandardWatchEventKinds.ENTRY_MODIFY,
                        StandardWatchEventKinds.ENTRY_DELETE);
                watched.put(pattern.directory, key);
            } catch (NoSuchFileException | NotDirectoryException e) {
                // Nothing to watch yet; looked for again with each refresh.
            } catch (IOException e) {
                fail(publisher, "directory " + pattern.directory + " cannot be watched: " + e.getMessage());
            }
        }
    }

    /** Any event counts, whatever its file: a mounted configuration changes by a link beside the files being renamed. */
    private void awaitChange() throws InterruptedException {
        WatchService service = watcher;
        if (service == null) {
            TimeUnit.NANOSECONDS.sleep(refreshInterval.toNanos());
            return;
        }
        WatchKey key = service.poll(refreshInterval.toNanos(), TimeUnit.NANOSECONDS);
        if (key != null) {
            TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
        }
        while (key != null) {
            key.pollEvents();
            key.reset();
            key = service.poll();
        }
    }

    private void readAll(Publisher publisher) {
        Map<Path, List<TargetGroup>> found = new TreeMap<>();
        for (FilePattern pattern : patterns) {
            try {
                for (Path file : pattern.files()) {
                    readFile(file, found, publisher);
                }
            } catch (IOException e) {
                fail(publisher, "directory " + pattern.directory + " cannot be listed: " + e);
                known.forEach((file, groups) -> {
                    if (pattern.matches(file)) {
                        found.put(file, groups);
                    }
                });
            }
        }
        known = found;
        publishChanges(publisher);
    }

    private void publishChanges(Publisher publisher) {
        List<TargetGroup> groups = known.values().stream().flatMap(List::stream).toList();
        if (isClosed() || groups.equals(published)) {
            return;
        }
        try {
            publisher.publish(groups);
            published = groups;
        } catch (RuntimeException e) {
            // The publisher's fault must not end the watch; the next round tries again.
            fail(publisher, "publishing the targets of files " + patterns + " failed: " + e);
        }
    }

    private void readFile(Path file, Map<Path, List<TargetGroup>> found, Publisher publisher) {
        try {
            byte[] bytes = bytes(file);
            TargetGroupReader.Format format =
                    file.toString().toLowerCase(Locale.ROOT).endsWith(".json")
                            ? TargetGroupReader.Format.JSON
                            : TargetGroupReader.Format.YAML;
            Labels meta = Labels.of(FILE_LABEL, file.toString());
            found.put(file, TargetGroupReader.read(file.toString(), format, bytes, meta));
        } catch (NoSuchFileException e) {
            // Removed since the directory was listed.
        } catch (TargetFormatException e) {
            keep(file, found, publisher, String.valueOf(e.getMessage()));
        } catch (IOException | RuntimeException e) {
            // Whatever it is, it must not end the watch.
            keep(file, found, publisher, file + ": cannot be read: " + e);
        }
    }

    private void keep(Path file, Map<Path, List<TargetGroup>> found, Publisher publisher, String reason) {
        fail(publisher, reason);
        List<TargetGroup> before = known.get(file);
        if (before != null) {
            found.put(file, before);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(TargetGroupReader.MAX_BYTES + 1);
            if (bytes.length > TargetGroupReader.MAX_BYTES) {
                throw new IOException(file + " has more than " + (TargetGroupReader.MAX_BYTES >> 20) + " MiB");
            }
            return bytes;
        }
    }

    /** A directory, and a file name that may have a star. */
    private record FilePattern(Path directory, Pattern fileName, String text) {
        static FilePattern of(String text) {
            if (!text.matches("[^*]*(\\*[^*/\\\\]*)?\\.(json|yml|yaml|JSON|YML|YAML)")) {
                throw new IllegalArgumentException(
                        "\"" + text + "\" is no path of target files: it has to end in .json,"
                                + " .yml or .yaml, and may have one * in the file name, such as targets/*.json");
            }
            int nameAt = Math.max(
                            text.lastIndexOf('/'),
                            text.lastIndexOf(FileSystems.getDefault().getSeparator()))
                    + 1;
            String name = text.substring(nameAt);
            String regex = Arrays.stream(name.split("\\*", -1))
                    .map(Pattern::quote)
                    .reduce((before, after) -> before + ".*" + after)
                    .orElseThrow();
            return new FilePattern(
                    Path.of(nameAt == 0 ? "." : text.substring(0, nameAt)), Pattern.compile(regex), text);
        }

        boolean matches(Path file) {
            return directory.equals(file.getParent())
                    && fileName.matcher(String.valueOf(file.getFileName())).matches();
        }

        /** The files that there are now. */
        List<Path> files() throws IOException {
            List<Path> files = new ArrayList<>();
            try (DirectoryStream<Path> listing = Files.newDirectoryStream(directory, this::matches)) {
                listing.forEach(files::add);
            } catch (NoSuchFileException | NotDirectoryException e) {
                return List.of();
            }
            return files;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final List<FilePattern> patterns;
        private Duration refreshInterval = DEFAULT_REFRESH_INTERVAL;
        private boolean watch = true;

        private Builder(String... files) {
            if (files.length == 0) {
                throw new IllegalArgumentException("no file is given: name at least one, such as targets/*.json");
            }
            patterns = Arrays.stream(files).map(FilePattern::of).toList();
        }

        /**
         * How often everything is read again; 5 minutes by default.
         *
         * @param refreshInterval at least a millisecond
         * @return this
         * @throws IllegalArgumentException if it is shorter
         */
        public Builder refreshInterval(Duration refreshInterval) {
            this.refreshInterval = PeriodicLookup.checkedInterval(refreshInterval);
            return this;
        }

        /**
         * Whether the directories are watched; true by default.
         *
         * @param watch false where the file system tells no changes, such as NFS; then set a short refresh interval
         * @return this
         */
        public Builder watch(boolean watch) {
            this.watch = watch;
            return this;
        }

        /**
         * The discovery.
         *
         * @return not started yet
         */
        public FileDiscovery build() {
            return new FileDiscovery(this);
        }
    }
}

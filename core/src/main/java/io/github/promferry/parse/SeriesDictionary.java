package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Every line that the pages of a job have: raw bytes to series. Share one among the parsers of all targets whose series
 * the same {@link SeriesResolver} resolves; engines of a kind expose the same text, so a fleet costs hardly more than one
 * engine. Thread-safe; look-ups take no lock.
 *
 * <p>An entry lives while a parser remembers the line, and some time longer. The number of entries is bounded: a page that
 * needs more fails with an error that names the setting.
 *
 * @since 0.1
 */
public final class SeriesDictionary {
    /*
     * An open-addressing table of entries, at most half full, probed line by line (the next slot after a collision). A
     * reader takes the table once from a volatile field and its slots with acquire loads; a writer holds the lock, puts
     * entries with release stores, and never empties a slot: growing and sweeping build a new table. So a reader sees
     * each entry either whole or not at all, and in an old table at worst misses a new entry (it then takes the lock and
     * looks again) or meets a swept one, which refuses to be retained.
     *
     * A second table finds kept entries by their final labels. Only writers use it.
     */
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(Entry[].class);

    private static final int DEFAULT_MAX_ENTRIES = 4_000_000;
    private static final int INITIAL_SLOTS = 64;
    /** Fewer unused entries are not worth a sweep, which touches every entry. */
    private static final int MIN_SWEEP = 1024;

    private final SeriesResolver resolver;
    private final int maxEntries;
    private final AtomicInteger unused = new AtomicInteger();

    /** Held by writers; guards what is below. Never held while the resolver runs. */
    private final Object lock = new Object();

    private volatile Entry[] table = new Entry[INITIAL_SLOTS];
    private int size;
    private Entry[] byLabels = new Entry[INITIAL_SLOTS];
    private int labelsSize;
    private ContextTable contexts = new ContextTable(INITIAL_SLOTS);

    /**
     * A dictionary with the default bound of 4 million entries.
     *
     * @param resolver decides what an exposed series becomes
     */
    public SeriesDictionary(SeriesResolver resolver) {
        this(resolver, DEFAULT_MAX_ENTRIES);
    }

    /**
     * A dictionary.
     *
     * @param resolver decides what an exposed series becomes
     * @param maxEntries how many lines (series and comments) it may hold
     * @throws IllegalArgumentException unless positive
     */
    public SeriesDictionary(SeriesResolver resolver, int maxEntries) {
        this.resolver = Objects.requireNonNull(resolver, "resolver");
        if (maxEntries < 1) {
            throw new IllegalArgumentException("maxEntries is " + maxEntries + ": it must be at least 1");
        }
        this.maxEntries = maxEntries;
    }

    /**
     * How many lines are known, those that no parser remembers any more included until the next sweep.
     *
     * @return entries, series and comments
     */
    public int size() {
        synchronized (lock) {
            return size;
        }
    }

    /** What the resolver says; called without the lock. */
    @Nullable
    Series resolve(Labels exposed, MetricMetadata metadata) {
        return resolver.resolve(exposed, metadata);
    }

    /** The one context of this content for a parser that begins a page or reads a family. */
    FamilyContext context(MetricMetadata metadata, int dialect) {
        synchronized (lock) {
            return contexts.intern(new FamilyContext(metadata, dialect));
        }
    }

    /** The first page to come has about so many lines, all of them new. */
    void expect(int lines) {
        synchronized (lock) {
            int slots = slotsFor(Math.min(lines, maxEntries));
            if (size == 0 && table.length < slots) {
                table = new Entry[slots];
                // Not every line is a series.
                byLabels = new Entry[slots / 2];
                contexts = contexts.roots(Math.max(INITIAL_SLOTS, slots / 8));
            }
        }
    }

    static int hash(byte[] bytes, int from, int to, FamilyContext context) {
        return context.hash(ByteScan.hash(bytes, from, to), 0);
    }

    /** A known entry with a reference for the caller, or null. */
    @Nullable
    Entry find(byte[] bytes, int from, int to, int hash, FamilyContext context) {
        Entry entry = lookUp(table, bytes, from, to, hash, context);
        return entry != null && entry.retain(this) ? entry : null;
    }

    /**
     * Adds a sample line unless another parser has been faster.
     *
     * @param labelsHash {@link LabelGroup#hash(Labels)} of the series; any number if there is none
     * @return the entry, with a reference for the caller
     * @throws ExpositionException if the dictionary is full
     */
    Entry addSample(
            byte[] bytes,
            int from,
            int to,
            int hash,
            FamilyContext context,
            @Nullable Series series,
            int labelsHash,
            int traits) {
        synchronized (lock) {
            Entry known = lookUp(table, bytes, from, to, hash, context);
            if (known != null && known.retain(this)) {
                return known;
            }
            makeRoom();
            if ((traits & Entry.KIND_MASK) == Entry.CREATED) {
                Entry created = new Entry.Created(Arrays.copyOfRange(bytes, from, to), hash, context, series, traits);
                put(created);
                return created;
            }
            Entry canonical = series == null ? null : sameLabels(series, labelsHash);
            if (canonical != null && !canonical.retain(this)) {
                throw new AssertionError("a swept entry is still in the table of labels");
            }
            Entry entry = new Entry(Arrays.copyOfRange(bytes, from, to), hash, context, series, canonical, traits);
            put(entry);
            if (series != null && canonical == null) {
                putByLabels(entry, labelsHash);
            }
            return entry;
        }
    }

    /**
     * Adds a line that is a part of a histogram unless another parser has been faster.
     *
     * @return the entry, with a reference for the caller
     * @throws ExpositionException if the dictionary is full
     */
    Entry addClassic(byte[] bytes, int from, int to, int hash, FamilyContext context, ClassicLine line, int traits) {
        synchronized (lock) {
            Entry known = lookUp(table, bytes, from, to, hash, context);
            if (known != null && known.retain(this)) {
                return known;
            }
            makeRoom();
            Entry entry = new Entry.Classic(Arrays.copyOfRange(bytes, from, to), hash, context, line, traits);
            put(entry);
            return entry;
        }
    }

    /**
     * Adds a comment unless another parser has been faster.
     *
     * @param after what the page says of the family from here on, or null if the comment says nothing
     * @return the entry, with a reference for the caller
     * @throws ExpositionException if the dictionary is full
     */
    Entry addComment(
            byte[] bytes,
            int from,
            int to,
            int hash,
            FamilyContext context,
            @Nullable MetricMetadata after,
            int traits) {
        synchronized (lock) {
            Entry known = lookUp(table, bytes, from, to, hash, context);
            if (known != null && known.retain(this)) {
                return known;
            }
            makeRoom();
            FamilyContext next = after == null ? context : contexts.intern(context.with(after));
            Entry entry = new Entry.Comment(Arrays.copyOfRange(bytes, from, to), hash, context, next, traits);
            put(entry);
            return entry;
        }
    }

    /** An entry has got its first reference back. */
    void used() {
        unused.decrementAndGet();
    }

    /** An entry has lost its last reference. */
    void unused() {
        unused.incrementAndGet();
    }

    /** Forgets unused entries if they are many; called after pages that changed. */
    void sweepIfWorthwhile() {
        int garbage = unused.get();
        if (garbage < MIN_SWEEP) {
            return;
        }
        synchronized (lock) {
            if (garbage > size / 2) {
                sweep();
            }
        }
    }

    private static @Nullable Entry lookUp(
            Entry[] table, byte[] bytes, int from, int to, int hash, FamilyContext context) {
        int mask = table.length - 1;
        for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
            Entry entry = (Entry) SLOTS.getAcquire(table, slot);
            if (entry == null) {
                return null;
            }
            if (entry.hash == hash
                    && entry.context == context
                    && Arrays.equals(bytes, from, to, entry.key, 0, entry.key.length)) {
                return entry;
            }
        }
    }

    private void makeRoom() {
        if (size >= maxEntries && unused.get() > 0) {
            sweep();
        }
        if (size >= maxEntries) {
            throw ExpositionException.limit(
                    "more different series and comments than the dictionary of the job holds",
                    "at most " + maxEntries + " over all its targets; raise maxEntries of SeriesDictionary or expose"
                            + " fewer series");
        }
        if (2 * (size + 1) > table.length) {
            rebuild(table.length * 2);
        }
    }

    private void put(Entry entry) {
        place(table, entry);
        size++;
    }

    private static void place(Entry[] table, Entry entry) {
        int mask = table.length - 1;
        int slot = entry.hash & mask;
        while (table[slot] != null) {
            slot = (slot + 1) & mask;
        }
        SLOTS.setRelease(table, slot, entry);
    }

    private void rebuild(int slots) {
        Entry[] bigger = new Entry[slots];
        for (Entry entry : table) {
            if (entry != null) {
                place(bigger, entry);
            }
        }
        table = bigger;
    }

    private @Nullable Entry sameLabels(Series series, int labelsHash) {
        int mask = byLabels.length - 1;
        for (int slot = labelsHash & mask; ; slot = (slot + 1) & mask) {
            Entry entry = byLabels[slot];
            if (entry == null) {
                return null;
            }
            Series known = Objects.requireNonNull(entry.series);
            if (known.isComplete() == series.isComplete() && known.labels().equals(series.labels())) {
                return entry;
            }
        }
    }

    private void putByLabels(Entry entry, int labelsHash) {
        if (2 * (labelsSize + 1) > byLabels.length) {
            rebuildByLabels(byLabels.length * 2);
        }
        placeByLabels(byLabels, entry, labelsHash);
        labelsSize++;
    }

    private static void placeByLabels(Entry[] slots, Entry entry, int labelsHash) {
        int mask = slots.length - 1;
        int slot = labelsHash & mask;
        while (slots[slot] != null) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = entry;
    }

    private void rebuildByLabels(int slots) {
        Entry[] bigger = new Entry[slots];
        for (Entry entry : byLabels) {
            if (entry != null) {
                placeByLabels(
                        bigger,
                        entry,
                        LabelGroup.hash(Objects.requireNonNull(entry.series).labels()));
            }
        }
        byLabels = bigger;
    }

    private void sweep() {
        Entry[] old = table;
        int left = 0;
        for (Entry entry : old) {
            if (entry == null) {
                continue;
            }
            if (entry.die()) {
                unused.decrementAndGet();
                if (entry.canonical != entry) {
                    // Goes with the next sweep, if this was the last one that needed it.
                    entry.canonical.release(this);
                }
            } else {
                left++;
            }
        }
        refill(old, slotsFor(left));
    }

    /**
     * New tables from the entries that are alive. Whoever of them dies later only does so under the lock, so what one
     * pass over the old table called alive still is.
     */
    private void refill(Entry[] old, int slots) {
        Entry[] alive = new Entry[slots];
        Entry[] labels = new Entry[slots];
        contexts = contexts.roots(INITIAL_SLOTS);
        size = 0;
        labelsSize = 0;
        for (Entry entry : old) {
            if (entry == null || entry.isDead()) {
                continue;
            }
            place(alive, entry);
            size++;
            contexts.intern(entry.context);
            if (entry instanceof Entry.Comment comment) {
                contexts.intern(comment.after);
            }
            if (entry.series != null && entry.canonical == entry) {
                placeByLabels(labels, entry, LabelGroup.hash(entry.series.labels()));
                labelsSize++;
            }
        }
        table = alive;
        byLabels = labels;
    }

    /** A power of two that leaves the table less than half full, with room to grow. */
    private static int slotsFor(int entries) {
        return Math.max(INITIAL_SLOTS, Integer.highestOneBit(Math.max(1, entries)) * 4);
    }
}

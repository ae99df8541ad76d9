package io.github.promferry.parse;

import io.github.promferry.Series;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * A known line: its raw bytes up to the end of the series (of a comment: all of it), the context it was met in, and what
 * became of it. Immutable but for the number of references.
 */
class Entry {
    /** {@link #traits} of a sample line that is delivered. */
    static final int KEPT = 0;
    /** {@link #traits} of a sample line that the resolver does not want. */
    static final int DROPPED = 1;
    /** Kind of a comment, TYPE, HELP and UNIT lines included. */
    static final int COMMENT = 2;
    /** Kind of {@code # EOF} in OpenMetrics. */
    static final int END_MARK = 3;
    /** Kind of a {@code _created} line that is no series. */
    static final int CREATED = 4;
    /** Kind of a line of a classic histogram that is to be converted; no series. */
    static final int CLASSIC = 5;

    private static final int KIND_BITS = 4;
    static final int KIND_MASK = (1 << KIND_BITS) - 1;

    private static final AtomicIntegerFieldUpdater<Entry> REFERENCES =
            AtomicIntegerFieldUpdater.newUpdater(Entry.class, "references");

    /** Stands behind the last line of a remembered page and matches nothing. */
    static final Entry END = new Entry(new byte[0], 0, FamilyContext.NOWHERE, null, null, COMMENT);

    /** A swept entry: never comes back, is replaced by a new one. */
    private static final int DEAD = -1;

    final byte[] key;
    final FamilyContext context;
    final @Nullable Series series;
    /**
     * The first known entry of the same final labels, often this one. Two spellings of a series, or one spelling under
     * changed metadata, are one series: of two on a page one is a duplicate, and one after the other nothing vanishes.
     */
    final Entry canonical;

    final int hash;
    /** The kind in the low bits; above, the set of {@link Tolerated} kinds that reading the key took. */
    final int traits;
    /** Places in order lists, other entries whose canonical this is, and laps under way. */
    private volatile int references;

    Entry(byte[] key, int hash, FamilyContext context, @Nullable Series series, @Nullable Entry canonical, int traits) {
        this.key = key;
        this.hash = hash;
        this.context = context;
        this.series = series;
        this.canonical = canonical == null ? this : canonical;
        this.traits = traits;
        // Not a volatile store, whose fence costs as much as all the rest of a new entry (30 % of first sight); the
        // dictionary publishes the entry safely.
        REFERENCES.lazySet(this, 1);
    }

    static int traits(int kind, int tolerated) {
        return (tolerated << KIND_BITS) | kind;
    }

    final int kind() {
        return traits & KIND_MASK;
    }

    final int tolerated() {
        return traits >>> KIND_BITS;
    }

    final boolean isKept() {
        return series != null;
    }

    /** Adds a reference, unless the entry has been swept meanwhile. */
    final boolean retain(SeriesDictionary dictionary) {
        while (true) {
            int count = references;
            if (count == DEAD) {
                return false;
            }
            if (REFERENCES.compareAndSet(this, count, count + 1)) {
                if (count == 0) {
                    dictionary.used();
                }
                return true;
            }
        }
    }

    final void release(SeriesDictionary dictionary) {
        if (REFERENCES.decrementAndGet(this) == 0) {
            dictionary.unused();
        }
    }

    /**
     * Whether nobody but the caller, who holds one reference, knows this series; then it cannot be on the caller's last
     * page either.
     */
    final boolean isOnlyMine() {
        return canonical == this && references == 1;
    }

    /** Takes an entry without references out of use for good. */
    final boolean die() {
        return references == 0 && REFERENCES.compareAndSet(this, 0, DEAD);
    }

    final boolean isDead() {
        return references == DEAD;
    }

    /** A {@code _created} line that is no row: the series it would be, for its labels. */
    static final class Created extends Entry {
        private final @Nullable Series created;

        Created(byte[] key, int hash, FamilyContext context, @Nullable Series created, int traits) {
            super(key, hash, context, null, null, traits);
            this.created = created;
        }

        @Nullable
        Series series() {
            return created;
        }
    }

    /** A comment: the lines below it are in another context. */
    static final class Comment extends Entry {
        final FamilyContext after;

        Comment(byte[] key, int hash, FamilyContext context, FamilyContext after, int traits) {
            super(key, hash, context, null, null, traits);
            this.after = after;
        }
    }

    /** A line that is to become a part of a histogram with custom buckets. */
    static final class Classic extends Entry {
        final ClassicLine line;

        Classic(byte[] key, int hash, FamilyContext context, ClassicLine line, int traits) {
            super(key, hash, context, null, null, traits);
            this.line = line;
        }
    }
}

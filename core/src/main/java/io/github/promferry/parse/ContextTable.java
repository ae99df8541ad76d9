package io.github.promferry.parse;

import io.github.promferry.MetricMetadata;
import org.jspecify.annotations.Nullable;

/**
 * One context for each content. Open addressing by their salted hashes, at most half full: a hash map of metadata would
 * hash every help text twice, by a function that a page can aim at, and take two more objects for each context.
 */
final class ContextTable {
    private @Nullable FamilyContext[] slots;
    private int count;

    /** An empty table with so many slots, a power of two. */
    ContextTable(int slots) {
        this.slots = new FamilyContext[slots];
    }

    /** The first context of that content that was interned. */
    FamilyContext intern(FamilyContext context) {
        int mask = slots.length - 1;
        int slot = context.hash & mask;
        for (; slots[slot] != null; slot = (slot + 1) & mask) {
            FamilyContext known = slots[slot];
            if (known == context || known.hasContentOf(context)) {
                return known;
            }
        }
        slots[slot] = context;
        if (2 * ++count > slots.length) {
            slots = copy(2 * slots.length, false).slots;
        }
        return context;
    }

    /** A table with nothing but the contexts in which pages begin, which their parsers keep. */
    ContextTable roots(int slots) {
        return copy(slots, true);
    }

    private ContextTable copy(int slots, boolean rootsOnly) {
        ContextTable copy = new ContextTable(slots);
        for (FamilyContext context : this.slots) {
            if (context != null && (!rootsOnly || context.metadata.equals(MetricMetadata.NONE))) {
                copy.intern(context);
            }
        }
        return copy;
    }
}

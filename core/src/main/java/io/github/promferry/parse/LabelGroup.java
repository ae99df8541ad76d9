package io.github.promferry.parse;

import io.github.promferry.Labels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the name of a series, or the labels in its braces, mean by themselves. The lines of a page have either in common:
 * the buckets of a histogram its name, the families of an engine their labels. So a group is read once, and {@link
 * Labels#withDefaults} lets all series made of it share its bytes.
 */
final class LabelGroup {
    static final LabelGroup NONE = new LabelGroup(Labels.EMPTY, ByteScan.hash(new byte[0], 0, 0), 0, false);

    final Labels labels;
    /** Of a name, or of the encoded labels, whatever text they were read from. */
    final int hash;
    /** {@link Tolerated} kinds that reading the text took. */
    final int tolerated;
    /** Whether the text has a name in quotes. */
    final boolean quotedName;

    private int textFrom;
    private int textTo;
    private int textHash;

    LabelGroup(Labels labels, int hash, int tolerated, boolean quotedName) {
        this.labels = labels;
        this.hash = hash;
        this.tolerated = tolerated;
        this.quotedName = quotedName;
    }

    /** A metric name by itself. */
    static LabelGroup ofName(Labels.Builder scratch, byte[] name, int from, int to, int nameHash) {
        byte[] label = SeriesLexer.METRIC_NAME;
        scratch.clear().add(label, 0, label.length, name, from, to);
        return new LabelGroup(scratch.build(), nameHash, 0, false);
    }

    /** Labels without a name. */
    static LabelGroup ofLabels(Labels labels) {
        byte[] encoded = labels.encoded();
        return new LabelGroup(labels, ByteScan.hash(encoded, 0, encoded.length), 0, false);
    }

    /** The hash of a series of that name and those labels. */
    static int hash(LabelGroup name, LabelGroup labels) {
        return 31 * name.hash + labels.hash;
    }

    /** The same for labels of any origin. Not {@link Labels#hashCode}, which everybody can compute and so aim at. */
    static int hash(Labels labels) {
        byte[] encoded = labels.encoded();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            if (isName(encoded, at)) {
                int nameHash = ByteScan.hash(encoded, at.valueStart(), at.end());
                System.arraycopy(encoded, at.end(), encoded, at.start(), encoded.length - at.end());
                return 31 * nameHash + ByteScan.hash(encoded, 0, encoded.length - (at.end() - at.start()));
            }
        }
        return 31 * NONE.hash + ByteScan.hash(encoded, 0, encoded.length);
    }

    /** The hash of what a resolver made of a series whose hash is known. */
    @SuppressWarnings("ReferenceEquality")
    static int hash(Labels resolved, Labels exposed, int exposedHash) {
        return resolved == exposed ? exposedHash : hash(resolved);
    }

    static boolean isName(byte[] encoded, Labels.Cursor at) {
        byte[] name = SeriesLexer.METRIC_NAME;
        return Arrays.equals(encoded, at.nameStart(), at.nameEnd(), name, 0, name.length);
    }

    /** The groups of the page under way, by their text on it. Used by one thread. */
    static final class OfPage {
        private static final int FIRST_SLOTS = 64;
        private static final @Nullable LabelGroup[] NO_SLOTS = new LabelGroup[1];

        private byte[] page = {};
        /** Open addressing, at most half full. */
        private @Nullable LabelGroup[] slots = NO_SLOTS;

        private int count;

        void begin(byte[] page) {
            this.page = page;
            slots = NO_SLOTS;
            count = 0;
        }

        @Nullable
        LabelGroup find(int from, int to, int hash) {
            int mask = slots.length - 1;
            for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
                LabelGroup group = slots[slot];
                if (group == null
                        || (group.textHash == hash
                                && Arrays.equals(page, group.textFrom, group.textTo, page, from, to))) {
                    return group;
                }
            }
        }

        void add(LabelGroup group, int from, int to, int hash) {
            group.textFrom = from;
            group.textTo = to;
            group.textHash = hash;
            if (2 * ++count > slots.length) {
                grow();
            }
            put(group);
        }

        private void put(LabelGroup group) {
            int mask = slots.length - 1;
            int slot = group.textHash & mask;
            while (slots[slot] != null) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = group;
        }

        private void grow() {
            @Nullable LabelGroup[] old = slots;
            slots = new LabelGroup[Math.max(FIRST_SLOTS, 4 * old.length)];
            for (LabelGroup group : old) {
                if (group != null) {
                    put(group);
                }
            }
        }
    }
}

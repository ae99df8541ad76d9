package io.github.promferry.examples.config;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The known keys of a block, and what each does here. The one place where that is said: reading checks a block against
 * its table, and {@code examples/README.md} shows the tables (a test compares).
 */
final class KeyTable {
    /** What a known key does. */
    enum Effect {
        /** It is used. */
        USED,
        /** Nothing, and nothing goes wrong because of it: one warning. */
        NONE,
        /** Ignoring it would change security or what the data mean: an error. */
        REFUSED
    }

    /**
     * A known key.
     *
     * @param name as written in the file
     * @param effect what it does
     * @param note why it has no effect or is refused; empty for used keys
     * @param harmless values that say the same as leaving the key out
     */
    record Key(String name, Effect effect, String note, Set<String> harmless) {}

    private final String block;
    private final Map<String, Key> keys = new LinkedHashMap<>();

    private KeyTable(String block) {
        this.block = block;
    }

    /** An empty table for a block that documentation calls by this name. */
    static KeyTable of(String block) {
        return new KeyTable(block);
    }

    KeyTable used(String... names) {
        for (String name : names) {
            keys.put(name, new Key(name, Effect.USED, "", Set.of()));
        }
        return this;
    }

    KeyTable noEffect(String name, String why, String... harmless) {
        keys.put(name, new Key(name, Effect.NONE, why, Set.of(harmless)));
        return this;
    }

    KeyTable refused(String name, String why, String... harmless) {
        keys.put(name, new Key(name, Effect.REFUSED, why, Set.of(harmless)));
        return this;
    }

    KeyTable refusedAll(String why, String... names) {
        for (String name : names) {
            refused(name, why);
        }
        return this;
    }

    KeyTable noEffectAll(String why, String... names) {
        for (String name : names) {
            noEffect(name, why);
        }
        return this;
    }

    /** Adds the keys of another table, for blocks that several others embed. */
    KeyTable and(KeyTable other) {
        keys.putAll(other.keys);
        return this;
    }

    String block() {
        return block;
    }

    Collection<Key> keys() {
        return keys.values();
    }

    @Nullable
    Key key(String name) {
        return keys.get(name);
    }

    /** The end of an error message about an unknown key: the nearest known one, or all that are used if none is near. */
    String hint(String unknown) {
        String nearest = nearest(unknown, keys.keySet());
        if (nearest != null) {
            return "did you mean \"" + nearest + "\"?";
        }
        return keys.values().stream()
                .filter(key -> key.effect() == Effect.USED)
                .map(Key::name)
                .collect(Collectors.joining(", ", "known keys are ", ""));
    }

    /** The candidate with the fewest edits, or null if more than half of the characters would have to change. */
    static @Nullable String nearest(String unknown, Collection<String> candidates) {
        String nearest = null;
        int fewest = Math.max(2, unknown.length() / 2) + 1;
        for (String candidate : candidates) {
            int distance = editDistance(unknown, candidate);
            if (distance < fewest) {
                fewest = distance;
                nearest = candidate;
            }
        }
        return nearest;
    }

    /** Insertions, deletions, replacements and swaps of neighbors (optimal string alignment). */
    static int editDistance(String a, String b) {
        int[][] distance = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            distance[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            distance[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int replaced = distance[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                int edited = Math.min(distance[i - 1][j], distance[i][j - 1]) + 1;
                distance[i][j] = Math.min(replaced, edited);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    distance[i][j] = Math.min(distance[i][j], distance[i - 2][j - 2] + 1);
                }
            }
        }
        return distance[a.length()][b.length()];
    }
}

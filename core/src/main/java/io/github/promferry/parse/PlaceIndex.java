package io.github.promferry.parse;

import java.util.Objects;

/** The states of series in {@link PageOrder}, by identity; open addressing, at most half full. */
final class PlaceIndex {
    private Entry[] keys;
    private int[] states;
    private int count;

    PlaceIndex(int expected) {
        int slots = Integer.highestOneBit(Math.max(expected, 8)) * 4;
        keys = new Entry[slots];
        states = new int[slots];
    }

    int get(Entry key) {
        int slot = slot(keys, key);
        return keys[slot] == null ? PageOrder.UNKNOWN : states[slot];
    }

    void put(Entry key, int state) {
        int slot = slot(keys, key);
        states[slot] = state;
        if (keys[slot] == null) {
            keys[slot] = key;
            if (2 * ++count > keys.length) {
                grow();
            }
        }
    }

    private static int slot(Entry[] keys, Entry key) {
        int mask = keys.length - 1;
        int slot = key.hash & mask;
        while (keys[slot] != null && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        Entry[] oldKeys = keys;
        int[] oldStates = states;
        keys = new Entry[2 * oldKeys.length];
        states = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != null) {
                int slot = slot(keys, Objects.requireNonNull(oldKeys[i]));
                keys[slot] = oldKeys[i];
                states[slot] = oldStates[i];
            }
        }
    }
}

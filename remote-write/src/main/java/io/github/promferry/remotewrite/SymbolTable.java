package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * The strings that a shard has sent with Remote Write 2.0, each with a number for as long as something refers to it, and
 * the symbol table of the request being built.
 *
 * <p>A request has its own numbering. Which of its symbols a string is, is one array look-up: an entry holds the request
 * and the number there, and counts only if the request is the current one. So nothing is cleared between requests and no
 * string is hashed twice.
 */
final class SymbolTable {
    /** The empty string is symbol 0 in every request. */
    static final int EMPTY = 0;

    private static final int TAG = 0x22;

    /** The encoded {@code symbols} field of each string. */
    private byte[][] fields = new byte[64][];

    /** Request in the upper half, its symbol in the lower. */
    long[] inRequest = new long[64];

    private int size;

    /** Open addressing, string number + 1 in each used slot. */
    private int[] slots = new int[256];

    /** The current request; starts at 1, so that a zero in {@link #inRequest} is never current. */
    int request = 1;

    private int nextSymbol;

    /** The encoded symbols of the current request. */
    final WireBuffer wire = new WireBuffer();

    SymbolTable() {
        intern("");
        startRequest();
    }

    int size() {
        return size;
    }

    void startRequest() {
        request++;
        wire.length = 0;
        nextSymbol = 0;
        symbolOf(EMPTY);
    }

    /** The string's number in the current request. */
    int symbolOf(int string) {
        long entry = inRequest[string];
        return (int) (entry >>> 32) == request ? (int) entry : assign(string);
    }

    private int assign(int string) {
        byte[] field = fields[string];
        wire.put(field, 0, field.length);
        int symbol = nextSymbol++;
        inRequest[string] = ((long) request << 32) | symbol;
        return symbol;
    }

    /** Where the current request's symbols end, to come back to. */
    int mark() {
        return nextSymbol;
    }

    /** Forgets symbols given since. The request must end now: what was forgotten is still taken for known. */
    void rollback(int symbols, int wireLength) {
        nextSymbol = symbols;
        wire.length = wireLength;
    }

    int intern(String text) {
        byte[] utf8 = text.getBytes(UTF_8);
        return intern(utf8, 0, utf8.length);
    }

    int intern(byte[] bytes, int from, int to) {
        int mask = slots.length - 1;
        int slot = hash(bytes, from, to) & mask;
        while (slots[slot] != 0) {
            int string = slots[slot] - 1;
            if (isField(fields[string], bytes, from, to)) {
                return string;
            }
            slot = (slot + 1) & mask;
        }
        if (size == fields.length) {
            fields = Arrays.copyOf(fields, size * 2);
            inRequest = Arrays.copyOf(inRequest, size * 2);
        }
        fields[size] = field(bytes, from, to);
        inRequest[size] = 0;
        slots[slot] = ++size;
        if (size * 2 > slots.length) {
            rehash(slots.length * 2);
        }
        return size - 1;
    }

    /**
     * Keeps only the marked strings and numbers them anew. Between requests only.
     *
     * @return the new number of each old one
     */
    int[] compact(boolean[] used) {
        int[] renumbered = new int[size];
        int kept = 0;
        for (int string = 0; string < size; string++) {
            if (string == EMPTY || used[string]) {
                fields[kept] = fields[string];
                renumbered[string] = kept++;
            }
        }
        int capacity = Math.max(64, Integer.highestOneBit(kept) * 2);
        fields = Arrays.copyOf(fields, capacity);
        Arrays.fill(fields, kept, capacity, null);
        inRequest = new long[capacity];
        size = kept;
        rehash(capacity * 4);
        startRequest();
        return renumbered;
    }

    private void rehash(int capacity) {
        slots = new int[capacity];
        int mask = capacity - 1;
        for (int string = 0; string < size; string++) {
            byte[] field = fields[string];
            int slot = hash(field, textStart(field), field.length) & mask;
            while (slots[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            slots[slot] = string + 1;
        }
    }

    private static byte[] field(byte[] bytes, int from, int to) {
        int length = to - from;
        byte[] field = new byte[1 + WireBuffer.varintLength(length) + length];
        field[0] = TAG;
        int at = WireBuffer.putVarint(field, 1, length);
        System.arraycopy(bytes, from, field, at, length);
        return field;
    }

    private static boolean isField(byte[] field, byte[] bytes, int from, int to) {
        int start = textStart(field);
        return field.length - start == to - from && Arrays.equals(field, start, field.length, bytes, from, to);
    }

    private static int textStart(byte[] field) {
        int at = 1;
        while (field[at] < 0) {
            at++;
        }
        return at + 1;
    }

    private static int hash(byte[] bytes, int from, int to) {
        int h = 0;
        for (int i = from; i < to; i++) {
            h = 31 * h + bytes[i];
        }
        h *= 0x9E3779B9;
        return h ^ (h >>> 15);
    }
}

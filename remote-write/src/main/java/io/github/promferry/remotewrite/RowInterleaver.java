package io.github.promferry.remotewrite;

import java.util.Arrays;

/**
 * Puts the rows of a request's targets side by side: the first row of each, the second row of each, and so on. Engines of
 * a kind expose the same series in the same order, so that equal labels come to lie next to each other. Snappy looks back
 * 64 KiB, and a page of an engine is larger than that in Remote Write 1.0: one target after the other it would find nothing
 * of the target before.
 *
 * <p>The order of each series stays: rows of a batch keep theirs, and only batches of different targets are mixed. A target
 * that comes a second time begins a new round, which follows the one before. (Series that two targets have in common never
 * had an order: the targets may be in different shards.)
 *
 * <p>Not thread-safe; belongs to an encoder.
 */
final class RowInterleaver {
    private int[] starts = new int[16];
    private int[] rounds = new int[16];
    private int count;
    private int round = 1;

    private final WireBuffer arranged = new WireBuffer();
    private int[] cursors = new int[16];
    private int[] ends = new int[16];

    /** A batch begins. */
    void begin(int at, CommonLabels target) {
        if (target.round == round) {
            round++;
        }
        target.round = round;
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, 2 * count);
            rounds = Arrays.copyOf(rounds, 2 * count);
        }
        starts[count] = at;
        rounds[count++] = round;
    }

    /** Forgets what begins there or later. */
    void truncate(int length) {
        while (count > 0 && starts[count - 1] >= length) {
            count--;
        }
        round++;
    }

    void clear() {
        count = 0;
        round++;
    }

    /**
     * The rows in their new order.
     *
     * @param rows of all batches, each with a tag of one byte and its length; not changed
     * @return valid until the next call; the same buffer if there is nothing to mix
     */
    WireBuffer arrange(WireBuffer rows) {
        boolean nothingToMix = count == 0 || rounds[0] + count - 1 == rounds[count - 1];
        if (nothingToMix) {
            return rows;
        }
        arranged.length = 0;
        arranged.reserve(rows.length);
        int first = 0;
        while (first < count) {
            int next = first + 1;
            while (next < count && rounds[next] == rounds[first]) {
                next++;
            }
            mix(rows, first, next);
            first = next;
        }
        return arranged;
    }

    private void mix(WireBuffer rows, int from, int to) {
        int open = to - from;
        if (cursors.length < open) {
            cursors = new int[starts.length];
            ends = new int[starts.length];
        }
        for (int i = 0; i < open; i++) {
            cursors[i] = starts[from + i];
            ends[i] = from + i + 1 < count ? starts[from + i + 1] : rows.length;
        }
        while (open > 0) {
            int left = 0;
            for (int i = 0; i < open; i++) {
                int at = cursors[i];
                if (at < ends[i]) {
                    int end = endOfRow(rows.bytes, at);
                    arranged.put(rows.bytes, at, end);
                    cursors[left] = end;
                    ends[left++] = ends[i];
                }
            }
            open = left;
        }
    }

    private static int endOfRow(byte[] bytes, int row) {
        int at = row + 1;
        int length = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = bytes[at++];
            length |= (b & 0x7F) << shift;
            if (b >= 0) {
                return at + length;
            }
        }
    }
}

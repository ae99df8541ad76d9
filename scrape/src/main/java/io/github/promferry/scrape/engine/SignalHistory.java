package io.github.promferry.scrape.engine;

import java.util.Arrays;

/**
 * How far counters had grown at some moments of a window, to tell by how much they have grown in it. Not thread-safe.
 *
 * <p>Growth is kept, not values: it never falls, so that a restart needs no care here. A moment is kept only if the one
 * before is a {@value #MOMENTS}th of the window away, so that a short interval does not cost more memory than a long one.
 */
final class SignalHistory {
    /** Of a window. The window that a reader gets is shorter than the one wanted by less than a part. */
    private static final int MOMENTS = 16;

    private final long windowMillis;
    private final long[] times = new long[MOMENTS + 2];
    private final double[][] growths = new double[MOMENTS + 2][];
    private int newest = -1;
    private int count;

    SignalHistory(long windowMillis) {
        this.windowMillis = windowMillis;
    }

    /** Notes a moment, unless the one before is near. */
    void add(long now, double[] growth) {
        if (count > 0 && now <= times[newest]) {
            // The clock was set back: nothing can be told by times from before.
            count = 0;
        }
        if (count > 0 && now - times[newest] < windowMillis / MOMENTS) {
            return;
        }
        newest = newest + 1 == times.length ? 0 : newest + 1;
        count = Math.min(times.length, count + 1);
        times[newest] = now;
        double[] row = growths[newest];
        if (row == null || row.length != growth.length) {
            row = new double[growth.length];
            growths[newest] = row;
        }
        System.arraycopy(growth, 0, row, 0, growth.length);
    }

    /** The index of the moment to compare {@code now} with: the first of the window, or the last before it; -1 if none. */
    int base(long now) {
        int found = -1;
        for (int back = 0; back < count; back++) {
            int at = Math.floorMod(newest - back, times.length);
            if (times[at] < now && (found < 0 || now - times[at] <= windowMillis)) {
                found = at;
            }
        }
        return found;
    }

    long time(int moment) {
        return times[moment];
    }

    /** The growth of a cell up to a moment; 0 if it was not there yet. */
    double growth(int moment, int cell) {
        double[] row = growths[moment];
        return cell < row.length ? row[cell] : 0;
    }

    /** Follows the cells to their new places; those not named are forgotten. */
    void rearrange(int[] oldCells, int oldCount) {
        for (int moment = 0; moment < growths.length; moment++) {
            double[] row = growths[moment];
            if (row != null) {
                double[] moved = new double[oldCells.length];
                for (int cell = 0; cell < oldCells.length; cell++) {
                    int old = oldCells[cell];
                    moved[cell] = old >= 0 && old < Math.min(oldCount, row.length) ? row[old] : 0;
                }
                growths[moment] = moved;
            }
        }
    }

    @Override
    public String toString() {
        return count + " moments of " + Arrays.toString(times);
    }
}

package io.github.promferry.scrape;

import java.nio.charset.StandardCharsets;

/**
 * When a target is due: the moments {@code offset + k * interval} of wall time. The offset comes from a hash of the
 * target, so targets are spread over the interval and each keeps its place when this process restarts.
 *
 * <p>Offsets are multiples of a slot, a tenth of the interval but at most {@value #MAX_SLOT_MILLIS} ms. A processor that
 * wakes up finds its caches cold: parsing and encoding a page costs three times as much there (measured, 180 against 60 us)
 * as behind another page. 200 targets a second are ten times twenty pages this way and not two hundred times one.
 *
 * <p>Samples are stamped with the grid's moment rather than with the real one while both are close: equal distances
 * between timestamps compress to almost nothing in the store.
 *
 * @param intervalMillis distance of the ticks, positive
 * @param offsetMillis from 0 to the interval
 * @param toleranceMillis how far the real time may be from the tick for the tick to be used as timestamp
 */
record TickGrid(long intervalMillis, long offsetMillis, long toleranceMillis) {
    private static final long MAX_SLOT_MILLIS = 100;

    private static final long MIN_SLOTS = 10;

    /**
     * A grid with the offset that the identity of the target gives.
     *
     * @param salt tells apart replicas that scrape the same targets, so that they do it at different moments
     */
    static TickGrid of(long intervalMillis, String identity, String salt, long maxToleranceMillis) {
        long hash = fnv1a(identity) ^ fnv1a(salt);
        long slotMillis = Math.max(1, Math.min(intervalMillis / MIN_SLOTS, MAX_SLOT_MILLIS));
        // At most 1 % of the interval: more would be visible in rates.
        return new TickGrid(
                intervalMillis,
                Long.remainderUnsigned(mix(hash), intervalMillis / slotMillis) * slotMillis,
                Math.min(maxToleranceMillis, intervalMillis / 100));
    }

    /** The first tick after the given moment. */
    long nextAfter(long wallMillis) {
        return wallMillis + intervalMillis - Math.floorMod(wallMillis - offsetMillis, intervalMillis);
    }

    /**
     * The tick that follows a scrape which was perhaps not on the grid: at least half an interval later, because two samples
     * a few milliseconds apart help nobody.
     */
    long nextAfterExtra(long wallMillis) {
        return nextAfter(wallMillis + Math.max(0, intervalMillis / 2 - 1));
    }

    /** How many ticks after the planned one come before the one that follows a scrape at the given moment. */
    long missed(long plannedMillis, long wallMillis) {
        return Math.max(0, (wallMillis - plannedMillis + Math.max(0, intervalMillis / 2 - 1)) / intervalMillis);
    }

    /** The timestamp for a scrape that begins at the given moment: the tick if it is close, else the moment. */
    long stamp(long wallMillis) {
        long late = Math.floorMod(wallMillis - offsetMillis, intervalMillis);
        if (late <= toleranceMillis) {
            return wallMillis - late;
        }
        long early = intervalMillis - late;
        return early <= toleranceMillis ? wallMillis + early : wallMillis;
    }

    /** FNV-1a, 64 bits: the hash Prometheus uses for the same purpose. */
    private static long fnv1a(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001b3L;
        }
        return hash;
    }

    /** Spreads differences of the last characters (ports, replica numbers) over all bits; MurmurHash3's finalizer. */
    private static long mix(long hash) {
        long h = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return h ^ (h >>> 33);
    }
}

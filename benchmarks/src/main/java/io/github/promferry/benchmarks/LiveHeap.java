package io.github.promferry.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;

/** What is reachable on the heap. */
final class LiveHeap {
    /** The serial collector leaves up to 5 % of dead objects where they are, but for every fourth time. */
    private static final int COLLECTIONS = 4;

    private LiveHeap() {}

    static long bytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < COLLECTIONS; i++) {
            memory.gc();
            least = Math.min(least, memory.getHeapMemoryUsage().getUsed());
        }
        return least;
    }
}

package io.github.promferry.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts what this thread allocates: exact on a busy machine too, where times are not. */
public final class AllocationMeter {
    private static final int WARM_UP_LAPS = 300;
    private static final int LAPS = 1000;

    private AllocationMeter() {}

    public static double bytesPerLap(Runnable lap) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < WARM_UP_LAPS; i++) {
            lap.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < LAPS; i++) {
            lap.run();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / (double) LAPS;
    }
}

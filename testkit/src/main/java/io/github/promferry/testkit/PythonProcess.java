package io.github.promferry.testkit;

import io.github.promferry.testkit.MetricsPage.Child;
import io.github.promferry.testkit.MetricsPage.Family;

/** What the Python client itself exposes, in its order. */
final class PythonProcess {
    private final Child[] collected = new Child[3];
    private final Child[] collections = new Child[3];
    private final Child resident;
    private final Child cpu;
    private final Child openFiles;

    PythonProcess(MetricsPage page, double startSeconds) {
        Family objects = plainCounter(page, "python_gc_objects_collected", "Objects collected during gc");
        Family uncollectable =
                plainCounter(page, "python_gc_objects_uncollectable", "Uncollectable objects found during GC");
        Family runs = plainCounter(page, "python_gc_collections", "Number of times this generation was collected");
        for (int generation = 0; generation < 3; generation++) {
            String[] label = {"generation", String.valueOf(generation)};
            collected[generation] = objects.of(label);
            uncollectable.of(label);
            collections[generation] = runs.of(label);
        }
        page.gauge("python_info", "Python platform information")
                .of("implementation", "CPython", "major", "3", "minor", "12", "patchlevel", "9", "version", "3.12.9")
                .set(1);
        plainGauge(page, "process_virtual_memory_bytes", "Virtual memory size in bytes.")
                .set(6_634_254_336.0 * 4);
        resident = plainGauge(page, "process_resident_memory_bytes", "Resident memory size in bytes.");
        plainGauge(page, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
                .set(Math.rint(startSeconds * 100) / 100);
        cpu = plainCounter(page, "process_cpu_seconds", "Total user and system CPU time spent in seconds.")
                .of();
        openFiles = plainGauge(page, "process_open_fds", "Number of open file descriptors.");
        plainGauge(page, "process_max_fds", "Maximum number of open file descriptors.")
                .set(1_048_576);
    }

    void update(double uptimeSeconds) {
        double[] everySeconds = {0.9, 10, 110};
        for (int generation = 0; generation < 3; generation++) {
            double runs = Math.floor(uptimeSeconds / everySeconds[generation]);
            collections[generation].set(runs);
            collected[generation].set(Math.floor(runs * 6.4));
        }
        resident.set(5_106_151_424.0 + 4096 * Math.floor(uptimeSeconds * 3));
        cpu.set(Math.rint((41.3 + uptimeSeconds * 0.37) * 100) / 100);
        openFiles.set(49 + Math.floor(uptimeSeconds / 7) % 11);
    }

    private static Family plainCounter(MetricsPage page, String name, String help) {
        return page.counter(name, help).withoutCreated();
    }

    private static Child plainGauge(MetricsPage page, String name, String help) {
        return page.gauge(name, help).of();
    }
}

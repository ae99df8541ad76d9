package io.github.promferry.benchmarks.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a process has used, from Linux' {@code /proc}.
 *
 * @param cpu user and system time of all its threads
 * @param residentKilobytes now
 * @param peakKilobytes the most it ever had
 */
record ProcessUsage(Duration cpu, long residentKilobytes, long peakKilobytes) {
    /** Linux reports times in hundredths of a second whatever the kernel's own tick is (USER_HZ). */
    private static final long MILLIS_PER_TICK = 10;

    static ProcessUsage of(long pid) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        String stat = Files.readString(process.resolve("stat"));
        // The second field is the name in parentheses, which may hold spaces; utime and stime are fields 14 and 15.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        List<String> status = Files.readAllLines(process.resolve("status"));
        return new ProcessUsage(
                Duration.ofMillis(ticks * MILLIS_PER_TICK), kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:"));
    }

    private static long kilobytes(List<String> status, String field) {
        return status.stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }
}

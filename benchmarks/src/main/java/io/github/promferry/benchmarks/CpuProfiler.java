package io.github.promferry.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Rates per second of processor time instead of time on the wall: {@code -prof
 * io.github.promferry.benchmarks.CpuProfiler}. On a machine that does other work too, time on the wall tells how much of a
 * processor the benchmark got. The time is that of the whole process, garbage collection and compilation included.
 */
public final class CpuProfiler implements InternalProfiler {
    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private long before;

    /** Used by JMH. */
    public CpuProfiler() {}

    @Override
    public String getDescription() {
        return "Rates per second of processor time";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        before = system.getProcessCpuTime();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double seconds = (system.getProcessCpuTime() - before) / 1e9;
        double operations = result.getMetadata().getAllOps() / seconds;
        double operationsOnTheWall = result.getPrimaryResult().getScore();
        List<Result<?>> rates = new ArrayList<>();
        // The counters of the benchmark: samples, bytes.
        result.getSecondaryResults()
                .forEach((counter, perSecond) -> rates.add(rate(
                        "cpu." + counter, perSecond.getScore() / operationsOnTheWall * operations / 1e6, "M/cpu-s")));
        return rates;
    }

    private static Result<?> rate(String name, double value, String unit) {
        return new ScalarResult(name, value, unit, AggregationPolicy.AVG);
    }
}

package io.github.promferry.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Columns that JMH prints per second beside the pages: what a page is worth differs from page to page. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Throughput {
    /** Sample lines. */
    public long samples;

    /** Bytes of the page. */
    public long bytes;

    /** A fresh set of counters; JMH makes one for each iteration. */
    public Throughput() {}

    void add(BenchmarkPage page) {
        add(page.samples(), page.length());
    }

    void add(int pageSamples, int pageBytes) {
        samples += pageSamples;
        bytes += pageBytes;
    }
}

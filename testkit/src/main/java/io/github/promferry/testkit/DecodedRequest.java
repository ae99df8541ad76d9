package io.github.promferry.testkit;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.testkit.proto.v2.Histogram;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a write request of either version says, as far as it could be decoded. */
final class DecodedRequest {
    /**
     * One TimeSeries entry.
     *
     * @param labels null if they break a rule
     * @param metadata null if none came with the entry
     */
    record Entry(
            @Nullable Labels labels,
            List<Point> samples,
            List<Histogram> histograms,
            List<Exemplar> exemplars,
            @Nullable MetricMetadata metadata) {}

    /** A sample with raw bits; the start timestamp is 0 if not set. */
    record Point(long timestampMillis, long valueBits, long startTimestampMillis) {}

    final List<Entry> entries = new ArrayList<>();
    final List<MetricMetadata> families = new ArrayList<>();

    int sampleCount() {
        int count = 0;
        for (Entry entry : entries) {
            count += entry.samples().size();
        }
        return count;
    }

    int histogramCount() {
        int count = 0;
        for (Entry entry : entries) {
            count += entry.histograms().size();
        }
        return count;
    }

    int exemplarCount() {
        int count = 0;
        for (Entry entry : entries) {
            count += entry.exemplars().size();
        }
        return count;
    }
}

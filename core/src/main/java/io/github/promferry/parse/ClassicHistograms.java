package io.github.promferry.parse;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The classic histograms of a page of text whose lines are to become native histograms with custom buckets. Lines of one
 * histogram may stand anywhere, so the histograms are delivered when the page has been read, in the order of their first
 * lines. Lines that make no histogram are delivered as they are.
 */
final class ClassicHistograms {
    private record Key(FamilyContext context, Labels whole, long stampMillis) {}

    /** A line with what it had on this page. */
    private record Sample(ClassicLine line, long bits, List<Exemplar> exemplars) {}

    private static final class Group implements PartSeries.Whole {
        private final Key key;
        private final List<Sample> samples = new ArrayList<>();
        private long startMillis = SampleBatch.NO_TIMESTAMP;
        private Labels labels;

        private Group(Key key) {
            this.key = key;
            labels = key.whole;
        }

        @Override
        public Labels labels() {
            return labels;
        }

        @Override
        public MetricMetadata metadata() {
            return key.context.metadata;
        }
    }

    private final boolean classicToo;
    private final CustomBuckets buckets = new CustomBuckets();
    private final Map<Key, Group> groups = new HashMap<>();
    private final List<Group> inOrder = new ArrayList<>();

    ClassicHistograms(boolean classicToo) {
        this.classicToo = classicToo;
    }

    void clear() {
        groups.clear();
        inOrder.clear();
    }

    void add(Entry.Classic entry, long bits, long stampMillis, long startMillis, List<Exemplar> exemplars) {
        Group group = groups.computeIfAbsent(new Key(entry.context, entry.line.whole(), stampMillis), key -> {
            Group added = new Group(key);
            inOrder.add(added);
            return added;
        });
        group.samples.add(new Sample(entry.line, bits, List.copyOf(exemplars)));
        if (startMillis != SampleBatch.NO_TIMESTAMP) {
            group.startMillis = startMillis;
        }
    }

    void deliver(PartSeries parts) {
        for (Group group : inOrder) {
            NativeHistogram histogram = histogram(group);
            if (histogram != null) {
                begin(parts, group, group.key.whole);
                parts.add(histogram, group, stampedExemplars(group));
            }
            if (histogram == null || classicToo) {
                deliverClassic(parts, group);
            }
        }
        clear();
    }

    private static void deliverClassic(PartSeries parts, Group group) {
        for (Sample sample : group.samples) {
            begin(parts, group, sample.line.series());
            parts.add(PartSeries.Part.VALUE, 0, sample.bits, group, sample.exemplars);
        }
    }

    private static void begin(PartSeries parts, Group group, Labels labels) {
        group.labels = labels;
        parts.begin(group.key.context, labels, group.key.stampMillis, group.startMillis);
    }

    private @Nullable NativeHistogram histogram(Group group) {
        buckets.clear();
        for (Sample sample : group.samples) {
            double value = Double.longBitsToDouble(sample.bits);
            switch (sample.line.part()) {
                case COUNT -> buckets.count(value);
                case SUM -> buckets.sum(value);
                case BUCKET -> buckets.add(sample.line.bound(), value);
            }
        }
        return buckets.toNative();
    }

    /** Without a timestamp they cannot be told apart later, as no bucket holds them any more. */
    private static List<Exemplar> stampedExemplars(Group group) {
        return group.samples.stream()
                .flatMap(sample -> sample.exemplars.stream())
                .filter(exemplar -> exemplar.timestampMillis() != SampleBatch.NO_TIMESTAMP)
                .toList();
    }
}

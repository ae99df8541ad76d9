package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives the value of {@code _created} lines to the rows they belong to, as start timestamp. The lines may come before or
 * after those samples, so it is done when the page has been read: rows of the same family and the same labels, apart from
 * the {@code le} of histograms and the {@code quantile} of summaries.
 */
final class CreatedTimes {
    private record Group(MetricMetadata family, Labels labels) {}

    private static final double MILLIS = 1000;

    private final Map<Group, Long> startMillis = new HashMap<>();
    /** By identity of the series: what rows belong to, remembered from page to page. */
    private final Map<Series, Group> groups = new HashMap<>();

    private int firstRow;

    void begin(SampleBatch batch) {
        startMillis.clear();
        firstRow = batch.size();
    }

    void add(@Nullable Series created, double seconds) {
        long millis = millis(seconds);
        if (created != null && millis != SampleBatch.NO_TIMESTAMP) {
            startMillis.put(group(created), millis);
        }
    }

    /**
     * Cut to milliseconds as the decimal on the page would be: 1.001 is 1001 ms, though 1000 times that double is less.
     * Longs beyond 2^53 are no times; NaN and infinity neither.
     *
     * @return milliseconds since the Unix epoch, or {@link SampleBatch#NO_TIMESTAMP}
     */
    static long millis(double seconds) {
        if (!(Math.abs(seconds * MILLIS) < 1L << 53)) {
            return SampleBatch.NO_TIMESTAMP;
        }
        long cut = (long) (seconds * MILLIS);
        long next = cut + (seconds < 0 ? -1 : 1);
        return next / MILLIS == seconds ? next : cut;
    }

    void apply(SampleBatch batch) {
        if (startMillis.isEmpty()) {
            return;
        }
        if (groups.size() > 2 * (batch.size() + startMillis.size())) {
            groups.clear();
        }
        for (int row = firstRow; row < batch.size(); row++) {
            Series series = batch.series(row);
            Long start = FamilyContext.isCumulative(series.metadata().type()) ? startMillis.get(group(series)) : null;
            if (start != null && batch.startTimestamp(row) == SampleBatch.NO_TIMESTAMP) {
                batch.setStartTimestamp(row, start);
            }
        }
    }

    void end() {
        startMillis.clear();
    }

    private Group group(Series series) {
        return groups.computeIfAbsent(series, key -> {
            MetricMetadata family = key.metadata();
            return new Group(family, FamilyPoints.without(key.labels(), FamilyPoints.partLabel(family.type())));
        });
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

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
 * {@code le} and {@code quantile}.
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
        // Longs beyond 2^53 are no times; NaN and infinity neither.
        if (created != null && Math.abs(seconds * MILLIS) < 1L << 53) {
            startMillis.put(group(created), (long) (seconds * MILLIS));
        }
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
        return groups.computeIfAbsent(series, key -> new Group(key.metadata(), withoutPart(key.labels())));
    }

    private static Labels withoutPart(Labels labels) {
        Labels.Builder builder = Labels.builder();
        byte[] encoded = labels.encoded();
        for (Labels.Cursor at = labels.cursor(); at.next(); ) {
            String name = new String(encoded, at.nameStart(), at.nameEnd() - at.nameStart(), UTF_8);
            if (!name.equals(Labels.METRIC_NAME) && !name.equals("le") && !name.equals("quantile")) {
                builder.add(encoded, at.nameStart(), at.nameEnd(), encoded, at.valueStart(), at.end());
            }
        }
        return builder.build();
    }
}

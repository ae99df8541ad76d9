package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.ArrayList;
import java.util.List;

/** Batches as a scrape of one target would make them. */
final class Batches {
    /** When the first scrape was. */
    static final long T0 = 1_767_225_600_000L;

    private final Labels target;
    private final List<Series> series = new ArrayList<>();
    private final SampleBatch batch = new SampleBatch();
    private int scrapes;

    Batches(String instance, int seriesCount) {
        target = Labels.of("instance", instance, "job", "llm");
        MetricMetadata metadata =
                new MetricMetadata("vllm:tokens", MetricType.COUNTER, "Tokens of \u00e4ll kinds.", "tokens");
        for (int i = 0; i < seriesCount; i++) {
            series.add(Series.of(Labels.of("__name__", "vllm:tokens_total", "le", "" + i, "Zone", "z"), metadata));
        }
    }

    Labels target() {
        return target;
    }

    /** The labels of a series as they arrive. */
    Labels full(int index) {
        return series.get(index).fullLabels(target);
    }

    /** The next scrape: row i of scrape n has the value n * 1000 + i and a timestamp of a second later each time. */
    SampleBatch next() {
        batch.reset(target);
        for (int i = 0; i < series.size(); i++) {
            batch.add(series.get(i), T0 + scrapes * 1000L, Double.doubleToRawLongBits(scrapes * 1000.0 + i));
        }
        scrapes++;
        return batch;
    }
}

package io.github.promferry.scrape.engine;

import io.github.promferry.Series;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * What series tell, worked out once for all targets that have them: engines of one job expose the same series objects.
 * A series that nobody exposes any more is forgotten. Thread-safe.
 */
final class WatchedDictionary {
    private static final WatchedSeries[] UNWATCHED = {};

    // Guarded by this.
    private final Map<LlmEngine, Map<Series, WatchedSeries[]>> known = new HashMap<>();

    synchronized WatchedSeries[] of(LlmEngine engine, Series series) {
        return known.computeIfAbsent(engine, unused -> new WeakHashMap<>())
                .computeIfAbsent(series, unseen -> watched(engine, unseen));
    }

    private static WatchedSeries[] watched(LlmEngine engine, Series series) {
        if (WatchedSeries.isRepeated(series.labels())) {
            return UNWATCHED;
        }
        WatchedSeries[] watched = engine.readings(series.labels()).stream()
                .map(reading -> WatchedSeries.of(engine, series.labels(), reading))
                .toArray(WatchedSeries[]::new);
        return watched.length == 0 ? UNWATCHED : watched;
    }
}

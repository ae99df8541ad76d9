package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import io.github.promferry.scrape.engine.LlmEngine.Role;
import io.github.promferry.scrape.engine.SignalReading.Element;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.WeakHashMap;

/**
 * The series of signals by those of engines. A series that several targets share has one second name for all of them, for as
 * long as somebody else holds it. Thread-safe.
 */
final class CanonicalSeries {
    /**
     * A second name.
     *
     * @param series with the signal's name
     * @param scale by which values are multiplied
     * @param order of the source; the least is the best
     */
    record Canonical(Series series, double scale, int order) {}

    private final List<LlmEngine> engines;
    private final Map<EngineSignal, MetricMetadata> metadata = new EnumMap<>(EngineSignal.class);
    // Guarded by itself.
    private final Map<Series, List<Canonical>> known = new WeakHashMap<>();

    CanonicalSeries(EngineCatalog catalog) {
        engines = catalog.engines().stream()
                .filter(engine -> engine.role() == Role.ENGINE)
                .toList();
        for (EngineSignal signal : EngineSignal.values()) {
            metadata.put(signal, new MetricMetadata(signal.metricName(), signal.type(), signal.help(), signal.unit()));
        }
    }

    /** The second names of a series, mostly none. */
    List<Canonical> of(Series series) {
        synchronized (known) {
            return known.computeIfAbsent(series, this::workOut);
        }
    }

    private List<Canonical> workOut(Series series) {
        for (LlmEngine engine : engines) {
            List<SignalReading> readings = engine.readings(series.labels());
            if (!readings.isEmpty()) {
                return readings.stream()
                        .map(reading -> canonical(engine, reading, series))
                        .toList();
            }
        }
        return List.of();
    }

    private Canonical canonical(LlmEngine engine, SignalReading reading, Series series) {
        MetricMetadata family = Objects.requireNonNull(metadata.get(reading.signal()));
        Labels labels = labels(engine, reading, series.labels());
        return new Canonical(
                series.isComplete() ? Series.complete(labels, family) : Series.of(labels, family),
                reading.apply(1),
                reading.source().order());
    }

    private static Labels labels(LlmEngine engine, SignalReading reading, Labels exposed) {
        Map<String, String> labels = new TreeMap<>(exposed.toMap());
        labels.put(Labels.METRIC_NAME, reading.metricName());
        engine.labelNames().forEach((name, common) -> {
            String value = labels.remove(name);
            if (value != null) {
                labels.putIfAbsent(common, value);
            }
        });
        if (reading.element() == Element.BUCKET && reading.source().scale() != 1) {
            labels.put("le", bound(reading.upperBound()));
        }
        labels.putIfAbsent(CanonicalSink.ENGINE_LABEL, engine.id());
        return Labels.of(labels);
    }

    private static String bound(double upperBound) {
        return upperBound == Double.POSITIVE_INFINITY ? "+Inf" : String.valueOf(upperBound);
    }
}

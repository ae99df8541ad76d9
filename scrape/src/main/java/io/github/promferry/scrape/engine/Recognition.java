package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.scrape.engine.LlmEngine.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Looks for one engine's samples on a page. */
final class Recognition {
    private final LlmEngine engine;
    /** The engine's own samples: names without prefix, one series of each. */
    private final Map<String, Labels> samples = new HashMap<>();

    private @Nullable String anySample;
    private @Nullable String proof;

    private Recognition(LlmEngine engine) {
        this.engine = engine;
    }

    static List<EngineMatch> of(List<LlmEngine> engines, List<Labels> page) {
        List<Recognition> recognitions = engines.stream().map(Recognition::new).toList();
        for (Labels series : page) {
            String sample = series.metricName();
            if (sample != null) {
                recognitions.forEach(each -> each.look(sample, series));
            }
        }
        List<EngineMatch> matches = new ArrayList<>();
        recognitions.stream().map(Recognition::match).filter(Objects::nonNull).forEach(matches::add);
        matches.sort(Comparator.comparing(match -> !match.decisive()));
        return matches;
    }

    private void look(String sample, Labels series) {
        String own = engine.withoutPrefix(sample);
        if (own == null || engine.isForeign(series)) {
            return;
        }
        anySample = anySample == null ? sample : anySample;
        samples.putIfAbsent(own, series);
        if (proof == null && engine.evidence().stream().anyMatch(evidence -> evidence.isFound(own, series))) {
            proof = sample;
        }
    }

    private @Nullable EngineMatch match() {
        if (proof != null) {
            return new EngineMatch(engine, version(), proof, true);
        }
        // A gateway has its engines' names, which prove nothing.
        return anySample != null && engine.role() == Role.ENGINE
                ? new EngineMatch(engine, version(), anySample, false)
                : null;
    }

    private String version() {
        for (VersionHint hint : engine.versionHints()) {
            if (samples.keySet().containsAll(hint.present())
                    && hint.absent().stream().noneMatch(samples::containsKey)) {
                return hint.label() == null ? hint.says() : labelValue(hint, hint.label());
            }
        }
        return "";
    }

    private String labelValue(VersionHint hint, String label) {
        return hint.present().stream()
                .map(samples::get)
                .map(series -> Objects.requireNonNullElse(series.get(label), ""))
                .filter(value -> !value.isEmpty())
                .map(value -> hint.says().isEmpty() ? value : hint.says() + " " + value)
                .findFirst()
                .orElse("");
    }
}

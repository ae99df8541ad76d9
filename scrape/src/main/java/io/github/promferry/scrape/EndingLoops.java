package io.github.promferry.scrape;

import io.github.promferry.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Loops of removed targets whose stale markers are still to come, found by what a new target may share with them: ten
 * thousand targets may go and others come at once. Guarded by the scraper's lock.
 */
final class EndingLoops {
    private final Set<ScrapeLoop> all = new LinkedHashSet<>();
    private final Map<String, List<ScrapeLoop>> byIdentity = new HashMap<>();
    private final Map<Labels, List<ScrapeLoop>> byCommonLabels = new HashMap<>();
    private int sweepAt = 16;

    void add(ScrapeLoop loop) {
        // Whoever has ended need not be known any more; looking for them now and then is enough.
        if (all.size() >= sweepAt) {
            all.stream().filter(ScrapeLoop::hasEnded).toList().forEach(this::remove);
            sweepAt = 2 * all.size() + 16;
        }
        all.add(loop);
        byIdentity.computeIfAbsent(loop.identity(), key -> new ArrayList<>(1)).add(loop);
        byCommonLabels
                .computeIfAbsent(loop.commonLabels(), key -> new ArrayList<>(1))
                .add(loop);
    }

    void remove(ScrapeLoop loop) {
        all.remove(loop);
        remove(byIdentity, loop.identity(), loop);
        remove(byCommonLabels, loop.commonLabels(), loop);
    }

    /** In the order in which they were added; a copy, as are the two below. */
    List<ScrapeLoop> all() {
        return List.copyOf(all);
    }

    List<ScrapeLoop> ofIdentity(String identity) {
        return List.copyOf(byIdentity.getOrDefault(identity, List.of()));
    }

    List<ScrapeLoop> withCommonLabels(Labels common) {
        return List.copyOf(byCommonLabels.getOrDefault(common, List.of()));
    }

    private static <K> void remove(Map<K, List<ScrapeLoop>> index, K key, ScrapeLoop loop) {
        index.computeIfPresent(key, (same, loops) -> {
            loops.remove(loop);
            return loops.isEmpty() ? null : loops;
        });
    }
}

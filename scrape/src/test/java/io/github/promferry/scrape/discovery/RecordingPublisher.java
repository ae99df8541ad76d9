package io.github.promferry.scrape.discovery;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Keeps what a discovery tells. */
final class RecordingPublisher implements TargetDiscovery.Publisher {
    private final List<List<TargetGroup>> published = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    @Override
    public synchronized void publish(List<TargetGroup> groups) {
        published.add(groups);
    }

    @Override
    public synchronized void failed(String reason) {
        failures.add(reason);
    }

    synchronized List<List<TargetGroup>> published() {
        return List.copyOf(published);
    }

    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /** The addresses of the last list, or null if there is none yet. */
    synchronized List<String> addresses() {
        if (published.isEmpty()) {
            return null;
        }
        return published.get(published.size() - 1).stream()
                .flatMap(TargetGroup::targetLabels)
                .map(labels -> labels.get(TargetGroup.ADDRESS))
                .toList();
    }

    void awaitAddresses(String... addresses) {
        await().atMost(Duration.ofSeconds(30)).until(this::addresses, List.of(addresses)::equals);
    }

    void awaitFailure(Predicate<String> reason) {
        await().atMost(Duration.ofSeconds(30)).until(() -> failures().stream().anyMatch(reason));
    }
}

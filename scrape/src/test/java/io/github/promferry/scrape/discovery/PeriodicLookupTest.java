package io.github.promferry.scrape.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PeriodicLookupTest {
    private static final Duration SHORT = Duration.ofMillis(2);
    private static final String THREAD = "promferry-test-lookup";

    private final RecordingPublisher publisher = new RecordingPublisher();

    private static List<TargetGroup> list(String... addresses) {
        return List.of(TargetGroup.of("here", Labels.EMPTY, addresses));
    }

    @Test
    void onlyChangesArePublished() {
        AtomicInteger rounds = new AtomicInteger();
        PeriodicLookup lookup = new PeriodicLookup(
                THREAD, SHORT, null, told -> rounds.incrementAndGet() < 5 ? list("a:1") : list("a:1", "b:1"));
        lookup.start(publisher);

        publisher.awaitAddresses("a:1", "b:1");
        int seen = rounds.get();
        await().until(() -> rounds.get() > seen + 3);
        lookup.close();

        assertThat(publisher.published()).containsExactly(list("a:1"), list("a:1", "b:1"));
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void firstListIsPublishedEvenIfEmpty() {
        PeriodicLookup lookup = new PeriodicLookup(THREAD, Duration.ofHours(1), null, told -> List.of());
        lookup.start(publisher);

        publisher.awaitAddresses();
        lookup.close();
    }

    @Test
    void failureIsToldAndTheNextRoundComes() {
        AtomicInteger rounds = new AtomicInteger();
        PeriodicLookup lookup = new PeriodicLookup(THREAD, SHORT, null, told -> switch (rounds.incrementAndGet()) {
            case 1 -> list("a:1");
            case 2 -> throw new IllegalStateException("no luck");
            case 3 -> throw new NullPointerException();
            default -> list("b:1");
        });
        lookup.start(publisher);

        publisher.awaitAddresses("b:1");
        lookup.close();

        assertThat(publisher.published()).containsExactly(list("a:1"), list("b:1"));
        assertThat(publisher.failures()).containsExactly("no luck", "java.lang.NullPointerException");
    }

    @Test
    void theThreadKeepsNoClassLoaderAlive() {
        Thread thread = PeriodicLookup.daemon(THREAD, () -> {});
        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getContextClassLoader()).isNull();
    }

    @Test
    void publisherThatThrowsIsTriedAgain() {
        AtomicInteger attempts = new AtomicInteger();
        PeriodicLookup lookup = new PeriodicLookup(THREAD, SHORT, null, told -> list("a:1"));
        lookup.start(new TargetDiscovery.Publisher() {
            @Override
            public void publish(List<TargetGroup> groups) {
                if (attempts.incrementAndGet() == 1) {
                    throw new IllegalStateException("not yet");
                }
                publisher.publish(groups);
            }

            @Override
            public void failed(String reason) {
                publisher.failed(reason);
            }
        });

        publisher.awaitAddresses("a:1");
        lookup.close();

        assertThat(publisher.failures()).containsExactly("not yet");
    }

    @Test
    void closingInterruptsALookupAndPublishesNothingMore() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        PeriodicLookup lookup = new PeriodicLookup(THREAD, SHORT, null, told -> {
            entered.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return list("late:1");
        });
        lookup.start(publisher);
        entered.await();

        lookup.close();
        interrupted.await();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals(THREAD)));

        assertThat(publisher.published()).isEmpty();
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void lookupsRunOnTheGivenExecutorWhichStaysOpen() {
        ScheduledExecutorService executor =
                Executors.newSingleThreadScheduledExecutor(task -> PeriodicLookup.daemon("given", task));
        try {
            PeriodicLookup lookup = new PeriodicLookup(
                    THREAD, SHORT, executor, told -> list(Thread.currentThread().getName() + ":1"));
            lookup.start(publisher);
            publisher.awaitAddresses("given:1");
            lookup.close();

            assertThat(executor.isShutdown()).isFalse();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void discoveryIsStartedOnce() {
        PeriodicLookup lookup = new PeriodicLookup(THREAD, SHORT, null, told -> List.of());
        lookup.start(publisher);
        assertThatThrownBy(() -> lookup.start(publisher)).isInstanceOf(IllegalStateException.class);
        lookup.close();
        assertThatThrownBy(() -> lookup.start(publisher)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fixedTargetsArePublishedAtOnce() {
        TargetGroup group = TargetGroup.of("code", Labels.of("env", "test"), "a:1", "b:1");
        try (TargetDiscovery discovery = TargetDiscovery.fixed(group)) {
            discovery.start(publisher);
        }

        assertThat(publisher.published()).containsExactly(List.of(group));
        assertThat(group.targetLabels())
                .containsExactly(
                        Labels.of("__address__", "a:1", "env", "test"), Labels.of("__address__", "b:1", "env", "test"));
    }

    @Test
    void labelsOfATargetWinOverThoseOfItsGroup() {
        TargetGroup group = new TargetGroup(
                "code", List.of(Labels.of("__address__", "a:1", "env", "own")), Labels.of("env", "group", "zone", "z"));

        assertThat(group.targetLabels()).containsExactly(Labels.of("__address__", "a:1", "env", "own", "zone", "z"));
    }
}

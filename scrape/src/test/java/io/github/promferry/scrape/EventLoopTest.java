package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopTest {
    private final ScrapeSchedule schedule = new ScrapeSchedule(Clock.SYSTEM);
    private final EventLoop loop = new EventLoop(schedule);

    @AfterEach
    void close() {
        loop.close();
    }

    /** Rings some times, each time a moment later. */
    private CountDownLatch ringing(int times) {
        CountDownLatch left = new CountDownLatch(times);
        schedule.set(
                new ScrapeSchedule.Alarm() {
                    @Override
                    void ring() {
                        left.countDown();
                        if (left.getCount() > 0) {
                            schedule.set(this, System.nanoTime() + 1_000_000);
                        }
                    }
                },
                System.nanoTime() + 1_000_000);
        return left;
    }

    private static void assertEnds(CountDownLatch left) throws InterruptedException {
        assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void ringsWhatWasSetBeforeItsStartAndAfter() throws InterruptedException {
        CountDownLatch before = ringing(3);
        loop.start();
        assertEnds(before);
        // It waits for nothing now, or for something far away: it must be woken.
        assertEnds(ringing(3));
        schedule.set(
                new ScrapeSchedule.Alarm() {
                    @Override
                    void ring() {}
                },
                System.nanoTime() + TimeUnit.HOURS.toNanos(1));
        assertEnds(ringing(3));
    }

    @Test
    void runsTasksOfAnyThreadItsOwnIncluded() {
        CompletableFuture<Thread> outer = new CompletableFuture<>();
        CompletableFuture<Thread> inner = new CompletableFuture<>();
        loop.run(() -> {
            outer.complete(Thread.currentThread());
            loop.run(() -> inner.complete(Thread.currentThread()));
        });
        assertThat(inner.orTimeout(10, TimeUnit.SECONDS).join())
                .isSameAs(outer.join())
                .isNotSameAs(Thread.currentThread());
    }

    @Test
    void tasksThatThrowAndInterruptionDoNotEndIt() throws InterruptedException {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        loop.run(() -> thread.complete(Thread.currentThread()));
        loop.run(() -> {
            throw new IllegalStateException("a mistake");
        });
        thread.join().interrupt();
        assertEnds(ringing(3));
    }

    @Test
    void itsThreadEndsWhenItIsClosedAndNoTaskRunsAfterThat() {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        loop.run(() -> thread.complete(Thread.currentThread()));
        Thread running = thread.orTimeout(10, TimeUnit.SECONDS).join();
        loop.close();
        await().atMost(Duration.ofSeconds(10)).until(() -> !running.isAlive());
        AtomicInteger late = new AtomicInteger();
        loop.run(late::incrementAndGet);
        loop.start();
        assertThat(late).hasValue(0);
    }
}

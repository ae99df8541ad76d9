package io.github.promferry.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Clock;
import io.github.promferry.http.wire.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
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
        loop.run(() -> {
            throw new AssertionError("a worse one");
        });
        thread.join().interrupt();
        assertEnds(ringing(3));
        assertThat(thread.join().isAlive()).isTrue();
    }

    @Test
    void sweepersThatThrowOrBringOthersDoNotEndIt() throws InterruptedException {
        CountDownLatch swept = new CountDownLatch(3);
        loop.run(() -> {
            loop.sweepWith(now -> {
                throw new IllegalStateException("a mistake");
            });
            loop.sweepWith(now -> {
                swept.countDown();
                loop.sweepWith(later -> {
                    swept.countDown();
                    return swept.getCount() > 0;
                });
                return false;
            });
        });
        assertEnds(swept);
    }

    /** A throwable of the machine or of code loaded badly: that target's scrape is lost, nothing else. */
    @Test
    void aSocketsHandlerThatThrowsLosesItsSocketOnly() throws Exception {
        CompletableFuture<Boolean> open = new CompletableFuture<>();
        try (ServerSocketChannel listener =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            loop.run(() -> {
                try {
                    SocketChannel channel = SocketChannel.open(listener.getLocalAddress());
                    channel.configureBlocking(false);
                    loop.register(channel, new HostPort("h", 1), ready -> {
                                loop.run(() -> open.complete(ready.channel().isOpen()));
                                throw new StackOverflowError("of a handler");
                            })
                            .await(SelectionKey.OP_WRITE);
                } catch (IOException e) {
                    open.completeExceptionally(e);
                }
            });
            assertThat(open.orTimeout(10, TimeUnit.SECONDS).join()).isFalse();
        }
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

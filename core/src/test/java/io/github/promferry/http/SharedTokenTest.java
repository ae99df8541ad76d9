package io.github.promferry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedTokenTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(10);
    private static final Duration LIFE = Duration.ofMinutes(10);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HandClock clock = new HandClock();
    private final Server server = new Server();
    private final SharedToken token = new SharedToken("http://login/", server, clock);

    /** Answers when the test wants it to. */
    private static final class Server implements SharedToken.Source {
        private final BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
        private final BlockingQueue<Thread> asking = new LinkedBlockingQueue<>();
        private volatile int requests;

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // By one thread after the other.
        public SharedToken.Answer ask() throws IOException {
            requests++;
            asking.add(Thread.currentThread());
            Object answer;
            try {
                answer = answers.take();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            if (answer instanceof IOException e) {
                throw e;
            }
            if (answer instanceof RuntimeException e) {
                throw e;
            }
            return new SharedToken.Answer((String) answer, LIFE);
        }

        /** Waits until the request under way has ended. */
        void awaitEnd() throws InterruptedException {
            asking.take().join();
        }
    }

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private void assertGets(String expected, Object answer) throws Exception {
        server.answers.add(answer);
        assertThat(token.get(LONG)).isEqualTo(expected);
        server.awaitEnd();
    }

    private void assertFails(String message) {
        assertThatIOException().isThrownBy(() -> token.get(LONG)).withMessage(message);
    }

    private void assertFails(String message, Exception answer) throws Exception {
        server.answers.add(answer);
        assertFails(message);
        server.awaitEnd();
    }

    /** Threads that want a token before there is one. */
    private List<Future<String>> getByThreads() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(8);
        List<Future<String>> gets = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            gets.add(threads.submit(() -> {
                begun.countDown();
                return token.get(LONG);
            }));
        }
        begun.await();
        return gets;
    }

    @Test
    void oneRequestServesAllWhoWait() throws Exception {
        List<Future<String>> gets = getByThreads();
        server.answers.add("t1");
        for (Future<String> get : gets) {
            assertThat(get.get()).isEqualTo("t1");
        }
        assertThat(server.requests).isEqualTo(1);
    }

    @Test
    void oneFailureIsToldToAllWhoWait() throws Exception {
        List<Future<String>> gets = getByThreads();
        server.answers.add(new IOException("HTTP 503"));
        for (Future<String> get : gets) {
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(get::get)
                    .withMessage("java.io.IOException: HTTP 503");
        }
        assertThat(server.requests).isEqualTo(1);
    }

    @Test
    void eachWaitsNoLongerThanItCan() throws Exception {
        Future<String> patient = threads.submit(() -> token.get(LONG));
        assertThatExceptionOfType(HttpTimeoutException.class)
                .isThrownBy(() -> token.get(SHORT))
                .withMessage("token server http://login/ gave no token within PT0.01S");
        server.answers.add("t1");
        assertThat(patient.get()).isEqualTo("t1");
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
    }

    @Test
    void whoWaitsForeverGetsIt() throws Exception {
        server.answers.add("t1");
        assertThat(token.get(ChronoUnit.FOREVER.getDuration())).isEqualTo("t1");
    }

    @Test
    void whoWaitsCanBeInterrupted() throws Exception {
        Future<Boolean> waiting = threads.submit(() -> {
            Thread.currentThread().interrupt();
            assertFails("interrupted while token server http://login/ was asked");
            return Thread.currentThread().isInterrupted();
        });
        assertThat(waiting.get()).isTrue();
        assertGets("t1", "t1");
    }

    @Test
    void aValidTokenIsUsedWhileItIsRenewed() throws Exception {
        assertGets("t1", "t1");
        clock.advance(LIFE.minusSeconds(30).minusNanos(1));
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
        assertThat(server.requests).isEqualTo(1);
        clock.advance(Duration.ofNanos(1));
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
        clock.advance(Duration.ofSeconds(30).minusNanos(1));
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
        clock.advance(Duration.ofNanos(1));
        assertThatExceptionOfType(HttpTimeoutException.class).isThrownBy(() -> token.get(SHORT));
        assertGets("t2", "t2");
        assertThat(server.requests).isEqualTo(2);
    }

    @Test
    void aValidTokenIsUsedWhileItsServerFails() throws Exception {
        assertGets("t1", "t1");
        clock.advance(LIFE.minusSeconds(20));
        assertGets("t1", new IOException("HTTP 503"));
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
        assertThat(server.requests).isEqualTo(2);
        clock.advance(Duration.ofSeconds(1));
        assertThat(token.get(Duration.ZERO)).isEqualTo("t1");
        server.answers.add("t2");
        server.awaitEnd();
        assertThat(token.get(Duration.ZERO)).isEqualTo("t2");
        assertThat(server.requests).isEqualTo(3);
    }

    @Test
    void aServerThatFailsIsLeftAloneForLongerAndLonger() throws Exception {
        int asked = 0;
        for (int pause : new int[] {1, 2, 4, 8, 16, 30, 30}) {
            String message = "failure " + ++asked;
            assertFails(message, new IOException(message));
            clock.advance(Duration.ofSeconds(pause).minusNanos(1));
            assertFails(message);
            assertThat(server.requests).as("requests within %s s", pause).isEqualTo(asked);
            clock.advance(Duration.ofNanos(1));
        }
        assertGets("t1", "t1");
        clock.advance(LIFE);
        assertFails("failure", new IOException("failure"));
        clock.advance(Duration.ofSeconds(1));
        assertGets("t2", "t2");
    }

    @Test
    void whatIsNotMeantToBeReadIsNotShown() throws Exception {
        assertFails(
                "token server http://login/ could not be asked: java.lang.IllegalStateException",
                new IllegalStateException("hunter2"));
        clock.advance(Duration.ofSeconds(1));
        assertGets("t1", "t1");
    }

    @Test
    void aRefusedTokenIsReplacedUnlessItIsBrandNew() throws Exception {
        assertGets("t1", "t1");
        clock.advance(Duration.ofSeconds(1));
        token.refused();
        assertGets("t2", "t2");
        token.refused();
        assertThat(token.get(Duration.ZERO)).isEqualTo("t2");
        assertThat(server.requests).isEqualTo(2);
    }
}

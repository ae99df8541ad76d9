package io.github.promferry.http;

import io.github.promferry.Clock;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A token that many threads use and one asks for. It is asked for anew some time before it expires, on a thread of that
 * request's own, and nobody waits for that as long as the old one is valid. Who has no valid one waits for the request under
 * way, each as long as it can. A token server that fails is left alone for a while. Thread-safe.
 */
final class SharedToken {
    /** A token is renewed so long before it expires, but not before nine tenths of its life. */
    private static final Duration EARLY = Duration.ofSeconds(30);

    /** After a failure nobody asks for so long, twice as long after the next one, and so on. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** A token this young is kept though it was refused: that was the one before, or no other would fare better. */
    private static final Duration YOUNG = Duration.ofSeconds(1);

    private final String server;
    private final Source source;
    private final Clock clock;

    private final Object lock = new Object();
    // Guarded by lock.
    private @Nullable Token token;
    private @Nullable FutureTask<Token> request;
    private @Nullable Throwable failure;
    private int failures;
    private long pauseEndNanos;

    /**
     * What a token server gave.
     *
     * @param value the token, in the form that it is used in
     * @param life counts from when it was asked for
     */
    record Answer(String value, Duration life) {}

    /** Asks the token server; in time. */
    interface Source {
        Answer ask() throws IOException;
    }

    /** An answer and when it was asked for. */
    private record Token(String value, long askedNanos, long lifeNanos) {
        boolean isOlderThan(long ageNanos, long nowNanos) {
            return nowNanos - askedNanos >= ageNanos;
        }

        boolean isToBeRenewed(long nowNanos) {
            return isOlderThan(lifeNanos - Math.min(EARLY.toNanos(), lifeNanos / 10), nowNanos);
        }

        boolean isValid(long nowNanos) {
            return !isOlderThan(lifeNanos, nowNanos);
        }
    }

    /** No token yet; the name of its server is for messages. */
    SharedToken(String server, Source source, Clock clock) {
        this.server = server;
        this.source = source;
        this.clock = clock;
    }

    /**
     * A valid token.
     *
     * @param atMost how long to wait for one
     * @throws IOException if there is none by then, or the server gives none
     */
    String get(Duration atMost) throws IOException {
        FutureTask<Token> asked;
        synchronized (lock) {
            long now = clock.nanos();
            Token known = token;
            if (known == null || known.isToBeRenewed(now)) {
                askIfNobodyDoes(now);
            }
            if (known != null && known.isValid(now)) {
                return known.value;
            }
            if (request == null) {
                throw told(failure);
            }
            asked = request;
        }
        return await(asked, atMost);
    }

    /** Tells that the token was refused. */
    void refused() {
        synchronized (lock) {
            if (token != null && token.isOlderThan(YOUNG.toNanos(), clock.nanos())) {
                token = null;
            }
        }
    }

    private void askIfNobodyDoes(long nowNanos) {
        boolean paused = failures > 0 && nowNanos - pauseEndNanos < 0;
        if (request != null || paused) {
            return;
        }
        FutureTask<Token> asking = new FutureTask<>(this::ask);
        Thread thread = new Thread(null, asking, "promferry-token", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        thread.start();
        request = asking;
    }

    private Token ask() throws IOException {
        long asked = clock.nanos();
        try {
            Answer answer = source.ask();
            Token got = new Token(answer.value(), asked, answer.life().toNanos());
            synchronized (lock) {
                token = got;
                failures = 0;
                request = null;
            }
            return got;
        } catch (Throwable e) {
            synchronized (lock) {
                long pause = FIRST_PAUSE.toNanos() << Math.min(failures++, 10);
                pauseEndNanos = clock.nanos() + Math.min(pause, LONGEST_PAUSE.toNanos());
                failure = e;
                request = null;
            }
            throw e;
        }
    }

    private String await(FutureTask<Token> asked, Duration atMost) throws IOException {
        try {
            return asked.get(TimeUnit.NANOSECONDS.convert(atMost), TimeUnit.NANOSECONDS).value;
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("token server " + server + " gave no token within " + atMost);
        } catch (ExecutionException e) {
            throw told(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while token server " + server + " was asked", e);
        }
    }

    /** One exception for each who hears of it. Only those meant for that have a message that may be shown. */
    private IOException told(@Nullable Throwable failed) {
        Throwable why = Objects.requireNonNull(failed);
        return why instanceof IOException
                ? new IOException(why.getMessage(), why)
                : new IOException(
                        "token server " + server + " could not be asked: "
                                + why.getClass().getName(),
                        why);
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends the blocks of one lane, one after the other, each until it is decided. What runs on a thread of the writer.
 *
 * <pre>
 *   take ──► wait for the turn ──► post ──► verdict ──► delivered
 *              ▲      ▲                        ├──────► dropped, with a reason
 *              │      └── at once: other half, other protocol, other credentials
 *              └── backoff or Retry-After ─────┘
 * </pre>
 */
final class Sender implements Runnable {
    private final RemoteWriteConfig config;
    private final Clock clock;
    private final Lane lane;
    private final BlockQueue queue;
    private final Gate gate;
    private final ProtocolChoice protocol;
    private final HttpSender http;
    private final Reporter reporter;
    private final Runnable afterBlock;
    private final Transcoder transcoder = new Transcoder();

    /** The last exchange got a response, so there may be a connection that the receiver closes while it is idle. */
    private boolean mayReuseConnection;

    Sender(
            RemoteWriteConfig config,
            Lane lane,
            BlockQueue queue,
            Gate gate,
            ProtocolChoice protocol,
            HttpSender http,
            Reporter reporter,
            Runnable afterBlock) {
        this.config = config;
        this.lane = lane;
        this.queue = queue;
        this.gate = gate;
        this.protocol = protocol;
        this.http = http;
        this.reporter = reporter;
        this.afterBlock = afterBlock;
        clock = config.clock();
    }

    @Override
    public void run() {
        try {
            for (Block block = queue.take(lane); block != null; block = queue.take(lane)) {
                new Delivery(block).run();
                afterBlock.run();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** The way of one block until it is decided or the writer stops. */
    private final class Delivery {
        private Block block;
        private long notBeforeNanos = clock.nanos();
        private int entered;
        private boolean credentialsRefreshed;
        private boolean v1Tried;

        Delivery(Block block) {
            this.block = block;
        }

        void run() throws InterruptedException {
            boolean again = true;
            while (again) {
                entered = gate.enter(notBeforeNanos);
                again = entered >= 0 && prepare() && handle(post());
            }
        }

        /** Makes the block one that can be sent now; false if nothing is left of it. */
        private boolean prepare() {
            if (isTooOld(block)) {
                gate.left();
                drop(block, 0, "too_old", null);
                return false;
            }
            if (block.protocol == WriteProtocol.V2 && protocol.isV1Only()) {
                Block other = asV1(block);
                if (other == null) {
                    gate.left();
                    return false;
                }
                block = other;
            }
            return true;
        }

        private Object post() throws InterruptedException {
            Object answer = attempt(block);
            if (mayReuseConnection && isStaleConnection(answer)) {
                // The receiver had closed an idle connection: nothing was lost but the time to notice.
                mayReuseConnection = false;
                answer = attempt(block);
            }
            mayReuseConnection = answer instanceof Response;
            return answer;
        }

        /** Does what the answer asks for; returns whether the block is to be sent again. */
        private boolean handle(Object answer) throws InterruptedException {
            if (!(answer instanceof Response response)) {
                return fail(answer);
            }
            switch (Verdict.of(block.protocol, response.status(), response.hasWrittenHeader())) {
                case DELIVERED -> {
                    recovered();
                    delivered(block, response);
                    return false;
                }
                case UNSUPPORTED -> {
                    return changeProtocol(response);
                }
                case PERHAPS_UNSUPPORTED -> {
                    return handlePerhapsUnsupported(response);
                }
                case TOO_LARGE -> {
                    return halve(response);
                }
                case UNAUTHORIZED -> {
                    return refreshCredentials() || fail(response);
                }
                default -> {
                    return fail(response);
                }
            }
        }

        private boolean changeProtocol(Response response) {
            recovered();
            if (!protocol.mayFallBack()) {
                boolean ignored = response.status() < 300;
                drop(block, 0, ignored ? "unconfirmed" : "http_415", failure(block, response));
                return false;
            }
            fallBack(response);
            notBeforeNanos = clock.nanos();
            return true;
        }

        /** A receiver that knows only 1.0 may answer 400 to 2.0, and so may one that does not like the samples. */
        private boolean handlePerhapsUnsupported(Response refusal) throws InterruptedException {
            if (!protocol.isUnsure() || v1Tried) {
                return fail(refusal);
            }
            Object trial = tryV1(block, refusal);
            if (trial == null) {
                return false;
            }
            // A trial that was refused leaves the first refusal standing; one that failed says nothing yet.
            v1Tried = trial instanceof Response response && isRefusal(response.status());
            return fail(v1Tried ? refusal : trial);
        }

        private boolean halve(Response response) {
            recovered();
            List<Block> halves = transcoder.halves(block);
            if (halves.isEmpty()) {
                drop(block, 0, "http_413", failure(block, response));
                return false;
            }
            if (!queue.replace(lane, block, halves, "failed")) {
                return false;
            }
            block = halves.get(0);
            notBeforeNanos = clock.nanos();
            return true;
        }

        /** Once for each block, where credentials may have changed meanwhile. */
        private boolean refreshCredentials() {
            if (credentialsRefreshed) {
                return false;
            }
            config.http().credentials().refused();
            if (!config.http().credentials().canChange()) {
                return false;
            }
            credentialsRefreshed = true;
            gate.left();
            notBeforeNanos = clock.nanos();
            return true;
        }

        /** Leaves it to the policy whether there is another attempt, and when. */
        private boolean fail(Object answer) {
            Response response = answer instanceof Response some ? some : null;
            WriteFailure failure = response == null ? failure(block, (Throwable) answer) : failure(block, response);
            Long wait = retryAfter(block, entered, failure, response);
            if (wait == null) {
                return false;
            }
            notBeforeNanos = clock.nanos() + wait;
            return true;
        }

        private void recovered() {
            reporter.recovered(gate.passed(), block);
        }
    }

    /** Sends the block once; returns the response or what was thrown instead. */
    private Object attempt(Block block) throws InterruptedException {
        if (block.attempts++ == 0) {
            block.firstAttemptNanos = clock.nanos();
        }
        queue.attempt(block);
        long start = clock.nanos();
        try {
            return http.post(block);
        } catch (IOException e) {
            return e;
        } catch (RuntimeException | Error e) {
            // Credentials and clients of the service's own may throw anything. Without its sender a lane would stand
            // still.
            return new IOException(e.toString(), e);
        } finally {
            block.sendNanos = clock.nanos() - start;
        }
    }

    private static boolean isStaleConnection(Object answer) {
        return answer instanceof IOException e
                && !(e instanceof ConnectException)
                && !(e instanceof HttpTimeoutException)
                && String.valueOf(e.getMessage()).contains("received no bytes");
    }

    private boolean isTooOld(Block block) {
        return !config.queue().maxAge().isZero()
                && clock.nanos() - block.sealedNanos
                        > TimeUnit.NANOSECONDS.convert(config.queue().maxAge());
    }

    /** Puts the block's 1.0 form in its place; null if nothing of it is left. */
    private @Nullable Block asV1(Block block) {
        Block other = transcoder.toV1(block);
        List<Block> replacement = other.samples == 0 ? List.of() : List.of(other);
        return queue.replace(lane, block, replacement, "invalid") && other.samples > 0 ? other : null;
    }

    private void fallBack(Response response) {
        if (protocol.fallBack()) {
            reporter.protocolChanged(
                    WriteProtocol.V1,
                    response.status() >= 300
                            ? "the receiver answered " + response.status() + " to Remote Write 2.0"
                            : "the receiver answered " + response.status()
                                    + " to Remote Write 2.0 without saying what it wrote, as one does that knows only 1.0");
        }
    }

    /**
     * Sends a block that was refused with 400 once more, as 1.0. If that is accepted, the receiver does not know 2.0.
     *
     * @return null if the block is decided now, else what came of the trial
     */
    private @Nullable Object tryV1(Block block, Object refusal) throws InterruptedException {
        Block trial = transcoder.toV1(block);
        if (trial.samples == 0) {
            return refusal;
        }
        trial.attempts = 1;
        trial.firstAttemptNanos = block.firstAttemptNanos;
        Object answer = attempt(trial);
        if (!(answer instanceof Response response)
                || Verdict.of(trial.protocol, response.status(), response.hasWrittenHeader()) != Verdict.DELIVERED) {
            return answer;
        }
        fallBack((Response) refusal);
        reporter.recovered(gate.passed(), block);
        if (queue.replace(lane, block, List.of(trial), "invalid")) {
            delivered(trial, response);
        }
        return null;
    }

    private void delivered(Block block, Response response) {
        int written = block.samples;
        if (block.protocol == WriteProtocol.V2) {
            protocol.confirm();
            written = (int) Math.min(response.written(), block.samples);
        }
        WriteFailure shortfall = written < block.samples ? failure(block, response) : null;
        if (queue.decide(lane, block, written, "not_written")) {
            reporter.delivered(lane, block);
            if (shortfall != null) {
                reporter.dropped(lane, block, block.samples - written, "not_written", shortfall);
            }
        }
    }

    private void drop(Block block, int written, String reason, @Nullable WriteFailure failure) {
        if (queue.decide(lane, block, written, reason)) {
            reporter.dropped(lane, block, block.samples - written, reason, failure);
        }
    }

    /**
     * Asks the policy about a failure and closes the gate for as long.
     *
     * @return how many nanoseconds to wait, or null if the block was dropped
     */
    private @Nullable Long retryAfter(Block block, int entered, WriteFailure failure, @Nullable Response response) {
        Duration wait = ask(failure);
        if (wait == null) {
            if (isRefusal(failure.status())) {
                reporter.recovered(gate.passed(), block);
            } else {
                gate.failed(entered, 0);
            }
            drop(block, written(block, response), reason(failure), failure);
            return null;
        }
        Duration gateWait = ask(new WriteFailure(
                failure.status(),
                failure.message(),
                failure.cause(),
                failure.retryAfter(),
                entered + 1,
                Duration.ofNanos(gate.failingNanos())));
        gate.failed(entered, gateWait == null ? 0 : TimeUnit.NANOSECONDS.convert(gateWait));
        reporter.retrying(lane, block, failure, wait, entered);
        return Math.max(0, TimeUnit.NANOSECONDS.convert(wait));
    }

    /** The receiver is well, it is this block that it does not want. */
    private static boolean isRefusal(int status) {
        return status >= 400 && status < 500 && status != 408 && status != 429;
    }

    private @Nullable Duration ask(WriteFailure failure) {
        try {
            return config.retry().nextDelay(failure);
        } catch (RuntimeException e) {
            reporter.policyFailed(e);
            return RetryPolicy.DEFAULT.nextDelay(failure);
        }
    }

    private static String reason(WriteFailure failure) {
        return failure.hasResponse() ? "http_" + failure.status() : "gave_up";
    }

    /** A 2.0 receiver says what it wrote before it refused the rest. */
    private static int written(Block block, @Nullable Response response) {
        if (response == null || block.protocol != WriteProtocol.V2 || response.status() / 100 != 4) {
            return 0;
        }
        return (int) Math.min(response.written(), block.samples);
    }

    private WriteFailure failure(Block block, Response response) {
        return new WriteFailure(
                response.status(),
                response.message(),
                null,
                response.retryAfter(clock.wallMillis()),
                block.attempts,
                Duration.ofNanos(clock.nanos() - block.firstAttemptNanos));
    }

    private WriteFailure failure(Block block, Throwable cause) {
        return new WriteFailure(
                WriteFailure.NO_RESPONSE,
                describe(cause),
                cause,
                null,
                block.attempts,
                Duration.ofNanos(clock.nanos() - block.firstAttemptNanos));
    }

    /** The client's exceptions often have no message. */
    private String describe(Throwable cause) {
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof UnresolvedAddressException) {
                return "host " + config.url().getHost() + " is not known";
            }
        }
        String text = cause.getMessage();
        if (text != null) {
            return text;
        }
        return cause instanceof ConnectException
                ? "connection refused"
                : cause.getClass().getName();
    }
}

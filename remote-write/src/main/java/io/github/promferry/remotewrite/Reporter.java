package io.github.promferry.remotewrite;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the listener and the log what happened. The log hears of changes of state, and of each different message of a
 * receiver once; everything is counted elsewhere. Thread-safe.
 */
final class Reporter {
    private static final Logger LOGGER = System.getLogger(RemoteWriter.class.getName());

    /** A receiver that makes up a new message for every request is heard so often, no more. */
    private static final int MAX_MESSAGES = 50;

    private final String writer;
    private final String url;
    private final WriteListener listener;

    /** Messages logged already, without their digits: timestamps and values differ in each. Guarded by this. */
    private final Set<String> logged = new HashSet<>();

    Reporter(RemoteWriteConfig config) {
        writer = config.name();
        url = config.shownUrl();
        listener = config.listener();
    }

    void delivered(Lane lane, Block block) {
        tell(to -> to.delivered(block.info(writer, lane.slice.index())));
    }

    void retrying(Lane lane, Block block, WriteFailure failure, Duration delay, int failuresBefore) {
        if (failuresBefore == 0) {
            LOGGER.log(
                    Level.WARNING,
                    writer + ": " + url + " does not take samples, trying again until it does: " + describe(failure));
        }
        tell(to -> to.retrying(block.info(writer, lane.slice.index()), failure, delay));
    }

    void recovered(int failuresBefore, Block block) {
        if (failuresBefore > 0) {
            LOGGER.log(
                    Level.INFO,
                    writer + ": " + url + " answers again after " + failuresBefore + " failed attempts, "
                            + block.attempts + " of them for the block now sent");
        }
    }

    void dropped(Lane lane, Block block, long samples, String reason, @Nullable WriteFailure failure) {
        String what = failure == null ? "" : ": " + describe(failure);
        if (isNew(reason + what)) {
            String lost = block.samples == 0 ? "metadata" : samples + " samples";
            LOGGER.log(Level.WARNING, writer + ": dropped " + lost + " (" + reason + ") for " + url + what);
        }
        tell(to -> to.dropped(block.info(writer, lane.slice.index()), samples, reason, failure));
    }

    void lost(Lane lane, SpoolLog.Lost lost) {
        String reason = lost.loss().reason;
        if (isNew("spool " + reason)) {
            LOGGER.log(
                    Level.WARNING,
                    writer + ": dropped " + lost.samples() + " samples (" + reason + ") that waited in "
                            + lost.segment().file);
        }
        SpoolSegment segment = lost.segment();
        int samples = (int) Math.min(lost.samples(), Integer.MAX_VALUE);
        BlockInfo info = new BlockInfo(
                writer,
                lane.slice.index(),
                segment.kind == 1 ? WriteProtocol.V1 : WriteProtocol.V2,
                samples,
                0,
                0,
                segment.minTimestampMillis,
                segment.maxTimestampMillis,
                0);
        tell(to -> to.dropped(info, lost.samples(), reason, null));
    }

    void protocolChanged(WriteProtocol protocol, String reason) {
        LOGGER.log(
                Level.WARNING,
                writer + ": sending " + protocol.configName() + " to " + url + " from now on: " + reason);
        tell(to -> to.protocolChanged(protocol, reason));
    }

    void policyFailed(RuntimeException e) {
        LOGGER.log(Level.WARNING, writer + ": the retry policy failed, the default decides", e);
    }

    private static String describe(WriteFailure failure) {
        if (!failure.hasResponse()) {
            Throwable cause = failure.cause();
            return (cause == null ? "" : cause.getClass().getSimpleName() + ": ") + failure.message();
        }
        return "HTTP " + failure.status() + (failure.message().isEmpty() ? "" : ": " + failure.message());
    }

    private synchronized boolean isNew(String message) {
        return logged.size() < MAX_MESSAGES && logged.add(message.replaceAll("[0-9]+", "#"));
    }

    private void tell(Consumer<WriteListener> event) {
        try {
            event.accept(listener);
        } catch (RuntimeException e) {
            if (isNew("listener " + e.getClass())) {
                LOGGER.log(Level.WARNING, writer + ": the write listener failed", e);
            }
        }
    }
}

package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an engine is doing, worked out from its last pages: a snapshot. Immutable and thread-safe.
 *
 * @param target the labels that all series of the target have, {@code job} and {@code instance} among them
 * @param engine what answers there, or null before it was recognized
 * @param state what it is doing
 * @param since when it began to
 * @param lastScrape time of the last scrape, whatever came of it; it stands still if the target is scraped no more
 * @param window how far apart the two pages are that rates and quantiles are told from; zero while there is only one
 * @param total the whole page: ratios averaged, all else added up over its models and ranks
 * @param parts by model and rank (labels {@code model_name}, {@code engine}, {@code dp_rank}), in the order of the page; a
 *     signal that the engine tells of all ranks together is in a part of its own
 * @since 0.1
 */
public record EngineSignals(
        Labels target,
        @Nullable EngineMatch engine,
        ServingState state,
        Instant since,
        Instant lastScrape,
        Duration window,
        SignalValues total,
        Map<Labels, SignalValues> parts) {
    /** Short: the state and the total. */
    @Override
    public String toString() {
        return "EngineSignals[" + target + " "
                + (engine == null ? "" : engine.engine().name() + " ") + state + ": " + total + "]";
    }
}

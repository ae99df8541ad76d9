package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.SampleSink;
import java.util.concurrent.Executor;

/**
 * What all loops of a scraper share.
 *
 * @param clock the two times
 * @param schedule rings when a scrape is due or a fetch has taken too long
 * @param workers parse and append; as many as cores
 * @param quickWorkers the same for small pages: perhaps the thread they come on
 * @param workspaces what a worker needs
 * @param buffers for pages
 * @param sink takes the samples
 * @param listener is told; its exceptions are caught
 * @param salt tells replicas apart in the choice of offsets
 * @param toleranceMillis how far from its tick a scrape may begin and still have the tick's timestamp
 */
record ScrapeContext(
        Clock clock,
        ScrapeSchedule schedule,
        Executor workers,
        Executor quickWorkers,
        Workspace.Pool workspaces,
        PageBuffers buffers,
        SampleSink sink,
        ScrapeListener listener,
        String salt,
        long toleranceMillis) {
    /** The same where code of the user has a part in reading, and may take its time. */
    ScrapeContext onWorkers() {
        return new ScrapeContext(
                clock, schedule, workers, workers, workspaces, buffers, sink, listener, salt, toleranceMillis);
    }
}

package io.github.promferry.scrape;

/**
 * Is told what happens to targets. Called on the scraper's own threads, for one target never concurrently: be quick, do
 * not block, do not call back into the scraper's {@code close}. Exceptions are logged and change nothing.
 *
 * @since 0.1
 */
public interface ScrapeListener {
    /**
     * A scrape has ended, well or not, and its samples were offered to the sink.
     *
     * @param status of the target; {@link TargetStatus#lastScrape()} is not null
     */
    default void scraped(TargetStatus status) {}

    /**
     * A scrape was due but the one before is still running.
     *
     * @param status of the target
     */
    default void skipped(TargetStatus status) {}

    /**
     * A discovery could not look for targets; those known before stay.
     *
     * @param job the name of the job
     * @param reason what failed
     */
    default void discoveryFailed(String job, String reason) {}
}

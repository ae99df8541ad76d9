package io.github.promferry.scrape;

import org.jspecify.annotations.Nullable;

/**
 * How a job's targets come and go: a snapshot. Immutable.
 *
 * @param job the name of the job
 * @param activeTargets how many targets are scraped
 * @param droppedTargets how many are not, see {@link Scraper#droppedTargets()}
 * @param discoveryFailures how often a discovery has said that it could not look for targets
 * @param lastDiscoveryFailure what it said last, or null if it never did
 * @since 0.1
 */
public record JobStatus(
        String job,
        int activeTargets,
        int droppedTargets,
        long discoveryFailures,
        @Nullable String lastDiscoveryFailure) {}

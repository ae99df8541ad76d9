package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.parse.LeftOut;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a target is doing: a snapshot. Immutable.
 *
 * @param job the name of the target's job
 * @param target as it was given
 * @param labels those that its series get, {@code job} and {@code instance} among them
 * @param uri what is fetched
 * @param interval between two scrapes, its own or the job's
 * @param timeout of a scrape, its own or the job's
 * @param health as of the last scrape
 * @param lastScrape null before the first scrape has ended
 * @param counts since the target was added
 * @param nextScrapeMillis when the next scrape is due, in milliseconds since the Unix epoch
 * @since 0.1
 */
public record TargetStatus(
        String job,
        Target target,
        Labels labels,
        URI uri,
        Duration interval,
        Duration timeout,
        Health health,
        @Nullable LastScrape lastScrape,
        Counts counts,
        long nextScrapeMillis) {
    /**
     * Whether a target answers. A sink that refuses samples has no part in it.
     *
     * @since 0.1
     */
    public enum Health {
        /** Not scraped yet. */
        UNKNOWN,
        /** The last scrape succeeded. */
        UP,
        /** The last scrape failed. */
        DOWN
    }

    /**
     * What came of one scrape.
     *
     * @param timestampMillis of its samples, in milliseconds since the Unix epoch
     * @param duration from its begin to its last sample
     * @param failure why it failed, or null if it did not
     * @param bodyBytes size of the page, unpacked; -1 if it was over the limit, 0 if none came
     * @param samplesScraped samples on the page
     * @param samplesKept those that metric relabeling left
     * @param seriesAdded those of a series that was not known before
     * @param leftOut those of them that did not go to the sink though the scrape is good, by reason; unmodifiable
     * @param refusal why the sink did not take the samples, or null if it did
     * @since 0.1
     */
    public record LastScrape(
            long timestampMillis,
            Duration duration,
            @Nullable ScrapeFailure failure,
            int bodyBytes,
            int samplesScraped,
            int samplesKept,
            int seriesAdded,
            Map<LeftOut, LeftOutSamples> leftOut,
            @Nullable String refusal) {
        /**
         * How many samples were left out.
         *
         * @param why for which reason
         * @return a number of samples
         */
        public int leftOutCount(LeftOut why) {
            LeftOutSamples samples = leftOut.get(why);
            return samples == null ? 0 : samples.count;
        }

        LastScrape refused(String why) {
            return new LastScrape(
                    timestampMillis,
                    duration,
                    failure,
                    bodyBytes,
                    samplesScraped,
                    samplesKept,
                    seriesAdded,
                    leftOut,
                    why);
        }
    }

    /**
     * Samples that were left out for the same reason.
     *
     * @param count how many
     * @param first the series of the first, without the labels of the target
     * @since 0.1
     */
    public record LeftOutSamples(int count, Labels first) {}

    /**
     * Totals of a target.
     *
     * @param scrapes scrapes that have ended, in whatever way
     * @param failures those that failed
     * @param skipped scrapes that were due but not begun, because the one before was still running or time had leaped
     * @param refusals scrapes whose samples the sink did not take
     * @since 0.1
     */
    public record Counts(long scrapes, long failures, long skipped, long refusals) {}

    /**
     * Why the last scrape failed.
     *
     * @return null if it succeeded or there was none yet
     */
    public @Nullable ScrapeFailure lastFailure() {
        return lastScrape == null ? null : lastScrape.failure();
    }

    /** Query parameters may hold tokens, so they are left out. */
    @Override
    public String toString() {
        return "TargetStatus[" + job + " " + ShownUrl.of(uri) + " " + health + ", " + lastScrape + ", " + counts + "]";
    }
}

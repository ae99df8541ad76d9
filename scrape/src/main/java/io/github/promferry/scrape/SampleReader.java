package io.github.promferry.scrape;

import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.LeftOut;
import org.jspecify.annotations.Nullable;

/**
 * Turns what came of a target into rows, and remembers which series are live. Used by one thread at a time.
 *
 * <p>Counts are those of the last reading; of one that failed, those before the failure.
 */
interface SampleReader {
    /** Whether there is nothing to read: not even an end mark. As in Prometheus, that is a page without series. */
    boolean isEmpty(PageBuffer page);

    /**
     * Adds the rows. If it throws, none of them is there, the series read before the failure are alive, and the others
     * have vanished.
     *
     * @param timestampMillis of samples that have none of their own
     */
    void read(ExpositionFormat format, PageBuffer page, long timestampMillis, SampleBatch into);

    /** Adds a stale row for each series that was alive before the last reading and is not any more. */
    void addVanished(long timestampMillis, SampleBatch into);

    /** Adds a stale row for each live series; then none is live. */
    void addAllStale(long timestampMillis, SampleBatch into);

    /** The sink did not take the rows: samples that come again are wanted. */
    void lose();

    /** The target is gone. */
    void forget();

    int sampleCount();

    int keptCount();

    int newSeriesCount();

    int leftOutCount(LeftOut why);

    /** The series of the first of them, or null. */
    @Nullable
    Series firstLeftOut(LeftOut why);

    /** Reads pages. */
    final class OfPages implements SampleReader {
        private final ExpositionParser parser;

        OfPages(ExpositionParser parser) {
            this.parser = parser;
        }

        @Override
        public boolean isEmpty(PageBuffer page) {
            return page.length() == 0;
        }

        @Override
        public void read(ExpositionFormat format, PageBuffer page, long timestampMillis, SampleBatch into) {
            parser.parse(format, page.bytes(), 0, page.length(), timestampMillis, into);
        }

        @Override
        public void addVanished(long timestampMillis, SampleBatch into) {
            parser.addVanished(timestampMillis, into);
        }

        @Override
        public void addAllStale(long timestampMillis, SampleBatch into) {
            parser.addAllStale(timestampMillis, into);
        }

        @Override
        public void lose() {
            parser.lose();
        }

        @Override
        public void forget() {
            parser.forget();
        }

        @Override
        public int sampleCount() {
            return parser.sampleCount();
        }

        @Override
        public int keptCount() {
            return parser.keptCount();
        }

        @Override
        public int newSeriesCount() {
            return parser.newSeriesCount();
        }

        @Override
        public int leftOutCount(LeftOut why) {
            return parser.leftOutCount(why);
        }

        @Override
        public @Nullable Series firstLeftOut(LeftOut why) {
            return parser.firstLeftOut(why);
        }
    }
}

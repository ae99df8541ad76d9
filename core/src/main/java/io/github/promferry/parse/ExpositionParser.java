package io.github.promferry.parse;

import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads the pages of one target, one after the other, into rows of a {@link SampleBatch}.
 *
 * <p>It remembers the order of the last good page. A line that comes where it came last time is recognized by comparing
 * bytes; a known line elsewhere by its hash; only a line never seen by any parser of the {@link SeriesDictionary} is taken
 * apart, checked and handed to the {@link SeriesResolver}. In the steady state nothing is allocated.
 *
 * <p>Used by one thread at a time. The page's array is read during the call only and not kept. When the target is gone,
 * call {@link #forget} so that the dictionary can let its series go.
 *
 * @since 0.1
 */
public final class ExpositionParser {
    /** Of pages as engines have them, comments included. No more than a guess at what to reserve. */
    private static final int BYTES_PER_LINE = 80;

    private final SeriesDictionary dictionary;
    private final ParseOptions options;
    private final PageOrder order;
    private final PageCounts counts = new PageCounts();
    private final LastStamps lastStamps;
    private final PageRows rows;
    private final TextParser text;
    /** Whether the last page could be read, and nobody has looked at its lines together yet. */
    private boolean structureUnknown;
    /** Few targets speak it, and a parser weighs on every target; made when first needed. */
    private @Nullable ProtobufParser protobuf;

    /** A parser with a dictionary of its own that keeps every series as exposed, and the default options. */
    public ExpositionParser() {
        this(new SeriesDictionary(SeriesResolver.AS_EXPOSED), ParseOptions.DEFAULTS);
    }

    /**
     * A parser.
     *
     * @param dictionary shared by the parsers of all targets whose series are resolved alike
     * @param options how pages are read
     */
    public ExpositionParser(SeriesDictionary dictionary, ParseOptions options) {
        this.dictionary = Objects.requireNonNull(dictionary, "dictionary");
        this.options = Objects.requireNonNull(options, "options");
        lastStamps = new LastStamps(options);
        order = new PageOrder(dictionary, options, lastStamps);
        rows = new PageRows(options, order, counts, lastStamps);
        text = new TextParser(dictionary, options, order, counts, rows);
    }

    /**
     * Reads a page. Its rows are added in page order; of a series that stands twice on it, without timestamps of their
     * own, the first. If the page cannot be read, the batch is at its former size again. Then, as in Prometheus, the series
     * that came before the failure count as present, although their samples are lost, and all others as vanished.
     *
     * @param format what the page is in
     * @param page holds the page; bytes outside of the range have no influence
     * @param from where it begins
     * @param to where it ends
     * @param timestampMillis of samples that have no timestamp of their own
     * @param into where the rows go
     * @throws ExpositionException if the page is malformed, breaks a limit, or the resolver rejects a series
     */
    public void parse(ExpositionFormat format, byte[] page, int from, int to, long timestampMillis, SampleBatch into) {
        Objects.requireNonNull(format, "format");
        Objects.checkFromToIndex(from, to, page.length);
        int before = into.size();
        counts.reset();
        structureUnknown = false;
        order.begin();
        rows.begin(into, timestampMillis);
        boolean good = false;
        if (order.isEmpty()) {
            int lines = (to - from) / BYTES_PER_LINE;
            dictionary.expect(lines);
            order.expect(lines);
        }
        try {
            read(format, page, from, to);
            rows.finish();
            order.commit();
            good = true;
            structureUnknown = true;
        } finally {
            if (!good) {
                into.truncate(before);
                order.abort();
            }
            rows.end();
        }
    }

    private ProtobufParser protobuf() {
        ProtobufParser parser = protobuf;
        if (parser == null) {
            parser = new ProtobufParser(dictionary, options, order, counts, rows);
            protobuf = parser;
        }
        return parser;
    }

    private void read(ExpositionFormat format, byte[] page, int from, int to) {
        if (format == ExpositionFormat.PROTOBUF) {
            protobuf().parse(page, from, to);
            return;
        }
        byte[] unquoted = options.strict() ? null : QuotedPage.unquoted(page, from, to);
        if (unquoted == null) {
            text.parse(format, page, from, to);
        } else {
            counts.tolerate(Tolerated.QUOTED_PAGE);
            text.parse(format, unquoted, 0, unquoted.length);
        }
    }

    /**
     * Sample lines of the last page, before the resolver dropped any, duplicates included; of a page that could not be
     * read, those before the error.
     *
     * @return a number of lines
     */
    public int sampleCount() {
        return counts.samples;
    }

    /**
     * Sample lines of the last page that the resolver kept, duplicates included.
     *
     * @return a number of lines
     */
    public int keptCount() {
        return counts.kept;
    }

    /**
     * Series of the last page that this parser did not remember from the pages before; of a page that broke the sample
     * limit, those before that.
     *
     * @return a number of series
     */
    public int newSeriesCount() {
        return order.newSeries();
    }

    /**
     * Samples of the last page that became no rows.
     *
     * @param why for which reason
     * @return a number of samples
     */
    public int leftOutCount(LeftOut why) {
        return counts.leftOut(why);
    }

    /**
     * The series of the first of them.
     *
     * @param why for which reason
     * @return null if there is none
     */
    public @Nullable Series firstLeftOut(LeftOut why) {
        return counts.firstLeftOut(why);
    }

    /**
     * Lines of the last page that were left out as malformed; only with {@link ParseOptions#skipBadLines}.
     *
     * @return a number of lines
     */
    public int badLineCount() {
        return counts.badLines;
    }

    /**
     * How often the last page did what its format forbids. The first call after a page for one of the kinds that show only in
     * the lines of a page together looks at each of them again, which takes about as long as the first page did.
     *
     * @param kind what it did
     * @return how often
     */
    public int toleratedCount(Tolerated kind) {
        if (structureUnknown && kind.isOfLinesTogether()) {
            structureUnknown = false;
            PageStructure structure = new PageStructure(text.rules(), counts);
            order.addTo(structure);
            structure.finish();
        }
        return counts.tolerated(kind);
    }

    /** Those of the last good page, up to {@link Entry#END}. */
    Entry[] lines() {
        return order.order();
    }

    /**
     * Adds a stale row for each live series that the last page lacks. Call it once after each page, after one that could
     * not be read, too. Series whose samples had timestamps of their own are left out, unless {@link
     * ParseOptions#trackTimestampsStaleness}.
     *
     * @param timestampMillis of the rows
     * @param into where the rows go
     */
    public void addVanished(long timestampMillis, SampleBatch into) {
        order.addVanished(timestampMillis, into);
    }

    /**
     * Adds a stale row for each live series, for a scrape that gave no page or a target that is gone; then no series is
     * live, and a second call adds nothing. The next good page brings the series back without being slow.
     *
     * @param timestampMillis of the rows
     * @param into where the rows go
     */
    public void addAllStale(long timestampMillis, SampleBatch into) {
        order.addAllStale(timestampMillis, into);
    }

    /**
     * What the last page gave did not reach those who it was for: samples that the next page repeats become rows again,
     * though with {@link ParseOptions#dropOutOfOrder} they would not.
     */
    public void lose() {
        lastStamps.lose();
    }

    /** Forgets the last page and gives its series back to the dictionary. The parser can be used again. */
    public void forget() {
        order.forget();
        lastStamps.forget();
    }
}

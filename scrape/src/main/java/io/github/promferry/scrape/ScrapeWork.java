package io.github.promferry.scrape;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionException;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.LeftOut;
import io.github.promferry.parse.SeriesRejectedException;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import io.github.promferry.scrape.TargetStatus.LastScrape;
import io.github.promferry.scrape.TargetStatus.LeftOutSamples;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker makes of a fetch: a batch with the samples of the page, stale markers for what is not on it, and the
 * report series; and takes it to the sink. What is alive is the reader's to know. Used by one worker at a time.
 */
final class ScrapeWork {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);
    private static final LeftOut[] REASONS = LeftOut.values();

    private final ActiveTarget target;
    private final Labels commonLabels;
    private final SampleReader reader;
    private final ScrapeContext context;
    private boolean warned;

    /** What the last page that was of a known format said of itself, which is likely to be what the next one says. */
    private @Nullable String knownType;

    private ExpositionFormat knownFormat = ExpositionFormat.TEXT_0_0_4;

    /**
     * The work for a target.
     *
     * @param commonLabels of all its samples: those of the target and the external ones
     * @param reader used by this alone
     */
    ScrapeWork(ActiveTarget target, Labels commonLabels, SampleReader reader, ScrapeContext context) {
        this.target = target;
        this.commonLabels = commonLabels;
        this.reader = reader;
        this.context = context;
    }

    Labels commonLabels() {
        return commonLabels;
    }

    SampleReader reader() {
        return reader;
    }

    /** When a scrape began: by the wall, for its samples, and by the other clock, for its duration. */
    record Begin(long timestampMillis, long nanos) {}

    /** A page has come, which is given back. */
    LastScrape deliver(Fetcher.Page page, Begin begin) {
        Workspace workspace = context.workspaces().lend();
        try {
            SampleBatch batch = workspace.batch();
            batch.reset(commonLabels);
            return report(read(page, begin, workspace), batch);
        } finally {
            context.buffers().giveBack(page.body());
            context.workspaces().giveBack(workspace);
        }
    }

    /** No page has come: everything has ended. */
    LastScrape deliver(ScrapeFailure failure, Begin begin) {
        Workspace workspace = context.workspaces().lend();
        try {
            SampleBatch batch = workspace.batch();
            batch.reset(commonLabels);
            return report(failed(failure, begin, batch, 0), batch);
        } finally {
            context.workspaces().giveBack(workspace);
        }
    }

    /**
     * The target is gone: ends all its series.
     *
     * @param reported whether the report series exist, so that they end, too
     */
    void deliverAllStale(long timestampMillis, boolean reported) {
        Workspace workspace = context.workspaces().lend();
        try {
            SampleBatch batch = workspace.batch();
            batch.reset(commonLabels);
            reader.addAllStale(timestampMillis, batch);
            if (reported) {
                ReportSeries.addStale(target.job().reports(), timestampMillis, batch);
            }
            if (!batch.isEmpty() && !context.sink().append(batch)) {
                LOG.log(Level.WARNING, () -> target.name() + ": the sink did not take the stale markers");
            }
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, () -> target.name() + ": stale markers were lost", e);
        } finally {
            context.workspaces().giveBack(workspace);
        }
    }

    /** A scrape of which nothing is told. */
    LastScrape untold(ScrapeFailure failure, Begin begin) {
        return outcome(begin, failure, 0, false);
    }

    /** Page to rows. If that fails, no row of the page stays, but what was read before the failure is alive. */
    private LastScrape read(Fetcher.Page page, Begin begin, Workspace workspace) {
        SampleBatch batch = workspace.batch();
        int bodyBytes = 0;
        ScrapeFailure failure;
        try {
            PageBuffer plain = unpacked(page, workspace);
            bodyBytes = plain.length();
            if (reader.isEmpty(plain)) {
                reader.addAllStale(begin.timestampMillis, batch);
                return outcome(begin, null, 0, false);
            }
            reader.read(format(page.contentType()), plain, begin.timestampMillis, batch);
            failure = null;
        } catch (FetchException e) {
            return failed(e.failure(), begin, batch, bodyBytes);
        } catch (ExpositionException e) {
            failure = unreadable(e, page.contentType());
        } catch (SeriesRejectedException e) {
            failure = ScrapeFailure.of(Kind.LIMIT, message(e));
        } catch (RuntimeException e) {
            // Relabeling by user code, or a mistake of ours: this target's page is lost, nothing else.
            LOG.log(Level.ERROR, () -> target.name() + ": an unexpected exception while reading the page", e);
            failure = ScrapeFailure.of(Kind.INTERNAL, "unexpected exception: " + e);
        }
        reader.addVanished(begin.timestampMillis, batch);
        return outcome(begin, failure, bodyBytes, true);
    }

    private PageBuffer unpacked(Fetcher.Page page, Workspace workspace) throws FetchException {
        String encoding = page.contentEncoding();
        if (encoding == null || encoding.isBlank() || encoding.strip().equalsIgnoreCase("identity")) {
            return page.body();
        }
        String word = encoding.strip().toLowerCase(Locale.ROOT);
        if (!word.equals("gzip") && !word.equals("x-gzip")) {
            throw new FetchException(
                    Kind.CONTENT, "the page has content encoding \"" + encoding + "\", which was not asked for");
        }
        workspace.page().clear();
        workspace
                .gzip()
                .unpack(page.body(), workspace.page(), target.job().limits().bodyBytes());
        return workspace.page();
    }

    private ExpositionFormat format(@Nullable String contentType) throws FetchException {
        if (contentType != null && contentType.equals(knownType)) {
            return knownFormat;
        }
        ExpositionFormat announced = ExpositionFormat.ofContentType(contentType);
        if (announced == null || contentType == null) {
            return fallback(contentType);
        }
        if (ExpositionFormat.foreignCharset(contentType) != null) {
            String foreign = typeOf(contentType) + ", but expositions are UTF-8";
            if (target.job().parsing().strict()) {
                throw new FetchException(Kind.CONTENT, foreign + " (strict mode)");
            }
            warnOnce(foreign);
        }
        knownType = contentType;
        knownFormat = announced;
        return announced;
    }

    private ExpositionFormat fallback(@Nullable String contentType) throws FetchException {
        String type = typeOf(contentType) + ", which is no exposition: ";
        ExpositionFormat fallback = target.job().fallbackFormat();
        if (fallback == null) {
            throw new FetchException(Kind.CONTENT, type + "check the path, or set fallbackFormat of the job");
        }
        warnOnce(type + "it is read as " + fallback.configName() + " (fallbackFormat of the job)");
        return fallback;
    }

    private static String typeOf(@Nullable String contentType) {
        return "the page has " + (contentType == null ? "no content type" : "content type \"" + contentType + "\"");
    }

    /** A target is likely to answer the same each time. */
    private void warnOnce(String message) {
        if (!warned) {
            warned = true;
            LOG.log(Level.WARNING, () -> target.name() + ": " + message);
        }
    }

    private ScrapeFailure unreadable(ExpositionException e, @Nullable String contentType) {
        if (e.isLimit()) {
            return new ScrapeFailure(Kind.LIMIT, message(e), e.line(), e.column());
        }
        String read = ExpositionFormat.ofContentType(contentType) != null
                ? ""
                : contentType == null ? " (the page has no content type)" : " (content type \"" + contentType + "\")";
        return new ScrapeFailure(Kind.PARSE, message(e) + read, e.line(), e.column());
    }

    private static String message(Exception e) {
        return String.valueOf(e.getMessage());
    }

    private LastScrape failed(ScrapeFailure failure, Begin begin, SampleBatch batch, int bodyBytes) {
        reader.addAllStale(begin.timestampMillis, batch);
        return outcome(begin, failure, failure.kind() == Kind.BODY_SIZE ? -1 : bodyBytes, false);
    }

    private LastScrape outcome(Begin begin, @Nullable ScrapeFailure failure, int bodyBytes, boolean read) {
        return new LastScrape(
                begin.timestampMillis,
                Duration.ofNanos(context.clock().nanos() - begin.nanos),
                failure,
                bodyBytes,
                read ? reader.sampleCount() : 0,
                read ? reader.keptCount() : 0,
                read ? reader.newSeriesCount() : 0,
                read ? leftOut() : Map.of(),
                null);
    }

    private Map<LeftOut, LeftOutSamples> leftOut() {
        Map<LeftOut, LeftOutSamples> all = Map.of();
        for (LeftOut why : REASONS) {
            Series first = reader.firstLeftOut(why);
            if (first != null) {
                all = all.isEmpty() ? new EnumMap<>(LeftOut.class) : all;
                all.put(why, new LeftOutSamples(reader.leftOutCount(why), first.labels()));
            }
        }
        return Collections.unmodifiableMap(all);
    }

    private LastScrape report(LastScrape scrape, SampleBatch batch) {
        ReportSeries.add(target.job().reports(), scrape, target, batch);
        String refusal = batch.isEmpty() ? null : refusal(batch);
        if (refusal == null) {
            return scrape;
        }
        reader.lose();
        return scrape.refused(refusal);
    }

    /** The sink's trouble is never the target's: it is counted and told, and {@code up} stays what it is. */
    private @Nullable String refusal(SampleBatch batch) {
        try {
            return context.sink().append(batch) ? null : "the sink took none of the " + batch.size() + " samples";
        } catch (RuntimeException e) {
            return "the sink threw " + e;
        }
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the comments by which {@link PageWriter} says in text what text has no place for, in the syntax of OpenMetrics
 * 2.0: {@code # OMLINE} and a whole line, whose value is a native histogram, or {@code # OMTAIL} and the start timestamp
 * and exemplars of the sample on the next line. Comments to everybody else, and to us if they are not exactly as we
 * write them. Holds the result of the last call.
 *
 * <p>{@code custom_values:[0.5,1.0]} between schema and spans lists custom bounds, for which the draft has no syntax.
 */
final class CarriedComment implements PartSeries.Whole {
    enum Kind {
        NOTHING,
        LINE,
        TAIL
    }

    static final String LINE = "OMLINE";
    static final String TAIL = "OMTAIL";

    private static final byte[] LINE_START = ("# " + LINE + ' ').getBytes(US_ASCII);
    private static final byte[] TAIL_START = ("# " + TAIL + ' ').getBytes(US_ASCII);

    private final ParseOptions options;
    private final SeriesLexer series = new SeriesLexer();
    /** Among them what OpenMetrics 2.0 lacks and is to be carried: exemplars without time, custom buckets. */
    private static final Set<Tolerated> HARMLESS = Set.of(
            Tolerated.CARRIAGE_RETURN,
            Tolerated.TIMESTAMP_FAR_AHEAD,
            Tolerated.EXEMPLAR_WITHOUT_TIME,
            Tolerated.COMPOSITE_FIELDS);

    private final PageCounts oddities = new PageCounts();
    private final SampleTail tail = new SampleTail(series, oddities, true);

    private byte[] page = {};
    private int to;
    private FamilyContext context = FamilyContext.NOWHERE;
    private Labels labels = Labels.EMPTY;
    private int seriesEnd;
    private @Nullable NativeHistogram histogram;

    CarriedComment(ParseOptions options) {
        this.options = options;
    }

    void begin(byte[] page, int to) {
        this.page = page;
        this.to = to;
        series.begin(page, to, true);
        tail.begin(page, to, ExpositionFormat.OPENMETRICS_2_0_0);
    }

    /** Whether a line begins like such a comment. */
    static boolean isLikely(byte[] page, int from, int end) {
        return startsWith(LINE_START, page, from, end) || startsWith(TAIL_START, page, from, end);
    }

    private static boolean startsWith(byte[] start, byte[] page, int from, int end) {
        int startEnd = from + start.length;
        return startEnd < end && Arrays.equals(page, from, startEnd, start, 0, start.length);
    }

    /** What the comment carries; never fails. */
    Kind read(int from, int end, FamilyContext context) {
        // Without a newline it may have been cut off.
        if (end == to) {
            return Kind.NOTHING;
        }
        this.context = context;
        oddities.reset();
        Kind kind = startsWith(LINE_START, page, from, end) ? Kind.LINE : Kind.TAIL;
        try {
            boolean good = kind == Kind.LINE ? isLine(seriesStart(from), end) : isTail(from, end);
            return good && !oddities.anyBut(HARMLESS) ? kind : Kind.NOTHING;
        } catch (SyntaxError e) {
            return Kind.NOTHING;
        }
    }

    private boolean isLine(int from, int end) {
        seriesEnd = series.find(from, context);
        labels = series.series(context);
        oddities.tolerateAll(series.tolerated());
        if (seriesEnd > end || tail.read(seriesEnd) != end + 1 || !tail.isComposite()) {
            return false;
        }
        CompositeLexer value = tail.composite();
        histogram = value.nativeHistogram(seriesEnd + 1);
        boolean mayHaveBuckets = options.classicHistogramsToo() || !options.nativeHistograms();
        return histogram != null && value.pointCount() == 0 && !(mayHaveBuckets && labels.get("le") != null);
    }

    private boolean isTail(int from, int end) {
        int next = tail.afterValue(from + TAIL_START.length - 1);
        return next == end + 1 && tail.stampMillis() == SampleBatch.NO_TIMESTAMP;
    }

    /** Where the series of a carried line begins. */
    static int seriesStart(int from) {
        return from + LINE_START.length;
    }

    @Override
    public Labels labels() {
        return labels;
    }

    @Override
    public MetricMetadata metadata() {
        return series.isOwned() ? context.metadata : MetricMetadata.NONE;
    }

    int seriesEnd() {
        return seriesEnd;
    }

    /** Of a carried line. */
    @Nullable
    NativeHistogram histogram() {
        return histogram;
    }

    SampleTail tail() {
        return tail;
    }

    boolean hadCarriageReturn() {
        return oddities.tolerated(Tolerated.CARRIAGE_RETURN) > 0;
    }
}

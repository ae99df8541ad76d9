package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.parse.PartSeries.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a page of one of the text formats. {@link #predicted} is the hot loop: it compares each line with the one that
 * came at this place last time and reads the number behind it; no scan, no hash, nothing allocated. Whatever is not as
 * ordinary as that, by line: {@link #line}.
 */
final class TextParser implements PartSeries.Whole {
    /** Returned instead of an index: the line is another one than it seemed. */
    private static final int NOT_THIS = -1;

    private final SeriesDictionary dictionary;
    private final ParseOptions options;
    private final PageOrder order;
    private final PageCounts counts;
    private final SeriesLexer lexer = new SeriesLexer();
    private final CommentLexer comments = new CommentLexer(lexer);
    private final SampleTail tail;
    private final DecimalParser numbers = new DecimalParser();
    private final PageRows rows;
    /** Made when the first composite value is met. */
    private @Nullable PartSeries parts;
    /** Made when the first comment is met that carries what text cannot say. */
    private @Nullable CarriedComment carriedComment;
    /** Has the start timestamp and exemplars of the next line, if a comment above it carried them. */
    private @Nullable SampleTail lent;
    /** Made when the first histogram is to be converted. */
    private @Nullable ClassicHistograms classicHistograms;

    private byte[] page = {};
    private int from;
    private int to;
    private boolean openMetrics;
    private TypeRules rules = TypeRules.TEXT;
    private FamilyContext context = FamilyContext.NOWHERE;
    private boolean ended;

    TextParser(SeriesDictionary dictionary, ParseOptions options, PageOrder order, PageCounts counts, PageRows rows) {
        this.dictionary = dictionary;
        this.options = options;
        this.order = order;
        this.counts = counts;
        this.rows = rows;
        tail = new SampleTail(lexer, counts);
    }

    /** Those of the last page's format. */
    TypeRules rules() {
        return rules;
    }

    void parse(ExpositionFormat format, byte[] page, int from, int to) {
        this.page = page;
        this.from = from;
        this.to = to;
        openMetrics = format.isOpenMetrics();
        rules = TypeRules.of(format);
        ended = false;
        context = rows.root(dictionary, openMetrics ? FamilyContext.OPENMETRICS : 0);
        lexer.begin(page, to, openMetrics);
        comments.begin(page);
        tail.begin(page, to, format);
        lent = null;
        if (carriedComment != null) {
            carriedComment.begin(page, to);
        }
        try {
            if (options.strict()) {
                new StrictPage(options).check(format, page, from, to);
            }
            lines();
        } catch (SyntaxError e) {
            // What came before the failure lives on.
            deliverClassicHistograms();
            throw ExpositionException.of(e, page, from, to);
        } finally {
            if (classicHistograms != null) {
                classicHistograms.clear();
            }
            // A parser that waits for its next page must not keep this one alive.
            this.page = new byte[0];
            lexer.begin(this.page, 0, openMetrics);
            comments.begin(this.page);
            tail.begin(this.page, 0, format);
            if (carriedComment != null) {
                carriedComment.begin(this.page, 0);
            }
        }
    }

    private void lines() {
        int at = skipByteOrderMark(from);
        while (at < to) {
            if (mayBeExpected()) {
                at = predicted(at);
            }
            if (at < to) {
                at = options.skipBadLines() ? lineOrNext(at) : line(at);
            }
        }
        if (openMetrics && !ended) {
            if (options.endMarkRequired()) {
                throw new SyntaxError(
                        "`# EOF` as the last line of an OpenMetrics page: perhaps the page was cut off", to);
            }
            counts.tolerate(Tolerated.MISSING_END_MARK);
        }
        deliverClassicHistograms();
    }

    /** Behind the end mark nothing is right, expected or not; and a line in another context is not the expected one. */
    private boolean mayBeExpected() {
        return lent == null && !ended && order.expected().context == context;
    }

    private int skipByteOrderMark(int at) {
        if (to - at >= 3 && page[at] == (byte) 0xEF && page[at + 1] == (byte) 0xBB && page[at + 2] == (byte) 0xBF) {
            counts.tolerate(Tolerated.BYTE_ORDER_MARK);
            return at + 3;
        }
        return at;
    }

    /**
     * Reads lines for as long as each is the expected one.
     *
     * @return where the first line begins that is not, or the end of the page
     */
    private int predicted(int start) {
        byte[] bytes = page;
        int end = to;
        long time = rows.timestampMillis();
        SampleBatch batch = rows.batch();
        DecimalParser decimal = numbers;
        Entry[] entries = order.order();
        FamilyContext here = context;
        // Of text no value is forbidden.
        boolean judged = openMetrics;
        int next = order.next();
        int dropped = 0;
        int samples = 0;
        int at = start;
        if (!rows.needNotBeAsked()) {
            return predictedOneByOne(start);
        }
        while (at < end) {
            Entry entry = entries[next];
            byte[] key = entry.key;
            int keyEnd = at + key.length;
            if (entry.context != here || keyEnd >= end || !Arrays.equals(bytes, at, keyEnd, key, 0, key.length)) {
                break;
            }
            if (entry.traits <= Entry.DROPPED) {
                if (bytes[keyEnd] != ' ') {
                    break;
                }
                int valueEnd = decimal.parse(bytes, keyEnd + 1, end);
                if (valueEnd < 0 || valueEnd >= end || bytes[valueEnd] != '\n') {
                    break;
                }
                samples++;
                long bits = decimal.bits();
                if (bits == SampleValues.NORMAL_NAN_BITS || (judged && here.isSuspicious(bits))) {
                    judge(entry, bits);
                }
                if (entry.traits == Entry.KEPT) {
                    batch.add(Objects.requireNonNull(entry.series), time, bits);
                } else {
                    dropped++;
                }
                at = valueEnd + 1;
            } else {
                if (entry.traits != Entry.COMMENT || bytes[keyEnd] != '\n') {
                    break;
                }
                here = ((Entry.Comment) entry).after;
                at = keyEnd + 1;
            }
            next++;
        }
        rows.advanceTo(next);
        context = here;
        counts.samples += samples;
        counts.kept += samples - dropped;
        return at;
    }

    /** The same for pages with marks (timestamps, duplicates), where each line needs a look at its mark. */
    private int predictedOneByOne(int start) {
        int at = start;
        while (at < to) {
            Entry entry = order.expected();
            byte[] key = entry.key;
            int keyEnd = at + key.length;
            if (entry.context != context || keyEnd >= to || !Arrays.equals(page, at, keyEnd, key, 0, key.length)) {
                return at;
            }
            int end = entry instanceof Entry.Comment comment ? expectedComment(comment, keyEnd) : sample(entry, keyEnd);
            if (end == NOT_THIS) {
                return at;
            }
            at = end;
        }
        return at;
    }

    private int expectedComment(Entry.Comment comment, int keyEnd) {
        if (comment.traits != Entry.COMMENT || page[keyEnd] != '\n') {
            return NOT_THIS;
        }
        order.hit();
        context = comment.after;
        return keyEnd + 1;
    }

    /** A sample line of the expected entry, with any tail. */
    private int sample(Entry entry, int keyEnd) {
        if (!endsSeries(entry, keyEnd)) {
            return NOT_THIS;
        }
        if (options.skipBadLines()) {
            // The tail may yet turn out bad; then the line must not have counted.
            return NOT_THIS;
        }
        int end = tail.read(keyEnd);
        deliver(entry, order.hit());
        return end;
    }

    /** Whether the series is not longer than the entry's key, as {@code ab} is longer than {@code a}. */
    private boolean endsSeries(Entry entry, int keyEnd) {
        byte[] key = entry.key;
        if (key.length > 0 && key[key.length - 1] == '}') {
            return true;
        }
        int at = ByteScan.skipBlanks(page, keyEnd, to);
        return at > keyEnd && at < to && page[at] != '{';
    }

    private int lineOrNext(int at) {
        try {
            return line(at);
        } catch (SyntaxError e) {
            counts.badLines++;
            lent = null;
            int newline = ByteScan.indexOfNewline(page, at, to);
            return Math.min(newline + 1, to);
        }
    }

    /** Reads one line of any kind; returns where the next begins. */
    private int line(int start) {
        int at = ByteScan.skipBlanks(page, start, to);
        if (tail.isLineEnd(at)) {
            return blankLine(at);
        }
        if (at > start && openMetrics) {
            counts.tolerate(Tolerated.BLANKS);
        }
        if (ended) {
            throw new SyntaxError("nothing after `# EOF`", at);
        }
        return page[at] == '#' ? comment(at) : sample(at);
    }

    private int blankLine(int lineEnd) {
        lent = null;
        if (openMetrics) {
            counts.tolerate(Tolerated.BLANK_LINE);
        }
        if (lineEnd < to && page[lineEnd] == '\r') {
            counts.tolerate(Tolerated.CARRIAGE_RETURN);
            return Math.min(lineEnd + 2, to);
        }
        return Math.min(lineEnd + 1, to);
    }

    private int comment(int at) {
        int end = ByteScan.indexOfNewline(page, at, to);
        lent = null;
        if (!openMetrics && CarriedComment.isLikely(page, at, end) && !options.strict() && isCarried(at, end)) {
            return end + 1;
        }
        Entry entry = order.expected();
        if (isLine(entry, at, end)) {
            order.hit();
        } else {
            entry = knownOrNewComment(at, end);
            order.take(entry);
            checkLineLimit();
        }
        counts.tolerateAll(entry.tolerated());
        if (entry.kind() == Entry.END_MARK) {
            ended = true;
            return Math.min(end + 1, to);
        }
        context = ((Entry.Comment) entry).after;
        if (end == to) {
            counts.tolerate(Tolerated.MISSING_FINAL_NEWLINE);
            return to;
        }
        return end + 1;
    }

    /** What a comment carries is read anew each time, like the values that it mostly is. */
    private boolean isCarried(int at, int end) {
        CarriedComment carried = carriedComment;
        if (carried == null) {
            carried = new CarriedComment(options);
            carried.begin(page, to);
            carriedComment = carried;
        }
        CarriedComment.Kind kind = carried.read(at, end, context);
        if (kind == CarriedComment.Kind.NOTHING) {
            return false;
        }
        if (carried.hadCarriageReturn()) {
            counts.tolerate(Tolerated.CARRIAGE_RETURN);
        }
        if (kind == CarriedComment.Kind.LINE) {
            int seriesStart = CarriedComment.seriesStart(at);
            composite(carried, carried.tail(), seriesStart, carried.seriesEnd(), carried.histogram());
        } else {
            lent = carried.tail();
        }
        return true;
    }

    private boolean isLine(Entry entry, int at, int end) {
        return entry.context == context && Arrays.equals(page, at, end, entry.key, 0, entry.key.length);
    }

    private Entry knownOrNewComment(int at, int end) {
        int hash = SeriesDictionary.hash(page, at, end, context);
        Entry known = dictionary.find(page, at, end, hash, context);
        if (known != null) {
            return known;
        }
        MetricMetadata after = comments.read(at, end, context);
        int kind = comments.isEndMark() ? Entry.END_MARK : Entry.COMMENT;
        int traits = Entry.traits(kind, comments.tolerated());
        return dictionary.addComment(page, at, end, hash, context, after, traits);
    }

    private int sample(int at) {
        int seriesEnd = lexer.find(at, context);
        // Before the line counts, so that one with a bad value leaves no trace.
        int end = tail.read(seriesEnd);
        if (tail.isComposite()) {
            judgeComposite(tail.composite(), suffix(context, page, at, seriesEnd) == null);
            composite(this, tail, at, seriesEnd, tail.composite().nativeHistogram(at));
            return end;
        }
        Entry entry = order.expected();
        boolean first;
        if (isLine(entry, at, seriesEnd)) {
            first = order.hit();
        } else {
            entry = knownOrNewSample(at, seriesEnd);
            first = order.take(entry);
            checkLineLimit();
        }
        deliver(entry, first);
        return end;
    }

    /** A composite value of OpenMetrics 2.0: several series, as a store without composites wants them. */
    private void composite(
            PartSeries.Whole whole, SampleTail line, int at, int seriesEnd, @Nullable NativeHistogram sparse) {
        CompositeLexer value = line.composite();
        NativeHistogram histogram = sparse;
        PartSeries parts = parts();
        parts.begin(context, page, at, seriesEnd, line.stampMillis(), line.startMillis());
        if (histogram == null || !options.nativeHistograms()) {
            histogram = options.classicHistogramsAsNative() ? value.customBuckets() : null;
        }
        boolean asNative = histogram != null;
        if (histogram != null) {
            parts.add(histogram, whole, line.exemplars());
        }
        if (asNative && !options.classicHistogramsToo()) {
            return;
        }
        List<Exemplar> exemplars = asNative ? List.of() : line.exemplars();
        parts.add(value.isGauge() ? Part.GAUGE_COUNT : Part.COUNT, 0, value.countBits(), whole, List.of());
        parts.add(value.isGauge() ? Part.GAUGE_SUM : Part.SUM, 0, value.sumBits(), whole, List.of());
        Part part = value.isSummary() ? Part.QUANTILE : Part.BUCKET;
        boolean endsAtInfinity = value.isSummary();
        double lower = Double.NEGATIVE_INFINITY;
        for (int point = 0; point < value.pointCount(); point++) {
            double bound = value.bound(point);
            parts.add(part, bound, value.pointBits(point), whole, exemplarsWithin(lower, bound, exemplars));
            endsAtInfinity |= bound == Double.POSITIVE_INFINITY;
            lower = bound;
        }
        if (!endsAtInfinity) {
            parts.add(
                    Part.BUCKET,
                    Double.POSITIVE_INFINITY,
                    value.countBits(),
                    whole,
                    exemplarsWithin(lower, Double.POSITIVE_INFINITY, exemplars));
        }
    }

    private void deliverClassicHistograms() {
        if (classicHistograms != null) {
            classicHistograms.deliver(parts());
        }
    }

    private ClassicHistograms classicHistograms() {
        ClassicHistograms histograms = classicHistograms;
        if (histograms == null) {
            histograms = new ClassicHistograms(options.classicHistogramsToo());
            classicHistograms = histograms;
        }
        return histograms;
    }

    private PartSeries parts() {
        PartSeries writer = parts;
        if (writer == null) {
            writer = new PartSeries(dictionary, options, order, counts, rows);
            parts = writer;
        }
        return writer;
    }

    /** Those whose value falls into a bucket. */
    private static List<Exemplar> exemplarsWithin(double lower, double upper, List<Exemplar> exemplars) {
        if (exemplars.isEmpty()) {
            return List.of();
        }
        return exemplars.stream()
                .filter(exemplar -> exemplar.value() > lower && exemplar.value() <= upper)
                .toList();
    }

    /** The labels of the composite value that is being read. */
    @Override
    public Labels labels() {
        return lexer.series(context);
    }

    @Override
    public MetricMetadata metadata() {
        return lexer.isOwned() ? context.metadata : MetricMetadata.NONE;
    }

    @Override
    public int tolerated() {
        return lexer.tolerated();
    }

    private Entry knownOrNewSample(int at, int end) {
        int hash = lexer.hash(context);
        Entry known = dictionary.find(page, at, end, hash, context);
        return known != null ? known : newSample(at, end, hash);
    }

    private Entry newSample(int at, int end, int hash) {
        Labels exposed = lexer.series(context);
        int tolerated = lexer.tolerated();
        ClassicLine classic = context.has(FamilyContext.CUSTOM_BUCKETS) ? ClassicLine.of(exposed, context) : null;
        if (classic != null) {
            int traits = Entry.traits(Entry.CLASSIC, tolerated);
            return dictionary.addClassic(page, at, end, hash, context, classic, traits);
        }
        boolean created = context.has(FamilyContext.CREATED_APART) && lexer.isCreatedOf(context);
        Series series;
        try {
            series = dictionary.resolve(exposed, metadata());
        } catch (SeriesRejectedException e) {
            throw ExpositionException.rejected(e, page, from, at, to);
        }
        int kind = created ? Entry.CREATED : series == null ? Entry.DROPPED : Entry.KEPT;
        int traits = Entry.traits(kind, tolerated);
        int labelsHash = series == null ? 0 : LabelGroup.hash(series.labels(), exposed, lexer.labelsHash());
        return dictionary.addSample(page, at, end, hash, context, series, labelsHash, traits);
    }

    private void checkLineLimit() {
        if (order.lines() > options.lineLimit()) {
            throw ExpositionException.tooManyLines(options.lineLimit());
        }
    }

    private void deliver(Entry entry, boolean first) {
        if (entry.context.isSuspicious(tail.bits())) {
            judgeValue(entry, tail.bits());
        }
        if (openMetrics) {
            judgeTail(entry);
        }
        SampleTail beside = lent == null ? tail : lent;
        lent = null;
        long startMillis = beside.startMillis();
        counts.tolerateAll(entry.tolerated());
        if (entry instanceof Entry.Classic classic) {
            classicHistograms().add(classic, tail.bits(), tail.stampMillis(), startMillis, beside.exemplars());
            return;
        }
        rows.add(entry, first, tail.bits(), tail.stampMillis(), startMillis, beside.exemplars());
    }

    // ---- what the type of a family says of what changes from page to page

    /** The value of an expected line; apart from the hot loop, so that it stays small. */
    private void judge(Entry entry, long bits) {
        tail.tolerateSign(numbers);
        if (openMetrics) {
            judgeValue(entry, bits);
        }
    }

    private void judgeValue(Entry entry, long bits) {
        MetricType type = entry.context.metadata.type();
        double value = Double.longBitsToDouble(bits);
        boolean mayBe =
                type == MetricType.UNKNOWN || type == MetricType.GAUGE || (type == MetricType.STATE_SET && value == 1);
        if (mayBe || !openMetrics) {
            // Nothing is to be allocated for it, whatever the name looks like.
            return;
        }
        String suffix = suffix(entry.context, entry.key, 0, entry.key.length);
        if (suffix != null && rules.value(type, suffix, value) != null) {
            counts.tolerate(Tolerated.FORBIDDEN_VALUE);
        }
    }

    private void judgeComposite(CompositeLexer value, boolean foreign) {
        MetricType type = foreign ? MetricType.UNKNOWN : context.metadata.type();
        if (CompositeRules.type(type, value) != null) {
            counts.tolerate(Tolerated.TYPE_MISMATCH);
        }
        judgeStart(type);
        if (CompositeRules.values(value) != null) {
            counts.tolerate(Tolerated.FORBIDDEN_VALUE);
        }
        if (CompositeRules.bounds(value) != null) {
            counts.tolerate(Tolerated.BROKEN_POINT);
        }
    }

    private void judgeTail(Entry entry) {
        if (tail.startMillis() == SampleBatch.NO_TIMESTAMP && tail.exemplars().isEmpty()) {
            return;
        }
        String suffix = suffix(entry.context, entry.key, 0, entry.key.length);
        MetricType type = suffix == null ? MetricType.UNKNOWN : entry.context.metadata.type();
        judgeStart(type);
        for (Exemplar exemplar : tail.exemplars()) {
            if (isMisplaced(exemplar, entry, type, String.valueOf(suffix))) {
                counts.tolerate(Tolerated.MISPLACED_EXEMPLAR);
            }
        }
    }

    private void judgeStart(MetricType type) {
        if (tail.startMillis() != SampleBatch.NO_TIMESTAMP && TypeRules.start(type) != null) {
            counts.tolerate(Tolerated.MISPLACED_START);
        }
    }

    /** The labels that are at hand may be others than those on the page; if so, it has the last word. */
    private boolean isMisplaced(Exemplar exemplar, Entry entry, MetricType type, String suffix) {
        Series series = entry.series;
        if (series != null && rules.exemplar(type, suffix, series.labels(), exemplar.value()) == null) {
            return false;
        }
        Labels exposed = exposed(entry.context, entry.key, 0, entry.key.length);
        return rules.exemplar(type, suffix, exposed, exemplar.value()) != null;
    }

    /** What the name of a series adds to that of the family above it, or null if it is of another. */
    private static @Nullable String suffix(FamilyContext context, byte[] text, int from, int to) {
        int nameEnd = from;
        while (nameEnd < to && SeriesLexer.isMetricNameByte(text[nameEnd])) {
            nameEnd++;
        }
        if (nameEnd > from) {
            return context.suffix(text, from, nameEnd);
        }
        byte[] name =
                String.valueOf(exposed(context, text, from, to).metricName()).getBytes(UTF_8);
        return context.suffix(name, 0, name.length);
    }

    private static Labels exposed(FamilyContext context, byte[] text, int from, int to) {
        SeriesLexer again = new SeriesLexer();
        again.begin(text, to, context.isOpenMetrics());
        again.find(from, context);
        return again.series(context);
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.Series;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Series that have no line of their own: the parts of a composite value or of a protobuf message. Each is known by a key
 * made from the bytes of what all parts share, the kind of the part and its bound, so that prediction and the dictionary
 * work for them as for lines. The byte between cannot occur in UTF-8, so no line has such a key.
 */
final class PartSeries {
    /** What a part adds to the name, and whether it has a bound. */
    enum Part {
        VALUE(""),
        COUNT("_count"),
        SUM("_sum"),
        GAUGE_COUNT("_gcount"),
        GAUGE_SUM("_gsum"),
        BUCKET("_bucket"),
        QUANTILE(""),
        NATIVE("");

        final String suffix;
        final byte code = (byte) ('a' + index());

        Part(String suffix) {
            this.suffix = suffix;
        }

        @SuppressWarnings("EnumOrdinal")
        private int index() {
            return ordinal();
        }
    }

    /** What all parts have in common; asked for new series only. */
    interface Whole {
        /** The labels, the name without suffix among them. */
        Labels labels();

        /** What the page says of the family that the name belongs to; called after {@link #labels}. */
        MetricMetadata metadata();

        /** The {@link Tolerated} kinds that reading the labels took; called after {@link #labels}. */
        default int tolerated() {
            return 0;
        }
    }

    /** Stands between the bytes that the parts have in common and what tells them apart; in no text. */
    private static final byte MARK = (byte) 0xFF;

    /** Stands before bytes that are of no one line of a page. */
    private static final byte LINELESS = (byte) 0xFE;

    private static final byte[] LE = {'l', 'e'};
    private static final byte[] QUANTILE = "quantile".getBytes(UTF_8);
    private static final byte[] METRIC_NAME = Labels.METRIC_NAME.getBytes(UTF_8);

    private final SeriesDictionary dictionary;
    private final ParseOptions options;
    private final PageOrder order;
    private final PageCounts counts;
    private final PageRows rows;
    private final Labels.Builder builder = Labels.builder();

    private byte[] key = new byte[256];
    private int wholeLength;
    private FamilyContext context = FamilyContext.NOWHERE;
    private long stampMillis;
    private long startMillis;
    private boolean begun;

    PartSeries(SeriesDictionary dictionary, ParseOptions options, PageOrder order, PageCounts counts, PageRows rows) {
        this.dictionary = dictionary;
        this.options = options;
        this.order = order;
        this.counts = counts;
        this.rows = rows;
    }

    /** Begins the parts of what the bytes stand for: a message, or a line up to the end of the series. */
    void begin(FamilyContext context, byte[] whole, int from, int to, long stampMillis, long startMillis) {
        begin(context, whole, from, to, 0, stampMillis, startMillis);
    }

    /** Begins the parts of what several lines are of. */
    void begin(FamilyContext context, Labels whole, long stampMillis, long startMillis) {
        byte[] encoded = whole.encoded();
        begin(context, encoded, 0, encoded.length, 1, stampMillis, startMillis);
        key[0] = LINELESS;
    }

    private void begin(
            FamilyContext context, byte[] whole, int from, int to, int reserved, long stampMillis, long startMillis) {
        this.context = context;
        this.stampMillis = stampMillis;
        this.startMillis = startMillis;
        begun = false;
        wholeLength = reserved + to - from;
        if (key.length < wholeLength + 16) {
            key = new byte[2 * (wholeLength + 16)];
        }
        System.arraycopy(whole, from, key, reserved, to - from);
        key[wholeLength] = MARK;
    }

    void add(Part part, double bound, long bits, Whole whole, List<Exemplar> exemplars) {
        Entry entry = expectedOrNull(part, bound);
        boolean first;
        if (entry != null) {
            first = order.hit();
        } else {
            entry = knownOrNew(part, bound, whole);
            first = order.take(entry);
        }
        tolerate(entry);
        rows.add(entry, first, bits, stampMillis, startMillis, exemplars);
    }

    void add(NativeHistogram histogram, Whole whole, List<Exemplar> exemplars) {
        Entry entry = expectedOrNull(Part.NATIVE, 0);
        boolean first;
        if (entry != null) {
            first = order.hit();
        } else {
            entry = knownOrNew(Part.NATIVE, 0, whole);
            first = order.take(entry);
        }
        tolerate(entry);
        rows.addHistogram(entry, first, histogram, stampMillis, startMillis, exemplars);
    }

    /** What all parts of a line remember counts once. */
    private void tolerate(Entry entry) {
        if (!begun) {
            counts.tolerateAll(entry.tolerated());
        }
        begun = true;
    }

    /** Of a line's key, how much is on the page: what this class adds for a part is not. 0 if it is of no one line. */
    static int lengthOnPage(byte[] key) {
        int end = 0;
        while (end < key.length && key[end] != MARK && key[0] != LINELESS) {
            end++;
        }
        return end;
    }

    private int writePart(Part part, double bound) {
        int at = wholeLength + 1;
        key[at++] = part.code;
        if (part == Part.BUCKET || part == Part.QUANTILE) {
            long bits = Double.doubleToRawLongBits(bound);
            for (int shift = 0; shift < 64; shift += 8) {
                key[at++] = (byte) (bits >>> shift);
            }
        }
        return at;
    }

    private @Nullable Entry expectedOrNull(Part part, double bound) {
        int length = writePart(part, bound);
        Entry entry = order.expected();
        return entry.context == context && Arrays.equals(key, 0, length, entry.key, 0, entry.key.length) ? entry : null;
    }

    private Entry knownOrNew(Part part, double bound, Whole whole) {
        if (order.lines() >= options.lineLimit()) {
            throw ExpositionException.tooManyLines(options.lineLimit());
        }
        int length = writePart(part, bound);
        int hash = SeriesDictionary.hash(key, 0, length, context);
        Entry known = dictionary.find(key, 0, length, hash, context);
        if (known != null) {
            return known;
        }
        Labels exposed = labels(part, bound, whole.labels());
        Series series;
        try {
            series = dictionary.resolve(exposed, isOwned(exposed) ? whole.metadata() : MetricMetadata.NONE);
        } catch (SeriesRejectedException e) {
            throw ExpositionException.rejected(e, exposed);
        }
        int traits = Entry.traits(series == null ? Entry.DROPPED : Entry.KEPT, whole.tolerated());
        int labelsHash = series == null ? 0 : LabelGroup.hash(series.labels());
        return dictionary.addSample(key, 0, length, hash, context, series, labelsHash, traits);
    }

    /** The count of a composite value of unknown type, say, is of another family by its name. */
    private boolean isOwned(Labels exposed) {
        byte[] name = String.valueOf(exposed.metricName()).getBytes(UTF_8);
        return context.owns(name, 0, name.length);
    }

    private Labels labels(Part part, double bound, Labels whole) {
        builder.clear();
        byte[] encoded = whole.encoded();
        for (Labels.Cursor at = whole.cursor(); at.next(); ) {
            boolean name = Arrays.equals(encoded, at.nameStart(), at.nameEnd(), METRIC_NAME, 0, METRIC_NAME.length);
            if (name && !part.suffix.isEmpty()) {
                byte[] suffixed = (at.value() + part.suffix).getBytes(UTF_8);
                builder.add(METRIC_NAME, 0, METRIC_NAME.length, suffixed, 0, suffixed.length);
            } else {
                builder.add(encoded, at.nameStart(), at.nameEnd(), encoded, at.valueStart(), at.end());
            }
        }
        if (part == Part.BUCKET || part == Part.QUANTILE) {
            byte[] label = part == Part.BUCKET ? LE : QUANTILE;
            byte[] text = BoundFormat.format(bound).getBytes(UTF_8);
            builder.add(label, 0, label.length, text, 0, text.length);
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw ExpositionException.page(
                    e.getMessage() + " in a part of " + ExpositionException.quoted(whole.toString()),
                    "each label once");
        }
    }
}

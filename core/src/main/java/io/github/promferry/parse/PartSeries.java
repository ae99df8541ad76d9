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
    private static final byte[] NO_BYTES = {};

    private static final int MAX_SUFFIX = 8;

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

    /** What the parts have in common but for the name, once a part of it is new. */
    private @Nullable LabelGroup common;

    private byte[] commonBytes = NO_BYTES;
    /** The common name, with room for the longest suffix behind it. */
    private byte[] name = NO_BYTES;

    private int nameLength;

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
        common = null;
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
        LabelGroup labels = labels(part, bound, whole);
        int nameEnd = writeName(part);
        int suffix = context.suffixNumber(name, 0, nameEnd);
        LabelGroup named = name(suffix, nameEnd);
        Labels exposed = labels.labels.withDefaults(named.labels);
        Series series;
        try {
            // The count of a composite value of unknown type, say, is of another family by its name.
            series = dictionary.resolve(exposed, suffix >= 0 ? whole.metadata() : MetricMetadata.NONE);
        } catch (SeriesRejectedException e) {
            throw ExpositionException.rejected(e, exposed);
        }
        int traits = Entry.traits(series == null ? Entry.DROPPED : Entry.KEPT, whole.tolerated());
        int labelsHash = series == null ? 0 : LabelGroup.hash(series.labels(), exposed, LabelGroup.hash(named, labels));
        return dictionary.addSample(key, 0, length, hash, context, series, labelsHash, traits);
    }

    private int writeName(Part part) {
        int end = nameLength;
        for (int i = 0; i < part.suffix.length(); i++) {
            name[end++] = (byte) part.suffix.charAt(i);
        }
        return end;
    }

    private LabelGroup name(int suffix, int nameEnd) {
        LabelGroup known = suffix < 0 ? null : context.knownName(suffix);
        if (known == null) {
            known = LabelGroup.ofName(builder, name, 0, nameEnd, ByteScan.hash(name, 0, nameEnd));
            if (suffix >= 0) {
                context.keepName(suffix, known);
            }
        }
        return known;
    }

    private LabelGroup labels(Part part, double bound, Whole whole) {
        LabelGroup known = common == null ? readCommon(whole.labels()) : common;
        common = known;
        if (part != Part.BUCKET && part != Part.QUANTILE) {
            return known;
        }
        builder.clear();
        for (Labels.Cursor at = known.labels.cursor(); at.next(); ) {
            copy(commonBytes, at);
        }
        byte[] label = part == Part.BUCKET ? LE : QUANTILE;
        byte[] text = BoundFormat.format(bound).getBytes(UTF_8);
        builder.add(label, 0, label.length, text, 0, text.length);
        try {
            return LabelGroup.ofLabels(builder.build());
        } catch (IllegalArgumentException e) {
            throw ExpositionException.page(
                    e.getMessage() + " in a part of "
                            + ExpositionException.quoted(whole.labels().toString()),
                    "each label once");
        }
    }

    private LabelGroup readCommon(Labels whole) {
        builder.clear();
        byte[] encoded = whole.encoded();
        for (Labels.Cursor at = whole.cursor(); at.next(); ) {
            if (LabelGroup.isName(encoded, at)) {
                nameLength = at.end() - at.valueStart();
                name = Arrays.copyOfRange(encoded, at.valueStart(), at.end() + MAX_SUFFIX);
            } else {
                copy(encoded, at);
            }
        }
        LabelGroup unnamed = LabelGroup.ofLabels(builder.build());
        commonBytes = unnamed.labels.encoded();
        return unnamed;
    }

    private void copy(byte[] encoded, Labels.Cursor at) {
        builder.add(encoded, at.nameStart(), at.nameEnd(), encoded, at.valueStart(), at.end());
    }
}

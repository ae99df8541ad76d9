package io.github.promferry.remotewrite;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Remote Write 2.0: {@code Request}, one {@code TimeSeries} for each sample, with its metadata, start timestamp and
 * exemplars. Symbols and series grow side by side in two buffers and are joined when the request is sealed.
 */
final class V2Encoder extends BlockEncoder {
    private static final byte TIMESERIES = 0x2A;
    private static final byte LABELS_REFS = 0x0A;
    private static final byte SAMPLES = 0x12;
    private static final byte HISTOGRAMS = 0x1A;
    private static final byte EXEMPLARS = 0x22;
    private static final byte METADATA = 0x2A;
    private static final byte VALUE = 0x09;
    private static final byte TIMESTAMP = 0x10;
    private static final byte START_TIMESTAMP = 0x18;
    private static final byte EXEMPLAR_VALUE = 0x11;
    private static final byte EXEMPLAR_TIMESTAMP = 0x18;
    private static final byte TYPE = 0x08;
    private static final byte HELP_REF = 0x18;
    private static final byte UNIT_REF = 0x20;

    private static final int MAX_REF = 5;
    private static final int MAX_LENGTH = 5;

    /** Common labels whose refs are kept at hand; one bit each tells their length. */
    private static final int MAX_KNOWN_REFS = 64;

    /** Timestamps with so many bits or fewer take that many bytes: 1971 to 2109 is six. */
    private static final int FIVE_BYTE_BITS = 35;

    private static final int SIX_BYTE_BITS = 42;
    private static final long TIME_MASK = (1L << 48) - 1;

    /** Everything of an entry but labels and exemplars, at its longest. */
    private static final int MAX_BESIDE_LABELS =
            2 * (1 + MAX_LENGTH) + 2 + 9 + 2 * (1 + WireBuffer.MAX_VARINT) + 2 + 2 + 2 * (1 + MAX_REF);

    private final SymbolTable symbols = new SymbolTable();
    private final WireBuffer wire = new WireBuffer();
    private final WireBuffer scratch = new WireBuffer();
    private final boolean withMetadata;
    private int markedLength;

    /** The encoded values of the common labels of a target: up to two bytes each, the first one lowest. */
    private final int[] knownRefs = new int[MAX_KNOWN_REFS];

    /** Which of them take two bytes. */
    private long refLengths;

    /** Whose and of which request they are. */
    private @Nullable CommonLabels knownCommon;

    private int knownRequest;

    private long encodedTime;
    private long encodedTimeBytes;
    private int markedSymbols;
    private int markedSymbolBytes;

    V2Encoder(Labels external, @Nullable UnaryOperator<Labels> relabel, boolean withMetadata) {
        super(external, relabel);
        this.withMetadata = withMetadata;
    }

    @Override
    WriteProtocol protocol() {
        return WriteProtocol.V2;
    }

    @Override
    int size() {
        return symbols.wire.length + wire.length;
    }

    @Override
    boolean put(
            SeriesPlan plan,
            CommonLabels common,
            SampleBatch batch,
            int row,
            @Nullable NativeHistogram histogram,
            int exemplarFrom,
            int exemplarTo,
            int maxBytes) {
        long timestamp = timestamp(batch, row);
        boolean plain = histogram == null
                && exemplarFrom == exemplarTo
                && batch.startTimestamp(row) == SampleBatch.NO_TIMESTAMP
                && timestamp >>> SIX_BYTE_BITS == 0
                && timestamp >>> FIVE_BYTE_BITS != 0
                && knowsRefsOf(common);
        if (plain && plan.templateRequest == symbols.request && plan.templateLengths == refLengths) {
            return putTemplate(plan, batch.valueBits(row), timestamp, maxBytes);
        }
        int start = wire.length;
        int symbolsBefore = symbols.mark();
        int symbolBytesBefore = symbols.wire.length;
        int[] refs = plan.refs;
        wire.reserve(refs.length * MAX_REF + MAX_BESIDE_LABELS);
        byte[] bytes = wire.bytes;
        // Both lengths fit into one byte nearly always; where they do not, what follows them is moved.
        int entryStart = start + 2;
        int refsStart = entryStart + 2;
        bytes[start] = TIMESERIES;
        bytes[entryStart] = LABELS_REFS;
        int at = putRefs(refs, common.valueSymbols, bytes, refsStart);
        int refsLength = at - refsStart;
        at = closeLength(bytes, refsStart, at);
        int sampleStart = at;
        long startTimestamp = batch.startTimestamp(row);
        if (startTimestamp == 0) {
            // 0 would mean that there is none. Remote Write 2.0, "Start Timestamp": 1 stands for the epoch itself.
            startTimestamp = 1;
        } else if (startTimestamp == SampleBatch.NO_TIMESTAMP) {
            startTimestamp = 0;
        }
        if (histogram == null) {
            at = putSample(batch.valueBits(row), timestamp, startTimestamp, bytes, at);
        } else {
            at = putHistogram(histogram, timestamp, startTimestamp, at);
            bytes = wire.bytes;
        }
        if (withMetadata) {
            at = putMetadata(plan, bytes, at);
        }
        wire.length = at;
        for (int i = exemplarFrom; i < exemplarTo; i++) {
            putExemplar(batch.exemplar(i), timestamp);
        }
        wire.reserve(MAX_LENGTH);
        int rowEnd = wire.length;
        wire.length = closeLength(wire.bytes, entryStart, rowEnd);
        int moved = wire.length - rowEnd;

        if (samples > 0 && size() > maxBytes) {
            wire.length = start;
            symbols.rollback(symbolsBefore, symbolBytesBefore);
            return false;
        }
        if (plain && plan.seenInRequest == symbols.request) {
            keepTemplate(plan, common, start, start + 2 + moved, refsLength, sampleStart + moved);
        }
        plan.seenInRequest = symbols.request;
        return true;
    }

    /**
     * Whether all values of the common labels have been met in this request; then they are at hand in their encoded form.
     * What has not been met must not get a symbol here, since no row may need it.
     */
    private boolean knowsRefsOf(CommonLabels common) {
        if (knownCommon == common && knownRequest == symbols.request) {
            return true;
        }
        int[] values = common.valueSymbols;
        if (values.length > MAX_KNOWN_REFS) {
            return false;
        }
        knownCommon = null;
        long lengths = 0;
        for (int i = 0; i < values.length; i++) {
            long entry = symbols.inRequest[values[i]];
            int symbol = (int) entry;
            if ((int) (entry >>> 32) != symbols.request || symbol >= 1 << 14) {
                return false;
            }
            boolean twoBytes = symbol > 0x7F;
            knownRefs[i] = twoBytes ? (symbol >>> 7) << 8 | (symbol & 0x7F) | 0x80 : symbol;
            lengths |= twoBytes ? 1L << i : 0;
        }
        refLengths = lengths;
        knownCommon = common;
        knownRequest = symbols.request;
        return true;
    }

    /**
     * Keeps the row that was just written. Engines of a kind expose the same series, so a request holds a series once for
     * each of them; the rows differ in the values of common labels, the value and the time alone.
     */
    private void keepTemplate(
            SeriesPlan plan, CommonLabels common, int start, int entryStart, int refsLength, int sampleStart) {
        int length = wire.length - start;
        if (plan.template.length < length + Long.BYTES) {
            plan.template = new byte[length + Long.BYTES];
        }
        System.arraycopy(wire.bytes, start, plan.template, 0, length);
        plan.templateLength = length;
        plan.templateRequest = symbols.request;
        plan.templateLengths = refLengths;
        plan.valueAt = sampleStart + 3 - start;
        if (plan.commonAt.length == 0) {
            plan.commonAt = new int[plan.commonIndexes.length];
        }
        int at = entryStart + 1 + WireBuffer.varintLength(refsLength) - start;
        int i = 0;
        for (int ref : plan.refs) {
            if (ref < 0) {
                plan.commonAt[i++] = at;
            }
            int string = ref >= 0 ? ref : common.valueSymbols[~ref];
            at += WireBuffer.varintLength(symbols.symbolOf(string));
        }
    }

    private boolean putTemplate(SeriesPlan plan, long bits, long timestamp, int maxBytes) {
        int length = plan.templateLength;
        if (samples > 0 && size() + length > maxBytes) {
            return false;
        }
        wire.reserve(length + Long.BYTES);
        int start = wire.length;
        byte[] bytes = wire.bytes;
        byte[] template = plan.template;
        System.arraycopy(template, 0, bytes, start, length);
        int[] indexes = plan.commonIndexes;
        int[] places = plan.commonAt;
        for (int i = 0; i < indexes.length; i++) {
            int ref = knownRefs[indexes[i]];
            int at = start + places[i];
            bytes[at] = (byte) ref;
            if (ref > 0x7F) {
                bytes[at + 1] = (byte) (ref >>> 8);
            }
        }
        int valueAt = plan.valueAt;
        WireBuffer.LONG.set(bytes, start + valueAt, bits);
        // Six bytes of timestamp, and the two behind them as they are.
        int timeAt = valueAt + Long.BYTES + 1;
        long behind = (long) WireBuffer.LONG.get(template, timeAt) & ~TIME_MASK;
        WireBuffer.LONG.set(bytes, start + timeAt, behind | timeBytes(timestamp));
        wire.length = start + length;
        return true;
    }

    /** A timestamp of six bytes as a varint, which most of a batch share. */
    private long timeBytes(long timestamp) {
        if (timestamp != encodedTime) {
            long encoded = 0;
            for (int i = 0; i < 6; i++) {
                long group = ((timestamp >>> (7 * i)) & 0x7F) | (i < 5 ? 0x80 : 0);
                encoded |= group << (8 * i);
            }
            encodedTime = timestamp;
            encodedTimeBytes = encoded;
        }
        return encodedTimeBytes;
    }

    private static int putSample(long bits, long timestamp, long startTimestamp, byte[] bytes, int from) {
        int at = from;
        bytes[at] = SAMPLES;
        int start = at + 2;
        at = start;
        bytes[at++] = VALUE;
        WireBuffer.LONG.set(bytes, at, bits);
        at += Long.BYTES;
        bytes[at++] = TIMESTAMP;
        at = WireBuffer.putVarint(bytes, at, timestamp);
        if (startTimestamp != 0) {
            bytes[at++] = START_TIMESTAMP;
            at = WireBuffer.putVarint(bytes, at, startTimestamp);
        }
        bytes[start - 1] = (byte) (at - start);
        return at;
    }

    private int putHistogram(NativeHistogram histogram, long timestamp, long startTimestamp, int from) {
        scratch.length = 0;
        HistogramEncoder.put(histogram, timestamp, startTimestamp, scratch);
        wire.length = from;
        wire.put(HISTOGRAMS);
        wire.varint(scratch.length);
        wire.put(scratch.bytes, 0, scratch.length);
        wire.reserve(MAX_BESIDE_LABELS);
        return wire.length;
    }

    private int putRefs(int[] refs, int[] commonValues, byte[] bytes, int from) {
        SymbolTable table = symbols;
        long[] inRequest = table.inRequest;
        int request = table.request;
        int at = from;
        for (int ref : refs) {
            int string = ref >= 0 ? ref : commonValues[~ref];
            long entry = inRequest[string];
            int symbol = (int) (entry >>> 32) == request ? (int) entry : table.symbolOf(string);
            while (symbol > 0x7F) {
                bytes[at++] = (byte) (symbol | 0x80);
                symbol >>>= 7;
            }
            bytes[at++] = (byte) symbol;
        }
        return at;
    }

    /** Writes the length of a message that begins at the index, for which one byte was left before it. */
    private static int closeLength(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length < 0x80) {
            bytes[from - 1] = (byte) length;
            return to;
        }
        int more = WireBuffer.varintLength(length) - 1;
        System.arraycopy(bytes, from, bytes, from + more, length);
        WireBuffer.putVarint(bytes, from - 1, length);
        return to + more;
    }

    private int putMetadata(SeriesPlan plan, byte[] bytes, int from) {
        Series series = plan.series;
        int type = series == null ? 0 : MetadataEncoder.number(series.metadata().type());
        if ((type | plan.helpSymbol | plan.unitSymbol) == 0) {
            return from;
        }
        int at = from;
        bytes[at] = METADATA;
        int start = at + 2;
        at = start;
        if (type != 0) {
            bytes[at++] = TYPE;
            bytes[at++] = (byte) type;
        }
        if (plan.helpSymbol != SymbolTable.EMPTY) {
            bytes[at++] = HELP_REF;
            at = WireBuffer.putVarint(bytes, at, symbols.symbolOf(plan.helpSymbol));
        }
        if (plan.unitSymbol != SymbolTable.EMPTY) {
            bytes[at++] = UNIT_REF;
            at = WireBuffer.putVarint(bytes, at, symbols.symbolOf(plan.unitSymbol));
        }
        bytes[start - 1] = (byte) (at - start);
        return at;
    }

    private void putExemplar(Exemplar exemplar, long sampleTimestamp) {
        Labels labels = exemplar.labels();
        wire.reserve(2 * (1 + MAX_LENGTH) + labels.size() * 2 * MAX_REF + 10 + WireBuffer.MAX_VARINT);
        byte[] bytes = wire.bytes;
        bytes[wire.length] = EXEMPLARS;
        int start = wire.length + 2;
        int at = start;
        if (!labels.isEmpty()) {
            bytes[at] = LABELS_REFS;
            int refsStart = at + 2;
            at = refsStart;
            byte[] encoded = labels.encoded();
            for (Labels.Cursor label = labels.cursor(); label.next(); ) {
                at = WireBuffer.putVarint(
                        bytes, at, symbols.symbolOf(symbols.intern(encoded, label.nameStart(), label.nameEnd())));
                at = WireBuffer.putVarint(
                        bytes, at, symbols.symbolOf(symbols.intern(encoded, label.valueStart(), label.end())));
            }
            at = closeLength(bytes, refsStart, at);
        }
        bytes[at++] = EXEMPLAR_VALUE;
        WireBuffer.LONG.set(bytes, at, Double.doubleToRawLongBits(exemplar.value()));
        at += Long.BYTES;
        bytes[at++] = EXEMPLAR_TIMESTAMP;
        at = WireBuffer.putVarint(bytes, at, V1Encoder.timestamp(exemplar, sampleTimestamp));
        wire.length = closeLength(bytes, start, at);
    }

    @Override
    @Nullable
    String refusal(NativeHistogram histogram) {
        return null;
    }

    @Override
    void complete(SeriesPlan plan, Labels common) {
        byte[] ownBytes = plan.own.encoded();
        byte[] commonBytes = common.encoded();
        Labels full = plan.own.withDefaults(common);
        int[] refs = new int[full.size() * 2];
        Labels.Cursor own = plan.own.cursor();
        Labels.Cursor other = common.cursor();
        boolean ownLeft = own.next();
        boolean otherLeft = other.next();
        int otherIndex = 0;
        for (int i = 0; i < refs.length; i += 2) {
            int order = !ownLeft ? 1 : !otherLeft ? -1 : own.compareNames(other);
            if (order <= 0) {
                refs[i] = symbols.intern(ownBytes, own.nameStart(), own.nameEnd());
                refs[i + 1] = symbols.intern(ownBytes, own.valueStart(), own.end());
                ownLeft = own.next();
            } else {
                refs[i] = symbols.intern(commonBytes, other.nameStart(), other.nameEnd());
                refs[i + 1] = ~otherIndex;
            }
            if (order >= 0) {
                otherLeft = other.next();
                otherIndex++;
            }
        }
        plan.refs = refs;
        plan.commonIndexes =
                Arrays.stream(refs).filter(ref -> ref < 0).map(ref -> ~ref).toArray();
        Series series = plan.series;
        if (withMetadata && series != null) {
            MetricMetadata metadata = series.metadata();
            plan.helpSymbol = symbols.intern(metadata.help());
            plan.unitSymbol = symbols.intern(metadata.unit());
        }
    }

    @Override
    void complete(CommonLabels common) {
        byte[] bytes = common.labels.encoded();
        int[] values = new int[common.labels.size()];
        int i = 0;
        for (Labels.Cursor at = common.labels.cursor(); at.next(); i++) {
            values[i] = symbols.intern(bytes, at.valueStart(), at.end());
        }
        common.valueSymbols = values;
    }

    /** 2.0 takes any UTF-8 name. */
    @Override
    Labels sendable(Labels labels) {
        return labels;
    }

    @Override
    void swept(Iterable<SeriesPlans> plans, Iterable<CommonLabels> commons) {
        boolean[] used = new boolean[symbols.size()];
        for (SeriesPlans some : plans) {
            for (SeriesPlan plan : some.bySeries.values()) {
                for (int ref : plan.refs) {
                    if (ref >= 0) {
                        used[ref] = true;
                    }
                }
                used[plan.helpSymbol] = true;
                used[plan.unitSymbol] = true;
            }
        }
        for (CommonLabels common : commons) {
            for (int symbol : common.valueSymbols) {
                used[symbol] = true;
            }
        }
        int[] renumbered = symbols.compact(used);
        for (SeriesPlans some : plans) {
            for (SeriesPlan plan : some.bySeries.values()) {
                renumber(plan.refs, renumbered);
                plan.helpSymbol = renumbered[plan.helpSymbol];
                plan.unitSymbol = renumbered[plan.unitSymbol];
            }
        }
        for (CommonLabels common : commons) {
            renumber(common.valueSymbols, renumbered);
        }
    }

    private static void renumber(int[] refs, int[] renumbered) {
        for (int i = 0; i < refs.length; i++) {
            if (refs[i] >= 0) {
                refs[i] = renumbered[refs[i]];
            }
        }
    }

    @Override
    void mark() {
        super.mark();
        markedLength = wire.length;
        markedSymbols = symbols.mark();
        markedSymbolBytes = symbols.wire.length;
    }

    @Override
    void rollback() {
        super.rollback();
        wire.length = markedLength;
        symbols.rollback(markedSymbols, markedSymbolBytes);
    }

    @Override
    WireBuffer rowBytes() {
        return wire;
    }

    @Override
    WireBuffer symbolBytes() {
        return symbols.wire;
    }

    @Override
    void clear() {
        wire.length = 0;
        symbols.startRequest();
    }
}

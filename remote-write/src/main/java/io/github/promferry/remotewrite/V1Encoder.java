package io.github.promferry.remotewrite;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Remote Write 1.0: {@code WriteRequest}, one {@code TimeSeries} for each sample. {@link Labels} are stored as this
 * message has them, so a row is a few copies of bytes: own labels up to where the common ones belong, common labels, the
 * rest.
 */
final class V1Encoder extends BlockEncoder {
    static final String CUSTOM_BUCKETS_DROPPED = "nhcb_in_rw1_not_supported";

    private static final byte TIMESERIES = 0x0A;
    private static final byte SAMPLES = 0x12;
    private static final byte EXEMPLARS = 0x1A;
    private static final byte HISTOGRAMS = 0x22;
    private static final byte VALUE = 0x09;
    private static final byte TIMESTAMP = 0x10;
    private static final byte EXEMPLAR_VALUE = 0x11;
    private static final byte EXEMPLAR_TIMESTAMP = 0x18;

    /** Tag, length and a sample at its longest, then tag and length of the entry. */
    private static final int MAX_BESIDE_LABELS = 2 + 9 + 1 + WireBuffer.MAX_VARINT + 6;

    private final WireBuffer wire = new WireBuffer();
    private final WireBuffer scratch = new WireBuffer();
    private final RowInterleaver interleaver = new RowInterleaver();
    private int markedLength;

    V1Encoder(Labels external, @Nullable UnaryOperator<Labels> relabel) {
        super(external, relabel);
    }

    @Override
    WriteProtocol protocol() {
        return WriteProtocol.V1;
    }

    @Override
    int size() {
        return wire.length;
    }

    @Override
    void beginBatch(CommonLabels common) {
        interleaver.begin(wire.length, common);
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
        int[] runs = plan.runs;
        int[] offsets = common.offsets;
        int labelsLength = plan.own.encodedLength();
        for (int i = 0; i < runs.length; i += 3) {
            labelsLength += offsets[runs[i + 2]] - offsets[runs[i + 1]];
        }
        long timestamp = timestamp(batch, row);
        int sampleLength = 10 + WireBuffer.varintLength(timestamp);
        int entryLength = labelsLength + 2 + sampleLength;
        if (histogram != null) {
            scratch.length = 0;
            HistogramEncoder.put(histogram, timestamp, 0, scratch);
            entryLength = labelsLength + 1 + WireBuffer.varintLength(scratch.length) + scratch.length;
        }
        for (int i = exemplarFrom; i < exemplarTo; i++) {
            int length = exemplarLength(batch.exemplar(i), timestamp);
            entryLength += 1 + WireBuffer.varintLength(length) + length;
        }
        int start = wire.length;
        if (start > 0 && start + 1 + WireBuffer.varintLength(entryLength) + entryLength > maxBytes) {
            return false;
        }
        wire.reserve(entryLength + MAX_BESIDE_LABELS);
        byte[] bytes = wire.bytes;
        int at = start;
        bytes[at++] = TIMESERIES;
        at = WireBuffer.putVarint(bytes, at, entryLength);
        Labels own = plan.own;
        int ownFrom = 0;
        for (int i = 0; i < runs.length; i += 3) {
            at = own.copyEncoded(ownFrom, runs[i], bytes, at);
            at = common.labels.copyEncoded(offsets[runs[i + 1]], offsets[runs[i + 2]], bytes, at);
            ownFrom = runs[i];
        }
        at = own.copyEncoded(ownFrom, own.encodedLength(), bytes, at);
        if (histogram == null) {
            bytes[at++] = SAMPLES;
            bytes[at++] = (byte) sampleLength;
            bytes[at++] = VALUE;
            WireBuffer.LONG.set(bytes, at, batch.valueBits(row));
            at += Long.BYTES;
            bytes[at++] = TIMESTAMP;
            wire.length = WireBuffer.putVarint(bytes, at, timestamp);
        } else {
            wire.length = at;
            wire.put(HISTOGRAMS);
            wire.varint(scratch.length);
            wire.put(scratch.bytes, 0, scratch.length);
        }
        for (int i = exemplarFrom; i < exemplarTo; i++) {
            putExemplar(batch.exemplar(i), timestamp);
        }
        return true;
    }

    private void putExemplar(Exemplar exemplar, long sampleTimestamp) {
        wire.put(EXEMPLARS);
        wire.varint(exemplarLength(exemplar, sampleTimestamp));
        wire.reserve(exemplar.labels().encodedLength());
        wire.length = exemplar.labels().copyEncoded(0, exemplar.labels().encodedLength(), wire.bytes, wire.length);
        wire.put(EXEMPLAR_VALUE);
        wire.fixed64(Double.doubleToRawLongBits(exemplar.value()));
        wire.put(EXEMPLAR_TIMESTAMP);
        wire.varint(timestamp(exemplar, sampleTimestamp));
    }

    private static int exemplarLength(Exemplar exemplar, long sampleTimestamp) {
        return exemplar.labels().encodedLength() + 10 + WireBuffer.varintLength(timestamp(exemplar, sampleTimestamp));
    }

    /** An exemplar without a time of its own takes that of its sample. */
    static long timestamp(Exemplar exemplar, long sampleTimestamp) {
        return exemplar.timestampMillis() == SampleBatch.NO_TIMESTAMP ? sampleTimestamp : exemplar.timestampMillis();
    }

    /** Prometheus gives the same reason. */
    @Override
    @Nullable
    String refusal(NativeHistogram histogram) {
        return histogram.schema() == NativeHistogram.CUSTOM_BUCKETS ? CUSTOM_BUCKETS_DROPPED : null;
    }

    @Override
    void complete(SeriesPlan plan, Labels common) {}

    @Override
    void complete(CommonLabels common) {}

    @Override
    @Nullable
    Labels sendable(Labels labels) {
        return ClassicNames.escape(labels);
    }

    @Override
    void swept(Iterable<SeriesPlans> plans, Iterable<CommonLabels> commons) {}

    @Override
    void mark() {
        super.mark();
        markedLength = wire.length;
    }

    @Override
    void rollback() {
        super.rollback();
        wire.length = markedLength;
        interleaver.truncate(markedLength);
    }

    @Override
    WireBuffer rowBytes() {
        return wire;
    }

    @Override
    WireBuffer arrangedRows() {
        return interleaver.arrange(wire);
    }

    @Override
    @Nullable
    WireBuffer symbolBytes() {
        return null;
    }

    @Override
    void clear() {
        wire.length = 0;
        interleaver.clear();
    }
}

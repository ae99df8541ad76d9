package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.NativeHistogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes other blocks of a sealed one: 1.0 from 2.0 for a receiver that turns out not to know 2.0, and two halves of one
 * that is too large. Rare, so written for reading. Tested equal to encoding directly.
 */
final class Transcoder {
    private static final int V1_TIMESERIES = 1;
    private static final int V2_SYMBOLS = 4;
    private static final int V2_TIMESERIES = 5;

    private static final int HISTOGRAM_SCHEMA = 4;
    private static final int HISTOGRAM_TIMESTAMP = 15;
    private static final int HISTOGRAM_START_TIMESTAMP = 17;

    private static final int TIMESERIES_TAG = 0x0A;
    private static final int SAMPLES_TAG = 0x12;
    private static final int VALUE_TAG = 0x09;
    private static final int TIMESTAMP_TAG = 0x10;

    private final Compressor compressor = new Compressor();

    /** A {@code TimeSeries} field of a message, tag included, and what it holds. */
    private static final class Entry {
        int start;
        int from;
        int to;
        int samples;
        int exemplars;
        long timestamp;
    }

    /** Counts over some entries. */
    private static final class Totals {
        int samples;
        int exemplars;
        long min = Long.MAX_VALUE;
        long max = Long.MIN_VALUE;

        void add(Entry entry) {
            samples += entry.samples;
            exemplars += entry.exemplars;
            min = Math.min(min, entry.timestamp);
            max = Math.max(max, entry.timestamp);
        }
    }

    /** The same block as 1.0. Series whose names 1.0 cannot have are left out; the counts tell. */
    Block toV1(Block block) {
        byte[] message = Compressor.uncompress(block.body.copy());
        int[] symbols = symbols(message);
        WireBuffer out = new WireBuffer();
        Totals totals = new Totals();
        for (Entry entry : entries(message, V2_TIMESERIES, true)) {
            if (putV1(message, symbols, entry, out)) {
                totals.add(entry);
            }
        }
        return block(block, WriteProtocol.V1, out, totals);
    }

    /** Two blocks with the first and the second half of the samples, in order; empty if there is but one. */
    List<Block> halves(Block block) {
        byte[] message = Compressor.uncompress(block.body.copy());
        boolean v2 = block.protocol == WriteProtocol.V2;
        List<Entry> entries = entries(message, v2 ? V2_TIMESERIES : V1_TIMESERIES, v2);
        if (entries.size() < 2) {
            return List.of();
        }
        int middle = entries.size() / 2;
        return List.of(
                part(block, message, entries.subList(0, middle)),
                part(block, message, entries.subList(middle, entries.size())));
    }

    private Block part(Block block, byte[] message, List<Entry> entries) {
        WireBuffer out = new WireBuffer();
        Totals totals = new Totals();
        if (block.protocol == WriteProtocol.V2) {
            V2Part part = new V2Part(message, symbols(message));
            entries.forEach(part::add);
            part.finish(out);
        } else {
            entries.forEach(entry -> out.put(message, entry.start, entry.to));
        }
        entries.forEach(totals::add);
        return block(block, block.protocol, out, totals);
    }

    private Block block(Block source, WriteProtocol protocol, WireBuffer out, Totals totals) {
        return new Block(
                protocol,
                Body.of(compressor.compress(out.bytes, out.length)),
                totals.samples,
                totals.exemplars,
                totals.min,
                totals.max,
                source.sealedNanos);
    }

    /** Where the text of each symbol begins and ends: two numbers each. */
    private static int[] symbols(byte[] message) {
        int[] bounds = new int[64];
        int count = 0;
        for (WireReader at = new WireReader(message, 0, message.length); at.next(); ) {
            if (at.field == V2_SYMBOLS) {
                if (count == bounds.length) {
                    bounds = Arrays.copyOf(bounds, count * 2);
                }
                bounds[count++] = at.from;
                bounds[count++] = at.to;
            }
        }
        return Arrays.copyOf(bounds, count);
    }

    private static List<Entry> entries(byte[] message, int field, boolean v2) {
        List<Entry> entries = new ArrayList<>();
        for (WireReader at = new WireReader(message, 0, message.length); at.next(); ) {
            if (at.field != field) {
                continue;
            }
            Entry entry = new Entry();
            entry.start = at.start;
            entry.from = at.from;
            entry.to = at.to;
            int histogramField = v2 ? 3 : 4;
            for (WireReader inner = at.inner(); inner.next(); ) {
                if (inner.field == 2 || inner.field == histogramField) {
                    int timestampField = inner.field == 2 ? 2 : HISTOGRAM_TIMESTAMP;
                    entry.samples++;
                    for (WireReader sample = inner.inner(); sample.next(); ) {
                        entry.timestamp = sample.field == timestampField ? sample.value : entry.timestamp;
                    }
                } else if (inner.field == (v2 ? 4 : 3)) {
                    entry.exemplars++;
                }
            }
            entries.add(entry);
        }
        return entries;
    }

    /** Writes a 2.0 entry as 1.0, or returns false if its names cannot be. */
    private static boolean putV1(byte[] message, int[] symbols, Entry entry, WireBuffer out) {
        WireBuffer series = new WireBuffer();
        List<WireBuffer> exemplars = new ArrayList<>();
        WireReader histogram = null;
        for (WireReader at = new WireReader(message, entry.from, entry.to); at.next(); ) {
            switch (at.field) {
                case 1 -> {
                    Labels labels = ClassicNames.escape(labels(message, symbols, at.inner()));
                    if (labels == null) {
                        return false;
                    }
                    put(labels, series);
                }
                case 2 -> putSample(at.inner(), series);
                case 3 -> histogram = at.inner();
                case 4 -> exemplars.add(exemplar(message, symbols, at.inner()));
                default -> {
                    // Metadata has no place in a 1.0 series.
                }
            }
        }
        for (WireBuffer exemplar : exemplars) {
            putField(0x1A, exemplar, series);
        }
        if (histogram != null) {
            WireBuffer content = v1Histogram(histogram);
            if (content == null) {
                return false;
            }
            putField(0x22, content, series);
        }
        putField(TIMESERIES_TAG, series, out);
        return true;
    }

    /** A histogram without what 1.0 does not know; null if that is the buckets themselves. */
    private static @Nullable WireBuffer v1Histogram(WireReader at) {
        WireBuffer out = new WireBuffer();
        while (at.next()) {
            if (at.field == HISTOGRAM_SCHEMA && at.value == HistogramEncoder.zigzag(NativeHistogram.CUSTOM_BUCKETS)) {
                return null;
            }
            if (at.field != HISTOGRAM_START_TIMESTAMP) {
                out.put(at.bytes, at.start, at.end());
            }
        }
        return out;
    }

    private static void putField(int tag, WireBuffer content, WireBuffer out) {
        out.put(tag);
        out.varint(content.length);
        out.put(content.bytes, 0, content.length);
    }

    private static void putSample(WireReader sample, WireBuffer out) {
        long bits = 0;
        long timestamp = 0;
        while (sample.next()) {
            switch (sample.field) {
                case 1 -> bits = sample.value;
                case 2 -> timestamp = sample.value;
                default -> {
                    // 1.0 has no start timestamp.
                }
            }
        }
        out.put(SAMPLES_TAG);
        out.varint(10 + WireBuffer.varintLength(timestamp));
        out.put(VALUE_TAG);
        out.fixed64(bits);
        out.put(TIMESTAMP_TAG);
        out.varint(timestamp);
    }

    private static WireBuffer exemplar(byte[] message, int[] symbols, WireReader at) {
        WireBuffer out = new WireBuffer();
        while (at.next()) {
            switch (at.field) {
                case 1 -> put(labels(message, symbols, at.inner()), out);
                default -> out.put(message, at.start, at.end());
            }
        }
        return out;
    }

    private static void put(Labels labels, WireBuffer out) {
        out.reserve(labels.encodedLength());
        out.length = labels.copyEncoded(0, labels.encodedLength(), out.bytes, out.length);
    }

    private static Labels labels(byte[] message, int[] symbols, WireReader refs) {
        Labels.Builder builder = Labels.builder();
        while (refs.hasMore()) {
            int name = (int) refs.varint() * 2;
            int value = (int) refs.varint() * 2;
            builder.add(message, symbols[name], symbols[name + 1], message, symbols[value], symbols[value + 1]);
        }
        return builder.build();
    }

    /** Some entries of a 2.0 message with a symbol table of their own. */
    private static final class V2Part {
        private final byte[] message;
        private final int[] oldSymbols;
        private final Map<Integer, Integer> symbols = new HashMap<>();
        private final WireBuffer symbolFields = new WireBuffer();
        private final WireBuffer series = new WireBuffer();

        V2Part(byte[] message, int[] oldSymbols) {
            this.message = message;
            this.oldSymbols = oldSymbols;
            symbol(0);
        }

        private int symbol(int old) {
            Integer known = symbols.get(old);
            if (known != null) {
                return known;
            }
            int from = oldSymbols[old * 2];
            int to = oldSymbols[old * 2 + 1];
            symbolFields.put(0x22);
            symbolFields.varint(to - from);
            symbolFields.put(message, from, to);
            symbols.put(old, symbols.size());
            return symbols.size() - 1;
        }

        void add(Entry entry) {
            WireBuffer body = new WireBuffer();
            for (WireReader at = new WireReader(message, entry.from, entry.to); at.next(); ) {
                switch (at.field) {
                    case 1 -> putField(0x0A, refs(at.inner()), body);
                    case 4 -> putField(0x22, exemplar(at.inner()), body);
                    case 5 -> putField(0x2A, metadata(at.inner()), body);
                    default -> body.put(message, at.start, at.end());
                }
            }
            putField(0x2A, body, series);
        }

        private WireBuffer refs(WireReader at) {
            WireBuffer out = new WireBuffer();
            while (at.hasMore()) {
                out.varint(symbol((int) at.varint()));
            }
            return out;
        }

        private WireBuffer exemplar(WireReader at) {
            WireBuffer out = new WireBuffer();
            while (at.next()) {
                if (at.field == 1) {
                    putField(0x0A, refs(at.inner()), out);
                } else {
                    out.put(message, at.start, at.end());
                }
            }
            return out;
        }

        private WireBuffer metadata(WireReader at) {
            WireBuffer out = new WireBuffer();
            while (at.next()) {
                if (at.field == 3 || at.field == 4) {
                    out.put(at.field << 3);
                    out.varint(symbol((int) at.value));
                } else {
                    out.put(message, at.start, at.end());
                }
            }
            return out;
        }

        void finish(WireBuffer out) {
            out.put(symbolFields.bytes, 0, symbolFields.length);
            out.put(series.bytes, 0, series.length);
        }
    }
}

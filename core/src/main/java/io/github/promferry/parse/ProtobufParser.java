package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.parse.PartSeries.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads pages of length-delimited {@code io.prometheus.client.MetricFamily} messages. Fields and numbers are those of
 * client_model's {@code metrics.proto}; unknown ones are skipped, repeated numbers may be packed or not, and of a singular
 * field that stands twice the last one counts.
 *
 * <p>Names, help and labels are text only when met for the first time: a family is known by the bytes of its header, a
 * series by those of its labels.
 */
final class ProtobufParser implements PartSeries.Whole {
    private static final int FAMILY_NAME = 1;
    private static final int FAMILY_HELP = 2;
    private static final int FAMILY_TYPE = 3;
    private static final int FAMILY_METRIC = 4;
    private static final int FAMILY_UNIT = 5;

    private static final MetricType[] TYPES = {
        MetricType.COUNTER,
        MetricType.GAUGE,
        MetricType.SUMMARY,
        MetricType.UNKNOWN,
        MetricType.HISTOGRAM,
        MetricType.GAUGE_HISTOGRAM
    };

    /** The length of a family takes at most so many bytes. */
    private static final int MAX_LENGTH_BYTES = 5;

    private final SeriesDictionary dictionary;
    private final ParseOptions options;
    private final PageOrder order;
    private final PageRows rows;
    private final PartSeries parts;
    private final ProtoReader in = new ProtoReader();
    private final HistogramMessage histogram = new HistogramMessage();
    private final CustomBuckets customBuckets = new CustomBuckets();
    private final List<Exemplar> exemplars = new ArrayList<>();
    private final Labels.Builder builder = Labels.builder();
    private final ValuelessLabels valueless = new ValuelessLabels();

    private byte[] page = {};
    private FamilyContext root = FamilyContext.NOWHERE;
    private FamilyContext context = FamilyContext.NOWHERE;

    /** Header fields of the family, then its metrics are read from the message. */
    private byte[] header = new byte[256];

    private int headerLength;

    /** The labels of the metric as they stand in the message, with their tags. */
    private byte[] labelBytes = new byte[256];

    private int labelLength;
    private long stampMillis;
    private long startMillis;
    private double value;

    ProtobufParser(
            SeriesDictionary dictionary, ParseOptions options, PageOrder order, PageCounts counts, PageRows rows) {
        this.dictionary = dictionary;
        this.options = options;
        this.order = order;
        this.rows = rows;
        parts = new PartSeries(dictionary, options, order, counts, rows);
    }

    void parse(byte[] page, int from, int to) {
        this.page = page;
        root = rows.root(dictionary, FamilyContext.PROTOBUF);
        context = root;
        in.begin(page, from, from, to);
        try {
            while (in.hasMore()) {
                int start = in.at();
                int length = in.bytes();
                int end = in.at();
                if (end - length - start > MAX_LENGTH_BYTES) {
                    throw in.error("a length of more than 5 bytes", "the length of a family");
                }
                family(end - length, end);
                in.enter(end, to);
            }
        } finally {
            this.page = new byte[0];
            in.begin(this.page, 0, 0, 0);
        }
    }

    // ---- families

    private void family(int start, int end) {
        if (!readHeader(start, end)) {
            // Without metrics it says nothing.
            return;
        }
        Entry entry = order.expected();
        // Each family stands for itself, so its header is known in the context of the page's beginning.
        if (entry.context == root && Arrays.equals(header, 0, headerLength, entry.key, 0, entry.key.length)) {
            order.hit();
        } else {
            entry = knownOrNewHeader();
            order.take(entry);
        }
        context = ((Entry.Comment) entry).after;
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag >>> 3 == FAMILY_METRIC && (tag & 7) == ProtoReader.BYTES) {
                int length = in.bytes();
                int next = in.at();
                metric(next - length, next);
                in.enter(next, end);
            } else {
                in.skip(tag);
            }
        }
    }

    /** Copies all fields but the metrics; returns whether there are metrics. */
    private boolean readHeader(int start, int end) {
        headerLength = 0;
        boolean metrics = false;
        in.enter(start, end);
        while (in.hasMore()) {
            int field = in.at();
            int tag = in.tag();
            in.skip(tag);
            if (tag >>> 3 == FAMILY_METRIC) {
                metrics = true;
            } else {
                header = append(header, headerLength, field, in.at());
                headerLength += in.at() - field;
            }
        }
        return metrics;
    }

    private byte[] append(byte[] to, int length, int fieldFrom, int fieldTo) {
        int added = fieldTo - fieldFrom;
        byte[] target = to.length - length < added ? Arrays.copyOf(to, Math.max(2 * length, length + added)) : to;
        System.arraycopy(page, fieldFrom, target, length, added);
        return target;
    }

    private Entry knownOrNewHeader() {
        if (order.lines() >= options.lineLimit()) {
            throw ExpositionException.tooManyLines(options.lineLimit());
        }
        int hash = SeriesDictionary.hash(header, 0, headerLength, root);
        Entry known = dictionary.find(header, 0, headerLength, hash, root);
        return known != null
                ? known
                : dictionary.addComment(header, 0, headerLength, hash, root, headerMetadata(), Entry.COMMENT);
    }

    private MetricMetadata headerMetadata() {
        String name = "";
        String help = "";
        String unit = "";
        long type = 0;
        ProtoReader fields = new ProtoReader();
        fields.begin(header, 0, 0, headerLength);
        while (fields.hasMore()) {
            int tag = fields.tag();
            boolean text = (tag & 7) == ProtoReader.BYTES;
            switch (tag >>> 3) {
                case FAMILY_NAME -> name = text ? text(fields, "metric name") : skipped(fields, tag, name);
                case FAMILY_HELP -> help = text ? text(fields, "help text") : skipped(fields, tag, help);
                case FAMILY_UNIT -> unit = text ? text(fields, "unit") : skipped(fields, tag, unit);
                case FAMILY_TYPE -> {
                    if ((tag & 7) == ProtoReader.VARINT) {
                        type = fields.varint();
                    } else {
                        fields.skip(tag);
                    }
                }
                default -> fields.skip(tag);
            }
        }
        if (name.isEmpty()) {
            throw in.error("a family without name", "a metric name");
        }
        if (type < 0 || type >= TYPES.length) {
            throw in.error("the metric type " + type + " of " + ExpositionException.quoted(name), "0 to 5");
        }
        return new MetricMetadata(name, TYPES[(int) type], help, unit);
    }

    private static String skipped(ProtoReader fields, int tag, String unchanged) {
        fields.skip(tag);
        return unchanged;
    }

    private String text(ProtoReader fields, String what) {
        int length = fields.bytes();
        int start = fields.at() - length;
        if (ByteScan.invalidUtf8(header, start, start + length) >= 0
                && !(what.equals("help text") && options.replaceInvalidHelp())) {
            throw in.error("a " + what + " that is not valid UTF-8", "valid UTF-8");
        }
        return new String(header, start, length, UTF_8);
    }

    // ---- metrics

    private void metric(int start, int end) {
        labelLength = 0;
        stampMillis = SampleBatch.NO_TIMESTAMP;
        startMillis = SampleBatch.NO_TIMESTAMP;
        value = 0;
        exemplars.clear();
        histogram.clear();
        in.enter(start, end);
        while (in.hasMore()) {
            int field = in.at();
            int tag = in.tag();
            if ((tag & 7) == ProtoReader.BYTES) {
                int length = in.bytes();
                int next = in.at();
                message(tag >>> 3, field, next - length, next);
                in.enter(next, end);
            } else if (tag >>> 3 == 6 && (tag & 7) == ProtoReader.VARINT) {
                long millis = in.varint();
                stampMillis = millis == 0 ? SampleBatch.NO_TIMESTAMP : millis;
            } else {
                in.skip(tag);
            }
        }
        deliver();
    }

    private void message(int number, int field, int start, int end) {
        switch (number) {
            case 1 -> {
                labelBytes = append(labelBytes, labelLength, field, end);
                labelLength += end - field;
            }
            case 2 -> valueMessage(start, end, MetricType.GAUGE);
            case 3 -> valueMessage(start, end, MetricType.COUNTER);
            case 4 -> summaryMessage(start, end);
            case 5 -> valueMessage(start, end, MetricType.UNKNOWN);
            case 7 -> histogramMessage(start, end);
            default -> {
                // Unknown fields are skipped.
            }
        }
    }

    /** Gauge, Counter, Untyped: counts only in a family of the type. */
    private void valueMessage(int start, int end, MetricType type) {
        if (context.metadata.type() != type) {
            return;
        }
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == ((1 << 3) | ProtoReader.FIXED64)) {
                value = in.fixed64();
            } else if (type == MetricType.COUNTER && (tag & 7) == ProtoReader.BYTES) {
                int length = in.bytes();
                int next = in.at();
                if (tag >>> 3 == 2) {
                    exemplars.clear();
                    addExemplar(next - length, next);
                } else if (tag >>> 3 == 3) {
                    startMillis = timestamp(next - length, next);
                }
                in.enter(next, end);
            } else {
                in.skip(tag);
            }
        }
    }

    private void summaryMessage(int start, int end) {
        if (context.metadata.type() != MetricType.SUMMARY) {
            return;
        }
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case (1 << 3) | ProtoReader.VARINT -> histogram.count = in.varint();
                case (2 << 3) | ProtoReader.FIXED64 -> histogram.sum = in.fixed64();
                case (3 << 3) | ProtoReader.BYTES -> {
                    int length = in.bytes();
                    int next = in.at();
                    quantile(next - length, next);
                    in.enter(next, end);
                }
                case (4 << 3) | ProtoReader.BYTES -> {
                    int length = in.bytes();
                    int next = in.at();
                    startMillis = timestamp(next - length, next);
                    in.enter(next, end);
                }
                default -> in.skip(tag);
            }
        }
    }

    private void quantile(int start, int end) {
        double quantile = 0;
        double at = 0;
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case (1 << 3) | ProtoReader.FIXED64 -> quantile = in.fixed64();
                case (2 << 3) | ProtoReader.FIXED64 -> at = in.fixed64();
                default -> in.skip(tag);
            }
        }
        histogram.addBucket(quantile, at, 0, 0);
    }

    private void histogramMessage(int start, int end) {
        MetricType type = context.metadata.type();
        if (type != MetricType.HISTOGRAM && type != MetricType.GAUGE_HISTOGRAM) {
            return;
        }
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            if ((tag & 7) == ProtoReader.BYTES) {
                int length = in.bytes();
                int next = in.at();
                histogramPart(tag >>> 3, next - length, next);
                in.enter(next, end);
            } else {
                histogramNumber(tag);
            }
        }
    }

    private void histogramNumber(int tag) {
        switch (tag) {
            case (1 << 3) | ProtoReader.VARINT -> histogram.count = in.varint();
            case (2 << 3) | ProtoReader.FIXED64 -> histogram.sum = Double.longBitsToDouble(bits(in.fixed64()));
            case (4 << 3) | ProtoReader.FIXED64 -> histogram.countFloat = in.fixed64();
            case (5 << 3) | ProtoReader.VARINT -> histogram.schema = Math.toIntExact(schema(in.zigzag()));
            case (6 << 3) | ProtoReader.FIXED64 -> histogram.zeroThreshold = in.fixed64();
            case (7 << 3) | ProtoReader.VARINT -> histogram.zeroCount = in.varint();
            case (8 << 3) | ProtoReader.FIXED64 -> histogram.zeroCountFloat = in.fixed64();
            case (10 << 3) | ProtoReader.VARINT -> histogram.negative.addDelta(in.zigzag());
            case (11 << 3) | ProtoReader.FIXED64 -> histogram.negative.addCount(in.fixed64());
            case (13 << 3) | ProtoReader.VARINT -> histogram.positive.addDelta(in.zigzag());
            case (14 << 3) | ProtoReader.FIXED64 -> histogram.positive.addCount(in.fixed64());
            default -> in.skip(tag);
        }
    }

    private long schema(long schema) {
        if (schema != (int) schema) {
            throw in.error("the schema " + schema, "a 32-bit integer");
        }
        return schema;
    }

    private void histogramPart(int number, int start, int end) {
        in.enter(start, end);
        switch (number) {
            case 3 -> bucket();
            case 9 -> span(histogram.negative);
            case 12 -> span(histogram.positive);
            case 10 -> packedDeltas(histogram.negative);
            case 13 -> packedDeltas(histogram.positive);
            case 11 -> packedCounts(histogram.negative);
            case 14 -> packedCounts(histogram.positive);
            case 15 -> startMillis = timestamp(start, end);
            case 16 -> {
                histogram.hasExemplars = true;
                addExemplar(start, end);
            }
            default -> {
                // Unknown fields are skipped.
            }
        }
    }

    private void packedDeltas(HistogramMessage.Side side) {
        while (in.hasMore()) {
            side.addDelta(in.zigzag());
        }
    }

    private void packedCounts(HistogramMessage.Side side) {
        while (in.hasMore()) {
            side.addCount(in.fixed64());
        }
    }

    private void span(HistogramMessage.Side side) {
        long offset = 0;
        long length = 0;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case (1 << 3) | ProtoReader.VARINT -> offset = in.zigzag();
                case (2 << 3) | ProtoReader.VARINT -> length = in.varint();
                default -> in.skip(tag);
            }
        }
        if (offset != (int) offset || length < 0 || length > Integer.MAX_VALUE) {
            throw in.error("a span with offset " + offset + " and length " + length, "32-bit integers");
        }
        side.addSpan((int) offset, (int) length);
    }

    private void bucket() {
        double bound = 0;
        double count = 0;
        double countFloat = 0;
        int exemplarFrom = 0;
        int exemplarTo = 0;
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case (1 << 3) | ProtoReader.VARINT -> count = unsigned(in.varint());
                case (2 << 3) | ProtoReader.FIXED64 -> bound = in.fixed64();
                case (4 << 3) | ProtoReader.FIXED64 -> countFloat = in.fixed64();
                case (3 << 3) | ProtoReader.BYTES -> {
                    int length = in.bytes();
                    exemplarFrom = in.at() - length;
                    exemplarTo = in.at();
                }
                default -> in.skip(tag);
            }
        }
        histogram.addBucket(bound, countFloat > 0 ? countFloat : count, exemplarFrom, exemplarTo);
    }

    private static double unsigned(long count) {
        return count >= 0 ? (double) count : (count >>> 1) * 2.0;
    }

    // ---- exemplars and timestamps

    private void addExemplar(int start, int end) {
        builder.clear();
        valueless.clear();
        double exemplarValue = 0;
        long millis = SampleBatch.NO_TIMESTAMP;
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            if (tag == ((2 << 3) | ProtoReader.FIXED64)) {
                exemplarValue = in.fixed64();
            } else if ((tag & 7) == ProtoReader.BYTES) {
                int length = in.bytes();
                int next = in.at();
                if (tag >>> 3 == 1) {
                    addLabel(page, next - length, next);
                } else if (tag >>> 3 == 3) {
                    millis = timestamp(next - length, next);
                }
                in.enter(next, end);
            } else {
                in.skip(tag);
            }
        }
        exemplars.add(new Exemplar(build(), exemplarValue, millis));
    }

    private long timestamp(int start, int end) {
        long seconds = 0;
        long nanos = 0;
        in.enter(start, end);
        while (in.hasMore()) {
            int tag = in.tag();
            switch (tag) {
                case (1 << 3) | ProtoReader.VARINT -> seconds = in.varint();
                case (2 << 3) | ProtoReader.VARINT -> nanos = in.varint();
                default -> in.skip(tag);
            }
        }
        return seconds * 1000 + nanos / 1_000_000;
    }

    // ---- labels

    /** The labels of the metric that is being read, its family's name among them. */
    @Override
    public Labels labels() {
        builder.clear();
        valueless.clear();
        builder.add(Labels.METRIC_NAME, context.metadata.family());
        ProtoReader fields = new ProtoReader();
        fields.begin(labelBytes, 0, 0, labelLength);
        while (fields.hasMore()) {
            fields.tag();
            int length = fields.bytes();
            addLabel(labelBytes, fields.at() - length, fields.at());
        }
        return build();
    }

    @Override
    public MetricMetadata metadata() {
        return context.metadata;
    }

    private void addLabel(byte[] bytes, int start, int end) {
        ProtoReader fields = new ProtoReader();
        fields.begin(bytes, 0, start, end);
        int nameFrom = 0;
        int nameTo = 0;
        int valueFrom = 0;
        int valueTo = 0;
        while (fields.hasMore()) {
            int tag = fields.tag();
            if ((tag & 7) != ProtoReader.BYTES) {
                fields.skip(tag);
                continue;
            }
            int length = fields.bytes();
            if (tag >>> 3 == 1) {
                nameFrom = fields.at() - length;
                nameTo = fields.at();
            } else if (tag >>> 3 == 2) {
                valueFrom = fields.at() - length;
                valueTo = fields.at();
            }
        }
        if (ByteScan.invalidUtf8(bytes, nameFrom, nameTo) >= 0
                || ByteScan.invalidUtf8(bytes, valueFrom, valueTo) >= 0) {
            throw in.error("a label that is not valid UTF-8", "valid UTF-8");
        }
        if (nameFrom == nameTo) {
            throw in.error("a label without name", "a name of at least one character");
        }
        if (valueFrom == valueTo) {
            valueless.add(bytes, nameFrom, nameTo);
        } else {
            builder.add(bytes, nameFrom, nameTo, bytes, valueFrom, valueTo);
        }
    }

    private Labels build() {
        try {
            return valueless.build(builder);
        } catch (IllegalArgumentException e) {
            throw in.error(String.valueOf(e.getMessage()), "each label once");
        }
    }

    // ---- rows

    private void deliver() {
        parts.begin(context, labelBytes, 0, labelLength, stampMillis, startMillis);
        switch (context.metadata.type()) {
            case SUMMARY -> deliverSummary();
            case HISTOGRAM, GAUGE_HISTOGRAM -> deliverHistogram();
            default -> parts.add(Part.VALUE, 0, bits(value), this, exemplars);
        }
    }

    /** A NaN on a page is an ordinary one; the stale marker must never come out of a parser. */
    private static long bits(double value) {
        return Double.isNaN(value) ? SampleValues.NORMAL_NAN_BITS : Double.doubleToRawLongBits(value);
    }

    private void deliverSummary() {
        parts.add(Part.COUNT, 0, bits(unsigned(histogram.count)), this, List.of());
        parts.add(Part.SUM, 0, bits(histogram.sum), this, List.of());
        for (int i = 0; i < histogram.bucketCount; i++) {
            parts.add(Part.QUANTILE, histogram.bounds[i], bits(histogram.counts[i]), this, List.of());
        }
    }

    private void deliverHistogram() {
        NativeHistogram sparse = null;
        if (histogram.isNative() && options.nativeHistograms()) {
            sparse = nativeHistogram();
        } else if (options.classicHistogramsAsNative() && context.metadata.type() == MetricType.HISTOGRAM) {
            sparse = customBuckets();
        }
        if (sparse != null) {
            parts.add(sparse, this, nativeExemplars());
        }
        if (sparse == null || options.classicHistogramsToo()) {
            deliverClassic();
        }
    }

    /** Of the classic buckets, or null if there are none or they are not those of a histogram. */
    private @Nullable NativeHistogram customBuckets() {
        if (histogram.bucketCount == 0) {
            return null;
        }
        customBuckets.clear();
        customBuckets.count(histogram.countFloat > 0 ? histogram.countFloat : unsigned(histogram.count));
        customBuckets.sum(histogram.sum);
        for (int i = 0; i < histogram.bucketCount; i++) {
            customBuckets.add(histogram.bounds[i], histogram.counts[i]);
        }
        return customBuckets.toNative();
    }

    private NativeHistogram nativeHistogram() {
        try {
            return histogram.toNative(context.metadata.type() == MetricType.GAUGE_HISTOGRAM);
        } catch (IllegalArgumentException e) {
            throw in.error(String.valueOf(e.getMessage()), "a native histogram by the rules");
        }
    }

    /** Those of the histogram, else those of its buckets; without a timestamp they cannot be told apart later. */
    private List<Exemplar> nativeExemplars() {
        List<Exemplar> stamped = new ArrayList<>();
        if (!histogram.hasExemplars) {
            for (int i = 0; i < histogram.bucketCount; i++) {
                addBucketExemplar(i);
            }
        }
        for (Exemplar exemplar : exemplars) {
            if (exemplar.timestampMillis() != SampleBatch.NO_TIMESTAMP) {
                stamped.add(exemplar);
            }
        }
        exemplars.clear();
        return stamped;
    }

    private void addBucketExemplar(int bucket) {
        int start = histogram.exemplarFrom[bucket];
        int end = histogram.exemplarTo[bucket];
        if (start < end) {
            addExemplar(start, end);
        }
    }

    private void deliverClassic() {
        double count = histogram.countFloat > 0 ? histogram.countFloat : unsigned(histogram.count);
        parts.add(Part.COUNT, 0, bits(count), this, List.of());
        parts.add(Part.SUM, 0, bits(histogram.sum), this, List.of());
        double bound = Double.NaN;
        for (int i = 0; i < histogram.bucketCount; i++) {
            bound = histogram.bounds[i];
            exemplars.clear();
            addBucketExemplar(i);
            parts.add(Part.BUCKET, bound, bits(histogram.counts[i]), this, exemplars);
        }
        if (bound != Double.POSITIVE_INFINITY) {
            parts.add(Part.BUCKET, Double.POSITIVE_INFINITY, bits(count), this, List.of());
        }
    }

    /** The fields of a Histogram message while it is read; a Summary's quantiles sit in the buckets. */
    private static final class HistogramMessage {
        private long count;
        private double countFloat;
        private double sum;
        private int schema;
        private double zeroThreshold;
        private long zeroCount;
        private double zeroCountFloat;
        private boolean hasExemplars;
        private final Side negative = new Side();
        private final Side positive = new Side();

        private int bucketCount;
        private double[] bounds = new double[16];
        private double[] counts = new double[16];
        private int[] exemplarFrom = new int[16];
        private int[] exemplarTo = new int[16];

        /** One side of the sparse buckets. */
        private static final class Side {
            private int[] spans = new int[16];
            private int spanLength;
            private long[] deltas = new long[16];
            private int deltaCount;
            private double[] counts = new double[16];
            private int countCount;

            void clear() {
                spanLength = 0;
                deltaCount = 0;
                countCount = 0;
            }

            void addSpan(int offset, int length) {
                if (spanLength == spans.length) {
                    spans = Arrays.copyOf(spans, 2 * spanLength);
                }
                spans[spanLength++] = offset;
                spans[spanLength++] = length;
            }

            void addDelta(long delta) {
                if (deltaCount == deltas.length) {
                    deltas = Arrays.copyOf(deltas, 2 * deltaCount);
                }
                deltas[deltaCount++] = delta;
            }

            void addCount(double count) {
                if (countCount == counts.length) {
                    counts = Arrays.copyOf(counts, 2 * countCount);
                }
                counts[countCount++] = count;
            }

            Buckets toBuckets(boolean isFloat) {
                int[] all = Arrays.copyOf(spans, spanLength);
                if (isFloat) {
                    return spanLength == 0 && countCount == 0
                            ? Buckets.NONE
                            : Buckets.ofCounts(all, Arrays.copyOf(counts, countCount));
                }
                return Buckets.ofDeltas(all, Arrays.copyOf(deltas, deltaCount));
            }
        }

        void clear() {
            count = 0;
            countFloat = 0;
            sum = 0;
            schema = 0;
            zeroThreshold = 0;
            zeroCount = 0;
            zeroCountFloat = 0;
            hasExemplars = false;
            bucketCount = 0;
            negative.clear();
            positive.clear();
        }

        void addBucket(double bound, double cumulative, int from, int to) {
            if (bucketCount == bounds.length) {
                bounds = Arrays.copyOf(bounds, 2 * bucketCount);
                counts = Arrays.copyOf(counts, 2 * bucketCount);
                exemplarFrom = Arrays.copyOf(exemplarFrom, 2 * bucketCount);
                exemplarTo = Arrays.copyOf(exemplarTo, 2 * bucketCount);
            }
            bounds[bucketCount] = bound;
            counts[bucketCount] = cumulative;
            exemplarFrom[bucketCount] = from;
            exemplarTo[bucketCount++] = to;
        }

        boolean isNative() {
            return negative.spanLength > 0
                    || positive.spanLength > 0
                    || zeroThreshold > 0
                    || zeroCount != 0
                    || zeroCountFloat > 0;
        }

        NativeHistogram toNative(boolean gauge) {
            boolean isFloat = countFloat > 0 || zeroCountFloat > 0;
            NativeHistogram.Builder builder = isFloat
                    ? NativeHistogram.ofFloatCounts(countFloat, sum).zeroFloat(zeroThreshold, zeroCountFloat)
                    : NativeHistogram.ofCounts(count, sum).zero(zeroThreshold, zeroCount);
            return builder.gauge(gauge)
                    .schema(schema)
                    .negative(negative.toBuckets(isFloat))
                    .positive(positive.toBuckets(isFloat))
                    .build();
        }
    }
}

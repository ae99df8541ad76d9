package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleValues;
import io.github.promferry.testkit.DecodedRequest.Entry;
import io.github.promferry.testkit.DecodedRequest.Point;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import io.github.promferry.testkit.proto.v2.BucketSpan;
import io.github.promferry.testkit.proto.v2.Histogram;
import io.github.promferry.testkit.proto.v2.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/**
 * The rules of Remote Write 1.0 and 2.0 that one request can break on its own. Decodes with the generated classes, so
 * that a mistake of our encoder is not repeated here. Broken rules are collected, not thrown, so that a test sees all.
 */
final class WriteRequestRules {
    static final String CONTENT_TYPE_1 = "application/x-protobuf";
    static final String CONTENT_TYPE_1_NAMED = "application/x-protobuf;proto=prometheus.WriteRequest";
    static final String CONTENT_TYPE_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    static final String VERSION_HEADER = "X-Prometheus-Remote-Write-Version";

    private static final byte[] FRAMED_MAGIC = {(byte) 0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59};
    private static final int MAX_DECODED_BYTES = 32 << 20;
    private static final long QUIET_BIT = 0x0008_0000_0000_0000L;
    private static final Pattern METRIC_NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Pattern LABEL_NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");
    private static final Pattern USER_AGENT = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+/[0-9A-Za-z.+_-]+( .*)?");
    private static final int CUSTOM_BUCKETS = -53;

    private final List<String> violations;

    WriteRequestRules(List<String> violations) {
        this.violations = violations;
    }

    /** Whether the request says that it holds the 2.0 message. */
    static boolean isVersion2(RecordedRequest request) {
        return request.headers("Content-Type").stream().anyMatch(type -> type.contains("io.prometheus.write.v2"));
    }

    void checkHead(RecordedRequest request) {
        if (!request.method().equals("POST")) {
            broken("method must be POST, is " + request.method());
        }
        exactly(request, "Content-Encoding", "snappy");
        exactly(request, VERSION_HEADER, isVersion2(request) ? "2.0.0" : "0.1.0");
        exactly(
                request,
                "Content-Type",
                isVersion2(request)
                        ? new String[] {CONTENT_TYPE_2}
                        : new String[] {CONTENT_TYPE_1, CONTENT_TYPE_1_NAMED});
        List<String> agents = request.headers("User-Agent");
        if (agents.size() != 1 || !USER_AGENT.matcher(agents.get(0)).matches()) {
            broken("User-Agent must come once and be product/version, is " + agents);
        }
        List<String> attempts = request.headers("Retry-Attempt");
        if (!attempts.isEmpty() && (attempts.size() > 1 || !attempts.get(0).matches("[1-9][0-9]{0,8}"))) {
            broken("Retry-Attempt must be a number from 1 and come on retries only, is " + attempts);
        }
    }

    private void exactly(RecordedRequest request, String header, String... allowed) {
        List<String> values = request.headers(header);
        if (values.size() != 1 || !Arrays.asList(allowed).contains(values.get(0))) {
            broken(header + " must come once and be exactly " + String.join(" or ", allowed) + ", is " + values);
        }
    }

    /** Decodes a body; returns null, with a broken rule, if it is not what the head says. */
    @Nullable
    DecodedRequest decode(byte[] body, boolean version2) {
        if (body.length >= FRAMED_MAGIC.length
                && Arrays.equals(body, 0, FRAMED_MAGIC.length, FRAMED_MAGIC, 0, FRAMED_MAGIC.length)) {
            broken("snappy must be the block format, is framed");
            return null;
        }
        try {
            if (!Snappy.isValidCompressedBuffer(body)) {
                broken("body is not a snappy block");
                return null;
            }
            int length = Snappy.uncompressedLength(body);
            if (length > MAX_DECODED_BYTES) {
                broken("decoded body must not exceed 32 MiB, has " + length + " bytes");
                return null;
            }
            byte[] message = Snappy.uncompress(body);
            return version2 ? version2(Request.parseFrom(message)) : version1(WriteRequest.parseFrom(message));
        } catch (InvalidProtocolBufferException e) {
            broken("body is not a protobuf message: " + e.getMessage());
            return null;
        } catch (IOException e) {
            broken("body is not a snappy block: " + e.getMessage());
            return null;
        }
    }

    // ---- 1.0

    private DecodedRequest version1(WriteRequest message) throws InvalidProtocolBufferException {
        DecodedRequest decoded = new DecodedRequest();
        noUnknownFields(message, "WriteRequest");
        if (message.getTimeseriesCount() == 0 && message.getMetadataCount() == 0) {
            broken("request must hold series or metadata, is empty");
        }
        for (int i = 0; i < message.getTimeseriesCount(); i++) {
            decoded.entries.add(version1(message.getTimeseries(i), "series " + i));
        }
        Set<String> families = new HashSet<>();
        for (int i = 0; i < message.getMetadataCount(); i++) {
            var metadata = message.getMetadata(i);
            noUnknownFields(metadata, "metadata " + i);
            String family = metadata.getMetricFamilyName();
            if (family.isEmpty()) {
                broken("metadata " + i + ": family name is empty");
            } else if (!families.add(family)) {
                broken("metadata " + i + ": family " + family + " came before");
            }
            MetricType type = type(metadata.getTypeValue(), "metadata " + i);
            decoded.families.add(new MetricMetadata(family, type, metadata.getHelp(), metadata.getUnit()));
        }
        return decoded;
    }

    private Entry version1(io.github.promferry.testkit.proto.v1.TimeSeries series, String where)
            throws InvalidProtocolBufferException {
        noUnknownFields(series, where);
        Labels labels = labels(version1(series.getLabelsList(), where), false, where);
        String named = labels == null ? where : where + " " + labels;
        List<Point> points = new ArrayList<>(series.getSamplesCount());
        for (var sample : series.getSamplesList()) {
            noUnknownFields(sample, named);
            points.add(new Point(sample.getTimestamp(), Double.doubleToRawLongBits(sample.getValue()), 0));
        }
        List<Histogram> histograms = new ArrayList<>();
        for (var histogram : series.getHistogramsList()) {
            // The fields have the same numbers in both versions.
            Histogram same = Histogram.parseFrom(histogram.toByteArray());
            if (same.getSchema() == CUSTOM_BUCKETS || same.getCustomValuesCount() > 0) {
                broken(named + ": custom buckets do not exist in 1.0");
            }
            histograms.add(same);
        }
        List<Exemplar> exemplars = new ArrayList<>();
        for (var exemplar : series.getExemplarsList()) {
            noUnknownFields(exemplar, named);
            exemplars.add(exemplar(
                    version1(exemplar.getLabelsList(), named), exemplar.getValue(), exemplar.getTimestamp(), named));
        }
        check(points, histograms, named);
        return new Entry(labels, points, histograms, exemplars, null);
    }

    private List<String> version1(List<io.github.promferry.testkit.proto.v1.Label> labels, String where) {
        List<String> pairs = new ArrayList<>(2 * labels.size());
        for (var label : labels) {
            noUnknownFields(label, where);
            pairs.add(label.getName());
            pairs.add(label.getValue());
        }
        return pairs;
    }

    // ---- 2.0

    private DecodedRequest version2(Request message) {
        DecodedRequest decoded = new DecodedRequest();
        noUnknownFields(message, "Request");
        List<String> symbols = message.getSymbolsList();
        if (symbols.isEmpty() || !symbols.get(0).isEmpty()) {
            broken("symbols must begin with the empty string, begin with "
                    + (symbols.isEmpty() ? "nothing" : "\"" + symbols.get(0) + "\""));
        }
        Set<String> distinct = new HashSet<>();
        for (String symbol : symbols) {
            if (!distinct.add(symbol)) {
                broken("symbol \"" + symbol + "\" comes twice");
            }
        }
        if (message.getTimeseriesCount() == 0) {
            broken("request must hold series, is empty");
        }
        for (int i = 0; i < message.getTimeseriesCount(); i++) {
            decoded.entries.add(version2(message.getTimeseries(i), symbols, "series " + i));
        }
        return decoded;
    }

    private Entry version2(io.github.promferry.testkit.proto.v2.TimeSeries series, List<String> symbols, String where) {
        noUnknownFields(series, where);
        if (series.getLabelsRefsCount() == 0) {
            broken(where + ": labels_refs is missing");
        }
        Labels labels = labels(resolve(series.getLabelsRefsList(), symbols, where), true, where);
        String named = labels == null ? where : where + " " + labels;
        List<Point> points = new ArrayList<>(series.getSamplesCount());
        for (var sample : series.getSamplesList()) {
            noUnknownFields(sample, named);
            points.add(new Point(
                    sample.getTimestamp(), Double.doubleToRawLongBits(sample.getValue()), sample.getStartTimestamp()));
        }
        for (Point point : points) {
            // 0 means not set.
            if (point.startTimestampMillis() != 0 && point.startTimestampMillis() > point.timestampMillis()) {
                broken(named + ": start timestamp " + point.startTimestampMillis() + " is after the sample's "
                        + point.timestampMillis());
            }
        }
        List<Exemplar> exemplars = new ArrayList<>();
        for (var exemplar : series.getExemplarsList()) {
            noUnknownFields(exemplar, named);
            exemplars.add(exemplar(
                    resolve(exemplar.getLabelsRefsList(), symbols, named),
                    exemplar.getValue(),
                    exemplar.getTimestamp(),
                    named));
        }
        check(points, series.getHistogramsList(), named);
        MetricMetadata metadata = null;
        if (series.hasMetadata()) {
            var sent = series.getMetadata();
            noUnknownFields(sent, named);
            metadata = new MetricMetadata(
                    labels == null ? "" : String.valueOf(labels.metricName()),
                    type(sent.getTypeValue(), named),
                    symbol(sent.getHelpRef(), symbols, named),
                    symbol(sent.getUnitRef(), symbols, named));
        }
        return new Entry(labels, points, series.getHistogramsList(), exemplars, metadata);
    }

    private List<String> resolve(List<Integer> refs, List<String> symbols, String where) {
        if (refs.size() % 2 != 0) {
            broken(where + ": labels_refs must come in pairs, are " + refs.size());
        }
        List<String> pairs = new ArrayList<>(refs.size());
        for (int ref : refs) {
            pairs.add(symbol(ref, symbols, where));
        }
        return pairs.size() % 2 == 0 ? pairs : pairs.subList(0, pairs.size() - 1);
    }

    private String symbol(int ref, List<String> symbols, String where) {
        if (ref < 0 || ref >= symbols.size()) {
            broken(where + ": reference " + Integer.toUnsignedString(ref) + " points outside of " + symbols.size()
                    + " symbols");
            return "?";
        }
        return symbols.get(ref);
    }

    // ---- both

    /** Null if a rule is broken. */
    private @Nullable Labels labels(List<String> pairs, boolean anyName, String where) {
        int before = violations.size();
        boolean named = false;
        for (int i = 0; i < pairs.size(); i += 2) {
            String name = pairs.get(i);
            boolean isMetricName = name.equals(Labels.METRIC_NAME);
            named |= isMetricName;
            if (isMetricName
                    && !anyName
                    && !METRIC_NAME.matcher(pairs.get(i + 1)).matches()) {
                broken(where + ": metric name \"" + pairs.get(i + 1) + "\" is not allowed in 1.0");
            }
            if (name.startsWith("__") && !isMetricName) {
                broken(where + ": label " + name + " is reserved");
            }
        }
        if (!named) {
            broken(where + ": " + Labels.METRIC_NAME + " is missing in " + pairs);
        }
        Labels labels = pairLabels(pairs, anyName, where);
        return violations.size() == before ? labels : null;
    }

    private Labels pairLabels(List<String> pairs, boolean anyName, String where) {
        Labels.Builder labels = Labels.builder();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            String name = pairs.get(i);
            String value = pairs.get(i + 1);
            if (name.isEmpty()) {
                broken(where + ": label name is empty in " + pairs);
                continue;
            }
            if (value.isEmpty()) {
                broken(where + ": label " + name + " has an empty value");
            }
            if (!anyName && !LABEL_NAME.matcher(name).matches()) {
                broken(where + ": label name \"" + name + "\" is not allowed in 1.0");
            }
            if (!names.add(name)) {
                broken(where + ": label " + name + " is repeated");
                continue;
            }
            if (i > 0 && Arrays.compareUnsigned(pairs.get(i - 2).getBytes(UTF_8), name.getBytes(UTF_8)) > 0) {
                broken(where + ": labels must be sorted by bytes, " + pairs.get(i - 2) + " comes before " + name);
            }
            labels.add(name, value);
        }
        return labels.build();
    }

    private Exemplar exemplar(List<String> pairs, double value, long timestampMillis, String where) {
        if (timestampMillis == 0) {
            broken(where + ": exemplar has no timestamp");
        }
        return new Exemplar(pairLabels(pairs, true, where + ", exemplar"), value, timestampMillis);
    }

    private void check(List<Point> points, List<Histogram> histograms, String where) {
        if (points.isEmpty() && histograms.isEmpty()) {
            broken(where + ": must contain at least one sample or histogram");
        }
        if (!points.isEmpty() && !histograms.isEmpty()) {
            broken(where + ": samples and histograms are mixed");
        }
        for (int i = 0; i < points.size(); i++) {
            Point point = points.get(i);
            if (i > 0 && point.timestampMillis() <= points.get(i - 1).timestampMillis()) {
                broken(where + ": timestamps must ascend, " + point.timestampMillis() + " follows "
                        + points.get(i - 1).timestampMillis());
            }
            long bits = point.valueBits();
            boolean isNan = Double.isNaN(Double.longBitsToDouble(bits));
            // Arithmetic makes the stale marker quiet and leaves its payload.
            if (isNan
                    && !SampleValues.isStale(bits)
                    && ((bits & QUIET_BIT) == 0 || (bits & ~QUIET_BIT) == SampleValues.STALE_NAN_BITS)) {
                broken(where + ": NaN 0x" + Long.toHexString(bits) + " is neither ordinary nor the stale marker");
            }
        }
        for (int i = 0; i < histograms.size(); i++) {
            if (i > 0
                    && histograms.get(i).getTimestamp() <= histograms.get(i - 1).getTimestamp()) {
                broken(where + ": histogram timestamps must ascend");
            }
            check(histograms.get(i), where + ", histogram " + i);
        }
    }

    private void check(Histogram histogram, String where) {
        noUnknownFields(histogram, where);
        boolean custom = histogram.getSchema() == CUSTOM_BUCKETS;
        if (!custom && (histogram.getSchema() < -4 || histogram.getSchema() > 8)) {
            broken(where + ": schema " + histogram.getSchema() + " does not exist");
        }
        boolean floats = histogram.hasCountFloat();
        if (floats != histogram.hasZeroCountFloat() && (histogram.hasZeroCountFloat() || histogram.hasZeroCountInt())) {
            broken(where + ": count and zero count must be of one kind");
        }
        buckets(
                histogram.getPositiveSpansList(),
                floats ? histogram.getPositiveCountsCount() : histogram.getPositiveDeltasCount(),
                floats ? histogram.getPositiveDeltasCount() : histogram.getPositiveCountsCount(),
                where + ", positive buckets");
        buckets(
                histogram.getNegativeSpansList(),
                floats ? histogram.getNegativeCountsCount() : histogram.getNegativeDeltasCount(),
                floats ? histogram.getNegativeDeltasCount() : histogram.getNegativeCountsCount(),
                where + ", negative buckets");
        if (!floats && SampleValues.STALE_NAN_BITS != Double.doubleToRawLongBits(histogram.getSum())) {
            long total = histogram.getZeroCountInt()
                    + absolute(histogram.getPositiveDeltasList(), where)
                    + absolute(histogram.getNegativeDeltasList(), where);
            // Observations of NaN count, but fall in no bucket.
            if (total > histogram.getCountInt()
                    || (total < histogram.getCountInt() && !Double.isNaN(histogram.getSum()))) {
                broken(where + ": buckets hold " + total + " observations, count says " + histogram.getCountInt());
            }
        }
        for (int i = 1; i < histogram.getCustomValuesCount(); i++) {
            if (!(histogram.getCustomValues(i) > histogram.getCustomValues(i - 1))) {
                broken(where + ": custom values must rise strictly");
            }
        }
        if (!custom && histogram.getCustomValuesCount() > 0) {
            broken(where + ": custom values need schema " + CUSTOM_BUCKETS);
        }
        if (custom
                && (histogram.getNegativeSpansCount() > 0
                        || histogram.getZeroCountInt() != 0
                        || histogram.getZeroCountFloat() != 0)) {
            broken(where + ": custom buckets have neither a zero bucket nor negative ones");
        }
    }

    private void buckets(List<BucketSpan> spans, int counts, int countsOfOtherKind, String where) {
        long spanned = 0;
        for (int i = 0; i < spans.size(); i++) {
            spanned += Integer.toUnsignedLong(spans.get(i).getLength());
            if (i > 0 && spans.get(i).getOffset() < 0) {
                broken(where + ": span " + i + " goes back");
            }
        }
        if (spanned != counts) {
            broken(where + ": spans cover " + spanned + " buckets, there are " + counts);
        }
        if (countsOfOtherKind > 0) {
            broken(where + ": integer and float counts are mixed");
        }
    }

    private long absolute(List<Long> deltas, String where) {
        long total = 0;
        long count = 0;
        for (long delta : deltas) {
            count += delta;
            total += count;
            if (count < 0) {
                broken(where + ": a bucket has a negative count");
            }
        }
        return total;
    }

    /** By the published numbers, not by the order of our enum. */
    private MetricType type(int number, String where) {
        return switch (number) {
            case 0 -> MetricType.UNKNOWN;
            case 1 -> MetricType.COUNTER;
            case 2 -> MetricType.GAUGE;
            case 3 -> MetricType.HISTOGRAM;
            case 4 -> MetricType.GAUGE_HISTOGRAM;
            case 5 -> MetricType.SUMMARY;
            case 6 -> MetricType.INFO;
            case 7 -> MetricType.STATE_SET;
            default -> {
                broken(where + ": metric type " + number + " does not exist");
                yield MetricType.UNKNOWN;
            }
        };
    }

    private void noUnknownFields(Message message, String where) {
        if (!message.getUnknownFields().asMap().isEmpty()) {
            broken(where + ": unknown fields "
                    + message.getUnknownFields().asMap().keySet());
        }
    }

    private void broken(String rule) {
        violations.add(rule);
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.NativeHistogram;
import io.github.promferry.NativeHistogram.Buckets;
import io.github.promferry.SampleBatch;
import io.github.promferry.testkit.proto.v1.TimeSeries;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import io.github.promferry.testkit.proto.v2.BucketSpan;
import io.github.promferry.testkit.proto.v2.Histogram;
import io.github.promferry.testkit.proto.v2.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.xerial.snappy.Snappy;

/** Blocks as the generated protobuf classes and the native Snappy library read them. */
final class Decoded {
    /** One TimeSeries entry; metadata is {@code NONE} in 1.0, without a family in 2.0. */
    record Row(
            Labels labels,
            long timestamp,
            long valueBits,
            long startTimestamp,
            List<Exemplar> exemplars,
            MetricMetadata metadata) {
        /** The row as a 1.0 receiver may see it. */
        Row asV1() {
            return new Row(labels, timestamp, valueBits, SampleBatch.NO_TIMESTAMP, exemplars, MetricMetadata.NONE);
        }
    }

    private Decoded() {}

    /** The rows of each series in their order, wherever the others are in between. */
    static Map<Labels, List<Row>> bySeries(List<Row> rows) {
        return rows.stream().collect(Collectors.groupingBy(Row::labels));
    }

    static List<Row> rows(Block block) {
        try {
            byte[] message = Snappy.uncompress(block.body.copy());
            return block.protocol == WriteProtocol.V1
                    ? rows(WriteRequest.parseFrom(message))
                    : rows(Request.parseFrom(message));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The native histograms of a block; those of 1.0 are read as 2.0, which has the same fields and one more. */
    static List<NativeHistogram> histograms(Block block) {
        List<NativeHistogram> histograms = new ArrayList<>();
        try {
            byte[] message = Snappy.uncompress(block.body.copy());
            if (block.protocol == WriteProtocol.V1) {
                for (TimeSeries entry : WriteRequest.parseFrom(message).getTimeseriesList()) {
                    for (var histogram : entry.getHistogramsList()) {
                        histograms.add(histogram(Histogram.parseFrom(histogram.toByteString())));
                    }
                }
            } else {
                Request.parseFrom(message)
                        .getTimeseriesList()
                        .forEach(entry -> entry.getHistogramsList().forEach(one -> histograms.add(histogram(one))));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return histograms;
    }

    private static NativeHistogram histogram(Histogram decoded) {
        NativeHistogram.Builder builder = decoded.hasCountFloat()
                ? NativeHistogram.ofFloatCounts(decoded.getCountFloat(), decoded.getSum())
                        .zeroFloat(decoded.getZeroThreshold(), decoded.getZeroCountFloat())
                : NativeHistogram.ofCounts(decoded.getCountInt(), decoded.getSum())
                        .zero(decoded.getZeroThreshold(), decoded.getZeroCountInt());
        builder.gauge(decoded.getResetHint() == Histogram.ResetHint.RESET_HINT_GAUGE)
                .schema(decoded.getSchema())
                .negative(buckets(
                        decoded.getNegativeSpansList(),
                        decoded.getNegativeDeltasList(),
                        decoded.getNegativeCountsList()))
                .positive(buckets(
                        decoded.getPositiveSpansList(),
                        decoded.getPositiveDeltasList(),
                        decoded.getPositiveCountsList()));
        if (decoded.getCustomValuesCount() > 0) {
            builder.customBounds(decoded.getCustomValuesList().stream()
                    .mapToDouble(Double::doubleValue)
                    .toArray());
        }
        return builder.build();
    }

    private static Buckets buckets(List<BucketSpan> spans, List<Long> deltas, List<Double> counts) {
        int[] bounds = spans.stream()
                .flatMapToInt(span -> IntStream.of(span.getOffset(), span.getLength()))
                .toArray();
        return counts.isEmpty()
                ? Buckets.ofDeltas(
                        bounds, deltas.stream().mapToLong(Long::longValue).toArray())
                : Buckets.ofCounts(
                        bounds, counts.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static List<Row> rows(WriteRequest request) {
        List<Row> rows = new ArrayList<>();
        request.getTimeseriesList().forEach(entry -> {
            Labels.Builder labels = Labels.builder();
            entry.getLabelsList().forEach(label -> labels.add(label.getName(), label.getValue()));
            List<Exemplar> exemplars = new ArrayList<>();
            entry.getExemplarsList().forEach(exemplar -> {
                Labels.Builder own = Labels.builder();
                exemplar.getLabelsList().forEach(label -> own.add(label.getName(), label.getValue()));
                exemplars.add(new Exemplar(own.build(), exemplar.getValue(), exemplar.getTimestamp()));
            });
            entry.getSamplesList()
                    .forEach(sample -> rows.add(new Row(
                            labels.build(),
                            sample.getTimestamp(),
                            Double.doubleToRawLongBits(sample.getValue()),
                            SampleBatch.NO_TIMESTAMP,
                            exemplars,
                            MetricMetadata.NONE)));
        });
        return rows;
    }

    private static List<Row> rows(Request request) {
        List<Row> rows = new ArrayList<>();
        request.getTimeseriesList().forEach(entry -> {
            List<Exemplar> exemplars = new ArrayList<>();
            entry.getExemplarsList()
                    .forEach(exemplar -> exemplars.add(new Exemplar(
                            labels(request, exemplar.getLabelsRefsList()),
                            exemplar.getValue(),
                            exemplar.getTimestamp())));
            entry.getSamplesList()
                    .forEach(sample -> rows.add(new Row(
                            labels(request, entry.getLabelsRefsList()),
                            sample.getTimestamp(),
                            Double.doubleToRawLongBits(sample.getValue()),
                            sample.getStartTimestamp() == 0 ? SampleBatch.NO_TIMESTAMP : sample.getStartTimestamp(),
                            exemplars,
                            new MetricMetadata(
                                    "",
                                    Decoded.type(entry.getMetadata().getTypeValue()),
                                    request.getSymbols(entry.getMetadata().getHelpRef()),
                                    request.getSymbols(entry.getMetadata().getUnitRef())))));
        });
        return rows;
    }

    /** By the numbers that both protocols have for types. */
    static MetricType type(int number) {
        return List.of(
                        MetricType.UNKNOWN,
                        MetricType.COUNTER,
                        MetricType.GAUGE,
                        MetricType.HISTOGRAM,
                        MetricType.GAUGE_HISTOGRAM,
                        MetricType.SUMMARY,
                        MetricType.INFO,
                        MetricType.STATE_SET)
                .get(number);
    }

    private static Labels labels(Request request, List<Integer> refs) {
        Labels.Builder labels = Labels.builder();
        for (int i = 0; i < refs.size(); i += 2) {
            labels.add(request.getSymbols(refs.get(i)), request.getSymbols(refs.get(i + 1)));
        }
        return labels.build();
    }
}

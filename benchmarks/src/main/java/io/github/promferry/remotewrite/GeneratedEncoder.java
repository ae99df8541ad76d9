package io.github.promferry.remotewrite;

import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.testkit.proto.v1.Label;
import io.github.promferry.testkit.proto.v1.Sample;
import io.github.promferry.testkit.proto.v1.TimeSeries;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.xerial.snappy.Snappy;

/** The peer: the classes that protobuf-java generates, fed with lists of labels that are made once for each series. */
final class GeneratedEncoder {
    private final Map<Labels, Map<Series, List<Label>>> known = new HashMap<>();
    private WriteRequest.Builder request = WriteRequest.newBuilder();

    void encode(SampleBatch batch) {
        Map<Series, List<Label>> ofTarget = known.computeIfAbsent(batch.commonLabels(), key -> new IdentityHashMap<>());
        for (int row = 0; row < batch.size(); row++) {
            List<Label> labels = ofTarget.computeIfAbsent(
                    batch.series(row), series -> list(series.fullLabels(batch.commonLabels())));
            request.addTimeseries(TimeSeries.newBuilder()
                    .addAllLabels(labels)
                    .addSamples(Sample.newBuilder()
                            .setValue(Double.longBitsToDouble(batch.valueBits(row)))
                            .setTimestamp(batch.timestamp(row))));
        }
    }

    byte[] seal() {
        byte[] plain = request.build().toByteArray();
        request = WriteRequest.newBuilder();
        try {
            return Snappy.compress(plain);
        } catch (IOException e) {
            throw new IllegalStateException("snappy cannot compress " + plain.length + " bytes", e);
        }
    }

    private static List<Label> list(Labels labels) {
        List<Label> list = new ArrayList<>(labels.size());
        labels.toMap()
                .forEach((name, value) -> list.add(
                        Label.newBuilder().setName(name).setValue(value).build()));
        return list;
    }
}

package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import io.github.promferry.remotewrite.Decoded.Row;
import io.github.promferry.testkit.ManualClock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TranscoderTest {
    private final Transcoder transcoder = new Transcoder();

    private static Block block(WriteProtocol protocol, int rows) {
        BlockEncoder encoder = protocol == WriteProtocol.V1
                ? new V1Encoder(Labels.EMPTY, null)
                : new V2Encoder(Labels.EMPTY, null, true);
        SampleBatch batch = new SampleBatch();
        batch.reset(Labels.of("job", "llm", "Zone", "z"));
        for (int i = 0; i < rows; i++) {
            Series series = Series.of(Labels.of("__name__", "m" + i % 7, "le", "" + i), EncoderTest.COUNTER);
            batch.add(series, Batches.T0 + i, Double.doubleToRawLongBits(i));
            if (i % 3 == 0) {
                batch.addExemplar(new Exemplar(Labels.of("trace_id", "t" + i), i, Batches.T0));
            }
            if (i % 4 == 0) {
                batch.setStartTimestamp(Batches.T0 - i);
            }
        }
        encoder.encode(batch, 0, rows, 10_000_000, true, new ManualClock());
        return encoder.seal(5, new BodyPool(0));
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "300"})
    void version1OfABlockEqualsEncodingDirectly(int rows) {
        Block direct = block(WriteProtocol.V1, rows);
        Block other = transcoder.toV1(block(WriteProtocol.V2, rows));
        assertThat(other.body.copy()).isEqualTo(direct.body.copy());
        assertThat(other)
                .usingRecursiveComparison()
                .ignoringFields("body.array")
                .isEqualTo(direct);
    }

    @ParameterizedTest
    @CsvSource({"V1, 2", "V1, 3", "V1, 300", "V2, 2", "V2, 3", "V2, 300"})
    void halvesHoldTheSameRowsInOrder(WriteProtocol protocol, int rows) {
        Block whole = block(protocol, rows);
        List<Block> halves = transcoder.halves(whole);
        assertThat(halves).hasSize(2);
        List<Row> together = new ArrayList<>(Decoded.rows(halves.get(0)));
        together.addAll(Decoded.rows(halves.get(1)));
        assertThat(together).isEqualTo(Decoded.rows(whole));
        assertThat(halves.get(0).samples).isEqualTo(rows / 2);
        assertThat(halves.get(0).samples + halves.get(1).samples).isEqualTo(rows);
        assertThat(halves.get(0).exemplars + halves.get(1).exemplars).isEqualTo(whole.exemplars);
        assertThat(halves.get(0).maxTimestamp).isEqualTo(Batches.T0 + rows / 2 - 1);
        assertThat(halves.get(1).minTimestamp).isEqualTo(Batches.T0 + rows / 2);
    }

    @ParameterizedTest
    @CsvSource({"V1", "V2"})
    void singleSampleCannotBeHalved(WriteProtocol protocol) {
        assertThat(transcoder.halves(block(protocol, 1))).isEmpty();
    }

    @Test
    void halfOfVersion2HasOnlyTheSymbolsItNeeds() {
        Block whole = block(WriteProtocol.V2, 1000);
        Block part = whole;
        while (part.samples > 1) {
            part = transcoder.halves(part).get(0);
        }
        assertThat(Compressor.uncompress(part.body.copy()).length).isLessThan(250);
    }

    @Test
    void seriesThatVersion1CannotNameIsLeftOut() {
        V2Encoder encoder = new V2Encoder(Labels.EMPTY, null, true);
        SampleBatch batch = new SampleBatch();
        batch.add(Series.of(Labels.of("__name__", "ok.name"), EncoderTest.COUNTER), 1, 0);
        batch.add(Series.of(Labels.of("__name__", "x", "a.b", "1", "a-b", "2"), EncoderTest.COUNTER), 2, 0);
        encoder.encode(batch, 0, 2, 1000, true, new ManualClock());
        Block v1 = transcoder.toV1(encoder.seal(0, new BodyPool(0)));
        assertThat(Decoded.rows(v1)).extracting(Row::labels).containsExactly(Labels.of("__name__", "ok_name"));
        assertThat(v1.samples).isEqualTo(1);
    }
}

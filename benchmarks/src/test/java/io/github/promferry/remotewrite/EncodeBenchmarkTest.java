package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.promferry.benchmarks.AllocationMeter;
import io.github.promferry.benchmarks.BenchmarkPage;
import io.github.promferry.testkit.proto.v1.TimeSeries;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import io.github.promferry.testkit.proto.v2.Request;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xerial.snappy.Snappy;

/** Proves that what is measured against each other does the same work. */
class EncodeBenchmarkTest {
    private static final double RELATIVE_ERROR = 1e-12;

    @ParameterizedTest
    @CsvSource({"V1,1", "V1,10", "V2,1", "V2,10"})
    void everySampleIsInTheRequest(WriteProtocol protocol, int targets) throws IOException {
        EncodeBenchmark benchmark = benchmark(protocol, targets);
        EncodeBenchmark.Throughput throughput = new EncodeBenchmark.Throughput();
        BenchmarkPage[] scrapes = BenchmarkPage.scrapes(BenchmarkPage.VLLM, EncodeBenchmark.SCRAPES);
        for (int lap = 0; lap < 2 * EncodeBenchmark.SCRAPES; lap++) {
            double sum = 0;
            for (int target = 0; target < targets; target++) {
                sum += scrapes[(lap + target) % scrapes.length].sum();
            }
            throughput.samples = 0;
            Decoded decoded = decode(
                    protocol, benchmark.encodeAndCompress(throughput).body.copy());

            assertThat(decoded.samples)
                    .isEqualTo(targets * scrapes[0].samples())
                    .isEqualTo((int) throughput.samples);
            assertThat(decoded.sum).isCloseTo(sum, within(RELATIVE_ERROR * sum));
        }
    }

    @ParameterizedTest
    @CsvSource({"V1,1", "V1,10", "V2,1", "V2,10"})
    void thePagesGiveTheSameRequestAsTheirRows(WriteProtocol protocol, int targets) throws IOException {
        EncodeBenchmark fromRows = benchmark(protocol, targets);
        EncodeBenchmark fromPages = benchmark(protocol, targets);
        byte[] rows = {};
        byte[] pages = {};
        // The pages are parsed one lap ahead of where the rows begin.
        for (int lap = 0; lap <= EncodeBenchmark.SCRAPES; lap++) {
            rows = fromRows.encodeAndCompress(new EncodeBenchmark.Throughput())
                    .body
                    .copy();
        }
        for (int lap = 0; lap < EncodeBenchmark.SCRAPES; lap++) {
            pages = fromPages
                    .parseEncodeAndCompress(new EncodeBenchmark.Throughput())
                    .body
                    .copy();
        }
        assertThat(decode(protocol, pages)).isEqualTo(decode(protocol, rows));
    }

    @ParameterizedTest
    @CsvSource({"1", "10"})
    void thePeerWritesTheSameMessage(int targets) throws IOException {
        EncodeBenchmark ours = benchmark(WriteProtocol.V1, targets);
        EncodeBenchmark peer = benchmark(WriteProtocol.V1, targets);
        for (int lap = 0; lap < EncodeBenchmark.SCRAPES; lap++) {
            byte[] expected = peer.peerGeneratedClasses(new EncodeBenchmark.Throughput());
            byte[] actual = ours.encodeAndCompress(new EncodeBenchmark.Throughput())
                    .body
                    .copy();
            // Ours mixes the rows of the targets.
            List<TimeSeries> rows =
                    WriteRequest.parseFrom(Snappy.uncompress(actual)).getTimeseriesList();
            assertThat(rows).doesNotHaveDuplicates();
            assertThat(new HashSet<>(rows))
                    .isEqualTo(new HashSet<>(
                            WriteRequest.parseFrom(Snappy.uncompress(expected)).getTimeseriesList()));
        }
    }

    /** A page makes some objects, and a request does, but a sample makes none: not for its part of the body either. */
    @ParameterizedTest
    @CsvSource({"V1,1", "V1,10", "V2,1", "V2,10"})
    void nothingIsAllocatedForASample(WriteProtocol protocol, int targets) {
        EncodeBenchmark benchmark = benchmark(protocol, targets);
        EncodeBenchmark.Throughput throughput = new EncodeBenchmark.Throughput();
        double alone = AllocationMeter.bytesPerLap(() -> benchmark.encodeAndCompress(throughput));
        double fromPages = AllocationMeter.bytesPerLap(() -> benchmark.parseEncodeAndCompress(throughput));
        double inQueue = AllocationMeter.bytesPerLap(() -> benchmark.append(throughput));
        benchmark.tearDown();

        double samples = targets * 474;
        assertThat(alone / samples).as("rows to body").isLessThan(1);
        assertThat(fromPages / samples).as("page to body").isLessThan(1);
        assertThat(inQueue / samples).as("rows to queue").isLessThan(4);
    }

    @ParameterizedTest
    @CsvSource({"V1,19", "V2,11"})
    void aSampleTakesFewBytesOnTheWire(WriteProtocol protocol, double maxBytes) {
        EncodeBenchmark benchmark = benchmark(protocol, 10);
        EncodeBenchmark.Throughput throughput = new EncodeBenchmark.Throughput();
        for (int lap = 0; lap < EncodeBenchmark.SCRAPES; lap++) {
            benchmark.encodeAndCompress(throughput);
        }
        assertThat(throughput.wireBytes / (double) throughput.samples).isLessThanOrEqualTo(maxBytes);
    }

    @ParameterizedTest
    @CsvSource({"V1,1,20", "V1,10,20", "V2,1,19", "V2,10,11"})
    void theWriterMakesTheSameRequests(WriteProtocol protocol, int targets, double maxBytes) {
        EncodeBenchmark benchmark = benchmark(protocol, targets);
        EncodeBenchmark.Throughput throughput = new EncodeBenchmark.Throughput();
        for (int lap = 0; lap < 5; lap++) {
            assertThat(benchmark.append(throughput)).isTrue();
        }
        WriterStats stats = benchmark.stats();
        benchmark.tearDown();

        assertThat(stats.accepted()).isEqualTo(throughput.samples).isEqualTo(5L * targets * 474);
        assertThat(stats.droppedTotal()).isZero();
        assertThat(stats.waitingBlocks()).isEqualTo(5);
        assertThat(stats.waitingBytes() / (double) stats.waiting())
                .as("compressed bytes a sample")
                .isLessThanOrEqualTo(maxBytes);
    }

    private record Decoded(int samples, double sum) {}

    private static EncodeBenchmark benchmark(WriteProtocol protocol, int targets) {
        EncodeBenchmark benchmark = new EncodeBenchmark();
        benchmark.protocol = protocol;
        benchmark.targets = targets;
        benchmark.setUp();
        return benchmark;
    }

    private static Decoded decode(WriteProtocol protocol, byte[] body) throws IOException {
        byte[] plain = Snappy.uncompress(body);
        double[] values = protocol == WriteProtocol.V1
                ? WriteRequest.parseFrom(plain).getTimeseriesList().stream()
                        .mapToDouble(series -> series.getSamples(0).getValue())
                        .toArray()
                : Request.parseFrom(plain).getTimeseriesList().stream()
                        .mapToDouble(series -> series.getSamples(0).getValue())
                        .toArray();
        double sum = 0;
        for (double value : values) {
            sum += Double.isFinite(value) ? value : 0;
        }
        return new Decoded(values.length, sum);
    }
}

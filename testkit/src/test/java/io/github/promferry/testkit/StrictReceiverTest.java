package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.testkit.StrictReceiver.Dialect;
import io.github.promferry.testkit.WriteAttempt.Outcome;
import io.github.promferry.testkit.proto.v1.Label;
import io.github.promferry.testkit.proto.v1.WriteRequest;
import io.github.promferry.testkit.proto.v2.BucketSpan;
import io.github.promferry.testkit.proto.v2.Histogram;
import io.github.promferry.testkit.proto.v2.Metadata;
import io.github.promferry.testkit.proto.v2.Request;
import io.github.promferry.testkit.proto.v2.Sample;
import io.github.promferry.testkit.proto.v2.TimeSeries;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyFramedOutputStream;

class StrictReceiverTest {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final long NOW = 1_764_000_000_000L;
    private static final Labels UP = Labels.of("__name__", "up", "job", "llm");

    private StrictReceiver receiver = StrictReceiver.start();

    @AfterEach
    void close() {
        receiver.close();
    }

    // ---- what is right

    @Test
    void storesAValidRequestOfVersion1() throws Exception {
        WriteRequest.Builder request = version1(NOW, 1.5);
        request.getTimeseriesBuilder(0)
                .addExemplarsBuilder()
                .setValue(0.25)
                .setTimestamp(NOW)
                .addLabels(label("trace_id", "a1"));
        request.addMetadataBuilder()
                .setMetricFamilyName("up")
                .setTypeValue(2)
                .setHelp("Is it up?")
                .setUnit("");
        HttpResponse<String> response = post(request.build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
        assertThat(response.headers().map().keySet()).noneMatch(name -> name.contains("written"));
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.series()).containsExactly(UP);
        assertThat(receiver.samples(UP))
                .containsExactly(new ReceivedSample(NOW, Double.doubleToRawLongBits(1.5), SampleBatch.NO_TIMESTAMP, 0));
        assertThat(receiver.exemplars(UP)).containsExactly(new Exemplar(Labels.of("trace_id", "a1"), 0.25, NOW));
        assertThat(receiver.familyMetadata())
                .containsEntry("up", new MetricMetadata("up", MetricType.GAUGE, "Is it up?", ""));
    }

    @Test
    void storesAValidRequestOfVersion2() throws Exception {
        Request.Builder request = version2(NOW, 1.5);
        request.getTimeseriesBuilder(0).getSamplesBuilder(0).setStartTimestamp(NOW - 5);
        request.getTimeseriesBuilder(0)
                .addExemplarsBuilder()
                .setValue(0.25)
                .setTimestamp(NOW - 1)
                .addLabelsRefs(5)
                .addLabelsRefs(6);
        HttpResponse<String> response = post(request.build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
        assertThat(response.headers().map())
                .containsEntry("x-prometheus-remote-write-samples-written", List.of("1"))
                .containsEntry("x-prometheus-remote-write-histograms-written", List.of("0"))
                .containsEntry("x-prometheus-remote-write-exemplars-written", List.of("1"));
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.samples(UP))
                .containsExactly(new ReceivedSample(NOW, Double.doubleToRawLongBits(1.5), NOW - 5, 0));
        assertThat(receiver.exemplars(UP)).containsExactly(new Exemplar(Labels.of("trace_id", "a1"), 0.25, NOW - 1));
        assertThat(receiver.metadata(UP)).isEqualTo(new MetricMetadata("up", MetricType.COUNTER, "a1", "trace_id"));
        assertThat(receiver.exemplarCount()).isEqualTo(1);
    }

    @Test
    void timesBeforeTheEpochAreTimesToo() throws Exception {
        post(version1(-3_982_045, 1).build());
        post(version2(-3_982_044, 1).build());
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.samples(UP))
                .extracting(ReceivedSample::timestampMillis)
                .containsExactly(-3_982_045L, -3_982_044L);
    }

    @Test
    void keepsValueBitsAsTheyCame() throws Exception {
        long[] allBits = {
            SampleValues.STALE_NAN_BITS,
            SampleValues.NORMAL_NAN_BITS,
            0x7ff8_0000_0000_0000L,
            Double.doubleToRawLongBits(-0.0),
            Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY),
            1
        };
        for (int i = 0; i < allBits.length; i++) {
            double value = Double.longBitsToDouble(allBits[i]);
            post(
                    i % 2 == 0
                            ? version1(NOW + i, value).build()
                            : version2(NOW + i, value).build());
        }
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.samples(UP))
                .extracting(ReceivedSample::valueBits)
                .containsExactly(
                        SampleValues.STALE_NAN_BITS,
                        SampleValues.NORMAL_NAN_BITS,
                        0x7ff8_0000_0000_0000L,
                        0x8000_0000_0000_0000L,
                        0xfff0_0000_0000_0000L,
                        1L);
        assertThat(receiver.samples(UP).get(0).isStale()).isTrue();
        assertThat(receiver.samples(UP).get(1).isStale()).isFalse();
    }

    @Test
    void storesNativeHistogramsOfBothVersions() throws Exception {
        Histogram histogram = histogram().build();
        Request.Builder second = version2(NOW + 1, 0);
        second.getTimeseriesBuilder(0)
                .clearSamples()
                .addHistograms(histogram.toBuilder().setTimestamp(NOW + 1));
        WriteRequest.Builder first = version1(NOW, 0);
        first.getTimeseriesBuilder(0)
                .clearSamples()
                .addHistograms(io.github.promferry.testkit.proto.v1.Histogram.parseFrom(histogram.toByteArray()));
        post(first.build());
        post(second.build());
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.histograms(UP)).hasSize(2).first().isEqualTo(histogram);
    }

    // ---- what is wrong

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void reportsBrokenRulesOfVersion1(String rule, Consumer<WriteRequest.Builder> breaking) throws Exception {
        WriteRequest.Builder request = version1(NOW, 1);
        breaking.accept(request);
        assertReported(rule, post(request.build()));
    }

    static Stream<Arguments> reportsBrokenRulesOfVersion1() {
        return Stream.of(
                broken1("request must hold series or metadata", WriteRequest.Builder::clear),
                broken1(
                        "labels must be sorted by bytes, job comes before __name__",
                        request -> request.getTimeseriesBuilder(0)
                                .clearLabels()
                                .addLabels(label("job", "llm"))
                                .addLabels(label("__name__", "up"))),
                broken1(
                        "labels must be sorted by bytes",
                        request -> request.getTimeseriesBuilder(0).addLabels(label("a", "1"))),
                broken1(
                        "label job is repeated",
                        request -> request.getTimeseriesBuilder(0).addLabels(label("job", "llm"))),
                broken1(
                        "label name is empty",
                        request -> request.getTimeseriesBuilder(0).addLabels(0, label("", "x"))),
                broken1(
                        "label z has an empty value",
                        request -> request.getTimeseriesBuilder(0).addLabels(label("z", ""))),
                broken1(
                        "__name__ is missing",
                        request -> request.getTimeseriesBuilder(0).removeLabels(0)),
                broken1(
                        "label name \"z.z\" is not allowed in 1.0",
                        request -> request.getTimeseriesBuilder(0).addLabels(label("z.z", "x"))),
                broken1(
                        "metric name \"a.b\" is not allowed in 1.0",
                        request -> request.getTimeseriesBuilder(0).setLabels(0, label("__name__", "a.b"))),
                broken1(
                        "label __tmp is reserved",
                        request -> request.getTimeseriesBuilder(0).addLabels(1, label("__tmp", "x"))),
                broken1(
                        "at least one sample",
                        request -> request.getTimeseriesBuilder(0).clearSamples()),
                broken1(
                        "timestamps must ascend",
                        request -> request.getTimeseriesBuilder(0)
                                .addSamplesBuilder()
                                .setTimestamp(NOW)),
                broken1(
                        "comes after the one at",
                        request -> request.addTimeseries(request.getTimeseries(0).toBuilder())),
                broken1(
                        "exemplar has no timestamp",
                        request -> request.getTimeseriesBuilder(0)
                                .addExemplarsBuilder()
                                .setValue(1)),
                broken1(
                        "neither ordinary nor the stale marker",
                        request -> request.getTimeseriesBuilder(0)
                                .getSamplesBuilder(0)
                                .setValue(Double.longBitsToDouble(0x7ff8_0000_0000_0002L))),
                broken1(
                        "neither ordinary nor the stale marker",
                        request -> request.getTimeseriesBuilder(0)
                                .getSamplesBuilder(0)
                                .setValue(Double.longBitsToDouble(0x7ff0_0000_0000_0001L))),
                broken1(
                        "samples and histograms are mixed",
                        request -> request.getTimeseriesBuilder(0)
                                .addHistogramsBuilder()
                                .setTimestamp(NOW)),
                broken1(
                        "custom buckets do not exist in 1.0",
                        request -> request.getTimeseriesBuilder(0)
                                .clearSamples()
                                .addHistogramsBuilder()
                                .setSchema(-53)),
                broken1(
                        "metadata 0: family name is empty",
                        request -> request.addMetadataBuilder().setHelp("x")),
                broken1(
                        "metadata 1: family up came before",
                        request -> request.addMetadata(io.github.promferry.testkit.proto.v1.MetricMetadata.newBuilder()
                                        .setMetricFamilyName("up"))
                                .addMetadata(io.github.promferry.testkit.proto.v1.MetricMetadata.newBuilder()
                                        .setMetricFamilyName("up"))),
                broken1(
                        "metric type 8 does not exist",
                        request -> request.addMetadataBuilder()
                                .setMetricFamilyName("up")
                                .setTypeValue(8)),
                broken1("unknown fields [9]", request -> request.setUnknownFields(unknownField(9))),
                broken1(
                        "unknown fields [4]",
                        request -> request.getTimeseriesBuilder(0)
                                .getSamplesBuilder(0)
                                .setUnknownFields(unknownField(4))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void reportsBrokenRulesOfVersion2(String rule, Consumer<Request.Builder> breaking) throws Exception {
        Request.Builder request = version2(NOW, 1);
        breaking.accept(request);
        assertReported(rule, post(request.build()));
    }

    static Stream<Arguments> reportsBrokenRulesOfVersion2() {
        return Stream.of(
                broken2("request must hold series", Request.Builder::clearTimeseries),
                broken2("symbols must begin with the empty string", request -> request.setSymbols(0, "x")),
                broken2("symbols must begin with the empty string", request -> request.clear()),
                broken2("symbol \"up\" comes twice", request -> request.addSymbols("up")),
                broken2("symbol \"\" comes twice", request -> request.addSymbols("")),
                broken2(
                        "labels_refs is missing",
                        request -> request.getTimeseriesBuilder(0).clearLabelsRefs()),
                broken2(
                        "labels_refs must come in pairs, are 5",
                        request -> request.getTimeseriesBuilder(0).addLabelsRefs(1)),
                broken2(
                        "reference 7 points outside of 7 symbols",
                        request -> request.getTimeseriesBuilder(0).setLabelsRefs(3, 7)),
                broken2(
                        "reference 4294967295 points outside",
                        request -> request.getTimeseriesBuilder(0).setLabelsRefs(3, -1)),
                broken2(
                        "label job has an empty value",
                        request -> request.getTimeseriesBuilder(0).setLabelsRefs(3, 0)),
                broken2(
                        "label name is empty",
                        request -> request.getTimeseriesBuilder(0).setLabelsRefs(2, 0)),
                broken2(
                        "labels must be sorted by bytes",
                        request -> request.getTimeseriesBuilder(0)
                                .setLabelsRefs(0, 3)
                                .setLabelsRefs(2, 1)),
                broken2(
                        "label __name__ is repeated",
                        request -> request.getTimeseriesBuilder(0).setLabelsRefs(2, 1)),
                broken2(
                        "at least one sample or histogram",
                        request -> request.getTimeseriesBuilder(0)
                                .clearSamples()
                                .addExemplarsBuilder()
                                .setTimestamp(NOW)),
                broken2(
                        "samples and histograms are mixed",
                        request -> request.getTimeseriesBuilder(0).addHistograms(histogram())),
                broken2(
                        "timestamps must ascend",
                        request -> request.getTimeseriesBuilder(0)
                                .addSamples(Sample.newBuilder().setTimestamp(NOW - 1))),
                broken2(
                        "start timestamp",
                        request -> request.getTimeseriesBuilder(0)
                                .getSamplesBuilder(0)
                                .setStartTimestamp(NOW + 1)),
                broken2(
                        "exemplar has no timestamp",
                        request -> request.getTimeseriesBuilder(0)
                                .addExemplarsBuilder()
                                .setValue(1)),
                broken2(
                        "metric type 99 does not exist",
                        request -> request.getTimeseriesBuilder(0)
                                .getMetadataBuilder()
                                .setTypeValue(99)),
                broken2(
                        "reference 8 points outside of 7 symbols",
                        request -> request.getTimeseriesBuilder(0)
                                .getMetadataBuilder()
                                .setHelpRef(8)),
                broken2(
                        "unknown fields [6]",
                        request -> request.getTimeseriesBuilder(0).setUnknownFields(unknownField(6))),
                brokenHistogram("schema 9 does not exist", histogram -> histogram.setSchema(9)),
                brokenHistogram("spans cover 2 buckets, there are 3", histogram -> histogram.addPositiveDeltas(0)),
                brokenHistogram("buckets hold 3 observations, count says 4", histogram -> histogram.setCountInt(4)),
                brokenHistogram("a bucket has a negative count", histogram -> histogram.setPositiveDeltas(0, -1)),
                brokenHistogram("integer and float counts are mixed", histogram -> histogram.addPositiveCounts(1)),
                brokenHistogram("custom values need schema -53", histogram -> histogram.addCustomValues(1)),
                brokenHistogram(
                        "custom values must rise strictly",
                        histogram -> histogram.setSchema(-53).addCustomValues(1).addCustomValues(1)),
                brokenHistogram(
                        "custom buckets have neither",
                        histogram -> histogram
                                .setSchema(-53)
                                .addCustomValues(1)
                                .setZeroCountInt(1)
                                .setCountInt(4)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "Content-Encoding, gzip, Content-Encoding must come once",
        "Content-Encoding, , Content-Encoding must come once",
        "Content-Type, application/x-protobuf; proto=prometheus.WriteRequest, Content-Type must come once",
        "Content-Type, application/octet-stream, Content-Type must come once",
        "X-Prometheus-Remote-Write-Version, 0.1, X-Prometheus-Remote-Write-Version must come once",
        "X-Prometheus-Remote-Write-Version, 2.0.0, X-Prometheus-Remote-Write-Version must come once",
        "User-Agent, promferry, User-Agent must come once and be product/version",
        "Retry-Attempt, 0, Retry-Attempt must be a number from 1",
    })
    void reportsWrongHeaders(String header, String value, String rule) throws Exception {
        Map<String, String> headers = headers(false);
        headers.put(header, value == null ? "" : value);
        assertReported(rule, post(Snappy.compress(version1(NOW, 1).build().toByteArray()), headers));
    }

    @Test
    void version2HeadersMustMatchTheLetter() throws Exception {
        Map<String, String> headers = headers(true);
        headers.put("Content-Type", "application/x-protobuf; proto=io.prometheus.write.v2.Request");
        assertReported(
                "Content-Type must come once and be exactly",
                post(Snappy.compress(version2(NOW, 1).build().toByteArray()), headers));
    }

    @Test
    void reportsBodiesThatAreNotASnappyBlockOfTheMessage() throws Exception {
        byte[] message = version1(NOW, 1).build().toByteArray();
        ByteArrayOutputStream framed = new ByteArrayOutputStream();
        try (SnappyFramedOutputStream out = new SnappyFramedOutputStream(framed)) {
            out.write(message);
        }
        assertReported("is framed", post(framed.toByteArray(), headers(false)));
        assertReported("not a snappy block", post(message, headers(false)));
        assertReported("not a protobuf message", post(Snappy.compress(new byte[] {0x0A, 0x50}), headers(false)));
        assertReported(
                "unknown fields [4, 5]",
                post(Snappy.compress(version2(NOW, 1).build().toByteArray()), headers(false)));
    }

    @Test
    void onlyPostIsTaken() throws Exception {
        HttpResponse<String> response =
                CLIENT.send(HttpRequest.newBuilder(receiver.uri()).build(), BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(receiver.violations()).anyMatch(rule -> rule.contains("method must be POST, is GET"));
    }

    @Test
    void orderOfASeriesIsCheckedAcrossRequests() throws Exception {
        post(version1(NOW, 1).build());
        HttpResponse<String> older = post(version1(NOW - 1, 2).build());
        assertReported("sample at " + (NOW - 1) + " comes after the one at " + NOW, older);
        assertThat(receiver.samples(UP)).hasSize(1);
    }

    @Test
    void aSeriesMayHaveOneRequestInFlight() throws Exception {
        receiver.then(ScriptedAnswer.success().delay(Duration.ofSeconds(20)));
        CompletableFuture<HttpResponse<String>> slow =
                postAsync(version2(NOW, 1).build());
        receiver.awaitAttempts(1, Duration.ofSeconds(10));
        assertReported(
                "a second request with this series came before",
                post(version2(NOW + 1, 2).build()));
        slow.cancel(true);
    }

    // ---- answers

    @Test
    void aRequestWhoseAnswerWasLostMayBeRepeated() throws Exception {
        receiver.then(ScriptedAnswer.resetAfterReading(), ScriptedAnswer.drop());
        for (int attempt = 1; attempt <= 2; attempt++) {
            assertThatThrownBy(() -> post(version2(NOW, 1).build())).isInstanceOf(IOException.class);
        }
        assertThat(post(version2(NOW, 1).build()).statusCode()).isEqualTo(204);
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.samples(UP)).hasSize(1);
        assertThat(receiver.repeatedSampleCount()).isEqualTo(receiver.attempts().size() - 1);
        assertThat(receiver.attempts())
                .extracting(WriteAttempt::bodyDigest)
                .containsOnly(receiver.attempts().get(0).bodyDigest());
        assertThat(receiver.attempts().get(0).outcome()).isEqualTo(Outcome.STORED);
        assertThat(receiver.attempts().get(0).status()).isZero();
    }

    @Test
    void aRequestThatWasAnsweredMustNotBeRepeated() throws Exception {
        post(version2(NOW, 1).build());
        assertReported("answered 2xx is sent again", post(version2(NOW, 1).build()));
    }

    @Test
    void aKilledSenderMayRepeatWhenTheTestSaysSo() throws Exception {
        restartWith(StrictReceiver.builder().allowRepeats());
        post(version2(NOW, 1).build());
        assertThat(post(version2(NOW, 1).build()).statusCode()).isEqualTo(204);
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.sampleCount()).isEqualTo(1);
        assertThat(receiver.repeatedSampleCount()).isEqualTo(1);
    }

    @Test
    void scriptedFailuresStoreNothingAndComeInOrder() throws Exception {
        receiver.then(
                ScriptedAnswer.status(503).header("Retry-After", "7").body("busy"),
                ScriptedAnswer.status(400).body("no").unread());
        HttpResponse<String> busy = post(version1(NOW, 1).build());
        assertThat(busy.statusCode()).isEqualTo(503);
        assertThat(busy.headers().firstValue("Retry-After")).contains("7");
        assertThat(busy.body()).isEqualTo("busy");
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(400);
        assertThat(receiver.sampleCount()).isZero();
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(204);
        assertThat(receiver.sampleCount()).isEqualTo(1);
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.attempts()).extracting(WriteAttempt::status).containsExactly(503, 400, 204);
        assertThat(receiver.attempts())
                .extracting(WriteAttempt::outcome)
                .containsExactly(Outcome.REFUSED, Outcome.REFUSED, Outcome.STORED);
    }

    @Test
    void dialectsAnswerAsTheReceiversTheyStandFor() throws Exception {
        receiver.dialect(Dialect.ONLY_1);
        assertThat(post(version2(NOW, 1).build()).statusCode()).isEqualTo(415);
        receiver.dialect(Dialect.ONLY_2);
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(415);
        receiver.dialect(Dialect.ONLY_1_BLIND);
        HttpResponse<String> blind = post(version2(NOW, 1).build());
        assertThat(blind.statusCode()).isEqualTo(204);
        assertThat(blind.headers().map().keySet()).noneMatch(name -> name.contains("written"));
        receiver.dialect(Dialect.BOTH).then(ScriptedAnswer.status(200));
        assertThat(post(version2(NOW, 1).build()).statusCode()).isEqualTo(200);
        assertThat(receiver.sampleCount())
                .as("a 2xx without Written headers stores nothing")
                .isZero();
        assertThat(receiver.violations()).isEmpty();
    }

    @Test
    void limitsAnswer413() throws Exception {
        restartWith(StrictReceiver.builder().maxSamples(1));
        WriteRequest.Builder two = version1(NOW, 1);
        two.getTimeseriesBuilder(0).addSamplesBuilder().setTimestamp(NOW + 1);
        assertThat(post(two.build()).statusCode()).isEqualTo(413);
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(204);
        restartWith(StrictReceiver.builder().maxBodyBytes(10));
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(413);
    }

    @Test
    void asksForCredentials() throws Exception {
        restartWith(StrictReceiver.builder().basicAuth("user", "secret"));
        assertThat(post(version1(NOW, 1).build()).statusCode()).isEqualTo(401);
        Map<String, String> headers = headers(false);
        headers.put("Authorization", "Basic dXNlcjpzZWNyZXQ=");
        assertThat(post(Snappy.compress(version1(NOW, 1).build().toByteArray()), headers)
                        .statusCode())
                .isEqualTo(204);
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.attempts().get(1).request().toString()).doesNotContain("dXNlcjpzZWNyZXQ=");
    }

    @Test
    void keepsDataAndPortWhenStoppedAndStartedAgain() throws Exception {
        post(version1(NOW, 1).build());
        receiver.stop();
        assertThatThrownBy(() -> post(version1(NOW + 1, 1).build())).isInstanceOf(ConnectException.class);
        receiver.restart();
        post(version1(NOW + 1, 2).build());
        assertThat(receiver.samples(UP)).extracting(ReceivedSample::value).containsExactly(1.0, 2.0);
    }

    @Test
    void forgetsOldSamplesWhenBounded() throws Exception {
        restartWith(StrictReceiver.builder().keepSamples(2).keepAttempts(3));
        for (int i = 0; i < 5; i++) {
            post(version1(NOW + i, i).build());
        }
        assertThat(receiver.samples(UP)).extracting(ReceivedSample::value).containsExactly(3.0, 4.0);
        assertThat(receiver.sampleCount()).isEqualTo(5);
        assertThat(receiver.attempts()).hasSize(3);
        assertThat(receiver.awaitAttempts(5, Duration.ofSeconds(10))).hasSize(3);
        assertThat(receiver.samples(UP).get(1).request()).isEqualTo(4);
        assertThat(receiver.latest()).containsOnlyKeys(UP);
        assertThat(receiver.seriesNamed("up")).containsExactly(UP);
        assertThat(receiver.seriesNamed("down")).isEmpty();
    }

    @Test
    void waitsForSamplesAndTellsIfTheyDoNotCome() throws Exception {
        post(version1(NOW, 1).build());
        receiver.awaitSamples(1, Duration.ofSeconds(10));
        assertThatThrownBy(() -> receiver.awaitSamples(2, Duration.ofMillis(5)))
                .isInstanceOf(AssertionError.class)
                .hasMessage("expected 2 samples within PT0.005S, got 1");
    }

    // ---- parts

    private static Arguments broken1(String rule, Consumer<WriteRequest.Builder> breaking) {
        return arguments(rule, breaking);
    }

    private static Arguments broken2(String rule, Consumer<Request.Builder> breaking) {
        return arguments(rule, breaking);
    }

    private static Arguments brokenHistogram(String rule, Consumer<Histogram.Builder> breaking) {
        return broken2(rule, request -> {
            Histogram.Builder histogram = histogram();
            breaking.accept(histogram);
            request.getTimeseriesBuilder(0).clearSamples().addHistograms(histogram);
        });
    }

    private static UnknownFieldSet unknownField(int number) {
        return UnknownFieldSet.newBuilder()
                .addField(
                        number, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
    }

    private static Label label(String name, String value) {
        return Label.newBuilder().setName(name).setValue(value).build();
    }

    /** {@code up{job="llm"}}. */
    private static WriteRequest.Builder version1(long timestamp, double value) {
        WriteRequest.Builder request = WriteRequest.newBuilder();
        request.addTimeseriesBuilder()
                .addLabels(label("__name__", "up"))
                .addLabels(label("job", "llm"))
                .addSamplesBuilder()
                .setTimestamp(timestamp)
                .setValue(value);
        return request;
    }

    /** {@code up{job="llm"}} with metadata; symbols 5 and 6 are spare. */
    private static Request.Builder version2(long timestamp, double value) {
        return Request.newBuilder()
                .addAllSymbols(List.of("", "__name__", "up", "job", "llm", "trace_id", "a1"))
                .addTimeseries(TimeSeries.newBuilder()
                        .addAllLabelsRefs(List.of(1, 2, 3, 4))
                        .addSamples(Sample.newBuilder().setTimestamp(timestamp).setValue(value))
                        .setMetadata(Metadata.newBuilder()
                                .setTypeValue(1)
                                .setHelpRef(6)
                                .setUnitRef(5)));
    }

    /** Three observations in two buckets. */
    private static Histogram.Builder histogram() {
        return Histogram.newBuilder()
                .setTimestamp(NOW)
                .setCountInt(3)
                .setSum(5)
                .setSchema(0)
                .addPositiveSpans(BucketSpan.newBuilder().setOffset(0).setLength(2))
                .addPositiveDeltas(1)
                .addPositiveDeltas(1);
    }

    private static Map<String, String> headers(boolean version2) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Encoding", "snappy");
        headers.put(
                "Content-Type",
                version2 ? "application/x-protobuf;proto=io.prometheus.write.v2.Request" : "application/x-protobuf");
        headers.put("X-Prometheus-Remote-Write-Version", version2 ? "2.0.0" : "0.1.0");
        headers.put("User-Agent", "test/1.0");
        return headers;
    }

    private void restartWith(StrictReceiver.Builder builder) {
        receiver.close();
        receiver = builder.start();
    }

    private HttpResponse<String> post(Message message) throws IOException, InterruptedException {
        return post(Snappy.compress(message.toByteArray()), headers(message instanceof Request));
    }

    private HttpResponse<String> post(byte[] body, Map<String, String> headers)
            throws IOException, InterruptedException {
        return CLIENT.send(request(body, headers), BodyHandlers.ofString());
    }

    private CompletableFuture<HttpResponse<String>> postAsync(Message message) throws IOException {
        byte[] body = Snappy.compress(message.toByteArray());
        return CLIENT.sendAsync(request(body, headers(message instanceof Request)), BodyHandlers.ofString());
    }

    private HttpRequest request(byte[] body, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(receiver.uri()).POST(BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        return request.build();
    }

    private void assertReported(String rule, HttpResponse<String> response) {
        assertThat(receiver.violations()).anyMatch(found -> found.contains(rule));
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains(rule);
        assertThat(receiver.attempts())
                .last()
                .satisfies(attempt -> assertThat(attempt.outcome()).isEqualTo(Outcome.REFUSED));
    }
}

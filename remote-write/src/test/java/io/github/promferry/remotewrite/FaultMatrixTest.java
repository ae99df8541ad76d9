package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.StrictReceiver;
import io.github.promferry.testkit.WriteAttempt;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a receiver or the network may do to a request, and what becomes of the samples. Through sockets of our own here,
 * through {@code java.net.http} in {@link FaultMatrixOfHttpClientTest}.
 */
class FaultMatrixTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    /** Backoff of milliseconds, so that a test of many statuses ends soon. */
    private static final RetryPolicy QUICK =
            RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(4), 0.1));

    private final StrictReceiver receiver =
            StrictReceiver.builder().allowRepeats().start();
    private final Events events = new Events();
    private final Batches target = new Batches("a:1", 10);

    @AfterEach
    void closeReceiver() {
        receiver.close();
    }

    /** A client to use, or null for that of the writer. */
    @Nullable
    HttpClient client() {
        return null;
    }

    private RemoteWriteConfig.Builder config() {
        RemoteWriteConfig.Builder config = RemoteWriteConfig.builder(receiver.uri());
        HttpClient client = client();
        return (client == null ? config : config.httpClient(client))
                .protocol(WriteProtocol.V2)
                .retry(QUICK)
                .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                .timeout(Duration.ofSeconds(10))
                .listener(events);
    }

    private static void assertLedger(WriterStats stats) {
        assertThat(stats.accepted()).isEqualTo(stats.delivered() + stats.droppedTotal() + stats.waiting());
    }

    /** Three scrapes; the fault meets the first request of the second one. */
    private WriterStats writeAround(RemoteWriteConfig config, ScriptedAnswer... faults) {
        try (RemoteWriter writer = RemoteWriter.create(config)) {
            writer.start();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            receiver.then(faults);
            writer.append(target.next());
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertLedger(writer.stats());
            assertThat(writer.stats().waiting()).isZero();
            return writer.stats();
        }
    }

    @Test
    void aRequestThatWasGivenUpDoesNotHarmTheNext() {
        Duration limit = Duration.ofMillis(100);
        try (RemoteWriter writer = RemoteWriter.create(
                config().timeout(limit).retry(failure -> null).build())) {
            writer.start();
            for (int scrape = 0; scrape < 20; scrape++) {
                receiver.then(scrape % 2 == 0 ? ScriptedAnswer.hang().unread() : ScriptedAnswer.success());
                writer.append(target.next());
                if (scrape % 5 == 0) {
                    assertThat(writer.flush(LONG).complete()).isTrue();
                }
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            WriterStats stats = writer.stats();
            assertLedger(stats);
            assertThat(stats.dropped()).containsOnlyKeys("gave_up");
            assertThat(receiver.violations()).isEmpty();
            List<ReceivedSample> samples = receiver.samples(target.full(7));
            assertThat(samples)
                    .hasSizeGreaterThanOrEqualTo(10)
                    .isSortedAccordingTo((a, b) -> Long.compare(a.timestampMillis(), b.timestampMillis()));
        }
    }

    static IntStream statuses() {
        return IntStream.concat(IntStream.rangeClosed(200, 599), IntStream.of(600, 700, 999));
    }

    @Test
    void everyStatusIsRetriedOrDroppedAsSpecified() {
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.start();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            long delivered = 10;
            statuses().forEach(status -> {
                WriterStats before = writer.stats();
                receiver.then(ScriptedAnswer.status(status));
                writer.append(target.next());
                assertThat(writer.flush(LONG).complete()).as("status " + status).isTrue();
                WriterStats after = writer.stats();
                assertLedger(after);
                boolean retried = status == 408 || status == 429 || (status >= 500 && status < 600);
                // A 413 ends in halves, which the receiver takes.
                boolean arrives = retried || status == 413;
                String reason = status < 300 ? "unconfirmed" : "http_" + status;
                assertThat(after.delivered() - before.delivered())
                        .as("delivered after " + status)
                        .isEqualTo(arrives ? 10 : 0);
                assertThat(after.dropped().getOrDefault(reason, 0L)
                                - before.dropped().getOrDefault(reason, 0L))
                        .as("dropped after " + status)
                        .isEqualTo(arrives ? 0 : 10);
                assertThat(after.retries() - before.retries())
                        .as("retries of " + status)
                        .isEqualTo(retried ? 1 : 0);
            });
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount())
                    .isEqualTo(writer.stats().delivered())
                    .isGreaterThan(delivered);
        }
    }

    /** Such a status announces another answer, and a connection that ends then has brought none. */
    @Test
    void informationalStatusIsNoAnswer() {
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.start();
            for (int status = 100; status < 200; status++) {
                receiver.then(ScriptedAnswer.raw("HTTP/1.1 " + status + " Wait\r\n\r\n"));
                writer.append(target.next());
                assertThat(writer.flush(LONG).complete()).as("status " + status).isTrue();
            }
            WriterStats stats = writer.stats();
            assertLedger(stats);
            assertThat(stats.dropped()).isEmpty();
            assertThat(receiver.attempts()).hasSizeGreaterThanOrEqualTo(200);
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.samples(target.full(0))).hasSize(100);
        }
    }

    static Stream<Arguments> brokenExchanges() {
        return Stream.of(
                Arguments.of("reset before the body was read", ScriptedAnswer.resetBeforeReading()),
                Arguments.of("reset after the body was read", ScriptedAnswer.resetAfterReading()),
                Arguments.of("connection dropped", ScriptedAnswer.drop()),
                Arguments.of("half a status line", ScriptedAnswer.raw("HTTP/1.1 2")),
                Arguments.of("no HTTP at all", ScriptedAnswer.raw("garbage\r\n\r\n")),
                Arguments.of("status of letters", ScriptedAnswer.raw("HTTP/1.1 abc OK\r\n\r\n")),
                Arguments.of(
                        "body shorter than announced",
                        ScriptedAnswer.status(503).body("x").contentLength(9).closeConnection()),
                Arguments.of(
                        "reset within the body",
                        ScriptedAnswer.status(503).body("xxxxxxxx").resetAfter(3)),
                Arguments.of("closed within the headers", ScriptedAnswer.raw("HTTP/1.1 204 No Content\r\nX-A: ")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenExchanges")
    void brokenExchangeIsRepeatedWithTheSameBytes(String name, ScriptedAnswer fault) {
        WriterStats stats = writeAround(config().build(), fault);
        assertThat(stats.delivered()).isEqualTo(30);
        assertThat(stats.retries()).isBetween(1L, 2L);
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.sampleCount()).isEqualTo(30);
        List<WriteAttempt> read = new ArrayList<>(receiver.attempts());
        read.removeIf(attempt -> attempt.bodyDigest().isEmpty());
        assertThat(read.stream().map(WriteAttempt::bodyDigest).distinct()).hasSize(3);
    }

    static Stream<Arguments> slowExchanges() {
        Duration minute = Duration.ofMinutes(1);
        return Stream.of(
                Arguments.of("no answer", ScriptedAnswer.hang()),
                Arguments.of(
                        "no headers after the status line",
                        ScriptedAnswer.success().stallHeaders(minute)),
                Arguments.of(
                        "no end of the body",
                        ScriptedAnswer.status(200).body("xxxx").stallBody(2, minute)),
                Arguments.of(
                        "body in drops",
                        ScriptedAnswer.status(200).body("x".repeat(600)).drip(1, Duration.ofMillis(100))),
                Arguments.of(
                        "informational status only",
                        ScriptedAnswer.raw("HTTP/1.1 102 Processing\r\n\r\n").stallBody(0, minute)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slowExchanges")
    void deadlineCoversTheWholeExchange(String name, ScriptedAnswer fault) {
        long start = System.nanoTime();
        WriterStats stats = writeAround(config().timeout(Duration.ofMillis(400)).build(), fault);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        assertThat(stats.delivered()).isEqualTo(30);
        assertThat(stats.retries()).isPositive();
        assertThat(receiver.violations()).isEmpty();
        assertThat(receiver.sampleCount()).isEqualTo(30);
    }

    @Test
    void retriesCarryTheSameBytesAndTheirNumberAndHoldTheNextBatchBack() {
        ScriptedAnswer down = ScriptedAnswer.status(500).body("down");
        WriterStats stats = writeAround(config().build(), down, down, down);
        assertThat(stats.delivered()).isEqualTo(30);
        List<WriteAttempt> attempts = receiver.attempts();
        assertThat(attempts).extracting(WriteAttempt::retryAttempt).containsExactly(0, 0, 1, 2, 3, 0);
        assertThat(attempts.subList(1, 5))
                .extracting(WriteAttempt::bodyDigest)
                .containsOnly(attempts.get(1).bodyDigest());
        assertThat(receiver.violations()).isEmpty();
        assertThat(events.of("retrying"))
                .hasSize(3)
                .allMatch(event -> event.contains("status=500") && event.contains("down"));
    }

    @Test
    void refusedConnectionIsTriedAgainUntilTheReceiverIsBack() {
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.start();
            receiver.stop();
            for (int i = 0; i < 5; i++) {
                writer.append(target.next());
            }
            assertThat(writer.flush(Duration.ofMillis(300)).complete()).isFalse();
            assertThat(writer.stats().waiting()).isEqualTo(50);
            assertLedger(writer.stats());
            receiver.restart();
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(50);
            assertThat(receiver.violations()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 307, 308})
    void redirectIsFollowedWithTheBodyAndToOtherServersWithoutSecrets(int status) {
        HttpSettings secrets = HttpSettings.builder()
                .credentials(Credentials.bearer("secret"))
                .header("X-Scope-OrgID", "secret")
                .build();
        try (StrictReceiver other = StrictReceiver.start();
                RemoteWriter writer = RemoteWriter.create(config().http(secrets).build())) {
            writer.start();
            ScriptedAnswer home = ScriptedAnswer.status(status).header("Location", "/api/v1/write");
            ScriptedAnswer away = ScriptedAnswer.status(status)
                    .header("Location", other.uri().toString().replace("//", "//user:secret@"));
            receiver.then(home, away);
            other.then(ScriptedAnswer.status(status)
                    .header("Location", receiver.uri().toString()));
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(10);
            assertThat(receiver.violations()).isEmpty();
            assertThat(writer.stats().retries()).isZero();
            List<WriteAttempt> attempts = receiver.attempts();
            assertThat(attempts.get(1).request().header("Authorization")).isEqualTo("Bearer secret");
            assertThat(attempts.get(1).request().header("X-Scope-OrgID")).isEqualTo("secret");
            // Back home by way of a stranger, who could have named any path.
            for (WriteAttempt stranger : List.of(other.attempts().get(0), attempts.get(2))) {
                assertThat(stranger.request().header("Authorization")).isNull();
                assertThat(stranger.request().header("X-Scope-OrgID")).isNull();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "303, /api/v1/write",
        "300, /api/v1/write",
        "307,",
        "307, http://[/",
        "307, ftp://127.0.0.1/",
        "308, http:///write",
        "301, mailto:a@b"
    })
    void redirectThatCannotBeFollowedWithTheBodyDropsTheBlock(int status, @Nullable String location) {
        ScriptedAnswer fault = ScriptedAnswer.status(status);
        WriterStats stats =
                writeAround(config().build(), location == null ? fault : fault.header("Location", location));
        assertThat(stats.dropped()).containsOnlyKeys("http_" + status).containsValue(10L);
        assertThat(stats.delivered()).isEqualTo(20);
        assertThat(receiver.attempts()).hasSize(3);
    }

    @Test
    void redirectsCanBeRefusedAndNeverGoInCircles() {
        receiver.answer(ScriptedAnswer.status(307).header("Location", "/api/v1/write"));
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.start();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.attempts()).hasSize(6);
            assertThat(writer.stats().dropped()).containsEntry("http_307", 10L);
        }
        HttpSettings staying = HttpSettings.builder().followRedirects(false).build();
        try (RemoteWriter writer = RemoteWriter.create(config().http(staying).build())) {
            writer.start();
            writer.append(new Batches("b:1", 1).next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(receiver.attempts()).hasSize(7);
        }
    }

    /** Away by all means in turn, and back each time for as long as one or two scrapes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void flappingReceiverGetsEverySampleAndInOrder(int shards) {
        List<Batches> targets = Stream.of("a:1", "b:1", "c:1", "d:1", "e:1")
                .map(address -> new Batches(address, 10))
                .toList();
        List<ScriptedAnswer> faults = List.of(
                ScriptedAnswer.status(503),
                ScriptedAnswer.status(429),
                ScriptedAnswer.resetBeforeReading(),
                ScriptedAnswer.resetAfterReading(),
                ScriptedAnswer.drop());
        long rounds = 18;
        try (RemoteWriter writer = RemoteWriter.create(
                config().queue(QueueConfig.builder().shards(shards).build()).build())) {
            writer.start();
            for (int round = 0; round < rounds; round++) {
                int retries = events.of("retrying").size();
                boolean gone = round % 6 == 5;
                if (gone) {
                    receiver.stop();
                } else {
                    receiver.answer(faults.get(round % 6));
                }
                targets.forEach(one -> writer.append(one.next()));
                events.await("retrying", retries + 1 + round % 3);
                targets.forEach(one -> writer.append(one.next()));
                assertLedger(writer.stats());
                receiver.answer(null);
                if (gone) {
                    receiver.restart();
                }
                targets.forEach(one -> writer.append(one.next()));
                assertThat(round % 2 == 0 || writer.flush(LONG).complete()).isTrue();
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            WriterStats stats = writer.stats();
            assertLedger(stats);
            assertThat(stats.dropped()).isEmpty();
            assertThat(stats.delivered()).isEqualTo(5 * 10 * 3 * rounds);
            assertThat(receiver.violations()).isEmpty();
            assertThat(receiver.sampleCount()).isEqualTo(5 * 10 * 3 * rounds);
            // Only where the answer was lost.
            assertThat(receiver.repeatedSampleCount()).isPositive();
            for (Batches one : targets) {
                assertThat(receiver.samples(one.full(7)))
                        .extracting(ReceivedSample::timestampMillis)
                        .containsExactlyElementsOf(LongStream.range(0, 3 * rounds)
                                .mapToObj(scrape -> Batches.T0 + 1000 * scrape)
                                .toList());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://receiver.invalid/write", "https://127.0.0.1:%d/write"})
    void unknownHostAndBrokenTlsAreTriedAgain(String url) throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread closing = new Thread(() -> closeAll(plain));
            closing.start();
            URI uri = URI.create(String.format(url, plain.getLocalPort()));
            try (RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(uri)
                    .retry(QUICK)
                    .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                    .listener(events)
                    .build())) {
                writer.start();
                writer.append(target.next());
                events.await("retrying", 2);
                assertThat(writer.stats().waiting()).isEqualTo(10);
                assertThat(writer.close(Duration.ZERO)).isFalse();
                assertThat(writer.stats().dropped()).containsEntry("closed", 10L);
                assertLedger(writer.stats());
            }
        }
    }

    private static void closeAll(ServerSocket server) {
        try {
            while (true) {
                server.accept().close();
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    @Test
    void errorBodyWithoutEndIsCutAndTheRestIsSurvived() {
        WriterStats stats = writeAround(
                config().build(), ScriptedAnswer.status(400).body("bad\u0007 sample\n" + "x".repeat(3 << 20)));
        assertThat(stats.dropped()).containsOnlyKeys("http_400").containsEntry("http_400", 10L);
        assertThat(stats.delivered()).isEqualTo(20);
        String dropped = events.of("dropped").get(0);
        assertThat(dropped).contains("bad  sample").hasSizeLessThan(2000);
    }

    @Test
    void whatThe2xxAnswerSaysIsNotWrittenIsCounted() {
        WriterStats stats = writeAround(
                config().build(), ScriptedAnswer.status(200).header("X-Prometheus-Remote-Write-Samples-Written", "7"));
        assertThat(stats.dropped()).containsOnlyKeys("not_written");
    }

    @Test
    void partialWriteBeforeA400IsCountedAsDelivered() {
        WriterStats stats = writeAround(
                config().build(),
                ScriptedAnswer.status(400)
                        .header("X-Prometheus-Remote-Write-Samples-Written", "6")
                        .header("X-Prometheus-Remote-Write-Histograms-Written", "0")
                        .body("out of order"));
        assertThat(stats.dropped()).containsOnlyKeys("http_400").containsEntry("http_400", 4L);
        assertThat(stats.delivered()).isEqualTo(26);
        assertThat(events.of("dropped").get(0)).contains("out of order").contains("4");
    }

    @ParameterizedTest
    @EnumSource(
            value = WriteProtocol.class,
            names = {"V1", "V2"})
    void tooLargeRequestIsHalvedUntilItFits(WriteProtocol protocol) {
        try (StrictReceiver small = StrictReceiver.builder().maxSamples(3).start();
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(small.uri())
                        .protocol(protocol)
                        .retry(QUICK)
                        .sendMetadata(false)
                        .listener(events)
                        .build())) {
            writer.start();
            for (int i = 0; i < 5; i++) {
                writer.append(target.next());
            }
            assertThat(writer.flush(LONG).complete()).isTrue();
            assertThat(small.violations()).isEmpty();
            assertThat(small.sampleCount()).isEqualTo(50);
            assertThat(small.samples(target.full(3))).hasSize(5);
            assertThat(writer.stats().delivered()).isEqualTo(50);
            assertThat(writer.stats().retries()).isZero();
            assertLedger(writer.stats());
        }
    }

    @Test
    void singleSampleThatIsTooLargeIsDropped() {
        receiver.answer(ScriptedAnswer.status(413));
        WriterStats stats;
        try (RemoteWriter writer = RemoteWriter.create(config().build())) {
            writer.start();
            writer.append(target.next());
            assertThat(writer.flush(LONG).complete()).isTrue();
            stats = writer.stats();
        }
        assertThat(stats.dropped()).containsOnlyKeys("http_413").containsEntry("http_413", 10L);
    }

    @Test
    void policyThatThrowsIsReplacedByTheDefault() {
        RetryPolicy broken = failure -> {
            throw new IllegalStateException("policy");
        };
        WriterStats stats = writeAround(config().retry(broken).build(), ScriptedAnswer.status(400));
        assertThat(stats.dropped()).containsEntry("http_400", 10L);
        assertThat(stats.delivered()).isEqualTo(20);
    }

    @Test
    void blocksRefusedForTheirCredentialsCanBeHeld() {
        ScriptedAnswer forbidden = ScriptedAnswer.status(403);
        WriterStats stats = writeAround(config().retry(QUICK.holdOn(401, 403)).build(), forbidden, forbidden);
        assertThat(stats.delivered()).isEqualTo(30);
        assertThat(stats.retries()).isEqualTo(2);
    }
}

package io.github.promferry.scrape;

import static io.github.promferry.scrape.ScrapeFailure.Kind.BODY_SIZE;
import static io.github.promferry.scrape.ScrapeFailure.Kind.CONNECTION;
import static io.github.promferry.scrape.ScrapeFailure.Kind.STATUS;
import static io.github.promferry.scrape.ScrapeFailure.Kind.TARGET;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.promferry.Clock;
import io.github.promferry.SampleBatch;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every fetcher must do, against real and hostile servers. */
abstract class FetcherContract {
    private static final String PAGE = "# TYPE a gauge\na{x=\"1\"} 1\nb 2\n";
    private static final int LIMIT = 100_000;

    private final ExecutorService threads = DaemonThreads.cached("fetcher-test");
    final PageBuffers buffers = new PageBuffers(4);
    private ScriptedTarget target;
    private Fetcher fetcher;

    abstract Fetcher create(HttpSettings settings, ExecutorService threads, Clock clock);

    private Fetcher create(HttpSettings settings, ExecutorService threads) {
        return create(settings, threads, Clock.SYSTEM);
    }

    @BeforeEach
    void start() {
        target = ScriptedTarget.start(ScriptedAnswer.page(PAGE));
        fetcher = create(HttpSettings.DEFAULTS, threads);
    }

    @AfterEach
    void stop() {
        fetcher.close();
        target.close();
        threads.shutdownNow();
    }

    static Stream<Arguments> wholePages() {
        return Stream.of(
                Arguments.of("a length", ScriptedAnswer.page(PAGE)),
                Arguments.of("chunks", ScriptedAnswer.page(PAGE).chunked()),
                Arguments.of(
                        "chunks of a byte", ScriptedAnswer.page(PAGE).chunked().drip(1, Duration.ZERO)),
                Arguments.of("a dripping body", ScriptedAnswer.page(PAGE).drip(3, Duration.ofMillis(1))),
                Arguments.of("late headers", ScriptedAnswer.page(PAGE).stallHeaders(Duration.ofMillis(30))),
                Arguments.of(
                        "a body to the end of the connection",
                        ScriptedAnswer.raw("HTTP/1.1 200 OK\r\nContent-Type: " + ScriptedAnswer.TEXT_0_0_4
                                + "\r\nConnection: close\r\n\r\n" + PAGE)),
                Arguments.of(
                        "HTTP/1.0",
                        ScriptedAnswer.raw(
                                "HTTP/1.0 200 OK\r\nContent-Type: " + ScriptedAnswer.TEXT_0_0_4 + "\r\n\r\n" + PAGE)),
                Arguments.of(
                        "an interim response before",
                        ScriptedAnswer.raw(
                                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: " + PAGE.length()
                                        + "\r\nContent-Type: " + ScriptedAnswer.TEXT_0_0_4 + "\r\n\r\n" + PAGE)),
                Arguments.of(
                        "bytes behind its length",
                        ScriptedAnswer.raw("HTTP/1.1 200 OK\r\nContent-Length: " + PAGE.length() + "\r\nContent-Type: "
                                + ScriptedAnswer.TEXT_0_0_4 + "\r\n\r\n" + PAGE + "HTTP/1.1 500 Oops\r\n\r\n")),
                Arguments.of(
                        "header names in any case",
                        ScriptedAnswer.raw("HTTP/1.1 200 OK\r\ncontent-LENGTH: " + PAGE.length() + "\r\ncontent-type: "
                                + ScriptedAnswer.TEXT_0_0_4 + "\r\n\r\n" + PAGE)),
                Arguments.of(
                        "chunk extensions and trailers",
                        ScriptedAnswer.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: "
                                + ScriptedAnswer.TEXT_0_0_4 + "\r\n\r\n"
                                + Integer.toHexString(PAGE.length()) + ";x=y\r\n" + PAGE
                                + "\r\n0\r\nTrailer: t\r\n\r\n")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wholePages")
    void readsAWholePageWith(String how, ScriptedAnswer answer) {
        target.answer(answer);
        assertThat(fetch().text()).isEqualTo(PAGE);
        assertThat(fetch().page.contentType()).isEqualTo(ScriptedAnswer.TEXT_0_0_4);
    }

    /**
     * Chunks, writes and what TCP makes of them end anywhere: within a chunk size, a character, the packed form. The parser
     * reads straight from the buffer, which held another page before.
     */
    @Test
    void aPageMeansTheSameHoweverItIsCut() throws Exception {
        Random random = new Random(7);
        ExpositionParser parser = new ExpositionParser();
        GzipReader gzip = new GzipReader();
        PageBuffer unpacked = new PageBuffer();
        for (int round = 0; round < 150; round++) {
            byte[] page = randomPage(random);
            boolean packed = random.nextBoolean();
            List<byte[]> writes = pieces(response(page, packed, random), random);
            target.answer(ScriptedAnswer.script(out -> {
                for (byte[] write : writes) {
                    out.write(write);
                }
            }));

            PageBuffer body = fetch().body();

            PageBuffer read = packed ? unpacked : body;
            if (packed) {
                unpacked.clear();
                gzip.unpack(body, unpacked, LIMIT);
            }
            assertThat(samples(parser, read.bytes(), read.length()))
                    .as("round %d", round)
                    .isEqualTo(samples(new ExpositionParser(), page, page.length));
            buffers.giveBack(body);
        }
        gzip.close();
    }

    private static byte[] randomPage(Random random) {
        StringBuilder page = new StringBuilder("# TYPE a gauge\n");
        for (int lines = random.nextInt(2000); lines > 0; lines--) {
            page.append("a{line=\"é\\n€")
                    .append(lines)
                    .append("\"} ")
                    .append(random.nextInt())
                    .append('\n');
        }
        return page.toString().getBytes(UTF_8);
    }

    private static byte[] response(byte[] page, boolean packed, Random random) throws IOException {
        byte[] body = packed ? GzipReaderTest.packed(page) : page;
        boolean chunked = random.nextBoolean();
        ByteArrayOutputStream response = new ByteArrayOutputStream();
        response.writeBytes(("HTTP/1.1 200 OK\r\nConnection: close\r\n"
                        + (packed ? "Content-Encoding: gzip\r\n" : "")
                        + (chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + body.length)
                        + "\r\n\r\n")
                .getBytes(UTF_8));
        if (!chunked) {
            response.writeBytes(body);
            return response.toByteArray();
        }
        for (byte[] chunk : pieces(body, random)) {
            response.writeBytes((Integer.toHexString(chunk.length) + "\r\n").getBytes(UTF_8));
            response.writeBytes(chunk);
            response.writeBytes("\r\n".getBytes(UTF_8));
        }
        response.writeBytes("0\r\n\r\n".getBytes(UTF_8));
        return response.toByteArray();
    }

    /** Large ones and single bytes. */
    private static List<byte[]> pieces(byte[] whole, Random random) {
        List<byte[]> pieces = new ArrayList<>();
        for (int from = 0, to; from < whole.length; from = to) {
            to = Math.min(whole.length, from + 1 + random.nextInt(1 << random.nextInt(13)));
            pieces.add(Arrays.copyOfRange(whole, from, to));
        }
        return pieces;
    }

    private static List<String> samples(ExpositionParser parser, byte[] page, int length) {
        SampleBatch batch = new SampleBatch();
        parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, length, 1, batch);
        return IntStream.range(0, batch.size())
                .mapToObj(row -> batch.series(row) + " " + Double.longBitsToDouble(batch.valueBits(row)))
                .toList();
    }

    // A text block would hide the line ends, which matter here.
    @SuppressWarnings("StringConcatToTextBlock")
    static Stream<Arguments> brokenAnswers() {
        String head = "HTTP/1.1 200 OK\r\n";
        return Stream.of(
                Arguments.of("no answer", ScriptedAnswer.drop(), CONNECTION),
                Arguments.of("a reset", ScriptedAnswer.resetAfterReading(), CONNECTION),
                Arguments.of("a body that ends early", ScriptedAnswer.page(PAGE).closeAfter(10), CONNECTION),
                Arguments.of(
                        "chunks that end early",
                        ScriptedAnswer.page(PAGE).chunked().closeAfter(10),
                        CONNECTION),
                Arguments.of("a body that is reset", ScriptedAnswer.page(PAGE).resetAfter(10), CONNECTION),
                Arguments.of("headers that end early", ScriptedAnswer.raw(head + "Content-Le"), CONNECTION),
                Arguments.of("another protocol", ScriptedAnswer.raw("220 mail.example.org ESMTP\r\n"), CONNECTION),
                Arguments.of(
                        "a negative length",
                        ScriptedAnswer.raw(head + "Content-Length: -5\r\n\r\n" + PAGE),
                        CONNECTION),
                Arguments.of(
                        "a length that is none",
                        ScriptedAnswer.raw(head + "Content-Length: many\r\n\r\n" + PAGE),
                        CONNECTION),
                Arguments.of(
                        "chunk sizes that are none",
                        ScriptedAnswer.raw(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + PAGE),
                        CONNECTION),
                Arguments.of(
                        "chunks of negative size",
                        ScriptedAnswer.raw(head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + PAGE),
                        CONNECTION),
                Arguments.of(
                        "headers without end",
                        ScriptedAnswer.script(out -> {
                            out.write(head.getBytes(UTF_8));
                            byte[] line = ("X-Filler: " + "x".repeat(1000) + "\r\n").getBytes(UTF_8);
                            for (int i = 0; i < 2000; i++) {
                                out.write(line);
                            }
                        }),
                        CONNECTION),
                Arguments.of("a status that is none", ScriptedAnswer.raw("HTTP/1.1 abc OK\r\n\r\n" + PAGE), CONNECTION),
                Arguments.of(
                        "a chunk longer than its size",
                        ScriptedAnswer.raw(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + PAGE + "\r\n0\r\n\r\n"),
                        CONNECTION),
                Arguments.of(
                        "chunks without the last one",
                        ScriptedAnswer.raw(head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                + Integer.toHexString(PAGE.length()) + "\r\n" + PAGE + "\r\n"),
                        CONNECTION),
                Arguments.of(
                        "interim responses and nothing else",
                        ScriptedAnswer.raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
                        CONNECTION),
                malformed("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
                malformed("two lengths in one", "Content-Length: 5, 6\r\n\r\nabcdef"),
                malformed("the same length twice in one", "Content-Length: 5, 5\r\n\r\nabcde"),
                malformed("a length with a sign", "Content-Length: +5\r\n\r\nabcde"),
                malformed("an empty length", "Content-Length:\r\n\r\nabcde"),
                malformed("a length in hexadecimal", "Content-Length: 0x5\r\n\r\nabcde"),
                malformed("a length of Arabic digits", "Content-Length: \u0665\r\n\r\nabcde"),
                malformed("a length that is no long", "Content-Length: 99999999999999999999\r\n\r\nabcde"),
                malformed(
                        "a length beside chunks",
                        "Content-Length: 3\r\n" + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                malformed(
                        "a length behind chunks",
                        "Transfer-Encoding: chunked\r\n" + "Content-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                malformed(
                        "an encoding nobody asked for", "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                malformed("an encoding that is not known", "Transfer-Encoding: identity\r\n\r\nabc"),
                malformed(
                        "chunks twice",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                malformed("chunks disguised", "Transfer-Encoding: xchunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                malformed("a folded first header", " X-Long: a\r\nContent-Length: 1\r\n\r\na"),
                malformed("a space before the colon", "Content-Length : 1\r\n\r\na"),
                malformed("a space in a name", "Content Length: 1\r\n\r\na"),
                malformed("NUL in a name", "X\0Y: 1\r\nContent-Length: 1\r\n\r\na"),
                malformed("CR in a value", "X: 1\rContent-Length: 2\r\nContent-Length: 1\r\n\r\na"),
                malformed(
                        "an endless chunk extension",
                        "Transfer-Encoding: chunked\r\n\r\n1;" + "x".repeat(100_000) + "\r\na\r\n0\r\n\r\n"),
                malformed("a chunk size with a sign", "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
                malformed(
                        "a chunk size of many digits",
                        "Transfer-Encoding: chunked\r\n\r\n" + "0".repeat(5000) + "1\r\na\r\n0\r\n\r\n"),
                malformed("too many headers", "X: y\r\n".repeat(100_000) + "Content-Length: 1\r\n\r\na"),
                Arguments.of(
                        "a flood of interim responses",
                        ScriptedAnswer.raw("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100_000)),
                        CONNECTION),
                Arguments.of(
                        "a switch of protocols",
                        ScriptedAnswer.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
                        CONNECTION),
                Arguments.of(
                        "HTTP/2 unasked",
                        ScriptedAnswer.raw("HTTP/2 200 OK\r\nContent-Length: 1\r\n\r\na"),
                        CONNECTION),
                Arguments.of("HTTP/0.9", ScriptedAnswer.raw(PAGE), CONNECTION),
                Arguments.of(
                        "304 with a body",
                        ScriptedAnswer.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nabcde"),
                        STATUS),
                Arguments.of(
                        "a 404 whose body ends early",
                        ScriptedAnswer.status(404).body(PAGE).closeAfter(10),
                        CONNECTION),
                Arguments.of(
                        "an error page without end",
                        ScriptedAnswer.script(out -> {
                            out.write("HTTP/1.1 500 No\r\n\r\n".getBytes(UTF_8));
                            byte[] part = new byte[8192];
                            while (true) {
                                out.write(part);
                            }
                        }),
                        STATUS),
                Arguments.of(
                        "a header of a response to HEAD",
                        ScriptedAnswer.raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
                        CONNECTION),
                Arguments.of("204", ScriptedAnswer.status(204), STATUS),
                Arguments.of("206", ScriptedAnswer.status(206).body(PAGE), STATUS),
                Arguments.of("304", ScriptedAnswer.status(304), STATUS),
                Arguments.of(
                        "a 404 that looks like a page",
                        ScriptedAnswer.status(404).body(PAGE),
                        STATUS),
                Arguments.of("503", ScriptedAnswer.status(503).body("loading model"), STATUS),
                Arguments.of("a redirect to nowhere", ScriptedAnswer.status(302), STATUS),
                Arguments.of(
                        "a redirect to no URI", ScriptedAnswer.status(302).header("Location", "http://[/"), STATUS),
                Arguments.of("a redirect to itself", ScriptedAnswer.status(302).header("Location", "/metrics"), STATUS),
                Arguments.of("a body of the limit", ScriptedAnswer.page("x".repeat(LIMIT)), BODY_SIZE),
                Arguments.of(
                        "chunks over the limit",
                        ScriptedAnswer.page("x".repeat(3 * LIMIT)).chunked(),
                        BODY_SIZE),
                Arguments.of(
                        "a body without end",
                        ScriptedAnswer.script(out -> {
                            out.write((head + "\r\n").getBytes(UTF_8));
                            byte[] part = new byte[8192];
                            while (true) {
                                out.write(part);
                            }
                        }),
                        BODY_SIZE));
    }

    /** Which of the two is wrong, the status or the length, fetchers need not agree on. */
    @Test
    @SuppressWarnings("StringConcatToTextBlock")
    void a204WithABodyFailsAndItsBodyIsNotTheNextAnswer() {
        target.then(ScriptedAnswer.raw("HTTP/1.1 204 No Content\r\nContent-Length: 40\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx\r\n"));
        assertThat(fetch().failure).isNotNull();
        assertThat(fetch().text()).isEqualTo(PAGE);
    }

    private static Arguments malformed(String how, String afterStatus) {
        return Arguments.of(how, ScriptedAnswer.raw("HTTP/1.1 200 OK\r\n" + afterStatus), CONNECTION);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenAnswers")
    void fails(String at, ScriptedAnswer answer, ScrapeFailure.Kind kind) {
        target.answer(answer);
        ScrapeFailure failure = fetch().failure;
        assertThat(failure).as("a failure, since the target gave %s", at).isNotNull();
        assertThat(failure.kind()).as(failure.message()).isEqualTo(kind);
        target.answer(ScriptedAnswer.page(PAGE));
        assertThat(fetch().text()).as("the page after the failure").isEqualTo(PAGE);
    }

    @Test
    void aBodyOneByteBelowTheLimitIsRead() {
        target.answer(ScriptedAnswer.page("x".repeat(LIMIT - 1)));
        assertThat(fetch().text()).hasSize(LIMIT - 1);
    }

    @Test
    void anEmptyBodyIsAPage() {
        target.answer(ScriptedAnswer.page(""));
        assertThat(fetch().text()).isEmpty();
    }

    @Test
    void aCompressedBodyIsHandedOverAsSentWithItsEncoding() {
        target.answer(ScriptedAnswer.page(PAGE).gzip());
        Outcome outcome = fetch();
        assertThat(outcome.page.contentEncoding()).isEqualTo("gzip");
        assertThat(outcome.page.body().bytes()).startsWith(0x1f, 0x8b);
    }

    @Test
    void sendsThePathWithItsQueryAndExactlyTheHeadersItIsToldTo() {
        HttpSettings settings = HttpSettings.builder()
                .credentials(Credentials.basic("user", "password"))
                .header("X-Tenant", "t1")
                .build();
        Fetcher own = create(settings, threads);
        fetch(own, URI.create(target.uri() + "?a=b+c&d=%26"), Map.of("Accept", "text/plain", "User-Agent", "test/1"));
        own.close();
        RecordedRequest request = target.requests().get(0);
        assertThat(request.method()).isEqualTo("GET");
        assertThat(request.target()).isEqualTo("/metrics?a=b+c&d=%26");
        assertThat(request.header("Host")).isEqualTo(target.hostPort());
        assertThat(request.header("Accept")).isEqualTo("text/plain");
        assertThat(request.header("User-Agent")).isEqualTo("test/1");
        assertThat(request.header("X-Tenant")).isEqualTo("t1");
        assertThat(request.header("Authorization")).isEqualTo("Basic dXNlcjpwYXNzd29yZA==");
        assertThat(request.headers("Upgrade")).isEmpty();
        assertThat(request.headers("HTTP2-Settings")).isEmpty();
    }

    @Test
    void keepsTheConnectionForTheNextPage() {
        for (int i = 0; i < 5; i++) {
            assertThat(fetch().text()).isEqualTo(PAGE);
        }
        target.answer(ScriptedAnswer.status(503).body("busy"));
        assertThat(fetch().failure.kind()).isEqualTo(STATUS);
        assertThat(target.connectionCount()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        // Of pages at 0, 4, 8 and 12 min.
        "PT3M59S, 4",
        "PT0S, 1",
    })
    void aConnectionThatIsTooOldIsNotUsedAgain(Duration maxAge, int connections) {
        ManualClock clock = new ManualClock();
        Fetcher aging = create(HttpSettings.builder().maxConnectionAge(maxAge).build(), threads, clock);
        for (int i = 0; i < 4; i++) {
            assertThat(fetch(aging, target.uri(), Map.of()).text()).isEqualTo(PAGE);
            clock.advance(Duration.ofMinutes(4));
        }
        aging.close();
        assertThat(target.connectionCount()).isEqualTo(connections);
    }

    @Test
    void aFetchUnderWayIsNotCutWhenItsConnectionIsTooOld() {
        CompletableFuture<Void> mayAnswer = new CompletableFuture<>();
        target.then(ScriptedAnswer.script(out -> {
            out.write("HTTP/1.1 200 OK\r\n\r\nhalf a page".getBytes(UTF_8));
            mayAnswer.join();
            out.write(" and the other half".getBytes(UTF_8));
        }));
        ManualClock clock = new ManualClock();
        Fetcher aging = create(
                HttpSettings.builder().maxConnectionAge(Duration.ofMinutes(1)).build(), threads, clock);
        Outcome slow = new Outcome();
        aging.fetch(request(target.uri(), Map.of()), slow);
        target.awaitRequests(1, Duration.ofSeconds(20));
        for (int i = 0; i < 2; i++) {
            clock.advance(Duration.ofMinutes(2));
            assertThat(fetch(aging, target.uri(), Map.of()).text()).isEqualTo(PAGE);
        }
        System.gc();
        mayAnswer.complete(null);
        assertThat(slow.await().text()).isEqualTo("half a page and the other half");
        aging.close();
    }

    @Test
    void aConnectionThatTheServerClosedMeanwhileIsReplaced() {
        for (int i = 0; i < 3; i++) {
            assertThat(fetch().text()).isEqualTo(PAGE);
            target.stop();
            target.restart();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void followsRedirects(int status) {
        target.then(
                ScriptedAnswer.status(status).header("Location", "/elsewhere?x=y"),
                ScriptedAnswer.status(status).header("Location", target.uri() + "/deeper"));
        assertThat(fetch().text()).isEqualTo(PAGE);
        assertThat(target.requests())
                .extracting(RecordedRequest::target)
                .containsExactly("/metrics", "/elsewhere?x=y", "/metrics/deeper");
    }

    @Test
    void followsNoRedirectIfToldSo() {
        Fetcher own = create(HttpSettings.builder().followRedirects(false).build(), threads);
        target.answer(ScriptedAnswer.status(302).header("Location", "/elsewhere"));
        assertThat(fetch(own, target.uri(), Map.of()).failure.message()).contains("302");
        assertThat(target.requests()).hasSize(1);
        own.close();
    }

    @Test
    void credentialsAndExtraHeadersDoNotFollowARedirectToAnotherServerNorBack() {
        HttpSettings settings = HttpSettings.builder()
                .credentials(Credentials.bearer("secret"))
                .header("X-Secret", "too")
                .build();
        Fetcher own = create(settings, threads);
        try (ScriptedTarget other =
                ScriptedTarget.start(ScriptedAnswer.status(302).header("Location", target.uri() + "/back"))) {
            target.then(ScriptedAnswer.status(302).header("Location", "/here"));
            target.then(
                    ScriptedAnswer.status(302).header("Location", other.uri().toString()));
            assertThat(fetch(own, target.uri(), Map.of("Accept", "text/plain")).text())
                    .isEqualTo(PAGE);
            assertThat(target.requests())
                    .extracting(request -> request.target() + " " + request.header("Authorization"))
                    .containsExactly("/metrics Bearer secret", "/here Bearer secret", "/metrics/back null");
            RecordedRequest away = other.requests().get(0);
            assertThat(away.headers("Authorization")).isEmpty();
            assertThat(away.headers("X-Secret")).isEmpty();
            assertThat(away.header("Accept")).isEqualTo("text/plain");
        }
        own.close();
    }

    @Test
    void credentialsInAFileAreReadForEveryPage(@TempDir Path directory) throws IOException {
        Path token = directory.resolve("token");
        Fetcher own = create(
                HttpSettings.builder().credentials(Credentials.bearer(token)).build(), threads);
        Outcome missing = fetch(own, target.uri(), Map.of());
        assertThat(missing.failure.kind()).isEqualTo(TARGET);
        assertThat(missing.failure.message()).contains("cannot read the credentials file", "token");
        for (String secret : List.of("one", "two")) {
            Files.writeString(token, secret + "\n");
            assertThat(fetch(own, target.uri(), Map.of()).text()).isEqualTo(PAGE);
        }
        assertThat(target.requests())
                .extracting(request -> request.header("Authorization"))
                .containsExactly("Bearer one", "Bearer two");
        own.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void credentialsAreToldThatTheyWereRefused(int status) {
        AtomicInteger token = new AtomicInteger(1);
        Credentials counting = new Credentials() {
            @Override
            public String authorization() {
                return "Bearer " + token;
            }

            @Override
            public void refused() {
                token.incrementAndGet();
            }
        };
        Fetcher own = create(HttpSettings.builder().credentials(counting).build(), threads);
        target.then(ScriptedAnswer.status(status));
        assertThat(fetch(own, target.uri(), Map.of()).failure.message()).contains(Integer.toString(status));
        assertThat(fetch(own, target.uri(), Map.of()).text()).isEqualTo(PAGE);
        assertThat(target.requests())
                .extracting(request -> request.header("Authorization"))
                .containsExactly("Bearer 1", "Bearer 2");
        own.close();
    }

    @Test
    void nobodyListening() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        ScrapeFailure failure = fetch(fetcher, URI.create("http://127.0.0.1:" + port + "/metrics"), Map.of()).failure;
        assertThat(failure.kind()).isEqualTo(CONNECTION);
        assertThat(failure.message()).startsWith("cannot connect to 127.0.0.1:" + port);
    }

    @Test
    void readsAPageOfAnIpv6Address() {
        try (ScriptedTarget six = ScriptedTarget.startOnIpv6(ScriptedAnswer.page(PAGE))) {
            assumeThat(six).as("this machine has an IPv6 loopback address").isNotNull();
            assertThat(fetch(fetcher, six.uri(), Map.of()).text()).isEqualTo(PAGE);
            assertThat(six.requests().get(0).header("Host")).isEqualTo("[::1]:" + six.port());
            six.stop();
            assertThat(fetch(fetcher, six.uri(), Map.of()).failure.message())
                    .startsWith("cannot connect to [::1]:" + six.port());
        }
    }

    @Test
    void anUnknownHost() {
        ScrapeFailure failure = fetch(fetcher, URI.create("http://no-such-host.invalid:1/metrics"), Map.of()).failure;
        assertThat(failure.kind()).isEqualTo(CONNECTION);
        assertThat(failure.message()).isEqualTo("host no-such-host.invalid is not known");
    }

    static Stream<Arguments> stalls() {
        Duration forever = Duration.ofMinutes(5);
        return Stream.of(
                Arguments.of("before the headers", ScriptedAnswer.hang()),
                Arguments.of("within the headers", ScriptedAnswer.page(PAGE).stallHeaders(forever)),
                Arguments.of("within the body", ScriptedAnswer.page(PAGE).stallBody(5, forever)),
                Arguments.of("in drips", ScriptedAnswer.page(PAGE.repeat(1000)).drip(1, Duration.ofMillis(50))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("stalls")
    void cancelClosesTheConnectionOfATargetThatStalls(String where, ScriptedAnswer answer) throws Exception {
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        target.answer(ScriptedAnswer.script(out -> {
            try {
                stall(out, where);
            } catch (IOException e) {
                closed.complete(true);
                throw e;
            }
        }));
        Outcome outcome = new Outcome();
        Fetcher.Fetch fetch = fetcher.fetch(request(target.uri(), Map.of()), outcome);
        target.awaitRequests(1, Duration.ofSeconds(10));
        fetch.cancel();
        assertThat(closed.get(10, TimeUnit.SECONDS)).isTrue();
        target.answer(answer);
        // The stalls of the server itself, for the cases that a script of writes cannot express.
        Fetcher.Fetch second = fetcher.fetch(request(target.uri(), Map.of()), new Outcome());
        target.awaitRequests(2, Duration.ofSeconds(10));
        second.cancel();
        target.answer(ScriptedAnswer.page(PAGE));
        assertThat(fetch().text()).isEqualTo(PAGE);
    }

    private static void stall(OutputStream out, String where) throws IOException {
        if (!where.equals("before the headers")) {
            out.write("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n".getBytes(UTF_8));
            if (!where.equals("within the headers")) {
                out.write("\r\n".getBytes(UTF_8));
            }
        }
        // Bytes every now and then until the peer is gone: only then a write fails.
        while (true) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
            if (where.equals("before the headers")) {
                out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(UTF_8));
            } else if (where.equals("within the headers")) {
                out.write("X: y\r\n".getBytes(UTF_8));
            } else {
                out.write('x');
            }
            out.flush();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aThousandFailuresLeaveNoFileOpen() {
        ScriptedAnswer malformed =
                ScriptedAnswer.raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nx");
        List<ScriptedAnswer> failures = List.of(
                ScriptedAnswer.drop(),
                ScriptedAnswer.resetAfterReading(),
                ScriptedAnswer.page("x".repeat(2 * LIMIT)).chunked(),
                ScriptedAnswer.page(PAGE).closeAfter(10),
                malformed);
        assertThat(fetch().text()).isEqualTo(PAGE);
        int before = openFiles();
        for (int round = 0; round < 40; round++) {
            target.answer(failures.get(round % failures.size()));
            List<Outcome> failed = Stream.generate(Outcome::new).limit(20).toList();
            failed.forEach(outcome -> fetcher.fetch(request(target.uri(), Map.of()), outcome));
            failed.forEach(outcome -> assertThat(outcome.await().failure).isNotNull());
        }
        target.answer(ScriptedAnswer.hang());
        int asked = target.requests().size();
        List<Fetcher.Fetch> canceled = Stream.generate(
                        () -> fetcher.fetch(request(target.uri(), Map.of()), new Outcome()))
                .limit(200)
                .toList();
        target.awaitRequests(asked + 200, Duration.ofSeconds(20));
        canceled.forEach(Fetcher.Fetch::cancel);
        // The server's ends of the connections are of this process, too, and it does not look at those it leaves
        // waiting.
        target.stop();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> openFiles() <= before + 10);
        target.restart();
        target.answer(ScriptedAnswer.page(PAGE));
        assertThat(fetch().text()).isEqualTo(PAGE);
    }

    private static int openFiles() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    @Test
    void manyPagesAtOnce() {
        target.answer(ScriptedAnswer.page(PAGE).delay(Duration.ofMillis(20)));
        List<Outcome> outcomes = Stream.generate(Outcome::new).limit(200).toList();
        outcomes.forEach(outcome -> fetcher.fetch(request(target.uri(), Map.of()), outcome));
        outcomes.forEach(outcome -> assertThat(outcome.await().text()).isEqualTo(PAGE));
        outcomes.forEach(outcome -> assertThat(outcome.count).isEqualTo(1));
    }

    private Outcome fetch() {
        return fetch(fetcher, target.uri(), Map.of());
    }

    static Outcome fetch(Fetcher fetcher, URI uri, Map<String, String> headers) {
        Outcome outcome = new Outcome();
        fetcher.fetch(request(uri, headers), outcome);
        return outcome.await();
    }

    static Fetcher.Request request(URI uri, Map<String, String> headers) {
        return new Fetcher.Request(uri, headers, LIMIT, Duration.ofSeconds(20));
    }

    static final class Outcome implements Fetcher.Receiver {
        volatile Fetcher.Page page;
        volatile ScrapeFailure failure;
        volatile int count;

        @Override
        public synchronized void arrived(Fetcher.Page page) {
            this.page = page;
            count++;
        }

        @Override
        public synchronized void failed(ScrapeFailure failure) {
            this.failure = failure;
            count++;
        }

        Outcome await() {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> count > 0);
            return this;
        }

        PageBuffer body() {
            assertThat(failure).isNull();
            return page.body();
        }

        String text() {
            return new String(body().bytes(), 0, body().length(), UTF_8);
        }
    }
}

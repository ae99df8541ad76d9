package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.promferry.Clock;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers may do to one POST after the other. */
abstract class PosterContract {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final byte[] BODY = "a compressed request".getBytes(UTF_8);

    final ExecutorService threads = Executors.newCachedThreadPool();
    private final ScriptedTarget server = ScriptedTarget.start(ScriptedAnswer.status(204));
    private final Poster poster = create(new ConnectionAge(HttpSettings.DEFAULTS, Clock.SYSTEM));

    /** A poster whose messages say a second for the time limit. */
    abstract Poster create(ConnectionAge age);

    private Poster create(Duration maxConnectionAge, Clock clock) {
        return create(new ConnectionAge(
                HttpSettings.builder().maxConnectionAge(maxConnectionAge).build(), clock));
    }

    @AfterEach
    void stop() {
        server.close();
        threads.shutdownNow();
    }

    private Response post(Poster by, URI url, byte[] body, Duration limit) throws IOException, InterruptedException {
        return by.post(url, Map.of("X-Tenant", "t"), ByteBuffer.wrap(body), System.nanoTime() + limit.toNanos());
    }

    private Response post() throws IOException, InterruptedException {
        return post(poster, server.uri(), BODY, LONG);
    }

    @Test
    void sendsThePathWithItsQueryTheHeadersAndTheBody() throws Exception {
        URI url = URI.create("http://user:pw@" + server.hostPort() + "/a%20b?c=d+e&f=%26#g");
        assertThat(post(poster, url, BODY, LONG).status()).isEqualTo(204);
        RecordedRequest request = server.requests().get(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.target()).isEqualTo("/a%20b?c=d+e&f=%26");
        assertThat(request.headers("Host")).containsExactly(server.hostPort());
        assertThat(request.headers("Content-Length")).containsExactly(Integer.toString(BODY.length));
        assertThat(request.headers("X-Tenant")).containsExactly("t");
        assertThat(request.headers("Authorization")).isEmpty();
        assertThat(request.headers("Expect")).isEmpty();
        assertThat(request.headers("Upgrade")).isEmpty();
        assertThat(request.body()).isEqualTo(BODY);
    }

    static Stream<Arguments> answers() {
        // Without it the next request might meet the end of the connection, as in the matrix of faults.
        String head = "HTTP/1.1 400 Bad\r\nConnection: close\r\n";
        ScriptedAnswer sound = ScriptedAnswer.status(400).body("no");
        return Stream.of(
                Arguments.of("a length", sound),
                Arguments.of("chunks", sound.chunked()),
                Arguments.of("chunks of a byte", sound.chunked().drip(1, Duration.ofMillis(1))),
                Arguments.of("late headers", sound.stallHeaders(Duration.ofMillis(30))),
                Arguments.of("a pause within the body", sound.stallBody(1, Duration.ofMillis(30))),
                Arguments.of("an announced end of the connection", sound.closeConnection()),
                Arguments.of("a body to the end", ScriptedAnswer.raw(head + "\r\nno")),
                Arguments.of("HTTP/1.0", ScriptedAnswer.raw("HTTP/1.0 400 Bad\r\n\r\nno")),
                Arguments.of("no reason", ScriptedAnswer.raw(head.replace("Bad", "") + "Content-Length: 2\r\n\r\nno")),
                Arguments.of(
                        "other answers before",
                        ScriptedAnswer.raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                                + "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + head
                                + "Content-Length: 2\r\n\r\nno")),
                Arguments.of(
                        "chunk extensions and trailers",
                        ScriptedAnswer.raw(
                                head + "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nno\r\n0\r\nTrailer: t\r\n\r\n")),
                Arguments.of("a large body", ScriptedAnswer.status(400).body("no" + " ".repeat(3 << 20))),
                Arguments.of("a body without end", ScriptedAnswer.script(out -> {
                    out.write((head + "\r\nno").getBytes(UTF_8));
                    byte[] part = " ".repeat(8192).getBytes(UTF_8);
                    while (true) {
                        out.write(part);
                    }
                })),
                Arguments.of("an early answer", sound.unread()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void hearsTheAnswerWith(String what, ScriptedAnswer answer) throws Exception {
        server.then(answer);
        Response response = post();
        assertThat(response.status()).isEqualTo(400);
        assertThat(response.message()).isEqualTo("no");
        assertThat(post().status()).as("the next answer").isEqualTo(204);
        assertThat(server.requests()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 202, 204, 205, 304, 401, 500, 999})
    void hearsAnyStatusWithoutABodyAndKeepsTheConnection(int status) throws Exception {
        server.answer(ScriptedAnswer.status(status).header("retry-AFTER", "7"));
        for (int i = 0; i < 3; i++) {
            Response response = post();
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.message()).isEmpty();
            assertThat(response.retryAfter(0)).isEqualTo(Duration.ofSeconds(7));
        }
        assertThat(server.connectionCount()).isEqualTo(1);
    }

    @Test
    void keepsOnlyTheBeginningOfAMessage() throws Exception {
        server.answer(ScriptedAnswer.status(400).body("x".repeat(50_000)));
        assertThat(post().message()).isEqualTo("x".repeat(AnswerText.MAX_KEPT));
        assertThat(post().status()).isEqualTo(400);
        assertThat(server.connectionCount()).isEqualTo(1);
    }

    static Stream<Arguments> brokenAnswers() {
        String head = "HTTP/1.1 200 OK\r\n";
        ScriptedAnswer sound = ScriptedAnswer.status(200).body("stored");
        return Stream.of(
                Arguments.of("no answer", ScriptedAnswer.drop()),
                Arguments.of("a reset", ScriptedAnswer.resetAfterReading()),
                Arguments.of("a reset before the body was read", ScriptedAnswer.resetBeforeReading()),
                Arguments.of("half a status line", ScriptedAnswer.raw("HTTP/1.1 2")),
                Arguments.of("headers that end early", ScriptedAnswer.raw(head + "Content-Le")),
                Arguments.of("a body that ends early", sound.closeAfter(2)),
                Arguments.of("a body that is reset", sound.resetAfter(2)),
                Arguments.of("a length that is too large", sound.contentLength(7)),
                Arguments.of("chunks that end early", sound.chunked().closeAfter(2)),
                Arguments.of("another protocol", ScriptedAnswer.raw("220 mail.example.org ESMTP\r\n")),
                Arguments.of("status of letters", ScriptedAnswer.raw("HTTP/1.1 abc OK\r\n\r\n")),
                Arguments.of("a negative length", ScriptedAnswer.raw(head + "Content-Length: -5\r\n\r\nstored")),
                Arguments.of("a length that is none", ScriptedAnswer.raw(head + "Content-Length: many\r\n\r\nstored")),
                Arguments.of(
                        "chunk sizes that are none",
                        ScriptedAnswer.raw(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nstored")),
                Arguments.of(
                        "a switch of protocol",
                        ScriptedAnswer.raw(
                                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")),
                Arguments.of("headers without end", ScriptedAnswer.script(out -> {
                    out.write(head.getBytes(UTF_8));
                    byte[] line = ("X-Filler: " + "x".repeat(1000) + "\r\n").getBytes(UTF_8);
                    while (true) {
                        out.write(line);
                    }
                })));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenAnswers")
    void hasNoAnswerWith(String what, ScriptedAnswer answer) throws Exception {
        // On a connection that is used again, as most are.
        assertThat(post().status()).isEqualTo(204);
        server.then(answer);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(this::post)
                .satisfies(e -> assertThat(e).isNotInstanceOf(HttpTimeoutException.class));
        assertThat(post().status()).as("the next answer").isEqualTo(204);
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void tellsAConnectionThatWasClosedFromAnAnswerThatBegan() throws Exception {
        assertThat(post().status()).isEqualTo(204);
        server.then(ScriptedAnswer.drop());
        assertThatThrownBy(this::post).hasMessageContaining("received no bytes");
        server.then(ScriptedAnswer.raw("HTTP/1.1 2"));
        assertThatThrownBy(this::post).isInstanceOf(IOException.class).message().doesNotContain("received no bytes");
    }

    static Stream<Arguments> slowAnswers() {
        Duration hour = Duration.ofHours(1);
        return Stream.of(
                Arguments.of("no answer", ScriptedAnswer.hang()),
                Arguments.of("no headers", ScriptedAnswer.success().stallHeaders(hour)),
                Arguments.of(
                        "no end of the body",
                        ScriptedAnswer.status(200).body("xx").stallBody(1, hour)),
                Arguments.of(
                        "headers in drops",
                        ScriptedAnswer.script(out -> drip(out, "HTTP/1.1 200 OK\r\nX-Filler: ", "x"))),
                Arguments.of(
                        "a body in drops",
                        ScriptedAnswer.script(out -> drip(out, "HTTP/1.1 500 No\r\nContent-Length: 99\r\n\r\n", "x"))),
                Arguments.of(
                        "one interim answer after the other",
                        ScriptedAnswer.script(out -> drip(out, "", "HTTP/1.1 102 Processing\r\n\r\n"))));
    }

    private static void drip(OutputStream out, String start, String drop) throws IOException {
        out.write(start.getBytes(ISO_8859_1));
        // Until the other side has given up, which only writing tells.
        for (int i = 0; i < 6; i++) {
            out.write(drop.getBytes(ISO_8859_1));
            try {
                Thread.sleep(300);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slowAnswers")
    void givesUpAtTheDeadlineWith(String what, ScriptedAnswer answer) throws Exception {
        server.then(answer);
        assertThatExceptionOfType(HttpTimeoutException.class)
                .isThrownBy(() -> post(poster, server.uri(), BODY, Duration.ofMillis(400)))
                .withMessage("no complete answer within PT1S");
        assertThat(post().status()).as("the next answer").isEqualTo(204);
    }

    @Test
    void givesUpAtTheDeadlineWhileTheRequestIsNotRead() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            URI url = URI.create("http://127.0.0.1:" + deaf.getLocalPort() + "/write");
            assertThatExceptionOfType(HttpTimeoutException.class)
                    .isThrownBy(() -> post(poster, url, new byte[32 << 20], Duration.ofMillis(400)));
        }
    }

    /** The array of a body is used for the next one, which must not get into a request that is still being read. */
    @Test
    void aBodyThatIsNotKeptIsNotReadAnyMoreAfterTheDeadline() throws Exception {
        byte[] body = new byte[16 << 20];
        Arrays.fill(body, (byte) 'a');
        CountDownLatch givenUp = new CountDownLatch(1);
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<byte[]> read = threads.submit(() -> {
                try (Socket socket = listener.accept()) {
                    InputStream in = socket.getInputStream();
                    while (in.read() != '\r' || in.read() != '\n' || in.read() != '\r' || in.read() != '\n') {
                        // The head.
                    }
                    givenUp.await();
                    return in.readAllBytes();
                }
            });
            URI url = URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/write");
            assertThatExceptionOfType(HttpTimeoutException.class)
                    .isThrownBy(() -> post(poster, url, body, Duration.ofMillis(400)));
            if (!poster.keepsBodies()) {
                Arrays.fill(body, (byte) 'b');
            }
            givenUp.countDown();
            byte[] received = read.get();
            assertThat(received.length).isBetween(1, body.length - 1);
            assertThat(new String(received, ISO_8859_1)).doesNotContain("b").doesNotContain("\0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 413})
    void hearsAnAnswerThatComesBeforeTheRequestIsSent(int status) throws Exception {
        // Larger than what the sockets of both sides hold, so that it is never sent completely.
        byte[] large = new byte[16 << 20];
        server.then(ScriptedAnswer.status(status).body("too large").unread());
        Response response = post(poster, server.uri(), large, LONG);
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.message()).isEqualTo("too large");
        assertThat(post().status()).as("the next answer").isEqualTo(204);
    }

    @Test
    void aConnectionThatTheServerClosedMeanwhileIsReplaced() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(post().status()).isEqualTo(204);
            server.stop();
            server.restart();
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Of requests at 0, 4, 8 and 12 min.
        "PT3M59S, 4",
        "PT0S, 1",
    })
    void aConnectionThatIsTooOldIsNotUsedAgain(Duration maxAge, int connections) throws Exception {
        ManualClock clock = new ManualClock();
        Poster aging = create(maxAge, clock);
        for (int i = 0; i < 4; i++) {
            assertThat(post(aging, server.uri(), BODY, LONG).status()).isEqualTo(204);
            clock.advance(Duration.ofMinutes(4));
        }
        assertThat(server.connectionCount()).isEqualTo(connections);
    }

    @Test
    void aRequestUnderWayIsNotCutWhenItsConnectionIsTooOld() throws Exception {
        CompletableFuture<Void> mayAnswer = new CompletableFuture<>();
        server.then(ScriptedAnswer.script(out -> {
            out.write("HTTP/1.1 202 Slow".getBytes(UTF_8));
            mayAnswer.join();
            out.write("\r\nContent-Length: 0\r\n\r\n".getBytes(UTF_8));
        }));
        ManualClock clock = new ManualClock();
        Poster aging = create(Duration.ofMinutes(1), clock);
        Future<Response> slow = threads.submit(() -> post(aging, server.uri(), BODY, LONG));
        server.awaitRequests(1, LONG);
        for (int i = 0; i < 2; i++) {
            clock.advance(Duration.ofMinutes(2));
            assertThat(post(aging, server.uri(), BODY, LONG).status()).isEqualTo(204);
        }
        System.gc();
        mayAnswer.complete(null);
        assertThat(slow.get().status()).isEqualTo(202);
    }

    @Test
    void reachesAddressesOfIpVersion6() throws Exception {
        try (ServerSocket listener = listenOnIpVersion6()) {
            Future<String> request = threads.submit(() -> {
                try (Socket socket = listener.accept()) {
                    byte[] read = new byte[4096];
                    int count = socket.getInputStream().read(read);
                    socket.getOutputStream().write("HTTP/1.1 204 No\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
                    return new String(read, 0, count, UTF_8);
                }
            });
            String authority = "[::1]:" + listener.getLocalPort();
            URI url = URI.create("http://" + authority + "/write");
            assertThat(post(poster, url, BODY, LONG).status()).isEqualTo(204);
            assertThat(request.get()).startsWith("POST /write HTTP/1.1\r\n").contains("Host: " + authority + "\r\n");
        }
    }

    private static ServerSocket listenOnIpVersion6() {
        ServerSocket listener = null;
        try {
            listener = new ServerSocket(0, 1, InetAddress.getAllByName("::1")[0]);
        } catch (IOException e) {
            // Told by the assumption.
        }
        assumeTrue(listener != null, "this machine has no IPv6");
        return listener;
    }

    @Test
    void refusesWhatWouldEndAHeaderWithoutShowingIt() {
        assertThatThrownBy(() -> poster.post(
                        server.uri(),
                        Map.of("Authorization", "Bearer hunter2\n"),
                        ByteBuffer.wrap(BODY),
                        System.nanoTime() + LONG.toNanos()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("header Authorization has a line break")
                .hasMessageNotContaining("hunter2");
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void endsAtOnceWhenItsThreadIsInterrupted() throws Exception {
        server.answer(ScriptedAnswer.hang());
        Future<String> outcome = threads.submit(() -> {
            try {
                return "status " + post().status();
            } catch (InterruptedException e) {
                return "interrupted";
            }
        });
        server.awaitRequests(1, LONG);
        threads.shutdownNow();
        assertThat(outcome.get()).isEqualTo("interrupted");
    }

    @Test
    void bytesAfterAnAnswerAreNotTakenForTheNext() throws Exception {
        String answer = "HTTP/1.1 204 No Content\r\n\r\n";
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<?> unused = threads.submit(() -> {
                while (true) {
                    try (Socket socket = listener.accept()) {
                        byte[] read = new byte[4096];
                        int seen = socket.getInputStream().read(read);
                        String forged = "HTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n";
                        String text = new String(Arrays.copyOf(read, seen), UTF_8);
                        socket.getOutputStream()
                                .write((answer + (text.contains("/first") ? forged : "")).getBytes(UTF_8));
                        seen = socket.getInputStream().read(read);
                        if (seen > 0) {
                            socket.getOutputStream().write(answer.getBytes(UTF_8));
                        }
                    }
                }
            });
            String base = "http://127.0.0.1:" + listener.getLocalPort();
            assertThat(post(poster, URI.create(base + "/first"), BODY, LONG).status())
                    .isEqualTo(204);
            assertThat(post(poster, URI.create(base + "/second"), BODY, LONG).status())
                    .isEqualTo(204);
        }
    }
}

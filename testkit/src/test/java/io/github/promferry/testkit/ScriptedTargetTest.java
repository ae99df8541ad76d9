package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScriptedTargetTest {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.page("up 1\n"));

    @AfterEach
    void close() {
        target.close();
    }

    @Test
    void servesThePageOverOneConnectionAndRecordsTheRequest() throws Exception {
        for (int i = 0; i < 3; i++) {
            HttpResponse<byte[]> response = get();
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo("up 1\n".getBytes(UTF_8));
            assertThat(response.headers().firstValue("Content-Type")).contains(ScriptedAnswer.TEXT_0_0_4);
        }
        assertThat(target.requests()).hasSize(3).allSatisfy(request -> {
            assertThat(request.method()).isEqualTo("GET");
            assertThat(request.target()).isEqualTo("/metrics");
            assertThat(request.header("x-test")).isEqualTo("yes");
            assertThat(request.header("X-Absent")).isNull();
            assertThat(request.connection()).isZero();
        });
        assertThat(target.connectionCount()).isEqualTo(1);
    }

    @Test
    void scriptedAnswersComeOnceEachThenTheUsualOneAgain() throws Exception {
        target.then(ScriptedAnswer.status(503).body("busy").header("Retry-After", "2"), ScriptedAnswer.page("a 1\n"));
        HttpResponse<byte[]> busy = get();
        assertThat(busy.statusCode()).isEqualTo(503);
        assertThat(busy.headers().firstValue("Retry-After")).contains("2");
        assertThat(get().body()).asString(UTF_8).isEqualTo("a 1\n");
        assertThat(get().body()).asString(UTF_8).isEqualTo("up 1\n");
    }

    @Test
    void gzipAndChunksCarryTheSameBody() throws Exception {
        String page = "line 1\n".repeat(5000);
        target.answer(ScriptedAnswer.page(page).gzip());
        HttpResponse<byte[]> packed = get();
        assertThat(packed.headers().firstValue("Content-Encoding")).contains("gzip");
        assertThat(packed.body()).hasSizeLessThan(page.length() / 10);
        try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(packed.body()))) {
            assertThat(plain.readAllBytes()).asString(UTF_8).isEqualTo(page);
        }
        target.answer(ScriptedAnswer.page(page).chunked());
        assertThat(get().body()).asString(UTF_8).isEqualTo(page);
        target.answer(ScriptedAnswer.page(page).drip(20_000, Duration.ofMillis(1)));
        assertThat(get().body()).asString(UTF_8).isEqualTo(page);
    }

    @Test
    void answersMayDependOnTheRequest() throws Exception {
        target.answer(request -> ScriptedAnswer.page(request.target()));
        assertThat(get().body()).asString(UTF_8).isEqualTo("/metrics");
    }

    @Test
    void faultsReachTheClientAsTheBytesSay() throws Exception {
        assertThat(exchange(ScriptedAnswer.drop())).isEmpty();
        assertThat(exchange(ScriptedAnswer.page("0123456789").closeAfter(4)))
                .contains("Content-Length: 10\r\n")
                .endsWith("\r\n\r\n0123");
        assertThat(exchange(ScriptedAnswer.page("0123").contentLength(10)))
                .contains("Content-Length: 10\r\n")
                .endsWith("\r\n\r\n0123");
        assertThat(exchange(ScriptedAnswer.page("0123456789").chunked().closeAfter(4)))
                .endsWith("\r\n\r\n4\r\n0123\r\n");
        assertThat(exchange(ScriptedAnswer.raw("SSH-2.0-x\r\n"))).isEqualTo("SSH-2.0-x\r\n");
        assertThat(exchange(ScriptedAnswer.status(204).closeConnection())).doesNotContain("Content-Length");
    }

    @Test
    void resetsAreResets() {
        assertThatThrownBy(() -> exchange(ScriptedAnswer.resetAfterReading())).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> exchange(ScriptedAnswer.resetBeforeReading())).isInstanceOf(SocketException.class);
    }

    @Test
    void stallsStopAtTheScriptedByte() throws Exception {
        Duration day = Duration.ofDays(1);
        assertThat(readUntilSilence(ScriptedAnswer.page("x").delay(day))).isEmpty();
        assertThat(readUntilSilence(ScriptedAnswer.hang())).isEmpty();
        assertThat(readUntilSilence(ScriptedAnswer.page("x").stallHeaders(day))).isEqualTo("HTTP/1.1 200 Scripted\r\n");
        assertThat(readUntilSilence(ScriptedAnswer.page("0123456789").stallBody(3, day)))
                .endsWith("\r\n\r\n012");
    }

    @Test
    void closingEndsStallsAndLeavesNoThread() throws Exception {
        target.answer(ScriptedAnswer.hang());
        try (Socket socket = open()) {
            target.awaitRequests(1, Duration.ofSeconds(10));
            target.close();
            assertThat(socket.getInputStream().read()).isNegative();
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("scripted-target"));
    }

    @Test
    void keepsItsPortWhenStoppedAndStartedAgain() throws Exception {
        int port = target.port();
        get();
        target.stop();
        assertThatThrownBy(this::get).isInstanceOf(ConnectException.class);
        target.restart();
        assertThat(target.port()).isEqualTo(port);
        assertThat(get().statusCode()).isEqualTo(200);
    }

    @Test
    void tellsWhatItWaitedForInVain() {
        assertThatThrownBy(() -> target.awaitRequests(1, Duration.ofMillis(5)))
                .isInstanceOf(AssertionError.class)
                .hasMessage("expected 1 requests within PT0.005S, got 0");
    }

    private HttpResponse<byte[]> get() throws IOException, InterruptedException {
        return CLIENT.send(
                HttpRequest.newBuilder(target.uri()).header("X-Test", "yes").build(), BodyHandlers.ofByteArray());
    }

    private Socket open() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), target.port());
        socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(ISO_8859_1));
        return socket;
    }

    /** Everything that comes until the server closes. */
    private String exchange(ScriptedAnswer answer) throws IOException {
        target.answer(answer);
        try (Socket socket = open()) {
            socket.setSoTimeout(10_000);
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    /** Everything that comes until nothing has come for a while. */
    private String readUntilSilence(ScriptedAnswer answer) throws IOException {
        target.answer(answer);
        StringBuilder text = new StringBuilder();
        try (Socket socket = open()) {
            socket.setSoTimeout(300);
            while (true) {
                int b = socket.getInputStream().read();
                assertThat(b).as("the server must not close").isNotNegative();
                text.append((char) b);
            }
        } catch (SocketTimeoutException e) {
            return text.toString();
        }
    }
}

package io.github.promferry.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OAuth2CredentialsTest {
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile String status = "200 OK";
    private volatile String answer = "{\"access_token\":\"t1\",\"token_type\":\"bearer\",\"expires_in\":3600}";
    private ServerSocket server;

    private final HandClock clock = new HandClock();

    @BeforeEach
    void startServer() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::serve);
        thread.setDaemon(true);
        thread.start();
    }

    @AfterEach
    void stopServer() throws IOException {
        server.close();
    }

    private void serve() {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                StringBuilder request = new StringBuilder();
                InputStream in = socket.getInputStream();
                while (!isComplete(request)) {
                    request.append((char) in.read());
                }
                requests.add(request.toString());
                String whole = "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + answer.length()
                        + "\r\n\r\n" + answer;
                socket.getOutputStream().write(whole.getBytes(ISO_8859_1));
            } catch (IOException e) {
                // The test is over.
            }
        }
    }

    private static boolean isComplete(CharSequence request) {
        String text = request.toString();
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        String length = text.replaceAll("(?is).*content-length: ([0-9]+).*", "$1");
        return text.length() - end - 4 == Integer.parseInt(length);
    }

    private OAuth2Credentials.Builder builder() {
        URI url = URI.create("http://127.0.0.1:" + server.getLocalPort() + "/token?hint=hunter2");
        return OAuth2Credentials.builder(url, "client 7", () -> "hunter:2").clock(clock);
    }

    @Test
    void tokenIsAskedForByTheClientCredentialsGrant() throws IOException {
        Credentials credentials =
                builder().scope("read", "write").parameter("audience", "a&b").build();
        assertThat(credentials.authorization()).isEqualTo("Bearer t1");
        String basic = Base64.getEncoder().encodeToString("client+7:hunter%3A2".getBytes(UTF_8));
        assertThat(requests).hasSize(1);
        assertThat(requests.get(0))
                .startsWith("POST /token?hint=hunter2 HTTP/1.1\r\n")
                .contains("Authorization: Basic " + basic)
                .contains("Content-Type: application/x-www-form-urlencoded")
                .endsWith("\r\n\r\ngrant_type=client_credentials&scope=read+write&audience=a%26b");
    }

    @ParameterizedTest
    @CsvSource({
        // expires_in, seconds until the token is renewed and until it expires
        "3600, 3570, 3600",
        "100, 90, 100",
        "'', 270, 300",
    })
    void tokenIsKeptUntilItExpires(String expiresIn, long renewed, long expired) throws IOException {
        answer = "{\"access_token\": \"t1\"" + (expiresIn.isEmpty() ? "" : ", \"expires_in\": \"" + expiresIn + "\"")
                + "}";
        Credentials credentials = builder().build();
        credentials.authorization();
        clock.advance(Duration.ofSeconds(renewed).minusNanos(1));
        assertThat(credentials.authorization()).isEqualTo("Bearer t1");
        assertThat(requests).hasSize(1);
        clock.advance(Duration.ofSeconds(expired - renewed).plusNanos(1));
        answer = "{\"access_token\":\"t2\"}";
        assertThat(credentials.authorization()).isEqualTo("Bearer t2");
        assertThat(requests).hasSize(2);
    }

    @Test
    void refusedTokenIsReplaced() throws IOException {
        Credentials credentials = builder().build();
        credentials.authorization();
        answer = "{\"access_token\":\"t2\"}";
        clock.advance(Duration.ofSeconds(1));
        credentials.refused();
        assertThat(credentials.canChange()).isTrue();
        assertThat(credentials.authorization()).isEqualTo("Bearer t2");
    }

    @Test
    void secretThatCannotBeHadIsAnIoFailure() {
        Credentials credentials = OAuth2Credentials.builder(URI.create("http://127.0.0.1/"), "client", () -> {
                    throw new IOException("cannot read the file s");
                })
                .build();
        assertThatIOException().isThrownBy(credentials::authorization).withMessage("cannot read the file s");
    }

    @ParameterizedTest
    @CsvSource({
        "400 Bad Request, '{\"error\":\"invalid_client\"}', invalid_client",
        "500 Oops, <html>, HTTP 500",
        "302 Found, '', HTTP 302",
        "200 OK, '{}', access_token",
        "200 OK, '{\"access_token\":\"t\",\"token_type\":\"mac\"}', mac",
    })
    void refusalIsAnIoFailureThatShowsNoSecret(String newStatus, String newAnswer, String message) {
        status = newStatus;
        answer = newAnswer;
        Credentials credentials = builder().build();
        assertThatIOException()
                .isThrownBy(credentials::authorization)
                .withMessageContaining(message)
                .withMessageContaining("/token")
                .withMessageNotContaining("hunter");
    }

    @Test
    void tokenServerThatIsAwayIsAnIoFailure() throws IOException {
        Credentials credentials = builder().build();
        server.close();
        assertThatIOException().isThrownBy(credentials::authorization).withMessageContaining("/token");
    }

    @Test
    void toStringHidesSecrets() {
        assertThat(builder().build().toString()).contains("client 7", "/token").doesNotContain("hunter");
    }

    @Test
    void tokenUrlIsChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OAuth2Credentials.builder(URI.create("ftp://h/t"), "c", () -> "s"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OAuth2Credentials.builder(URI.create("http://u:hunter2@h/t"), "c", () -> "s"))
                .withMessageNotContaining("hunter2");
    }
}

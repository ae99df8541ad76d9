package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.SampleBatch;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.OAuth2Credentials;
import io.github.promferry.http.ProxySettings;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever kind of secret there is and however requests fail, nothing that people read shows it. */
class SecretsNeverLeakTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final String SECRET = "hunter2";
    private static final String WITH_LINE_BREAK = SECRET + "\n" + SECRET;

    /** What stands for the secret on the wire. */
    private static final List<String> FORMS = List.of(
            SECRET,
            "user:" + SECRET,
            Base64.getEncoder().encodeToString(("user:" + SECRET).getBytes(UTF_8)),
            Base64.getEncoder().encodeToString(SECRET.getBytes(UTF_8)));

    enum Kind {
        BASIC,
        BEARER,
        PASSWORD_FILE,
        TOKEN_FILE,
        TOKEN_FILE_WITH_LINE_BREAK,
        OWN_CREDENTIALS_WITH_LINE_BREAK,
        OAUTH2,
        OAUTH2_REFUSED,
        OAUTH2_WITHOUT_TOKEN,
        SIGV4,
        SIGV4_WITH_LINE_BREAK,
        OWN_SIGNER_WITH_LINE_BREAK,
        PROXY,
        PROXY_TO_HTTPS,
        PROXY_HEADER,
        HEADER,
        URL_USER,
        URL_QUERY,
        URL_QUERY_OF_HTTPS
    }

    private final ScriptedTarget server = ScriptedTarget.start(ScriptedAnswer.status(204));
    private final ScriptedTarget tokens = ScriptedTarget.start(
            ScriptedAnswer.status(200).body("{\"access_token\": \"" + SECRET + "\", \"token_type\": \"Bearer\"}"));
    private final List<String> told = new CopyOnWriteArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void stop() {
        server.close();
        tokens.close();
    }

    /** Writes down everything that a listener is told. */
    private final class Listener implements WriteListener {
        @Override
        public void retrying(BlockInfo block, WriteFailure failure, Duration delay) {
            told.add("retrying: " + block + failure + CapturedLog.trace(failure.cause()));
        }

        @Override
        public void dropped(BlockInfo block, long samples, String reason, @Nullable WriteFailure failure) {
            told.add("dropped: " + reason + block + failure
                    + (failure == null ? "" : CapturedLog.trace(failure.cause())));
        }

        @Override
        public void protocolChanged(WriteProtocol protocol, String reason) {
            told.add("protocol: " + reason);
        }
    }

    private RemoteWriteConfig.Builder config(Kind kind) throws IOException {
        URI plain = server.uri();
        HttpSettings.Builder http = HttpSettings.builder();
        RemoteWriteConfig.Builder config = RemoteWriteConfig.builder(
                switch (kind) {
                    case URL_USER -> URI.create("http://user:" + SECRET + "@" + server.hostPort() + "/write");
                    case URL_QUERY -> URI.create(plain + "?token=" + SECRET);
                    // The server does not speak TLS.
                    case URL_QUERY_OF_HTTPS -> URI.create("https://" + server.hostPort() + "/write?token=" + SECRET);
                    case PROXY_TO_HTTPS, PROXY_HEADER -> URI.create("https://receiver.invalid/write");
                    default -> plain;
                });
        URI proxy = URI.create("http://user:" + SECRET + "@" + server.hostPort());
        Path file = Files.writeString(
                folder.resolve("secret"), kind == Kind.TOKEN_FILE_WITH_LINE_BREAK ? WITH_LINE_BREAK : SECRET);
        switch (kind) {
            case BASIC -> http.credentials(Credentials.basic("user", SECRET));
            case BEARER -> http.credentials(Credentials.bearer(SECRET));
            case PASSWORD_FILE -> http.credentials(Credentials.basic("user", file));
            case TOKEN_FILE, TOKEN_FILE_WITH_LINE_BREAK -> http.credentials(Credentials.bearer(file));
            case OWN_CREDENTIALS_WITH_LINE_BREAK -> http.credentials(() -> "Bearer " + WITH_LINE_BREAK);
            case OAUTH2, OAUTH2_REFUSED, OAUTH2_WITHOUT_TOKEN ->
                http.credentials(
                        OAuth2Credentials.builder(URI.create(tokens.uri() + "?key=" + SECRET), "user", () -> SECRET)
                                .parameter("assertion", SECRET)
                                .build());
            case SIGV4 -> config.signer(SigV4Signer.of("x", () -> new SigV4Signer.Keys("id", SECRET, SECRET)));
            case SIGV4_WITH_LINE_BREAK ->
                config.signer(SigV4Signer.of("x", () -> new SigV4Signer.Keys("id", SECRET, WITH_LINE_BREAK)));
            case OWN_SIGNER_WITH_LINE_BREAK ->
                config.signer((url, headers, body) -> Map.of("X-Signature", WITH_LINE_BREAK));
            case PROXY, PROXY_TO_HTTPS -> http.proxy(proxy);
            case PROXY_HEADER -> http.proxy(ProxySettings.of(proxy).connectHeader("Proxy-Key", SECRET));
            case HEADER -> http.header("X-Api-Key", SECRET);
            case URL_USER -> http.credentials(config.build().http().credentials());
            default -> {
                // In the URL.
            }
        }
        return config.http(http.build())
                .protocol(WriteProtocol.V1)
                .timeout(Duration.ofSeconds(2))
                .retry(RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(4), 0.1)))
                .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                .listener(new Listener());
    }

    @ParameterizedTest
    @EnumSource
    void nothingShowsIt(Kind kind) throws IOException {
        String elsewhere = "http://user:" + SECRET + "@receiver.invalid/write?token=" + SECRET;
        if (kind == Kind.OAUTH2_REFUSED) {
            tokens.answer(ScriptedAnswer.status(401)
                    .body("{\"error\": \"invalid_client\", \"error_description\": \"" + SECRET + "\"}"));
        } else if (kind == Kind.OAUTH2_WITHOUT_TOKEN) {
            tokens.answer(ScriptedAnswer.status(200).body("{\"access_token\": \"" + SECRET + "\\n\"}"));
        }
        RemoteWriteConfig config = config(kind).build();
        told.add(config + " " + config.http() + " " + config.http().credentials() + " " + config.signer());
        int logged = CapturedLog.lines().size();
        RemoteWriter writer = RemoteWriter.create(config);
        try {
            writer.start();
            server.then(
                    ScriptedAnswer.status(401),
                    ScriptedAnswer.status(403),
                    ScriptedAnswer.status(400).body("bad"),
                    ScriptedAnswer.status(503),
                    ScriptedAnswer.status(407),
                    ScriptedAnswer.resetAfterReading(),
                    ScriptedAnswer.raw("HTTP/1.1 2"),
                    ScriptedAnswer.status(307).header("Location", elsewhere),
                    ScriptedAnswer.status(307).header("Location", "ftp:" + SECRET),
                    ScriptedAnswer.status(307).header("Location", "http://[" + SECRET));
            Batches target = new Batches("a:1", 1);
            writer.append(target.next());
            Awaitility.await()
                    .atMost(LONG)
                    .until(() -> told.stream()
                            .anyMatch(line -> line.startsWith("retrying: ") || line.startsWith("dropped: ")));
            for (boolean decided = true; decided && server.requests().size() < 12; ) {
                writer.append(target.next());
                decided = writer.flush(Duration.ofMillis(500)).complete();
            }
            server.stop();
            writer.append(target.next());
            assertThat(writer.flush(Duration.ofMillis(100)).complete()).isFalse();
            SampleBatch own = new SampleBatch();
            writer.metrics().collect(own);
            for (int row = 0; row < own.size(); row++) {
                told.add("metric: " + own.series(row).labels());
            }
            Thread.getAllStackTraces().keySet().forEach(thread -> told.add("thread: " + thread.getName()));
        } finally {
            writer.close(Duration.ZERO);
        }
        told.add(writer + " " + writer.stats());
        List<String> log = CapturedLog.lines();
        log.subList(logged, log.size()).forEach(line -> told.add("log: " + line));
        assertThat(told)
                .anyMatch(line -> line.startsWith("retrying: "))
                .anyMatch(line -> line.startsWith("dropped: "))
                .anyMatch(line -> line.startsWith("log: "))
                .anyMatch(line -> line.startsWith("metric: "));
        assertThat(told).allSatisfy(line -> assertThat(line).doesNotContain(FORMS));
        boolean isSent = !kind.name().endsWith("LINE_BREAK")
                && kind != Kind.OAUTH2_REFUSED
                && kind != Kind.OAUTH2_WITHOUT_TOKEN
                && kind != Kind.URL_QUERY_OF_HTTPS;
        assertThat(server.requests().isEmpty()).isEqualTo(!isSent);
    }
}

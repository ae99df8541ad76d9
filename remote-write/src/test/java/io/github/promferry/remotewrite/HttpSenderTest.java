package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.ProxySettings;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpSenderTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final Batches target = new Batches("a:1", 10);

    @Test
    void plainReceiversAreAskedThroughTheProxyWhichIsToldWhoAsks() {
        URI receiver = URI.create("http://receiver.invalid/api/v1/write");
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.status(204));
                ScriptedTarget spared = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            ProxySettings proxies = ProxySettings.of(URI.create("http://me:pw@" + proxy.hostPort()))
                    .except("other.invalid");
            RemoteWriteConfig config = RemoteWriteConfig.builder(receiver)
                    .protocol(WriteProtocol.V1)
                    .http(HttpSettings.builder()
                            .credentials(Credentials.bearer("t"))
                            .proxy(proxies)
                            .build())
                    .build();
            String elsewhere = "http://elsewhere.invalid/write";
            proxy.then(
                    ScriptedAnswer.status(307).header("Location", elsewhere),
                    ScriptedAnswer.status(307).header("Location", spared.uri().toString()));
            assertThat(deliver(config, 1)).isTrue();
            RecordedRequest first = proxy.requests().get(0);
            assertThat(first.target()).isEqualTo(receiver.toString());
            assertThat(first.header("Proxy-Authorization")).isEqualTo("Basic bWU6cHc=");
            assertThat(first.header("Authorization")).isEqualTo("Bearer t");
            // The proxy is the same one; who is behind it is not.
            RecordedRequest second = proxy.requests().get(1);
            assertThat(second.target()).isEqualTo(elsewhere);
            assertThat(second.header("Proxy-Authorization")).isEqualTo("Basic bWU6cHc=");
            assertThat(second.header("Authorization")).isNull();
            assertThat(spared.requests().get(0).header("Proxy-Authorization")).isNull();
        }
    }

    /** {@code java.net.http} leaves out a port that goes without saying; a signature is of the host that is sent. */
    @ParameterizedTest
    @CsvSource({
        "http://receiver.invalid:80/write, receiver.invalid",
        "http://receiver.invalid/write, receiver.invalid",
        "http://receiver.invalid:8080/write, receiver.invalid:8080",
        "http://[::1]:80/write, [::1]",
    })
    void theHostThatIsSignedIsTheOneThatIsSent(URI receiver, String host) {
        RequestSigner signer = (url, headers, body) -> Map.of("X-Signed", url.getRawAuthority());
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            assertThat(deliver(
                            RemoteWriteConfig.builder(receiver)
                                    .http(HttpSettings.builder()
                                            .proxy(URI.create("http://" + proxy.hostPort()))
                                            .build())
                                    .signer(signer)
                                    .build(),
                            1))
                    .isTrue();
            RecordedRequest request = proxy.requests().get(0);
            assertThat(request.header("X-Signed")).isEqualTo(host);
            assertThat(request.header("Host")).isEqualTo(host);
        }
    }

    @Test
    void aClientOfTheServicesOwnIsUsedForPlainHttpToo() {
        URI receiver = URI.create("http://receiver.invalid/api/v1/write");
        try (ScriptedTarget proxy = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            // Only its client knows the way.
            HttpClient own = HttpClient.newBuilder()
                    .proxy(ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port())))
                    .build();
            assertThat(deliver(
                            RemoteWriteConfig.builder(receiver).httpClient(own).build(), 1))
                    .isTrue();
            assertThat(proxy.requests().get(0).target()).isEqualTo(receiver.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://receiver.invalid/write", "https://receiver.invalid/write"})
    void aProxyThatLetsNothingThroughCostsNothing(URI receiver) {
        Events events = new Events();
        try (ScriptedTarget proxy =
                        ScriptedTarget.start(ScriptedAnswer.status(407).header("Proxy-Authenticate", "Basic"));
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver)
                        .http(HttpSettings.builder()
                                .proxy(URI.create("http://me:hunter2@" + proxy.hostPort()))
                                .build())
                        .batch(BatchPolicy.of(2000, 1_000_000, Duration.ZERO))
                        .listener(events)
                        .build())) {
            writer.start();
            writer.append(target.next());
            events.await("retrying", 1);
            assertThat(events.of("retrying").get(0))
                    .contains("proxy http://" + proxy.hostPort() + " wants another user or password (HTTP 407)")
                    .doesNotContain("hunter2");
            assertThat(writer.stats().waiting()).isEqualTo(10);
            writer.close(Duration.ZERO);
        }
    }

    @Test
    void credentialsAreToldHowLongTheAttemptMayTake() {
        List<Duration> limits = new CopyOnWriteArrayList<>();
        Credentials limited = new Credentials() {
            @Override
            public String authorization() {
                throw new AssertionError("asked without a limit");
            }

            @Override
            public String authorization(Duration atMost) {
                limits.add(atMost);
                return "Bearer t";
            }
        };
        try (ScriptedTarget receiver = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            assertThat(deliver(
                            RemoteWriteConfig.builder(receiver.uri())
                                    .credentials(limited)
                                    .timeout(LONG)
                                    .build(),
                            1))
                    .isTrue();
            assertThat(limits)
                    .isNotEmpty()
                    .allSatisfy(limit -> assertThat(limit).isBetween(Duration.ofNanos(1), LONG));
            assertThat(receiver.requests().get(0).header("Authorization")).isEqualTo("Bearer t");
        }
    }

    @Test
    void oneConnectionServesOneRequestAfterTheOther() {
        try (ScriptedTarget receiver = ScriptedTarget.start(ScriptedAnswer.status(204))) {
            assertThat(deliver(RemoteWriteConfig.builder(receiver.uri()).build(), 5))
                    .isTrue();
            assertThat(receiver.requests()).hasSizeGreaterThanOrEqualTo(5);
            assertThat(receiver.connectionCount()).isEqualTo(1);
        }
    }

    private boolean deliver(RemoteWriteConfig config, int requests) {
        try (RemoteWriter writer = RemoteWriter.create(config)) {
            writer.start();
            boolean all = true;
            for (int i = 0; i < requests; i++) {
                writer.append(target.next());
                all &= writer.flush(LONG).complete();
            }
            return all;
        }
    }
}

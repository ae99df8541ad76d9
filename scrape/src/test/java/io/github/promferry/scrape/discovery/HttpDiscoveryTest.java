package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.github.promferry.Labels;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.testkit.RecordedRequest;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDiscoveryTest {
    private final RecordingPublisher publisher = new RecordingPublisher();
    private final ScriptedTarget server = ScriptedTarget.start(list("a:1"));
    private HttpDiscovery discovery;

    @AfterEach
    void close() {
        if (discovery != null) {
            discovery.close();
        }
        server.close();
    }

    private static ScriptedAnswer list(String... addresses) {
        return json("[{\"targets\": [\"" + String.join("\", \"", addresses) + "\"]}]");
    }

    private static ScriptedAnswer json(String text) {
        return ScriptedAnswer.page(text.getBytes(UTF_8), "application/json");
    }

    private HttpDiscovery.Builder builder() {
        return HttpDiscovery.builder(server.uri())
                .refreshInterval(Duration.ofMillis(20))
                .timeout(Duration.ofMillis(1_500));
    }

    private void start(HttpDiscovery.Builder builder) {
        discovery = builder.build();
        discovery.start(publisher);
    }

    @Test
    void listIsAskedForAsPrometheusAsks() {
        start(builder()
                .refreshInterval(Duration.ofMillis(61_500))
                .http(HttpSettings.builder()
                        .userAgent("test/1")
                        .credentials(Credentials.basic("alice", "secret"))
                        .header("X-Scope-OrgID", "tenant")
                        .build()));
        publisher.awaitAddresses("a:1");

        RecordedRequest request = server.requests().get(0);
        assertThat(request.method()).isEqualTo("GET");
        assertThat(request.header("Accept")).isEqualTo("application/json");
        assertThat(request.header("User-Agent")).isEqualTo("test/1");
        assertThat(request.header("X-Prometheus-Refresh-Interval-Seconds")).isEqualTo("61.5");
        assertThat(request.header("Authorization")).isEqualTo("Basic YWxpY2U6c2VjcmV0");
        assertThat(request.header("X-Scope-OrgID")).isEqualTo("tenant");
        assertThat(request.header("Upgrade")).isNull();
        String url = server.uri().toString();
        assertThat(publisher.published())
                .containsExactly(List.of(TargetGroup.of(url + ":0", Labels.of(HttpDiscovery.URL_LABEL, url), "a:1")));
    }

    @Test
    void listIsAskedForAgain() {
        server.then(list("a:1"), list("a:1", "b:1"), json("[]")).answer(list("c:1"));
        start(builder());

        publisher.awaitAddresses("c:1");
        assertThat(publisher.published()).hasSize(4);
        assertThat(publisher.published().get(2)).isEmpty();
    }

    static Stream<Arguments> unusableAnswers() {
        return Stream.of(
                argumentSet("another status", ScriptedAnswer.status(503), "returned HTTP status 503, expected 200"),
                argumentSet("no content", ScriptedAnswer.status(204), "returned HTTP status 204"),
                argumentSet(
                        "another type",
                        ScriptedAnswer.page("[]".getBytes(UTF_8), "text/html"),
                        "returned content type \"text/html\", expected application/json"),
                argumentSet("no type", ScriptedAnswer.page("[]".getBytes(UTF_8), null), "content type \"\""),
                argumentSet(
                        "another charset",
                        ScriptedAnswer.page("[]".getBytes(UTF_8), "application/json; charset=latin1"),
                        "content type"),
                argumentSet("not a list", json("{\"targets\": []}"), "line 1: expected a list of groups"),
                argumentSet("a cut body", list("x:1").closeAfter(10), ""),
                argumentSet("a server that never answers", ScriptedAnswer.hang(), "no complete answer within 1.5 s"),
                argumentSet(
                        "a body that stalls",
                        list("x:1").stallBody(3, Duration.ofMinutes(10)),
                        "no complete answer within 1.5 s"),
                argumentSet(
                        "a redirect that leads nowhere",
                        ScriptedAnswer.status(302).header("Location", "ftp://x/"),
                        "redirected to what is not the URL of a server"));
    }

    @ParameterizedTest
    @MethodSource("unusableAnswers")
    void unusableAnswerKeepsTheListAndIsTold(ScriptedAnswer answer, String reason) {
        server.then(list("a:1"), answer).answer(list("b:1"));
        start(builder());

        publisher.awaitAddresses("b:1");

        assertThat(publisher.published()).hasSize(2);
        assertThat(publisher.failures()).hasSize(1).first().asString().contains(reason);
        assertThat(publisher.failures())
                .first()
                .asString()
                .contains(server.uri().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "Application/JSON; charset=utf-8",
                "application/json;charset=UTF-8",
                "application/json; charset=\"utf-8\""
            })
    void typeMaySayUtf8(String type) {
        server.answer(ScriptedAnswer.page("[]".getBytes(UTF_8), type));
        start(builder());
        publisher.awaitAddresses();
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void redirectOnTheSameServerKeepsCredentials() {
        server.then(ScriptedAnswer.status(307).header("Location", "/moved?x=1"));
        start(builder()
                .http(HttpSettings.builder()
                        .credentials(Credentials.bearer("token"))
                        .build()));
        publisher.awaitAddresses("a:1");

        assertThat(server.requests().get(1).target()).isEqualTo("/moved?x=1");
        assertThat(server.requests().get(1).header("Authorization")).isEqualTo("Bearer token");
    }

    @Test
    void redirectToAnotherServerAndBackLeavesCredentialsBehind() {
        try (ScriptedTarget other = ScriptedTarget.start(
                ScriptedAnswer.status(302).header("Location", server.uri().toString()))) {
            server.then(
                    ScriptedAnswer.status(301).header("Location", other.uri().toString()));
            start(builder()
                    .timeout(Duration.ofSeconds(20))
                    .http(HttpSettings.builder()
                            .credentials(Credentials.bearer("token"))
                            .header("X-Secret", "s")
                            .build()));
            publisher.awaitAddresses("a:1");

            for (RecordedRequest request :
                    List.of(other.requests().get(0), server.requests().get(1))) {
                assertThat(request.header("Authorization")).isNull();
                assertThat(request.header("X-Secret")).isNull();
            }
        }
    }

    @Test
    void redirectsHaveAnEnd() {
        server.answer(ScriptedAnswer.status(302).header("Location", "/again"));
        start(builder().refreshInterval(Duration.ofHours(1)).timeout(Duration.ofSeconds(20)));
        publisher.awaitFailure(reason -> reason.contains("redirected more than 10 times"));
        assertThat(server.requests()).hasSize(11);
    }

    @Test
    void redirectIsAFailureWhenSwitchedOff() {
        server.answer(ScriptedAnswer.status(302).header("Location", "/again"));
        start(builder().http(HttpSettings.builder().followRedirects(false).build()));
        publisher.awaitFailure(reason -> reason.contains("HTTP status 302"));
    }

    @Test
    void endlessBodyIsCut() {
        server.answer(ScriptedAnswer.script(connection -> {
            connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[".getBytes(UTF_8));
            byte[] spaces = " ".repeat(1 << 20).getBytes(UTF_8);
            while (true) {
                connection.write(spaces);
            }
        }));
        start(builder().timeout(Duration.ofMinutes(1)));
        publisher.awaitFailure(reason -> reason.contains("the body has more than 16777216 bytes"));
    }

    @Test
    void queryIsNotTold() {
        server.then(ScriptedAnswer.status(401)).answer(json("[7]"));
        start(HttpDiscovery.builder(URI.create(server.uri() + "?token=secret")).refreshInterval(Duration.ofMillis(20)));
        publisher.awaitFailure(reason -> reason.contains("/metrics?...: server returned HTTP status 401"));
        publisher.awaitFailure(reason -> reason.contains("/metrics?...") && reason.contains("expected"));
        assertThat(publisher.failures()).noneMatch(reason -> reason.contains("secret"));
        assertThat(discovery.toString()).doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://host/",
                "targets.json",
                "http:///x",
                "http://user:pw@host/",
                "http://a_b:80/x?pw",
                "ftp://user:pw@host/?pw"
            })
    void urlOfNoServerIsRefused(String url) {
        assertThatThrownBy(() -> HttpDiscovery.builder(URI.create(url)))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .doesNotContain("pw");
    }
}

package io.github.promferry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpSettingsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host",
                "content-encoding",
                "Content-Length",
                "CONTENT-TYPE",
                "User-Agent",
                "Connection",
                "Keep-Alive",
                "Proxy-Authenticate",
                "Proxy-Authorization",
                "WWW-Authenticate",
                "Accept-Encoding",
                "X-Prometheus-Remote-Write-Version",
                "X-Prometheus-Remote-Read-Version",
                "X-Amz-Date",
                "X-Amz-Security-Token",
                "X-Amz-Content-Sha256",
                "Authorization",
                "Expect",
                "Upgrade",
                "Retry-Attempt"
            })
    void reservedHeaderIsRefusedInAnyCase(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().header(name, "x"))
                .withMessageContaining(name);
    }

    @Test
    void headerThatCannotBeSentIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().header("X Tenant", "x"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().header("", "x"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().header("X-Tenant", "secret\r\nHost: evil"))
                .withMessageContaining("X-Tenant")
                .withMessageNotContaining("secret");
    }

    @Test
    void negativeConnectionAgeIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().maxConnectionAge(Duration.ofSeconds(-1)))
                .withMessage("max connection age PT-1S is negative: zero means any age");
    }

    @Test
    void requestCarriesHeadersAndCredentials() throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1/"));
        HttpSettings.builder()
                .header("x-scope-orgid", "first")
                .header("X-Scope-OrgID", "llm")
                .credentials(Credentials.bearer("t"))
                .build()
                .applyTo(request);
        assertThat(request.build().headers().allValues("X-Scope-OrgID")).containsExactly("llm");
        assertThat(request.build().headers().allValues("Authorization")).containsExactly("Bearer t");
    }

    @Test
    void requestWithoutCredentialsHasNoAuthorization() throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1/"));
        HttpSettings.DEFAULTS.applyTo(request);
        assertThat(request.build().headers().map()).isEmpty();
    }

    @Test
    void unreadableCredentialsReachTheCaller() {
        HttpSettings settings = HttpSettings.builder()
                .credentials(Credentials.bearer(Path.of("no-such-file")))
                .build();
        assertThatIOException()
                .isThrownBy(() -> settings.applyTo(HttpRequest.newBuilder(URI.create("http://127.0.0.1/"))))
                .withMessageContaining("no-such-file");
    }

    @Test
    void credentialsThatCannotStandInAHeaderAreNotShown() {
        Credentials withLineBreak = () -> "Bearer hunter2\n";
        HttpSettings settings =
                HttpSettings.builder().credentials(withLineBreak).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings.applyTo(HttpRequest.newBuilder(URI.create("http://127.0.0.1/"))))
                .withMessageContaining("header Authorization has a line break")
                .withMessageNotContaining("hunter2");
    }

    @Test
    void clientSpeaksHttp11AndLeavesRedirectsToTheCaller() {
        HttpClient client = HttpSettings.builder()
                .connectTimeout(Duration.ofMillis(1234))
                .build()
                .newClient();
        assertThat(client.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        assertThat(client.followRedirects()).isEqualTo(HttpClient.Redirect.NEVER);
        assertThat(client.connectTimeout()).contains(Duration.ofMillis(1234));
    }

    @Test
    void toBuilderKeepsEverySetting() {
        HttpSettings settings = HttpSettings.builder()
                .header("X-Tenant", "a")
                .credentials(Credentials.bearer("t"))
                .connectTimeout(Duration.ofSeconds(3))
                .followRedirects(false)
                .build();
        HttpSettings copy = settings.toBuilder().build();
        assertThat(copy).usingRecursiveComparison().isEqualTo(settings);
    }

    @Test
    void toStringNamesHeadersWithoutTheirValues() {
        HttpSettings settings = HttpSettings.builder()
                .header("X-Api-Key", "hunter2")
                .credentials(Credentials.bearer("hunter2"))
                .build();
        assertThat(settings.toString()).contains("X-Api-Key").doesNotContain("hunter2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S"})
    void connectTimeoutIsPositive(Duration timeout) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().connectTimeout(timeout));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a/1\r\nHost: evil", "ä/1"})
    void aUserAgentIsAHeaderValue(String userAgent) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSettings.builder().userAgent(userAgent))
                .withMessageStartingWith("user agent \"");
        assertThat(HttpSettings.builder().userAgent("a/1").build().toBuilder()
                        .build()
                        .userAgent())
                .isEqualTo("a/1");
    }

    @ParameterizedTest
    @CsvSource({
        "http://a/x, http://a/y, true",
        "http://a, http://A:80, true",
        "https://a, https://a:443/, true",
        "http://a, https://a, false",
        "http://a:1, http://a:2, false",
        "http://a, http://b, false",
        "http://a, http://a.b, false",
        "http://a_b:1/x, http://A_B:1/y, true",
        "http://a_b, http://a_c, false",
        "http://a_b:1, http://a_b:2, false",
        "http://a_b, http://a, false",
    })
    void serverIsSchemeHostAndPort(URI configured, URI other, boolean same) {
        assertThat(HttpSettings.isSameServer(configured, other)).isEqualTo(same);
    }
}

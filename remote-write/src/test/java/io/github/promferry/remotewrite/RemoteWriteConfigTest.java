package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteWriteConfigTest {
    private static final URI URL = URI.create("http://127.0.0.1:9090/api/v1/write");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:9090/api/v1/write",
                "/api/v1/write",
                "ftp://host/",
                "http:///path",
                "http:opaque",
                "http://a_b/"
            })
    void urlThatCannotBeWrittenToIsRefused(String url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RemoteWriteConfig.builder(URI.create(url)))
                .withMessageContaining(url)
                .withMessageContaining("http://");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://me:hunter2@a_b/write", "ftp://hunter2@host/write?hunter2"})
    void refusedUrlIsToldWithoutItsSecrets(String url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RemoteWriteConfig.builder(URI.create(url)))
                .withMessageContaining("/write")
                .withMessageNotContaining("hunter2");
    }

    @Test
    void userAndPasswordInTheUrlBecomeCredentials() throws IOException {
        RemoteWriteConfig config = RemoteWriteConfig.builder(
                        URI.create("https://me:p%40ss+1@host/me:p%40ss+1@/write?tenant=a"))
                .build();
        assertThat(config.url()).isEqualTo(URI.create("https://host/me:p%40ss+1@/write?tenant=a"));
        assertThat(config.http().credentials().authorization())
                .isEqualTo(Credentials.basic("me", "p@ss+1").authorization());
        assertThat(config.toString()).doesNotContain("p@ss").doesNotContain("//me");
    }

    @Test
    void secretsStayOutOfToString() {
        RemoteWriteConfig config = RemoteWriteConfig.builder(URI.create("https://host/write?token=hunter2"))
                .http(HttpSettings.builder().header("X-Api-Key", "hunter2").build())
                .credentials(Credentials.bearer("hunter2"))
                .build();
        assertThat(config.toString()).contains("https://host/write?").doesNotContain("hunter2");
        assertThat(config.http().headers()).containsKey("X-Api-Key");
        assertThat(RemoteWriter.create(config).toString()).doesNotContain("hunter2");
    }

    @Test
    void clientThatFollowsRedirectsByItselfIsRefused() {
        HttpClient client = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RemoteWriteConfig.builder(URL).httpClient(client))
                .withMessageContaining("NEVER");
    }

    @Test
    void valuesOutOfBoundsAreRefused() {
        RemoteWriteConfig.Builder builder = RemoteWriteConfig.builder(URL);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.timeout(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.metadataInterval(Duration.ofSeconds(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.name(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> BatchPolicy.of(0, 1, Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> BatchPolicy.of(1, 0, Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> BatchPolicy.of(1, 1, Duration.ofNanos(-1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QueueConfig.builder().maxBytes(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QueueConfig.builder().shards(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> QueueConfig.builder().maxAge(Duration.ofNanos(-1)).build());
    }
}

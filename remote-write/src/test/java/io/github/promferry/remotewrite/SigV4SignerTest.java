package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ManualClock;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SigV4SignerTest {
    /** The example keys of Amazon's documentation and test suite. */
    private static final SigV4Signer.Keys EXAMPLE =
            new SigV4Signer.Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null);

    private final ManualClock clock = new ManualClock(Instant.parse("2015-08-30T12:36:00Z"));

    /** From the published test suite, aws-sig-v4-test-suite: name, method, URL, signature. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "get-vanilla, GET, https://example.amazonaws.com/,"
                + " 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "post-vanilla, POST, https://example.amazonaws.com/,"
                + " 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        "post-vanilla-query, POST, https://example.amazonaws.com/?Param1=value1,"
                + " 28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        "get-vanilla-query-order-key-case, GET, https://example.amazonaws.com/?Param2=value2&Param1=value1,"
                + " b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    })
    void publishedVectorsAreMet(String name, String method, URI url, String signature) throws IOException {
        SigV4Signer signer = SigV4Signer.of("us-east-1", "service", () -> EXAMPLE, clock);
        Map<String, String> added =
                signer.sign(method, url, new TreeMap<>(Map.of("host", "example.amazonaws.com")), new byte[0]);
        assertThat(added)
                .containsEntry("x-amz-date", "20150830T123600Z")
                .containsEntry(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
                                + " SignedHeaders=host;x-amz-date, Signature=" + signature);
    }

    /** From Amazon's documentation of the signing process. */
    @Test
    void documentedExampleWithAContentTypeIsMet() throws IOException {
        SigV4Signer signer = SigV4Signer.of("us-east-1", "iam", () -> EXAMPLE, clock);
        Map<String, String> headers = new TreeMap<>(Map.of(
                "host", "iam.amazonaws.com", "content-type", "application/x-www-form-urlencoded; charset=utf-8"));
        URI url = URI.create("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08");
        assertThat(signer.sign("GET", url, headers, new byte[0]).get("Authorization"))
                .endsWith("SignedHeaders=content-type;host;x-amz-date,"
                        + " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    @Test
    void documentedSigningKeyIsMet() throws GeneralSecurityException {
        SigV4Signer signer = SigV4Signer.of("us-east-1", "iam", () -> EXAMPLE, clock);
        assertThat(HexFormat.of().formatHex(signer.signingKey(EXAMPLE.secretKey(), "20120215")))
                .isEqualTo("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    }

    @Test
    void sessionTokenAndBodyAreSigned() throws IOException {
        SigV4Signer.Keys temporary = new SigV4Signer.Keys("A", "S", "token");
        SigV4Signer signer = SigV4Signer.of("r", "aps", () -> temporary, clock);
        URI url = URI.create("https://host:8443/workspaces/ws-1/api/v1/remote_write");
        Map<String, String> one = signer.sign(url, Map.of(), "one".getBytes(UTF_8));
        assertThat(one).containsEntry("x-amz-security-token", "token");
        assertThat(one.get("Authorization")).contains("SignedHeaders=host;x-amz-date;x-amz-security-token");
        assertThat(signer.sign(url, Map.of(), "one".getBytes(UTF_8))).isEqualTo(one);
        assertThat(signer.sign(url, Map.of(), "two".getBytes(UTF_8))).isNotEqualTo(one);
    }

    /** By names, then values, each encoded: a name goes before a longer one that begins with it. */
    @ParameterizedTest
    @CsvSource({
        "a1=2&a=1, a=1&a1=2",
        "a-b=2&a=1, a=1&a-b=2",
        "a=2&a=1, a=1&a=2",
        "a, a=",
        "'', ''",
        "a=1&, a=1",
        "b=%2f&a=+, a=%2B&b=%2F",
    })
    void parametersAreSorted(String query, String canonical) {
        assertThat(SigV4Signer.canonicalQuery(URI.create("https://host/?" + query)))
                .isEqualTo(canonical);
    }

    @Test
    void toStringHidesSecrets() {
        assertThat(EXAMPLE.toString() + SigV4Signer.of("r", () -> EXAMPLE)).doesNotContain("wJalr");
    }

    @Test
    void eachAttemptIsSignedAnew() {
        int[] calls = {0};
        RequestSigner counting = (url, headers, body) -> {
            assertThat(headers).containsEntry("content-encoding", "snappy");
            if (calls[0]++ == 0) {
                throw new IOException("no keys yet");
            }
            return Map.of("Authorization", "Signed " + calls[0]);
        };
        try (StrictReceiver receiver = StrictReceiver.start().requireAuthorization("Signed 3");
                RemoteWriter writer = RemoteWriter.create(RemoteWriteConfig.builder(receiver.uri())
                        .signer(counting)
                        .retry(RetryPolicy.standard(new Backoff(Duration.ofMillis(1), Duration.ofMillis(2), 0))
                                .holdOn(401))
                        .build())) {
            writer.start();
            writer.append(new Batches("a:1", 3).next());
            assertThat(writer.flush(Duration.ofSeconds(20)).complete()).isTrue();
            assertThat(receiver.sampleCount()).isEqualTo(3);
            assertThat(calls[0]).isEqualTo(3);
        }
    }
}

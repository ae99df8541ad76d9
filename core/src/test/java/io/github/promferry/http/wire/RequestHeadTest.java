package io.github.promferry.http.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestHeadTest {
    @ParameterizedTest
    @CsvSource({
        "http://host, GET / HTTP/1.1|Host: host||",
        "http://host:8000/a%20b?c=d+e%26, GET /a%20b?c=d+e%26 HTTP/1.1|Host: host:8000||",
        "http://user:secret@host:8000?x, GET /?x HTTP/1.1|Host: host:8000||",
        "http://[::1]:8000/metrics, GET /metrics HTTP/1.1|Host: [::1]:8000||"
    })
    void beginsWithLineAndHost(URI url, String expected) {
        String head = new String(new RequestHead("GET", url).bytes(), ISO_8859_1);
        assertThat(head).isEqualTo(expected.replace("|", "\r\n"));
    }

    @Test
    void hasHeadersInTheirOrder() {
        byte[] head = new RequestHead("POST", URI.create("http://h/"))
                .header("B", "1\t2")
                .header("A", "")
                .bytes();
        assertThat(new String(head, ISO_8859_1)).endsWith("Host: h\r\nB: 1\t2\r\nA: \r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nX: y", "a\nb", "\u0000", "\u007f", "\u00e9"})
    void whatWouldEndTheLineIsRefusedAndNotShown(String secret) {
        RequestHead head = new RequestHead("GET", URI.create("http://h/"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> head.header("Authorization", secret))
                .withMessageContaining("header Authorization has")
                .withMessageNotContaining(secret);
        assertThatIllegalArgumentException().isThrownBy(() -> head.header(secret, "x"));
    }
}

package io.github.promferry.http.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseReaderTest {
    private final Collected body = new Collected();
    private final ResponseReader reader = new ResponseReader(body);

    /** Wants the bodies of 200, up to a size. */
    private static final class Collected implements ResponseReader.Body {
        private static final int LIMIT = 1000;

        private final StringBuilder text = new StringBuilder();

        @Override
        public boolean begin(int status, long length) throws IOException {
            text.setLength(0);
            if (status == 200 && length >= LIMIT) {
                throw new IOException("too large");
            }
            return status == 200;
        }

        @Override
        public boolean append(ByteBuffer bytes) throws IOException {
            if (text.length() + bytes.remaining() >= LIMIT) {
                throw new IOException("too large");
            }
            text.append(ISO_8859_1.decode(bytes));
            return true;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 1000})
    // A text block would hide the line ends, which matter here.
    @SuppressWarnings("StringConcatToTextBlock")
    void readsResponsesInPiecesOfAnySizeOneAfterTheOther(int piece) throws Exception {
        String page = "a 1\r\nb 2\n";
        for (String response : new String[] {
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\n" + page,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ncontent-type:text/plain\r\n\r\n"
                    + "4\r\na 1\r\r\n5;x=\"y\"\r\n\nb 2\n\r\n0\r\nT: t\r\n\r\n",
            "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"
                    + "HTTP/1.1 200 \r\nContent-Length: 9\r\nContent-Type:  text/plain \r\n\r\n" + page,
            "\r\nHTTP/1.1 200|Content-Length: 9|Content-Length: 9|Content-Type: text/plain||".replace('|', '\n') + page
        }) {
            reader.begin();
            assertThat(feed(response, piece)).as(response).isZero();
            assertThat(reader.status()).isEqualTo(200);
            assertThat(reader.keepAlive()).isTrue();
            assertThat(reader.header("content-Type")).isEqualTo("text/plain");
            assertThat(body.text).hasToString(page);
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "HTTP/1.1 200 OK|Content-Length: 0, true",
        "HTTP/1.1 200 OK|Content-Length: 0|Connection: close, false",
        "HTTP/1.1 200 OK|Content-Length: 0|connection: Foo. CLOSE, false",
        "HTTP/1.0 200 OK|Content-Length: 0, false",
        "HTTP/1.0 200 OK|Content-Length: 0|Connection: Keep-Alive, true",
        "HTTP/1.0 200 OK|Transfer-Encoding: chunked|Connection: Keep-Alive||0, false",
        "HTTP/1.1 304 Not Modified|Content-Length: 77, true",
        "HTTP/1.1 204 No Content, true"
    })
    void knowsWhetherTheConnectionMayBeUsedAgain(String head, boolean keepAlive) throws Exception {
        reader.begin();
        assertThat(feed(head.replace("|", "\r\n") + "\r\n\r\n", 100)).isZero();
        assertThat(reader.keepAlive()).isEqualTo(keepAlive);
    }

    @Test
    void whatFollowsTheResponseIsLeft() throws Exception {
        reader.begin();
        assertThat(feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na-rest", 100))
                .isEqualTo(5);
    }

    @Test
    void theBodyOfAnErrorIsPassedOverUpToALimit() throws Exception {
        reader.begin();
        assertThat(feed("HTTP/1.1 503 No\r\nContent-Length: 2000\r\n\r\n" + "x".repeat(2000), 100))
                .isZero();
        assertThat(reader.status()).isEqualTo(503);
        assertThat(reader.keepAlive()).isTrue();
        reader.begin();
        feed("HTTP/1.1 503 No\r\nContent-Length: 2000000\r\n\r\n" + "x".repeat(100_000), 1000);
        assertThat(reader.keepAlive()).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '#',
            value = {
                "HTTP/2 200 OK||#the answer is not HTTP/1.1 but begins with `HTTP/2 200 OK`",
                "ICY 200 OK||#the answer is not HTTP/1.1",
                "HTTP/1.1 2000 OK||#the answer is not HTTP/1.1",
                "HTTP/1.1 -10 OK||#the answer is not HTTP/1.1",
                "HTTP/1.1 099 OK||#the answer has status 99",
                "HTTP/1.1 101 Switching||#too many interim responses",
                "HTTP/1.1 200 OK| folded: x||#a header is malformed",
                "HTTP/1.1 200 OK|no colon||#a header is malformed: `no colon`",
                "HTTP/1.1 200 OK|Content-Length : 5||#a header is malformed",
                "HTTP/1.1 200 OK|Content-Length: +5||#content length `+5` is not a number",
                "HTTP/1.1 200 OK|Content-Length: 5, 5||#content length `5, 5` is not a number",
                "HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 6||#two content lengths, 5 and 6",
                "HTTP/1.1 200 OK|Content-Length: 3|Transfer-Encoding: chunked||#a content length, 3, and chunks",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Content-Length: 3||#a content length, 3, and chunks",
                "HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked||#is not chunked",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Transfer-Encoding: chunked||#is not chunked",
                "HTTP/1.1 200 OK|Content Length: 5||#a header is malformed",
                "HTTP/1.1 200 OK|X\u0000: 5||#a header is malformed: `X.: 5`",
                "HTTP/1.1 200 OK|X: 5\u0000||#header X has a control character: `5.`",
                "HTTP/1.1 200 OK|X: 5\rY: 6||#header X has a control character: `5.Y: 6`",
                "HTTP/1.1 200 OK|: 5||#a header is malformed",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked||5 5|#a chunk's size is `5 5`",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked||0x5|#a chunk's size is `0x5`",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked||ffffffffffffffff|#a chunk's size is",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|ab|#a chunk is longer than it says",
                "HTTP/1.1 200 OK|Content-Length: 1000||#too large",
                "HTTP/1.1 200 OK|Content-Length: 99999999999||#too large",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked||3e8|X|#too large"
            })
    void malformedResponsesAreRefusedWithTheReason(String response, String reason) {
        String text = response.replace("|X|", "|" + "x".repeat(1000) + "|").replace("|", "\r\n");
        for (int piece : new int[] {1, 3, 10_000}) {
            reader.begin();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> feed(text, piece))
                    .withMessageContaining(reason);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "HTTP/1.1 200 OK\r\nContent-Le",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
            })
    void anEndTooEarlyIsNoticed(String response) throws Exception {
        reader.begin();
        feed(response, 100);
        assertThatExceptionOfType(IOException.class).isThrownBy(reader::end).withMessageStartingWith("it was closed");
        assertThat(reader.hasStarted()).isEqualTo(!response.isEmpty());
    }

    @Test
    void whatIsTooLongIsRefused() {
        String head = "HTTP/1.1 200 OK\r\n";
        for (String response : new String[] {
            head + ("X: " + "x".repeat(1000) + "\r\n").repeat(70),
            head + "x".repeat(70_000),
            "x".repeat(70_000),
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(20),
            head + "Transfer-Encoding: chunked\r\n\r\n" + "0".repeat(2000),
            head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + ("X: " + "x".repeat(1000) + "\r\n").repeat(20)
        }) {
            reader.begin();
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> feed(response, 997));
        }
    }

    @Property(tries = 2000)
    void anyBytesAreReadOrRefused(
            @ForAll @Size(max = 300) byte[] noise,
            @ForAll @IntRange(min = 1, max = 50) int piece,
            @ForAll boolean chunks) {
        ResponseReader tested = new ResponseReader(new Collected());
        tested.begin();
        String head = chunks ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : "HTTP/1.1 200 OK\r\n";
        byte[] all = (head + new String(noise, ISO_8859_1).toLowerCase(Locale.ROOT)).getBytes(ISO_8859_1);
        ByteBuffer input = ByteBuffer.wrap(all);
        try {
            boolean done = false;
            for (int at = 0; at < all.length && !done; at += piece) {
                done = tested.feed(input.limit(Math.min(all.length, at + piece)));
            }
            if (!done) {
                tested.end();
            }
        } catch (IOException e) {
            assertThat(e).message().isNotEmpty();
        }
    }

    /** Returns how many bytes are left. */
    private int feed(String response, int piece) throws IOException {
        byte[] all = response.getBytes(ISO_8859_1);
        ByteBuffer input = ByteBuffer.wrap(all);
        for (int at = 0; at < all.length; at += piece) {
            input.limit(Math.min(all.length, at + piece));
            if (reader.feed(input)) {
                input.limit(all.length);
                return input.remaining();
            }
        }
        return 0;
    }
}

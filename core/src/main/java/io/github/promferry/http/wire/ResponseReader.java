package io.github.promferry.http.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes an HTTP/1.1 response apart as its bytes come, in pieces of any size (RFC 9112). Strict where two readers could
 * disagree on where a response ends, and bounded everywhere: head, chunk lines, trailers, and what is passed over of a body
 * that nobody wants. Used by one thread at a time, for one response after the other.
 */
public final class ResponseReader {
    /** More of an unwanted body is not worth reading: closing the connection is cheaper. */
    public static final int MAX_SKIPPED_BYTES = 64 * 1024;

    /** The head of a response, all its headers together. Larger than any server sends in earnest. */
    private static final int MAX_HEAD_BYTES = 64 * 1024;

    /** A chunk's size with its extensions. */
    private static final int MAX_CHUNK_LINE_BYTES = 1024;

    private static final int MAX_TRAILER_BYTES = 16 * 1024;

    /** Interim responses (1xx) before the response. */
    private static final int MAX_INTERIM = 10;

    private enum State {
        HEAD,
        BODY_OF_LENGTH,
        BODY_TO_END,
        CHUNK_LINE,
        CHUNK,
        CHUNK_END,
        TRAILERS,
        DONE
    }

    /** Takes the body of a response piece by piece; an exception ends the response. */
    public interface Body {
        /**
         * The head has come, and a body may follow.
         *
         * @param status of the response
         * @param length of the body as announced, or -1 if the end of the connection or of the chunks will tell
         * @return false if the body is not wanted: it is passed over, so that the connection can be used again
         * @throws IOException if the body is not acceptable
         */
        boolean begin(int status, long length) throws IOException;

        /**
         * Takes all that is left in the buffer, or as much as it needs.
         *
         * @param bytes the next piece, not empty
         * @return false if no more is wanted
         * @throws IOException if the body is not acceptable
         */
        boolean append(ByteBuffer bytes) throws IOException;
    }

    private final Body body;
    private boolean wanted;

    private State state = State.HEAD;
    private byte[] line = new byte[512];
    private int lineLength;
    private int interim;
    private int trailerBytes;
    private boolean started;

    private long left;
    private long skipped;

    // Of the head.
    private int headBytes;
    private boolean seenStatus;
    private boolean http10;
    private final ResponseFraming framing = new ResponseFraming();
    private boolean saysClose;
    private boolean saysKeepAlive;
    private int status;
    private boolean keepAlive;
    /** Name and value of one header after the other. */
    private final List<String> headers = new ArrayList<>();

    /**
     * A reader for one response.
     *
     * @param body takes its body
     */
    public ResponseReader(Body body) {
        this.body = body;
    }

    /** Before each further response. */
    public void begin() {
        wanted = false;
        state = State.HEAD;
        resetHead();
        interim = 0;
        trailerBytes = 0;
        started = false;
        skipped = 0;
    }

    /**
     * Takes what has come. Bytes after the end of the response are left in the input.
     *
     * @param input may have a backing array or not
     * @return true if the response is complete
     * @throws IOException if the response is malformed, or the body was refused by whoever takes it
     */
    public boolean feed(ByteBuffer input) throws IOException {
        started |= input.hasRemaining();
        while (state != State.DONE) {
            boolean goOn = switch (state) {
                case HEAD -> takeHead(input);
                case BODY_OF_LENGTH -> takeBody(input, State.DONE);
                case BODY_TO_END -> takeToEnd(input);
                case CHUNK_LINE -> takeChunkLine(input);
                case CHUNK -> takeBody(input, State.CHUNK_END);
                case CHUNK_END -> takeChunkEnd(input);
                case TRAILERS -> takeTrailers(input);
                case DONE -> false;
            };
            if (!goOn) {
                break;
            }
        }
        return state == State.DONE;
    }

    /**
     * The server has closed its side: right for a body without length, wrong anywhere else.
     *
     * @throws IOException if the response is not complete
     */
    public void end() throws IOException {
        switch (state) {
            case DONE -> {}
            case BODY_TO_END -> state = State.DONE;
            case HEAD -> throw broken("it was closed before the headers were complete");
            case BODY_OF_LENGTH -> throw broken("it was closed with " + left + " bytes of the body still to come");
            default -> throw broken("it was closed in the middle of a chunked body");
        }
    }

    /**
     * Whether a byte of the response has come.
     *
     * @return false right after {@link #begin}
     */
    public boolean hasStarted() {
        return started;
    }

    /**
     * The status of a complete response.
     *
     * @return from 200 to 999
     */
    public int status() {
        return status;
    }

    /**
     * Whether the connection may be used again, after a complete response.
     *
     * @return false if the server or the way the response was framed says no
     */
    public boolean keepAlive() {
        return keepAlive;
    }

    /**
     * A header of a complete response.
     *
     * @param name in any case
     * @return the value of the first one of that name, or null
     */
    public @Nullable String header(String name) {
        for (int i = 0; i < headers.size(); i += 2) {
            if (headers.get(i).equalsIgnoreCase(name)) {
                return headers.get(i + 1);
            }
        }
        return null;
    }

    /**
     * The headers of a complete response.
     *
     * @return the values of each name, which is found in any case
     */
    public Map<String, List<String>> headers() {
        Map<String, List<String>> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 0; i < headers.size(); i += 2) {
            all.computeIfAbsent(headers.get(i), name -> new ArrayList<>()).add(headers.get(i + 1));
        }
        return all;
    }

    private boolean takeHead(ByteBuffer input) throws IOException {
        while (takeLine(input, MAX_HEAD_BYTES - headBytes, "the headers are longer than 64 KiB")) {
            String text = text();
            headBytes += lineLength + 1;
            lineLength = 0;
            if (seenStatus && text.isEmpty()) {
                headComplete();
                return true;
            }
            if (seenStatus) {
                headerLine(text);
            } else if (!text.isEmpty() || headBytes > 2) {
                // RFC 9112, 2.2: an empty line before the status line is passed over, one at most here.
                statusLine(text);
            }
        }
        return false;
    }

    private void statusLine(String text) throws IOException {
        // HTTP/1.1 200 OK
        if (text.length() < 12
                || !(text.startsWith("HTTP/1.1 ") || text.startsWith("HTTP/1.0 "))
                || !ResponseFraming.isDigits(text, 9, 12)
                || (text.length() > 12 && text.charAt(12) != ' ')) {
            throw broken("the answer is not HTTP/1.1 but begins with " + ResponseFraming.excerpt(text));
        }
        http10 = text.charAt(7) == '0';
        status = Integer.parseInt(text, 9, 12, 10);
        if (status < 100) {
            throw broken("the answer has status " + status);
        }
        seenStatus = true;
    }

    private void headerLine(String text) throws IOException {
        int colon = text.indexOf(':');
        if (colon < 1 || !RequestHead.isToken(text.substring(0, colon))) {
            throw broken("a header is malformed: " + ResponseFraming.excerpt(text));
        }
        String name = text.substring(0, colon);
        String value = text.substring(colon + 1).strip();
        headers.add(name);
        headers.add(value);
        framing.add(name, value);
        if (name.equalsIgnoreCase("connection")) {
            String lower = value.toLowerCase(Locale.ROOT);
            saysClose |= lower.contains("close");
            saysKeepAlive |= lower.contains("keep-alive");
        }
    }

    private void headComplete() throws IOException {
        if (status < 200) {
            if (status == 101 || ++interim > MAX_INTERIM) {
                throw broken("there are too many interim responses, or a switch of protocol nobody asked for");
            }
            resetHead();
            state = State.HEAD;
            return;
        }
        long length = framing.length();
        boolean chunked = framing.isChunked();
        // RFC 9112, 6.1: chunks are none of HTTP/1.0's.
        keepAlive = http10 ? saysKeepAlive && !saysClose && !chunked : !saysClose;
        if (status == 204 || status == 304) {
            state = State.DONE;
            return;
        }
        wanted = body.begin(status, length);
        if (chunked) {
            state = State.CHUNK_LINE;
        } else if (length >= 0) {
            left = length;
            state = left == 0 ? State.DONE : State.BODY_OF_LENGTH;
        } else {
            keepAlive = false;
            state = State.BODY_TO_END;
        }
    }

    /** Before each head. */
    private void resetHead() {
        headBytes = 0;
        lineLength = 0;
        seenStatus = false;
        framing.clear();
        saysClose = false;
        saysKeepAlive = false;
        headers.clear();
    }

    private boolean takeBody(ByteBuffer input, State next) throws IOException {
        int count = (int) Math.min(left, input.remaining());
        take(input, count);
        left -= count;
        if (left > 0 && state != State.DONE) {
            return false;
        }
        if (state != State.DONE) {
            state = next;
        }
        return true;
    }

    private boolean takeToEnd(ByteBuffer input) throws IOException {
        take(input, input.remaining());
        return state == State.DONE;
    }

    private void take(ByteBuffer input, int count) throws IOException {
        int end = input.limit();
        int next = input.position() + count;
        if (wanted && count > 0) {
            wanted = body.append(input.limit(next));
        }
        skipped += next - input.position();
        input.limit(end).position(next);
        if (skipped > MAX_SKIPPED_BYTES) {
            keepAlive = false;
            state = State.DONE;
        }
    }

    private boolean takeChunkLine(ByteBuffer input) throws IOException {
        if (!takeLine(input, MAX_CHUNK_LINE_BYTES, "a chunk's size line is longer than 1 KiB")) {
            return false;
        }
        left = chunkSize(text());
        lineLength = 0;
        state = left == 0 ? State.TRAILERS : State.CHUNK;
        return true;
    }

    private static long chunkSize(String text) throws IOException {
        int end = 0;
        while (end < text.length() && Character.digit(text.charAt(end), 16) >= 0 && text.charAt(end) < 0x80) {
            end++;
        }
        String rest = text.substring(end).strip();
        if (end == 0 || end > 15 || !(rest.isEmpty() || rest.startsWith(";"))) {
            throw broken("a chunk's size is " + ResponseFraming.excerpt(text));
        }
        return Long.parseLong(text, 0, end, 16);
    }

    private boolean takeChunkEnd(ByteBuffer input) throws IOException {
        if (!takeLine(input, 2, "a chunk is longer than it says")) {
            return false;
        }
        if (lineLength != 0) {
            throw broken("a chunk is longer than it says");
        }
        state = State.CHUNK_LINE;
        return true;
    }

    private boolean takeTrailers(ByteBuffer input) throws IOException {
        while (takeLine(input, MAX_TRAILER_BYTES - trailerBytes, "the trailers are longer than 16 KiB")) {
            if (lineLength == 0) {
                state = State.DONE;
                return true;
            }
            trailerBytes += lineLength;
            lineLength = 0;
        }
        return false;
    }

    /** True if {@link #line} holds a whole line, without its end; LF alone ends a line too. */
    private boolean takeLine(ByteBuffer input, int maxLength, String tooLong) throws IOException {
        while (input.hasRemaining()) {
            byte b = input.get();
            if (b == '\n') {
                if (lineLength > 0 && line[lineLength - 1] == '\r') {
                    lineLength--;
                }
                return true;
            }
            if (lineLength >= maxLength) {
                throw broken(tooLong);
            }
            if (lineLength == line.length) {
                line = Arrays.copyOf(line, lineLength * 2);
            }
            line[lineLength++] = b;
        }
        return false;
    }

    private String text() {
        return new String(line, 0, lineLength, ISO_8859_1);
    }

    private static ProtocolException broken(String how) {
        return new ProtocolException(how);
    }
}

package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * How a server of this package answers one request: a proper response, or a fault such as a stalled body or a reset
 * connection. Immutable; the methods with an effect return a changed copy.
 *
 * <pre>{@code
 * ScriptedAnswer.page("up 1\n").gzip()
 * ScriptedAnswer.status(503).header("Retry-After", "2").body("busy")
 * ScriptedAnswer.page(large).stallBody(1000, Duration.ofSeconds(5))
 * }</pre>
 */
public final class ScriptedAnswer {
    /** What the Python client answers to a scraper that negotiates nothing. */
    public static final String TEXT_0_0_4 = "text/plain; version=0.0.4; charset=utf-8";

    private static final Duration FOREVER = Duration.ofDays(1);
    private static final int ALL = Integer.MAX_VALUE;

    /** Writes bytes to the connection at will. */
    @FunctionalInterface
    public interface Script {
        /**
         * Writes; the connection is closed afterwards. Endless scripts end by the exception that a closed connection
         * causes.
         *
         * @param connection unbuffered
         * @throws IOException when the peer or the server has closed the connection
         */
        void writeTo(OutputStream connection) throws IOException;
    }

    private enum End {
        KEEP_ALIVE,
        CLOSE,
        RESET
    }

    private int status = 200;
    private List<Map.Entry<String, String>> headers = List.of();
    private byte[] body = {};
    private boolean gzip;
    private boolean chunked;
    private long declaredLength = -1;
    private boolean unread;
    private Duration delay = Duration.ZERO;
    private Duration stallHead = Duration.ZERO;
    private int stallBodyAt = ALL;
    private Duration stallBody = Duration.ZERO;
    private int dripBytes = ALL;
    private Duration dripPause = Duration.ZERO;
    private int cutAt = ALL;
    private End end = End.KEEP_ALIVE;
    private boolean success;
    private @Nullable Script script;

    private ScriptedAnswer() {}

    private ScriptedAnswer(ScriptedAnswer from) {
        status = from.status;
        headers = from.headers;
        body = from.body;
        gzip = from.gzip;
        chunked = from.chunked;
        declaredLength = from.declaredLength;
        unread = from.unread;
        delay = from.delay;
        stallHead = from.stallHead;
        stallBodyAt = from.stallBodyAt;
        stallBody = from.stallBody;
        dripBytes = from.dripBytes;
        dripPause = from.dripPause;
        cutAt = from.cutAt;
        end = from.end;
        success = from.success;
        script = from.script;
    }

    /**
     * A page in text format 0.0.4.
     *
     * @param page the body
     * @return status 200
     */
    public static ScriptedAnswer page(String page) {
        return page(page.getBytes(UTF_8), TEXT_0_0_4);
    }

    /**
     * A page.
     *
     * @param page the body
     * @param contentType the header's value, or null to send none
     * @return status 200
     */
    public static ScriptedAnswer page(byte[] page, @Nullable String contentType) {
        ScriptedAnswer answer = status(200);
        answer.body = page.clone();
        return contentType == null ? answer : answer.header("Content-Type", contentType);
    }

    /**
     * An empty answer.
     *
     * @param status three digits; with a status below 200 no final answer follows, the connection is closed
     * @return the answer
     */
    public static ScriptedAnswer status(int status) {
        ScriptedAnswer answer = new ScriptedAnswer();
        answer.status = status;
        return answer;
    }

    /**
     * What the server answers if all is well; for use with {@link #delay} and the faults.
     *
     * @return status 204; {@link StrictReceiver} adds the headers of its proper answer
     */
    public static ScriptedAnswer success() {
        ScriptedAnswer answer = status(204);
        answer.success = true;
        return answer;
    }

    /**
     * Reads the request and never answers.
     *
     * @return an answer that ends only when a side closes the connection
     */
    public static ScriptedAnswer hang() {
        return success().delay(FOREVER).closeConnection();
    }

    /**
     * Reads the request, then closes the connection in an orderly way without a byte of answer.
     *
     * @return the fault
     */
    public static ScriptedAnswer drop() {
        return raw(new byte[0]);
    }

    /**
     * Reads the request, then resets the connection (TCP RST): the peer cannot know whether it was processed.
     *
     * @return the fault
     */
    public static ScriptedAnswer resetAfterReading() {
        ScriptedAnswer answer = drop();
        answer.end = End.RESET;
        return answer;
    }

    /**
     * Resets the connection (TCP RST) once the request's head has come, with the body unread.
     *
     * @return the fault
     */
    public static ScriptedAnswer resetBeforeReading() {
        return resetAfterReading().unread();
    }

    /**
     * Sends exactly these bytes and closes the connection.
     *
     * @param bytes status line and all
     * @return the answer
     */
    public static ScriptedAnswer raw(byte[] bytes) {
        byte[] copy = bytes.clone();
        return script(connection -> connection.write(copy));
    }

    /**
     * Sends exactly these bytes and closes the connection.
     *
     * @param latin1 status line and all, lines ended by CR LF
     * @return the answer
     */
    public static ScriptedAnswer raw(String latin1) {
        return raw(latin1.getBytes(ISO_8859_1));
    }

    /**
     * Lets code write to the connection, then closes it.
     *
     * @param script writes the answer
     * @return the answer
     */
    public static ScriptedAnswer script(Script script) {
        ScriptedAnswer answer = status(200);
        answer.script = script;
        answer.end = End.CLOSE;
        return answer;
    }

    /**
     * Adds a header.
     *
     * @param name of the header
     * @param value as it goes over the wire
     * @return a changed copy
     */
    public ScriptedAnswer header(String name, String value) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.headers = new ArrayList<>(headers);
        copy.headers.add(Map.entry(name, value));
        return copy;
    }

    /**
     * Sets the body.
     *
     * @param text sent as UTF-8
     * @return a changed copy
     */
    public ScriptedAnswer body(String text) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.body = text.getBytes(UTF_8);
        return copy;
    }

    /**
     * Compresses the body and says so, whatever the request accepts.
     *
     * @return a changed copy
     */
    public ScriptedAnswer gzip() {
        ScriptedAnswer copy = header("Content-Encoding", "gzip");
        copy.gzip = true;
        return copy;
    }

    /**
     * Sends the body in chunks instead of with its length.
     *
     * @return a changed copy
     */
    public ScriptedAnswer chunked() {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.chunked = true;
        return copy;
    }

    /**
     * Declares a wrong length. After a body that is shorter than declared the connection is closed.
     *
     * @param declared value of Content-Length
     * @return a changed copy
     */
    public ScriptedAnswer contentLength(long declared) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.declaredLength = declared;
        copy.end = End.CLOSE;
        return copy;
    }

    /**
     * Answers without reading the request's body; the connection is closed, which the answer says.
     *
     * @return a changed copy
     */
    public ScriptedAnswer unread() {
        ScriptedAnswer copy = closeConnection();
        copy.unread = true;
        return copy;
    }

    /**
     * Waits before the first byte.
     *
     * @param wait real time
     * @return a changed copy
     */
    public ScriptedAnswer delay(Duration wait) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.delay = wait;
        return copy;
    }

    /**
     * Waits after the status line, before the headers.
     *
     * @param wait real time
     * @return a changed copy
     */
    public ScriptedAnswer stallHeaders(Duration wait) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.stallHead = wait;
        return copy;
    }

    /**
     * Waits within the body.
     *
     * @param afterBytes of the body as it goes over the wire
     * @param wait real time
     * @return a changed copy
     */
    public ScriptedAnswer stallBody(int afterBytes, Duration wait) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.stallBodyAt = afterBytes;
        copy.stallBody = wait;
        return copy;
    }

    /**
     * Sends the body in small steps.
     *
     * @param bytes of each step
     * @param pause before each step
     * @return a changed copy
     */
    public ScriptedAnswer drip(int bytes, Duration pause) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.dripBytes = bytes;
        copy.dripPause = pause;
        return copy;
    }

    /**
     * Closes the connection within the body, which was announced in full.
     *
     * @param bytes of the body that are sent
     * @return a changed copy
     */
    public ScriptedAnswer closeAfter(int bytes) {
        ScriptedAnswer copy = new ScriptedAnswer(this);
        copy.cutAt = bytes;
        copy.end = End.CLOSE;
        return copy;
    }

    /**
     * Resets the connection within the body, which was announced in full.
     *
     * @param bytes of the body that are sent; the peer may see fewer
     * @return a changed copy
     */
    public ScriptedAnswer resetAfter(int bytes) {
        ScriptedAnswer copy = closeAfter(bytes);
        copy.end = End.RESET;
        return copy;
    }

    /**
     * Closes the connection after the answer, and says so.
     *
     * @return a changed copy
     */
    public ScriptedAnswer closeConnection() {
        ScriptedAnswer copy = header("Connection", "close");
        copy.end = copy.end == End.RESET ? End.RESET : End.CLOSE;
        return copy;
    }

    /** The status that the peer gets to see, 0 if none. */
    int visibleStatus() {
        return script == null ? status : 0;
    }

    boolean isSuccess() {
        return success;
    }

    /** Whether a receiver of 1.0 that answers so, or breaks the connection instead, has stored the samples. */
    boolean keepsSamples() {
        return script != null || (status >= 200 && status < 300);
    }

    /** Whether a receiver of 2.0 that answers so has stored the samples: a success says how many. */
    boolean keepsSamplesOf2() {
        return script != null
                || success
                || (keepsSamples()
                        && headers.stream()
                                .anyMatch(header -> header.getKey().startsWith("X-Prometheus-Remote-Write-")));
    }

    /** Whether the peer gets a success for certain, once the answer is sent. */
    boolean surelyArrives() {
        return script == null
                && status >= 200
                && status < 300
                && delay.isZero()
                && stallHead.isZero()
                && isPlainBody()
                && end != End.RESET;
    }

    boolean leavesBodyUnread() {
        return unread;
    }

    /** Sends the answer; returns whether the connection may serve another request. */
    boolean send(LoopbackServer.Exchange exchange) throws IOException, InterruptedException {
        return send(exchange, () -> {});
    }

    /** Sends the answer, and tells when its first byte is about to leave. */
    boolean send(LoopbackServer.Exchange exchange, Runnable beforeFirstByte) throws IOException, InterruptedException {
        exchange.pause(delay);
        beforeFirstByte.run();
        OutputStream out = exchange.out();
        Script writer = script;
        if (writer == null) {
            sendResponse(exchange, out);
        } else {
            writer.writeTo(out);
        }
        if (end == End.RESET) {
            exchange.reset();
        }
        return end == End.KEEP_ALIVE && status >= 200;
    }

    private void sendResponse(LoopbackServer.Exchange exchange, OutputStream out)
            throws IOException, InterruptedException {
        byte[] payload = gzip ? gzipped(body) : body;
        boolean mayHaveBody = status >= 200 && status != 204 && status != 304;
        StringBuilder head = new StringBuilder();
        for (Map.Entry<String, String> header : headers) {
            head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        if (mayHaveBody && chunked) {
            head.append("Transfer-Encoding: chunked\r\n");
        } else if (mayHaveBody) {
            head.append("Content-Length: ")
                    .append(declaredLength >= 0 ? declaredLength : payload.length)
                    .append("\r\n");
        }
        head.append("\r\n");
        byte[] statusLine = ("HTTP/1.1 " + status + " Scripted\r\n").getBytes(ISO_8859_1);
        byte[] headerBytes = head.toString().getBytes(UTF_8);
        if (!stallHead.isZero()) {
            out.write(statusLine);
            out.flush();
            exchange.pause(stallHead);
            out.write(headerBytes);
        } else {
            // One write, so that a small answer is one segment.
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            whole.writeBytes(statusLine);
            whole.writeBytes(headerBytes);
            if (mayHaveBody && isPlainBody()) {
                whole.writeBytes(payload);
                whole.writeTo(out);
                out.flush();
                return;
            }
            whole.writeTo(out);
        }
        out.flush();
        if (mayHaveBody) {
            sendBody(exchange, out, payload);
        }
    }

    private boolean isPlainBody() {
        return !chunked && stallBodyAt == ALL && dripBytes == ALL && cutAt == ALL;
    }

    private void sendBody(LoopbackServer.Exchange exchange, OutputStream out, byte[] payload)
            throws IOException, InterruptedException {
        int limit = Math.min(payload.length, cutAt);
        int at = 0;
        while (at < limit) {
            int step = Math.min(limit - at, Math.min(dripBytes, chunked ? 4096 : ALL));
            if (at < stallBodyAt) {
                step = Math.min(step, stallBodyAt - at);
            } else if (at == stallBodyAt) {
                exchange.pause(stallBody);
            }
            exchange.pause(dripPause);
            if (chunked) {
                out.write((Integer.toHexString(step) + "\r\n").getBytes(ISO_8859_1));
            }
            out.write(payload, at, step);
            if (chunked) {
                out.write("\r\n".getBytes(ISO_8859_1));
            }
            out.flush();
            at += step;
        }
        if (stallBodyAt == limit) {
            exchange.pause(stallBody);
        }
        if (chunked && cutAt == ALL) {
            out.write("0\r\n\r\n".getBytes(ISO_8859_1));
            out.flush();
        }
    }

    private static byte[] gzipped(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    @Override
    public String toString() {
        return script != null ? "scripted bytes, then " + end : "status " + status + ", " + body.length + " bytes";
    }
}

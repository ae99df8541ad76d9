package io.github.promferry.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request as a server of this package saw it. Immutable. */
public final class RecordedRequest {
    private final int index;
    private final int connection;
    private final long wallMillis;
    private final long nanos;
    private final String method;
    private final String target;
    private final List<Map.Entry<String, String>> headerLines;
    private final byte[] body;

    RecordedRequest(
            int index,
            int connection,
            long wallMillis,
            long nanos,
            String method,
            String target,
            List<Map.Entry<String, String>> headerLines,
            byte[] body) {
        this.index = index;
        this.connection = connection;
        this.wallMillis = wallMillis;
        this.nanos = nanos;
        this.method = method;
        this.target = target;
        this.headerLines = headerLines;
        this.body = body;
    }

    /**
     * The place in the order of arrival.
     *
     * @return 0 for the first request of the server
     */
    public int index() {
        return index;
    }

    /**
     * The connection it came on.
     *
     * @return 0 for the first one that the server accepted; equal for requests on one kept-alive connection
     */
    public int connection() {
        return connection;
    }

    /**
     * When its head had arrived, by the server's clock.
     *
     * @return milliseconds since the Unix epoch
     */
    public long wallMillis() {
        return wallMillis;
    }

    /**
     * When its head had arrived, on the monotonic clock.
     *
     * @return nanoseconds, for differences only
     */
    public long nanos() {
        return nanos;
    }

    /**
     * The method.
     *
     * @return such as {@code GET}
     */
    public String method() {
        return method;
    }

    /**
     * Path and query as sent.
     *
     * @return such as {@code /metrics?debug=1}
     */
    public String target() {
        return target;
    }

    /**
     * All headers.
     *
     * @return name and value in the order sent
     */
    public List<Map.Entry<String, String>> headerLines() {
        return headerLines;
    }

    /**
     * The body as sent, chunks joined.
     *
     * @return a copy; empty if there was no body or the script did not read it
     */
    public byte[] body() {
        return body.clone();
    }

    /**
     * The only value of a header.
     *
     * @param name in any case
     * @return the value, or null if the header is missing
     * @throws IllegalStateException if the header came more than once
     */
    public @Nullable String header(String name) {
        List<String> values = headers(name);
        if (values.size() > 1) {
            throw new IllegalStateException("header " + name + " came " + values.size() + " times: " + values);
        }
        return values.isEmpty() ? null : values.get(0);
    }

    /**
     * All values of a header.
     *
     * @param name in any case
     * @return values in the order sent
     */
    public List<String> headers(String name) {
        List<String> values = new ArrayList<>();
        for (Map.Entry<String, String> line : headerLines) {
            if (line.getKey().equalsIgnoreCase(name)) {
                values.add(line.getValue());
            }
        }
        return values;
    }

    RecordedRequest withBody(byte[] newBody) {
        return new RecordedRequest(index, connection, wallMillis, nanos, method, target, headerLines, newBody);
    }

    @Override
    public String toString() {
        // Header values stay out: they hold credentials.
        return index + ": " + method + " " + target + ", body of " + body.length + " bytes";
    }
}

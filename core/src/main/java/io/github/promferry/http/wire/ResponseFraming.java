package io.github.promferry.http.wire;

import java.net.ProtocolException;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Where the body of a response ends, as its headers say (RFC 9112, section 6). Refuses what two readers could understand in
 * two ways: whoever is behind such a response may have written the next one, too. {@code java.net.http} takes most of it, so
 * its responses are checked after the fact. Used by one thread at a time.
 */
public final class ResponseFraming {
    private long length = -1;
    private boolean chunked;

    /** Of a response without headers. */
    ResponseFraming() {}

    /**
     * What the headers of a complete head say.
     *
     * @param headers as {@code java.net.http} has them
     * @return the length of the body, or -1 if its chunks or the end of the connection will tell
     * @throws ProtocolException if they contradict each other or themselves
     */
    public static long bodyLength(HttpHeaders headers) throws ProtocolException {
        ResponseFraming framing = new ResponseFraming();
        for (Map.Entry<String, List<String>> header : headers.map().entrySet()) {
            for (String value : header.getValue()) {
                framing.add(header.getKey(), value);
            }
        }
        return framing.length();
    }

    void clear() {
        length = -1;
        chunked = false;
    }

    /** Takes one header after the other. */
    void add(String name, String value) throws ProtocolException {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7F) {
                throw new ProtocolException("header " + name + " has a control character: " + excerpt(value));
            }
        }
        switch (name.toLowerCase(Locale.ROOT)) {
            case "content-length" -> contentLength(value);
            case "transfer-encoding" -> {
                if (chunked || !value.equalsIgnoreCase("chunked")) {
                    throw new ProtocolException("transfer encoding " + excerpt(value) + " is not chunked");
                }
                chunked = true;
            }
            default -> {}
        }
    }

    private void contentLength(String value) throws ProtocolException {
        if (value.isEmpty() || value.length() > 18 || !isDigits(value, 0, value.length())) {
            throw new ProtocolException("content length " + excerpt(value) + " is not a number");
        }
        long given = Long.parseLong(value);
        if (length >= 0 && length != given) {
            throw new ProtocolException("there are two content lengths, " + length + " and " + given);
        }
        length = given;
    }

    boolean isChunked() {
        return chunked;
    }

    /** Of the body, after the last header; -1 if it is not told beforehand. */
    long length() throws ProtocolException {
        if (chunked && length >= 0) {
            throw new ProtocolException("there are a content length, " + length + ", and chunks");
        }
        return length;
    }

    static boolean isDigits(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    static String excerpt(String text) {
        StringBuilder shown = new StringBuilder("`");
        text.chars().limit(40).forEach(c -> shown.append(c >= ' ' && c < 0x7F ? (char) c : '.'));
        return shown.append('`').toString();
    }
}

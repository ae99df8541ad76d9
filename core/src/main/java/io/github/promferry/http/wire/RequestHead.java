package io.github.promferry.http.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.net.URI;

/** The head of an HTTP/1.1 request, written line by line. Used by one thread. */
public final class RequestHead {
    private final StringBuilder head = new StringBuilder(512);

    /**
     * A head that has its first line and the host.
     *
     * @param method such as GET
     * @param url whose user info, if any, stays behind
     */
    public RequestHead(String method, URI url) {
        String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        head.append(method).append(' ').append(path);
        if (url.getRawQuery() != null) {
            head.append('?').append(url.getRawQuery());
        }
        String authority = url.getRawAuthority();
        head.append(" HTTP/1.1\r\n");
        header("Host", authority.substring(authority.lastIndexOf('@') + 1));
    }

    /**
     * Adds a header.
     *
     * @param name of the header
     * @param value of the header
     * @return this
     * @throws IllegalArgumentException if either holds what would end the line or is not ASCII
     */
    public RequestHead header(String name, String value) {
        check(name, value);
        head.append(name).append(": ").append(value).append("\r\n");
        return this;
    }

    /**
     * Checks a header: a signer, or credentials of the service's own, may give us anything, and the value may be a secret.
     *
     * @param name of the header
     * @param value of the header
     * @throws IllegalArgumentException if either holds what would end the line or is not ASCII; it does not show the value
     */
    public static void check(String name, String value) {
        checkText(name, name);
        checkText(name, value);
    }

    /**
     * Whether a text can be the name of a header (RFC 9110, "Tokens").
     *
     * @param text any
     * @return false if it is empty or has a character that no token has
     */
    public static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letterOrDigit = c < 0x80 && Character.isLetterOrDigit(c);
            if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static void checkText(String name, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < ' ' && c != '\t') || c >= 0x7F) {
                throw new IllegalArgumentException("header " + name.replaceAll("[^!-~]", "?")
                        + " has a line break, a control or a non-ASCII character at index " + i);
            }
        }
    }

    /**
     * The head as it is sent, complete.
     *
     * @return new bytes
     */
    public byte[] bytes() {
        return (head + "\r\n").getBytes(ISO_8859_1);
    }
}

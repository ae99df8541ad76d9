package io.github.promferry.http.wire;

import java.net.URI;

/**
 * URLs in messages, logs and metrics: without user name and password, and without query and fragment, which hold tokens now
 * and then.
 */
public final class ShownUrl {
    private ShownUrl() {}

    /**
     * A URL for people.
     *
     * @param url any, also one that is not the URL of a server
     * @return the URL up to its query or fragment, in the place of which there is {@code ?...} or {@code #...}
     */
    public static String of(URI url) {
        String text = url.toString();
        int end = 0;
        while (end < text.length() && text.charAt(end) != '?' && text.charAt(end) != '#') {
            end++;
        }
        String shown = withoutUser(text.substring(0, end));
        return end == text.length() ? shown : shown + text.charAt(end) + "...";
    }

    /** By the text, since {@code java.net.URI} knows no user where the host has an underscore or the slashes are missing. */
    private static String withoutUser(String text) {
        int slashes = text.indexOf("//");
        int from = slashes < 0 ? text.indexOf(':') + 1 : slashes + 2;
        int path = text.indexOf('/', from);
        int at = text.lastIndexOf('@', path < 0 ? text.length() : path);
        return at < from ? text : text.substring(0, from) + text.substring(at + 1);
    }
}

package io.github.promferry.http.wire;

import java.net.URI;

/**
 * The server that a URL names. {@code java.net.URI} finds neither host nor port where the host has an underscore, as is
 * common in Docker networks, so that two such servers would look alike.
 *
 * @param host a name or an address; one of IPv6 is in brackets
 * @param port given, or that of the scheme
 */
public record HostPort(String host, int port) {
    /**
     * The server of a URL.
     *
     * @param url absolute; a user name in it is passed over
     * @return its server; the host is empty if the URL has none
     */
    public static HostPort of(URI url) {
        int usual = "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
        if (url.getHost() != null) {
            return new HostPort(url.getHost(), url.getPort() >= 0 ? url.getPort() : usual);
        }
        String authority = url.getRawAuthority() == null ? "" : url.getRawAuthority();
        String server = authority.substring(authority.lastIndexOf('@') + 1);
        int colon = server.lastIndexOf(':');
        return colon >= 0 && server.substring(colon + 1).matches("[0-9]{1,5}")
                ? new HostPort(server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)))
                : new HostPort(server, usual);
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}

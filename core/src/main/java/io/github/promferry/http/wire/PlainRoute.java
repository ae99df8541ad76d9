package io.github.promferry.http.wire;

import io.github.promferry.http.HttpSettings;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;

/** Tells what sockets of our own can reach from what needs {@code java.net.http}. */
public final class PlainRoute {
    private PlainRoute() {}

    /**
     * Whether a server is reached by {@code http} without TLS and without a proxy.
     *
     * @param settings may name a proxy; otherwise the one of the process counts, if any, as in {@code java.net.http}
     * @param url of the server
     * @return true if a plain socket will do
     */
    public static boolean leadsTo(HttpSettings settings, URI url) {
        if (!"http".equalsIgnoreCase(url.getScheme()) || settings.proxy() != null) {
            return false;
        }
        ProxySelector selector = ProxySelector.getDefault();
        if (selector == null || url.getHost() == null) {
            return true;
        }
        for (Proxy proxy : selector.select(url)) {
            if (proxy.type() != Proxy.Type.DIRECT) {
                return false;
            }
        }
        return true;
    }
}

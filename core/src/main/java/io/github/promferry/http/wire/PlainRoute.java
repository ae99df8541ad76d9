package io.github.promferry.http.wire;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.ProxySettings;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;

/** Tells what sockets of our own can reach from what needs {@code java.net.http}. */
public final class PlainRoute {
    private PlainRoute() {}

    /**
     * Whether a server is reached by {@code http} without TLS and without a proxy.
     *
     * @param settings may name proxies; otherwise the one of the process counts, if any, as in {@code java.net.http}
     * @param url of the server
     * @return true if a plain socket will do
     */
    public static boolean leadsTo(HttpSettings settings, URI url) {
        if (!"http".equalsIgnoreCase(url.getScheme())) {
            return false;
        }
        ProxySettings own = settings.proxy();
        if (own != null) {
            return own.proxyFor(url) == null;
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

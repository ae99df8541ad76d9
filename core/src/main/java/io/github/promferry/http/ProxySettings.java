package io.github.promferry.http;

import io.github.promferry.http.wire.RequestHead;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.http.wire.UserInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The proxy on the way to a server: HTTP proxies, by {@code CONNECT} for {@code https}. A user name and password in a
 * proxy's URL are sent to that proxy alone. Immutable and thread-safe; {@code toString} shows no secret.
 *
 * <p>{@code java.net.http} sends a password for {@code https} servers only in a JVM that was started with {@code
 * -Djdk.http.auth.tunneling.disabledSchemes=}, since Basic is among the schemes that it disables.
 *
 * @since 0.1
 */
public final class ProxySettings {
    private static final String HTTP_DEFAULT = "http://";

    private final @Nullable Via http;
    private final @Nullable Via https;
    private final @Nullable NoProxy except;
    private final Map<String, String> connectHeaders;

    /** One proxy, and what it wants to know of who asks. */
    private record Via(URI proxy, Credentials credentials) {}

    private ProxySettings(
            @Nullable Via http, @Nullable Via https, @Nullable NoProxy except, Map<String, String> connectHeaders) {
        this.http = http;
        this.https = https;
        this.except = except;
        this.connectHeaders = connectHeaders;
    }

    /**
     * One proxy for all servers.
     *
     * @param proxy such as {@code http://proxy:3128} or {@code http://user:password@proxy:3128}; port 80 by default
     * @return settings
     * @throws IllegalArgumentException if it is not {@code http} and a host; the message shows no password
     */
    public static ProxySettings of(URI proxy) {
        Via via = via(proxy);
        return new ProxySettings(via, via, null, Map.of());
    }

    /**
     * What the environment says: {@code HTTP_PROXY}, {@code HTTPS_PROXY} and {@code NO_PROXY}, or the same in lower case.
     * This host itself is never asked through a proxy then.
     *
     * @param environment the value of a variable, or null, such as {@code System::getenv}
     * @return null if it names no proxy
     * @throws IllegalArgumentException if it names one that is not {@code http} and a host; the message names the
     *     variable and shows no password
     */
    public static @Nullable ProxySettings fromEnvironment(Function<String, @Nullable String> environment) {
        Via http = via("HTTP_PROXY", environment);
        Via https = via("HTTPS_PROXY", environment);
        return http == null && https == null
                ? null
                : new ProxySettings(http, https, new NoProxy(value("NO_PROXY", environment)), Map.of());
    }

    private static @Nullable Via via(String variable, Function<String, @Nullable String> environment) {
        String url = value(variable, environment);
        if (url.isEmpty()) {
            return null;
        }
        try {
            return via(URI.create(url.contains("://") ? url : HTTP_DEFAULT + url));
        } catch (IllegalArgumentException e) {
            // That of URI quotes the URL, which may hold a password.
            String why = e.getCause() == null ? String.valueOf(e.getMessage()) : "it is not a URL";
            throw new IllegalArgumentException("environment variable " + variable + ": " + why);
        }
    }

    private static String value(String variable, Function<String, @Nullable String> environment) {
        String upper = environment.apply(variable);
        String value = upper == null || upper.isBlank() ? environment.apply(variable.toLowerCase(Locale.ROOT)) : upper;
        return value == null ? "" : value.strip();
    }

    private static Via via(URI proxy) {
        if (!"http".equalsIgnoreCase(proxy.getScheme()) || proxy.getHost() == null) {
            throw new IllegalArgumentException("proxy " + ShownUrl.of(proxy)
                    + ": expected http and a host, such as http://proxy:3128; java.net.http knows no other proxies");
        }
        Credentials credentials = UserInfo.credentials(proxy);
        int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
        return new Via(
                URI.create(HTTP_DEFAULT + proxy.getHost() + ":" + port),
                credentials == null ? Credentials.none() : credentials);
    }

    /**
     * These settings with servers that are asked directly; this host itself always is then.
     *
     * @param list as {@code NO_PROXY}: host names, which stand for names that end in them, too; names that begin with a
     *     dot, which do not stand for themselves; addresses and networks such as {@code 10.0.0.0/8}; each with a port if it
     *     matters; {@code *} for all
     * @return new settings
     */
    public ProxySettings except(String list) {
        return new ProxySettings(http, https, new NoProxy(list), connectHeaders);
    }

    /**
     * These settings with a header of {@code CONNECT} requests.
     *
     * @param name begins with {@code Proxy-}: {@code java.net.http} sends no other header to a proxy alone
     * @param value the value; never shown
     * @return new settings
     * @throws IllegalArgumentException if the name is another one, or the value cannot stand in a header
     */
    public ProxySettings connectHeader(String name, String value) {
        if (!name.toLowerCase(Locale.ROOT).startsWith("proxy-") || !RequestHead.isToken(name)) {
            throw new IllegalArgumentException("header \"" + name
                    + "\" for a proxy: expected a name that begins with Proxy-; java.net.http sends no other to it");
        }
        if (!HttpSettings.isHeaderValue(value)) {
            throw new IllegalArgumentException(
                    "the value of header " + name + " has a line break, a control or a non-ASCII character");
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.putAll(connectHeaders);
        headers.put(name, value);
        return new ProxySettings(http, https, except, Collections.unmodifiableMap(headers));
    }

    /**
     * The proxy on the way to a server.
     *
     * @param url of the server
     * @return such as {@code http://proxy:3128}, without a user; null if the server is asked directly
     */
    public @Nullable URI proxyFor(URI url) {
        Via via = viaTo(url);
        return via == null ? null : via.proxy;
    }

    private @Nullable Via viaTo(URI url) {
        boolean secure = "https".equalsIgnoreCase(url.getScheme());
        Via via = secure ? https : http;
        int port = url.getPort() >= 0 ? url.getPort() : secure ? 443 : 80;
        return via == null || (except != null && url.getHost() != null && except.covers(url.getHost(), port))
                ? null
                : via;
    }

    /** Headers for the proxy on the way to a server; {@code java.net.http} sends them no further. */
    Map<String, String> headersFor(URI url) {
        Via via = viaTo(url);
        if (via == null) {
            return Map.of();
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        try {
            String authorization = via.credentials.authorization();
            if (authorization != null) {
                headers.put("Proxy-Authorization", authorization);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("fixed credentials are never read", e);
        }
        if ("https".equalsIgnoreCase(url.getScheme())) {
            headers.putAll(connectHeaders);
        }
        return headers;
    }

    ProxySelector selector() {
        return new ProxySelector() {
            @Override
            public List<Proxy> select(URI url) {
                URI proxy = proxyFor(url);
                return List.of(
                        proxy == null
                                ? Proxy.NO_PROXY
                                : new Proxy(
                                        Proxy.Type.HTTP,
                                        InetSocketAddress.createUnresolved(proxy.getHost(), proxy.getPort())));
            }

            @Override
            public void connectFailed(URI url, SocketAddress proxy, IOException e) {
                // Whoever sent the request hears of it.
            }
        };
    }

    /** The proxies without who asks them. */
    @Override
    public String toString() {
        String first = http == null ? "none" : http.proxy.toString();
        String second = https == null ? "none" : https.proxy.toString();
        return "ProxySettings[" + (first.equals(second) ? first : "http: " + first + ", https: " + second)
                + (connectHeaders.isEmpty() ? "" : ", headers=" + connectHeaders.keySet()) + "]";
    }
}

package io.github.promferry.http;

import io.github.promferry.http.wire.HostPort;
import io.github.promferry.http.wire.RequestHead;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a server: credentials, headers, connect timeout, age of connections, redirects, TLS, proxy. Immutable and
 * thread-safe; {@code toString} shows no secret.
 *
 * <p>Whoever sends a request builds its client with {@link #newClient()}, or takes one from the embedding service, and
 * hands each request to {@link #applyTo}.
 *
 * @since 0.1
 */
public final class HttpSettings {
    /** How long {@link Builder#connectTimeout} waits unless told otherwise. */
    public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** {@link Builder#maxConnectionAge} unless told otherwise: 10 min. */
    public static final Duration DEFAULT_MAX_CONNECTION_AGE = Duration.ofMinutes(10);

    /** {@link Builder#userAgent} unless told otherwise. */
    public static final String DEFAULT_USER_AGENT = "promferry/0.1.0";

    /** Plain requests without credentials: {@code builder().build()}. */
    public static final HttpSettings DEFAULTS = builder().build();

    /**
     * Header names that the library or the protocol owns, in lower case: those that Prometheus reserves in {@code
     * http_headers} and {@code remote_write.headers}, and those that {@code java.net.http} refuses.
     */
    private static final Set<String> RESERVED = Set.of(
            "accept",
            "accept-encoding",
            "authorization",
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "expect",
            "host",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "retry-attempt",
            "transfer-encoding",
            "upgrade",
            "user-agent",
            "www-authenticate",
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "x-prometheus-remote-read-version",
            "x-prometheus-remote-write-version",
            "x-prometheus-scrape-timeout-seconds");

    private final Credentials credentials;
    private final Map<String, String> headers;
    private final String userAgent;
    private final Duration connectTimeout;
    private final Duration maxConnectionAge;
    private final boolean followRedirects;
    private final @Nullable TlsSettings tls;
    private final @Nullable ProxySettings proxy;
    private final boolean http2;

    private HttpSettings(Builder builder) {
        credentials = builder.credentials;
        headers = Collections.unmodifiableMap(new TreeMap<>(builder.headers));
        userAgent = builder.userAgent;
        connectTimeout = builder.connectTimeout;
        maxConnectionAge = builder.maxConnectionAge;
        followRedirects = builder.followRedirects;
        tls = builder.tls;
        proxy = builder.proxy;
        http2 = builder.http2;
    }

    /**
     * A builder with the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A builder that starts from these settings.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.credentials = credentials;
        builder.headers.putAll(headers);
        builder.userAgent = userAgent;
        builder.connectTimeout = connectTimeout;
        builder.maxConnectionAge = maxConnectionAge;
        builder.followRedirects = followRedirects;
        builder.tls = tls;
        builder.proxy = proxy;
        builder.http2 = http2;
        return builder;
    }

    /**
     * Who asks.
     *
     * @return {@link Credentials#none()} if nobody in particular
     */
    public Credentials credentials() {
        return credentials;
    }

    /**
     * Extra headers of every request, such as a tenant's.
     *
     * @return name to value, unmodifiable
     */
    public Map<String, String> headers() {
        return headers;
    }

    /**
     * The value of the {@code User-Agent} header, which whoever sends a request adds to it, after a redirect, too.
     *
     * @return product and version
     */
    public String userAgent() {
        return userAgent;
    }

    /**
     * How long establishing a connection may take.
     *
     * @return a positive duration
     */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /**
     * How old a connection may be to be used for another request. Whoever keeps connections follows it; clients made by
     * {@link #newClient} do not know it.
     *
     * @return not negative; zero for any age
     */
    public Duration maxConnectionAge() {
        return maxConnectionAge;
    }

    /**
     * Whether the sender of a request follows redirects. Whoever does so repeats the request as it was, and to another
     * scheme, host or port without {@link #applyTo}: credentials and extra headers are for the configured server only.
     *
     * @return true by default
     */
    public boolean followRedirects() {
        return followRedirects;
    }

    /**
     * TLS from PEM files.
     *
     * @return null if the JVM's own settings apply
     */
    public @Nullable TlsSettings tls() {
        return tls;
    }

    /**
     * The proxies that requests go through.
     *
     * @return null if the JVM's own settings apply
     */
    public @Nullable ProxySettings proxy() {
        return proxy;
    }

    /**
     * What the proxy on the way to a server wants to know, such as {@code Proxy-Authorization}. Whoever sends a request by
     * {@link #newClient()} adds it, after a redirect, too; the client takes it off before the request leaves the proxy.
     *
     * @param url of the request
     * @return name to value; empty if there is no proxy, or one that wants nothing
     */
    public Map<String, String> proxyHeaders(URI url) {
        return proxy == null ? Map.of() : proxy.headersFor(url);
    }

    /**
     * Whether servers that offer HTTP/2 are spoken to in it: those of {@code https}, by ALPN.
     *
     * @return false by default, as with Prometheus' remote write
     */
    public boolean http2() {
        return http2;
    }

    /**
     * A client with these settings: {@code newClientBuilder().build()}.
     *
     * @return a new client; it ends its threads some time after it becomes unreachable
     */
    public HttpClient newClient() {
        return newClientBuilder().build();
    }

    /**
     * The builder of a client with these settings, to which an executor may be added. The client never
     * follows redirects by itself, because {@code java.net.http} sends the {@code Authorization} header along to wherever
     * a redirect points and turns a redirected POST into a GET.
     *
     * @return a new builder
     */
    public HttpClient.Builder newClientBuilder() {
        HttpClient.Builder client = HttpClient.newBuilder()
                // On a cleartext connection HTTP/2 would send an Upgrade header with every first request.
                .version(http2 ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout);
        if (tls != null) {
            client.sslContext(tls.newContext()).sslParameters(tls.parameters());
        }
        if (proxy != null) {
            client.proxy(proxy.selector());
        }
        return client;
    }

    /**
     * Adds the extra headers and the {@code Authorization} header to a request.
     *
     * @param request the request being built
     * @throws IOException if the credentials cannot be had now
     * @throws IllegalArgumentException if they give what cannot stand in a header
     */
    public void applyTo(HttpRequest.Builder request) throws IOException {
        headers.forEach(request::setHeader);
        String authorization = credentials.authorization();
        if (authorization != null) {
            // The client's own message would show the value.
            RequestHead.check("Authorization", authorization);
            request.setHeader("Authorization", authorization);
        }
    }

    /**
     * Whether two URLs lead to the same server: scheme, host and port are equal, default ports included. Credentials and
     * extra headers are for the configured server alone; once a redirect has left it, they stay away for the rest of the
     * chain.
     *
     * @param configured a URL
     * @param other another one
     * @return true if a request to the other may carry what is meant for the configured one
     */
    public static boolean isSameServer(URI configured, URI other) {
        HostPort here = HostPort.of(configured);
        HostPort there = HostPort.of(other);
        return String.valueOf(configured.getScheme()).equalsIgnoreCase(other.getScheme())
                && here.host().equalsIgnoreCase(there.host())
                && here.port() == there.port();
    }

    /** The settings with header values left out, since some are secrets. */
    @Override
    public String toString() {
        return "HttpSettings[credentials=" + credentials + ", headers=" + headers.keySet() + ", connectTimeout="
                + connectTimeout + ", maxConnectionAge=" + maxConnectionAge + ", followRedirects=" + followRedirects
                + ", tls=" + tls + ", proxy=" + proxy
                + ", http2=" + http2 + "]";
    }

    /** RFC 9110, "Field Values", without the obsolete octets over 0x7F: they would be sent as question marks. */
    static boolean isHeaderValue(String text) {
        return text.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c < 0x7F));
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private Credentials credentials = Credentials.none();
        private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        private String userAgent = DEFAULT_USER_AGENT;
        private Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
        private Duration maxConnectionAge = DEFAULT_MAX_CONNECTION_AGE;
        private boolean followRedirects = true;
        private @Nullable TlsSettings tls;
        private @Nullable ProxySettings proxy;
        private boolean http2;

        private Builder() {}

        /**
         * Who asks.
         *
         * @param credentials such as {@code Credentials.basic(user, password)}; none by default
         * @return this
         */
        public Builder credentials(Credentials credentials) {
            this.credentials = Objects.requireNonNull(credentials, "credentials");
            return this;
        }

        /**
         * An extra header of every request, such as {@code X-Scope-OrgID}. Its value is never logged.
         *
         * @param name a header name; a second value for it replaces the first
         * @param value the value
         * @return this
         * @throws IllegalArgumentException if the name is reserved for the protocol, or name or value cannot stand in a
         *     header
         */
        public Builder header(String name, String value) {
            if (!RequestHead.isToken(Objects.requireNonNull(name, "name"))) {
                throw new IllegalArgumentException("\"" + name + "\" is not a header name");
            }
            String lower = name.toLowerCase(Locale.ROOT);
            if (lower.equals("authorization")) {
                throw new IllegalArgumentException(
                        "header Authorization is not set by header(): use credentials(), which keeps it out of logs");
            }
            if (RESERVED.contains(lower)) {
                throw new IllegalArgumentException("header " + name + " is reserved for the protocol: remove it");
            }
            if (!isHeaderValue(Objects.requireNonNull(value, "value"))) {
                throw new IllegalArgumentException(
                        "the value of header " + name + " has a line break, a control or a non-ASCII character");
            }
            headers.put(name, value);
            return this;
        }

        /**
         * The value of the {@code User-Agent} header; {@value HttpSettings#DEFAULT_USER_AGENT} by default.
         *
         * @param userAgent product and version, such as {@code my-service/1.2}
         * @return this
         * @throws IllegalArgumentException if it is blank or cannot stand in a header
         */
        public Builder userAgent(String userAgent) {
            if (userAgent.isBlank() || !isHeaderValue(userAgent)) {
                throw new IllegalArgumentException("user agent \"" + userAgent
                        + "\" is blank or has a line break, a control or a non-ASCII character");
            }
            this.userAgent = userAgent;
            return this;
        }

        /**
         * How long establishing a connection may take; 10 s by default.
         *
         * @param connectTimeout a positive duration
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder connectTimeout(Duration connectTimeout) {
            if (connectTimeout.isZero() || connectTimeout.isNegative()) {
                throw new IllegalArgumentException("connect timeout " + connectTimeout + " is not positive");
            }
            this.connectTimeout = connectTimeout;
            return this;
        }

        /**
         * How old a connection may be to be used for another request, 10 min by default. After that a new one is opened, for
         * which the host is looked up anew: so a server that has moved is noticed though the old one still answers, and load
         * balancers get to balance. A request under way is never cut.
         *
         * <p>Connections to {@code https} and through proxies end together, with the client of {@code java.net.http}
         * that has them; so a client that the embedding service gives has connections of any age. How long an address
         * is remembered is up to the JVM ({@code networkaddress.cache.ttl}, 30 s by default).
         *
         * @param maxConnectionAge zero to use a connection for as long as it works
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder maxConnectionAge(Duration maxConnectionAge) {
            if (maxConnectionAge.isNegative()) {
                throw new IllegalArgumentException(
                        "max connection age " + maxConnectionAge + " is negative: zero means any age");
            }
            this.maxConnectionAge = maxConnectionAge;
            return this;
        }

        /**
         * Whether redirects are followed; true by default.
         *
         * @param followRedirects false to treat a redirect as a failure
         * @return this
         */
        public Builder followRedirects(boolean followRedirects) {
            this.followRedirects = followRedirects;
            return this;
        }

        /**
         * TLS from PEM files; the JVM's own settings by default.
         *
         * @param tls whom to trust and which certificate to show
         * @return this
         */
        public Builder tls(TlsSettings tls) {
            this.tls = Objects.requireNonNull(tls, "tls");
            return this;
        }

        /**
         * A proxy for all requests; the JVM's own settings ({@code -Dhttp.proxyHost} and so on) by default.
         *
         * @param proxy such as {@code http://proxy:3128}; see {@link ProxySettings#of}
         * @return this
         * @throws IllegalArgumentException if it is not {@code http} and a host
         */
        public Builder proxy(URI proxy) {
            return proxy(ProxySettings.of(proxy));
        }

        /**
         * Proxies for some requests; the JVM's own settings by default.
         *
         * @param proxy such as {@code ProxySettings.of(url).except("10.0.0.0/8,.internal")}
         * @return this
         */
        public Builder proxy(ProxySettings proxy) {
            this.proxy = Objects.requireNonNull(proxy, "proxy");
            return this;
        }

        /**
         * Whether servers that offer HTTP/2 are spoken to in it; false by default. Plain {@code http} stays HTTP/1.1.
         *
         * @param wanted true for HTTP/2
         * @return this
         */
        public Builder http2(boolean wanted) {
            http2 = wanted;
            return this;
        }

        /**
         * The settings.
         *
         * @return immutable settings
         */
        public HttpSettings build() {
            return new HttpSettings(this);
        }
    }
}

package io.github.promferry.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ClientExchange;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.ShownUrl;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bearer tokens from an OAuth 2.0 server by the client credentials grant, RFC 6749, section 4.4. A token is renewed shortly
 * before it expires, while the old one goes on being used, or when a server has refused it. There is one request at a time,
 * on a daemon thread of its own; who has no valid token waits for its answer. After a failure the token server is not asked
 * for a second, then two, and so on up to 30 s; all who need a token meanwhile hear of that failure. Thread-safe.
 *
 * <pre>{@code
 * OAuth2Credentials.builder(URI.create("https://login.example/token"), "client-7", () -> secret)
 *         .scope("metrics:write")
 *         .build()
 * }</pre>
 *
 * @since 0.1
 */
public final class OAuth2Credentials implements Credentials {
    /** Of the token server's answers that name no time. */
    private static final Duration DEFAULT_LIFETIME = Duration.ofMinutes(5);

    /** For the complete answer of the token server. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** Of who says nothing: such a request, and reading the secret before. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(15);

    // The answer is a flat JSON object (section 5.1) of which three members matter: no parser is needed for that.
    private static final Pattern ACCESS_TOKEN = Pattern.compile("\"access_token\"\\s*:\\s*\"([^\"\\\\]+)\"");
    private static final Pattern TOKEN_TYPE = Pattern.compile("\"token_type\"\\s*:\\s*\"([^\"\\\\]+)\"");
    private static final Pattern EXPIRES_IN = Pattern.compile("\"expires_in\"\\s*:\\s*\"?([0-9]{1,9})");
    private static final Pattern ERROR = Pattern.compile("\"error\"\\s*:\\s*\"([A-Za-z0-9_.-]{1,64})\"");

    private final URI tokenUrl;
    private final String clientId;
    private final Secret clientSecret;
    private final Map<String, String> parameters;
    private final HttpSettings http;
    private final AgingClient client;
    private final SharedToken token;

    /**
     * Gives the client's secret, each time it is needed.
     *
     * @since 0.1
     */
    @FunctionalInterface
    public interface Secret {
        /**
         * The secret.
         *
         * @return not empty
         * @throws IOException if it cannot be had now
         */
        String get() throws IOException;
    }

    private OAuth2Credentials(Builder builder) {
        tokenUrl = builder.tokenUrl;
        clientId = builder.clientId;
        clientSecret = builder.clientSecret;
        http = builder.http;
        client = new AgingClient(http::newClient, new ConnectionAge(http, builder.clock));
        token = new SharedToken(server(), this::ask, builder.clock);
        parameters = new LinkedHashMap<>();
        parameters.put("grant_type", "client_credentials");
        if (!builder.scope.isEmpty()) {
            parameters.put("scope", builder.scope);
        }
        parameters.putAll(builder.parameters);
    }

    /**
     * A builder.
     *
     * @param tokenUrl where tokens are given out
     * @param clientId who asks
     * @param clientSecret with what secret, such as {@code () -> Files.readString(path).strip()}
     * @return a new builder
     * @throws IllegalArgumentException if the URL is not {@code http} or {@code https} and a host, or has a user name
     */
    public static Builder builder(URI tokenUrl, String clientId, Secret clientSecret) {
        return new Builder(tokenUrl, clientId, clientSecret);
    }

    @Override
    public String authorization() throws IOException {
        return authorization(LONGEST_WAIT);
    }

    @Override
    public String authorization(Duration atMost) throws IOException {
        return token.get(atMost);
    }

    @Override
    public boolean canChange() {
        return true;
    }

    @Override
    public void refused() {
        token.refused();
    }

    private SharedToken.Answer ask() throws IOException {
        HttpResponse<String> response = post();
        String answer = response.body();
        if (response.statusCode() != 200) {
            Matcher error = ERROR.matcher(answer);
            throw new IOException("token server " + server() + " answered HTTP " + response.statusCode()
                    + (error.find() ? " (" + error.group(1) + ")" : "") + ": check client id, secret and scope");
        }
        Matcher access = ACCESS_TOKEN.matcher(answer);
        Matcher type = TOKEN_TYPE.matcher(answer);
        if (!access.find() || !HttpSettings.isHeaderValue(access.group(1))) {
            throw new IOException("token server " + server() + " answered without an access_token");
        }
        if (type.find() && !type.group(1).toLowerCase(Locale.ROOT).equals("bearer")) {
            throw new IOException(
                    "token server " + server() + " gave a token of type \"" + type.group(1) + "\", expected Bearer");
        }
        Matcher expires = EXPIRES_IN.matcher(answer);
        Duration life = expires.find() ? Duration.ofSeconds(Long.parseLong(expires.group(1))) : DEFAULT_LIFETIME;
        return new SharedToken.Answer("Bearer " + access.group(1), life);
    }

    private HttpResponse<String> post() throws IOException {
        StringBuilder form = new StringBuilder();
        parameters.forEach((name, value) -> form.append(form.isEmpty() ? "" : "&")
                .append(encode(name))
                .append('=')
                .append(encode(value)));
        // Section 2.3.1: id and secret are encoded as in a form before they become a user and a password.
        String basic = encode(clientId) + ":" + encode(clientSecret.get());
        HttpRequest.Builder request = HttpRequest.newBuilder(tokenUrl)
                .POST(HttpRequest.BodyPublishers.ofString(form.toString()))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Accept", "application/json");
        http.headers().forEach(request::setHeader);
        http.proxyHeaders(tokenUrl).forEach(request::setHeader);
        request.setHeader("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)));
        try {
            return ClientExchange.send(client.get(), request.build(), HttpResponse.BodyHandlers.ofString(), TIMEOUT);
        } catch (HttpTimeoutException e) {
            throw new HttpTimeoutException("token server " + server() + ": " + e.getMessage());
        } catch (IOException e) {
            throw new IOException("cannot ask token server " + server() + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking token server " + server(), e);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, UTF_8);
    }

    private String server() {
        return ShownUrl.of(tokenUrl);
    }

    @Override
    public String toString() {
        return "Credentials[OAuth 2.0, client " + clientId + " at " + server() + "]";
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final URI tokenUrl;
        private final String clientId;
        private final Secret clientSecret;
        private final Map<String, String> parameters = new LinkedHashMap<>();
        private String scope = "";
        private HttpSettings http = HttpSettings.DEFAULTS;
        private Clock clock = Clock.SYSTEM;

        private Builder(URI tokenUrl, String clientId, Secret clientSecret) {
            String scheme = String.valueOf(tokenUrl.getScheme()).toLowerCase(Locale.ROOT);
            if (!(scheme.equals("http") || scheme.equals("https"))
                    || tokenUrl.getHost() == null
                    || tokenUrl.getRawUserInfo() != null) {
                throw new IllegalArgumentException("token URL of host " + tokenUrl.getHost()
                        + ": expected http:// or https://, a host and a path, and no user name");
            }
            this.tokenUrl = tokenUrl;
            this.clientId = Objects.requireNonNull(clientId, "clientId");
            this.clientSecret = Objects.requireNonNull(clientSecret, "clientSecret");
        }

        /**
         * What the token is for; nothing is said by default.
         *
         * @param scopes are joined by spaces
         * @return this
         */
        public Builder scope(String... scopes) {
            scope = String.join(" ", scopes);
            return this;
        }

        /**
         * Another parameter of the request for a token, such as {@code audience}.
         *
         * @param name its name
         * @param value its value
         * @return this
         */
        public Builder parameter(String name, String value) {
            parameters.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * How to reach the token server: TLS, proxy, headers. Its credentials are not used.
         *
         * @param http {@link HttpSettings#DEFAULTS} by default
         * @return this
         */
        public Builder http(HttpSettings http) {
            this.http = Objects.requireNonNull(http, "http");
            return this;
        }

        /**
         * The clock that tells when a token has expired.
         *
         * @param clock the system's by default
         * @return this
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * The credentials.
         *
         * @return credentials that have asked for nothing yet
         */
        public OAuth2Credentials build() {
            return new OAuth2Credentials(this);
        }
    }
}

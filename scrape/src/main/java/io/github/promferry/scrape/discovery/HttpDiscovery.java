package io.github.promferry.scrape.discovery;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ClientExchange;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.ShownUrl;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Targets from a server, as Prometheus' {@code http_sd_configs} asks for them: a GET that is answered by status 200,
 * {@code Content-Type: application/json} and the complete list {@code [{"targets": ["host:port"], "labels": {"name":
 * "value"}}]}. As long as the server gives anything else, the last list stays. Each target gets the label {@code
 * __meta_url}.
 *
 * @since 0.1
 */
public final class HttpDiscovery extends PolledDiscovery {
    /** How often the server is asked unless told otherwise. */
    public static final Duration DEFAULT_REFRESH_INTERVAL = Duration.ofSeconds(60);

    /** The label that holds the URL a target was found at. */
    public static final String URL_LABEL = "__meta_url";

    /** As in Go's client, which Prometheus uses. */
    private static final int MAX_REDIRECTS = 10;

    private static final Pattern JSON =
            Pattern.compile("application/json(;\\s*charset=(\"utf-8\"|utf-8))?", Pattern.CASE_INSENSITIVE);

    private final URI url;
    private final HttpSettings http;
    private final Duration refreshInterval;
    private final Duration timeout;
    private final AgingClient client;

    private HttpDiscovery(Builder builder) {
        super("promferry-http-discovery", builder);
        url = builder.url;
        http = builder.http;
        client = new AgingClient(http::newClient, new ConnectionAge(http, Clock.SYSTEM));
        refreshInterval = builder.refreshInterval;
        timeout = builder.timeout == null ? refreshInterval : builder.timeout;
    }

    /**
     * A builder.
     *
     * @param url of the list, http or https
     * @return a new builder
     * @throws IllegalArgumentException if it is not the URL of a server
     */
    public static Builder builder(URI url) {
        return new Builder(url);
    }

    @Override
    public String toString() {
        return "list of targets at " + ShownUrl.of(url);
    }

    @Override
    List<TargetGroup> look(Publisher publisher) throws IOException, InterruptedException, TargetFormatException {
        long deadline = System.nanoTime() + timeout.toNanos();
        URI at = url;
        boolean trusted = true;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            HttpResponse<byte[]> answer = get(at, trusted, deadline);
            URI next = redirect(at, answer);
            if (next == null) {
                return groups(answer);
            }
            // Credentials are for the configured server; once elsewhere, they stay behind for good.
            trusted &= HttpSettings.isSameServer(at, next);
            at = next;
        }
        throw new IOException(this + ": redirected more than " + MAX_REDIRECTS + " times");
    }

    private HttpResponse<byte[]> get(URI at, boolean trusted, long deadline) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(at)
                .GET()
                .setHeader("Accept", "application/json")
                .setHeader("User-Agent", http.userAgent())
                .setHeader("X-Prometheus-Refresh-Interval-Seconds", seconds(refreshInterval));
        http.proxyHeaders(at).forEach(request::setHeader);
        if (trusted) {
            http.applyTo(request);
        }
        try {
            return ClientExchange.send(
                    client.get(),
                    request.build(),
                    info -> BoundedBody.upTo(TargetGroupReader.MAX_BYTES),
                    deadline,
                    seconds(timeout) + " s");
        } catch (HttpTimeoutException e) {
            throw new IOException(this + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException(this + ": " + e, e);
        }
    }

    private @Nullable URI redirect(URI at, HttpResponse<?> answer) throws IOException {
        boolean redirected = switch (answer.statusCode()) {
            case 301, 302, 303, 307, 308 -> http.followRedirects();
            default -> false;
        };
        String location = answer.headers().firstValue("Location").orElse(null);
        if (!redirected || location == null) {
            return null;
        }
        try {
            URI next = at.resolve(location);
            checkServer(next);
            return next;
        } catch (IllegalArgumentException e) {
            throw new IOException(this + ": redirected to what is not the URL of a server", e);
        }
    }

    private List<TargetGroup> groups(HttpResponse<byte[]> answer) throws IOException, TargetFormatException {
        if (answer.statusCode() == 401 || answer.statusCode() == 403) {
            http.credentials().refused();
        }
        if (answer.statusCode() != 200) {
            throw new IOException(this + ": server returned HTTP status " + answer.statusCode() + ", expected 200");
        }
        HttpHeaders headers = answer.headers();
        String type = headers.firstValue("Content-Type").orElse("").trim();
        if (!JSON.matcher(type).matches()) {
            throw new IOException(this + ": server returned content type \"" + type + "\", expected application/json");
        }
        return TargetGroupReader.read(
                ShownUrl.of(url), TargetGroupReader.Format.JSON, answer.body(), Labels.of(URL_LABEL, url.toString()));
    }

    /** Shortest decimal form, such as 60 or 1.5. */
    private static String seconds(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.toNanos(), 9).stripTrailingZeros();
        return seconds.toPlainString();
    }

    private static void checkServer(URI url) {
        boolean web = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
        if (!web || url.getRawAuthority() == null) {
            throw new IllegalArgumentException(
                    "\"" + ShownUrl.of(url) + "\" is no http or https URL of a list of targets");
        }
        if (url.getRawUserInfo() != null || url.getRawAuthority().indexOf('@') >= 0) {
            throw new IllegalArgumentException(
                    "the URL of a list of targets has a user: credentials belong in the HTTP settings");
        }
        if (url.getHost() == null) {
            throw new IllegalArgumentException("\"" + ShownUrl.of(url)
                    + "\": java.net.http takes no such host name; an underscore in it is one reason");
        }
    }

    /**
     * Collects settings; not thread-safe. The timeout is the refresh interval unless told otherwise.
     *
     * @since 0.1
     */
    public static final class Builder extends AskingBuilder<Builder> {
        private final URI url;

        private Builder(URI url) {
            super(DEFAULT_REFRESH_INTERVAL);
            checkServer(url);
            this.url = url;
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * The discovery.
         *
         * @return not started yet
         */
        public HttpDiscovery build() {
            return new HttpDiscovery(this);
        }
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.Clock;
import io.github.promferry.Labels;
import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ShownUrl;
import io.github.promferry.http.wire.UserInfo;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where and how a {@link RemoteWriter} sends. Immutable; {@code toString} shows no secret.
 *
 * @since 0.1
 */
public final class RemoteWriteConfig {
    /** {@link Builder#timeout} unless told otherwise. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    /** {@link Builder#metadataInterval} unless told otherwise. */
    public static final Duration DEFAULT_METADATA_INTERVAL = Duration.ofMinutes(1);

    private final URI url;
    private final String name;
    private final WriteProtocol protocol;
    private final HttpSettings http;
    private final @Nullable RequestSigner signer;
    private final Duration timeout;
    private final BatchPolicy batch;
    private final QueueConfig queue;
    private final RetryPolicy retry;
    private final boolean sendExemplars;
    private final boolean sendMetadata;
    private final Duration metadataInterval;
    private final Labels externalLabels;
    private final @Nullable UnaryOperator<@Nullable Labels> writeRelabel;
    private final Clock clock;
    private final @Nullable HttpClient httpClient;
    private final WriteListener listener;

    private RemoteWriteConfig(Builder builder) {
        url = builder.url;
        name = builder.name;
        protocol = builder.protocol;
        http = builder.http;
        signer = builder.signer;
        timeout = builder.timeout;
        batch = builder.batch;
        queue = builder.queue;
        retry = builder.retry;
        sendExemplars = builder.sendExemplars;
        sendMetadata = builder.sendMetadata;
        metadataInterval = builder.metadataInterval;
        externalLabels = builder.externalLabels;
        writeRelabel = builder.writeRelabel;
        clock = builder.clock;
        httpClient = builder.httpClient;
        listener = builder.listener;
    }

    /**
     * A builder with the defaults.
     *
     * @param url where to send, such as {@code http://127.0.0.1:9090/api/v1/write}. A user name and password in it become
     *     {@linkplain Credentials#basic(String, String) basic credentials}
     * @return a new builder
     * @throws IllegalArgumentException if it is not an absolute {@code http} or {@code https} URL with a host
     */
    public static Builder builder(URI url) {
        return new Builder(url);
    }

    /**
     * Where to send.
     *
     * @return a URL without user name and password
     */
    public URI url() {
        return url;
    }

    /**
     * The writer's name in thread names, logs and metrics.
     *
     * @return the receiver's host unless told otherwise
     */
    public String name() {
        return name;
    }

    /**
     * Which message is sent.
     *
     * @return {@link WriteProtocol#AUTO} unless told otherwise
     */
    public WriteProtocol protocol() {
        return protocol;
    }

    /**
     * How to reach the receiver.
     *
     * @return credentials, headers and so on
     */
    public HttpSettings http() {
        return http;
    }

    /**
     * Signs each attempt.
     *
     * @return null if nothing is signed
     */
    public @Nullable RequestSigner signer() {
        return signer;
    }

    /**
     * How long one attempt may take, from connecting to the last byte of the response.
     *
     * @return a positive duration
     */
    public Duration timeout() {
        return timeout;
    }

    /**
     * When samples leave.
     *
     * @return the policy
     */
    public BatchPolicy batch() {
        return batch;
    }

    /**
     * What waits for the receiver.
     *
     * @return the settings
     */
    public QueueConfig queue() {
        return queue;
    }

    /**
     * What happens to a block that was not delivered.
     *
     * @return the policy
     */
    public RetryPolicy retry() {
        return retry;
    }

    /**
     * Whether exemplars are sent.
     *
     * @return false unless told otherwise: most receivers ignore them
     */
    public boolean sendExemplars() {
        return sendExemplars;
    }

    /**
     * Whether type, help and unit are sent: with 2.0 on each series, with 1.0 in requests of their own.
     *
     * @return true unless told otherwise
     */
    public boolean sendMetadata() {
        return sendMetadata;
    }

    /**
     * How often all metadata is sent with 1.0.
     *
     * @return a positive duration
     */
    public Duration metadataInterval() {
        return metadataInterval;
    }

    /**
     * Labels added to every series that lacks them.
     *
     * @return possibly empty
     */
    public Labels externalLabels() {
        return externalLabels;
    }

    /**
     * Rewrites the full labels of each series once, external labels included; null from it drops the series.
     *
     * @return null if there is none
     */
    public @Nullable UnaryOperator<@Nullable Labels> writeRelabel() {
        return writeRelabel;
    }

    /**
     * The clock of timestamps, lingering and backoff.
     *
     * @return {@link Clock#SYSTEM} unless told otherwise
     */
    public Clock clock() {
        return clock;
    }

    /**
     * The client that sends.
     *
     * @return null if the writer makes its own from {@link #http()}
     */
    public @Nullable HttpClient httpClient() {
        return httpClient;
    }

    /**
     * Is told what becomes of each block.
     *
     * @return {@link WriteListener#NONE} unless told otherwise
     */
    public WriteListener listener() {
        return listener;
    }

    @Override
    public String toString() {
        return "RemoteWriteConfig[name=" + name + ", url=" + shownUrl() + ", protocol=" + protocol + ", http=" + http
                + ", signer=" + signer
                + ", timeout=" + timeout + ", batch=" + batch + ", queue=" + queue + ", retry=" + retry
                + ", sendExemplars=" + sendExemplars + ", sendMetadata=" + sendMetadata + ", externalLabels="
                + externalLabels + "]";
    }

    /** The URL for logs and metrics. */
    String shownUrl() {
        return ShownUrl.of(url);
    }

    /**
     * Collects settings; not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        private final URI url;
        private String name;
        private WriteProtocol protocol = WriteProtocol.AUTO;
        private HttpSettings http = HttpSettings.DEFAULTS;
        private @Nullable RequestSigner signer;
        private Duration timeout = DEFAULT_TIMEOUT;
        private BatchPolicy batch = BatchPolicy.DEFAULT;
        private QueueConfig queue = QueueConfig.DEFAULT;
        private RetryPolicy retry = RetryPolicy.DEFAULT;
        private boolean sendExemplars;
        private boolean sendMetadata = true;
        private Duration metadataInterval = DEFAULT_METADATA_INTERVAL;
        private Labels externalLabels = Labels.EMPTY;
        private @Nullable UnaryOperator<@Nullable Labels> writeRelabel;
        private Clock clock = Clock.SYSTEM;
        private @Nullable HttpClient httpClient;
        private WriteListener listener = WriteListener.NONE;

        private Builder(URI url) {
            String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
            this.url = UserInfo.without(url);
            if (!(scheme.equals("http") || scheme.equals("https")) || url.getHost() == null) {
                throw new IllegalArgumentException("\"" + ShownUrl.of(url)
                        + "\" is no Remote Write URL: expected http:// or https://, a host and a path, such as"
                        + " http://127.0.0.1:9090/api/v1/write");
            }
            name = url.getHost();
            Credentials user = UserInfo.credentials(url);
            if (user != null) {
                credentials(user);
            }
        }

        /**
         * The writer's name in thread names, logs and metrics; the receiver's host by default.
         *
         * @param name not blank
         * @return this
         */
        public Builder name(String name) {
            if (name.isBlank()) {
                throw new IllegalArgumentException("the writer's name is blank");
            }
            this.name = name;
            return this;
        }

        /**
         * Which message is sent; {@link WriteProtocol#AUTO} by default.
         *
         * @param protocol the protocol
         * @return this
         */
        public Builder protocol(WriteProtocol protocol) {
            this.protocol = Objects.requireNonNull(protocol, "protocol");
            return this;
        }

        /**
         * How to reach the receiver. Replaces credentials that were set before.
         *
         * @param http credentials, headers and so on
         * @return this
         */
        public Builder http(HttpSettings http) {
            this.http = Objects.requireNonNull(http, "http");
            return this;
        }

        /**
         * Who sends; short for the same setting of {@link #http}.
         *
         * @param credentials such as {@code Credentials.basic(user, password)}
         * @return this
         */
        public Builder credentials(Credentials credentials) {
            http = http.toBuilder().credentials(credentials).build();
            return this;
        }

        /**
         * Signs each attempt; nothing is signed by default. What it sets replaces a header of the same name, {@code
         * Authorization} included.
         *
         * @param signer such as {@link SigV4Signer}
         * @return this
         */
        public Builder signer(RequestSigner signer) {
            this.signer = Objects.requireNonNull(signer, "signer");
            return this;
        }

        /**
         * How long one attempt may take, from connecting to the last byte of the response; 30 s by default.
         *
         * @param timeout a positive duration
         * @return this
         */
        public Builder timeout(Duration timeout) {
            this.timeout = requirePositive("timeout", timeout);
            return this;
        }

        /**
         * When samples leave; 10 000 samples, 1 MB or 1 s by default.
         *
         * @param batch the policy
         * @return this
         */
        public Builder batch(BatchPolicy batch) {
            this.batch = Objects.requireNonNull(batch, "batch");
            return this;
        }

        /**
         * What waits for the receiver; 32 MiB in memory, one shard, the oldest gives way, by default.
         *
         * @param queue the settings
         * @return this
         */
        public Builder queue(QueueConfig queue) {
            this.queue = Objects.requireNonNull(queue, "queue");
            return this;
        }

        /**
         * What happens to a block that was not delivered; {@link RetryPolicy#DEFAULT} by default.
         *
         * @param retry the policy
         * @return this
         */
        public Builder retry(RetryPolicy retry) {
            this.retry = Objects.requireNonNull(retry, "retry");
            return this;
        }

        /**
         * Whether exemplars are sent; not by default.
         *
         * @param sendExemplars true to send them
         * @return this
         */
        public Builder sendExemplars(boolean sendExemplars) {
            this.sendExemplars = sendExemplars;
            return this;
        }

        /**
         * Whether type, help and unit are sent; they are by default.
         *
         * @param sendMetadata false to leave them out
         * @return this
         */
        public Builder sendMetadata(boolean sendMetadata) {
            this.sendMetadata = sendMetadata;
            return this;
        }

        /**
         * How often all metadata is sent with 1.0; every minute by default.
         *
         * @param metadataInterval a positive duration
         * @return this
         */
        public Builder metadataInterval(Duration metadataInterval) {
            this.metadataInterval = requirePositive("metadataInterval", metadataInterval);
            return this;
        }

        /**
         * Labels added to every series that lacks them; none by default.
         *
         * @param externalLabels such as a cluster's name
         * @return this
         */
        public Builder externalLabels(Labels externalLabels) {
            this.externalLabels = Objects.requireNonNull(externalLabels, "externalLabels");
            return this;
        }

        /**
         * Rewrites the full labels of each series once, external labels included. None by default.
         *
         * @param writeRelabel from full labels to what is sent; null, or labels without a metric name, drop the series
         * @return this
         */
        public Builder writeRelabel(UnaryOperator<@Nullable Labels> writeRelabel) {
            this.writeRelabel = Objects.requireNonNull(writeRelabel, "writeRelabel");
            return this;
        }

        /**
         * The clock of timestamps, lingering and backoff; the system's by default.
         *
         * @param clock the clock
         * @return this
         */
        public Builder clock(Clock clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * A client of the caller's own, which the caller closes. It must not follow redirects by itself ({@link
         * HttpSettings#followRedirects()} says why). By default the writer makes its own for {@code https} and for
         * proxies, and has sockets of its own for everything else.
         *
         * @param httpClient the client; connect timeout and everything else of the connection are its own
         * @return this
         * @throws IllegalArgumentException if it follows redirects
         */
        public Builder httpClient(HttpClient httpClient) {
            if (httpClient.followRedirects() != HttpClient.Redirect.NEVER) {
                throw new IllegalArgumentException("the HTTP client follows redirects by itself and would carry"
                        + " credentials along: build it with followRedirects(NEVER), the writer follows them safely");
            }
            this.httpClient = httpClient;
            return this;
        }

        /**
         * Is told what becomes of each block; nobody by default.
         *
         * @param listener the listener
         * @return this
         */
        public Builder listener(WriteListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * The settings.
         *
         * @return immutable settings
         */
        public RemoteWriteConfig build() {
            return new RemoteWriteConfig(this);
        }

        private static Duration requirePositive(String what, Duration duration) {
            if (duration.isZero() || duration.isNegative()) {
                throw new IllegalArgumentException(what + " " + duration + " is not positive");
            }
            return duration;
        }
    }
}

package io.github.promferry.scrape;

import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.AgingClient;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.HostPort;
import io.github.promferry.http.wire.ResponseFraming;
import io.github.promferry.http.wire.ResponseReader;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Fetches by {@code java.net.http}. What that client leaves to its users is done here: redirects (it would send the
 * {@code Authorization} header to any host), a limit of the body, and ending an exchange for good: its own timeout stops
 * at the headers, and only {@code cancel(true)} of the future that {@code sendAsync} returned closes the connection.
 *
 * <p>What cannot be helped from outside (JDK 17 and 25): of the addresses of a host it tries the first alone, and it takes
 * folded headers, lines without a colon and chunk sizes such as {@code 0x1} without telling.
 */
final class HttpClientFetcher implements Fetcher {
    /** As in Go's client, which Prometheus uses. */
    static final int MAX_REDIRECTS = 10;

    private final HttpSettings settings;
    private final Executor executor;
    private final PageBuffers buffers;
    private final AgingClient client;

    /**
     * A fetcher for all targets that share the settings.
     *
     * @param executor for the client and for reading credential files, which may block: never the parse workers
     * @param age of connections
     */
    HttpClientFetcher(HttpSettings settings, Executor executor, PageBuffers buffers, ConnectionAge age) {
        this.settings = settings;
        this.executor = executor;
        this.buffers = buffers;
        client = new AgingClient(
                () -> settings.newClientBuilder().executor(executor).build(), age);
    }

    @Override
    public Fetch fetch(Request request, Receiver receiver) {
        Exchange exchange = new Exchange(request, receiver);
        executor.execute(exchange::begin);
        return exchange;
    }

    /** Where a redirect has led: credentials and extra headers stay behind. */
    Fetch fetchElsewhere(Request request, int redirects, Receiver receiver) {
        Exchange exchange = new Exchange(request, receiver);
        exchange.trusted = false;
        exchange.redirects = redirects;
        executor.execute(exchange::begin);
        return exchange;
    }

    /** The client ends by itself. */
    @Override
    public void close() {}

    /** One fetch with the redirects it is sent on. */
    private final class Exchange implements Fetch {
        private final Request request;
        private final Receiver receiver;
        // Written by one hop after the other.
        private URI uri;
        private boolean trusted = true;
        private int redirects;
        // Guarded by this.
        private @Nullable CompletableFuture<?> hop;
        private boolean canceled;

        Exchange(Request request, Receiver receiver) {
            this.request = request;
            this.receiver = receiver;
            this.uri = request.uri();
        }

        @Override
        public void cancel() {
            CompletableFuture<?> running;
            synchronized (this) {
                canceled = true;
                running = hop;
            }
            if (running != null) {
                running.cancel(true);
            }
        }

        void begin() {
            try {
                send();
            } catch (IOException e) {
                // Credentials.authorization: the message names the file, never its content.
                fail(Kind.TARGET, "no credentials: " + e.getMessage());
            } catch (IllegalArgumentException e) {
                fail(Kind.TARGET, uri.getHost() == null ? noHost() : "cannot ask: " + e.getMessage());
            } catch (RuntimeException e) {
                fail(Kind.INTERNAL, "cannot send the request: " + e);
            }
        }

        private String noHost() {
            return "java.net.http, which https and proxies need, takes no host such as " + uri.getRawAuthority()
                    + " (an underscore is one reason): give the target another name or its address";
        }

        private void send() throws IOException {
            HttpRequest.Builder message = HttpRequest.newBuilder(uri).GET();
            if (trusted) {
                settings.applyTo(message);
            }
            settings.proxyHeaders(uri).forEach(message::setHeader);
            request.headers().forEach(message::setHeader);
            CompletableFuture<HttpResponse<@Nullable PageBuffer>> sent;
            synchronized (this) {
                if (canceled) {
                    return;
                }
                sent = client.get().sendAsync(message.build(), bodyHandler());
                hop = sent;
            }
            CompletableFuture<Void> unused = sent.handle((response, error) -> {
                if (error != null) {
                    failed(error);
                } else {
                    answered(response);
                }
                return null;
            });
        }

        private BodyHandler<@Nullable PageBuffer> bodyHandler() {
            return head -> new PageSubscriber(head, new PageBody(buffers), request.maxBytes());
        }

        private void answered(HttpResponse<@Nullable PageBuffer> response) {
            int status = response.statusCode();
            PageBuffer page = response.body();
            if (page != null) {
                receiver.arrived(new Page(
                        response.headers().firstValue("Content-Type").orElse(null),
                        response.headers().firstValue("Content-Encoding").orElse(null),
                        page));
            } else if (isRedirect(status) && settings.followRedirects()) {
                redirect(status, response.headers().firstValue("Location").orElse(null));
            } else {
                if (trusted) {
                    tellRefusal(settings, status);
                }
                fail(Kind.STATUS, statusMessage(status));
            }
        }

        private void redirect(int status, @Nullable String location) {
            if (location == null) {
                fail(Kind.STATUS, statusMessage(status) + " without a Location header");
                return;
            }
            if (++redirects > MAX_REDIRECTS) {
                fail(Kind.STATUS, "stopped after " + MAX_REDIRECTS + " redirects");
                return;
            }
            URI next;
            try {
                next = uri.resolve(location);
            } catch (IllegalArgumentException e) {
                fail(Kind.STATUS, "the target redirects to an address that is no URI");
                return;
            }
            trusted &= HttpSettings.isSameServer(request.uri(), next);
            uri = next;
            begin();
        }

        private void failed(Throwable thrown) {
            Throwable error =
                    thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                if (cause instanceof FetchException found) {
                    receiver.failed(found.failure());
                    return;
                }
            }
            fail(Kind.CONNECTION, describe(error, uri));
        }

        private void fail(Kind kind, String message) {
            receiver.failed(ScrapeFailure.of(kind, message));
        }
    }

    /** A token that was refused is not kept for the next page. */
    static void tellRefusal(HttpSettings settings, int status) {
        if (status == 401 || status == 403) {
            settings.credentials().refused();
        }
    }

    static boolean isRedirect(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    static String statusMessage(int status) {
        return "server returned HTTP status " + status
                + switch (status) {
                    case 401, 403 -> ": check the credentials of the job";
                    case 404 -> ": check the path of the job";
                    case 407 -> ": check the user and password of the proxy";
                    default -> "";
                };
    }

    /** The client's exceptions often have no message, or a misleading one. */
    static String describe(Throwable error, URI uri) {
        HostPort server = HostPort.of(uri);
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return "host " + server.host() + " is not known";
            }
            if (cause instanceof NumberFormatException) {
                return "the connection to " + server + " broke: content length is not a number: " + cause.getMessage();
            }
        }
        if (error instanceof ConnectException) {
            String why = rootMessage(error);
            return "cannot connect to " + server + (why == null ? "" : ": " + why);
        }
        String why = rootMessage(error);
        return "the connection to " + server + " broke: "
                + (why == null ? error.getClass().getSimpleName() : why);
    }

    private static @Nullable String rootMessage(Throwable error) {
        String message = null;
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null) {
                message = cause.getMessage().strip().replace('\n', ' ');
            }
        }
        return message == null || message.isEmpty()
                ? null
                : message.toLowerCase(Locale.ROOT).startsWith("java.") ? null : message;
    }

    /**
     * Reads a body by the rules of {@link ResponseReader}, so far as the client lets through
     * what they are about, and closes the connection of one that breaks them.
     */
    private static final class PageSubscriber implements BodySubscriber<@Nullable PageBuffer> {
        private final ResponseInfo head;
        private final PageBody body;
        private final CompletableFuture<@Nullable PageBuffer> complete = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription;
        private boolean wanted;
        private long skipped;

        PageSubscriber(ResponseInfo head, PageBody body, int maxBytes) {
            this.head = head;
            this.body = body;
            body.limit(maxBytes);
        }

        @Override
        public CompletionStage<@Nullable PageBuffer> getBody() {
            return complete;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            try {
                wanted = body.begin(head.statusCode(), ResponseFraming.bodyLength(head.headers()));
                subscription.request(Long.MAX_VALUE);
            } catch (IOException e) {
                refuse(e);
            }
        }

        @Override
        public void onNext(List<ByteBuffer> parts) {
            for (ByteBuffer part : parts) {
                if (complete.isDone()) {
                    return;
                }
                if (wanted) {
                    append(part);
                } else {
                    skip(part.remaining());
                }
            }
        }

        private void append(ByteBuffer part) {
            try {
                body.append(part);
            } catch (IOException e) {
                refuse(e);
            }
        }

        /** To the end, so that the connection can be used again, unless that is far. */
        private void skip(int bytes) {
            skipped += bytes;
            if (skipped > ResponseReader.MAX_SKIPPED_BYTES) {
                close();
                complete.complete(null);
            }
        }

        private void refuse(IOException reason) {
            close();
            onError(reason);
        }

        private void close() {
            if (subscription != null) {
                subscription.cancel();
            }
        }

        @Override
        public void onError(Throwable error) {
            body.discard();
            complete.completeExceptionally(error);
        }

        @Override
        public void onComplete() {
            if (!complete.isDone()) {
                complete.complete(wanted ? body.take() : null);
            }
        }
    }
}

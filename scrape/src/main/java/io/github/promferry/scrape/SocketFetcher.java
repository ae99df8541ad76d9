package io.github.promferry.scrape;

import io.github.promferry.http.Credentials;
import io.github.promferry.http.HttpSettings;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.HostPort;
import io.github.promferry.http.wire.PlainRoute;
import io.github.promferry.http.wire.RequestHead;
import io.github.promferry.http.wire.ResponseReader;
import io.github.promferry.scrape.ScrapeFailure.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Fetches plain {@code http} pages by HTTP/1.1 over sockets of its own, on the one thread of {@link EventLoop}. Measured with
 * {@code FetcherCost} of the benchmarks, a page of 64 KiB costs a tenth of the processor time of {@code java.net.http} (18
 * against 190 us on JDK 17) and a fortieth of the garbage (1.8 against 83 kB). A target that hangs holds its socket and
 * nothing else.
 *
 * <p>A redirect to {@code https} goes on by {@link HttpClientFetcher}.
 */
final class SocketFetcher implements Fetcher {
    private static final Pattern IPV4 = Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");

    private final HttpSettings settings;
    private final EventLoop io;
    private final Executor blocking;
    private final PageBuffers buffers;
    private final ConnectionAge age;
    private final HttpClientFetcher secure;
    private final HostLookup hosts;
    /** Of exchanges that ended. Used on the I/O thread only. */
    private final ArrayDeque<PageReader> readers = new ArrayDeque<>();

    /**
     * A fetcher for all targets that share the settings.
     *
     * @param io the thread that waits, shared with other fetchers
     * @param blocking looks up hosts and reads credential files
     * @param age of connections
     * @param secure takes over where TLS is needed
     */
    SocketFetcher(
            HttpSettings settings,
            EventLoop io,
            Executor blocking,
            PageBuffers buffers,
            ConnectionAge age,
            HttpClientFetcher secure) {
        this(settings, io, blocking, buffers, age, secure, InetAddress::getAllByName);
    }

    SocketFetcher(
            HttpSettings settings,
            EventLoop io,
            Executor blocking,
            PageBuffers buffers,
            ConnectionAge age,
            HttpClientFetcher secure,
            HostLookup hosts) {
        this.settings = settings;
        this.io = io;
        this.blocking = blocking;
        this.buffers = buffers;
        this.age = age;
        this.secure = secure;
        this.hosts = hosts;
    }

    /** Finds the addresses of a host, which may take a while. */
    interface HostLookup {
        InetAddress[] addressesOf(String host) throws UnknownHostException;
    }

    /** Reads one response after the other. */
    private record PageReader(PageBody body, ResponseReader response) {
        PageReader(PageBody body) {
            this(body, new ResponseReader(body));
        }

        void begin(int maxBytes) {
            body.limit(maxBytes);
            response.begin();
        }

        Page page() {
            return new Page(response.header("Content-Type"), response.header("Content-Encoding"), body.take());
        }
    }

    @Override
    public Fetch fetch(Request request, Receiver receiver) {
        Exchange exchange = new Exchange(request, receiver);
        exchange.begin();
        return exchange;
    }

    /** The sockets are closed with their thread. */
    @Override
    public void close() {}

    /**
     * One fetch with the redirects it is sent on.
     *
     * <p>Credentials and the address of the host may have to be waited for, so they are had on a thread for that; all
     * else happens on the I/O thread.
     */
    private final class Exchange implements Fetch, EventLoop.Handler {
        private final Request request;
        private final Receiver receiver;
        private URI uri;
        private HostPort server;
        private boolean trusted = true;
        private int redirects;

        private final long startNanos = System.nanoTime();

        // Used on the I/O thread only.
        private ByteBuffer out = ByteBuffer.allocate(0);
        private InetAddress[] addresses = {};
        private int nextAddress;
        private EventLoop.@Nullable Connection connection;
        private boolean connecting;
        private boolean watched;
        private long connectTimeoutNanos;
        private long connectStartNanos;
        private boolean reused;
        private boolean retried;
        private @Nullable PageReader reader;
        private @Nullable Fetch successor;
        private boolean ended;

        private volatile boolean canceled;

        Exchange(Request request, Receiver receiver) {
            this.request = request;
            this.receiver = receiver;
            uri = request.uri();
            server = HostPort.of(uri);
        }

        @Override
        public void cancel() {
            canceled = true;
            io.run(this::abort);
        }

        void begin() {
            boolean mayBlock = trusted && settings.credentials() != Credentials.none();
            if (!mayBlock) {
                ask(null);
                return;
            }
            block(() -> {
                String authorization;
                try {
                    authorization = settings.credentials().authorization();
                } catch (IOException e) {
                    // The message names the file, never its content.
                    io.run(() -> fail(Kind.TARGET, "no credentials: " + e.getMessage()));
                    return;
                } catch (RuntimeException e) {
                    io.run(() -> fail(Kind.INTERNAL, "the credentials threw " + e));
                    return;
                }
                ask(authorization);
            });
        }

        private void ask(@Nullable String authorization) {
            byte[] head;
            try {
                head = head(authorization);
            } catch (IllegalArgumentException e) {
                io.run(() -> fail(Kind.TARGET, "cannot ask: " + e.getMessage()));
                return;
            }
            io.run(() -> send(head));
        }

        private void block(Runnable task) {
            try {
                blocking.execute(task);
            } catch (RejectedExecutionException e) {
                io.run(() -> fail(Kind.CONNECTION, "the scraper is closed"));
            }
        }

        private byte[] head(@Nullable String authorization) {
            RequestHead head = new RequestHead("GET", uri);
            request.headers().forEach(head::header);
            if (trusted) {
                settings.headers().forEach(head::header);
            }
            if (authorization != null) {
                head.header("Authorization", authorization);
            }
            return head.bytes();
        }

        // On the I/O thread from here on.

        private void send(byte[] head) {
            if (canceled) {
                return;
            }
            out = ByteBuffer.wrap(head);
            EventLoop.Connection kept = io.reuse(server, age, this);
            if (kept == null) {
                resolve();
                return;
            }
            reused = true;
            connection = kept;
            write();
        }

        private void resolve() {
            String host = server.host();
            if (isLiteral(host)) {
                try {
                    connect(new InetAddress[] {InetAddress.getByName(host)});
                } catch (UnknownHostException e) {
                    fail(Kind.CONNECTION, "host " + host + " is not known");
                }
                return;
            }
            block(() -> {
                try {
                    InetAddress[] found = hosts.addressesOf(host);
                    io.run(() -> connect(found));
                } catch (UnknownHostException | RuntimeException e) {
                    io.run(() -> fail(Kind.CONNECTION, "host " + host + " is not known"));
                }
            });
        }

        private void connect(InetAddress[] found) {
            addresses = found;
            nextAddress = 0;
            connectNext(null);
        }

        /** Tries one address of the host after the other. */
        private void connectNext(@Nullable IOException before) {
            if (canceled || ended) {
                return;
            }
            if (nextAddress == addresses.length) {
                String why = before == null || before.getMessage() == null ? "" : ": " + before.getMessage();
                fail(Kind.CONNECTION, "cannot connect to " + server + why);
                return;
            }
            InetSocketAddress address = new InetSocketAddress(addresses[nextAddress++], server.port());
            SocketChannel channel = null;
            try {
                channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                EventLoop.Connection opened = io.register(channel, server, this);
                connection = opened;
                reused = false;
                connecting = true;
                if (channel.connect(address)) {
                    connected(opened);
                } else {
                    opened.await(SelectionKey.OP_CONNECT);
                    watch();
                }
            } catch (IOException | RuntimeException e) {
                closeQuietly(channel);
                connectNext(e instanceof IOException io ? io : new IOException(e.getMessage(), e));
            }
        }

        /** As in Go, what is left of the time is divided among the addresses that are left: the first may be dead. */
        private void watch() {
            connectStartNanos = System.nanoTime();
            long left = request.timeout().toNanos() - (connectStartNanos - startNanos);
            connectTimeoutNanos =
                    Math.min(settings.connectTimeout().toNanos(), left / (addresses.length - nextAddress + 1));
            if (!watched) {
                watched = true;
                io.sweepWith(this::stillConnecting);
            }
        }

        private boolean stillConnecting(long nowNanos) {
            EventLoop.Connection pending = connection;
            if (connecting && !ended && pending != null && nowNanos - connectStartNanos > connectTimeoutNanos) {
                pending.close();
                connectNext(new IOException("no answer within "
                        + PrometheusDuration.format(Duration.ofMillis(connectTimeoutNanos / 1_000_000))));
            }
            watched = connecting && !ended;
            return watched;
        }

        @Override
        public void ready(EventLoop.Connection ready) {
            if (ended) {
                ready.close();
            } else if (connecting) {
                finishConnect(ready);
            } else if (out.hasRemaining()) {
                write();
            } else {
                read(ready);
            }
        }

        private void finishConnect(EventLoop.Connection opened) {
            try {
                if (opened.channel().finishConnect()) {
                    connected(opened);
                }
            } catch (IOException e) {
                opened.close();
                connectNext(e);
            }
        }

        private void connected(EventLoop.Connection opened) {
            connecting = false;
            connection = opened;
            write();
        }

        private void write() {
            EventLoop.Connection open = connection;
            if (open == null) {
                return;
            }
            try {
                open.channel().write(out);
            } catch (IOException e) {
                lost(e);
                return;
            }
            if (out.hasRemaining()) {
                open.await(SelectionKey.OP_WRITE);
                return;
            }
            PageReader next = readers.pollLast();
            reader = next == null ? new PageReader(new PageBody(buffers)) : next;
            reader.begin(request.maxBytes());
            open.await(SelectionKey.OP_READ);
        }

        private void read(EventLoop.Connection open) {
            PageReader into = reader;
            if (into == null) {
                return;
            }
            ResponseReader response = into.response();
            try {
                boolean more = true;
                while (more) {
                    ByteBuffer input = io.input();
                    int count = open.channel().read(input);
                    // A full buffer: going back to the selector for the rest would cost more than asking the socket.
                    more = !input.hasRemaining();
                    input.flip();
                    if (count < 0) {
                        response.end();
                        complete(open, into, false);
                        return;
                    }
                    if (response.feed(input)) {
                        complete(open, into, response.keepAlive() && !input.hasRemaining());
                        return;
                    }
                }
            } catch (IOException e) {
                lost(e);
            }
        }

        private void lost(IOException e) {
            if (mayRetry()) {
                retry();
                return;
            }
            closeConnection();
            if (e instanceof FetchException refused) {
                fail(refused.failure().kind(), refused.failure().message());
            } else {
                String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
                fail(Kind.CONNECTION, "the connection to " + server + " broke: " + why);
            }
        }

        /** A kept connection may have been closed by the server at the very moment it was used: ask once more. */
        private boolean mayRetry() {
            PageReader into = reader;
            return reused && !retried && (into == null || !into.response().hasStarted());
        }

        private void retry() {
            retried = true;
            closeConnection();
            releaseReader();
            out.rewind();
            resolve();
        }

        private void complete(EventLoop.Connection open, PageReader into, boolean keep) {
            connection = null;
            if (keep) {
                io.keep(open);
            } else {
                open.close();
            }
            int status = into.response().status();
            if (status == 200) {
                Page page = into.page();
                end();
                if (!canceled) {
                    receiver.arrived(page);
                } else {
                    buffers.giveBack(page.body());
                }
            } else if (HttpClientFetcher.isRedirect(status) && settings.followRedirects()) {
                String location = into.response().header("Location");
                releaseReader();
                redirect(status, location);
            } else {
                if (trusted) {
                    HttpClientFetcher.tellRefusal(settings, status);
                }
                fail(Kind.STATUS, HttpClientFetcher.statusMessage(status));
            }
        }

        private void redirect(int status, @Nullable String location) {
            URI next = null;
            try {
                next = location == null ? null : uri.resolve(location);
            } catch (IllegalArgumentException e) {
                // Told below.
            }
            if (next == null || next.getRawAuthority() == null) {
                fail(Kind.STATUS, HttpClientFetcher.statusMessage(status) + " without a Location header that is a URI");
                return;
            }
            if (++redirects > HttpClientFetcher.MAX_REDIRECTS) {
                fail(Kind.STATUS, "stopped after " + HttpClientFetcher.MAX_REDIRECTS + " redirects");
                return;
            }
            trusted &= HttpSettings.isSameServer(request.uri(), next);
            uri = next;
            server = HostPort.of(next);
            retried = false;
            if (PlainRoute.leadsTo(settings, next)) {
                begin();
            } else {
                ended = true;
                successor = secure.fetchElsewhere(
                        new Request(next, request.headers(), request.maxBytes(), request.timeout()),
                        redirects,
                        receiver);
                if (canceled) {
                    successor.cancel();
                }
            }
        }

        private void abort() {
            closeConnection();
            if (successor != null) {
                successor.cancel();
            }
            end();
        }

        private void end() {
            ended = true;
            releaseReader();
        }

        private void releaseReader() {
            PageReader used = reader;
            if (used != null) {
                used.body().discard();
                reader = null;
                readers.addLast(used);
            }
        }

        private void closeConnection() {
            if (connection != null) {
                connection.close();
                connection = null;
            }
        }

        private void fail(Kind kind, String message) {
            if (ended) {
                return;
            }
            end();
            if (!canceled) {
                receiver.failed(ScrapeFailure.of(kind, message));
            }
        }
    }

    /** An address, which is not looked up. What only resembles one is, and that takes its time. */
    static boolean isLiteral(String host) {
        return host.startsWith("[") || IPV4.matcher(host).matches();
    }

    private static void closeQuietly(@Nullable SocketChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing is lost: it never was connected.
            }
        }
    }
}

package io.github.promferry.remotewrite;

import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.RequestHead;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Posts to plain {@code http} servers by HTTP/1.1 over sockets of its own, on the thread of the caller. None of the code of
 * {@code java.net.http} and of TLS is loaded for that (900 classes and 13 MB resident less in the forwarder), and no thread
 * is started but to look up a host. A request takes 60 us of processor time in place of 600 ({@code compare-processes} of
 * the benchmarks, 2000 samples each).
 */
final class SocketPoster implements Poster, AutoCloseable {
    private final Duration connectTimeout;
    private final Duration timeout;
    private final ThreadFactory threads;
    private final ConnectionAge age;

    private final Object lock = new Object();
    // Guarded by lock.
    private final ArrayDeque<PostConnection> idle = new ArrayDeque<>();
    private boolean closed;

    /**
     * A poster without connections.
     *
     * @param timeout for messages; deadlines are given by the caller
     * @param threads for looking up hosts, which cannot be interrupted
     * @param age of connections
     */
    SocketPoster(Duration connectTimeout, Duration timeout, ThreadFactory threads, ConnectionAge age) {
        this.connectTimeout = connectTimeout;
        this.timeout = timeout;
        this.threads = threads;
        this.age = age;
    }

    @Override
    public Response post(URI url, Map<String, String> headers, ByteBuffer body, long deadlineNanos)
            throws IOException, InterruptedException {
        byte[] head = head(url, headers, body.remaining());
        PostConnection connection = connectionTo(url, deadlineNanos);
        boolean keep = false;
        try {
            Response response = connection.exchange(head, body, deadlineNanos);
            keep = connection.isUsable();
            return response;
        } catch (HttpTimeoutException e) {
            throw new HttpTimeoutException("no complete answer within " + timeout);
        } finally {
            if (!keep || !keep(connection)) {
                connection.close();
            }
        }
    }

    /** What the system has not taken of a body when {@code post} ends, it never gets. */
    @Override
    public boolean keepsBodies() {
        return false;
    }

    /** Closes what is kept; a request under way ends by the interruption of its thread. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            idle.forEach(PostConnection::close);
            idle.clear();
        }
    }

    private static byte[] head(URI url, Map<String, String> headers, int length) {
        RequestHead head = new RequestHead("POST", url).header("Content-Length", Integer.toString(length));
        headers.forEach(head::header);
        return head.bytes();
    }

    private PostConnection connectionTo(URI url, long deadlineNanos) throws IOException, InterruptedException {
        String server = url.getRawAuthority();
        for (PostConnection kept = takeIdle(server); kept != null; kept = takeIdle(server)) {
            if (kept.isStillOpen()) {
                return kept;
            }
            kept.close();
        }
        return connect(url, server, deadlineNanos);
    }

    private boolean keep(PostConnection connection) {
        synchronized (lock) {
            if (!closed) {
                idle.addLast(connection);
            }
            return !closed;
        }
    }

    /** The one used last: those before it may time out. */
    private @Nullable PostConnection takeIdle(String server) {
        synchronized (lock) {
            for (Iterator<PostConnection> all = idle.descendingIterator(); all.hasNext(); ) {
                PostConnection one = all.next();
                if (one.server().equals(server)) {
                    all.remove();
                    return one;
                }
            }
            return null;
        }
    }

    /** Tries one address of the host after the other. */
    private PostConnection connect(URI url, String server, long deadlineNanos)
            throws IOException, InterruptedException {
        String host = url.getHost();
        int port = url.getPort() >= 0 ? url.getPort() : 80;
        IOException failure = new UnknownHostException("host " + host + " is not known");
        for (InetAddress address : lookUp(host, deadlineNanos)) {
            long until = System.nanoTime() + connectTimeout.toNanos();
            try {
                return PostConnection.open(
                        server,
                        new InetSocketAddress(address, port),
                        age,
                        until - deadlineNanos < 0 ? until : deadlineNanos);
            } catch (HttpTimeoutException e) {
                failure =
                        new HttpTimeoutException("no connection to " + host + ":" + port + " within " + connectTimeout);
            } catch (IOException e) {
                failure = new ConnectException("cannot connect to " + host + ":" + port + ": " + e.getMessage());
                failure.initCause(e);
            }
        }
        throw failure;
    }

    private InetAddress[] lookUp(String host, long deadlineNanos) throws IOException, InterruptedException {
        FutureTask<InetAddress[]> found = new FutureTask<>(() -> InetAddress.getAllByName(host));
        threads.newThread(found).start();
        try {
            return found.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("host " + host + " was not looked up within " + timeout);
        } catch (ExecutionException e) {
            throw new IOException("host " + host + " is not known", e.getCause());
        }
    }
}

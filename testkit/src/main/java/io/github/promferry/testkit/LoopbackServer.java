package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.Clock;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 on raw loopback sockets, so that a test can break the protocol at any byte, which a proper server forbids. A
 * thread per connection; keep-alive; can be stopped and started again on the same port.
 */
final class LoopbackServer implements AutoCloseable {
    private static final int MAX_HEAD_BYTES = 1 << 20;

    /** Answers one request. */
    @FunctionalInterface
    interface Handler {
        /** Returns whether the connection may serve another request. */
        boolean handle(Exchange exchange) throws IOException, InterruptedException;
    }

    private final String name;
    private final Clock clock;
    private final @Nullable SSLContext tls;
    private final Handler handler;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private InetAddress address = InetAddress.getLoopbackAddress();
    private int port;
    private @Nullable Run run;

    /** What lives between a start and the next stop. */
    private static final class Run {
        final ServerSocket listener;
        final CountDownLatch stopped = new CountDownLatch(1);
        final Map<Socket, Thread> connections = new ConcurrentHashMap<>();
        final Thread acceptor;

        Run(ServerSocket listener, Consumer<Run> accept, String threadName) {
            this.listener = listener;
            this.acceptor = new Thread(() -> accept.accept(this), threadName);
            acceptor.setDaemon(true);
        }
    }

    LoopbackServer(String name, Clock clock, @Nullable SSLContext tls, Handler handler) {
        this.name = name;
        this.clock = clock;
        this.tls = tls;
        this.handler = handler;
    }

    /** Before it starts: where to listen instead of the usual 127.0.0.1. */
    synchronized void address(InetAddress loopback) {
        address = loopback;
    }

    /** Listens; on a free port the first time, on the same one later. */
    synchronized void start() {
        if (run != null) {
            throw new IllegalStateException(name + " runs already, on port " + port);
        }
        try {
            ServerSocket listener = tls == null
                    ? new ServerSocket()
                    : tls.getServerSocketFactory().createServerSocket();
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(address, port), 128);
            port = listener.getLocalPort();
            Run started = new Run(listener, this::accept, name + "-accept");
            run = started;
            started.acceptor.start();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot listen on loopback port " + port, e);
        }
    }

    /** Refuses new connections and closes the open ones; returns when all its threads have ended. */
    @SuppressWarnings("Interruption") // The connection threads are this server's own.
    synchronized void stop() {
        Run stopping = run;
        if (stopping == null) {
            return;
        }
        run = null;
        stopping.stopped.countDown();
        closeQuietly(stopping.listener);
        boolean interrupted = joinUninterruptibly(stopping.acceptor);
        for (Map.Entry<Socket, Thread> connection : stopping.connections.entrySet()) {
            closeQuietly(connection.getKey());
            connection.getValue().interrupt();
            interrupted |= joinUninterruptibly(connection.getValue());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }

    synchronized boolean isRunning() {
        return run != null;
    }

    synchronized int port() {
        return port;
    }

    int connectionCount() {
        return connections.get();
    }

    private void accept(Run running) {
        while (running.stopped.getCount() > 0) {
            try {
                Socket socket = running.listener.accept();
                int number = connections.getAndIncrement();
                Thread thread = new Thread(() -> serve(running, socket, number), name + "-" + number);
                thread.setDaemon(true);
                running.connections.put(socket, thread);
                thread.start();
            } catch (IOException e) {
                // The listener was closed, or a client went away before it was accepted.
            }
        }
    }

    private void serve(Run running, Socket socket, int number) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
            while (true) {
                List<String> head = readHead(in);
                if (head == null) {
                    return;
                }
                Exchange exchange = new Exchange(running, socket, in, record(head, number));
                if (!handler.handle(exchange)) {
                    exchange.lingerThenClose();
                    return;
                }
                exchange.readBody();
            }
        } catch (IOException e) {
            // The peer or the script has broken the connection: nobody to tell.
        } catch (InterruptedException e) {
            // The server stops and ends this thread.
        } finally {
            running.connections.remove(socket);
        }
    }

    private RecordedRequest record(List<String> head, int connection) throws IOException {
        String[] requestLine = head.get(0).split(" ", 3);
        if (requestLine.length != 3) {
            throw new IOException("not a request line: " + head.get(0));
        }
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (String line : head.subList(1, head.size())) {
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IOException("not a header: " + line);
            }
            headers.add(Map.entry(
                    line.substring(0, colon), line.substring(colon + 1).strip()));
        }
        return new RecordedRequest(
                requests.getAndIncrement(),
                connection,
                clock.wallMillis(),
                clock.nanos(),
                requestLine[0],
                requestLine[1],
                List.copyOf(headers),
                new byte[0]);
    }

    /** Lines up to the empty one, or null if the connection ended between two requests. */
    private static @Nullable List<String> readHead(InputStream in) throws IOException {
        List<String> lines = new ArrayList<>();
        int total = 0;
        while (true) {
            String line = readLine(in);
            if (line == null && lines.isEmpty()) {
                return null;
            }
            if (line == null) {
                throw new EOFException("connection ended within a request's head");
            }
            if (line.isEmpty() && !lines.isEmpty()) {
                return lines;
            }
            total += line.length();
            if (total > MAX_HEAD_BYTES) {
                throw new IOException("request head over " + MAX_HEAD_BYTES + " bytes");
            }
            if (!line.isEmpty()) {
                lines.add(line);
            }
        }
    }

    private static @Nullable String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int b = in.read();
        if (b < 0) {
            return null;
        }
        while (b >= 0 && b != '\n') {
            line.write(b);
            if (line.size() > MAX_HEAD_BYTES) {
                throw new IOException("line over " + MAX_HEAD_BYTES + " bytes");
            }
            b = in.read();
        }
        String text = line.toString(UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // It is gone either way, and the others must be closed too.
            return;
        }
    }

    /** Returns whether the calling thread was interrupted meanwhile. */
    private static boolean joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    /** One request and the connection to answer it on. Used by the connection's thread. */
    static final class Exchange {
        private final Run running;
        private final Socket socket;
        private final InputStream in;
        private final RecordedRequest head;
        private byte @Nullable [] body;
        private boolean reset;

        private Exchange(Run running, Socket socket, InputStream in, RecordedRequest head) {
            this.running = running;
            this.socket = socket;
            this.in = in;
            this.head = head;
        }

        /** The request without its body. */
        RecordedRequest head() {
            return head;
        }

        /** The request's body as sent, chunks joined; empty if it has none. */
        byte[] readBody() throws IOException {
            byte[] read = body;
            if (read == null) {
                read = receiveBody();
                body = read;
            }
            return read;
        }

        OutputStream out() throws IOException {
            return socket.getOutputStream();
        }

        /** Waits, but not for longer than the server lives. */
        void pause(Duration wait) throws InterruptedException {
            if (!wait.isZero() && running.stopped.await(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new InterruptedException("the server stops");
            }
        }

        /** Sends a TCP reset instead of an orderly end. */
        void reset() throws IOException {
            reset = true;
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /**
         * Ends the connection so that the peer can still read the answer: closing a socket with unread input would send
         * a reset that overtakes it.
         */
        private void lingerThenClose() throws IOException {
            if (reset || socket.isClosed()) {
                return;
            }
            if (!(socket instanceof SSLSocket)) {
                socket.shutdownOutput();
            }
            socket.setSoTimeout(200);
            byte[] waste = new byte[1 << 14];
            long limit = 64L << 20;
            int count = 0;
            while (limit > 0 && count >= 0) {
                count = in.read(waste);
                limit -= count;
            }
        }

        private byte[] receiveBody() throws IOException {
            if (head.headers("Expect").stream().anyMatch("100-continue"::equalsIgnoreCase)) {
                out().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(UTF_8));
                out().flush();
            }
            if (head.headers("Transfer-Encoding").stream().anyMatch("chunked"::equalsIgnoreCase)) {
                return receiveChunks();
            }
            String length = head.header("Content-Length");
            return length == null ? new byte[0] : receiveExactly(Integer.parseInt(length));
        }

        private byte[] receiveChunks() throws IOException {
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            while (true) {
                String sizeLine = readLine(in);
                if (sizeLine == null) {
                    throw new EOFException("connection ended within a chunked body");
                }
                int size = Integer.parseInt(sizeLine.split(";", 2)[0].strip(), 16);
                joined.writeBytes(receiveExactly(size));
                String end = readLine(in);
                if (size == 0) {
                    while (end != null && !end.isEmpty()) {
                        end = readLine(in);
                    }
                    return joined.toByteArray();
                }
            }
        }

        private byte[] receiveExactly(int size) throws IOException {
            byte[] bytes = in.readNBytes(size);
            if (bytes.length < size) {
                throw new EOFException("connection ended after " + bytes.length + " of " + size + " body bytes");
            }
            return bytes;
        }
    }
}

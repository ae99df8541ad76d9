package io.github.promferry.benchmarks.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.promferry.benchmarks.BenchmarkPage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/**
 * Many targets in one thread, each on a port of its own. A request is answered with the next of eight scrapes of the page,
 * rendered and compressed beforehand, so that the targets take little of the processor that is being measured.
 */
final class TargetFleet implements AutoCloseable {
    private static final int SCRAPES = 8;
    private static final int MAX_REQUEST_BYTES = 16 * 1024;

    private final Selector selector;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final byte[][] plain = new byte[SCRAPES][];
    private final byte[][] gzipped = new byte[SCRAPES][];
    private final Thread thread = new Thread(this::serve, "target-fleet");
    private volatile boolean closed;

    TargetFleet(String corpusName, int targets) throws IOException {
        selector = Selector.open();
        BenchmarkPage[] pages = BenchmarkPage.scrapes(corpusName, SCRAPES);
        for (int i = 0; i < SCRAPES; i++) {
            plain[i] = response(pages[i].bytes(), pages[i].length(), "");
            byte[] compressed = gzip(pages[i]);
            gzipped[i] = response(compressed, compressed.length, "Content-Encoding: gzip\r\n");
        }
        for (int target = 0; target < targets; target++) {
            ServerSocketChannel listener = ServerSocketChannel.open();
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT, target);
            listeners.add(listener);
        }
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Host and port of every target. */
    List<String> addresses() {
        return listeners.stream()
                .map(listener -> "127.0.0.1:" + listener.socket().getLocalPort())
                .toList();
    }

    @Override
    public void close() throws IOException {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }

    private void serve() {
        try {
            while (!closed) {
                selector.select(this::handle);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void handle(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                accept((ServerSocketChannel) key.channel(), (int) key.attachment());
            } else {
                Connection connection = (Connection) key.attachment();
                if (!connection.advance()) {
                    key.channel().close();
                } else {
                    key.interestOps(connection.isWriting() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
                }
            }
        } catch (IOException connectionLost) {
            key.cancel();
            closeQuietly(key);
        }
    }

    private static void closeQuietly(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException alreadyGone) {
            // Nothing is left to close.
        }
    }

    private void accept(ServerSocketChannel listener, int target) throws IOException {
        SocketChannel channel = listener.accept();
        if (channel != null) {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.register(selector, SelectionKey.OP_READ, new Connection(channel, target));
        }
    }

    private static byte[] response(byte[] body, int length, String encoding) {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" + encoding
                + "Content-Length: " + length + "\r\n\r\n";
        ByteArrayOutputStream response = new ByteArrayOutputStream(length + 200);
        response.writeBytes(head.getBytes(ISO_8859_1));
        response.write(body, 0, length);
        return response.toByteArray();
    }

    private static byte[] gzip(BenchmarkPage page) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(page.bytes(), 0, page.length());
        }
        return compressed.toByteArray();
    }

    /** One keep-alive connection: reads a request's head, writes a page, and again. */
    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer request = ByteBuffer.allocate(MAX_REQUEST_BYTES);
        private int scrape;
        private ByteBuffer response = ByteBuffer.allocate(0);

        private Connection(SocketChannel channel, int target) {
            this.channel = channel;
            scrape = target;
        }

        private boolean isWriting() {
            return response.hasRemaining();
        }

        /** False when the client has closed the connection or sends nonsense. */
        private boolean advance() throws IOException {
            if (!isWriting()) {
                if (channel.read(request) < 0 || !request.hasRemaining()) {
                    return false;
                }
                String head = new String(request.array(), 0, request.position(), ISO_8859_1);
                if (!head.endsWith("\r\n\r\n")) {
                    return true;
                }
                request.clear();
                boolean gzip = head.toLowerCase(Locale.ROOT).matches("(?s).*\r\naccept-encoding:[^\r]*gzip.*");
                response = ByteBuffer.wrap((gzip ? gzipped : plain)[scrape++ & SCRAPES - 1]);
            }
            channel.write(response);
            return true;
        }
    }
}

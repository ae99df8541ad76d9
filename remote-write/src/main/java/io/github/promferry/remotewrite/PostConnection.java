package io.github.promferry.remotewrite;

import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.ResponseReader;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.http.HttpHeaders;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection for one request after the other. The thread that uses it waits at its selector, which knows deadlines and
 * interruption; a blocking socket knows the first for reading alone.
 */
final class PostConnection implements Closeable {
    /** As Prometheus. */
    private static final long MAX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** What is written at once is copied into a buffer outside of the heap, which the JDK keeps for the thread. */
    private static final int MAX_WRITTEN = 32 * 1024;

    private static final int INPUT_BYTES = 8 * 1024;

    private final String server;
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES);
    private final Answer answer = new Answer();
    private final ResponseReader reader = new ResponseReader(answer);
    private final ConnectionAge age;
    private final long openedNanos;
    private long usedNanos;
    private boolean usable;

    /** Wants the first bytes of any body. */
    private static final class Answer implements ResponseReader.Body {
        private final AnswerText text = new AnswerText();

        @Override
        public boolean begin(int status, long length) {
            return true;
        }

        @Override
        public boolean append(ByteBuffer bytes) {
            text.append(bytes);
            return !text.isFull();
        }
    }

    private PostConnection(String server, SocketChannel channel, Selector selector, ConnectionAge age)
            throws IOException {
        this.server = server;
        this.channel = channel;
        this.selector = selector;
        this.age = age;
        openedNanos = age.nanos();
        usedNanos = openedNanos;
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        key = channel.register(selector, 0);
    }

    /**
     * Connects.
     *
     * @throws HttpTimeoutException if that takes too long
     */
    static PostConnection open(String server, InetSocketAddress address, ConnectionAge age, long deadlineNanos)
            throws IOException, InterruptedException {
        SocketChannel channel = SocketChannel.open();
        Selector selector = null;
        boolean connected = false;
        try {
            selector = Selector.open();
            PostConnection opened = new PostConnection(server, channel, selector, age);
            connected = channel.connect(address);
            while (!connected) {
                opened.await(SelectionKey.OP_CONNECT, deadlineNanos);
                connected = channel.finishConnect();
            }
            return opened;
        } finally {
            if (!connected) {
                closeBoth(channel, selector);
            }
        }
    }

    /** Host and port as in the URL. */
    String server() {
        return server;
    }

    /** Whether a kept connection can be expected to work. */
    boolean isStillOpen() {
        if (age.isOver(openedNanos) || age.nanos() - usedNanos > MAX_IDLE_NANOS) {
            return false;
        }
        try {
            // Its end has come, or what nobody asked for.
            return channel.read(input.clear()) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether the connection can take another request after a complete answer. */
    boolean isUsable() {
        return usable;
    }

    /**
     * Sends a request and reads the answer, which may come before the request is sent completely.
     *
     * @throws HttpTimeoutException if it is not complete in time
     * @throws IOException if there is no answer; "received no bytes" is in the message if nothing of it came, which tells
     *     the caller, as in {@code java.net.http}, that the server may have closed a connection that was idle
     */
    Response exchange(byte[] head, ByteBuffer body, long deadlineNanos) throws IOException, InterruptedException {
        usable = false;
        answer.text.clear();
        reader.begin();
        ByteBuffer[] request = {ByteBuffer.wrap(head), body.slice()};
        boolean sent = false;
        boolean broken = false;
        try {
            do {
                try {
                    sent = sent || send(request);
                } catch (IOException e) {
                    // The server may have closed its side after an answer that is still to be read, such as 413.
                    sent = true;
                    broken = true;
                }
                await(sent ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE, deadlineNanos);
            } while (!receive());
        } catch (HttpTimeoutException e) {
            throw e;
        } catch (IOException e) {
            String what =
                    reader.hasStarted() ? "the connection broke: " : "the connection broke and received no bytes: ";
            throw new IOException(what + e.getMessage(), e);
        }
        usable = sent && !broken && reader.keepAlive() && !input.hasRemaining();
        usedNanos = age.nanos();
        return new Response(
                reader.status(), HttpHeaders.of(reader.headers(), (name, value) -> true), answer.text.toString());
    }

    /** Sends as much as the socket takes; true if that was all. */
    private boolean send(ByteBuffer[] request) throws IOException {
        ByteBuffer body = request[1];
        while (body.position() < body.capacity()) {
            body.limit(Math.min(body.position() + MAX_WRITTEN, body.capacity()));
            long wanted = (long) request[0].remaining() + body.remaining();
            if (channel.write(request) < wanted) {
                return false;
            }
        }
        return true;
    }

    /** Reads what is there; true if the answer is complete. */
    private boolean receive() throws IOException {
        while (true) {
            int count = channel.read(input.clear());
            input.flip();
            if (count < 0) {
                reader.end();
                return true;
            }
            if (count == 0 || reader.feed(input)) {
                return count > 0;
            }
        }
    }

    private void await(int operations, long deadlineNanos) throws IOException, InterruptedException {
        key.interestOps(operations);
        int ready = 0;
        while (ready == 0) {
            long left = deadlineNanos - System.nanoTime();
            if (left <= 0) {
                throw new HttpTimeoutException("too late");
            }
            // Rounded up, since 0 would be for ever.
            ready = selector.select(TimeUnit.NANOSECONDS.toMillis(left) + 1);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        selector.selectedKeys().clear();
    }

    @Override
    public void close() {
        closeBoth(channel, selector);
    }

    private static void closeBoth(SocketChannel channel, @Nullable Selector selector) {
        try (channel;
                selector) {
            // The socket first, since its key would keep it open.
        } catch (IOException e) {
            // Nothing that was sent depends on it.
        }
    }
}

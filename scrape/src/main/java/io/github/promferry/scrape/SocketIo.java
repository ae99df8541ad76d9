package io.github.promferry.scrape;

import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One thread that waits for all sockets of a scraper, and the connections that are kept for the next page. A target that
 * hangs costs its socket and nothing else.
 *
 * <p>Everything but {@link #run} and {@link #close} happens on that thread.
 */
final class SocketIo {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    private static final long SWEEP_MILLIS = 250;

    /** As Prometheus: above any sane interval. uvicorn, for one, closes after 5 s by itself. */
    private static final long MAX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** A connection this old is not used again, so that a host that has moved is noticed. */
    private static final long MAX_AGE_NANOS = TimeUnit.MINUTES.toNanos(10);

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Map<String, ArrayDeque<Connection>> idle = new HashMap<>();
    private final List<Sweeper> sweepers = new ArrayList<>();
    /** For all reads: what comes is copied to where it belongs at once. */
    private final ByteBuffer input = ByteBuffer.allocateDirect(64 * 1024);

    private final Object lock = new Object();
    // Guarded by lock.
    private @Nullable Selector selector;
    private boolean closed;

    /** What is done when a socket is ready. */
    interface Handler {
        void ready(Connection connection) throws IOException;
    }

    /** Looks now and then for what has taken too long. */
    interface Sweeper {
        /** False when there is nothing to look for any more. */
        boolean sweep(long nowNanos);
    }

    /** A socket. */
    static final class Connection implements Closeable {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final String server;
        private final long openedNanos = System.nanoTime();
        private long idleNanos;
        private Handler handler;

        private Connection(SocketChannel channel, SelectionKey key, String server, Handler handler) {
            this.channel = channel;
            this.key = key;
            this.server = server;
            this.handler = handler;
        }

        SocketChannel channel() {
            return channel;
        }

        /** Waits for the given operations and nothing else. */
        void await(int operations) {
            key.interestOps(operations);
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "closing a socket", e);
            }
        }
    }

    /** Runs the task on the thread, which is started for the first one. Dropped once this is closed. */
    void run(Runnable task) {
        synchronized (lock) {
            if (closed) {
                return;
            }
            tasks.add(task);
            Selector running = selector;
            if (running != null) {
                running.wakeup();
                return;
            }
            start();
        }
    }

    private void start() {
        Selector opened;
        try {
            opened = Selector.open();
        } catch (IOException e) {
            throw new IllegalStateException("cannot wait for sockets: " + e.getMessage(), e);
        }
        selector = opened;
        // The first task is waiting already.
        opened.wakeup();
        Thread thread = new Thread(null, () -> loop(opened), "promferry-scrape-io", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        thread.start();
    }

    /** Closes all sockets and ends the thread. */
    void close() {
        synchronized (lock) {
            closed = true;
            if (selector != null) {
                selector.wakeup();
            }
        }
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    /** An open socket that begins to connect. */
    Connection register(SocketChannel channel, String server, Handler handler) throws IOException {
        Selector running;
        synchronized (lock) {
            running = selector;
        }
        if (running == null) {
            throw new IllegalStateException("only on the thread");
        }
        SelectionKey key = channel.register(running, 0);
        Connection connection = new Connection(channel, key, server, handler);
        key.attach(connection);
        return connection;
    }

    /** A kept connection to the server, for the handler from now on; or null. */
    @Nullable
    Connection reuse(String server, Handler handler) {
        ArrayDeque<Connection> kept = idle.get(server);
        if (kept == null) {
            return null;
        }
        // The one used last: those before it may time out.
        Connection connection = kept.pollLast();
        if (kept.isEmpty()) {
            idle.remove(server);
        }
        if (connection != null) {
            connection.handler = handler;
        }
        return connection;
    }

    /** Keeps the connection for the next page. */
    void keep(Connection connection) {
        long now = System.nanoTime();
        if (now - connection.openedNanos > MAX_AGE_NANOS) {
            connection.close();
            return;
        }
        connection.idleNanos = now;
        // Whatever comes from a server that was asked nothing means that the connection is of no use.
        connection.handler = this::dropIdle;
        connection.await(SelectionKey.OP_READ);
        idle.computeIfAbsent(connection.server, key -> new ArrayDeque<>()).addLast(connection);
    }

    void sweepWith(Sweeper sweeper) {
        sweepers.add(sweeper);
    }

    ByteBuffer input() {
        return input.clear();
    }

    private void dropIdle(Connection connection) {
        connection.close();
        ArrayDeque<Connection> kept = idle.get(connection.server);
        if (kept != null) {
            kept.remove(connection);
            if (kept.isEmpty()) {
                idle.remove(connection.server);
            }
        }
    }

    private void loop(Selector opened) {
        long sweptNanos = System.nanoTime();
        try (opened) {
            while (!isClosed()) {
                boolean watching = !idle.isEmpty() || !sweepers.isEmpty();
                opened.select(this::handle, watching ? SWEEP_MILLIS : 0);
                runTasks();
                long now = System.nanoTime();
                if (now - sweptNanos >= TimeUnit.MILLISECONDS.toNanos(SWEEP_MILLIS)) {
                    sweptNanos = now;
                    sweep(now);
                }
            }
            opened.keys().forEach(key -> close(key.channel()));
        } catch (IOException e) {
            LOG.log(Level.ERROR, "waiting for sockets failed; no target can be fetched any more", e);
        }
    }

    private void handle(SelectionKey key) {
        Connection connection = (Connection) key.attachment();
        try {
            connection.handler.ready(connection);
        } catch (IOException | RuntimeException e) {
            // Handlers deal with what can happen to their socket; this is a mistake of ours, of one target alone.
            LOG.log(Level.ERROR, "a socket's handler failed", e);
            connection.close();
        }
    }

    private void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "a task of the socket thread failed", e);
            }
        }
    }

    private void sweep(long now) {
        sweepers.removeIf(sweeper -> !sweeper.sweep(now));
        for (Iterator<ArrayDeque<Connection>> all = idle.values().iterator(); all.hasNext(); ) {
            ArrayDeque<Connection> kept = all.next();
            while (!kept.isEmpty() && now - kept.getFirst().idleNanos > MAX_IDLE_NANOS) {
                kept.removeFirst().close();
            }
            if (kept.isEmpty()) {
                all.remove();
            }
        }
    }

    private static void close(SelectableChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "closing a socket", e);
        }
    }
}

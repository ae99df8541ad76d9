package io.github.promferry.scrape;

import io.github.promferry.Clock;
import io.github.promferry.http.wire.ConnectionAge;
import io.github.promferry.http.wire.HostPort;
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
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One thread that waits for everything a scraper waits for: the alarms of its schedule and all sockets. It also has the
 * connections that are kept for the next page. A target that hangs costs its socket and nothing else.
 *
 * <p>Time and sockets share a thread because a scrape begins with the one and goes on with the other: handing it over would
 * be a wake-up for each page. Everything but {@link #start}, {@link #run} and {@link #close} happens on that thread.
 */
final class EventLoop {
    private static final Logger LOG = System.getLogger(Scraper.LOGGER);

    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** So long may sockets that are ready wait for what is done beside. */
    private static final long MAX_WORK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** A clock moved by hand wakes nobody, so it is looked at this often. */
    private static final long FOREIGN_CLOCK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** As Prometheus: above any sane interval. uvicorn, for one, closes after 5 s by itself. */
    private static final long MAX_IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Map<HostPort, ArrayDeque<Connection>> idle = new HashMap<>();
    private final List<Sweeper> sweepers = new ArrayList<>();
    /** For all reads: what comes is copied to where it belongs at once. */
    private final ByteBuffer input = ByteBuffer.allocateDirect(64 * 1024);

    private final ScrapeSchedule schedule;
    private long sweptNanos = System.nanoTime();
    /** When the last wait for sockets ended, and whether one of them was ready. */
    private long roundNanos = System.nanoTime();

    private boolean inRound;

    private final Object lock = new Object();
    // Written with the lock.
    private volatile @Nullable Selector selector;
    private volatile @Nullable Thread thread;
    private volatile boolean closed;

    EventLoop(ScrapeSchedule schedule) {
        this.schedule = schedule;
        schedule.whenEarlier(this::wake);
    }

    /** What is done when a socket is ready. */
    interface Handler {
        void ready(Connection connection);
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
        private final HostPort server;
        private final long openedNanos;
        private long idleNanos;
        private Handler handler;

        private Connection(
                SocketChannel channel, SelectionKey key, HostPort server, long openedNanos, Handler handler) {
            this.channel = channel;
            this.key = key;
            this.server = server;
            this.openedNanos = openedNanos;
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

    /** Of alarms and of connections that are kept. What a server is given to answer is real time. */
    Clock clock() {
        return schedule.clock();
    }

    /** Begins to ring the alarms of the schedule. Does nothing the second time. */
    void start() {
        synchronized (lock) {
            if (selector != null || closed) {
                return;
            }
            Selector opened;
            try {
                opened = Selector.open();
            } catch (IOException e) {
                throw new IllegalStateException("cannot wait for sockets: " + e.getMessage(), e);
            }
            Thread created = new Thread(null, () -> loop(opened), "promferry-scrape-loop", 0, false);
            created.setDaemon(true);
            created.setContextClassLoader(null);
            selector = opened;
            thread = created;
            created.start();
        }
    }

    /** Runs the task on the thread, which is started for the first one. Dropped once this is closed. */
    void run(Runnable task) {
        start();
        tasks.add(task);
        wake();
    }

    /**
     * Where small pieces of work are done that the thread itself comes to: right there, unless others have kept its sockets
     * waiting already. A page that its reader goes on with is in the caches of that core, and nobody has to be woken.
     *
     * @param workers do what comes from other threads and what there is no time for
     */
    Executor orBy(Executor workers) {
        return work -> {
            if (Thread.currentThread() != thread || System.nanoTime() - roundNanos > MAX_WORK_NANOS) {
                workers.execute(work);
                return;
            }
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                // As on a thread of its own: whoever had it done goes on.
                Thread here = Thread.currentThread();
                here.getUncaughtExceptionHandler().uncaughtException(here, e);
            }
        };
    }

    /**
     * Closes all sockets and ends the thread.
     *
     * @return the thread, which may have something to finish; null if there was none
     */
    @Nullable
    Thread close() {
        synchronized (lock) {
            closed = true;
        }
        wake();
        return thread;
    }

    /** On the thread itself there is no need: it looks at tasks and alarms before it waits. */
    private void wake() {
        Selector running = selector;
        if (running != null && Thread.currentThread() != thread) {
            running.wakeup();
        }
    }

    /** An open socket that begins to connect. */
    Connection register(SocketChannel channel, HostPort server, Handler handler) throws IOException {
        Selector running = selector;
        if (running == null) {
            throw new IllegalStateException("only on the thread");
        }
        SelectionKey key = channel.register(running, 0);
        Connection connection = new Connection(channel, key, server, clock().nanos(), handler);
        key.attach(connection);
        return connection;
    }

    /**
     * A kept connection to the server, for the handler from now on; or null. Jobs share connections, so it is the one that
     * asks who knows how old it may be.
     */
    @Nullable
    Connection reuse(HostPort server, ConnectionAge age, Handler handler) {
        // The one used last: those before it may time out.
        for (Connection kept = takeIdle(server); kept != null; kept = takeIdle(server)) {
            if (!age.isOver(kept.openedNanos)) {
                kept.handler = handler;
                return kept;
            }
            kept.close();
        }
        return null;
    }

    private @Nullable Connection takeIdle(HostPort server) {
        ArrayDeque<Connection> kept = idle.get(server);
        if (kept == null) {
            return null;
        }
        Connection connection = kept.pollLast();
        if (kept.isEmpty()) {
            idle.remove(server);
        }
        return connection;
    }

    /** Keeps the connection for the next page. */
    void keep(Connection connection) {
        connection.idleNanos = clock().nanos();
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
        try (opened) {
            while (!closed) {
                schedule.ringDue();
                sweepIfDue();
                runTasks();
                await(opened);
            }
            opened.keys().forEach(key -> close(key.channel()));
        } catch (IOException e) {
            LOG.log(Level.ERROR, "waiting for sockets failed; no target can be scraped any more", e);
        }
    }

    private void await(Selector opened) throws IOException {
        long nanos = schedule.nanosToNext();
        if (!idle.isEmpty() || !sweepers.isEmpty()) {
            nanos = Math.min(nanos, SWEEP_NANOS);
        }
        if (clock() != Clock.SYSTEM) {
            nanos = Math.min(nanos, FOREIGN_CLOCK_NANOS);
        }
        inRound = false;
        if (nanos <= 0) {
            opened.selectNow(this::handle);
        } else {
            // Rounded up: a wake-up too early would be one in vain. 0 is for ever, as is the largest number.
            opened.select(this::handle, nanos == Long.MAX_VALUE ? 0 : (nanos - 1) / 1_000_000 + 1);
        }
        if (Thread.interrupted()) {
            // Only close() ends this thread: whoever interrupts it must not stop every target's scrapes.
            LOG.log(Level.DEBUG, "the scrape loop was interrupted and goes on");
        }
    }

    private void handle(SelectionKey key) {
        if (!inRound) {
            inRound = true;
            roundNanos = System.nanoTime();
        }
        Connection connection = (Connection) key.attachment();
        try {
            connection.handler.ready(connection);
        } catch (RuntimeException | Error e) {
            goOnAfter(e);
            connection.close();
        }
    }

    private void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                goOnAfter(e);
            }
        }
    }

    /**
     * Whoever is at work here deals with what can happen to a socket. Whatever is thrown nevertheless, an error of the machine
     * included, costs one scrape and not those of all targets.
     */
    private static void goOnAfter(Throwable unexpected) {
        LOG.log(Level.ERROR, "the scrape loop goes on after an unexpected exception", unexpected);
    }

    private void sweepIfDue() {
        long now = System.nanoTime();
        if (now - sweptNanos < SWEEP_NANOS) {
            return;
        }
        sweptNanos = now;
        // A sweeper may bring another one.
        List<Sweeper> due = List.copyOf(sweepers);
        sweepers.clear();
        for (Sweeper sweeper : due) {
            try {
                if (sweeper.sweep(now)) {
                    sweepers.add(sweeper);
                }
            } catch (RuntimeException | Error e) {
                goOnAfter(e);
            }
        }
        long idleSince = clock().nanos() - MAX_IDLE_NANOS;
        for (Iterator<ArrayDeque<Connection>> all = idle.values().iterator(); all.hasNext(); ) {
            ArrayDeque<Connection> kept = all.next();
            while (!kept.isEmpty() && kept.getFirst().idleNanos - idleSince < 0) {
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

package io.github.promferry.examples.interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Passes connections on to a server and counts those that it could not pass on because the server was away. */
final class CountingRelay implements AutoCloseable {
    private final ServerSocket listener;
    private final int serverPort;
    private final AtomicInteger failed = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    CountingRelay(int serverPort) throws IOException {
        this.serverPort = serverPort;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        inBackground(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    int failedConnections() {
        return failed.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            open.add(client);
            try {
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                open.add(server);
                inBackground(() -> copy(client, server));
                inBackground(() -> copy(server, client));
            } catch (IOException e) {
                failed.incrementAndGet();
                drop(client);
            }
        }
    }

    private void copy(Socket from, Socket to) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            in.transferTo(out);
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    private void drop(Socket socket) throws IOException {
        open.remove(socket);
        socket.close();
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void inBackground(Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        // One of the two sides has closed: the relay's job is done.
                    }
                },
                "counting-relay");
        thread.setDaemon(true);
        thread.start();
    }
}

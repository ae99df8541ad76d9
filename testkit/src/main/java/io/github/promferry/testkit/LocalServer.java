package io.github.promferry.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A server program of this machine, run as a child process for a test: started until it answers, stopped, killed, started
 * again with the same arguments. Its output goes to a file in its directory. It dies with this JVM. Thread-safe.
 *
 * <pre>{@code
 * Path binary = LocalServer.find("victoria-metrics");   // null: not installed
 * int port = LocalServer.freePort();
 * try (LocalServer server = LocalServer.start(directory,
 *         URI.create("http://127.0.0.1:" + port + "/health"),
 *         List.of(binary.toString(), "-httpListenAddr=127.0.0.1:" + port, "-storageDataPath=" + directory))) {
 *     ...
 * }
 * }</pre>
 */
public final class LocalServer implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);

    private final Path log;
    private final Path directory;
    private final URI ready;
    private final List<String> command;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final Thread atExit = new Thread(this::killNow, "local-server-kill");
    private volatile @Nullable Process process;

    private LocalServer(Path directory, URI ready, List<String> command) {
        this.directory = directory;
        this.ready = ready;
        this.command = List.copyOf(command);
        this.log = directory.resolve(Path.of(command.get(0)).getFileName() + ".log");
    }

    /**
     * Looks for a program.
     *
     * @param name of the executable file
     * @return where it is on the search path, or null
     */
    public static @Nullable Path find(String name) {
        String searchPath = System.getenv().getOrDefault("PATH", "");
        for (String folder : searchPath.split(File.pathSeparator, -1)) {
            Path candidate = Path.of(folder, name);
            if (!folder.isEmpty() && Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /**
     * A port that nobody listens on at this moment.
     *
     * @return a port number
     */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free loopback port", e);
        }
    }

    /**
     * Starts a server and waits until it is ready.
     *
     * @param directory working directory, for the log too; exists
     * @param ready answers 2xx once the server can be used
     * @param command program and arguments
     * @return a running server
     * @throws IllegalStateException with the end of its log, if it ends or is not ready within a minute
     */
    public static LocalServer start(Path directory, URI ready, List<String> command) {
        LocalServer server = new LocalServer(directory, ready, command);
        Runtime.getRuntime().addShutdownHook(server.atExit);
        try {
            server.start();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }

    /**
     * Starts the server again, with the same arguments, and waits until it is ready.
     *
     * @throws IllegalStateException if it runs already, ends, or is not ready within a minute
     */
    public synchronized void start() {
        if (process != null) {
            throw new IllegalStateException(command.get(0) + " runs already");
        }
        try {
            Process started = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            process = started;
            started.getOutputStream().close();
            awaitReady(started);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + command.get(0) + " started", e);
        }
    }

    /** Asks the server to end (SIGTERM) and waits for it; kills it after half a minute. */
    public synchronized void stop() {
        Process stopping = process;
        if (stopping == null) {
            return;
        }
        stopping.destroy();
        try {
            if (!stopping.waitFor(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                stopping.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            stopping.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        process = null;
    }

    /** Kills the server (SIGKILL) and waits until it is gone. */
    public synchronized void kill() {
        Process killed = process;
        if (killed == null) {
            return;
        }
        killed.destroyForcibly();
        try {
            killed.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process = null;
    }

    /** Kills the server for good. */
    @Override
    public void close() {
        kill();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM ends already; the hook kills once more, which does no harm.
        }
    }

    /**
     * What the server has printed since its first start.
     *
     * @return its standard output and error
     */
    public String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + log, e);
        }
    }

    private void awaitReady(Process started) throws InterruptedException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!isReady()) {
            if (started.waitFor(50, TimeUnit.MILLISECONDS)) {
                process = null;
                throw new IllegalStateException(
                        command + " ended with status " + started.exitValue() + ":\n" + endOfLog());
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        command + " did not answer at " + ready + " within " + START_LIMIT + ":\n" + endOfLog());
            }
        }
    }

    private boolean isReady() throws InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(ready).timeout(Duration.ofSeconds(2)).build();
        try {
            int status = client.send(request, BodyHandlers.discarding()).statusCode();
            return status >= 200 && status < 300;
        } catch (IOException e) {
            // Not listening yet.
            return false;
        }
    }

    private String endOfLog() {
        String text = log();
        return text.substring(Math.max(0, text.length() - 4000));
    }

    private void killNow() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
        }
    }
}

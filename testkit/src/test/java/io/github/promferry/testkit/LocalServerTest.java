package io.github.promferry.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server is a JVM of our own, so that the test needs no other program. */
class LocalServerTest {
    @TempDir
    private Path directory;

    private final int port = LocalServer.freePort();

    @Test
    void isReadyAfterStartAndGoneAfterStopAndKeepsItsPort() throws Exception {
        try (LocalServer server = start("serve")) {
            assertAnswers();
            assertThat(server.log()).contains("listening on " + port);
            assertThatThrownBy(server::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("runs already");
            server.stop();
            assertRefuses();
            server.start();
            assertAnswers();
            server.kill();
            assertRefuses();
            server.stop();
        }
        assertRefuses();
    }

    @Test
    void tellsWhyAServerDoesNotStart() {
        assertThatThrownBy(() -> start("fail"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("ended with status 3")
                .hasMessageContaining("no such luck");
    }

    @Test
    void findsProgramsOnTheSearchPath() {
        assertThat(LocalServer.find("sh")).isExecutable();
        assertThat(LocalServer.find("no-such-program-anywhere")).isNull();
    }

    private LocalServer start(String what) {
        return LocalServer.start(
                directory,
                URI.create("http://127.0.0.1:" + port + "/"),
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path").split(File.pathSeparator, 2)[0],
                        Served.class.getName(),
                        what,
                        String.valueOf(port)));
    }

    private void assertAnswers() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            assertThat(socket.isConnected()).isTrue();
        }
    }

    private void assertRefuses() {
        assertThatThrownBy(this::assertAnswers).isInstanceOf(ConnectException.class);
    }

    /** The child process. */
    static final class Served {
        private Served() {}

        public static void main(String[] args) throws IOException {
            if (args[0].equals("fail")) {
                System.out.println("no such luck");
                System.exit(3);
            }
            int port = Integer.parseInt(args[1]);
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext("/", exchange -> {
                exchange.sendResponseHeaders(204, -1);
                exchange.close();
            });
            server.start();
            System.out.println("listening on " + port);
        }
    }
}

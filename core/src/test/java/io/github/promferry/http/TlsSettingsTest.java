package io.github.promferry.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TlsSettingsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    static Path folder;

    /** Key stores made by the JDK's own tool, and what is in them as PEM. */
    @BeforeAll
    static void makeCertificates() throws Exception {
        make("server", "EC", "san=ip:127.0.0.1");
        make("elsewhere", "EC", "san=dns:elsewhere.example");
        make("client", "RSA", "san=dns:client");
    }

    private static void make(String name, String algorithm, String extension) throws Exception {
        Path store = folder.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        name,
                        "-keyalg",
                        algorithm,
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        extension,
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        KeyStore keys = load(name);
        Files.writeString(
                folder.resolve(name + ".crt"),
                pem("CERTIFICATE", keys.getCertificate(name).getEncoded()));
        byte[] key = keys.getKey(name, PASSWORD).getEncoded();
        Files.writeString(folder.resolve(name + ".key"), pem("PRIVATE KEY", key));
    }

    private static KeyStore load(String name) throws Exception {
        return KeyStore.getInstance(folder.resolve(name + ".p12").toFile(), PASSWORD);
    }

    private static String pem(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + label
                + "-----\n";
    }

    private static Path file(String name) {
        return folder.resolve(name);
    }

    /** A server that answers 204 to everything, and wants a client's certificate if told so. */
    private static SSLServerSocket serve(String name, @Nullable String trusted) throws Exception {
        return serve(
                name,
                trusted,
                socket -> answer(socket, "HTTP/1.1 204 No Content\r\nX-Names: NAMES\r\nConnection: close\r\n\r\n"));
    }

    /** Has a connection to itself until it returns. */
    private interface Answering<S extends Socket> {
        void answer(S socket) throws IOException;
    }

    private static SSLServerSocket serve(String name, @Nullable String trusted, Answering<SSLSocket> answering)
            throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(load(name), PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        if (trusted != null) {
            roots.setCertificateEntry("root", load(trusted).getCertificate(trusted));
            trust.init(roots);
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusted == null ? null : trust.getTrustManagers(), null);
        SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
        server.setNeedClientAuth(trusted != null);
        answerAll(server, socket -> answering.answer((SSLSocket) socket));
        return server;
    }

    private static void answerAll(ServerSocket server, Answering<Socket> answering) {
        Thread thread = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    answering.answer(socket);
                } catch (IOException e) {
                    // A refused handshake, or the end.
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static void answer(Socket socket, String answer) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
        String line = in.readLine();
        String first = line;
        StringBuilder names = new StringBuilder();
        while (line != null && !line.isEmpty()) {
            line = in.readLine();
            names.append(String.valueOf(line).replaceFirst(":.*", "")).append(' ');
        }
        socket.getOutputStream()
                .write(answer.replace("LINE", String.valueOf(first))
                        .replace("NAMES", names)
                        .getBytes(ISO_8859_1));
    }

    private static HttpClient client(TlsSettings.Builder tls) {
        return HttpSettings.builder()
                .tls(tls.build())
                .connectTimeout(Duration.ofSeconds(10))
                .build()
                .newClientBuilder()
                .build();
    }

    private static int get(HttpClient client, ServerSocket server) throws IOException, InterruptedException {
        URI uri = URI.create("https://127.0.0.1:" + server.getLocalPort() + "/");
        return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void serverIsTrustedByTheFileAlone() throws Exception {
        try (SSLServerSocket server = serve("server", null)) {
            assertThat(get(client(TlsSettings.builder().caFile(file("server.crt"))), server))
                    .isEqualTo(204);
            assertThatIOException()
                    .isThrownBy(() -> get(client(TlsSettings.builder()), server))
                    .isInstanceOf(SSLHandshakeException.class);
            assertThatIOException()
                    .isThrownBy(() -> get(client(TlsSettings.builder().caFile(file("client.crt"))), server))
                    .isInstanceOf(SSLHandshakeException.class);
        }
    }

    @Test
    void nameMustMatchUnlessNothingIsChecked() throws Exception {
        try (SSLServerSocket server = serve("elsewhere", null)) {
            assertThatIOException()
                    .isThrownBy(() -> get(client(TlsSettings.builder().caFile(file("elsewhere.crt"))), server))
                    .isInstanceOf(SSLHandshakeException.class);
            assertThat(get(client(TlsSettings.builder().insecureSkipVerify(true)), server))
                    .isEqualTo(204);
        }
    }

    @Test
    void changedFileIsReadAtTheNextHandshake() throws Exception {
        Path ca = folder.resolve("rotating.crt");
        Files.copy(file("client.crt"), ca);
        try (SSLServerSocket server = serve("server", null)) {
            HttpClient client = client(TlsSettings.builder().caFile(ca));
            assertThatIOException().isThrownBy(() -> get(client, server));
            Files.copy(file("server.crt"), ca, StandardCopyOption.REPLACE_EXISTING);
            assertThat(get(client, server)).isEqualTo(204);
        }
    }

    @Test
    void certificateIsShownToAServerThatAsksForOne() throws Exception {
        // PKCS #1 is what follows the algorithm in PKCS #8; for a key of this size after 26 bytes.
        byte[] pkcs8 = load("client").getKey("client", PASSWORD).getEncoded();
        Path pkcs1 = Files.writeString(
                folder.resolve("pkcs1.key"), pem("RSA PRIVATE KEY", Arrays.copyOfRange(pkcs8, 26, pkcs8.length)));
        try (SSLServerSocket server = serve("server", "client")) {
            TlsSettings.Builder tls =
                    TlsSettings.builder().caFile(file("server.crt")).minVersion("TLSv1.3");
            assertThatIOException().isThrownBy(() -> get(client(tls), server));
            assertThat(get(client(tls.certificate(file("client.crt"), file("client.key"))), server))
                    .isEqualTo(204);
            assertThat(get(client(tls.certificate(file("client.crt"), pkcs1)), server))
                    .isEqualTo(204);
        }
    }

    @ParameterizedTest
    @CsvSource({"true, HTTP_2", "false, HTTP_1_1"})
    void serverThatOffersHttp2IsSpokenToInItIfSoWished(boolean wanted, HttpClient.Version version) throws Exception {
        try (SSLServerSocket server = serve("server", null, TlsSettingsTest::answerHttp2)) {
            HttpClient client = HttpSettings.builder()
                    .tls(TlsSettings.builder().caFile(file("server.crt")).build())
                    .http2(wanted)
                    .build()
                    .newClient();
            URI uri = URI.create("https://127.0.0.1:" + server.getLocalPort() + "/");
            for (int i = 0; i < 3; i++) {
                HttpRequest post = HttpRequest.newBuilder(uri)
                        .POST(HttpRequest.BodyPublishers.ofString("body"))
                        .build();
                HttpResponse<Void> response = client.send(post, HttpResponse.BodyHandlers.discarding());
                assertThat(response.version()).isEqualTo(version);
                assertThat(response.statusCode()).isEqualTo(204);
            }
        }
    }

    /** As much of RFC 9113 as a server needs that answers 204 to everything; HTTP/1.1 to who does not know it. */
    private static void answerHttp2(SSLSocket socket) throws IOException {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        OutputStream out = socket.getOutputStream();
        if (!socket.getApplicationProtocol().equals("h2")) {
            in.read(new byte[4096]);
            out.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".getBytes(ISO_8859_1));
            return;
        }
        in.readNBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length());
        HexFormat hex = HexFormat.of();
        out.write(hex.parseHex("000000040000000000"));
        while (true) {
            int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            in.readNBytes(length);
            boolean isSettings = type == 4 && flags == 0;
            boolean endsRequest = type <= 1 && (flags & 1) != 0;
            if (isSettings) {
                out.write(hex.parseHex("000000040100000000"));
            } else if (endsRequest) {
                // HEADERS that end headers and stream; 9 in the static table of HPACK is :status 204.
                out.write(hex.parseHex("0000010105" + hex.toHexDigits(stream) + "89"));
            }
        }
    }

    @Test
    void brokenFilesAreNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("text.pem"), "no certificate");
        Path encrypted = Files.writeString(folder.resolve("enc.key"), pem("ENCRYPTED PRIVATE KEY", new byte[] {1}));
        Path noise = Files.writeString(folder.resolve("noise.key"), pem("PRIVATE KEY", new byte[] {1, 2, 3}));
        for (Path file : new Path[] {text, folder.resolve("absent.pem")}) {
            assertThatIOException()
                    .isThrownBy(TlsSettings.builder().caFile(file).build()::check)
                    .withMessageContaining(file.toString());
        }
        for (Path key : new Path[] {text, encrypted, noise}) {
            assertThatIOException()
                    .isThrownBy(TlsSettings.builder()
                            .certificate(file("client.crt"), key)
                            .build()::check)
                    .withMessageContaining(key.toString());
        }
        TlsSettings.builder()
                .caFile(file("server.crt"))
                .certificate(file("client.crt"), file("client.key"))
                .build()
                .check();
    }

    @Test
    void onlyVersionsInUseCanBeAskedFor() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TlsSettings.builder().minVersion("TLSv1.1"));
    }

    @Test
    void proxyIsAskedForTheWholeUrl() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            answerAll(
                    proxy,
                    socket -> answer(
                            socket,
                            "HTTP/1.1 200 OK\r\nX-Line: LINE\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            HttpSettings settings = HttpSettings.builder()
                    .proxy(URI.create("http://127.0.0.1:" + proxy.getLocalPort()))
                    .build();
            HttpResponse<Void> response = settings.newClientBuilder()
                    .build()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://store.invalid/write"))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
            assertThat(response.headers().firstValue("X-Line")).contains("GET http://store.invalid/write HTTP/1.1");
        }
    }

    @Test
    void tunnelIsAskedForWithHeadersThatTheServerDoesNotSee() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        try (SSLServerSocket server = serve("server", null);
                ServerSocket proxy = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            tunnel(proxy, server.getLocalPort(), asked);
            HttpSettings settings = HttpSettings.builder()
                    .tls(TlsSettings.builder().caFile(file("server.crt")).build())
                    .proxy(ProxySettings.of(URI.create("http://127.0.0.1:" + proxy.getLocalPort()))
                            .connectHeader("Proxy-Key", "k"))
                    .build();
            URI url = URI.create("https://127.0.0.1:" + server.getLocalPort() + "/");
            HttpRequest.Builder request = HttpRequest.newBuilder(url).header("X-Tenant", "t");
            settings.proxyHeaders(url).forEach(request::setHeader);
            HttpResponse<Void> response =
                    settings.newClient().send(request.build(), HttpResponse.BodyHandlers.discarding());
            assertThat(response.statusCode()).isEqualTo(204);
            assertThat(asked)
                    .contains("CONNECT 127.0.0.1:" + server.getLocalPort() + " HTTP/1.1", "Proxy-Key: k")
                    .doesNotContain("X-Tenant: t");
            assertThat(response.headers().firstValue("X-Names").orElse(""))
                    .contains("X-Tenant")
                    .doesNotContain("Proxy");
        }
    }

    /** A proxy for one connection, which writes down how it is asked for the tunnel. */
    private static void tunnel(ServerSocket proxy, int port, List<String> asked) {
        Thread thread = new Thread(() -> {
            try (Socket client = proxy.accept();
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), port)) {
                StringBuilder head = new StringBuilder();
                while (head.indexOf("\r\n\r\n") < 0) {
                    head.append((char) client.getInputStream().read());
                }
                head.toString().lines().forEach(asked::add);
                client.getOutputStream().write("HTTP/1.1 200 Established\r\n\r\n".getBytes(ISO_8859_1));
                Thread back = new Thread(() -> pass(server, client));
                back.setDaemon(true);
                back.start();
                pass(client, server);
                back.join();
            } catch (IOException | InterruptedException e) {
                // The test is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static void pass(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // One side has ended.
        }
    }
}

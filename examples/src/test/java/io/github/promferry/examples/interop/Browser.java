package io.github.promferry.examples.interop;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** A headless Chromium with one page, spoken to by its DevTools protocol. */
final class Browser implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ANNOUNCEMENT = "DevTools listening on ws://";

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<Map<?, ?>>> answers = new ConcurrentHashMap<>();
    private final AtomicInteger lastId = new AtomicInteger();
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    /**
     * Starts a browser.
     *
     * @param folder for its profile
     */
    static Browser open(Path folder) throws Exception {
        return new Browser(InstalledServer.require("chromium", "chromium"), folder);
    }

    private Browser(Path program, Path folder) throws Exception {
        Path log = folder.resolve("chromium.log");
        ProcessBuilder builder = new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,1400",
                "--remote-debugging-port=0",
                "--user-data-dir=" + folder.resolve("profile"));
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        process = builder.start();
        try {
            String host = await().atMost(PATIENCE).until(() -> announced(log), found -> !found.isEmpty());
            HttpRequest newPage = HttpRequest.newBuilder(URI.create("http://" + host + "/json/new?about:blank"))
                    .method("PUT", HttpRequest.BodyPublishers.noBody())
                    .build();
            Map<?, ?> page =
                    object(client.send(newPage, BodyHandlers.ofString()).body());
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create(String.valueOf(page.get("webSocketDebuggerUrl"))), new Incoming())
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            call("Runtime.enable", "{}");
            call("Log.enable", "{}");
            call("Page.enable", "{}");
        } catch (Exception e) {
            end();
            throw e;
        }
    }

    private static String announced(Path log) throws IOException {
        return Files.readString(log)
                .lines()
                .filter(line -> line.startsWith(ANNOUNCEMENT))
                .map(line -> line.substring(ANNOUNCEMENT.length()).replaceAll("/.*", ""))
                .findFirst()
                .orElse("");
    }

    void show(String url) throws Exception {
        call("Page.navigate", "{\"url\":\"" + url + "\"}");
    }

    /** From now on in a window so wide, and with the colors that somebody wants who works at night. */
    void look(int width, boolean dark) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":" + width + ",\"height\":1400,\"deviceScaleFactor\":1,\"mobile\":false}");
        call(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"" + (dark ? "dark" : "light") + "\"}]}");
    }

    /** The value of a JavaScript expression on the page; it holds no double quote. */
    Object evaluate(String expression) throws Exception {
        Map<?, ?> answer = call("Runtime.evaluate", "{\"returnByValue\":true,\"expression\":\"" + expression + "\"}");
        if (answer.get("exceptionDetails") != null) {
            throw new AssertionError(expression + ": " + answer.get("exceptionDetails"));
        }
        return ((Map<?, ?>) answer.get("result")).get("value");
    }

    /** Waits until the expression is true. */
    void awaitTrue(String expression) {
        await(expression).atMost(PATIENCE).until(() -> Boolean.TRUE.equals(evaluate(expression)));
    }

    void screenshot(Path file) throws Exception {
        Map<?, ?> answer = call("Page.captureScreenshot", "{\"format\":\"png\",\"captureBeyondViewport\":true}");
        Files.write(file, Base64.getDecoder().decode(String.valueOf(answer.get("data"))));
    }

    /** Errors and warnings of the pages shown so far: exceptions, refused resources, the console. */
    List<String> complaints() {
        return new ArrayList<>(complaints);
    }

    private Map<?, ?> call(String method, String parameters) throws Exception {
        int id = lastId.incrementAndGet();
        CompletableFuture<Map<?, ?>> answer = new CompletableFuture<>();
        answers.put(id, answer);
        String command = "{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}";
        socket.sendText(command, true).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private final class Incoming implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                received(object(message.toString()));
                message.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void received(Map<?, ?> message) {
            Object method = message.get("method");
            if (message.get("id") instanceof Integer id) {
                Object result = message.get("result");
                CompletableFuture<Map<?, ?>> answer = answers.remove(id);
                if (result instanceof Map<?, ?> map) {
                    answer.complete(map);
                } else {
                    answer.completeExceptionally(new IOException(String.valueOf(message.get("error"))));
                }
            } else if ("Runtime.exceptionThrown".equals(method) || "Log.entryAdded".equals(method)) {
                complaints.add(String.valueOf(message.get("params")));
            }
        }
    }

    private static Map<?, ?> object(String json) {
        return (Map<?, ?>) new Load(LoadSettings.builder()
                        .setCodePointLimit(Integer.MAX_VALUE)
                        .build())
                .loadFromString(json);
    }

    @Override
    public void close() {
        socket.abort();
        end();
    }

    private void end() {
        List<ProcessHandle> family = process.descendants().toList();
        process.destroyForcibly();
        family.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
        family.forEach(child -> child.onExit().join());
    }
}

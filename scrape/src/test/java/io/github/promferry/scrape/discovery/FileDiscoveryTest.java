package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileDiscoveryTest {
    @TempDir
    private Path directory;

    private final RecordingPublisher publisher = new RecordingPublisher();
    private FileDiscovery discovery;

    @AfterEach
    void close() {
        if (discovery != null) {
            discovery.close();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> Thread.getAllStackTraces().keySet().stream()
                            .noneMatch(thread -> thread.getName().equals("promferry-file-discovery")));
        }
    }

    /** Finds changes by watching alone. */
    private void start(String... files) {
        start(FileDiscovery.builder(files).refreshInterval(Duration.ofHours(1)));
    }

    private void start(FileDiscovery.Builder builder) {
        discovery = builder.build();
        discovery.start(publisher);
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private void write(String name, String text) throws IOException {
        Path complete = Files.writeString(Files.createTempFile(directory, "new", ".part"), text, UTF_8);
        Files.move(complete, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String list(String address) {
        return "[{\"targets\": [\"" + address + "\"]}]";
    }

    @Test
    void filesOfBothFormatsAreRead() throws IOException {
        write("a.json", list("a:1"));
        write("b.yml", "- targets: [b:1]\n  labels: {env: test}\n");
        write("c.yaml", "- targets: [c:1]\n");
        write("d.txt", list("no:1"));
        write("e.JSON", list("e:1"));
        write("f.YML", "- targets: [f:1]\n- targets: [f:2]\n");

        start(path("*.json"), path("*.yml"), path("*.yaml"), path("*.JSON"), path("f.YML"));

        publisher.awaitAddresses("a:1", "b:1", "c:1", "e:1", "f:1", "f:2");
        assertThat(publisher.published().get(0))
                .extracting(TargetGroup::source)
                .containsExactly(
                        path("a.json") + ":0",
                        path("b.yml") + ":0",
                        path("c.yaml") + ":0",
                        path("e.JSON") + ":0",
                        path("f.YML") + ":0",
                        path("f.YML") + ":1");
        TargetGroup second = publisher.published().get(0).get(1);
        assertThat(second.labels()).isEqualTo(Labels.of("env", "test", FileDiscovery.FILE_LABEL, path("b.yml")));
        assertThat(publisher.failures()).isEmpty();
    }

    @Test
    void changesCountAtOnce() throws IOException {
        write("t-1.json", list("a:1"));
        start(path("t-*.json"));
        publisher.awaitAddresses("a:1");

        write("t-1.json", list("a:2"));
        publisher.awaitAddresses("a:2");

        write("t-2.json", list("b:1"));
        publisher.awaitAddresses("a:2", "b:1");

        Files.writeString(directory.resolve("t-2.json"), list("b:2"), UTF_8);
        publisher.awaitAddresses("a:2", "b:2");

        Files.delete(directory.resolve("t-1.json"));
        publisher.awaitAddresses("b:2");

        write("t-2.json", "[]");
        publisher.awaitAddresses();
    }

    @Test
    void invalidFileKeepsTheTargetsItHadAndIsTold() throws IOException {
        write("good.yml", "- targets: [good:1]");
        write("bad.json", list("bad:1"));
        start(path("*.yml"), path("*.json"));
        publisher.awaitAddresses("bad:1", "good:1");

        write("bad.json", "[{\"targets\": [\"bad:2\"], \"job\": \"x\"}]");
        publisher.awaitFailure(reason -> reason.contains("unknown field \"job\""));
        write("good.yml", "- targets: [good:2]");
        publisher.awaitAddresses("bad:1", "good:2");
        assertThat(publisher.failures()).allMatch(reason -> reason.startsWith(path("bad.json") + ", line 1: "));

        write("bad.json", list("bad:3"));
        publisher.awaitAddresses("bad:3", "good:2");
    }

    @Test
    void invalidFileDoesNotHideOthersAtTheStart() throws IOException {
        write("a.json", "");
        write("b.json", list("b:1"));

        start(path("*.json"));

        publisher.awaitAddresses("b:1");
        assertThat(publisher.failures()).hasSize(1);
    }

    @Test
    void linkThatIsSwitchedToAnotherDirectoryCounts() throws IOException {
        // As Kubernetes mounts configuration: the file itself is a link that never changes.
        for (String version : new String[] {"v1", "v2"}) {
            Files.createDirectory(directory.resolve(version));
            Files.writeString(directory.resolve(version).resolve("t.json"), list(version + ":1"), UTF_8);
        }
        Files.createSymbolicLink(directory.resolve("data"), Path.of("v1"));
        Files.createSymbolicLink(directory.resolve("t.json"), Path.of("data", "t.json"));
        start(path("t.json"));
        publisher.awaitAddresses("v1:1");

        Files.createSymbolicLink(directory.resolve("data-next"), Path.of("v2"));
        Files.move(directory.resolve("data-next"), directory.resolve("data"), StandardCopyOption.ATOMIC_MOVE);

        publisher.awaitAddresses("v2:1");
    }

    @Test
    void directoryMayComeLater() throws IOException {
        start(FileDiscovery.builder(path("later") + "/t.json").refreshInterval(Duration.ofMillis(10)));
        publisher.awaitAddresses();

        Files.createDirectory(directory.resolve("later"));
        Files.writeString(directory.resolve("later").resolve("t.json"), list("a:1"), UTF_8);

        publisher.awaitAddresses("a:1");
    }

    @Test
    void filesAreReadAgainWithoutAWatch() throws IOException {
        write("t.json", list("a:1"));
        start(FileDiscovery.builder(path("t.json")).watch(false).refreshInterval(Duration.ofMillis(10)));
        publisher.awaitAddresses("a:1");

        write("t.json", list("a:2"));
        publisher.awaitAddresses("a:2");
        assertThat(publisher.published()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"targets.txt", "targets", "*/t.json", "a*b*.json", "t.Json", "", "dir/*"})
    void pathOfAnotherFormIsRefused(String path) {
        assertThatThrownBy(() -> FileDiscovery.builder(path))
                .hasMessageContaining("is no path of target files")
                .hasMessageContaining("targets/*.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"t.json", "/etc/promferry/t.YML", "dir/*.yaml", "a-*.json", "*b.JSON"})
    void pathOfThisFormIsAccepted(String path) {
        assertThat(FileDiscovery.builder(path).build()).hasToString("files [" + path + "]");
    }

    @Test
    void pathIsNeeded() {
        assertThatThrownBy(FileDiscovery::builder).hasMessageContaining("no file is given");
    }
}

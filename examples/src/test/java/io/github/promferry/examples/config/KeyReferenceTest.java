package io.github.promferry.examples.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.examples.config.KeyTable.Effect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The tables in the README are those that the reader goes by. */
class KeyReferenceTest {
    private static final List<KeyTable> TABLES = List.of(
            CollectorFile.ROOT,
            CollectorFile.RECEIVER,
            CollectorFile.SCRAPE_CONFIG_FILE,
            CollectorFile.BATCH,
            CollectorFile.BASIC_AUTH,
            CollectorFile.BEARER_TOKEN,
            CollectorFile.EXPORTER,
            CollectorFile.AUTH,
            CollectorFile.RETRY,
            CollectorFile.QUEUE,
            CollectorFile.WAL,
            TlsBlock.COLLECTOR,
            CollectorFile.SERVICE,
            CollectorFile.PIPELINE,
            PrometheusFile.ROOT,
            PrometheusFile.REMOTE_WRITE,
            PrometheusFile.SIGV4,
            PrometheusFile.QUEUE_CONFIG,
            PrometheusFile.METADATA_CONFIG,
            ScrapeSection.GLOBAL,
            ScrapeSection.SCRAPE_CONFIG,
            ScrapeSection.STATIC_CONFIG,
            DiscoveryBlock.FILE,
            DiscoveryBlock.HTTP,
            DiscoveryBlock.DNS,
            RelabelBlock.KEYS,
            HttpClientBlock.BASIC_AUTH,
            HttpClientBlock.AUTHORIZATION,
            HttpClientBlock.OAUTH2,
            TlsBlock.PROMETHEUS,
            HttpClientBlock.HEADER);

    @Test
    void theReadmeSaysWhatEveryKeyDoes() throws Exception {
        String expected = TABLES.stream().map(KeyReferenceTest::markdown).collect(Collectors.joining("\n"));

        assertThat(Files.readString(Path.of("README.md")))
                .as("examples/README.md, section \"Configuration keys\"; it must hold:%n%s", expected)
                .contains(expected);
    }

    private static String markdown(KeyTable table) {
        Map<String, Set<String>> byEffect = new LinkedHashMap<>();
        for (KeyTable.Key key : table.keys()) {
            byEffect.computeIfAbsent(effect(key), effect -> new TreeSet<>()).add("`" + key.name() + "`");
        }
        StringBuilder text = new StringBuilder("### " + table.block() + "\n\n| keys | here |\n|---|---|\n");
        byEffect.forEach((effect, keys) -> text.append("| ")
                .append(String.join(", ", keys))
                .append(" | ")
                .append(effect)
                .append(" |\n"));
        return text.toString();
    }

    private static String effect(KeyTable.Key key) {
        String unless = key.harmless().isEmpty()
                ? ""
                : " (unless " + key.harmless().stream().sorted().collect(Collectors.joining("`, `", "`", "`")) + ")";
        if (key.effect() == Effect.USED) {
            return "used";
        }
        return (key.effect() == Effect.NONE ? "no effect, a warning" : "**refused**") + unless + ": " + key.note();
    }
}

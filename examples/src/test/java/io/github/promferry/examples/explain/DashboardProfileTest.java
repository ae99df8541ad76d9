package io.github.promferry.examples.explain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.scrape.engine.CostProfile;
import io.github.promferry.scrape.engine.CostProfile.Level;
import io.github.promferry.scrape.engine.EngineCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What the profile is for: with it, no panel and no alert misses anything. */
final class DashboardProfileTest {
    private static final CostProfile PROFILE = CostProfile.of(Level.DASHBOARD, EngineCatalog.builtIn());

    @ParameterizedTest
    @ValueSource(strings = {"grafana", "alerts"})
    void keepsWhatOurDashboardsAndAlertsUse(String folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(Path.of(folder))) {
            files = all.filter(file -> file.toString().matches(".*\\.(json|ya?ml)"))
                    .toList();
        }
        assertThat(files).isNotEmpty();
        for (Path file : files) {
            List<String> expressions = new ArrayList<>();
            collect(new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file)), expressions);
            assertThat(expressions).as("%s", file).isNotEmpty();
            assertThat(dropped(expressions))
                    .as("used by %s; add them to the engine's `dashboard` in engines.yaml", file)
                    .isEmpty();
        }
    }

    @Test
    void keepsWhatTheDashboardsOfACloudUse() throws IOException {
        try (InputStream file = getClass().getResourceAsStream("/dashboards/expressions.tsv")) {
            List<String> expressions = new String(file.readAllBytes(), UTF_8)
                    .lines()
                    // Not a panel, but how to see that something has come: start timestamps have taken its place.
                    .filter(line -> !line.contains("prompt_tokens_created"))
                    .map(line -> line.split("\t", -1)[3])
                    .toList();
            assertThat(expressions).hasSize(41);
            assertThat(dropped(expressions)).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # row of the table                     | page                             | engine
            vLLM 0.13                              | dynamo-vllm-v1-lmcache.prom      | vllm
            vLLM 0.33                              | vllm-0.33-logger.prom            | vllm
            SGLang 0.5, after one request          | dynamo-sglang-0.5.x.prom         | sglang
            SGLang 0.5.23                          | sglang-0.5.23-collectors.prom    | sglang
            TensorRT-LLM 1.1                       | dynamo-trtllm-1.x.prom           | trtllm
            Triton with the TensorRT-LLM backend   | triton-trtllm-backend-docs.prom  | triton
            llama.cpp, October 2026                | llamacpp-server-2026-10.prom     | llamacpp
            LMDeploy 0.18                          | lmdeploy-0.18-logger.prom        | lmdeploy
            Dynamo, the frontend                   | dynamo-frontend-0.8.prom         | dynamo-frontend
            Dynamo, a worker's own                 | dynamo-vllm-v1-lmcache.prom      | dynamo-worker
            LiteLLM 1.100, two models, one client  | litellm-proxy-1.100.prom         | litellm
            smg 1.13, two workers                  | smg-1.13.prom                    | smg
            node exporter, its test page           | node_exporter-e2e-linux.prom     | node
            """)
    void theReadmeTellsHowManySeriesAreKept(String row, String page, String id) throws IOException {
        EngineCatalog catalog = EngineCatalog.builtIn();
        List<Labels> own;
        try (InputStream file = getClass().getResourceAsStream("/corpus/" + page)) {
            own = new ReadPage(file.readAllBytes(), ExpositionFormat.TEXT_0_0_4)
                    .series().stream()
                            .filter(series ->
                                    catalog.engine(id).withoutPrefix(String.valueOf(series.metricName())) != null)
                            .toList();
        }
        String counts = Stream.of(
                        CostProfile.of(Level.FULL, catalog),
                        PROFILE,
                        PROFILE.thinned(4),
                        CostProfile.of(Level.LEAN, catalog))
                .map(profile -> " | " + own.stream().filter(profile::keeps).count())
                .collect(Collectors.joining());

        assertThat(Files.readString(Path.of("README.md"))).contains("| " + row + counts + " |\n");
    }

    private static List<String> dropped(List<String> expressions) {
        return expressions.stream()
                .flatMap(expression -> PromQlNeeds.of(expression).names().stream())
                .distinct()
                .filter(name -> !PROFILE.keeps(Labels.of("__name__", name, "le", "1")))
                .toList();
    }

    private static void collect(Object node, List<String> expressions) {
        if (node instanceof Map<?, ?> map) {
            map.forEach((key, value) -> {
                if (key.equals("expr") && value instanceof String expression) {
                    expressions.add(expression);
                } else {
                    collect(value, expressions);
                }
            });
        } else if (node instanceof List<?> list) {
            list.forEach(element -> collect(element, expressions));
        }
    }
}

package io.github.promferry.scrape.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EngineCatalogTest {
    private static final EngineCatalog BUILT_IN = EngineCatalog.builtIn();

    @Test
    void knowsTheEngines() {
        assertThat(BUILT_IN.engines())
                .extracting(LlmEngine::id)
                .contains(
                        "vllm",
                        "ray-vllm",
                        "sglang",
                        "trtllm",
                        "triton",
                        "tgi",
                        "llamacpp",
                        "lmdeploy",
                        "dynamo-frontend",
                        "dynamo-worker",
                        "vllm-router",
                        "ray-serve",
                        "smg",
                        "litellm",
                        "dcgm",
                        "node");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # engine         | port  | first path          | formats       | gzip  | prefixes | tells of restarts
            vllm             | 8000  | /metrics            | [TEXT_0_0_4]  | false | [vllm]   | true
            ray-vllm         | 8080  | /metrics            | [TEXT_0_0_4]  | false | [ray_vllm] | false
            sglang           | 30000 | /metrics            | [TEXT_0_0_4]  | false | [sglang] | true
            trtllm           | 8000  | /prometheus/metrics | [TEXT_0_0_4]  | false | [trtllm] | true
            triton           | 8002  | /metrics            | []            | true  | [nv]     | false
            tgi              | 80    | /metrics            | []            | true  | [tgi]    | false
            llamacpp         | 8080  | /metrics            | []            | true  | [llamacpp] | false
            lmdeploy         | 23333 | /metrics/           | [TEXT_0_0_4]  | false | [lmdeploy] | true
            dynamo-frontend  | 8000  | /metrics            | []            | true  | [dynamo_frontend] | false
            dynamo-worker    | 8081  | /metrics            | []            | true  | [dynamo_component] | true
            dcgm             | 9400  | /metrics            | []            | true  | [DCGM_FI] | false
            """)
    void knowsHowToAskAndWhatToRelyOn(
            String id, int port, String path, String formats, boolean gzip, String prefixes, boolean tellsOfRestarts) {
        LlmEngine engine = BUILT_IN.engine(id);

        assertThat(engine.port()).isEqualTo(port);
        assertThat(engine.paths()).startsWith(path);
        assertThat(engine.formats()).hasToString(formats);
        assertThat(engine.compression()).isEqualTo(gzip);
        assertThat(engine.prefixes()).hasToString(prefixes);
        assertThat(!engine.restartSignals().isEmpty()).isEqualTo(tellsOfRestarts);
        assertThat(engine.traps()).isNotEmpty();
    }

    /** What a search asks for is where engines have their pages. */
    @Test
    void looksWhereEnginesHaveTheirMetrics() {
        assertThat(BUILT_IN.probePaths())
                .containsExactlyInAnyOrderElementsOf(BUILT_IN.engines().stream()
                        .filter(engine -> engine.port() > 0)
                        .flatMap(engine -> engine.paths().stream())
                        .distinct()
                        .toList())
                .startsWith("/prometheus/metrics");
    }

    @ParameterizedTest
    @CsvSource({
        "vllm, dynamo-vllm-v1-lmcache.prom",
        "vllm, vllm-0.4-with-v1-additions-datadog.prom",
        "vllm, vllm-0.7-v0-engine-excerpt-aibrix.prom",
        "sglang, dynamo-sglang-0.5.x.prom",
        "sglang, sglang-0.4-docs-under-load.prom",
        "sglang, sglang-0.5.10-abridged-datadog.prom",
        "trtllm, dynamo-trtllm-1.x.prom",
        "triton, triton-trtllm-backend-docs.prom",
        "triton, triton-server-2024-08-vllm-backend-issue.prom",
        "tgi, tgis-on-vllm-2024-quoted-label-excerpt.prom",
        "llamacpp, llamacpp-server-2025-02-nan.prom",
        "dynamo-frontend, dynamo-frontend-0.8.prom",
        "dynamo-worker, dynamo-vllm-v1-lmcache.prom",
        "dcgm, dcgm-exporter-readme.prom",
        "vllm, vllm-0.33-logger.prom",
        "sglang, sglang-0.5.23-collectors.prom",
        "llamacpp, llamacpp-server-2026-10.prom",
        "lmdeploy, lmdeploy-0.18-logger.prom",
        "ray-vllm, ray-serve-2.60-vllm-0.33-excerpt.prom",
        "ray-serve, ray-serve-2.60-vllm-0.33-excerpt.prom",
        "smg, sglang-router-0.3.2.prom",
        "smg, smg-1.13.prom",
        "litellm, litellm-proxy-1.100.prom"
    })
    void knowsAllFamiliesOfRealPages(String id, String page) {
        LlmEngine engine = BUILT_IN.engine(id);
        assertThat(CorpusPage.series(page))
                .extracting(Labels::metricName)
                .filteredOn(name -> engine.withoutPrefix(name) != null)
                .isNotEmpty()
                .allMatch(engine::knowsFamily);
    }

    @Test
    void aFileAddsAnEngineAndChangesOne(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("mine.yaml"), """
                engines:
                  mine:
                    name: Mine
                    like: vllm
                    prefixes: [mine]
                    signals:
                      requests_running: busy
                  vllm:
                    port: 9999
                """);

        EngineCatalog catalog = BUILT_IN.with(file);

        LlmEngine mine = catalog.engine("mine");
        assertThat(mine.readings(Labels.of("__name__", "mine_busy"))).hasSize(1);
        assertThat(mine.readings(Labels.of("__name__", "mine_num_requests_running")))
                .isEmpty();
        assertThat(mine.readings(Labels.of("__name__", "mine_num_requests_waiting")))
                .hasSize(1);
        assertThat(catalog.engine("vllm").port()).isEqualTo(9999);
        assertThat(catalog.engine("vllm").prefixes()).containsExactly("vllm");
        assertThat(BUILT_IN.engine("vllm").port()).isEqualTo(8000);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                            | mine: is empty, expected engines: {...}
            [                                             | mine, line 1: expected the node content, but found '<stream end>'
            motors: {}                                    | mine, line 1: unknown key "motors", expected one of engines, probe
            engines: [a]                                  | mine, line 1: expected a mapping {key: value}, found a list
            engines: {a: {}}                              | mine, line 1: engine a has no prefixes
            engines: {a: {prefix: a}}                     | mine, line 1: unknown key "prefix", expected one of name, like,
            engines: {a: {like: b}}                       | mine, line 1: no engine "b" stands above; there are [vllm,
            engines: {a: {prefixes: a, port: 70000}}      | mine, line 1: expected a port from 0 to 65535, found "70000"
            engines: {a: {prefixes: a, compression: 1}}   | mine, line 1: expected true or false, found "1"
            engines: {a: {prefixes: a, role: boss}}       | mine, line 1: "boss" is none of [engine, gateway, hardware]
            engines: {a: {prefixes: a, signals: {x: y}}}  | mine, line 1: "x" is none of [requests_running,
            engines: {a: {prefixes: a, signals: {queue_time: {scale: 1}}}} | mine, line 1: key "name" is missing
            engines: {a: {prefixes: a, signals: {queue_time: {name: x, scale: y}}}} | mine, line 1: expected a number, found "y"
            """)
    void saysWhereATableIsWrong(String table, String message) {
        assertThatThrownBy(() -> BUILT_IN.with("mine", table.getBytes(UTF_8)))
                .isInstanceOf(EngineTableException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void anUnknownEngineIsAnsweredWithThoseThatThereAre() {
        assertThatThrownBy(() -> BUILT_IN.engine("vlm"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("no engine \"vlm\" in the table; it has [vllm, ray-vllm, sglang");
    }
}

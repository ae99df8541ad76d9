package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.promferry.Labels;
import io.github.promferry.scrape.engine.CostProfile.Level;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CostProfileTest {
    private static final EngineCatalog CATALOG = EngineCatalog.builtIn();
    private static final CostProfile DASHBOARD = CostProfile.of(Level.DASHBOARD, CATALOG);
    private static final CostProfile LEAN = CostProfile.of(Level.LEAN, CATALOG);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # page                                  | engine        | series | dashboard | thinned | lean
            dynamo-vllm-v1-lmcache.prom             | vllm          | 346 | 179 | 117 | 80
            vllm-0.4-with-v1-additions-datadog.prom | vllm          | 169 | 115 | 88 | 55
            dynamo-sglang-0.5.x.prom                | sglang        | 204 | 136 | 74 | 58
            sglang-0.4-docs-under-load.prom         | sglang        | 91 | 70 | 65 | 64
            dynamo-trtllm-1.x.prom                  | trtllm        | 101 | 96 | 52 | 52
            triton-trtllm-backend-docs.prom         | triton        | 33 | 25 | 25 | 18
            llamacpp-server-2025-02-nan.prom        | llamacpp      | 7 | 7 | 7 | 6
            dynamo-frontend-0.8.prom                | dynamo-frontend | 89 | 85 | 85 | 56
            dynamo-vllm-v1-lmcache.prom             | dynamo-worker | 95 | 95 | 95 | 7
            dcgm-exporter-a100-issue.prom           | dcgm          | 4 | 4 | 4 | 3
            node_exporter-e2e-linux.prom            | node          | 3017 | 120 | 120 | 66
            vllm-0.33-logger.prom                   | vllm          | 383 | 180 | 118 | 81
            sglang-0.5.23-collectors.prom           | sglang        | 573 | 248 | 164 | 145
            llamacpp-server-2026-10.prom            | llamacpp      | 15 | 12 | 12 | 9
            lmdeploy-0.18-logger.prom               | lmdeploy      | 296 | 181 | 121 | 86
            litellm-proxy-1.100.prom                | litellm       | 356 | 255 | 215 | 174
            smg-1.13.prom                           | smg           | 335 | 230 | 230 | 16
            """)
    void keepsSoManySeriesOfRealPages(String page, String id, int series, int dashboard, int thinned, int lean) {
        LlmEngine engine = CATALOG.engine(id);
        List<Labels> own = CorpusPage.series(page).stream()
                .filter(labels -> engine.withoutPrefix(String.valueOf(labels.metricName())) != null)
                .toList();

        assertThat(new long[] {
                    own.size(),
                    own.stream().filter(DASHBOARD::keeps).count(),
                    own.stream().filter(DASHBOARD.thinned(4)::keeps).count(),
                    own.stream().filter(LEAN::keeps).count()
                })
                .containsExactly(series, dashboard, thinned, lean);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # series                                     | full, dashboard, lean
            up                                           | +++
            my_metric                                    | +++
            vllm:num_requests_running                    | +++
            vllm_num_requests_running                    | +++
            ray_vllm_num_requests_running                | +++
            vllm:prompt_tokens_created                   | +--
            vllm:request_prompt_tokens_bucket le=20.0    | ++-
            vllm:request_decode_time_seconds_sum         | ++-
            vllm:request_decode_time_seconds_bucket le=1 | +--
            vllm:request_params_n_bucket le=1            | +--
            vllm:time_to_first_token_seconds_bucket le=0.001  | +++
            vllm:time_to_first_token_seconds_bucket le=0.01   | ++-
            vllm:time_to_first_token_seconds_bucket le=0.0333 | +++
            vllm:time_to_first_token_seconds_bucket le=2560.0 | +++
            vllm:time_to_first_token_seconds_bucket le=+Inf   | +++
            vllm:time_to_first_token_seconds_count            | +++
            vllm:time_to_first_token_seconds_sum              | +++
            vllm:new_in_the_next_release                 | +--
            lmcache:local_cache_usage                    | +++
            """)
    void keepsOrDrops(String series, String expected) {
        String[] words = series.split(" ", -1);
        Labels labels = words.length == 1
                ? Labels.of("__name__", words[0])
                : Labels.of("__name__", words[0], "le", words[1].substring("le=".length()));

        StringBuilder kept = new StringBuilder();
        for (Level level : Level.values()) {
            CostProfile profile = CostProfile.of(level, CATALOG);
            kept.append(profile.keeps(labels) ? "+" : "-");
            assertThat(profile.apply(labels)).isSameAs(profile.keeps(labels) ? labels : null);
        }
        assertThat(kept).hasToString(expected);
    }

    @Test
    void everyEngineHasSomethingToKeep() {
        assertThat(CATALOG.engines()).allSatisfy(engine -> {
            assertThat(engine.leanFamilies()).isNotEmpty();
            assertThat(engine.dashboardFamilies()).containsAll(engine.leanFamilies());
        });
    }

    @Test
    void sharesSeriesBetweenTargets() {
        assertThat(LEAN.touches("instance")).isFalse();
        assertThat(LEAN.touches("__name__")).isTrue();
        assertThat(LEAN.touches("le")).isTrue();
    }

    @Test
    void refusesToThinBelowWhatThereIs() {
        assertThatIllegalArgumentException().isThrownBy(() -> LEAN.thinned(0.5)).withMessageContaining("0.5");
        assertThatIllegalArgumentException().isThrownBy(() -> LEAN.thinned(Double.NaN));
    }
}

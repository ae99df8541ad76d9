package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import io.github.promferry.testkit.AllocatedBytes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CanonicalSinkTest {
    private static final EngineCatalog CATALOG = EngineCatalog.builtIn();

    private final List<String> rows = new ArrayList<>();
    private final List<Series> series = new ArrayList<>();
    private boolean takes = true;
    private final CanonicalSink sink = new CanonicalSink(
            batch -> {
                rows.clear();
                series.clear();
                for (int row = 0; row < batch.size(); row++) {
                    long bits = batch.valueBits(row);
                    rows.add(batch.series(row).labels() + " "
                            + (SampleValues.isStale(bits) ? "stale" : Double.longBitsToDouble(bits)));
                    series.add(batch.series(row));
                }
                return takes;
            },
            CATALOG);

    private final ExpositionParser parser = new ExpositionParser();
    private final SampleBatch batch = new SampleBatch();

    private void scrape(String page) {
        batch.reset(Labels.of("instance", "a:1"));
        byte[] bytes = page.replace("; ", "\n").concat("\n").getBytes(StandardCharsets.UTF_8);
        parser.parse(ExpositionFormat.TEXT_0_0_4, bytes, 0, bytes.length, 1_000, batch);
        parser.addVanished(1_000, batch);
        sink.append(batch);
    }

    private List<String> signals() {
        return rows.stream()
                .filter(row -> row.startsWith("llm_") || row.startsWith("gen_ai_"))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', emptyValue = "", textBlock = """
            # page | signals
            vllm:num_requests_running{engine="0"} 3 | llm_requests_running{engine="0",engine_kind="vllm"} 3.0
            vllm:gpu_cache_usage_perc 0.5 | llm_kv_cache_usage_ratio{engine_kind="vllm"} 0.5
            vllm:gpu_cache_usage_perc 0.4; vllm:kv_cache_usage_perc 0.5 | llm_kv_cache_usage_ratio{engine_kind="vllm"} 0.5
            vllm:kv_cache_usage_perc 0.5; vllm:gpu_cache_usage_perc 0.4 | llm_kv_cache_usage_ratio{engine_kind="vllm"} 0.5
            vllm:time_per_output_token_seconds_bucket{le="0.1"} 7 | llm_inter_token_latency_seconds_bucket{engine_kind="vllm",le="0.1"} 7.0
            sglang_num_queue_reqs{model_name="m"} 2 | llm_requests_waiting{engine_kind="sglang",model_name="m"} 2.0
            nv_inference_first_response_histogram_ms_bucket{model="m",le="100"} 8 | gen_ai_server_time_to_first_token_seconds_bucket{engine_kind="triton",le="0.1",model_name="m"} 8.0
            nv_inference_first_response_histogram_ms_bucket{model="m",le="+Inf"} 9 | gen_ai_server_time_to_first_token_seconds_bucket{engine_kind="triton",le="+Inf",model_name="m"} 9.0
            nv_inference_first_response_histogram_ms_sum{model="m"} 500 | gen_ai_server_time_to_first_token_seconds_sum{engine_kind="triton",model_name="m"} 0.5
            vllm:num_requests_running{server="http://e:8000"} 3 | ''
            sglang_num_running_reqs{worker_addr="http://e:8000"} 3 | ''
            dynamo_frontend_inflight_requests{model="m"} 3 | ''
            up 1 | ''
            """)
    void givesSignalsTheNameThatAllEnginesShare(String page, String signals) {
        scrape(page);

        assertThat(String.join("; ", signals())).isEqualTo(signals);
        assertThat(rows).hasSize(page.split("; ", -1).length + signals().size());
    }

    @Test
    void takesTheOldNameAgainWhenTheNewOneIsGone() {
        scrape("vllm:gpu_cache_usage_perc 0.4; vllm:kv_cache_usage_perc 0.5");
        scrape("vllm:gpu_cache_usage_perc 0.4");
        assertThat(signals()).containsExactly("llm_kv_cache_usage_ratio{engine_kind=\"vllm\"} 0.4");

        scrape("vllm:gpu_cache_usage_perc 0.4");
        assertThat(signals()).containsExactly("llm_kv_cache_usage_ratio{engine_kind=\"vllm\"} 0.4");
    }

    @Test
    void aSignalThatVanishesGetsAStaleMarker() {
        scrape("nv_inference_first_response_histogram_ms_sum 500; x 1");
        scrape("x 1");

        assertThat(signals())
                .containsExactly("gen_ai_server_time_to_first_token_seconds_sum{engine_kind=\"triton\"} stale");

        scrape("x 1");
        assertThat(signals()).isEmpty();
    }

    @Test
    void aSignalIsOneSeriesForAsLongAsTheEnginesIs() {
        scrape("vllm:num_requests_running 1");
        Series first = series.get(1);
        scrape("other 1; vllm:num_requests_running 2");
        assertThat(series).contains(first);
    }

    @Test
    void refusalOfTheOtherSinkIsPassedOn() {
        takes = false;
        SampleBatch one = new SampleBatch();
        one.add(Series.of(Labels.of("__name__", "vllm:num_requests_running"), MetricMetadata.NONE), 1, 0);
        assertThat(sink.append(one)).isFalse();
        takes = true;
        assertThat(sink.append(one)).isTrue();
        assertThat(one.size()).isEqualTo(1);
    }

    @Test
    void flushIsPassedOn() {
        SampleSink neverDone = new SampleSink() {
            @Override
            public boolean append(SampleBatch any) {
                return true;
            }

            @Override
            public FlushResult flush(Duration timeout) {
                return new FlushResult(timeout.isZero(), 1, 2, 3);
            }
        };
        CanonicalSink before = new CanonicalSink(neverDone, CATALOG);
        assertThat(before.flush(Duration.ofSeconds(1))).isEqualTo(new FlushResult(false, 1, 2, 3));
        assertThat(before.flush(Duration.ZERO).complete()).isTrue();
    }

    @Test
    void startTimestampsGoWithTheSignal() {
        List<Long> starts = new ArrayList<>();
        CanonicalSink keeping = new CanonicalSink(
                both -> {
                    for (int row = 0; row < both.size(); row++) {
                        starts.add(both.startTimestamp(row));
                    }
                    return true;
                },
                CATALOG);
        batch.reset(Labels.EMPTY);
        byte[] page =
                "# TYPE vllm:prompt_tokens counter\nvllm:prompt_tokens_total 5\nvllm:prompt_tokens_created 2.5\n# EOF\n"
                        .getBytes(StandardCharsets.UTF_8);
        ParseOptions options = ParseOptions.builder()
                .created(ParseOptions.Created.START_TIMESTAMP)
                .build();
        new ExpositionParser(new SeriesDictionary(SeriesResolver.AS_EXPOSED), options)
                .parse(ExpositionFormat.OPENMETRICS_1_0_0, page, 0, page.length, 9_000, batch);
        keeping.append(batch);
        assertThat(starts).containsExactly(2_500L, 2_500L);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # page                                   | rows of signals | signals that the page lacks
            dynamo-vllm-v1-lmcache.prom              | 135 | PREFIX_CACHE_HIT_RATIO
            dynamo-sglang-0.5.x.prom                 | 119 | TIME_PER_OUTPUT_TOKEN CACHED_TOKENS PREFIX_CACHE_QUERIES PREFIX_CACHE_HITS PREEMPTIONS REQUESTS_FAILED ENGINE_SLEEPING
            dynamo-trtllm-1.x.prom                   | 96  | REQUESTS_RUNNING REQUESTS_WAITING KV_CACHE_USAGE TIME_PER_OUTPUT_TOKEN PROMPT_TOKENS GENERATION_TOKENS CACHED_TOKENS PREFIX_CACHE_QUERIES PREFIX_CACHE_HITS PREFIX_CACHE_HIT_RATIO PREEMPTIONS REQUESTS_FAILED ENGINE_STEPS ENGINE_SLEEPING
            """)
    void findsTheSignalsOfRealPages(String page, int count, String lacking) {
        sink.append(CorpusPage.samples(page));

        assertThat(signals()).hasSize(count);
        TreeSet<String> names = new TreeSet<>();
        signals().forEach(row -> names.add(row.replaceFirst("[{ ].*", "").replaceFirst("_(bucket|sum|count)$", "")));
        assertThat(List.of(EngineSignal.values()).stream()
                        .filter(signal -> !names.contains(signal.metricName()))
                        .map(Enum::name)
                        .collect(Collectors.joining(" ")))
                .isEqualTo(lacking);
    }

    @Test
    void allocatesNothingWhileThePageStaysTheSame() {
        SampleBatch page = CorpusPage.samples("dynamo-vllm-v1-lmcache.prom");
        CanonicalSink counting = new CanonicalSink(both -> both.size() > page.size(), CATALOG);
        for (int lap = 0; lap < 2_000; lap++) {
            assertThat(counting.append(page)).isTrue();
        }
        long before = AllocatedBytes.ofThisThread();
        boolean taken = true;
        for (int lap = 0; lap < 1_000; lap++) {
            taken &= counting.append(page);
        }
        long allocated = AllocatedBytes.ofThisThread() - before;

        assertThat(taken).isTrue();
        // The measurement itself makes some objects; one of ours in each lap would be 16,000 bytes at least.
        assertThat(allocated).isLessThan(8_000);
    }
}

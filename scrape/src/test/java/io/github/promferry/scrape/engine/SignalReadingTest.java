package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SignalReadingTest {
    private static final EngineCatalog CATALOG = EngineCatalog.builtIn();

    @ParameterizedTest
    @CsvSource(delimiter = '|', emptyValue = "", textBlock = """
            # engine | series, labels                                              | the name all engines share, of a bucket the bound, factor and order if any
            vllm     | vllm:num_requests_running engine=0                          | llm_requests_running
            vllm     | vllm_num_requests_running engine=0                          | llm_requests_running
            vllm     | vllm:num_requests_running server=http://a                   | ''
            vllm     | vllm:num_requests_running_extra                             | ''
            vllm     | num_requests_running                                        | ''
            vllm     | vllm:kv_cache_usage_perc                                    | llm_kv_cache_usage_ratio
            vllm     | vllm:gpu_cache_usage_perc                                   | llm_kv_cache_usage_ratio #1
            vllm     | vllm:inter_token_latency_seconds_bucket le=0.025            | llm_inter_token_latency_seconds_bucket le=0.025
            vllm     | vllm:time_per_output_token_seconds_bucket le=+Inf           | llm_inter_token_latency_seconds_bucket le=Infinity #1
            vllm     | vllm:time_per_output_token_seconds_bucket le=x              | ''
            vllm     | vllm:time_per_output_token_seconds_bucket                   | ''
            vllm     | vllm:time_per_output_token_seconds                          | ''
            vllm     | vllm:request_time_per_output_token_seconds_sum              | gen_ai_server_time_per_output_token_seconds_sum
            vllm     | vllm:time_to_first_token_seconds_count                      | gen_ai_server_time_to_first_token_seconds_count
            vllm     | vllm:request_success_total finished_reason=stop             | llm_requests_finished_total
            vllm     | vllm:request_success_total finished_reason=abort            | llm_requests_finished_total, llm_requests_failed_total
            vllm     | vllm:prefix_cache_hits_total                                | llm_cached_tokens_total, llm_prefix_cache_hits_total
            vllm     | vllm:engine_sleep_state sleep_state=awake                   | ''
            vllm     | vllm:engine_sleep_state sleep_state=discard_all             | llm_engine_sleeping #1
            ray-vllm | ray_vllm_num_requests_waiting WorkerId=1                    | llm_requests_waiting
            ray-vllm | ray_vllm:num_requests_waiting WorkerId=1                    | llm_requests_waiting
            sglang   | sglang:num_running_reqs tp_rank=0                           | llm_requests_running
            sglang   | sglang:num_running_reqs priority=1                          | ''
            sglang   | sglang:cached_tokens_total cache_source=total               | llm_cached_tokens_total
            sglang   | sglang:cached_tokens_total cache_source=device              | llm_cached_tokens_total
            sglang   | sglang:cached_tokens_total tp_rank=0                        | llm_cached_tokens_total
            trtllm   | trtllm_kv_cache_utilization                                 | llm_kv_cache_usage_ratio
            triton   | nv_trt_llm_request_metrics request_type=scheduled           | llm_requests_running
            triton   | nv_trt_llm_request_metrics request_type=max                 | ''
            triton   | nv_inference_first_response_histogram_ms_bucket le=100      | gen_ai_server_time_to_first_token_seconds_bucket le=0.1 x0.001
            triton   | nv_inference_queue_duration_us                              | llm_request_queue_time_seconds_sum x1.0E-6
            triton   | nv_inference_request_success | llm_requests_finished_total, gen_ai_server_request_duration_seconds_count #1, llm_request_queue_time_seconds_count #1
            tgi      | tgi_request_input_length_sum                                | llm_prompt_tokens_total
            tgi      | tgi_request_input_length_bucket le=1                        | ''
            llamacpp | llamacpp:tokens_predicted_total                             | llm_generation_tokens_total
            lmdeploy | lmdeploy:iter_token_latency_sum                             | llm_inter_token_latency_seconds_sum
            """)
    void saysWhatASeriesMeans(String engine, String series, String readings) {
        String[] words = series.split(" ", -1);
        Labels.Builder labels = Labels.builder().add("__name__", words[0]);
        Arrays.stream(words).skip(1).forEach(word -> labels.add(word.split("=", -1)[0], word.split("=", -1)[1]));

        assertThat(CATALOG.engine(engine).readings(labels.build()).stream()
                        .map(SignalReadingTest::words)
                        .collect(Collectors.toSet()))
                .isEqualTo(readings.isEmpty() ? Set.of() : Set.of(readings.split(", ")));
    }

    private static String words(SignalReading reading) {
        return reading.metricName()
                + (Double.isNaN(reading.upperBound()) ? "" : " le=" + reading.upperBound())
                + (reading.source().scale() == 1 ? "" : " x" + reading.source().scale())
                + (reading.source().order() == 0 ? "" : " #" + reading.source().order());
    }
}

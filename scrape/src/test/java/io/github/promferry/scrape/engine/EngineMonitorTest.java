package io.github.promferry.scrape.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.github.promferry.Series;
import io.github.promferry.parse.ExpositionFormat;
import io.github.promferry.parse.ExpositionParser;
import io.github.promferry.parse.ParseOptions;
import io.github.promferry.parse.SeriesDictionary;
import io.github.promferry.parse.SeriesResolver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class EngineMonitorTest {
    private static final long START = 1_700_000_000_000L;
    private static final Labels TARGET = Labels.of("instance", "10.0.0.7:8000", "job", "llm");
    private static final Series UP = report("up");
    private static final Series DURATION = report("scrape_duration_seconds");

    private final List<String> changes = new ArrayList<>();
    private final EngineMonitor monitor = EngineMonitor.builder()
            .listener((now, before) -> changes.add(before + " " + now.state()))
            .build();
    private final Target target = new Target(TARGET);

    /** Pages of one target, read by one parser, so that a series stays the same object. */
    private final class Target {
        private final Labels labels;
        private final ExpositionParser parser = new ExpositionParser(
                new SeriesDictionary(SeriesResolver.AS_EXPOSED),
                ParseOptions.builder().build());

        Target(Labels labels) {
            this.labels = labels;
        }

        EngineSignals page(int second, String... lines) {
            SampleBatch batch = new SampleBatch();
            batch.reset(labels);
            byte[] page = (String.join("\n", lines) + "\n").getBytes(UTF_8);
            long now = START + 1000L * second;
            parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, now, batch);
            parser.addVanished(now, batch);
            batch.add(UP, now, Double.doubleToRawLongBits(1));
            batch.add(DURATION, now, Double.doubleToRawLongBits(0.001 * second));
            assertThat(monitor.append(batch)).isTrue();
            return signals();
        }

        EngineSignals fails(int second) {
            SampleBatch batch = new SampleBatch();
            batch.reset(labels);
            parser.addAllStale(START + 1000L * second, batch);
            batch.add(UP, START + 1000L * second, Double.doubleToRawLongBits(0));
            monitor.append(batch);
            return signals();
        }

        private EngineSignals signals() {
            return monitor.of(labels);
        }
    }

    private static Series report(String name) {
        return Series.of(Labels.of(Labels.METRIC_NAME, name), MetricMetadata.NONE);
    }

    private static String[] vllm(int running, int waiting, double cache, int generated) {
        return new String[] {
            "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} " + running,
            "vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} " + waiting,
            "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} " + cache,
            "vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} " + generated
        };
    }

    @Test
    void tellsGaugesAsTheyAreAndCountersByTheSecond() {
        EngineSignals first = target.page(0, vllm(3, 0, 0.25, 1000));
        assertThat(first.state()).isEqualTo(ServingState.STARTING);
        assertThat(first.total().running()).isEqualTo(3);
        assertThat(first.total().generationTokensPerSecond()).isNaN();
        assertThat(first.window()).isZero();

        target.page(5, vllm(4, 1, 0.5, 1200));
        EngineSignals now = target.page(10, vllm(2, 7, 0.75, 1500));

        assertThat(now.state()).isEqualTo(ServingState.SERVING);
        assertThat(now.engine().engine().id()).isEqualTo("vllm");
        assertThat(now.since()).isEqualTo(Instant.ofEpochMilli(START + 5000));
        assertThat(now.lastScrape()).isEqualTo(Instant.ofEpochMilli(START + 10_000));
        assertThat(now.window()).isEqualTo(Duration.ofSeconds(10));
        assertThat(now.total().running()).isEqualTo(2);
        assertThat(now.total().waiting()).isEqualTo(7);
        assertThat(now.total().kvCacheUsage()).isEqualTo(0.75);
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(50);
        assertThat(now.total().promptTokensPerSecond()).isNaN();
        assertThat(now.total().timeToFirstToken(0.5)).isNaN();
        assertThat(changes).containsExactly("STARTING SERVING");
    }

    @Test
    void forgetsWhatIsOlderThanTheWindow() {
        target.page(0, vllm(1, 0, 0, 0));
        target.page(1, vllm(1, 0, 0, 1_000_000));
        for (int second = 2; second < 40; second++) {
            target.page(second, vllm(1, 0, 0, 1_000_000 + 10 * second));
        }
        EngineSignals now = target.page(40, vllm(1, 0, 0, 1_000_400));
        assertThat(now.window()).isBetween(Duration.ofSeconds(28), Duration.ofSeconds(30));
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(10);
    }

    @Test
    void twoPagesDoWhereTheIntervalIsLongerThanTheWindow() {
        target.page(0, vllm(1, 0, 0, 0));
        target.page(60, vllm(1, 0, 0, 600));
        assertThat(target.page(120, vllm(1, 0, 0, 1800)).total().generationTokensPerSecond())
                .isEqualTo(20);
    }

    @Test
    void aRestartIsNoFallOfCounters() {
        target.page(0, vllm(1, 0, 0, 1000));
        target.page(1, vllm(1, 0, 0, 1100));
        EngineSignals restarted = target.page(2, vllm(1, 0, 0, 40));
        assertThat(restarted.state()).isEqualTo(ServingState.RESTARTING);
        EngineSignals now = target.page(4, vllm(1, 0, 0, 60));
        assertThat(now.total().generationTokensPerSecond()).isEqualTo((100 + 40 + 20) / 4.0);
        assertThat(changes).containsExactly("STARTING SERVING", "SERVING RESTARTING", "RESTARTING SERVING");
    }

    @Test
    void aNewStartTimeIsARestartThoughNoCounterHasFallen() {
        String[] page = vllm(1, 0, 0, 0);
        target.page(0, page[0], page[3], "process_start_time_seconds 1.7e9");
        target.page(1, page[0], page[3], "process_start_time_seconds 1.7e9");
        assertThat(target.page(2, page[0], page[3], "process_start_time_seconds 1700000002")
                        .state())
                .isEqualTo(ServingState.RESTARTING);
        assertThat(target.page(3, page[0], page[3], "process_start_time_seconds 1700000002")
                        .state())
                .isEqualTo(ServingState.SERVING);
    }

    @Test
    void tellsFailuresAndComesBack() {
        assertThat(target.fails(0).state()).isEqualTo(ServingState.STARTING);
        target.page(1, vllm(1, 0, 0, 0));
        target.page(2, vllm(1, 0, 0, 10));
        assertThat(target.fails(3).state()).isEqualTo(ServingState.DOWN);
        assertThat(target.page(4, vllm(1, 0, 0, 30)).state()).isEqualTo(ServingState.SERVING);
        assertThat(target.signals().total().generationTokensPerSecond()).isEqualTo(10);
    }

    @Test
    void aHistogramIsThatOfTheWindow() {
        target.page(0, ttft(5, 5, 10, 10, 100));
        EngineSignals now = target.page(10, ttft(5, 9, 18, 20, 200));
        assertThat(now.total().timeToFirstToken(0.4)).isEqualTo(1, within(1e-9));
        assertThat(now.total().timeToFirstToken(0.6)).isEqualTo(1.5, within(1e-9));
        assertThat(now.total().timeToFirstToken(0.99)).isEqualTo(2);
        assertThat(now.total().mean(EngineSignal.TIME_TO_FIRST_TOKEN)).isEqualTo(10);
    }

    private static String[] ttft(int half, int one, int two, int all, int sum) {
        String name = "vllm:time_to_first_token_seconds";
        return new String[] {
            "vllm:kv_cache_usage_perc 0",
            "# TYPE " + name + " histogram",
            name + "_bucket{le=\"0.5\"} " + half,
            name + "_bucket{le=\"1.0\"} " + one,
            name + "_bucket{le=\"2.0\"} " + two,
            name + "_bucket{le=\"+Inf\"} " + all,
            name + "_count " + all,
            name + "_sum " + sum
        };
    }

    @Test
    void modelsAndRanksAreTogetherAndApart() {
        String[][] pages = {
            {
                "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.2",
                "vllm:kv_cache_usage_perc{engine=\"1\",model_name=\"m\"} 0.6",
                "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 1",
                "vllm:num_requests_running{engine=\"1\",model_name=\"m\"} 4",
                "vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} 100",
                "vllm:generation_tokens_total{engine=\"1\",model_name=\"m\"} 100",
                // Adapters come and go: one series for each combination.
                "vllm:lora_requests_info{running_lora_adapters=\"a\"} 1.7e9"
            },
            {
                "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.4",
                "vllm:kv_cache_usage_perc{engine=\"1\",model_name=\"m\"} 0.8",
                "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 2",
                "vllm:num_requests_running{engine=\"1\",model_name=\"m\"} 5",
                "vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} 110",
                "vllm:lora_requests_info{running_lora_adapters=\"a,b\"} 1.7e9",
                "vllm:generation_tokens_total{engine=\"1\",model_name=\"m\"} 160"
            }
        };
        target.page(0, pages[0]);
        EngineSignals now = target.page(10, pages[1]);
        assertThat(now.total().kvCacheUsage()).isEqualTo(0.6, within(1e-9));
        assertThat(now.total().running()).isEqualTo(7);
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(7);
        assertThat(now.parts()).hasSize(2);
        SignalValues second = now.parts().get(Labels.of("engine", "1", "model_name", "m"));
        assertThat(second.kvCacheUsage()).isEqualTo(0.8);
        assertThat(second.running()).isEqualTo(5);
        assertThat(second.generationTokensPerSecond()).isEqualTo(6);
    }

    @Test
    void ofTwoNamesOfASignalTheNewerCounts() {
        EngineSignals now = target.page(
                0, "vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.1", "vllm:kv_cache_usage_perc{model_name=\"m\"} 0.5");
        assertThat(now.total().kvCacheUsage()).isEqualTo(0.5);
        now = target.page(1, "vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.1");
        assertThat(now.total().kvCacheUsage()).isEqualTo(0.1);
    }

    @Test
    void ranksThatComputeTogetherCountOnce() {
        EngineSignals now = target.page(
                0,
                "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\"} 3",
                "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"1\"} 3",
                "sglang:num_running_reqs{model_name=\"m\",priority=\"high\",tp_rank=\"0\"} 2");
        assertThat(now.total().running()).isEqualTo(3);
    }

    @Test
    void whatARouterRepeatsIsNotCounted() {
        EngineSignals now = target.page(
                0,
                "vllm:num_requests_running{server=\"http://a\"} 3",
                "vllm:kv_cache_usage_perc{engine=\"0\"} 0.5",
                "vllm:num_requests_running{engine=\"0\"} 1");
        assertThat(now.total().running()).isEqualTo(1);
    }

    /** As SGLang, whose families appear with their first use. */
    @Test
    void aCounterThatAppearsHasGrownFromZero() {
        target.page(0, "sglang:num_running_reqs{model_name=\"m\"} 1");
        EngineSignals now = target.page(
                10,
                "sglang:num_running_reqs{model_name=\"m\"} 1",
                "sglang:generation_tokens_total{model_name=\"m\"} 50");
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(5);
    }

    @Test
    void aSeriesThatVanishesAndReturnsHasNotGrownByAllItEverCounted() {
        target.page(0, "vllm:kv_cache_usage_perc 0", "vllm:generation_tokens_total 1000");
        target.page(5, "vllm:kv_cache_usage_perc 0");
        EngineSignals now = target.page(10, "vllm:kv_cache_usage_perc 0", "vllm:generation_tokens_total 1010");
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(1);
        assertThat(now.state()).isEqualTo(ServingState.SERVING);
    }

    @Test
    void valuesThatAreNoNumbersTellNothing() {
        target.page(0, "llamacpp:requests_processing 0", "llamacpp:tokens_predicted_total 5");
        EngineSignals now = target.page(1, "llamacpp:requests_processing -nan", "llamacpp:tokens_predicted_total nan");
        assertThat(now.total().running()).isNaN();
        assertThat(now.total().generationTokensPerSecond()).isZero();
        now = target.page(2, "llamacpp:requests_processing 1", "llamacpp:tokens_predicted_total 15");
        assertThat(now.total().running()).isEqualTo(1);
        assertThat(now.total().generationTokensPerSecond()).isEqualTo(5);
    }

    @Test
    void unitsAreThoseOfTheSignal() {
        target.page(
                0,
                "nv_inference_count{model=\"m\"} 0",
                "nv_inference_request_duration_us{model=\"m\"} 0",
                "nv_inference_request_success{model=\"m\"} 0");
        EngineSignals now = target.page(
                10,
                "nv_inference_count{model=\"m\"} 4",
                "nv_inference_request_duration_us{model=\"m\"} 6000000",
                "nv_inference_request_success{model=\"m\"} 4");
        assertThat(now.total().mean(EngineSignal.REQUEST_DURATION)).isEqualTo(1.5);
        assertThat(now.total().requestDuration(0.5)).isNaN();
        assertThat(now.parts()).containsOnlyKeys(Labels.of("model_name", "m"));
    }

    @Test
    void whatIsNoEngineIsNotListed() {
        Target node = new Target(Labels.of("instance", "10.0.0.7:9100", "job", "node"));
        for (int second = 0; second < 5; second++) {
            node.page(second, "node_load1 0.5", "node_uname_info 1");
        }
        target.page(5, vllm(1, 0, 0, 0));
        assertThat(monitor.all()).extracting(EngineSignals::target).containsExactly(TARGET);
        assertThat(monitor.of(Labels.of("job", "node"))).isNull();
        assertThat(monitor.of(Labels.of("instance", "10.0.0.7:8000")).target()).isEqualTo(TARGET);
    }

    @Test
    void anEngineThatComesLateIsRecognized() {
        for (int second = 0; second < 3; second++) {
            target.page(second, "something_else 1");
        }
        target.page(3, vllm(1, 0, 0, 0));
        assertThat(target.page(4, vllm(1, 0, 0, 10)).state()).isEqualTo(ServingState.SERVING);
    }

    @Test
    void anotherEngineAtTheSameAddressIsRecognized() {
        target.page(0, vllm(1, 0, 0, 0));
        target.page(1, vllm(1, 0, 0, 9));
        assertThat(target.page(2, "sglang:num_running_reqs{model_name=\"m\"} 4"))
                .isNull();
        EngineSignals now = target.page(3, "sglang:num_running_reqs{model_name=\"m\"} 5");
        assertThat(now.engine().engine().id()).isEqualTo("sglang");
        assertThat(now.total().running()).isEqualTo(5);
    }

    @Test
    void aTargetThatIsScrapedNoMoreIsForgotten() {
        target.page(0, vllm(1, 0, 0, 0));
        SampleBatch end = new SampleBatch();
        end.reset(TARGET);
        target.parser.addAllStale(START + 1000, end);
        end.add(UP, START + 1000, SampleValues.STALE_NAN_BITS);
        monitor.append(end);
        assertThat(monitor.all()).isEmpty();
    }

    @Test
    void withoutAReportMarkersAloneAreAFailure() {
        Map<Integer, ServingState> states = new HashMap<>();
        for (int second = 0; second < 3; second++) {
            SampleBatch batch = new SampleBatch();
            batch.reset(TARGET);
            if (second < 2) {
                byte[] page = (String.join("\n", vllm(1, 0, 0, 10 * second)) + "\n").getBytes(UTF_8);
                target.parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, START + 1000L * second, batch);
            } else {
                target.parser.addAllStale(START + 1000L * second, batch);
            }
            monitor.append(batch);
            states.put(second, target.signals().state());
        }
        assertThat(states).isEqualTo(Map.of(0, ServingState.STARTING, 1, ServingState.SERVING, 2, ServingState.DOWN));
    }

    @Test
    void aClockThatWasSetBackBeginsANewWindow() {
        target.page(100, vllm(1, 0, 0, 0));
        target.page(101, vllm(1, 0, 0, 10));
        target.page(50, vllm(1, 0, 0, 20));
        assertThat(target.page(52, vllm(1, 0, 0, 40)).total().generationTokensPerSecond())
                .isEqualTo(10);
    }

    @Test
    void samplesGoOnWhateverTheListenerAndTheSinkDo() {
        List<Integer> sizes = new ArrayList<>();
        EngineMonitor strict = EngineMonitor.builder()
                .forwardTo(batch -> sizes.add(batch.size()) && sizes.size() > 1)
                .listener((now, before) -> {
                    throw new IllegalStateException("a listener's mistake");
                })
                .build();
        SampleBatch batch = new SampleBatch();
        List<Boolean> taken = new ArrayList<>();
        for (int second = 0; second < 3; second++) {
            batch.reset(TARGET);
            byte[] page = (String.join("\n", vllm(1, 0, 0, 10 * second)) + "\n").getBytes(UTF_8);
            target.parser.parse(ExpositionFormat.TEXT_0_0_4, page, 0, page.length, START + 1000L * second, batch);
            taken.add(strict.append(batch));
        }
        assertThat(taken).containsExactly(false, true, true);
        assertThat(sizes).containsExactly(4, 4, 4);
        assertThat(strict.of(TARGET).state()).isEqualTo(ServingState.SERVING);
    }

    /** Growth is a multiple of ten in every page, so a torn snapshot would show. */
    @Test
    void mayBeReadWhilePagesCome() throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch begun = new CountDownLatch(1);
        target.page(0, vllm(0, 0, 0, 0));
        Thread reader = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                SignalValues total = monitor.of(TARGET).total();
                double rate = total.generationTokensPerSecond();
                if (!Double.isNaN(rate) && rate != 10) {
                    failure.set(new AssertionError("rate " + rate));
                }
                begun.countDown();
            }
        });
        reader.start();
        begun.await();
        for (int second = 1; second < 3000; second++) {
            target.page(second, vllm(second, 0, 0, 10 * second));
        }
        reader.interrupt();
        reader.join();
        assertThat(failure).hasNullValue();
    }

    @Test
    void refusesSettingsAndSignalsThatMakeNoSense() {
        assertThatThrownBy(() -> EngineMonitor.builder().window(Duration.ofMillis(10)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window PT0.01S is less than PT1S");
        SignalValues values = target.page(0, vllm(1, 0, 0, 0)).total();
        assertThatThrownBy(() -> values.value(EngineSignal.PROMPT_TOKENS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("PROMPT_TOKENS is a counter, and value is of a gauge");
        assertThatThrownBy(() -> values.quantile(EngineSignal.REQUESTS_RUNNING, 0.5))
                .hasMessage("REQUESTS_RUNNING is a gauge, and mean and quantile is of a histogram");
        assertThatThrownBy(() -> values.perSecond(EngineSignal.QUEUE_TIME))
                .hasMessage("QUEUE_TIME is a histogram, and perSecond is of a counter");
    }
}

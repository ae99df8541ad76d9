package io.github.promferry.scrape.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.SampleBatch;
import io.github.promferry.Series;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Rates over a window against the list of everything that was ever counted. */
final class WindowGrowthTest {
    private static final Labels TARGET = Labels.of("instance", "10.0.0.7:8000", "job", "llm");
    private static final Series USAGE = series("vllm:kv_cache_usage_perc");
    private static final Series TOKENS = series("vllm:generation_tokens_total");
    private static final long START = 1_700_000_000_000L;
    private static final int RESTART = -1;

    private static Series series(String name) {
        return Series.of(Labels.of(Labels.METRIC_NAME, name, "model_name", "m"), MetricMetadata.NONE);
    }

    /** A page a second; a step is what was counted in it, or a restart, after which the counter is what the step after is. */
    @Property(tries = 200)
    void aRateIsWhatWasCountedInTheWindow(
            @ForAll @Size(min = 2, max = 100) List<@IntRange(min = RESTART, max = 20) Integer> steps) {
        EngineMonitor monitor =
                EngineMonitor.builder().window(Duration.ofSeconds(20)).build();
        List<Integer> counted = new ArrayList<>();
        int everCounted = 0;
        int counter = 100;
        for (int second = 0; second < steps.size(); second++) {
            int step = steps.get(second);
            counter = step == RESTART ? 0 : counter + step;
            everCounted += Math.max(0, step);
            counted.add(everCounted);
            monitor.append(page(second, counter));

            EngineSignals now = monitor.of(TARGET);
            int window = (int) now.window().toSeconds();
            assertThat(window).isBetween(Math.min(second, 18), 20);
            if (second > 0) {
                int grown = counted.get(second) - counted.get(second - window);
                assertThat(now.total().generationTokensPerSecond()).isEqualTo(grown / (double) window, within(1e-9));
            }
        }
    }

    private static SampleBatch page(int second, int counter) {
        SampleBatch batch = new SampleBatch();
        batch.reset(TARGET);
        batch.add(USAGE, START + 1000L * second, 0);
        batch.add(TOKENS, START + 1000L * second, Double.doubleToRawLongBits(counter));
        return batch;
    }
}

package io.github.promferry.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The simulated pages against captured ones: families, their types and words, names of labels, bounds of buckets. */
class EnginePageTest {
    private static final Pattern SAMPLE = Pattern.compile("([^{ ]+)(?:[{](.*)[}])? \\S+");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** What a page tells of a family besides numbers and values of labels. */
    private record Shape(String type, String help, Set<Set<String>> labels, Set<String> bounds) {}

    /**
     * An excerpt is a part of the page, and that of a newer release has families besides; the others are all of what the
     * prefix selects. SGLang's page was captured after a single request, which found nothing in the cache.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    VLLM_0_13      | dynamo-vllm-v1-lmcache.prom      | vllm:                    | whole
                    VLLM_0_13      | vllm-0.33-logger.prom            | vllm:(?!cache_config)    | newer
                    VLLM_V0        | vllm-0.4-v0-datadog.prom         | vllm:|process_|python_   | whole
                    SGLANG         | dynamo-sglang-0.5.x.prom         | sglang:(?!cached_tokens) | whole
                    SGLANG_0_4     | sglang-0.4-docs-under-load.prom  | sglang:                  | whole
                    LLAMA_CPP_2025 | llamacpp-server-2025-02-nan.prom | llamacpp:                | excerpt
                    LLAMA_CPP_2025 | llamacpp-server-2025-06.prom     | llamacpp:                | excerpt
                    LLAMA_CPP      | llamacpp-server-2026-10.prom     | llamacpp:                | whole
                    """)
    void aSimulatedPageHasTheShapeOfTheCapturedOne(EngineRelease release, String file, String prefixes, String part)
            throws IOException {
        Map<String, Shape> captured = shapes(resource(file), prefixes);
        Map<String, Shape> simulated = shapes(pageUnderLoad(release), prefixes);
        assertThat(captured).isNotEmpty();
        if (part.equals("excerpt")) {
            simulated.keySet().retainAll(captured.keySet());
        } else if (part.equals("newer")) {
            captured.keySet().retainAll(simulated.keySet());
        }
        assertThat(simulated).isEqualTo(captured);
    }

    @ParameterizedTest
    @CsvSource({
        // Until 0.9.1, and what took the place of it: vllm-project/vllm#18354, #24110.
        "VLLM_0_9,  vllm:gpu_cache_usage_perc,          vllm:kv_cache_usage_perc",
        "VLLM_0_9,  vllm:gpu_prefix_cache_hits_total,   vllm:prefix_cache_hits_total",
        "VLLM_0_9,  vllm:time_per_output_token_seconds, vllm:inter_token_latency_seconds",
        "VLLM_0_13, vllm:kv_cache_usage_perc,           vllm:gpu_cache_usage_perc",
        "VLLM_0_13, vllm:prefix_cache_hits_total,       vllm:gpu_prefix_cache_hits_total",
        "VLLM_0_13, vllm:inter_token_latency_seconds,   vllm:time_per_output_token_seconds",
        "VLLM_V0,   vllm:num_requests_swapped,          vllm:inter_token_latency_seconds",
    })
    void releasesHaveTheirNames(EngineRelease release, String has, String lacks) {
        assertThat(shapes(pageUnderLoad(release), "vllm:")).containsKey(has).doesNotContainKey(lacks);
    }

    private static String pageUnderLoad(EngineRelease release) {
        ManualClock clock = new ManualClock();
        try (SimulatedEngine engine = SimulatedEngine.of(release).clock(clock).start()) {
            clock.advance(Duration.ofMinutes(3));
            return engine.page();
        }
    }

    private static String resource(String file) throws IOException {
        try (InputStream page = EnginePageTest.class.getResourceAsStream("/corpus/" + file)) {
            return new String(Objects.requireNonNull(page, file).readAllBytes(), UTF_8);
        }
    }

    private static Map<String, Shape> shapes(String page, String prefixes) {
        Map<String, Shape> shapes = new TreeMap<>();
        String help = "";
        Shape shape = null;
        for (String line : page.lines().toList()) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# HELP ")) {
                help = words[3];
            } else if (line.startsWith("# TYPE ")) {
                shape = new Shape(words[3], help, new LinkedHashSet<>(), new LinkedHashSet<>());
                if (Pattern.compile("^(" + prefixes + ")").matcher(words[2]).find()) {
                    shapes.put(words[2], shape);
                }
            } else if (shape != null && !line.isBlank()) {
                addSample(line, shape);
            }
        }
        return shapes;
    }

    private static void addSample(String line, Shape shape) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        Set<String> names = new TreeSet<>();
        List<String> bounds = new ArrayList<>();
        Matcher label = LABEL.matcher(Objects.requireNonNullElse(sample.group(2), ""));
        while (label.find()) {
            if (label.group(1).equals("le")) {
                bounds.add(label.group(2));
            } else {
                names.add(label.group(1));
            }
        }
        shape.labels().add(names);
        shape.bounds().addAll(bounds);
    }
}

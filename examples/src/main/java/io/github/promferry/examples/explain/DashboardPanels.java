package io.github.promferry.examples.explain;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.examples.explain.PromQlNeeds.Need;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A Grafana dashboard that comes with the forwarder, as far as it matters for what it needs.
 *
 * @param title of the dashboard
 * @param panels those that show data
 */
record DashboardPanels(String title, List<Panel> panels) {
    /** Those in the jar. Checked against the folder by a test. */
    static final List<String> FILES = List.of(
            "engines",
            "vllm",
            "sglang",
            "tensorrt-llm",
            "triton",
            "tgi",
            "llama-cpp",
            "lmdeploy",
            "dynamo",
            "ray-serve",
            "litellm",
            "sglang-router",
            "gpu",
            "node");

    /**
     * A panel.
     *
     * @param title shown above it
     * @param needs of each of its expressions
     */
    record Panel(String title, List<PromQlNeeds> needs) {
        /** Whether it shows anything. */
        boolean hasData(Predicate<Need> isPresent) {
            return needs.stream().anyMatch(each -> each.areMetBy(isPresent));
        }

        /** What of its samples is not there. */
        List<Need> missing(Predicate<Need> isPresent) {
            return needs.stream()
                    .flatMap(each -> each.needs().stream())
                    .distinct()
                    .filter(isPresent.negate())
                    .toList();
        }
    }

    DashboardPanels {
        panels = List.copyOf(panels);
    }

    /** All of them. */
    static List<DashboardPanels> readAll() {
        return FILES.stream().map(DashboardPanels::read).toList();
    }

    private static DashboardPanels read(String file) {
        String resource = "/grafana/" + file + ".json";
        try (InputStream json = DashboardPanels.class.getResourceAsStream(resource)) {
            String text = new String(Objects.requireNonNull(json, resource).readAllBytes(), UTF_8);
            // JSON is YAML.
            Map<?, ?> dashboard = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(text);
            List<Panel> panels = new ArrayList<>();
            collect(dashboard, panels);
            return new DashboardPanels(String.valueOf(dashboard.get("title")), panels);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resource, e);
        }
    }

    private static void collect(Map<?, ?> parent, List<Panel> panels) {
        for (Map<?, ?> panel : maps(parent.get("panels"))) {
            List<PromQlNeeds> needs = maps(panel.get("targets")).stream()
                    .map(target -> target.get("expr"))
                    .filter(Objects::nonNull)
                    .map(expression -> PromQlNeeds.of(expression.toString()))
                    .toList();
            if (!needs.isEmpty()) {
                panels.add(new Panel(String.valueOf(panel.get("title")), needs));
            }
            // Of a row that is folded up.
            collect(panel, panels);
        }
    }

    private static List<Map<?, ?>> maps(@Nullable Object list) {
        List<Map<?, ?>> maps = new ArrayList<>();
        if (list instanceof List<?> elements) {
            for (Object element : elements) {
                if (element instanceof Map<?, ?> map) {
                    maps.add(map);
                }
            }
        }
        return maps;
    }
}

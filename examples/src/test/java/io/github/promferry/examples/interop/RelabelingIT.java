package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.RelabelRule;
import io.github.promferry.scrape.relabel.RelabelRule.Action;
import io.github.promferry.scrape.relabel.Relabeler;
import io.github.promferry.testkit.LocalServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Prometheus relabels the same targets by the same rules: thousands of random labels through hundreds of random lists of
 * rules, each a job, and {@code /api/v1/targets} tells what became of them.
 *
 * <p>Left out, because Debian's Prometheus 2.42 differs from Prometheus 3 there: values with line breaks (the dot did not
 * match them), replacing under a name made of groups with nothing (it deleted a label of the template's text), and mapping
 * two names to one (it went by name alone, and not by what rules had set before).
 */
class RelabelingIT {
    private static final int JOBS = 300;
    private static final int TARGETS = 12;

    /** Printed with each failure; another number tries other rules. */
    private static final long SEED = 20261124;

    private static final List<String> NAMES = List.of("a", "b", "ab", "c1", "d_e");
    private static final List<String> TEXTS = List.of(
            "a", "b", "ab", "A", "é", "É", "ß", "ſ", "K", "k", "İ", "ı", "ǆ", "ǅ", "ς", "Σ", "σ", "ﬀ", "ŉ", "Ω", "😀",
            "𐐨", "1", "42", ";", ".", "-", "_", "$1", "\\", "\"", "\t", " ", "模型", "vllm:", "\u00A0", "\u000B");
    private static final List<String> PATTERNS = List.of(
            ".",
            ".*",
            ".+",
            "a",
            "b",
            "é",
            "[ab]",
            "[^a]+",
            "(.*)",
            "(a|b)",
            "(a)?",
            "(?:ab|a)",
            "\\.",
            "a+?",
            "(.*?)",
            "(?P<x>a+)",
            "\\d+",
            "\\w*",
            "\\s",
            "\\S+",
            "\\pL+",
            "\\p{Greek}",
            "[[:alpha:]]+",
            "[[:^alnum:]]",
            "(?i)é",
            "(?i:k)",
            "(?i:s|ς)",
            "\\x{e9}",
            "[a-z&&b]",
            "[a[b]",
            "(?U)a*",
            "\\Q.\\E",
            "\\bab",
            "^a",
            "b$",
            "a{1,2}",
            "(a|ab)(b|)",
            "()",
            "\\-",
            "vllm:.*",
            ".*1");
    private static final List<String> VALUES = List.of(
            "$1", "${1}", "$0", "${2}-$1", "$x", "${x}y", "$$", "$", "${", "a$1b", "$1_x", "$é", "plain", "", "${10}");
    /** Whatever they expand to, what they begin with is a label name. */
    private static final List<String> MAPPED_NAMES = List.of("m_${1}", "n${1}x", "a", "m_$1", "o");

    private final Random random = new Random(SEED);
    /** As rules see them, by number. */
    private final Map<String, Map<String, String>> targets = new TreeMap<>();

    /** A rule in both forms. */
    private record Rule(RelabelRule ours, Map<String, String> theirs) {}

    @Test
    void everyTargetComesOutAsPrometheusHasIt(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        List<List<Rule>> jobs =
                IntStream.range(0, JOBS).mapToObj(job -> rules()).toList();
        Path config = Files.writeString(directory.resolve("prometheus.yml"), config(jobs), UTF_8);
        int port = LocalServer.freePort();
        try (LocalServer server = LocalServer.start(
                directory,
                URI.create("http://127.0.0.1:" + port + "/-/ready"),
                List.of(
                        binary.toString(),
                        "--config.file=" + config,
                        "--storage.agent.path=" + directory.resolve("data"),
                        "--enable-feature=agent",
                        "--web.listen-address=127.0.0.1:" + port))) {
            Map<String, Map<String, String>> active = new HashMap<>();
            // A discovery's first list is applied five seconds after it came.
            await().atMost(Duration.ofMinutes(1))
                    .pollInterval(Duration.ofSeconds(1))
                    .untilAsserted(() ->
                            assertThat(targets(port, active)).as(server::log).isEqualTo(JOBS * TARGETS));
            compare(jobs, active);
            assertThat(active.size()).isBetween(JOBS * TARGETS / 3, JOBS * TARGETS * 49 / 50);
        }
    }

    /** Compares each target with what became of it, by its number; nothing if it was dropped. */
    private void compare(List<List<Rule>> jobs, Map<String, Map<String, String>> active) {
        targets.forEach((number, labels) -> {
            List<RelabelRule> rules = jobs.get(Integer.parseInt(labels.get("job"))).stream()
                    .map(Rule::ours)
                    .toList();
            Labels result = Relabeler.of(rules).apply(Labels.of(labels));
            Map<String, String> ours = result == null ? null : new TreeMap<>(result.toMap());
            if (ours != null) {
                ours.putIfAbsent("instance", ours.get("__address__"));
                ours.keySet().removeIf(name -> name.startsWith("__"));
            }
            assertThat(ours).as("seed %d: %s through %s", SEED, labels, rules).isEqualTo(active.get(number));
        });
    }

    /** Finds the labels of those that were not dropped, by their number, and returns how many there are with those that were. */
    @SuppressWarnings("unchecked") // JSON as the API documents it.
    private static int targets(int port, Map<String, Map<String, String>> active) throws Exception {
        String json = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/targets"))
                                .build(),
                        BodyHandlers.ofString(UTF_8))
                .body();
        LoadSettings settings = LoadSettings.builder()
                .setCodePointLimit(Integer.MAX_VALUE)
                // Its own fails where the end of a buffer parts a surrogate pair.
                .setBufferSize(json.length() + 1)
                .build();
        Map<String, Object> answer = (Map<String, Object>) new Load(settings).loadFromString(json);
        Map<String, Object> data = (Map<String, Object>) answer.get("data");
        // Not discoveredLabels: in this version relabeling writes into them.
        for (Map<String, Object> target : (List<Map<String, Object>>) data.get("activeTargets")) {
            Map<String, String> labels = (Map<String, String>) target.get("labels");
            active.put(labels.get("number"), labels);
        }
        return active.size() + ((List<?>) data.get("droppedTargets")).size();
    }

    private String config(List<List<Rule>> jobs) {
        // An hour: nothing of this is about scraping. The port is nobody's.
        StringBuilder yaml = new StringBuilder("global: {scrape_interval: 1h}\nscrape_configs:\n");
        for (int job = 0; job < jobs.size(); job++) {
            yaml.append("  - job_name: \"").append(job).append("\"\n");
            yaml.append("    static_configs: ").append(targets(job)).append('\n');
            yaml.append("    relabel_configs:\n");
            for (Rule rule : jobs.get(job)) {
                yaml.append("      - {");
                yaml.append(rule.theirs.entrySet().stream()
                        .map(field -> field.getKey() + ": " + field.getValue())
                        .collect(Collectors.joining(", ")));
                yaml.append("}\n");
            }
        }
        return yaml.append("remote_write: [{url: \"http://127.0.0.1:1/\"}]\n").toString();
    }

    private String targets(int job) {
        List<String> groups = new ArrayList<>();
        for (int i = 0; i < TARGETS; i++) {
            String number = String.valueOf(targets.size());
            Map<String, String> labels = new TreeMap<>();
            NAMES.stream().filter(name -> random.nextInt(4) > 0).forEach(name -> labels.put(name, text()));
            // No rule changes it, so that no two targets become one.
            labels.put("number", number);
            groups.add("{targets: [\"127.0.0.1:1\"], labels: {"
                    + labels.entrySet().stream()
                            .map(label -> label.getKey() + ": " + quoted(label.getValue()))
                            .collect(Collectors.joining(", "))
                    + "}}");
            labels.putAll(Map.of(
                    "job", String.valueOf(job),
                    "__address__", "127.0.0.1:1",
                    "__scheme__", "http",
                    "__metrics_path__", "/metrics",
                    "__scrape_interval__", "1h",
                    "__scrape_timeout__", "10s"));
            targets.put(number, labels);
        }
        return "[" + String.join(", ", groups) + "]";
    }

    private String text() {
        return random.ints(1 + random.nextInt(3), 0, TEXTS.size())
                .mapToObj(TEXTS::get)
                .collect(Collectors.joining());
    }

    private List<Rule> rules() {
        return IntStream.range(0, 1 + random.nextInt(4))
                .mapToObj(each -> rule(pick(List.of(Action.values()))))
                .toList();
    }

    private Rule rule(Action action) {
        String[] sources = pickSome(NAMES).toArray(String[]::new);
        String target = pick(NAMES);
        Map<String, String> theirs = new TreeMap<>();
        theirs.put("action", action.configName());
        RelabelRule.Builder ours = RelabelRule.builder().action(action).legacyNames(true);
        boolean ofNames = action == Action.LABELMAP || action == Action.LABELDROP || action == Action.LABELKEEP;
        if (!ofNames) {
            ours.sourceLabels(sources);
            theirs.put("source_labels", "[" + String.join(", ", sources) + "]");
            if (action != Action.KEEPEQUAL && action != Action.DROPEQUAL && random.nextBoolean()) {
                String separator = pick(List.of("", ";", "a", "::"));
                ours.separator(separator);
                theirs.put("separator", quoted(separator));
            }
        }
        switch (action) {
            case REPLACE -> {
                regex(ours, theirs, pattern());
                boolean made = random.nextInt(3) == 0;
                String value = made ? "v" + pick(VALUES) : pick(VALUES);
                target(ours, theirs, made ? pick(MAPPED_NAMES) : target);
                ours.replacement(value);
                theirs.put("replacement", quoted(value));
            }
            case KEEP, DROP -> regex(ours, theirs, pattern());
            case KEEPEQUAL, DROPEQUAL, LOWERCASE, UPPERCASE -> target(ours, theirs, target);
            case HASHMOD -> {
                int modulus = 1 + random.nextInt(1000);
                target(ours, theirs, target);
                ours.modulus(modulus);
                theirs.put("modulus", String.valueOf(modulus));
            }
            case LABELMAP -> {
                String name = pick(List.of("m_${1}", "m_$1", "n${1}x"));
                regex(ours, theirs, pick(List.of("(a|b)", "(ab?)", "([a-d].*)", "d_(e)", "c(\\d)")));
                ours.replacement(name);
                theirs.put("replacement", quoted(name));
            }
            case LABELDROP -> regex(ours, theirs, pick(List.of("a", "[ab]+", "c.", "a|d_e", "(?i)AB", "m_.*", "x")));
            // What makes it a target has to stay.
            case LABELKEEP ->
                regex(ours, theirs, "__.*|job|number|" + pick(List.of("a", "[ab]+", "c.", "a|d_e", "m.*")));
        }
        return new Rule(ours.build(), theirs);
    }

    private String pattern() {
        while (true) {
            String pattern = random.ints(1 + random.nextInt(3), 0, PATTERNS.size())
                    .mapToObj(PATTERNS::get)
                    .collect(Collectors.joining(random.nextInt(4) == 0 ? "|" : ""));
            if (pattern.indexOf("?P<x>") == pattern.lastIndexOf("?P<x>")) {
                return pattern;
            }
        }
    }

    private static void regex(RelabelRule.Builder ours, Map<String, String> theirs, String regex) {
        ours.regex(regex);
        theirs.put("regex", quoted(regex));
    }

    private static void target(RelabelRule.Builder ours, Map<String, String> theirs, String target) {
        ours.targetLabel(target);
        theirs.put("target_label", quoted(target));
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private Set<String> pickSome(List<String> list) {
        Set<String> some = new HashSet<>();
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            some.add(pick(list));
        }
        return some;
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString();
    }
}

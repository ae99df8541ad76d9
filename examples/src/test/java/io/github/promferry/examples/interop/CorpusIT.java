package io.github.promferry.examples.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every page of the corpus, served and scraped once, arrives with every sample. */
class CorpusIT {
    private static final String OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private static final int REPORT_SERIES = 5;

    @Test
    void everyPageArrivesComplete(@TempDir Path directory) throws Exception {
        Map<String, Path> pages = pages();
        assertThat(pages).hasSizeGreaterThanOrEqualTo(35);
        List<ScriptedTarget> targets = new ArrayList<>();
        try (StrictReceiver receiver = StrictReceiver.start()) {
            StringBuilder config = new StringBuilder("global:\n  scrape_interval: 1h\nscrape_configs:\n");
            long expected = 0;
            for (Map.Entry<String, Path> page : pages.entrySet()) {
                ScriptedTarget target = ScriptedTarget.start(
                        ScriptedAnswer.page(Files.readAllBytes(page.getValue()), contentType(page.getKey())));
                targets.add(target);
                config.append("  - job_name: ").append(page.getKey()).append('\n');
                config.append("    static_configs:\n      - targets: [\"")
                        .append(target.hostPort())
                        .append("\"]\n");
                expected += distinctSamples(page.getValue()).size() + REPORT_SERIES;
            }
            config.append("remote_write:\n  - url: ").append(receiver.uri()).append('\n');
            config.append("    protobuf_message: io.prometheus.write.v2.Request\n");
            long all = expected;
            try (ForwarderProcess forwarder = ForwarderProcess.run(directory, config.toString())) {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> targets.stream()
                                .allMatch(target -> !target.requests().isEmpty()));
                // Whatever is missing after this, the comparison below names.
                long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
                while (receiver.sampleCount() < all && forwarder.isAlive() && System.nanoTime() < deadline) {
                    TimeUnit.MILLISECONDS.sleep(100);
                }
                assertThat(forwarder.endBy("TERM", Duration.ofSeconds(20)))
                        .as(forwarder.log())
                        .isZero();
                assertThat(receiver.violations()).isEmpty();
                for (Map.Entry<String, Path> page : pages.entrySet()) {
                    assertThat(received(receiver, page.getKey()))
                            .as(page.getKey() + "\n" + forwarder.log())
                            .isEqualTo(distinctSamples(page.getValue()));
                }
                assertThat(receiver.sampleCount()).isEqualTo(all);
            }
        } finally {
            targets.forEach(ScriptedTarget::close);
        }
    }

    /** A page cut off before its end mark is none of OpenMetrics; engines serve such samples as text. */
    private static String contentType(String page) {
        return page.endsWith(".openmetrics") && !page.contains("mismatch") ? OPENMETRICS : ScriptedAnswer.TEXT_0_0_4;
    }

    /** Name and value of each series, sorted; a series that comes twice counts once, with its first value. */
    private static List<String> distinctSamples(Path page) throws IOException {
        Set<Map<String, String>> seen = new HashSet<>();
        List<String> samples = new ArrayList<>();
        for (PageLine line : PageLine.read(Files.readString(page, UTF_8))) {
            if (seen.add(line.labels())) {
                samples.add(line.labels().get("__name__") + " " + line.value());
            }
        }
        samples.sort(null);
        return samples;
    }

    private static List<String> received(StrictReceiver receiver, String job) {
        List<String> samples = new ArrayList<>();
        for (Labels series : receiver.series()) {
            String name = String.valueOf(series.metricName());
            boolean report = name.equals("up") || (name.startsWith("scrape_") && series.size() == 3);
            if (job.equals(series.get("job")) && !report) {
                for (ReceivedSample sample : receiver.samples(series)) {
                    samples.add(name + " " + sample.value());
                }
            }
        }
        samples.sort(null);
        return samples;
    }

    /** By file name. The folder is that of the core module's tests, so that there is one copy. */
    private static Map<String, Path> pages() throws IOException, URISyntaxException {
        URL folder = CorpusIT.class.getResource("/corpus");
        Map<String, Path> pages = new TreeMap<>();
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            files.filter(file -> !file.toString().endsWith(".md"))
                    .forEach(file -> pages.put(file.getFileName().toString(), file));
        }
        return pages;
    }
}

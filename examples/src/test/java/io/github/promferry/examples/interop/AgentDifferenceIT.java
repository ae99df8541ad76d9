package io.github.promferry.examples.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.promferry.Labels;
import io.github.promferry.examples.Configurations;
import io.github.promferry.testkit.LocalServer;
import io.github.promferry.testkit.ReceivedSample;
import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import io.github.promferry.testkit.StrictReceiver;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The forwarder beside Debian's Prometheus in agent mode: the same configuration, the same script of good and bad pages,
 * a receiver each. Both must send the same series, each with the same values and stale markers in the same order.
 *
 * <p>Known differences, which the script avoids or the comparison leaves out:
 *
 * <ul>
 *   <li>Timestamps and the value of {@code scrape_duration_seconds} cannot be equal.
 *   <li>The agent's encoder loses the sign of a negative zero.
 *   <li>The agent sends both samples of a series that a page has twice, with one timestamp, which receivers refuse.
 *   <li>Series that were new on a page which failed get a stale marker when the next page lacks them, as in a Prometheus
 *       server; the agent forgets them when it takes the page back.
 *   <li>After a page that failed the agent does not count the next scrape as another one (prometheus/prometheus#16174, since
 *       mended), so that its cache keeps a series which only the failed one of them had.
 * </ul>
 */
class AgentDifferenceIT {
    private static final String PAGE = """
            # HELP req Requests.
            # TYPE req counter
            req_total{code="200"} 1
            req_total{code="500"} 2
            # TYPE temp gauge
            temp 3.5
            not_a_number NaN
            infinite +Inf
            negative_zero -0
            tiny 5e-324
            empty_label{l="",m="x"} 1
            clash{job="mine",instance="other"} 1
            clash_again{job="mine",exported_job="theirs"} 1
            escaped{path="C:\\\\dir",quote="\\"",line="\\n"} 1
            # TYPE lat histogram
            lat_bucket{le="0.5"} 1
            lat_bucket{le="+Inf"} 2
            lat_sum 1.5
            lat_count 2
            """;

    /** One more than the page has. */
    private static final int SAMPLE_LIMIT = 16;

    private static final int SCRAPES = 17;

    @Test
    void sendsWhatPrometheusSends(@TempDir Path directory) throws Exception {
        Path binary = InstalledServer.require("prometheus", "prometheus");
        Map<Labels, List<String>> theirs;
        Map<Labels, List<String>> ours;
        String log;
        try (ScriptedTarget forAgent = scripted();
                ScriptedTarget forForwarder = scripted();
                StrictReceiver fromAgent = StrictReceiver.start();
                StrictReceiver fromForwarder = StrictReceiver.start()) {
            Path agentDirectory = Files.createDirectory(directory.resolve("agent"));
            Path agentConfig = Files.writeString(
                    agentDirectory.resolve("agent.yml"), config(forAgent.hostPort(), fromAgent.uri()));
            int port = LocalServer.freePort();
            try (LocalServer agent = LocalServer.start(
                            agentDirectory,
                            URI.create("http://127.0.0.1:" + port + "/-/ready"),
                            List.of(
                                    binary.toString(),
                                    "--enable-feature=agent",
                                    "--config.file=" + agentConfig,
                                    "--storage.agent.path=" + agentDirectory.resolve("data"),
                                    "--web.listen-address=127.0.0.1:" + port));
                    ForwarderProcess forwarder =
                            ForwarderProcess.run(directory, config(forForwarder.hostPort(), fromForwarder.uri()))) {
                await().atMost(Duration.ofMinutes(2))
                        .until(() -> scrapes(fromAgent) >= SCRAPES && scrapes(fromForwarder) >= SCRAPES);
                log = forwarder.log();
                assertThat(agent.log()).doesNotContain("panic");
            }
            assertThat(fromAgent.violations())
                    .as("of the peer: the script must be fair")
                    .isEmpty();
            assertThat(fromForwarder.violations()).isEmpty();
            Labels zero = fromForwarder.seriesNamed("negative_zero").iterator().next();
            assertThat(fromForwarder.samples(zero).get(0).valueBits()).isEqualTo(Double.doubleToRawLongBits(-0.0));
            theirs = sent(fromAgent);
            ours = sent(fromForwarder);
        }
        for (String name : List.of("one_more", "two_more")) {
            Labels onlyOnAFailedPage = Labels.of("__name__", name, "instance", "engine-1", "job", "llm");
            assertThat(ours.remove(onlyOnAFailedPage)).containsExactly("scrape " + SCRAPES + ": stale");
        }
        assertThat(ours.keySet()).as(log).isEqualTo(theirs.keySet());
        for (Map.Entry<Labels, List<String>> series : theirs.entrySet()) {
            assertThat(ours.get(series.getKey()))
                    .as(series.getKey() + "\n" + log)
                    .isEqualTo(series.getValue());
        }
    }

    /** Good pages between empty ones, broken ones, ones over the limit, and failures of several kinds. */
    private static ScriptedTarget scripted() {
        return ScriptedTarget.start(ScriptedAnswer.page(PAGE))
                .then(
                        ScriptedAnswer.page(PAGE),
                        ScriptedAnswer.page(
                                PAGE.replace("temp 3.5\n", "new_one 1\n").replace("_sum 1.5", "_sum 9")),
                        ScriptedAnswer.status(500),
                        ScriptedAnswer.page(PAGE.replace("req_total{code=\"200\"} 1", "req_total{code=\"200\"} 7")),
                        ScriptedAnswer.page("this is not a page {\nreq_total{code=\"200\"} 8\n"),
                        ScriptedAnswer.page(PAGE).closeAfter(100),
                        ScriptedAnswer.page(PAGE),
                        ScriptedAnswer.page(""),
                        ScriptedAnswer.page(PAGE),
                        ScriptedAnswer.page(PAGE.replace("temp 3.5\n", "new_one 1\ntemp broken\n")),
                        ScriptedAnswer.page(PAGE),
                        ScriptedAnswer.page(PAGE.replace("req_total{code=\"500\"} 2\n", "")),
                        ScriptedAnswer.page("req_total{code=\"500\"} 2\nreq_total{code=\"200\"} 8\nbroken\n"),
                        ScriptedAnswer.status(503),
                        ScriptedAnswer.page(PAGE),
                        ScriptedAnswer.page("one_more 1\ntwo_more 1\n" + PAGE),
                        ScriptedAnswer.page(PAGE));
    }

    private static int scrapes(StrictReceiver receiver) {
        return receiver.seriesNamed("up").stream()
                .mapToInt(series -> receiver.samples(series).size())
                .sum();
    }

    /** What came with the first scrapes: the values of each series as raw bits, in order. */
    private static Map<Labels, List<String>> sent(StrictReceiver receiver) {
        List<Long> ticks = receiver
                .samples(receiver.seriesNamed("up").iterator().next())
                .stream()
                .map(ReceivedSample::timestampMillis)
                .toList();
        long last = ticks.get(SCRAPES - 1);
        Map<Labels, List<String>> sent = new TreeMap<>();
        for (Labels series : receiver.series()) {
            List<String> values = new ArrayList<>();
            boolean varies = "scrape_duration_seconds".equals(series.metricName());
            for (ReceivedSample sample : receiver.samples(series)) {
                if (sample.timestampMillis() <= last) {
                    String scrape = "scrape " + (1 + ticks.indexOf(sample.timestampMillis())) + ": ";
                    values.add(scrape + (varies && !sample.isStale() ? "any" : text(sample)));
                }
            }
            sent.put(series, values);
        }
        return sent;
    }

    private static String text(ReceivedSample sample) {
        if (sample.isStale()) {
            return "stale";
        }
        return sample.value() == 0 ? "0" : sample.value() + " " + Long.toHexString(sample.valueBits());
    }

    private static String config(String target, URI receiver) {
        String endpoint = "{url: \"" + receiver + "\", queue_config: {batch_send_deadline: 500ms}}";
        return Configurations.prometheus("1s", target, endpoint)
                .replace("job_name: llm", "job_name: llm\n    sample_limit: " + SAMPLE_LIMIT);
    }
}

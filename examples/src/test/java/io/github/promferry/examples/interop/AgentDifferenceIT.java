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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The forwarder beside Debian's Prometheus in agent mode: the same configuration, the same script of good and bad pages,
 * a receiver each. Both must send the same series, each with the same values and stale markers in the same order.
 *
 * <p>Known differences, which the scripts avoid or the comparison leaves out:
 *
 * <ul>
 *   <li>Timestamps, except those on the page, and the value of {@code scrape_duration_seconds} cannot be equal.
 *   <li>The agent's encoder loses the sign of a negative zero.
 *   <li>The agent sends both samples of a series that a page has twice, with one timestamp or the later one first, and the
 *       stale marker behind a timestamp of the same page that is ahead of the scrape; receivers refuse that.
 *   <li>Series that were new on a page which failed get a stale marker when the next page lacks them, as in a Prometheus
 *       server; the agent forgets them when it takes the page back.
 *   <li>After a page that failed the agent does not count the next scrape as another one (prometheus/prometheus#16174, since
 *       mended), so that its cache keeps a series which only the failed one of them had.
 *   <li>The agent sends no sample that is older than itself.
 *   <li>Prometheus 2.42 sends a sample again that pages repeat with the same timestamp; an agent of Prometheus 3 refuses it,
 *       and, if timestamps are tracked, ends the series, which a server does not.
 *   <li>Both take a new series whose sample they refused for alive, which Prometheus has mended since, and so end it.
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
    /** The columns of the tables below, and a page before. */
    private static final int SCRIPTED_SCRAPES = 11;

    /**
     * Series that come and go with and without timestamps. Each line is a series, each column a scrape, a second after the
     * one before: a value, {@code value@millis} since the first scrape, or a dot for none.
     */
    private static final String TIMESTAMPS = """
            never          1         2   3         .   4         .       .       5         6  .
            later          1@100     2@600 3@1500  .   .         .       4@5500  5@6500    .  .
            backwards      1@500     2@400 3@1500  4@1400 5@300  .       .       6@6500    .  .
            gains          1         2@500 3@1500  .   4         .       .       5@6500    6  .
            loses          1@100     2   3         .   4@3500    5       6@5500  7@6500    .  .
            alternates     1@100     2   3@1500    4   .         5@4500  6       .         7  .
            from_before    1         2   3@500     3@500 4@1600  5@4500  6       .         7@5500 8
            was_ahead      1@2500    2   3         4   5         6       7         8       9         10
            ahead          1@60000   .   2@60001   .   .         3@60000 .       4@60002   .  .
            too_far_ahead  1         2@900000 3 4@900000  5         .       6       7@900000  .  .
            begins_late    1@900000  2@900000 3    4   .         5@900000 6      7         .  8@7500
            twice          1@100     .   3@1500    5   .         6@4500  .       .         .  .
            twice          2@200     .   4@1600    .   .         7@4600  .       .         .  .
            """;

    private static final String REPEATED = """
            repeated       1@100     1@100 1@100   1@100  1@100  2@4500  2@4500  2@4500    2@4500 2@4500
            """;

    /** The same; the first line says what becomes of the pages. */
    private static final String BETWEEN_FAILURES = """
            page           good      good  500     good   good   broken  good    empty     good   good
            plain          1         2     3       4      5      6       7       8         9      10
            returns        1         2     .       3@1500 4@2500 .       5@5500  .         6@6500 7@8500
            stamped        1@100     2@600 3@1600  4@2600 .      5@4600  6@5600  .         7@7600 8@8600
            on_broken      1         2     .       3      4      5@3500  6@3500  7         8      9
            before_broken  1         2     3       4      5      6       7@3500  8         9@6500 10
            ahead_of_all   1@4500    .     .       2      3      4       5       6         7@8100 8
            """;

    @Test
    void sendsWhatPrometheusSends(@TempDir Path directory) throws Exception {
        Sent sent = run(directory, debian(), "", firstScrape -> scripted(), SCRAPES);
        Labels zero = sent.ours.keySet().stream()
                .filter(series -> "negative_zero".equals(series.metricName()))
                .findFirst()
                .orElseThrow();
        assertThat(sent.ours.get(zero)).startsWith("scrape 1: -0.0 8000000000000000");
        sent.ours.computeIfPresent(
                zero,
                (series, values) -> values.stream()
                        .map(value -> value.replace("-0.0 8000000000000000", "0.0 0"))
                        .toList());
        for (String name : List.of("one_more", "two_more")) {
            Labels onlyOnAFailedPage = Labels.of("__name__", name, "instance", "engine-1", "job", "llm");
            assertThat(sent.ours.remove(onlyOnAFailedPage)).containsExactly("scrape " + SCRAPES + ": stale");
        }
        sent.assertEqual();
    }

    @Test
    void takesTheTimestampsOfPagesThatPrometheusTakes(@TempDir Path directory) throws Exception {
        Sent sent = run(directory, debian(), "", first -> timestamped(first, TIMESTAMPS), SCRIPTED_SCRAPES);
        assertThat(sent.ours("gains"))
                .as("the script must be told apart by its timestamps")
                .contains("at 500: 2.0 4000000000000000", "scrape 2: stale");
        sent.assertEqual();
    }

    @Test
    void takesTheTimestampsThatPrometheusTakesBetweenFailures(@TempDir Path directory) throws Exception {
        Sent sent = run(directory, debian(), "", first -> timestamped(first, BETWEEN_FAILURES), SCRIPTED_SCRAPES);
        assertThat(sent.ours("returns")).contains("scrape 3: stale").anyMatch(sample -> sample.startsWith("at 2500"));
        sent.assertEqual();
    }

    @Test
    void ignoresTimestampsAsPrometheusDoes(@TempDir Path directory) throws Exception {
        Sent sent = run(
                directory,
                debian(),
                "honor_timestamps: false",
                first -> timestamped(first, without("twice", TIMESTAMPS)),
                SCRIPTED_SCRAPES);
        assertThat(sent.ours("later")).contains("scrape 1: 1.0 3ff0000000000000", "scrape 4: stale");
        sent.assertEqual();
    }

    @Test
    void sendsASampleThatPagesRepeatOnce(@TempDir Path directory) throws Exception {
        Agent agent = new Agent(InstalledServer.requirePrometheus3(), "--agent");
        Sent sent = run(directory, agent, "", first -> timestamped(first, TIMESTAMPS + REPEATED), SCRIPTED_SCRAPES);
        assertThat(sent.ours("repeated")).hasSize(2);
        sent.assertEqual();
    }

    @Test
    void tracksTimestampsAsPrometheusDoes(@TempDir Path directory) throws Exception {
        Agent agent = new Agent(InstalledServer.requirePrometheus3(), "--agent");
        String script = without("twice|ahead|too_far_ahead", TIMESTAMPS) + without("page", BETWEEN_FAILURES);
        Sent sent = run(
                directory,
                agent,
                "track_timestamps_staleness: true",
                first -> timestamped(first, script),
                SCRIPTED_SCRAPES);
        assertThat(sent.ours("later")).contains("scrape 4: stale");
        sent.assertEqual();
    }

    private static String without(String names, String table) {
        return table.replaceAll("(?m)^(" + names + ") .*\n", "");
    }

    /** A Prometheus, and what makes it an agent. */
    private record Agent(Path binary, String option) {}

    private static Agent debian() {
        return new Agent(InstalledServer.require("prometheus", "prometheus"), "--enable-feature=agent");
    }

    /** What both have sent with the same scrapes. */
    private record Sent(Map<Labels, List<String>> theirs, Map<Labels, List<String>> ours, String log) {
        void assertEqual() {
            assertThat(ours.keySet()).as(log).isEqualTo(theirs.keySet());
            for (Map.Entry<Labels, List<String>> series : theirs.entrySet()) {
                assertThat(ours.get(series.getKey()))
                        .as(series.getKey() + "\n" + log)
                        .isEqualTo(series.getValue());
            }
        }

        List<String> ours(String name) {
            return ours.get(Labels.of("__name__", name, "instance", "engine-1", "job", "llm"));
        }
    }

    private static Sent run(
            Path directory, Agent program, String jobOption, Function<AtomicLong, ScriptedTarget> script, int scrapes)
            throws Exception {
        String log;
        AtomicLong firstOfAgent = new AtomicLong();
        AtomicLong firstOfForwarder = new AtomicLong();
        try (ScriptedTarget forAgent = script.apply(firstOfAgent);
                ScriptedTarget forForwarder = script.apply(firstOfForwarder);
                StrictReceiver fromAgent = StrictReceiver.start();
                StrictReceiver fromForwarder = StrictReceiver.start()) {
            Path agentDirectory = Files.createDirectory(directory.resolve("agent"));
            Path agentConfig = Files.writeString(
                    agentDirectory.resolve("agent.yml"), config(forAgent.hostPort(), fromAgent.uri(), jobOption));
            int port = LocalServer.freePort();
            try (LocalServer agent = LocalServer.start(
                            agentDirectory,
                            URI.create("http://127.0.0.1:" + port + "/-/ready"),
                            List.of(
                                    program.binary.toString(),
                                    program.option,
                                    "--config.file=" + agentConfig,
                                    "--storage.agent.path=" + agentDirectory.resolve("data"),
                                    "--web.listen-address=127.0.0.1:" + port));
                    ForwarderProcess forwarder = ForwarderProcess.run(
                            directory, config(forForwarder.hostPort(), fromForwarder.uri(), jobOption))) {
                await().atMost(Duration.ofMinutes(2))
                        .until(() -> scrapes(fromAgent) >= scrapes && scrapes(fromForwarder) >= scrapes);
                log = forwarder.log();
                assertThat(agent.log()).doesNotContain("panic");
            }
            assertThat(fromAgent.violations())
                    .as("of the peer: the script must be fair")
                    .isEmpty();
            assertThat(fromForwarder.violations()).isEmpty();
            return new Sent(
                    sent(fromAgent, scrapes, firstOfAgent.get()),
                    sent(fromForwarder, scrapes, firstOfForwarder.get()),
                    log);
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

    /** The table after an empty page; a series that stands there twice is on the page twice. */
    private static ScriptedTarget timestamped(AtomicLong firstScrape, String script) {
        List<String[]> table = script.lines().map(line -> line.split(" +", -1)).toList();
        AtomicInteger scrapes = new AtomicInteger();
        return ScriptedTarget.start(ScriptedAnswer.page("")).answer(request -> {
            int scrape = scrapes.getAndIncrement();
            if (scrape == 0) {
                // The forwarder begins at once, and goes on when it is time to.
                return ScriptedAnswer.page("");
            }
            firstScrape.compareAndSet(0, System.currentTimeMillis());
            StringBuilder page = new StringBuilder();
            String kind = "good";
            for (String[] line : table) {
                String[] sample = line[Math.min(scrape, line.length - 1)].split("@", -1);
                if (line[0].equals("page")) {
                    kind = sample[0];
                } else if (!sample[0].equals(".")) {
                    page.append(line[0]).append(' ').append(sample[0]);
                    page.append(
                            sample.length < 2 ? "\n" : " " + (firstScrape.get() + Long.parseLong(sample[1])) + "\n");
                }
            }
            return switch (kind) {
                case "500" -> ScriptedAnswer.status(500);
                case "empty" -> ScriptedAnswer.page("");
                case "broken" -> ScriptedAnswer.page(page + "broken{\n");
                default -> ScriptedAnswer.page(page.toString());
            };
        });
    }

    private static int scrapes(StrictReceiver receiver) {
        return receiver.seriesNamed("up").stream()
                .mapToInt(series -> receiver.samples(series).size())
                .sum();
    }

    /** What came with the first scrapes: the values of each series as raw bits, in order. */
    private static Map<Labels, List<String>> sent(StrictReceiver receiver, int scrapes, long firstScrapeMillis) {
        List<Long> ticks = receiver
                .samples(receiver.seriesNamed("up").iterator().next())
                .stream()
                .map(ReceivedSample::timestampMillis)
                .toList();
        Map<Labels, List<String>> sent = new TreeMap<>();
        for (Labels series : receiver.series()) {
            List<String> values = new ArrayList<>();
            boolean varies = "scrape_duration_seconds".equals(series.metricName());
            for (ReceivedSample sample : receiver.samples(series)) {
                int tick = ticks.indexOf(sample.timestampMillis());
                if (tick < scrapes) {
                    String when = tick < 0
                            ? "at " + (sample.timestampMillis() - firstScrapeMillis) + ": "
                            : "scrape " + (firstScrapeMillis == 0 ? 1 + tick : tick) + ": ";
                    values.add(when + (varies && !sample.isStale() ? "any" : text(sample)));
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
        return sample.value() + " " + Long.toHexString(sample.valueBits());
    }

    private static String config(String target, URI receiver, String jobOption) {
        String endpoint = "{url: \"" + receiver + "\", queue_config: {batch_send_deadline: 500ms}}";
        return Configurations.prometheus("1s", target, endpoint)
                .replace("job_name: llm", "job_name: llm\n    sample_limit: " + SAMPLE_LIMIT + "\n    " + jobOption);
    }
}

package io.github.promferry.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.testkit.ScriptedAnswer;
import io.github.promferry.testkit.ScriptedTarget;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The commands that end by themselves, in this process; what they print is compared to the letter. */
class CommandsTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void withoutACommandTheUsageIsShown() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("Usage: promferry-forwarder [-hV] [COMMAND]")
                .contains("run", "check", "parse");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check", "parse", "explain"})
    void eachCommandHasHelpOfItsOwn(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: promferry-forwarder " + command);
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "frobnicate | Unmatched argument at index 0: 'frobnicate'",
                "check | Missing required option: '--config.file=FILE'",
                "run --config x --flush-deadline 5 | Invalid value for option '--flush-deadline': '5': a duration needs a"
                        + " unit, such as 15s, 1m30s or 500ms",
                "run --config x --profile small | Invalid value for option '--profile': expected one of [FULL, DASHBOARD,"
                        + " LEAN] (case-insensitive) but was 'small'",
                "explain | Missing required parameter: 'FILE|-|URL'",
                "explain --engines /no/such x | --engines: /no/such",
                "parse | Missing required parameter: 'FILE|-|URL'",
                "parse a b | one page at a time, or --summary",
                "parse --content-type text/html a | --content-type: 'text/html' is not the type of an exposition",
            })
    void aWrongCommandLineIsExplained(String line, String message) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).startsWith(message);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void theVersionIsTold() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).startsWith("promferry-forwarder ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--config", "--config.file", "-c"})
    void checkPrintsTheEffectiveSettings(String option) throws Exception {
        Path file = write("c.yaml", Files.readString(resource("config/collector.yaml")));

        assertThat(run("check", option, file.toString())).isZero();
        assertThat(out.toString())
                .isEqualToNormalizingNewlines(file + ": collector configuration, ok\n"
                        + "  job user-vllm: http://0.0.0.0:9000/metrics every 15s, timeout 10s -> prometheusremotewrite\n"
                        + "  endpoint prometheusremotewrite: http://127.0.0.1:9090/api/v1/write, prometheus.WriteRequest,"
                        + " timeout 5s, basic, user USER, a request has at most 8192 samples, 3000000 bytes and waits at"
                        + " most 200ms\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void checkPrintsWarningsButAccepts() throws Exception {
        Path file = write("p.yml", """
                rule_files: [x]
                scrape_configs: [{job_name: a, static_configs: [{targets: ["h:1"]}]}]
                remote_write: [{url: "http://h/"}]
                """);

        assertThat(run("check", "--config=" + file)).isZero();
        assertThat(err.toString())
                .isEqualToNormalizingNewlines(file + ":1:1: warning: rule_files has no effect here: rules are not"
                        + " evaluated, so their series and alerts are not sent\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "run"})
    void aBadConfigurationEndsWithTwoAndEveryError(String command) throws Exception {
        Path file = write("bad.yml", "scrape_configs: [{job_nam: a}]\nremote_write: [{url: h}]\n");

        assertThat(run(command, "--config", file.toString())).isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines(file + ":1:18: error: scrape_configs[0]: job_name is missing\n" + file
                        + ":1:19: error: unknown key \"job_nam\" in scrape_configs[0]; did you mean \"job_name\"?\n"
                        + file
                        + ":2:22: error: remote_write[0].url: \"h\" is no Remote Write URL: expected http:// or https://, a"
                        + " host and a path, such as http://127.0.0.1:9090/api/v1/write\n3 errors\n");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void parsePrintsWhatTheParserSaw() throws Exception {
        Path page = write("page.prom", """
                # TYPE hits counter
                hits_total{path="/a\\"b\\\\c\\nd"} 1027 1395066363000
                # TYPE load gauge
                load 0.5
                load{core="0"} NaN
                load{core="1"} +Inf
                load{core="2"} -0
                big 1e300
                """);

        assertThat(run("parse", page.toString())).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("""
                        hits_total\t{path="/a\\"b\\\\c\\nd"}\t1027\t1395066363000\tcounter
                        load\t{}\t0.5\t\tgauge
                        load\t{core="0"}\tNaN\t\tgauge
                        load\t{core="1"}\t+Inf\t\tgauge
                        load\t{core="2"}\t-0.0\t\tgauge
                        big\t{}\t1.0E300\t\tunknown
                        """);
    }

    @Test
    void parseTellsWhereAPageIsWrong() throws Exception {
        Path page = write("page.prom", "a 1\nb{c=\"d} 2\n");

        assertThat(run("parse", page.toString())).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).startsWith(page + ": line 2, column 5: found ");
    }

    @Test
    void aFileThatEndsWithEofIsOpenMetrics() throws Exception {
        Path page = write("page", "# TYPE a counter\na_total 1 1.5\n# EOF\n");

        assertThat(run("parse", page.toString())).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("a_total\t{}\t1\t1500\tcounter\n");
    }

    @Test
    void theContentTypeGivenWins() throws Exception {
        Path page = write("page", "a 1\n");

        assertThat(run("parse", "--content-type", "application/openmetrics-text; version=1.0.0", page.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("# EOF");
    }

    @Test
    void summaryIsALineForEachPage() throws Exception {
        Path good = resource("corpus/prometheus-docs-example.prom");
        Path openMetrics = resource("corpus/prometheus-1histogram.openmetrics");
        Path bad = write("bad.prom", "a{ 1\n");
        Path missing = folder.resolve("missing");

        assertThat(run(
                        "parse",
                        "--summary",
                        good.toString(),
                        openMetrics.toString(),
                        bad.toString(),
                        missing.toString()))
                .isEqualTo(1);
        String[] lines = out.toString().split(System.lineSeparator());
        assertThat(lines).hasSize(4);
        assertThat(lines[0]).isEqualTo("ok\t28\t" + good);
        assertThat(lines[1]).isEqualTo("ok\t42\t" + openMetrics);
        assertThat(lines[2]).startsWith("error\t0\t" + bad + "\tline 1, column 5: ");
        assertThat(lines[3]).isEqualTo("error\t0\t" + missing + "\tthere is no such file");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            localhost:8000            | "localhost:8000" is not the URL of an engine, such as http://127.0.0.1:8000
            vlm=http://127.0.0.1:8000 | no engine "vlm" in the table; it has [vllm, ray-vllm, sglang,
            vllm=127.0.0.1:8000       | Illegal character in scheme name at index 0: 127.0.0.1:8000
            vllm=http://h?a=b         | "http://h?..." is not the URL of an engine
            """)
    void anEngineThatIsNoneIsRefused(String address, String message) throws Exception {
        assertThat(run("run", "--config", resource("config/prometheus.yml").toString(), "--llm", address))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--llm: " + message);
    }

    @Test
    void explainSaysWhatAPageIs() throws Exception {
        Path page = write("page.prom", "mine:num_requests_running 1\n");
        Path table = write("engines.yaml", "engines: {mine: {name: Mine, like: vllm, prefixes: [mine]}}\n");

        assertThat(run("explain", page.toString(), "--engines", table.toString()))
                .isZero();
        assertThat(out.toString().lines())
                .startsWith("1 series, 28 bytes", "engines", "  Mine (mine:num_requests_running), not certain");
        assertThat(err.toString()).isEmpty();

        assertThat(run("explain", folder.resolve("none").toString())).isEqualTo(1);
        assertThat(err.toString()).endsWith("none: there is no such file" + System.lineSeparator());
    }

    @Test
    void aPageIsFetchedFromAUrl() {
        byte[] page = "# TYPE a counter\na_total 1\n# EOF\n".getBytes(UTF_8);
        try (ScriptedTarget target =
                ScriptedTarget.start(ScriptedAnswer.page(page, "application/openmetrics-text; version=1.0.0")
                        .gzip())) {
            assertThat(run("parse", target.uri().toString())).isZero();
        }
        assertThat(out.toString()).isEqualToNormalizingNewlines("a_total\t{}\t1\t\tcounter\n");
    }

    @Test
    void aUrlThatGivesNoPageIsExplained() {
        String url;
        try (ScriptedTarget target = ScriptedTarget.start(ScriptedAnswer.status(503))) {
            url = target.uri().toString();
            assertThat(run("parse", url)).isEqualTo(1);
            assertThat(err.toString()).isEqualToNormalizingNewlines(url + ": the answer is HTTP 503, expected 200\n");
        }
        assertThat(run("parse", "--summary", url)).isEqualTo(1);
        assertThat(out.toString()).startsWith("error\t0\t" + url + "\tno answer");
    }

    private int run(String... args) {
        CommandLine commandLine = Forwarder.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(args);
    }

    private Path write(String name, String text) throws Exception {
        return Files.writeString(folder.resolve(name), text);
    }

    private static Path resource(String name) throws Exception {
        return Path.of(CommandsTest.class.getResource("/" + name).toURI());
    }
}

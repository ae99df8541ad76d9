package io.github.promferry.scrape.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.github.promferry.Labels;
import io.github.promferry.scrape.discovery.TargetGroupReader.Format;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TargetGroupReaderTest {
    private static final Labels META = Labels.of("__meta_filepath", "f");

    private static List<TargetGroup> read(Format format, String text) throws TargetFormatException {
        return TargetGroupReader.read("f", format, text.getBytes(UTF_8), META);
    }

    private static TargetGroup group(int index, Labels labels, String... addresses) {
        return TargetGroup.of("f:" + index, labels.withDefaults(META), addresses);
    }

    static Stream<Arguments> lists() {
        return Stream.of(
                argumentSet("empty JSON list", Format.JSON, "[]", List.of()),
                argumentSet("empty YAML list", Format.YAML, "---\n[]\n", List.of()),
                argumentSet(
                        "JSON",
                        Format.JSON,
                        """
                        [
                          {"targets": ["10.0.0.1:8000", "[::1]:8000"], "labels": {"model": "qwen3", "__scheme__": "https"}},
                          {"targets": []},
                          {"labels": {"a": "b"}},
                          {}
                        ]
                        """,
                        List.of(
                                group(
                                        0,
                                        Labels.of("model", "qwen3", "__scheme__", "https"),
                                        "10.0.0.1:8000",
                                        "[::1]:8000"),
                                group(1, Labels.EMPTY),
                                group(2, Labels.of("a", "b")),
                                group(3, Labels.EMPTY))),
                argumentSet(
                        "JSON without spaces",
                        Format.JSON,
                        "[{\"targets\":[\"a:1\",\"b:2\"],\"labels\":{\"x\":\"y\"}}]",
                        List.of(group(0, Labels.of("x", "y"), "a:1", "b:2"))),
                argumentSet(
                        "JSON indented by tabs",
                        Format.JSON,
                        "[\r\n\t{\r\n\t\t\"targets\"\t:\t[\"a:1\"]\r\n\t}\r\n]\r\n",
                        List.of(group(0, Labels.EMPTY, "a:1"))),
                argumentSet(
                        "JSON escapes",
                        Format.JSON,
                        "[{\"labels\": {\"x\": \"\\u00e9\\/\\\"\\\\\\n\\t\\ud83d\\ude00\"}}]",
                        List.of(group(0, Labels.of("x", "é/\"\\\n\t😀")))),
                argumentSet(
                        "JSON with a byte order mark",
                        Format.JSON,
                        "\uFEFF[{\"targets\": [\"a:1\"]}]",
                        List.of(group(0, Labels.EMPTY, "a:1"))),
                argumentSet(
                        "JSON nulls are empty",
                        Format.JSON,
                        "[{\"targets\": null, \"labels\": null}]",
                        List.of(group(0, Labels.EMPTY))),
                argumentSet(
                        "YAML",
                        Format.YAML,
                        """
                        # engines
                        - targets:
                            - 10.0.0.1:8000
                            - 'b:2'   # second
                          labels:
                            model: "qwen3"
                            port: 8000
                            on: true
                            ratio: 0.5
                            empty: ''
                        - targets: [c:3]
                          labels:
                        """,
                        List.of(
                                group(
                                        0,
                                        Labels.of("model", "qwen3", "port", "8000", "on", "true", "ratio", "0.5"),
                                        "10.0.0.1:8000",
                                        "b:2"),
                                group(1, Labels.EMPTY, "c:3"))),
                argumentSet(
                        "a meta label wins over the file's",
                        Format.YAML,
                        "[{targets: [a:1], labels: {__meta_filepath: forged}}]",
                        List.of(group(0, Labels.EMPTY, "a:1"))));
    }

    @ParameterizedTest
    @MethodSource("lists")
    void listIsRead(Format format, String text, List<TargetGroup> groups) throws Exception {
        assertThat(read(format, text)).isEqualTo(groups);
    }

    static Stream<Arguments> wrongTexts() {
        return Stream.of(
                argumentSet("nothing", Format.JSON, "", "f, line 1: is empty; an empty list of groups is written []"),
                argumentSet("a comment", Format.YAML, "# later\n", "f, line 2: is empty"),
                argumentSet("a mapping", Format.YAML, "targets: [a:1]", "f, line 1: expected a list of groups"),
                argumentSet("a word", Format.YAML, "\n\nhello", "f, line 3: expected a list of groups"),
                argumentSet(
                        "an unknown field",
                        Format.JSON,
                        "[{\"targets\": [],\n \"lables\": {}}]",
                        "f, line 2: unknown field \"lables\", expected targets or labels"),
                argumentSet(
                        "an unknown YAML field",
                        Format.YAML,
                        "- targets: []\n  lables: {}",
                        "f, line 2: unknown field \"lables\", expected targets or labels"),
                argumentSet("a field twice", Format.YAML, "[{targets: [], targets: []}]", "given twice"),
                argumentSet("a null group", Format.YAML, "- targets: []\n-\n", "f, line 2: expected a group"),
                argumentSet(
                        "a null JSON group",
                        Format.JSON,
                        "[null]",
                        "expected a group {targets: [...], labels: {...}}, found null"),
                argumentSet(
                        "a group that is a list",
                        Format.YAML,
                        "- [a:1]",
                        "expected a group {targets: [...], labels: {...}}, found a list"),
                argumentSet(
                        "targets that are one",
                        Format.YAML,
                        "- targets: a:1",
                        "expected a list of addresses, found \"a:1\""),
                argumentSet(
                        "a target that is a mapping",
                        Format.YAML,
                        "- targets: [{a: 1}]",
                        "expected an address host:port, found a mapping"),
                argumentSet(
                        "a target that is null",
                        Format.YAML,
                        "- targets: [~]",
                        "expected an address host:port, found null"),
                argumentSet(
                        "a JSON target that is a number",
                        Format.JSON,
                        "[{\"targets\": [1]}]",
                        "expected an address host:port in double quotes, found \"1\""),
                argumentSet(
                        "labels that are a list",
                        Format.YAML,
                        "- labels: [a]",
                        "expected labels {name: value}, found a list"),
                argumentSet(
                        "a label that is null",
                        Format.YAML,
                        "- labels: {a: }",
                        "expected the value of label a, found null"),
                argumentSet(
                        "a label that is a list",
                        Format.YAML,
                        "- labels: {a: [b]}",
                        "expected the value of label a, found a list"),
                argumentSet("a label without a name", Format.YAML, "- labels: {'': b}", "a label name is empty"),
                argumentSet(
                        "a label twice",
                        Format.YAML,
                        "- labels:\n    a: b\n    a: c",
                        "f, line 3: label \"a\" is given twice"),
                argumentSet("half a surrogate pair", Format.JSON, "[{\"labels\": {\"a\": \"\\ud83d\"}}]", "f"),
                argumentSet("a cut list", Format.JSON, "[{\"targets\": [\"a:1\"", "f, line 1"),
                argumentSet("cut in a string", Format.JSON, "[{\"targets\": [\"a:", "f, line 1"),
                argumentSet("YAML as JSON", Format.JSON, "- targets: [a:1]", "expected a list of groups"),
                argumentSet(
                        "unquoted JSON", Format.JSON, "[{targets: [a:1]}]", "expected a field name in double quotes"),
                argumentSet("HTML", Format.JSON, "<html>not found</html>", "expected a list of groups"),
                argumentSet("a second document", Format.YAML, "[]\n---\n[]", "f, line 2: a second document begins"),
                argumentSet("something after the list", Format.JSON, "[] []", "f, line 1"),
                argumentSet("an alias", Format.YAML, "- &a {targets: []}\n- *a", "found an alias (write it out)"));
    }

    @ParameterizedTest
    @MethodSource("wrongTexts")
    void anythingElseIsRefusedWithLineAndReason(Format format, String text, String message) {
        assertThatThrownBy(() -> read(format, text))
                .isInstanceOf(TargetFormatException.class)
                .hasMessageStartingWith("f")
                .hasMessageContaining(message);
    }

    @Test
    void textThatIsNotUtf8IsRefused() {
        byte[] latin1 = {'[', '"', (byte) 0xE9, '"', ']'};

        assertThatThrownBy(() -> TargetGroupReader.read("f", Format.JSON, latin1, META))
                .hasMessage("f: is not valid UTF-8");
    }

    @Test
    void deepNestingIsRefusedWithoutDescending() {
        for (String opening : List.of("[", "[{\"targets\": [", "{\"a\": ")) {
            assertThatThrownBy(() -> read(Format.JSON, opening.repeat(1_000_000)))
                    .isInstanceOf(TargetFormatException.class);
        }
    }

    @Test
    void surrogatePairsMayBeAnywhere() throws Exception {
        for (int padding = 900; padding < 1_100; padding++) {
            String value = "x".repeat(padding) + "😀";
            String json = "[{\"labels\": {\"a\": \"" + value + "\"}}]";

            assertThat(read(Format.JSON, json)).containsExactly(group(0, Labels.of("a", value)));
        }
    }

    @Test
    void tensOfThousandsOfTargetsAreRead() throws Exception {
        StringBuilder json = new StringBuilder("[");
        for (int i = 0; i < 30_000; i++) {
            json.append(i == 0 ? "" : ",\n");
            json.append("{\"targets\": [\"host-")
                    .append(i)
                    .append(":8000\"], \"labels\": {\"pod\": \"")
                    .append("x".repeat(100))
                    .append("\"}}");
        }

        assertThat(read(Format.JSON, json.append("]").toString())).hasSize(30_000);
    }
}

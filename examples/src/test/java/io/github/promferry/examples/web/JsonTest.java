package io.github.promferry.examples.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class JsonTest {
    @Test
    void nestedValuesHaveTheirCommas() {
        String text = new Json()
                .beginObject()
                .field("a", 1)
                .key("b")
                .beginArray()
                .value("x")
                .beginObject()
                .endObject()
                .value(2.5)
                .endArray()
                .key("c")
                .beginArray()
                .endArray()
                .field("d", "y")
                .endObject()
                .toString();

        assertThat(text).isEqualTo("{\"a\":1,\"b\":[\"x\",{},2.5],\"c\":[],\"d\":\"y\"}");
    }

    @Test
    void numbersWithoutAJsonWordAreNull() {
        String text = new Json()
                .beginArray()
                .value(Double.NaN)
                .value(Double.POSITIVE_INFINITY)
                .value(1e300)
                .endArray()
                .toString();

        assertThat(parse(text)).isEqualTo(Arrays.asList(null, null, 1e300));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "quote \" backslash \\ slash /",
                "line\nfeed\ttab\r\u0000\u001f\u007f",
                "</script><img src=x>",
                "\u2028\u2029 ünï 漢",
                "\ud83d\ude80"
            })
    void everyTextComesBack(String value) {
        assertThat(parse(
                        new Json().beginObject().field(value, value).endObject().toString()))
                .isEqualTo(Map.of(value, value));
    }

    @Test
    void halfASurrogatePairStaysValidUtf8() {
        assertThat(new Json().value("\ud83d").toString()).isEqualTo("\"\\ud83d\"");
    }

    /** JSON is YAML 1.2. */
    static Object parse(String json) {
        Object value = new Load(LoadSettings.builder().build()).loadFromString(json);
        assertThat(value).isInstanceOfAny(Map.class, List.class);
        return value;
    }
}

package io.github.promferry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelsTest {
    /** The twin: a map sorted by UTF-8 bytes, without empty values. */
    private static SortedMap<String, String> twin(Map<String, String> labels) {
        TreeMap<String, String> twin =
                new TreeMap<>((a, b) -> Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8)));
        twin.putAll(labels);
        twin.values().removeIf(String::isEmpty);
        return twin;
    }

    @ParameterizedTest
    @CsvSource({
        "a, true, true",
        "_, true, true",
        "__name__, true, true",
        "aZ_09, true, true",
        ":a, false, true",
        "a:b, false, true",
        "'', false, false",
        "0a, false, false",
        "a.b, false, false",
        "a b, false, false",
        "a-b, false, false",
        "\u00e9, false, false",
        "a\u0661, false, false",
        "\ud83d\ude00, false, false"
    })
    void legacyNamesAreThoseOfPrometheus2(String name, boolean ofLabel, boolean ofMetric) {
        assertThat(Labels.isLegacyLabelName(name)).isEqualTo(ofLabel);
        assertThat(Labels.isLegacyMetricName(name)).isEqualTo(ofMetric);
    }

    @Property(tries = 500)
    void readsLikeASortedMap(@ForAll("labelMaps") Map<String, String> map) {
        SortedMap<String, String> twin = twin(map);
        Labels labels = Labels.of(map);
        assertThat(labels.size()).isEqualTo(twin.size());
        assertThat(labels.isEmpty()).isEqualTo(twin.isEmpty());
        assertThat(new ArrayList<>(labels.toMap().entrySet())).isEqualTo(new ArrayList<>(twin.entrySet()));
        for (String name : map.keySet()) {
            assertThat(labels.get(name)).isEqualTo(twin.get(name));
        }
        assertThat(labels.get("no such label")).isNull();
    }

    @Property(tries = 300)
    void orderOfAddingDoesNotMatter(@ForAll("labelMaps") Map<String, String> map) {
        List<String> names = new ArrayList<>(map.keySet());
        Labels.Builder backward = Labels.builder();
        for (int i = names.size() - 1; i >= 0; i--) {
            backward.add(names.get(i), map.get(names.get(i)));
        }
        assertThat(backward.build()).isEqualTo(Labels.of(map)).hasSameHashCodeAs(Labels.of(map));
        assertThat(backward.build().compareTo(Labels.of(map))).isZero();
    }

    @Property(tries = 300)
    void defaultsLoseAsInAMap(
            @ForAll("labelMaps") Map<String, String> map, @ForAll("labelMaps") Map<String, String> defaults) {
        SortedMap<String, String> twin = twin(defaults);
        twin.putAll(twin(map));
        assertThat(Labels.of(map).withDefaults(Labels.of(defaults))).isEqualTo(Labels.of(twin));
    }

    @Property(tries = 300)
    void nameAndLabelsPutTogetherAreTheSameAsBuiltAtOnce(@ForAll("labelMaps") Map<String, String> map) {
        Map<String, String> others = new TreeMap<>(map);
        others.remove(Labels.METRIC_NAME);
        Labels name = Labels.of(Labels.METRIC_NAME, "up");
        Labels expected = Labels.of(others).withDefaults(name);
        others.put(Labels.METRIC_NAME, "up");
        assertThat(expected).isEqualTo(Labels.of(others)).hasSameHashCodeAs(Labels.of(others));
        assertThat(name.withDefaults(Labels.of(map))).isEqualTo(expected);
        assertThat(expected.encoded()).isEqualTo(Labels.of(others).encoded());
    }

    @Property(tries = 300)
    void comparesLabelByLabel(
            @ForAll("labelMaps") Map<String, String> one, @ForAll("labelMaps") Map<String, String> two) {
        List<byte[]> left = parts(twin(one));
        List<byte[]> right = parts(twin(two));
        int expected = 0;
        for (int i = 0; expected == 0 && i < Math.min(left.size(), right.size()); i++) {
            expected = Arrays.compareUnsigned(left.get(i), right.get(i));
        }
        if (expected == 0) {
            expected = Integer.compare(left.size(), right.size());
        }
        assertThat(Integer.signum(Labels.of(one).compareTo(Labels.of(two)))).isEqualTo(Integer.signum(expected));
        assertThat(Labels.of(one).equals(Labels.of(two))).isEqualTo(expected == 0);
    }

    @Property(tries = 300)
    void bytesAreTheWireForm(@ForAll("labelMaps") Map<String, String> map) {
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        twin(map).forEach((name, value) -> {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            field(body, 0x0A, name.getBytes(UTF_8));
            field(body, 0x12, value.getBytes(UTF_8));
            field(expected, 0x0A, body.toByteArray());
        });
        Labels labels = Labels.of(map);
        assertThat(labels.encoded()).isEqualTo(expected.toByteArray());
        assertThat(labels.encodedLength()).isEqualTo(expected.size());
        byte[] copy = new byte[labels.encodedLength() + 2];
        int at = 1;
        for (Labels.Cursor cursor = labels.cursor(); cursor.next(); ) {
            at = labels.copyEncoded(cursor.start(), cursor.end(), copy, at);
            byte[] upToHere = new byte[cursor.end()];
            assertThat(labels.copyEncoded(0, cursor.end(), upToHere, 0)).isEqualTo(cursor.end());
            assertThat(upToHere).isEqualTo(Arrays.copyOf(expected.toByteArray(), cursor.end()));
        }
        assertThat(Arrays.copyOfRange(copy, 1, at)).isEqualTo(expected.toByteArray());
    }

    private static void field(ByteArrayOutputStream out, int tag, byte[] content) {
        out.write(tag);
        int length = content.length;
        while (length >= 0x80) {
            out.write(length | 0x80);
            length >>>= 7;
        }
        out.write(length);
        out.writeBytes(content);
    }

    private static List<byte[]> parts(Map<String, String> labels) {
        List<byte[]> parts = new ArrayList<>();
        labels.forEach((name, value) -> {
            parts.add(name.getBytes(UTF_8));
            parts.add(value.getBytes(UTF_8));
        });
        return parts;
    }

    @Provide
    Arbitrary<Map<String, String>> labelMaps() {
        // Few names, so that two maps share some; astral characters sort after U+FFFF by bytes, before it by chars.
        Arbitrary<String> names = Arbitraries.of(
                "__name__", "job", "instance", "le", "a", "A", "aa", "_", "é", "\uFFFD", "\uD83D\uDE80", "z.z");
        Arbitrary<String> values = Arbitraries.oneOf(
                Arbitraries.of("", "x", "0.5", "+Inf", "\uFFFD", "\uD83D\uDE80", "\"\\\n"),
                Arbitraries.strings().alpha().ofMaxLength(300));
        return Arbitraries.maps(names, values).ofMaxSize(9);
    }

    @Test
    void sortsByBytesNotByUtf16() {
        Labels labels = Labels.of("\uD83D\uDE80", "rocket", "\uFFFD", "replacement");
        assertThat(labels.toMap().keySet()).containsExactly("\uFFFD", "\uD83D\uDE80");
        assertThat("\uD83D\uDE80".compareTo("\uFFFD")).isNegative();
    }

    /** The hash picks shards and offsets, so it must be that of the bytes, however they are stored. */
    @Test
    void hashIsThatOfTheEncodedBytes() {
        Labels labels = Labels.of("__name__", "up", "job", "llm", "A", "1");
        assertThat(labels.hashCode()).isEqualTo(Arrays.hashCode(labels.encoded()));
    }

    @Test
    void emptyValueIsNoLabel() {
        assertThat(Labels.of("a", "", "b", "1")).isEqualTo(Labels.of("b", "1"));
        assertThat(Labels.of("a", "")).isSameAs(Labels.EMPTY);
    }

    @Test
    void refusesWhatIsNoLabelSet() {
        assertThatThrownBy(() -> Labels.of("a", "1", "a", "2")).hasMessageContaining("\"a\" is repeated");
        assertThatThrownBy(() -> Labels.of("", "1")).hasMessageContaining("empty");
        assertThatThrownBy(() -> Labels.of("a")).hasMessageContaining("pairs");
        assertThatThrownBy(() -> Labels.of("a", "\uD83D")).hasMessageContaining("surrogate");
    }

    @Test
    void builderCanBeUsedAgain() {
        Labels.Builder builder = Labels.builder().add("a", "1");
        assertThat(builder.build()).isEqualTo(Labels.of("a", "1"));
        assertThat(builder.add("b", "2").build()).isEqualTo(Labels.of("a", "1", "b", "2"));
        assertThat(builder.clear().build()).isSameAs(Labels.EMPTY);
    }

    @Test
    void printsAsAnExpositionWouldWriteIt() {
        assertThat(Labels.of("__name__", "up", "job", "a\"b\n")).hasToString("up{job=\"a\\\"b\\n\"}");
        assertThat(Labels.of("job", "x")).hasToString("{job=\"x\"}");
        assertThat(Labels.EMPTY).hasToString("{}");
    }
}

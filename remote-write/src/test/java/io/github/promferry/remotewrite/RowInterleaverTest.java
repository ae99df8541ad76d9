package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowInterleaverTest {
    private final Map<Character, CommonLabels> targets = new HashMap<>();
    private final RowInterleaver interleaver = new RowInterleaver();
    private final WireBuffer rows = new WireBuffer();

    /** A batch is a letter, its target, and digits, its rows. */
    @ParameterizedTest
    @CsvSource({
        "a123, a1 a2 a3",
        "a123 b456, a1 b4 a2 b5 a3 b6",
        "a12 b3456 c7, a1 b3 c7 a2 b4 b5 b6",
        "a12 a34, a1 a2 a3 a4",
        "a12 b34 a56 b78, a1 b3 a2 b4 a5 b7 a6 b8",
        "a12 b34 b56 c78, a1 b3 a2 b4 b5 c7 b6 c8",
        "a b12 c, b1 b2",
    })
    void targetsAreMixedRowByRowAndRoundByRound(String batches, String expected) {
        for (String batch : batches.split(" ", -1)) {
            add(batch);
        }
        assertThat(arranged()).containsExactly(expected.split(" ", -1));
    }

    @Test
    void nothingIsCopiedIfThereIsNothingToMix() {
        assertThat(interleaver.arrange(rows)).isSameAs(rows);
        add("a12");
        add("a34");
        assertThat(interleaver.arrange(rows)).isSameAs(rows);
    }

    @Test
    void aBatchThatIsTakenBackLeavesNothing() {
        add("a12");
        add("b34");
        int marked = rows.length;
        add("c5");
        rows.length = marked;
        interleaver.truncate(marked);
        assertThat(arranged()).containsExactly("a1", "b3", "a2", "b4");
    }

    @Test
    void theNextRequestBeginsAnew() {
        add("a12");
        add("b34");
        interleaver.clear();
        rows.length = 0;
        add("b56");
        add("a78");
        assertThat(arranged()).containsExactly("b5", "a7", "b6", "a8");
    }

    /** Rows of all lengths that a varint distinguishes; the order of each target is that of the batches. */
    @Property
    void allRowsAreThereAndEachTargetKeepsItsOrder(
            @ForAll @Size(max = 40) List<@IntRange(max = 5) Integer> batchTargets,
            @ForAll @IntRange(max = 20_000) int padding) {
        RowInterleaver own = new RowInterleaver();
        WireBuffer all = new WireBuffer();
        Map<Integer, CommonLabels> known = new HashMap<>();
        Map<Integer, List<Integer>> sent = new HashMap<>();
        int number = 0;
        for (int target : batchTargets) {
            own.begin(all.length, known.computeIfAbsent(target, key -> target()));
            for (int row = 0; row < (number * 7) % 5; row++) {
                put(all, target, ++number, number % 3 == 0 ? padding : number % 200);
                sent.computeIfAbsent(target, key -> new ArrayList<>()).add(number);
            }
            number++;
        }
        WireBuffer arranged = own.arrange(all);

        assertThat(arranged.length).isEqualTo(all.length);
        Map<Integer, List<Integer>> received = new HashMap<>();
        for (int at = 0; at < arranged.length; ) {
            int length = 0;
            int shift = 0;
            at++;
            do {
                length |= (arranged.bytes[at] & 0x7F) << shift;
                shift += 7;
            } while (arranged.bytes[at++] < 0);
            int id = (arranged.bytes[at + 1] & 0xFF) << 16
                    | (arranged.bytes[at + 2] & 0xFF) << 8
                    | (arranged.bytes[at + 3] & 0xFF);
            received.computeIfAbsent((int) arranged.bytes[at], key -> new ArrayList<>())
                    .add(id);
            at += length;
        }
        assertThat(received).isEqualTo(sent);
    }

    private static void put(WireBuffer rows, int target, int number, int padding) {
        rows.put(0x0A);
        rows.varint(4 + padding);
        rows.put(target);
        rows.put(number >> 16);
        rows.put(number >> 8);
        rows.put(number);
        rows.put(new byte[padding], 0, padding);
    }

    private void add(String batch) {
        interleaver.begin(rows.length, targets.computeIfAbsent(batch.charAt(0), key -> target()));
        for (int i = 1; i < batch.length(); i++) {
            rows.put(0x0A);
            rows.varint(2);
            rows.put(batch.charAt(0));
            rows.put(batch.charAt(i));
        }
    }

    private List<String> arranged() {
        WireBuffer arranged = interleaver.arrange(rows);
        List<String> texts = new ArrayList<>();
        for (int at = 0; at < arranged.length; at += 4) {
            texts.add(new String(arranged.bytes, at + 2, 2, ISO_8859_1));
        }
        return texts;
    }

    private static CommonLabels target() {
        return new CommonLabels(Labels.EMPTY, new SeriesPlans());
    }
}

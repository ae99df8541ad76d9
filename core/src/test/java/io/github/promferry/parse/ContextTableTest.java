package io.github.promferry.parse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ContextTableTest {
    private static final String[] WORDS = {"", "a", "ab", "größe", "a_total"};

    private final ContextTable table = new ContextTable(2);

    private static String word(Random random) {
        // An object of its own, as each line makes one.
        return new String(WORDS[random.nextInt(WORDS.length)].toCharArray());
    }

    /** Against a hash map, whatever lines led to the content. */
    @Test
    void oneContextForEachContent() {
        Random random = new Random(1);
        Map<MetricMetadata, FamilyContext> known = new HashMap<>();
        MetricType[] types = MetricType.values();
        FamilyContext above = new FamilyContext(MetricMetadata.NONE, 0);
        for (int i = 0; i < 5000; i++) {
            MetricMetadata now = above.metadata;
            MetricMetadata next = switch (random.nextInt(3)) {
                case 0 -> new MetricMetadata(now.family(), now.type(), word(random), now.unit());
                case 1 -> new MetricMetadata(now.family(), types[random.nextInt(types.length)], now.help(), now.unit());
                default -> new MetricMetadata(word(random), MetricType.UNKNOWN, "", word(random));
            };
            above = table.intern(above.with(next));
            assertThat(above.metadata).isEqualTo(next);
            assertThat(above).isSameAs(known.computeIfAbsent(next, first -> table.intern(new FamilyContext(first, 0))));
        }
        assertThat(known).hasSizeGreaterThan(500);
    }

    @Test
    void dialectsAreApart() {
        FamilyContext text = table.intern(new FamilyContext(MetricMetadata.NONE, 0));
        assertThat(table.intern(new FamilyContext(MetricMetadata.NONE, 1))).isNotSameAs(text);
    }

    @Test
    void rootsStay() {
        FamilyContext root = table.intern(new FamilyContext(MetricMetadata.NONE, 0));
        FamilyContext family = table.intern(root.with(new MetricMetadata("a", MetricType.GAUGE, "", "")));

        ContextTable swept = table.roots(2);

        assertThat(swept.intern(new FamilyContext(MetricMetadata.NONE, 0))).isSameAs(root);
        assertThat(swept.intern(new FamilyContext(family.metadata, 0))).isNotSameAs(family);
    }
}

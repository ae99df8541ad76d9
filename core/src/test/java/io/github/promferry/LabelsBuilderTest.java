package io.github.promferry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelsBuilderTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 8, 9, 63, 64, 65, 1000})
    void labelsAddedInAnyOrderComeOutSortedByName(int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("label_" + (char) ('a' + i % 26) + i);
        }
        List<String> sorted = names.stream().sorted().toList();
        Random random = new Random(count);
        Labels.Builder builder = Labels.builder();
        for (int round = 0; round < 10; round++) {
            Collections.shuffle(names, random);
            builder.clear();
            names.forEach(name -> builder.add(name, "value of " + name));

            Labels labels = builder.build();

            assertThat(labels.toMap().keySet()).containsExactlyElementsOf(sorted);
            assertThat(labels.toMap())
                    .allSatisfy((name, value) -> assertThat(value).isEqualTo("value of " + name));
            assertThat(builder.build()).isEqualTo(labels);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 64, 65, 100})
    void aRepeatedNameIsRefused(int count) {
        Labels.Builder builder = Labels.builder();
        for (int i = 0; i < count - 1; i++) {
            builder.add("label_" + i, "v");
        }
        builder.add("label_0", "w");

        assertThatThrownBy(builder::build).hasMessage("label name \"label_0\" is repeated");
    }
}

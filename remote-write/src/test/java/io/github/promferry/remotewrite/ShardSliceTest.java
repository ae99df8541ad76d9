package io.github.promferry.remotewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.promferry.Labels;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardSliceTest {
    @Property
    void slicesThatATargetHasBeenInOverlap(
            @ForAll String instance,
            @ForAll @IntRange(min = 1, max = 1000) int before,
            @ForAll @IntRange(min = 1, max = 1000) int after) {
        Labels target = Labels.of("instance", instance + "x");
        ShardSlice old = new ShardSlice(ShardSlice.indexOf(target, before), before);
        ShardSlice now = new ShardSlice(ShardSlice.indexOf(target, after), after);
        assertThat(old.index()).isBetween(0, before - 1);
        assertThat(old.overlaps(now)).isTrue();
        assertThat(now.overlaps(old)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0, 2, 1, 2", "0, 2, 2, 4", "1, 2, 1, 4", "0, 3, 1, 2", "999, 1000, 0, 2"})
    void slicesThatHaveNoTargetInCommonDoNotOverlap(int index, int count, int otherIndex, int otherCount) {
        ShardSlice one = new ShardSlice(index, count);
        ShardSlice other = new ShardSlice(otherIndex, otherCount);
        assertThat(one.overlaps(other)).isFalse();
        assertThat(other.overlaps(one)).isFalse();
    }

    @Test
    void targetsAreSpreadEvenly() {
        int[] targets = new int[10];
        for (int i = 0; i < 10_000; i++) {
            targets[ShardSlice.indexOf(Labels.of("instance", "10.0." + i / 256 + "." + i % 256 + ":8000"), 10)]++;
        }
        for (int count : targets) {
            assertThat(count).isBetween(700, 1300);
        }
    }
}

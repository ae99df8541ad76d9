package io.github.promferry.scrape.relabel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.Labels;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetShardTest {
    private static Labels target(int number) {
        return Labels.of("__address__", "10.0.0." + number + ":8000", "pod", "vllm-" + number % 5);
    }

    /** The members that keep a target. */
    private static List<Integer> keepers(TargetShard shard, Labels target) {
        return IntStream.range(0, shard.members())
                .filter(member -> new TargetShard(member, shard.members(), shard.replicationFactor(), shard.labels())
                                .apply(target)
                        != null)
                .boxed()
                .toList();
    }

    @Test
    void eachTargetHasExactlyOneMember() {
        TargetShard shard = TargetShard.of(0, 4);
        int[] counts = new int[4];
        for (int i = 0; i < 250; i++) {
            List<Integer> keepers = keepers(shard, target(i));
            assertThat(keepers).hasSize(1);
            counts[keepers.get(0)]++;
        }
        assertThat(IntStream.of(counts)).allMatch(count -> count > 35);
    }

    @Test
    void replicasAreNeighbors() {
        for (int i = 0; i < 50; i++) {
            int first = keepers(TargetShard.of(0, 5), target(i)).get(0);
            assertThat(keepers(TargetShard.of(0, 5).withReplicationFactor(3), target(i)))
                    .containsExactlyInAnyOrder(first, (first + 1) % 5, (first + 2) % 5);
            assertThat(keepers(TargetShard.of(0, 5).withReplicationFactor(5), target(i)))
                    .hasSize(5);
        }
    }

    /** The vectors of hashmod modulo 4. */
    @ParameterizedTest
    @CsvSource({"10.0.0.1:8000,3", "10.0.0.2:8000,1", "10.0.0.7:8000,2", "vllm-0:8000,3", "vllm-1:8000,0"})
    void prometheusServersMayBeMembers(String address, int member) {
        assertThat(keepers(TargetShard.of(0, 4), Labels.of("__address__", address)))
                .containsExactly(member);
    }

    @Test
    void otherLabelsMayDecide() {
        TargetShard shard = TargetShard.of(0, 4).withLabels("pod", "missing");

        assertThat(keepers(shard, target(1)))
                .isEqualTo(keepers(shard, target(6)))
                .hasSize(1);
        assertThat(shard.touches("pod")).isTrue();
        assertThat(shard.touches("__address__")).isFalse();
    }

    @Test
    void keptTargetIsTheSameObject() {
        Labels target = target(1);

        assertThat(TargetShard.of(0, 1).apply(target)).isSameAs(target);
    }

    @ParameterizedTest
    @CsvSource({"forwarder-2,2", "forwarder-12,12", "a1-b2-003,3", "7,7"})
    void numberOfAPodIsAtItsEnd(String name, int member) {
        assertThat(TargetShard.memberOf(name)).isEqualTo(member);
    }

    @ParameterizedTest
    @ValueSource(strings = {"forwarder", "", "forwarder-", "2-forwarder", "forwarder-1234567890"})
    void nameWithoutANumberIsRefused(String name) {
        assertThatThrownBy(() -> TargetShard.memberOf(name))
                .hasMessage("name \"" + name + "\" does not end in a number of at most 9 digits, such as forwarder-2");
    }

    @Test
    void numbersThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> TargetShard.of(3, 3)).hasMessageContaining("member 3 of 3");
        assertThatThrownBy(() -> TargetShard.of(-1, 3)).hasMessageContaining("member -1 of 3");
        assertThatThrownBy(() -> TargetShard.of(0, 0)).hasMessageContaining("member 0 of 0");
        assertThatThrownBy(() -> TargetShard.of(0, 2).withReplicationFactor(3))
                .hasMessage("replication factor 3 with 2 members, expected 1 to 2");
        assertThatThrownBy(() -> TargetShard.of(0, 2).withReplicationFactor(0))
                .hasMessageContaining("replication factor 0");
        assertThatThrownBy(() -> TargetShard.of(0, 2).withLabels()).hasMessageContaining("no label decides");
    }
}

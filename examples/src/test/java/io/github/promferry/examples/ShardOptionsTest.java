package io.github.promferry.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.promferry.scrape.ScrapeJob;
import io.github.promferry.scrape.Scraper;
import io.github.promferry.scrape.TargetStatus;
import io.github.promferry.scrape.relabel.RelabelRule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

class ShardOptionsTest {
    @Command
    private static final class Any {
        @Mixin
        private final ShardOptions shard = new ShardOptions();
    }

    private static ShardOptions options(String... line) {
        Any command = new Any();
        new CommandLine(command).parseArgs(line);
        command.shard.check();
        return command.shard;
    }

    /** The targets that a forwarder with these options scrapes. */
    private static List<String> targets(ShardOptions options) {
        ScrapeJob.Builder job = ScrapeJob.builder("llm")
                .relabel(RelabelRule.builder()
                        .sourceLabels("__address__")
                        .regex("vllm-3:.*")
                        .action(RelabelRule.Action.DROP)
                        .build());
        for (int i = 0; i < 20; i++) {
            job.target("vllm-" + i + ":8000");
        }
        try (Scraper scraper = Scraper.builder()
                .sink(batch -> true)
                .job(options.applyTo(job.build()))
                .build()) {
            return scraper.status().stream()
                    .map(TargetStatus::labels)
                    .map(labels -> labels.get("instance"))
                    .toList();
        }
    }

    @Test
    void membersHaveAllTargetsTogetherAndNoneTwice() {
        List<String> all = targets(options());
        assertThat(all).hasSize(19).doesNotContain("vllm-3:8000");
        List<String> shared = new ArrayList<>();
        for (int member = 0; member < 4; member++) {
            shared.addAll(targets(options("--shard", "forwarder-" + member + "/4")));
        }
        assertThat(shared).containsExactlyInAnyOrderElementsOf(all);
        // The shards that Prometheus' hashmod gives.
        assertThat(targets(options("--shard", "0/4"))).contains("vllm-1:8000").doesNotContain("vllm-0:8000");
        assertThat(targets(options("--shard", "3/4"))).contains("vllm-0:8000").doesNotContain("vllm-1:8000");
    }

    @Test
    void withReplicationEachTargetIsScrapedBySoMany() {
        List<String> shared = new ArrayList<>();
        for (int member = 0; member < 3; member++) {
            shared.addAll(targets(options("--shard", member + "/3", "--shard-replication-factor", "2")));
        }
        List<String> twice = new ArrayList<>(targets(options()));
        twice.addAll(targets(options()));
        assertThat(shared).containsExactlyInAnyOrderElementsOf(twice);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --shard 3                                  | is no share: write MEMBER/MEMBERS
            --shard 3/3                                | member 3 of 3
            --shard pod/3                              | does not end in a number
            --shard 0/0                                | member 0 of 0
            --shard-replication-factor 2               | needs --shard
            --shard 0/2 --shard-replication-factor 3   | replication factor 3 with 2 members
            """)
    void wrongOptionsAreExplained(String line, String message) {
        assertThatThrownBy(() -> options(line.split(" ")))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining(message);
    }
}

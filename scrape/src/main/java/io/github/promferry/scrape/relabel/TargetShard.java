package io.github.promferry.scrape.relabel;

import io.github.promferry.Labels;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the targets that one member of a group of scrapers has to scrape, so that several split one list of targets
 * without talking to each other. Put it last into a job's relabeling:
 *
 * <pre>{@code
 * job.relabel(Relabeler.of(rules, TargetShard.of(TargetShard.memberOf(podName), 3).withReplicationFactor(2)))
 * }</pre>
 *
 * <p>A target's shard is the hash of its labels modulo the number of members; the member of that number scrapes it, and as
 * many of the next ones as the replication factor asks for. The hash is that of {@link RelabelRule.Action#HASHMOD}: with
 * the defaults, Prometheus servers that keep {@code hashmod} of {@code __address__} may be members too. Another number of
 * members moves most targets.
 *
 * @param member the number of this one, from 0
 * @param members how many there are
 * @param replicationFactor how many of them scrape each target
 * @param labels names of the labels that decide; their values are joined with {@value
 *     RelabelRule#DEFAULT_SEPARATOR}
 * @since 0.1
 */
public record TargetShard(int member, int members, int replicationFactor, List<String> labels) implements Relabeler {
    /**
     * Checks the numbers.
     *
     * @param member the number of this one
     * @param members how many there are
     * @param replicationFactor how many of them scrape each target
     * @param labels names of the labels that decide
     * @throws IllegalArgumentException if the numbers do not fit each other, or there is no label
     */
    public TargetShard {
        if (members < 1 || member < 0 || member >= members) {
            throw new IllegalArgumentException("member " + member + " of " + members
                    + ": members are numbered from 0, so the number must be below how many there are");
        }
        if (replicationFactor < 1 || replicationFactor > members) {
            throw new IllegalArgumentException("replication factor " + replicationFactor + " with " + members
                    + " members, expected 1 to " + members);
        }
        labels = List.copyOf(labels);
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("no label decides about the shard: name one, such as __address__");
        }
    }

    /**
     * A shard by address, without replication.
     *
     * @param member the number of this one, from 0
     * @param members how many there are
     * @return the shard
     * @throws IllegalArgumentException if there is no such member
     */
    public static TargetShard of(int member, int members) {
        return new TargetShard(member, members, 1, List.of("__address__"));
    }

    /**
     * The number at the end of a name, as the pods of a stateful set have it.
     *
     * @param podName such as {@code forwarder-2}
     * @return such as 2
     * @throws IllegalArgumentException if the name does not end in a number, or in one of more than 9 digits
     */
    public static int memberOf(String podName) {
        String number = Objects.requireNonNull(podName, "podName").replaceFirst("^.*?([0-9]+)$", "$1");
        if (!number.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException(
                    "name \"" + podName + "\" does not end in a number of at most 9 digits, such as forwarder-2");
        }
        return Integer.parseInt(number);
    }

    /**
     * The same with more than one scraper for each target.
     *
     * @param newReplicationFactor how many, at most as there are members
     * @return a new shard
     */
    public TargetShard withReplicationFactor(int newReplicationFactor) {
        return new TargetShard(member, members, newReplicationFactor, labels);
    }

    /**
     * The same by other labels.
     *
     * @param newLabels names of the labels that decide
     * @return a new shard
     */
    public TargetShard withLabels(String... newLabels) {
        return new TargetShard(member, members, replicationFactor, Arrays.asList(newLabels));
    }

    @Override
    public @Nullable Labels apply(Labels target) {
        String key = labels.stream()
                .map(name -> Objects.requireNonNullElse(target.get(name), ""))
                .collect(Collectors.joining(RelabelRule.DEFAULT_SEPARATOR));
        int first = (int) RelabelRule.hash(key, members);
        int distance = Math.floorMod(member - first, members);
        return distance < replicationFactor ? target : null;
    }

    @Override
    public boolean touches(String labelName) {
        return labels.contains(labelName);
    }

    @Override
    public boolean mayBlock() {
        return false;
    }

    /** Names the member. */
    @Override
    public String toString() {
        return "shard of member " + member + " of " + members + " (replication factor " + replicationFactor + ", by "
                + String.join(", ", labels) + ")";
    }
}

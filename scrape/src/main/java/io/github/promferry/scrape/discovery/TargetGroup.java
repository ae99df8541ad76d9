package io.github.promferry.scrape.discovery;

import io.github.promferry.Labels;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Targets that were found together, with labels for all of them. Immutable.
 *
 * <p>Labels that begin with {@code __meta_} are there for relabeling only. Others that begin with two underscores tell how
 * to scrape: {@code __address__}, {@code __scheme__}, {@code __metrics_path__}, {@code __param_<name>}, {@code
 * __scrape_interval__}, {@code __scrape_timeout__}.
 *
 * @param source where the group was found, such as {@code /etc/targets.json:0}; for people, and unique within a discovery
 * @param targets labels of one target each, {@code __address__} usually the only one
 * @param labels for all targets; those of a target win
 * @since 0.1
 */
public record TargetGroup(String source, List<Labels> targets, Labels labels) {
    /** The label that holds host and port of a target. */
    public static final String ADDRESS = "__address__";

    /**
     * Copies the list.
     *
     * @param source where the group was found
     * @param targets labels of one target each
     * @param labels for all targets
     */
    public TargetGroup {
        Objects.requireNonNull(source, "source");
        targets = List.copyOf(targets);
        Objects.requireNonNull(labels, "labels");
    }

    /**
     * A group of targets that have nothing but an address.
     *
     * @param source where the group was found
     * @param labels for all targets
     * @param addresses host and port of each
     * @return the group
     */
    public static TargetGroup of(String source, Labels labels, String... addresses) {
        return new TargetGroup(
                source,
                Arrays.stream(addresses)
                        .map(address -> Labels.of(ADDRESS, address))
                        .toList(),
                labels);
    }

    /**
     * The labels of each target, those of the group included.
     *
     * @return as many as there are targets, in their order
     */
    public Stream<Labels> targetLabels() {
        return targets.stream().map(target -> target.withDefaults(labels));
    }
}

package io.github.promferry.scrape.discovery;

import java.util.List;

/**
 * Finds targets and tells when they change. Implement it to take them from a service registry of your own:
 *
 * <pre>{@code
 * final class RegistryDiscovery implements TargetDiscovery {
 *     public void start(Publisher publisher) {
 *         registry.onChange(instances -> publisher.publish(List.of(groupOf(instances))));
 *         publisher.publish(List.of(groupOf(registry.instances())));
 *     }
 *     public void close() {
 *         registry.stop();
 *     }
 * }
 * }</pre>
 *
 * <p>An object serves one job: it is started once, closed once, and not used again.
 *
 * @since 0.1
 */
public interface TargetDiscovery extends AutoCloseable {
    /**
     * Begins to look for targets and returns soon: what takes time, such as asking a server, runs on a thread of the
     * discovery's own. The first list is published as soon as it is known.
     *
     * @param publisher where to tell; usable from any thread, until {@link #close}
     */
    void start(Publisher publisher);

    /** Ends the discovery's threads without waiting for a lookup. What it found stays; a late publication is ignored. */
    @Override
    void close();

    /**
     * Targets that never change.
     *
     * @param groups published once
     * @return a discovery without threads
     */
    static TargetDiscovery fixed(TargetGroup... groups) {
        List<TargetGroup> list = List.of(groups);
        return new TargetDiscovery() {
            @Override
            public void start(Publisher publisher) {
                publisher.publish(list);
            }

            @Override
            public void close() {}

            @Override
            public String toString() {
                return "fixed targets";
            }
        };
    }

    /**
     * Takes what a discovery finds. Its methods are thread-safe and return soon.
     *
     * @since 0.1
     */
    interface Publisher {
        /**
         * Tells all targets that there are now. The list replaces the one published before, so a group that is missing
         * from it is gone; targets that are in both are not disturbed.
         *
         * @param groups all groups; an empty list means that there are no targets
         */
        void publish(List<TargetGroup> groups);

        /**
         * Tells that looking for targets failed. What was published before stays. It is counted, shown and logged by
         * whoever takes the targets.
         *
         * @param reason what failed and where, without secrets, such as {@code /etc/targets.json, line 7: ...}
         */
        void failed(String reason);
    }
}

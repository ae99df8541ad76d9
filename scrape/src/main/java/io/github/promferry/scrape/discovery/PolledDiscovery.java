package io.github.promferry.scrape.discovery;

import java.util.List;
import java.util.Objects;

/** A discovery that looks again after every interval, on one thread. */
abstract class PolledDiscovery implements TargetDiscovery {
    private final PeriodicLookup lookup;

    PolledDiscovery(String threadName, PolledBuilder<?> builder) {
        lookup = new PeriodicLookup(threadName, builder.refreshInterval, builder.executor, this::look);
    }

    /** One look, as {@link PeriodicLookup.Lookup#look} has it. */
    abstract List<TargetGroup> look(Publisher publisher) throws Exception;

    @Override
    public final void start(Publisher publisher) {
        lookup.start(Objects.requireNonNull(publisher, "publisher"));
    }

    @Override
    public final void close() {
        lookup.close();
    }
}

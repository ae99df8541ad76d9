package io.github.promferry.scrape.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** A discovery that looks again after every interval, on one thread. */
abstract class PolledDiscovery implements TargetDiscovery {
    private final PeriodicLookup lookup;

    PolledDiscovery(String threadName, Duration interval, @Nullable ScheduledExecutorService executor) {
        lookup = new PeriodicLookup(threadName, interval, executor, this::look);
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

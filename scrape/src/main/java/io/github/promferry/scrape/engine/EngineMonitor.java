package io.github.promferry.scrape.engine;

import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the samples on their way to a sink and knows how every engine is doing: tokens a second, requests that run and
 * wait, latencies, and whether it serves at all. For gateways, routers and autoscalers that want to know within a second
 * and have no store to ask.
 *
 * <pre>{@code
 * EngineMonitor monitor = EngineMonitor.builder().forwardTo(writer).build();
 * Scraper scraper = Scraper.builder().sink(monitor).job(job).build();
 * ...
 * for (EngineSignals engine : monitor.all()) {
 *     System.out.println(engine.state() + " " + engine.total().generationTokensPerSecond());
 * }
 * }</pre>
 *
 * <p>It sees what relabeling has left: a series that was dropped or renamed tells nothing. Time is that of the samples.
 * What it costs is a few percent of reading a page, and nothing is allocated for a page like the one before.
 *
 * <p>Thread-safe; reading does not wait for a scrape.
 *
 * @since 0.1
 */
public final class EngineMonitor implements SampleSink {
    /** Over which rates and quantiles are told, unless told otherwise. */
    public static final Duration DEFAULT_WINDOW = Duration.ofSeconds(30);

    /** How long a symptom has to last, unless told otherwise. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);

    /** Part of the KV cache from which an engine is saturated, unless told otherwise. */
    public static final double DEFAULT_SATURATED_KV_CACHE = 0.95;

    private static final Logger LOG = System.getLogger("io.github.promferry.scrape");

    private static final SampleSink NOWHERE = new SampleSink() {
        @Override
        public boolean append(SampleBatch batch) {
            return true;
        }

        @Override
        public boolean mayBlock() {
            return false;
        }
    };

    private final SampleSink next;
    private final EngineCatalog catalog;
    private final WatchedDictionary dictionary = new WatchedDictionary();
    private final long windowMillis;
    private final long patienceMillis;
    private final double saturatedWaiting;
    private final double saturatedKvCache;
    private final @Nullable ServingStateListener listener;
    private final Map<Labels, TargetMonitor> targets = new ConcurrentHashMap<>();

    private EngineMonitor(Builder builder) {
        next = builder.next;
        catalog = builder.catalog == null ? EngineCatalog.builtIn() : builder.catalog;
        windowMillis = builder.window.toMillis();
        patienceMillis = builder.patience.toMillis();
        saturatedWaiting = builder.saturatedWaiting;
        saturatedKvCache = builder.saturatedKvCache;
        listener = builder.listener;
    }

    /**
     * A builder whose settings are all optional.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The engines among the targets that are scraped, and the targets that have not answered yet and may be engines.
     *
     * @return a snapshot of each, in no order
     */
    public List<EngineSignals> all() {
        List<EngineSignals> all = new ArrayList<>();
        for (TargetMonitor target : targets.values()) {
            if (target.isEngine()) {
                all.add(target.snapshot());
            }
        }
        return all;
    }

    /**
     * One engine.
     *
     * @param target some of its labels, such as {@code instance="10.0.0.7:8000"}, or all that its status has
     * @return null if no target has them; one of them if several have
     */
    public @Nullable EngineSignals of(Labels target) {
        TargetMonitor exact = targets.get(target);
        if (exact != null && exact.isEngine()) {
            return exact.snapshot();
        }
        Map<String, String> wanted = target.toMap();
        for (Map.Entry<Labels, TargetMonitor> each : targets.entrySet()) {
            if (each.getValue().isEngine() && each.getKey().toMap().entrySet().containsAll(wanted.entrySet())) {
                return each.getValue().snapshot();
            }
        }
        return null;
    }

    @Override
    public boolean append(SampleBatch batch) {
        try {
            look(batch);
        } catch (RuntimeException e) {
            // The samples matter more than what is told of them.
            LOG.log(Level.WARNING, () -> "no signals from " + batch.commonLabels() + ", or its listener threw", e);
        }
        return next.append(batch);
    }

    private void look(SampleBatch batch) {
        Labels labels = batch.commonLabels();
        TargetMonitor target = targets.get(labels);
        if (target == null) {
            target = targets.computeIfAbsent(labels, this::newTarget);
        }
        ServingState before = target.observe(batch);
        if (target.hasEnded()) {
            targets.remove(labels);
        } else if (before != null && listener != null) {
            listener.changed(target.snapshot(), before);
        }
    }

    private TargetMonitor newTarget(Labels labels) {
        return new TargetMonitor(
                labels,
                new PageSignals(catalog, dictionary, windowMillis),
                new ServingStateMachine(patienceMillis, saturatedWaiting, saturatedKvCache));
    }

    /** True if the sink behind it may, or there is a listener. */
    @Override
    public boolean mayBlock() {
        return listener != null || next.mayBlock();
    }

    @Override
    public FlushResult flush(Duration timeout) {
        return next.flush(timeout);
    }

    /**
     * Settings of a monitor.
     *
     * @since 0.1
     */
    public static final class Builder {
        private SampleSink next = NOWHERE;
        private @Nullable EngineCatalog catalog;
        private Duration window = DEFAULT_WINDOW;
        private Duration patience = DEFAULT_PATIENCE;
        private double saturatedWaiting = 1;
        private double saturatedKvCache = DEFAULT_SATURATED_KV_CACHE;
        private @Nullable ServingStateListener listener;

        private Builder() {}

        /**
         * Where the samples go; nowhere by default.
         *
         * @param sink gets every batch as it is, and answers for it
         * @return this
         */
        public Builder forwardTo(SampleSink sink) {
            next = Objects.requireNonNull(sink, "sink");
            return this;
        }

        /**
         * The engines to recognize; the built-in ones by default.
         *
         * @param catalog a table
         * @return this
         */
        public Builder catalog(EngineCatalog catalog) {
            this.catalog = Objects.requireNonNull(catalog, "catalog");
            return this;
        }

        /**
         * Over which rates and quantiles are told; 30 s by default. At an interval that is longer they are told from the
         * last two pages.
         *
         * @param window at least a second
         * @return this
         * @throws IllegalArgumentException if it is shorter
         */
        public Builder window(Duration window) {
            this.window = atLeast("window", Duration.ofSeconds(1), window);
            return this;
        }

        /**
         * How long requests have to wait for an engine to be saturated, and how long there has to be no token, or nothing
         * new at all, for it to be stalled or frozen; 10 s by default. A prefill may take that long in engines that do not
         * count their steps.
         *
         * @param patience zero for the next page
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder patience(Duration patience) {
            this.patience = atLeast("patience", Duration.ZERO, patience);
            return this;
        }

        /**
         * When an engine is saturated: when so many requests wait, or so much of the KV cache is used; 1 and 0.95 by
         * default.
         *
         * @param waiting requests
         * @param kvCacheUsage from 0 to 1; beyond 1 for never
         * @return this
         */
        public Builder saturatedFrom(double waiting, double kvCacheUsage) {
            saturatedWaiting = waiting;
            saturatedKvCache = kvCacheUsage;
            return this;
        }

        /**
         * Who is told of changes; nobody by default.
         *
         * @param listener called on the threads that append
         * @return this
         */
        public Builder listener(ServingStateListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * A monitor of no targets yet.
         *
         * @return a new monitor
         */
        public EngineMonitor build() {
            return new EngineMonitor(this);
        }

        private static Duration atLeast(String name, Duration least, Duration value) {
            if (value.compareTo(least) < 0) {
                throw new IllegalArgumentException(name + " " + value + " is less than " + least);
            }
            return value;
        }
    }
}

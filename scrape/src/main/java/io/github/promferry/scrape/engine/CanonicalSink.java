package io.github.promferry.scrape.engine;

import io.github.promferry.FlushResult;
import io.github.promferry.Labels;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleSink;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * Gives the signals of engines a second name that is the same for all engines and versions, see {@link EngineSignal}: each
 * batch goes on to another sink with the rows it has and, after them, those of the signals. They have the labels of the
 * engine's series (under the common names where the engine has others), and {@code engine_kind} with the id of the engine.
 *
 * <pre>{@code
 * Scraper.builder().sink(new CanonicalSink(writer, EngineCatalog.builtIn()))
 * }</pre>
 *
 * <p>Where a page has a signal under an old and a new name, the new one counts; what gateways repeat of their engines gets no
 * second name, so that a sum counts nothing twice. Exemplars stay with the engine's own series.
 *
 * <p>What a series means is worked out when it is first seen. As long as a target's page has the same series in the same
 * order, nothing is allocated. Thread-safe in the way that {@link SampleSink} asks for.
 *
 * @since 0.1
 */
public final class CanonicalSink implements SampleSink {
    /** The label that tells which engine a row of a signal is of. */
    public static final String ENGINE_LABEL = "engine_kind";

    private final SampleSink next;
    private final CanonicalSeries dictionary;
    /** By common labels, which a target holds for as long as it is there. */
    private final Map<Labels, CanonicalRows> targets = Collections.synchronizedMap(new WeakHashMap<>());

    private final Deque<SampleBatch> idle = new ArrayDeque<>();

    /**
     * A sink before another one.
     *
     * @param next takes the batches
     * @param catalog what is known of engines
     */
    public CanonicalSink(SampleSink next, EngineCatalog catalog) {
        this.next = Objects.requireNonNull(next, "next");
        dictionary = new CanonicalSeries(catalog);
    }

    @Override
    public boolean append(SampleBatch batch) {
        CanonicalRows rows = rows(batch.commonLabels());
        if (!rows.fit(batch)) {
            rows.learn(batch, dictionary);
        }
        if (rows.isEmpty()) {
            return next.append(batch);
        }
        SampleBatch both = lend();
        try {
            both.reset(batch.commonLabels());
            both.addAll(batch);
            rows.addTo(both);
            return next.append(both);
        } finally {
            giveBack(both);
        }
    }

    private CanonicalRows rows(Labels commonLabels) {
        CanonicalRows known = targets.get(commonLabels);
        if (known == null) {
            known = new CanonicalRows();
            targets.put(commonLabels, known);
        }
        return known;
    }

    @Override
    public boolean mayBlock() {
        return next.mayBlock();
    }

    @Override
    public FlushResult flush(Duration timeout) {
        return next.flush(timeout);
    }

    private SampleBatch lend() {
        synchronized (idle) {
            SampleBatch batch = idle.poll();
            return batch == null ? new SampleBatch() : batch;
        }
    }

    private void giveBack(SampleBatch batch) {
        batch.reset(Labels.EMPTY);
        synchronized (idle) {
            idle.push(batch);
        }
    }
}

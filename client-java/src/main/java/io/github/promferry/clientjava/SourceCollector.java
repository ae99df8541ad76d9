package io.github.promferry.clientjava;

import io.github.promferry.Exemplar;
import io.github.promferry.Labels;
import io.github.promferry.MetricSource;
import io.github.promferry.NativeHistogram;
import io.github.promferry.SampleBatch;
import io.github.promferry.SampleValues;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Shows a source's samples in a client_java registry: this library's own metrics, for instance, on the page that the
 * embedding service exposes anyway.
 *
 * <pre>{@code
 * PrometheusRegistry.defaultRegistry.register(SourceCollector.of(writer.metrics()));
 * }</pre>
 *
 * <p>Rows become counters, histograms and so on by the {@linkplain io.github.promferry.Series#metadata() metadata} of their
 * series. client_java has rules of its own: it writes counters with {@code _total} and infos with {@code _info}, whatever
 * they were called, and counts are whole numbers. A data point that does not fit its type (buckets that shrink, half an
 * observation) is shown row by row as type unknown. What client_java refuses altogether is left out and {@linkplain
 * #skippedRows() counted}: a second row of the same series, a name that it reserves, a native histogram with float counts or
 * custom bounds. Of several exemplars of a number the last is shown. Stale markers are left out too.
 *
 * <p>Thread-safe; calls wait for each other, so the source is never asked by two scrapes at once.
 *
 * @since 0.1
 */
public final class SourceCollector implements MultiCollector {
    private final MetricSource source;
    /** Guards the batch and the count of skipped rows. */
    private final Object lock = new Object();

    private final SampleBatch batch = new SampleBatch();
    private int skippedRows;

    private SourceCollector(MetricSource source) {
        this.source = source;
    }

    /**
     * A collector of all that a source gives.
     *
     * @param source asked once for each scrape of the registry
     * @return a collector, not registered anywhere yet
     */
    public static SourceCollector of(MetricSource source) {
        return new SourceCollector(Objects.requireNonNull(source, "source"));
    }

    @Override
    public MetricSnapshots collect() {
        synchronized (lock) {
            batch.reset(Labels.EMPTY);
            source.collect(batch);
            SnapshotAssembler assembler = new SnapshotAssembler();
            int exemplar = 0;
            int histogram = 0;
            for (int row = 0; row < batch.size(); row++) {
                int firstExemplar = exemplar;
                while (exemplar < batch.exemplarCount() && batch.exemplarRow(exemplar) == row) {
                    exemplar++;
                }
                boolean isHistogram = histogram < batch.histogramCount() && batch.histogramRow(histogram) == row;
                NativeHistogram value = isHistogram ? batch.histogram(histogram++) : null;
                if (!SampleValues.isStale(batch.valueBits(row))) {
                    assembler.add(batch, row, value, exemplars(firstExemplar, exemplar));
                }
            }
            MetricSnapshots snapshots = assembler.assemble();
            skippedRows = assembler.skippedRows();
            batch.reset(Labels.EMPTY);
            return snapshots;
        }
    }

    private List<Exemplar> exemplars(int from, int to) {
        if (from == to) {
            return List.of();
        }
        List<Exemplar> exemplars = new ArrayList<>();
        for (int i = from; i < to; i++) {
            exemplars.add(batch.exemplar(i));
        }
        return exemplars;
    }

    /**
     * How many rows of the last call client_java would not take.
     *
     * @return 0 if the registry shows all that the source gave
     */
    public int skippedRows() {
        synchronized (lock) {
            return skippedRows;
        }
    }
}

package io.github.promferry;

import java.util.Arrays;
import java.util.Objects;

/**
 * Samples in columns: series, timestamps, value bits; native histograms, exemplars and start timestamps in side columns
 * that cost nothing while unused. Labels that all rows share (a target's job, instance, external labels) are held once.
 *
 * <p>A batch belongs to one thread at a time and is meant to be used again: {@link #reset} keeps the arrays. Whoever is
 * handed one ({@link SampleSink#append}) may read it until the call returns. For the sake of speed {@link #series}, {@link
 * #timestamp}, {@link #valueBits} and {@link #startTimestamp} do not check that the batch has the row.
 *
 * @since 0.1
 */
public final class SampleBatch {
    /** In a timestamp column: the page gave none. */
    public static final long NO_TIMESTAMP = Long.MIN_VALUE;

    private static final int INITIAL_ROWS = 64;
    private static final Exemplar[] NO_EXEMPLARS = {};
    private static final NativeHistogram[] NO_HISTOGRAMS = {};
    private static final int[] NO_ROWS = {};
    private static final long[] NO_LONGS = {};

    private Labels commonLabels = Labels.EMPTY;
    private int size;
    private Series[] series = new Series[INITIAL_ROWS];
    private long[] timestamps = new long[INITIAL_ROWS];
    private long[] valueBits = new long[INITIAL_ROWS];

    private boolean hasStartTimestamps;
    private long[] startTimestamps = NO_LONGS;

    private int exemplarCount;
    private int[] exemplarRows = NO_ROWS;
    private Exemplar[] exemplars = NO_EXEMPLARS;

    private int histogramCount;
    private int[] histogramRows = NO_ROWS;
    private NativeHistogram[] histograms = NO_HISTOGRAMS;

    /** An empty batch without common labels. */
    public SampleBatch() {}

    /**
     * Empties the batch and sets the labels that all coming rows share.
     *
     * @param commonLabels the shared labels, {@link Labels#EMPTY} for none
     */
    public void reset(Labels commonLabels) {
        this.commonLabels = Objects.requireNonNull(commonLabels, "commonLabels");
        truncate(0);
    }

    /**
     * Adds a row.
     *
     * @param series whose sample it is
     * @param timestampMillis milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP}
     * @param bits the value, as raw bits
     */
    public void add(Series series, long timestampMillis, long bits) {
        int row = size;
        if (row == this.series.length) {
            grow();
        }
        this.series[row] = series;
        timestamps[row] = timestampMillis;
        valueBits[row] = bits;
        size = row + 1;
        if (hasStartTimestamps) {
            startTimestamps[row] = NO_TIMESTAMP;
        }
    }

    /**
     * Adds a row whose value is a native histogram. Its value bits are those of the sum.
     *
     * @param series whose sample it is
     * @param timestampMillis milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP}
     * @param histogram the value
     */
    public void addHistogram(Series series, long timestampMillis, NativeHistogram histogram) {
        add(series, timestampMillis, Double.doubleToRawLongBits(histogram.sum()));
        putHistogram(size - 1, histogram);
    }

    /**
     * Adds all rows of another batch with their histograms, exemplars and start timestamps. Common labels are not touched.
     *
     * @param other another batch, which stays as it is
     * @throws IllegalArgumentException if it is this batch
     */
    public void addAll(SampleBatch other) {
        if (other == this) {
            throw new IllegalArgumentException("a batch cannot be added to itself: expected another batch");
        }
        int first = size;
        while (series.length - first < other.size) {
            grow();
        }
        System.arraycopy(other.series, 0, series, first, other.size);
        System.arraycopy(other.timestamps, 0, timestamps, first, other.size);
        System.arraycopy(other.valueBits, 0, valueBits, first, other.size);
        size = first + other.size;
        if (hasStartTimestamps) {
            Arrays.fill(startTimestamps, first, size, NO_TIMESTAMP);
        }
        if (other.hasStartTimestamps) {
            for (int row = 0; row < other.size; row++) {
                setStartTimestamp(first + row, other.startTimestamps[row]);
            }
        }
        for (int index = 0; index < other.histogramCount; index++) {
            putHistogram(first + other.histogramRows[index], other.histograms[index]);
        }
        for (int index = 0; index < other.exemplarCount; index++) {
            putExemplar(first + other.exemplarRows[index], other.exemplars[index]);
        }
    }

    /**
     * Adds an exemplar to the last row.
     *
     * @param exemplar the exemplar
     * @throws IllegalStateException if there is no row yet
     */
    public void addExemplar(Exemplar exemplar) {
        putExemplar(lastRow(), Objects.requireNonNull(exemplar, "exemplar"));
    }

    /**
     * Sets when the last row's counter, histogram or summary began to count.
     *
     * @param timestampMillis milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP}
     * @throws IllegalStateException if there is no row yet
     */
    public void setStartTimestamp(long timestampMillis) {
        setStartTimestamp(lastRow(), timestampMillis);
    }

    /**
     * Sets when a row's counter, histogram or summary began to count.
     *
     * @param row from 0 to {@code size() - 1}
     * @param timestampMillis milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP}
     */
    public void setStartTimestamp(int row, long timestampMillis) {
        Objects.checkIndex(row, size);
        if (!hasStartTimestamps) {
            if (startTimestamps.length < series.length) {
                startTimestamps = new long[series.length];
            }
            Arrays.fill(startTimestamps, 0, size, NO_TIMESTAMP);
            hasStartTimestamps = true;
        }
        startTimestamps[row] = timestampMillis;
    }

    /**
     * Stamps every row that has no timestamp.
     *
     * @param timestampMillis milliseconds since the Unix epoch
     */
    public void stampMissing(long timestampMillis) {
        for (int row = 0; row < size; row++) {
            if (timestamps[row] == NO_TIMESTAMP) {
                timestamps[row] = timestampMillis;
            }
        }
    }

    /**
     * Drops all rows from the given one on, with what belongs to them.
     *
     * @param newSize how many rows stay
     * @throws IndexOutOfBoundsException if there are fewer
     */
    public void truncate(int newSize) {
        Objects.checkFromToIndex(newSize, size, size);
        // Series of vanished targets must not be kept alive by an idle batch.
        Arrays.fill(series, newSize, size, null);
        size = newSize;
        hasStartTimestamps &= newSize > 0;
        while (exemplarCount > 0 && exemplarRows[exemplarCount - 1] >= newSize) {
            exemplars[--exemplarCount] = null;
        }
        while (histogramCount > 0 && histogramRows[histogramCount - 1] >= newSize) {
            histograms[--histogramCount] = null;
        }
    }

    /**
     * The labels that all rows share.
     *
     * @return possibly empty
     * @see Series#fullLabels
     */
    public Labels commonLabels() {
        return commonLabels;
    }

    /**
     * The number of rows.
     *
     * @return 0 if empty
     */
    public int size() {
        return size;
    }

    /**
     * Whether there is no row.
     *
     * @return true if {@link #size()} is 0
     */
    public boolean isEmpty() {
        return size == 0;
    }

    /**
     * The series of a row.
     *
     * @param row from 0 to {@code size() - 1}
     * @return whose sample the row is
     */
    public Series series(int row) {
        return series[row];
    }

    /**
     * The timestamp of a row.
     *
     * @param row from 0 to {@code size() - 1}
     * @return milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP}
     */
    public long timestamp(int row) {
        return timestamps[row];
    }

    /**
     * The value of a row as raw bits.
     *
     * @param row from 0 to {@code size() - 1}
     * @return bits for {@link Double#longBitsToDouble}; stale markers and NaNs unchanged
     */
    public long valueBits(int row) {
        return valueBits[row];
    }

    /**
     * When the row's counter, histogram or summary began to count.
     *
     * @param row from 0 to {@code size() - 1}
     * @return milliseconds since the Unix epoch, or {@link #NO_TIMESTAMP} if unknown
     */
    public long startTimestamp(int row) {
        return hasStartTimestamps ? startTimestamps[row] : NO_TIMESTAMP;
    }

    /**
     * The number of exemplars of all rows together.
     *
     * @return 0 if none
     */
    public int exemplarCount() {
        return exemplarCount;
    }

    /**
     * An exemplar.
     *
     * @param index from 0 to {@code exemplarCount() - 1}
     * @return the exemplar; its row is {@link #exemplarRow}
     */
    public Exemplar exemplar(int index) {
        return exemplars[Objects.checkIndex(index, exemplarCount)];
    }

    /**
     * The row that an exemplar belongs to; never decreasing over the indexes.
     *
     * @param index from 0 to {@code exemplarCount() - 1}
     * @return a row
     */
    public int exemplarRow(int index) {
        return exemplarRows[Objects.checkIndex(index, exemplarCount)];
    }

    /**
     * The number of rows whose value is a native histogram.
     *
     * @return 0 if none
     */
    public int histogramCount() {
        return histogramCount;
    }

    /**
     * A native histogram.
     *
     * @param index from 0 to {@code histogramCount() - 1}
     * @return the histogram; its row is {@link #histogramRow}
     */
    public NativeHistogram histogram(int index) {
        return histograms[Objects.checkIndex(index, histogramCount)];
    }

    /**
     * The row whose value a native histogram is; increasing over the indexes.
     *
     * @param index from 0 to {@code histogramCount() - 1}
     * @return a row
     */
    public int histogramRow(int index) {
        return histogramRows[Objects.checkIndex(index, histogramCount)];
    }

    @Override
    public String toString() {
        return "SampleBatch[" + size + " rows, common labels " + commonLabels + "]";
    }

    private void putHistogram(int row, NativeHistogram histogram) {
        if (histogramCount == histograms.length) {
            int capacity = Math.max(8, histogramCount * 2);
            histograms = Arrays.copyOf(histograms, capacity);
            histogramRows = Arrays.copyOf(histogramRows, capacity);
        }
        histograms[histogramCount] = histogram;
        histogramRows[histogramCount++] = row;
    }

    private void putExemplar(int row, Exemplar exemplar) {
        if (exemplarCount == exemplars.length) {
            int capacity = Math.max(8, exemplarCount * 2);
            exemplars = Arrays.copyOf(exemplars, capacity);
            exemplarRows = Arrays.copyOf(exemplarRows, capacity);
        }
        exemplars[exemplarCount] = exemplar;
        exemplarRows[exemplarCount++] = row;
    }

    private int lastRow() {
        if (size == 0) {
            throw new IllegalStateException("the batch has no row yet: add one first");
        }
        return size - 1;
    }

    private void grow() {
        int capacity = series.length * 2;
        series = Arrays.copyOf(series, capacity);
        timestamps = Arrays.copyOf(timestamps, capacity);
        valueBits = Arrays.copyOf(valueBits, capacity);
        if (hasStartTimestamps) {
            startTimestamps = Arrays.copyOf(startTimestamps, capacity);
        }
    }
}

package io.github.promferry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SampleBatchTest {
    private static final Series A = Series.of(Labels.of("__name__", "a"), MetricMetadata.NONE);
    private static final Series B = Series.of(Labels.of("__name__", "b"), MetricMetadata.NONE);
    private static final Exemplar EXEMPLAR = new Exemplar(Labels.of("trace_id", "1"), 0.5, 7);
    private static final NativeHistogram HISTOGRAM = NativeHistogram.ofCounts(0, 2.5)
            .positive(NativeHistogram.Buckets.ofDeltas(new int[] {0, 0}, new long[0]))
            .build();

    private final SampleBatch batch = new SampleBatch();

    @Test
    void keepsEveryColumnWhileItGrows() {
        for (int row = 0; row < 1000; row++) {
            batch.add(row % 2 == 0 ? A : B, row, Double.doubleToRawLongBits(row));
            if (row % 10 == 0) {
                batch.addExemplar(EXEMPLAR);
            }
            if (row % 3 == 0) {
                batch.setStartTimestamp(row - 5);
            }
        }
        assertThat(batch.size()).isEqualTo(1000);
        assertThat(batch.exemplarCount()).isEqualTo(100);
        assertThat(batch.exemplarRow(99)).isEqualTo(990);
        for (int row = 0; row < 1000; row++) {
            assertThat(batch.series(row)).isSameAs(row % 2 == 0 ? A : B);
            assertThat(batch.timestamp(row)).isEqualTo(row);
            assertThat(batch.valueBits(row)).isEqualTo(Double.doubleToRawLongBits(row));
            assertThat(batch.startTimestamp(row)).isEqualTo(row % 3 == 0 ? row - 5 : SampleBatch.NO_TIMESTAMP);
        }
    }

    @Test
    void isNotAddedToItself() {
        batch.addHistogram(A, 1, HISTOGRAM);
        assertThatThrownBy(() -> batch.addAll(batch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a batch cannot be added to itself: expected another batch");
        assertThat(batch.histogramCount()).isEqualTo(1);
    }

    @Test
    void staleBitsSurvive() {
        batch.add(A, 1, SampleValues.STALE_NAN_BITS);
        assertThat(SampleValues.isStale(batch.valueBits(0))).isTrue();
        assertThat(SampleValues.isStale(SampleValues.NORMAL_NAN_BITS)).isFalse();
    }

    @Test
    void histogramsAreRowsWithTheSumAsValue() {
        batch.add(A, 1, 0);
        batch.addHistogram(B, 2, HISTOGRAM);
        assertThat(batch.size()).isEqualTo(2);
        assertThat(batch.histogramCount()).isEqualTo(1);
        assertThat(batch.histogramRow(0)).isEqualTo(1);
        assertThat(batch.histogram(0)).isSameAs(HISTOGRAM);
        assertThat(Double.longBitsToDouble(batch.valueBits(1))).isEqualTo(2.5);
    }

    @Test
    void takesAllRowsOfAnotherBatchWithWhatBelongsToThem() {
        SampleBatch other = new SampleBatch();
        other.add(A, 1, 10);
        other.setStartTimestamp(5);
        other.addHistogram(B, 2, HISTOGRAM);
        other.addExemplar(EXEMPLAR);
        for (int row = 0; row < 100; row++) {
            other.add(A, row, row);
        }
        batch.add(B, 0, 0);

        batch.addAll(other);
        batch.addAll(other);

        assertThat(batch.size()).isEqualTo(1 + 2 * 102);
        for (int first : new int[] {1, 103}) {
            assertThat(batch.series(first)).isSameAs(A);
            assertThat(batch.timestamp(first)).isEqualTo(1);
            assertThat(batch.valueBits(first)).isEqualTo(10);
            assertThat(batch.startTimestamp(first)).isEqualTo(5);
            assertThat(batch.startTimestamp(first + 1)).isEqualTo(SampleBatch.NO_TIMESTAMP);
            assertThat(batch.timestamp(first + 101)).isEqualTo(99);
        }
        assertThat(batch.startTimestamp(0)).isEqualTo(SampleBatch.NO_TIMESTAMP);
        assertThat(batch.histogramCount()).isEqualTo(2);
        assertThat(batch.histogramRow(1)).isEqualTo(104);
        assertThat(batch.exemplarCount()).isEqualTo(2);
        assertThat(batch.exemplarRow(0)).isEqualTo(2);
        assertThat(other.size()).isEqualTo(102);
    }

    @Test
    void truncatingDropsWhatBelongsToTheRows() {
        batch.add(A, 1, 0);
        batch.addExemplar(EXEMPLAR);
        batch.addHistogram(B, 2, HISTOGRAM);
        batch.setStartTimestamp(9);
        batch.addExemplar(EXEMPLAR);
        batch.truncate(1);
        assertThat(batch.size()).isEqualTo(1);
        assertThat(batch.exemplarCount()).isEqualTo(1);
        assertThat(batch.histogramCount()).isZero();
        batch.add(B, 3, 1);
        assertThat(batch.startTimestamp(1)).isEqualTo(SampleBatch.NO_TIMESTAMP);
        assertThatThrownBy(() -> batch.truncate(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void resetEmptiesAndSetsCommonLabels() {
        batch.add(A, 1, 0);
        batch.setStartTimestamp(9);
        batch.reset(Labels.of("job", "llm"));
        assertThat(batch.isEmpty()).isTrue();
        assertThat(batch.commonLabels()).isEqualTo(Labels.of("job", "llm"));
        batch.add(A, 1, 0);
        assertThat(batch.startTimestamp(0)).isEqualTo(SampleBatch.NO_TIMESTAMP);
    }

    @Test
    void onlyMissingTimestampsAreStamped() {
        batch.add(A, SampleBatch.NO_TIMESTAMP, 0);
        batch.add(B, 5, 0);
        batch.stampMissing(77);
        assertThat(batch.timestamp(0)).isEqualTo(77);
        assertThat(batch.timestamp(1)).isEqualTo(5);
    }

    @Test
    void whatBelongsToARowNeedsOne() {
        assertThatThrownBy(() -> batch.addExemplar(EXEMPLAR)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.setStartTimestamp(1)).isInstanceOf(IllegalStateException.class);
    }
}

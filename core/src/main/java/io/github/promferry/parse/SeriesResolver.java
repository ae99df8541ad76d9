package io.github.promferry.parse;

import io.github.promferry.Labels;
import io.github.promferry.MetricMetadata;
import io.github.promferry.Series;
import org.jspecify.annotations.Nullable;

/**
 * Decides once what an exposed series becomes: target labels, relabeling and label limits live here. The answer is
 * remembered in the {@link SeriesDictionary}, a drop included, so this is never on the hot path.
 *
 * <p>Called by any parser that shares the dictionary, so it must be thread-safe; two parsers that meet the same new
 * series at the same moment may both ask, and one answer is used.
 *
 * @since 0.1
 */
@FunctionalInterface
public interface SeriesResolver {
    /** Keeps every series as exposed. */
    SeriesResolver AS_EXPOSED = Series::of;

    /**
     * What becomes of a series.
     *
     * @param exposed the labels on the page, {@code __name__} among them
     * @param metadata what the page says of the series' family, {@link MetricMetadata#NONE} if nothing
     * @return the series to deliver, or null to drop it
     * @throws SeriesRejectedException to fail the whole page
     */
    @Nullable
    Series resolve(Labels exposed, MetricMetadata metadata);
}

package io.github.promferry.scrape.engine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which bounds of a histogram can go so that those that stay are close enough together. */
final class BucketThinning {
    private BucketThinning() {}

    /**
     * Walks up the bounds and drops each one whose neighbor above is not too far from the last one kept.
     *
     * @param bounds ascending, without infinity
     * @param growth the factor that neighbors may be apart, where the bounds themselves are not further apart
     */
    static Set<Double> dropped(List<Double> bounds, double growth) {
        Set<Double> dropped = new HashSet<>();
        for (int at = 1, kept = 0; at < bounds.size() - 1; at++) {
            double from = bounds.get(kept);
            if (from > 0 && bounds.get(at + 1) <= from * growth) {
                dropped.add(bounds.get(at));
            } else {
                kept = at;
            }
        }
        return dropped;
    }
}

package io.github.promferry.scrape.engine;

import io.github.promferry.Labels;
import io.github.promferry.scrape.relabel.Relabeler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Drops those series of known engines that are not worth their cost; series of others are kept. Immutable and thread-safe.
 *
 * <p>It can also thin out the buckets of histograms, see {@link #thinned}. Series are judged once, when they are first seen;
 * afterwards they cost nothing.
 *
 * @since 0.1
 */
public final class CostProfile implements Relabeler {
    /** What {@link Level#LEAN} thins buckets to. */
    public static final double LEAN_GROWTH = 4;

    /**
     * How much is kept.
     *
     * @since 0.1
     */
    public enum Level {
        /** Everything. */
        FULL,
        /** What dashboards and alerts use: those that come with this library, and those of clouds. */
        DASHBOARD,
        /** The signals of {@link EngineSignal}, with thinned buckets. */
        LEAN
    }

    /**
     * What is kept of an engine.
     *
     * @param families without prefix: families or names of samples; null for all
     * @param droppedBounds by family
     */
    private record Kept(LlmEngine engine, @Nullable Set<String> families, Map<String, Set<Double>> droppedBounds) {}

    private static final List<String> SUFFIXES = List.of("_bucket", "_sum", "_count");

    private final Level level;
    private final double growth;
    private final EngineCatalog catalog;
    private final List<Kept> engines = new ArrayList<>();

    private CostProfile(Level level, double growth, EngineCatalog catalog) {
        this.level = level;
        this.growth = growth;
        this.catalog = catalog;
        for (LlmEngine engine : catalog.engines()) {
            engines.add(new Kept(engine, families(level, engine), droppedBounds(engine, growth)));
        }
    }

    private static @Nullable Set<String> families(Level level, LlmEngine engine) {
        return switch (level) {
            case FULL -> null;
            case DASHBOARD -> engine.dashboardFamilies();
            case LEAN -> engine.leanFamilies();
        };
    }

    private static Map<String, Set<Double>> droppedBounds(LlmEngine engine, double growth) {
        Map<String, Set<Double>> dropped = new HashMap<>();
        engine.bucketBounds().forEach((family, bounds) -> dropped.put(family, BucketThinning.dropped(bounds, growth)));
        return dropped;
    }

    /**
     * A profile.
     *
     * @param level how much to keep
     * @param catalog what is known of engines
     * @return a profile that keeps all buckets, but for {@link Level#LEAN}
     */
    public static CostProfile of(Level level, EngineCatalog catalog) {
        Objects.requireNonNull(level, "level");
        return new CostProfile(level, level == Level.LEAN ? LEAN_GROWTH : 1, catalog);
    }

    /**
     * This profile with fewer buckets. Of the bounds that the table knows of a family, those are dropped without which no two
     * neighbors are further apart than a factor, so all replicas of an engine keep the same, and bounds that the table does
     * not know are kept. The first bound, the last, {@code +Inf}, sum and count always stay. A cumulative bucket that is gone
     * takes nothing away from the others.
     *
     * <p>A quantile is then computed from a bucket that contains the one it would have been computed from, so the two results
     * differ by no more than the factor, or than the width of the engine's own bucket where that is wider.
     *
     * @param maxGrowth a factor of 1 or more; 1 keeps all buckets
     * @return another profile
     * @throws IllegalArgumentException if it is less than 1
     */
    public CostProfile thinned(double maxGrowth) {
        if (!(maxGrowth >= 1)) {
            throw new IllegalArgumentException("bounds cannot grow by a factor of " + maxGrowth + ": give 1 or more");
        }
        return new CostProfile(level, maxGrowth, catalog);
    }

    /**
     * How much is kept.
     *
     * @return the level
     */
    public Level level() {
        return level;
    }

    @Override
    public @Nullable Labels apply(Labels labels) {
        return keeps(labels) ? labels : null;
    }

    /**
     * Whether a series is kept.
     *
     * @param series labels with {@code __name__}
     * @return true for all series that are of no engine
     */
    public boolean keeps(Labels series) {
        String sample = series.metricName();
        if (sample == null) {
            return true;
        }
        boolean known = false;
        boolean wanted = false;
        for (Kept engine : engines) {
            String own = engine.engine().withoutPrefix(sample);
            if (own != null) {
                if (isThinnedOut(engine, own, series)) {
                    return false;
                }
                known = true;
                wanted |= isWanted(engine, own);
            }
        }
        return wanted || !known;
    }

    private static boolean isWanted(Kept engine, String own) {
        Set<String> families = engine.families();
        return families == null || families.contains(own) || families.contains(family(own));
    }

    private static boolean isThinnedOut(Kept engine, String own, Labels series) {
        Set<Double> droppedBounds =
                own.endsWith("_bucket") ? engine.droppedBounds().get(family(own)) : null;
        String bound = droppedBounds == null ? null : series.get("le");
        if (droppedBounds == null || bound == null) {
            return false;
        }
        try {
            return droppedBounds.contains(Double.parseDouble(bound));
        } catch (NumberFormatException e) {
            // Such as +Inf.
            return false;
        }
    }

    /** The name without the suffix that it has if it is a histogram's. */
    private static String family(String sample) {
        for (String suffix : SUFFIXES) {
            if (sample.endsWith(suffix)) {
                return sample.substring(0, sample.length() - suffix.length());
            }
        }
        return sample;
    }

    @Override
    public boolean touches(String labelName) {
        return labelName.equals(Labels.METRIC_NAME) || labelName.equals("le");
    }

    @Override
    public boolean mayBlock() {
        return false;
    }

    @Override
    public String toString() {
        return "CostProfile[" + level + (growth > 1 ? ", bounds at most " + growth + " apart" : "") + "]";
    }
}

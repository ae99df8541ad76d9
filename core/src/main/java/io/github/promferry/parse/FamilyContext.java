package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Everything before a line that has a say in what the line means: the family that the last TYPE, HELP or UNIT lines speak
 * of, and the dialect. A series is known only together with its context, so that a changed TYPE line gives new series
 * metadata. Interned in the {@link SeriesDictionary}: one object for equal contexts, compared by identity.
 */
final class FamilyContext {
    /** Dialect bits: what of the format and the options changes what the text of a line means. */
    static final int OPENMETRICS = 1;

    static final int NORMALIZE_BOUNDS = 2;
    static final int CREATED_APART = 4;
    static final int REPLACE_INVALID_HELP = 8;
    static final int PROTOBUF = 16;
    static final int STRICT = 32;
    static final int CUSTOM_BUCKETS = 64;

    /** Of {@link Entry#END}, equal to no context that a line can have. */
    static final FamilyContext NOWHERE = new FamilyContext(MetricMetadata.NONE, -1);

    private static final byte[] TOTAL = ascii("_total");
    private static final byte[] CREATED = ascii("_created");
    private static final byte[] BUCKET = ascii("_bucket");
    private static final byte[] SUM = ascii("_sum");
    private static final byte[] COUNT = ascii("_count");
    private static final byte[] GSUM = ascii("_gsum");
    private static final byte[] GCOUNT = ascii("_gcount");
    private static final byte[] INFO = ascii("_info");

    private static final byte[][] COUNTER_SUFFIXES = {TOTAL, CREATED};
    private static final byte[][] HISTOGRAM_SUFFIXES = {BUCKET, SUM, COUNT, CREATED};
    /** Protobuf pages spell sum and count without the g. */
    private static final byte[][] GAUGE_HISTOGRAM_SUFFIXES = {BUCKET, GSUM, GCOUNT, SUM, COUNT};

    private static final byte[][] SUMMARY_SUFFIXES = {SUM, COUNT, CREATED};
    private static final byte[][] INFO_SUFFIXES = {INFO};
    private static final byte[][] NO_SUFFIXES = {};

    final MetricMetadata metadata;
    final int dialect;
    /** In the hash of keys; random, since whoever writes the page can make metadata of equal hash codes. */
    private final int seed = ThreadLocalRandom.current().nextInt();

    private final byte[] family;
    /** Of the family's name, how much begins the names of its series: not {@code _total} of a counter. */
    private final int baseLength;
    /** Whether that part needs no quotes. */
    private final boolean bareBase;

    private final byte[][] suffixes;
    /** The names that were met, by suffix, the base first. Threads may put two equal ones, one after the other. */
    private @Nullable LabelGroup @Nullable [] names;

    FamilyContext(MetricMetadata metadata, int dialect) {
        this.metadata = metadata;
        this.dialect = dialect;
        suffixes = suffixes(metadata.type());
        family = metadata.family().getBytes(UTF_8);
        baseLength = switch (metadata.type()) {
            case COUNTER -> lengthWithout(TOTAL);
            case INFO -> lengthWithout(INFO);
            default -> family.length;
        };
        bareBase = SeriesLexer.isMetricName(family, baseLength);
    }

    /** The hash of a line from those of its name and of what follows the name, so that these can be used by themselves. */
    int hash(int nameHash, int restHash) {
        return 31 * (31 * seed + nameHash) + restHash;
    }

    boolean isFamily(byte[] bytes, int from, int to) {
        return family.length > 0 && Arrays.equals(bytes, from, to, family, 0, family.length);
    }

    /** Index behind the base of the family's name if a bare name begins with it, else {@code from}. */
    int skipBase(byte[] bytes, int from, int to) {
        return bareBase && beginsWithBase(bytes, from, to) ? from + baseLength : from;
    }

    private boolean beginsWithBase(byte[] bytes, int from, int to) {
        int end = from + baseLength;
        return end <= to && Arrays.equals(bytes, from, end, family, 0, baseLength);
    }

    boolean isOpenMetrics() {
        return (dialect & OPENMETRICS) != 0;
    }

    boolean has(int dialectBit) {
        return (dialect & dialectBit) != 0;
    }

    /** Whether a series of that name belongs to the family: same base name after a suffix of the type. */
    boolean owns(byte[] name, int from, int to) {
        return suffixNumber(name, from, to) >= 0;
    }

    /** The name as a label if it has been {@linkplain #keepName kept}, one object for all its series. */
    @Nullable
    LabelGroup knownName(int suffixNumber) {
        @Nullable LabelGroup[] known = names;
        return known == null ? null : known[suffixNumber];
    }

    void keepName(int suffixNumber, LabelGroup name) {
        @Nullable LabelGroup[] known = names;
        if (known == null) {
            known = new LabelGroup[1 + suffixes.length];
            names = known;
        }
        known[suffixNumber] = name;
    }

    /** 0 for the base itself, from 1 on for those with a suffix of the type, -1 for names that are not the family's. */
    int suffixNumber(byte[] name, int from, int to) {
        int suffixFrom = from + baseLength;
        if (baseLength == 0 || !beginsWithBase(name, from, to)) {
            return -1;
        }
        if (suffixFrom == to) {
            return 0;
        }
        for (int i = 0; i < suffixes.length; i++) {
            byte[] suffix = suffixes[i];
            if (Arrays.equals(name, suffixFrom, to, suffix, 0, suffix.length)) {
                return i + 1;
            }
        }
        return -1;
    }

    /** Whether it is the creation time of a counter, histogram or summary. */
    boolean ownsCreated(byte[] name, int from, int to) {
        return isCumulative(metadata.type())
                && to - from == baseLength + CREATED.length
                && Arrays.equals(name, to - CREATED.length, to, CREATED, 0, CREATED.length)
                && owns(name, from, to);
    }

    static boolean isCumulative(MetricType type) {
        return type == MetricType.COUNTER || type == MetricType.HISTOGRAM || type == MetricType.SUMMARY;
    }

    private static byte[][] suffixes(MetricType type) {
        return switch (type) {
            case COUNTER -> COUNTER_SUFFIXES;
            case HISTOGRAM -> HISTOGRAM_SUFFIXES;
            case GAUGE_HISTOGRAM -> GAUGE_HISTOGRAM_SUFFIXES;
            case SUMMARY -> SUMMARY_SUFFIXES;
            case INFO -> INFO_SUFFIXES;
            case UNKNOWN, GAUGE, STATE_SET -> NO_SUFFIXES;
        };
    }

    private int lengthWithout(byte[] suffix) {
        int end = family.length - suffix.length;
        return end > 0 && Arrays.equals(family, end, family.length, suffix, 0, suffix.length) ? end : family.length;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(UTF_8);
    }
}

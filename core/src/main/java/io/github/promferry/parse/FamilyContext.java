package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.Arrays;

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
    private static final byte[][] GAUGE_HISTOGRAM_SUFFIXES = {BUCKET, GSUM, GCOUNT};
    private static final byte[][] SUMMARY_SUFFIXES = {SUM, COUNT, CREATED};
    private static final byte[][] INFO_SUFFIXES = {INFO};
    private static final byte[][] NO_SUFFIXES = {};

    final MetricMetadata metadata;
    final int dialect;
    /** Mixed into the hash of keys. */
    final int seed;

    private final byte[] base;
    private final byte[][] suffixes;

    FamilyContext(MetricMetadata metadata, int dialect) {
        this.metadata = metadata;
        this.dialect = dialect;
        seed = 31 * metadata.hashCode() + dialect;
        suffixes = suffixes(metadata.type());
        byte[] family = metadata.family().getBytes(UTF_8);
        base = switch (metadata.type()) {
            case COUNTER -> without(family, TOTAL);
            case INFO -> without(family, INFO);
            default -> family;
        };
    }

    boolean isOpenMetrics() {
        return (dialect & OPENMETRICS) != 0;
    }

    boolean has(int dialectBit) {
        return (dialect & dialectBit) != 0;
    }

    /** Whether a series of that name belongs to the family: same base name after a suffix of the type. */
    boolean owns(byte[] name, int from, int to) {
        if (base.length == 0) {
            return false;
        }
        if (Arrays.equals(name, from, to, base, 0, base.length)) {
            return true;
        }
        int suffixFrom = from + base.length;
        if (suffixFrom > to || !Arrays.equals(name, from, suffixFrom, base, 0, base.length)) {
            return false;
        }
        for (byte[] suffix : suffixes) {
            if (Arrays.equals(name, suffixFrom, to, suffix, 0, suffix.length)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it is the creation time of a counter, histogram or summary. */
    boolean ownsCreated(byte[] name, int from, int to) {
        return isCumulative(metadata.type())
                && to - from == base.length + CREATED.length
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

    private static byte[] without(byte[] name, byte[] suffix) {
        int end = name.length - suffix.length;
        return end > 0 && Arrays.equals(name, end, name.length, suffix, 0, suffix.length)
                ? Arrays.copyOf(name, end)
                : name;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(UTF_8);
    }
}

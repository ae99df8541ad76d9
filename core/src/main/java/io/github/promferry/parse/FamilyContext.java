package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.promferry.MetricMetadata;
import io.github.promferry.MetricType;
import java.util.Arrays;
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

    /** What a type adds to the names of series. */
    private static final class Suffix {
        final String word;
        final byte[] bytes;

        Suffix(String word) {
            this.word = word;
            bytes = word.getBytes(UTF_8);
        }

        boolean equals(byte[] name, int from, int to) {
            return Arrays.equals(name, from, to, bytes, 0, bytes.length);
        }
    }

    /** The name of a family; that of its TYPE and HELP lines is one. */
    private static final class Name {
        final byte[] bytes;
        final int hash;
        /** Whether it needs no quotes. */
        final boolean bare;

        Name(String text) {
            bytes = text.getBytes(UTF_8);
            hash = FamilyContext.hash(bytes);
            bare = SeriesLexer.isMetricName(bytes, bytes.length);
        }
    }

    private static final Suffix TOTAL = new Suffix("_total");
    private static final Suffix CREATED = new Suffix("_created");
    private static final Suffix BUCKET = new Suffix("_bucket");
    private static final Suffix SUM = new Suffix("_sum");
    private static final Suffix COUNT = new Suffix("_count");
    private static final Suffix GSUM = new Suffix("_gsum");
    private static final Suffix GCOUNT = new Suffix("_gcount");
    private static final Suffix INFO = new Suffix("_info");

    private static final Suffix[] COUNTER_SUFFIXES = {TOTAL, CREATED};
    private static final Suffix[] HISTOGRAM_SUFFIXES = {BUCKET, SUM, COUNT, CREATED};
    /** Protobuf pages spell sum and count without the g. */
    private static final Suffix[] GAUGE_HISTOGRAM_SUFFIXES = {BUCKET, GSUM, GCOUNT, SUM, COUNT};

    private static final Suffix[] SUMMARY_SUFFIXES = {SUM, COUNT, CREATED};
    private static final Suffix[] INFO_SUFFIXES = {INFO};
    private static final Suffix[] NO_SUFFIXES = {};

    final MetricMetadata metadata;
    final int dialect;
    private final Name name;
    private final byte[] family;
    private final int helpHash;
    /** Of the content, and salted: whoever writes the page can make metadata of equal hash codes. */
    final int hash;
    /** Of the family's name, how much begins the names of its series: not {@code _total} of a counter. */
    private final int baseLength;

    private final Suffix[] suffixes;
    /** Bits of the lowest value that no sample of the family can be blamed for, and how far up they go, unsigned. */
    private final long harmlessFrom;

    private final long harmlessSpan;
    /** The names that were met, by suffix, the base first. Threads may put two equal ones, one after the other. */
    private @Nullable LabelGroup @Nullable [] names;

    FamilyContext(MetricMetadata metadata, int dialect) {
        this(
                metadata,
                dialect,
                new Name(metadata.family()),
                hash(metadata.help().getBytes(UTF_8)));
    }

    private FamilyContext(MetricMetadata metadata, int dialect, Name name, int helpHash) {
        this.metadata = metadata;
        this.dialect = dialect;
        this.name = name;
        this.helpHash = helpHash;
        family = name.bytes;
        hash = contentHash();
        suffixes = suffixes(metadata.type());
        baseLength = switch (metadata.type()) {
            case COUNTER -> lengthWithout(TOTAL);
            case INFO -> lengthWithout(INFO);
            default -> family.length;
        };
        boolean judged = isOpenMetrics();
        switch (judged ? metadata.type() : MetricType.UNKNOWN) {
            case COUNTER, SUMMARY, HISTOGRAM, GAUGE_HISTOGRAM -> {
                harmlessFrom = 0;
                harmlessSpan = Double.doubleToRawLongBits(Double.MAX_VALUE);
            }
            case INFO -> {
                harmlessFrom = Double.doubleToRawLongBits(1);
                harmlessSpan = 0;
            }
            case STATE_SET -> {
                harmlessFrom = 0;
                harmlessSpan = 0;
            }
            default -> {
                harmlessFrom = 0;
                harmlessSpan = -1;
            }
        }
    }

    private int contentHash() {
        int text = 31 * (31 * name.hash + helpHash) + hash(metadata.unit().getBytes(UTF_8));
        return 31 * (31 * text + metadata.type().word().hashCode()) + dialect;
    }

    private static int hash(byte[] text) {
        return ByteScan.hash(text, 0, text.length);
    }

    /** The context below a line that says this; what it has in common with this context is not computed again. */
    @SuppressWarnings("ReferenceEquality")
    FamilyContext with(MetricMetadata after) {
        Name afterName = after.family() == metadata.family() ? name : new Name(after.family());
        int afterHelpHash =
                after.help() == metadata.help() ? helpHash : hash(after.help().getBytes(UTF_8));
        return new FamilyContext(after, dialect, afterName, afterHelpHash);
    }

    boolean hasContentOf(FamilyContext other) {
        return hash == other.hash && dialect == other.dialect && metadata.equals(other.metadata);
    }

    /**
     * Whether a value may be one that the family's type forbids; if not, it needs no closer look. For the hot loop:
     * one comparison for all types.
     */
    boolean isSuspicious(long bits) {
        return Long.compareUnsigned(bits - harmlessFrom, harmlessSpan) > 0;
    }

    /** The hash of a line from those of its name and of what follows the name, so that these can be used by themselves. */
    int hash(int nameHash, int restHash) {
        return 31 * (31 * hash + nameHash) + restHash;
    }

    boolean isFamily(byte[] bytes, int from, int to) {
        return family.length > 0 && Arrays.equals(bytes, from, to, family, 0, family.length);
    }

    /** Index behind the base of the family's name if a bare name begins with it, else {@code from}. */
    int skipBase(byte[] bytes, int from, int to) {
        return name.bare && beginsWithBase(bytes, from, to) ? from + baseLength : from;
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
            if (suffixes[i].equals(name, suffixFrom, to)) {
                return i + 1;
            }
        }
        return -1;
    }

    /** What a name adds to that of the family, or null if it is not one of the family's. */
    @Nullable
    String suffix(byte[] name, int from, int to) {
        int number = suffixNumber(name, from, to);
        if (number > 0) {
            return suffixes[number - 1].word;
        }
        return number == 0 && baseLength == family.length ? "" : null;
    }

    /** Whether it is the creation time of a counter, histogram or summary. */
    boolean ownsCreated(byte[] name, int from, int to) {
        return isCumulative(metadata.type())
                && to - from == baseLength + CREATED.bytes.length
                && CREATED.equals(name, to - CREATED.bytes.length, to)
                && owns(name, from, to);
    }

    static boolean isCumulative(MetricType type) {
        return type == MetricType.COUNTER || type == MetricType.HISTOGRAM || type == MetricType.SUMMARY;
    }

    private static Suffix[] suffixes(MetricType type) {
        return switch (type) {
            case COUNTER -> COUNTER_SUFFIXES;
            case HISTOGRAM -> HISTOGRAM_SUFFIXES;
            case GAUGE_HISTOGRAM -> GAUGE_HISTOGRAM_SUFFIXES;
            case SUMMARY -> SUMMARY_SUFFIXES;
            case INFO -> INFO_SUFFIXES;
            case UNKNOWN, GAUGE, STATE_SET -> NO_SUFFIXES;
        };
    }

    private int lengthWithout(Suffix suffix) {
        int end = family.length - suffix.bytes.length;
        return end > 0 && suffix.equals(family, end, family.length) ? end : family.length;
    }
}

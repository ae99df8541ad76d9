package io.github.promferry;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An immutable label set: names sorted by their UTF-8 bytes, none twice, none empty, no empty value (an empty value is
 * the same as no label). Thread-safe.
 *
 * <p>The labels are bytes in the form that goes over the wire, so that encoding a series is copying bytes; strings are
 * made only when asked for. They are, for each label in order, the field {@code labels} of Remote Write 1.0's {@code
 * TimeSeries}:
 *
 * <pre>
 *   0A length { 0A length name bytes, 12 length value bytes }
 * </pre>
 *
 * <p>where lengths are protobuf varints. {@link #encoded()} gives a copy, {@link Cursor} walks it.
 *
 * @since 0.1
 */
public final class Labels implements Comparable<Labels> {
    /** The name of the label that holds the metric name. */
    public static final String METRIC_NAME = "__name__";

    /** No labels. */
    public static final Labels EMPTY = new Labels(new byte[0], new byte[0]);

    private static final byte LABEL_TAG = 0x0A;
    private static final byte NAME_TAG = 0x0A;
    private static final byte VALUE_TAG = 0x12;
    private static final byte[] METRIC_NAME_BYTES = METRIC_NAME.getBytes(UTF_8);
    private static final byte[] NOTHING = {};

    /*
     * Two arrays, since what many series of a page have in common is either of them: the buckets of a histogram have its
     * name, the counters of an engine its labels. {@link #withDefaults} puts them together without a copy.
     */

    /** The label {@code __name__} if it is the first one, as it nearly always is; else empty. */
    private final byte[] head;

    private final byte[] tail;
    /** Of the bytes; 0 until first asked for. A race computes it twice, to the same value. */
    private int hash;

    private Labels(byte[] head, byte[] tail) {
        this.head = head;
        this.tail = tail;
    }

    /** From the encoded labels in a part of an array, which is copied. */
    private static Labels copyOf(byte[] encoded, int length) {
        int split = headLength(encoded, length);
        return new Labels(copyOfRange(encoded, 0, split), copyOfRange(encoded, split, length));
    }

    private static byte[] copyOfRange(byte[] bytes, int from, int to) {
        return from == to ? NOTHING : Arrays.copyOfRange(bytes, from, to);
    }

    /** Where the first of the encoded labels ends if it is {@code __name__}, else 0. */
    private static int headLength(byte[] encoded, int length) {
        if (length == 0) {
            return 0;
        }
        Cursor first = new Cursor(NOTHING, encoded);
        first.next();
        return first.nameEquals(METRIC_NAME_BYTES) ? first.end : 0;
    }

    /**
     * Labels from pairs, such as {@code of("__name__", "up", "job", "llm")}.
     *
     * @param namesAndValues name, value, name, value, in any order of the names; labels with an empty value are left out
     * @return the labels
     * @throws IllegalArgumentException for an odd number of strings, an empty or repeated name, or a string that is not
     *     valid Unicode
     */
    public static Labels of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("names and values come in pairs, got " + namesAndValues.length
                    + " strings: " + Arrays.toString(namesAndValues));
        }
        Builder builder = builder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            builder.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return builder.build();
    }

    /**
     * Labels from a map.
     *
     * @param labels name to value; labels with an empty value are left out
     * @return the labels
     * @throws IllegalArgumentException for an empty name or a string that is not valid Unicode
     */
    public static Labels of(Map<String, String> labels) {
        Builder builder = builder();
        labels.forEach(builder::add);
        return builder.build();
    }

    /**
     * A builder; not thread-safe.
     *
     * @return an empty builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * How many labels there are.
     *
     * @return the number of labels
     */
    public int size() {
        int size = 0;
        for (Cursor at = cursor(); at.next(); ) {
            size++;
        }
        return size;
    }

    /**
     * Whether there are no labels.
     *
     * @return true if {@link #size()} is 0
     */
    public boolean isEmpty() {
        return head.length == 0 && tail.length == 0;
    }

    /**
     * The value of a label.
     *
     * @param name a label name
     * @return its value, or null if there is no such label
     */
    public @Nullable String get(String name) {
        byte[] wanted = name.getBytes(UTF_8);
        for (Cursor at = cursor(); at.next(); ) {
            if (at.nameEquals(wanted)) {
                return at.value();
            }
        }
        return null;
    }

    /**
     * Whether a label name is one that Prometheus 2 knows, too: {@code [a-zA-Z_][a-zA-Z0-9_]*}. Others are UTF-8 names.
     *
     * @param name of a label
     * @return false if it is empty or has another character
     */
    public static boolean isLegacyLabelName(String name) {
        return isLegacy(name, false);
    }

    /**
     * Whether a metric name is one that Prometheus 2 knows, too: {@code [a-zA-Z_:][a-zA-Z0-9_:]*}. Others are UTF-8 names.
     *
     * @param name of a metric
     * @return false if it is empty or has another character
     */
    public static boolean isLegacyMetricName(String name) {
        return isLegacy(name, true);
    }

    private static boolean isLegacy(String name, boolean colons) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
            if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    /**
     * The metric name.
     *
     * @return the value of {@code __name__}, or null if there is none
     */
    public @Nullable String metricName() {
        return get(METRIC_NAME);
    }

    /**
     * The labels as a map, in sorted order.
     *
     * @return an unmodifiable copy
     */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        for (Cursor at = cursor(); at.next(); ) {
            map.put(at.name(), at.value());
        }
        return Collections.unmodifiableMap(map);
    }

    /**
     * These labels plus those of the other set whose name is not here. Where the one is but a metric name and the other
     * has none, the result takes no memory for their text.
     *
     * @param defaults labels that lose against these
     * @return the merged labels
     */
    public Labels withDefaults(Labels defaults) {
        if (defaults.isEmpty()) {
            return this;
        }
        if (isEmpty()) {
            return defaults;
        }
        if (defaults.tail.length == 0 && sortsBehindName()) {
            return new Labels(defaults.head, tail);
        }
        if (tail.length == 0 && defaults.sortsBehindName()) {
            return new Labels(head, defaults.tail);
        }
        return merged(defaults);
    }

    /** Whether there is no {@code __name__} and all labels come after where it would be. */
    private boolean sortsBehindName() {
        if (head.length != 0) {
            return false;
        }
        Cursor first = cursor();
        first.next();
        return first.compareName(METRIC_NAME_BYTES) > 0;
    }

    private Labels merged(Labels defaults) {
        byte[] merged = new byte[encodedLength() + defaults.encodedLength()];
        int length = 0;
        Cursor own = cursor();
        Cursor other = defaults.cursor();
        boolean ownLeft = own.next();
        boolean otherLeft = other.next();
        while (ownLeft || otherLeft) {
            int order = !ownLeft ? 1 : !otherLeft ? -1 : own.compareNames(other);
            Cursor taken = order <= 0 ? own : other;
            System.arraycopy(taken.bytes, taken.start, merged, length, taken.end - taken.start);
            length += taken.end - taken.start;
            if (order <= 0) {
                ownLeft = own.next();
            }
            if (order >= 0) {
                otherLeft = other.next();
            }
        }
        return copyOf(merged, length);
    }

    /**
     * The labels in the form described at the class.
     *
     * @return a copy
     */
    public byte[] encoded() {
        byte[] encoded = Arrays.copyOf(head, encodedLength());
        System.arraycopy(tail, 0, encoded, head.length, tail.length);
        return encoded;
    }

    /**
     * The size of {@link #encoded()}.
     *
     * @return bytes
     */
    public int encodedLength() {
        return head.length + tail.length;
    }

    /**
     * Copies {@link #encoded()}, or a part of it between two {@linkplain Cursor#start() label starts}.
     *
     * @param from index of the first byte, 0 for all
     * @param to index after the last byte, {@link #encodedLength()} for all
     * @param target where to copy to
     * @param at index in the target
     * @return index in the target after the copy
     */
    public int copyEncoded(int from, int to, byte[] target, int at) {
        int split = head.length;
        int next = at;
        if (from < split) {
            int headTo = Math.min(split, to);
            System.arraycopy(head, from, target, next, headTo - from);
            next += headTo - from;
        }
        if (to > split) {
            int tailFrom = Math.max(split, from);
            System.arraycopy(tail, tailFrom - split, target, next, to - tailFrom);
            next += to - tailFrom;
        }
        return next;
    }

    /**
     * Walks the labels in order without making strings.
     *
     * @return a cursor before the first label; not thread-safe
     */
    public Cursor cursor() {
        return new Cursor(head, tail);
    }

    /**
     * Orders label sets as Prometheus does: label by label, name before value, by bytes; of two sets of which one
     * begins with the other, the shorter first.
     */
    @Override
    public int compareTo(Labels other) {
        Cursor mine = cursor();
        Cursor theirs = other.cursor();
        while (true) {
            boolean left = mine.next();
            boolean otherLeft = theirs.next();
            if (!left || !otherLeft) {
                return Boolean.compare(left, otherLeft);
            }
            int order = mine.compareNames(theirs);
            if (order == 0) {
                order = mine.compareValues(theirs);
            }
            if (order != 0) {
                return order;
            }
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof Labels labels
                        && Arrays.equals(tail, labels.tail)
                        && Arrays.equals(head, labels.head));
    }

    /** A hash of the labels that is the same in every process, so that it may pick shards and offsets. */
    @Override
    public int hashCode() {
        int h = hash;
        if (h == 0) {
            h = Arrays.hashCode(head);
            for (byte b : tail) {
                h = 31 * h + b;
            }
            hash = h;
        }
        return h;
    }

    /** The series as an exposition would write it, such as {@code up{job="llm"}}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        String separator = "{";
        for (Cursor at = cursor(); at.next(); ) {
            if (at.name().equals(METRIC_NAME)) {
                text.insert(0, at.value());
            } else {
                text.append(separator).append(at.name()).append("=\"");
                text.append(
                        at.value().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"));
                text.append('"');
                separator = ",";
            }
        }
        if (separator.equals(",")) {
            text.append('}');
        } else if (text.isEmpty()) {
            text.append("{}");
        }
        return text.toString();
    }

    private static int varintLength(int value) {
        // 7 bits a byte; lengths are never negative.
        return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
    }

    private static int putVarint(byte[] target, int at, int value) {
        int rest = value;
        int next = at;
        while (rest >= 0x80) {
            target[next++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[next++] = (byte) rest;
        return next;
    }

    /**
     * Walks the encoded labels. Offsets are indexes into {@link Labels#encoded()}.
     *
     * @since 0.1
     */
    public static final class Cursor {
        /** The part of the labels that the cursor is in, and all indexes below are into. */
        private byte[] bytes;

        /** What comes before that part. */
        private int before;

        private final byte[] tail;
        private int start;
        private int end;
        private int nameStart;
        private int nameEnd;
        private int valueStart;
        private int varintEnd;

        private Cursor(byte[] head, byte[] tail) {
            bytes = head;
            this.tail = tail;
        }

        /**
         * Moves to the next label.
         *
         * @return false if there is none
         */
        public boolean next() {
            if (end == bytes.length) {
                if (bytes == tail || tail.length == 0) {
                    return false;
                }
                before = bytes.length;
                bytes = tail;
                end = 0;
            }
            start = end;
            int bodyLength = varint(start + 1);
            end = varintEnd + bodyLength;
            int nameLength = varint(varintEnd + 1);
            nameStart = varintEnd;
            nameEnd = nameStart + nameLength;
            varint(nameEnd + 1);
            valueStart = varintEnd;
            return true;
        }

        /**
         * Where the label begins, tag and length included.
         *
         * @return an index
         */
        public int start() {
            return before + start;
        }

        /**
         * Where the label ends, which is where its value ends and the next label begins.
         *
         * @return an index
         */
        public int end() {
            return before + end;
        }

        /**
         * Where the name's bytes begin.
         *
         * @return an index
         */
        public int nameStart() {
            return before + nameStart;
        }

        /**
         * Where the name's bytes end.
         *
         * @return an index
         */
        public int nameEnd() {
            return before + nameEnd;
        }

        /**
         * Where the value's bytes begin; they end at {@link #end()}.
         *
         * @return an index
         */
        public int valueStart() {
            return before + valueStart;
        }

        /**
         * The name as a string.
         *
         * @return a new string
         */
        public String name() {
            return new String(bytes, nameStart, nameEnd - nameStart, UTF_8);
        }

        /**
         * The value as a string.
         *
         * @return a new string
         */
        public String value() {
            return new String(bytes, valueStart, end - valueStart, UTF_8);
        }

        /**
         * Compares the names that two cursors stand on, by bytes.
         *
         * @param other another cursor
         * @return negative, zero or positive
         */
        public int compareNames(Cursor other) {
            return Arrays.compareUnsigned(bytes, nameStart, nameEnd, other.bytes, other.nameStart, other.nameEnd);
        }

        private int compareName(byte[] other) {
            return Arrays.compareUnsigned(bytes, nameStart, nameEnd, other, 0, other.length);
        }

        private int compareValues(Cursor other) {
            return Arrays.compareUnsigned(bytes, valueStart, end, other.bytes, other.valueStart, other.end);
        }

        private boolean nameEquals(byte[] name) {
            return Arrays.equals(bytes, nameStart, nameEnd, name, 0, name.length);
        }

        private int varint(int at) {
            int value = 0;
            int shift = 0;
            int next = at;
            byte b;
            do {
                b = bytes[next++];
                value |= (b & 0x7F) << shift;
                shift += 7;
            } while (b < 0);
            varintEnd = next;
            return value;
        }
    }

    /**
     * Collects labels in any order. Usable again after {@link #build()}, which leaves it as it was; {@link #clear()}
     * empties it. Not thread-safe.
     *
     * @since 0.1
     */
    public static final class Builder {
        /** Beyond, a quadratic sort would let a hostile line cost seconds. */
        private static final int MAX_INSERTION_SORT = 64;

        /** Ints of {@link #marks} for each label: where it begins, its name begins, its name ends. */
        private static final int MARKS = 3;

        /** The labels in the order in which they came, encoded already: if that order is right, it is all there is to do. */
        private byte[] text = new byte[256];

        private int length;
        private int[] marks = new int[MARKS * 8];
        private int count;
        private boolean ascending = true;
        private int[] order = {};

        private Builder() {}

        /**
         * Adds a label; an empty value adds nothing.
         *
         * @param name not empty
         * @param value any string
         * @return this
         * @throws IllegalArgumentException for an empty name or a string that is not valid Unicode
         */
        public Builder add(String name, String value) {
            byte[] nameBytes = utf8(Objects.requireNonNull(name, "name"));
            byte[] valueBytes = utf8(Objects.requireNonNull(value, "value"));
            return add(nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length);
        }

        /**
         * Adds a label given as UTF-8 bytes, which the caller has validated; an empty value adds nothing.
         *
         * @param name holds the name
         * @param nameFrom where it begins
         * @param nameTo where it ends
         * @param value holds the value
         * @param valueFrom where it begins
         * @param valueTo where it ends
         * @return this
         * @throws IllegalArgumentException for an empty name
         */
        public Builder add(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
            if (nameFrom == nameTo) {
                throw new IllegalArgumentException("a label name is empty");
            }
            if (valueFrom == valueTo) {
                return this;
            }
            int nameLength = nameTo - nameFrom;
            int valueLength = valueTo - valueFrom;
            int body = 2 + varintLength(nameLength) + nameLength + varintLength(valueLength) + valueLength;
            makeRoom(1 + varintLength(body) + body);
            int mark = MARKS * count;
            marks[mark] = length;
            text[length] = LABEL_TAG;
            int at = putVarint(text, length + 1, body);
            text[at] = NAME_TAG;
            at = putVarint(text, at + 1, nameLength);
            marks[mark + 1] = at;
            System.arraycopy(name, nameFrom, text, at, nameLength);
            at += nameLength;
            marks[mark + 2] = at;
            text[at] = VALUE_TAG;
            at = putVarint(text, at + 1, valueLength);
            System.arraycopy(value, valueFrom, text, at, valueLength);
            length = at + valueLength;
            ascending &= count == 0 || compareNames(count - 1, count) < 0;
            count++;
            return this;
        }

        /**
         * Forgets all labels.
         *
         * @return this
         */
        public Builder clear() {
            count = 0;
            length = 0;
            ascending = true;
            return this;
        }

        /**
         * The labels collected so far, sorted.
         *
         * @return immutable labels
         * @throws IllegalArgumentException if a name was added twice
         */
        public Labels build() {
            return count == 0 ? EMPTY : copyOf(ascending ? text : sortedText(), length);
        }

        private void makeRoom(int labelLength) {
            if (length + labelLength > text.length) {
                text = Arrays.copyOf(text, Math.max(text.length * 2, length + labelLength));
            }
            if (MARKS * (count + 1) > marks.length) {
                marks = Arrays.copyOf(marks, marks.length * 2);
            }
        }

        private byte[] sortedText() {
            int[] sorted = sorted();
            byte[] bytes = new byte[length];
            int at = 0;
            for (int i = 0; i < count; i++) {
                int label = sorted[i];
                if (i > 0 && compareNames(sorted[i - 1], label) == 0) {
                    throw new IllegalArgumentException("label name \"" + name(label) + "\" is repeated");
                }
                int start = marks[MARKS * label];
                int end = label + 1 == count ? length : marks[MARKS * (label + 1)];
                System.arraycopy(text, start, bytes, at, end - start);
                at += end - start;
            }
            return bytes;
        }

        /** The labels' numbers by name. Nearly always few and nearly in order, so by insertion. */
        private int[] sorted() {
            if (order.length < count) {
                order = new int[marks.length / MARKS];
            }
            for (int label = 0; label < count; label++) {
                order[label] = label;
            }
            if (count > MAX_INSERTION_SORT) {
                return sortedMany();
            }
            for (int label = 1; label < count; label++) {
                int at = label;
                while (at > 0 && compareNames(order[at - 1], label) > 0) {
                    order[at] = order[at - 1];
                    at--;
                }
                order[at] = label;
            }
            return order;
        }

        private int[] sortedMany() {
            Integer[] boxed = new Integer[count];
            Arrays.setAll(boxed, label -> label);
            Arrays.sort(boxed, this::compareNames);
            return Arrays.stream(boxed).mapToInt(Integer::intValue).toArray();
        }

        private int compareNames(int a, int b) {
            return Arrays.compareUnsigned(
                    text, marks[MARKS * a + 1], marks[MARKS * a + 2], text, marks[MARKS * b + 1], marks[MARKS * b + 2]);
        }

        private String name(int label) {
            int start = marks[MARKS * label + 1];
            return new String(text, start, marks[MARKS * label + 2] - start, UTF_8);
        }

        private static byte[] utf8(String text) {
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (Character.isSurrogate(c)) {
                    if (Character.isHighSurrogate(c)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1))) {
                        i++;
                    } else {
                        throw new IllegalArgumentException(
                                "not valid Unicode: \"" + text + "\" has half a surrogate pair at index " + i);
                    }
                }
            }
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }
}

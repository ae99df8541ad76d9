package io.github.promferry.remotewrite;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file of a log. Its name carries its place in the log, the salt of its checksums and the version of the format, so
 * that no damage to its bytes can touch those. Guarded by the lock of its log.
 */
final class SpoolSegment {
    /** The version that this code reads and writes. */
    static final int FORMAT = 1;

    private static final Pattern NAME = Pattern.compile("([0-9a-f]{8})-([0-9a-f]{8})\\.v([0-9]{1,9})");

    final Path file;
    final int sequence;
    final int salt;
    final int format;

    /** Where the last sound record ends. */
    long size;

    /** Bytes on disk: damaged ones included, and what follows the last record in a file that is used again. */
    long fileBytes;

    /** The file while it is open for writing, and from then on until it is safe from a loss of power. */
    SpoolDisk.@Nullable Output out;

    /** Whether records are added. */
    boolean open;

    /** Whether there are records that a loss of power could take away. */
    boolean unsynced;

    /** Samples that nobody has decided about yet. */
    long waitingSamples;

    /** The version of its newest record, for reports. */
    int kind;

    long minTimestampMillis = Long.MAX_VALUE;
    long maxTimestampMillis = Long.MIN_VALUE;

    /** When its newest record was appended. */
    long lastAppendedMillis = Long.MIN_VALUE;

    private SpoolSegment(Path file, int sequence, int salt, int format) {
        this.file = file;
        this.sequence = sequence;
        this.salt = salt;
        this.format = format;
    }

    static SpoolSegment create(Path directory, int sequence, int salt) {
        Path file = directory.resolve(String.format("%08x-%08x.v%d", sequence, salt, FORMAT));
        return new SpoolSegment(file, sequence, salt, FORMAT);
    }

    /** The segment in a file, or null if it is some other file. */
    static @Nullable SpoolSegment of(Path file) {
        Path name = file.getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        if (!matcher.matches()) {
            return null;
        }
        int sequence = Integer.parseUnsignedInt(matcher.group(1), 16);
        return sequence < 0
                ? null
                : new SpoolSegment(
                        file,
                        sequence,
                        Integer.parseUnsignedInt(matcher.group(2), 16),
                        Integer.parseInt(matcher.group(3)));
    }

    /** Takes note of a record that waits in the segment. */
    void add(SpoolHeader header, long end) {
        size = end;
        waitingSamples += header.samples;
        kind = header.kind;
        minTimestampMillis = Math.min(minTimestampMillis, header.minTimestampMillis);
        maxTimestampMillis = Math.max(maxTimestampMillis, header.maxTimestampMillis);
        lastAppendedMillis = Math.max(lastAppendedMillis, header.appendedMillis);
    }

    long start() {
        return position(sequence, 0);
    }

    long end() {
        return position(sequence, size);
    }

    /** Positions in a log are ordered like the records at them. */
    static long position(int sequence, long offset) {
        return (long) sequence << 32 | offset;
    }

    static int sequenceOf(long position) {
        return (int) (position >>> 32);
    }

    static long offsetOf(long position) {
        return position & 0xffff_ffffL;
    }
}

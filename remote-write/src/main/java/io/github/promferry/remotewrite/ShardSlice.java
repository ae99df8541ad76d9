package io.github.promferry.remotewrite;

import io.github.promferry.Labels;

/**
 * The targets of one shard: those whose hash is in one of {@code count} equal parts of all hashes. The parts of different
 * counts can be compared, which tells where the samples of a target may have waited before the number of shards changed.
 *
 * @param index which part, from 0
 * @param count how many parts there are
 */
record ShardSlice(int index, int count) {
    /** Which of so many slices a target belongs to. */
    static int indexOf(Labels target, int count) {
        // The labels' hash is a polynomial, whose low bits are poor.
        int hash = target.hashCode() * 0x9E3779B9;
        return ((hash >>> 16) * count) >>> 16;
    }

    /** Whether there may be a target that belongs to both. */
    boolean overlaps(ShardSlice other) {
        return (long) index * other.count < (other.index + 1L) * count
                && (long) other.index * count < (index + 1L) * other.count;
    }
}

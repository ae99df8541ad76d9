package io.github.promferry.remotewrite;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;

/** Walks over the records of a segment and steps over what is damaged. Not thread-safe. */
final class SpoolScanner implements Closeable {
    private final RandomAccessFile file;
    private final int salt;
    private final int windowBytes;
    private byte[] window;
    private long windowStart;
    private int windowLength;
    private long recordStart;
    private long recordEnd;
    private int damages;
    private boolean torn;

    /**
     * Opens a segment.
     *
     * @param windowBytes how much is read at once; small if only the headers are wanted
     */
    SpoolScanner(SpoolSegment segment, long offset, int windowBytes) throws IOException {
        file = new RandomAccessFile(segment.file.toFile(), "r");
        salt = segment.salt;
        this.windowBytes = windowBytes;
        window = new byte[windowBytes];
        recordEnd = offset;
    }

    /**
     * Moves to the next record with a sound header that ends before the limit. What the disk cannot read is damage.
     *
     * @return false if there is none
     */
    boolean next(SpoolHeader header, long limit) {
        try {
            return find(header, limit);
        } catch (IOException e) {
            damages++;
            recordEnd = limit;
            return false;
        }
    }

    private boolean find(SpoolHeader header, long limit) throws IOException {
        long from = recordEnd;
        long at = from;
        while (at + SpoolHeader.BYTES <= limit) {
            if (header.read(window, load(at, SpoolHeader.BYTES, limit), salt)) {
                noteDamage(from, at);
                if (at + SpoolHeader.BYTES + header.bodyLength > limit) {
                    torn = true;
                    return false;
                }
                recordStart = at;
                recordEnd = at + SpoolHeader.BYTES + header.bodyLength;
                return true;
            }
            at++;
        }
        if (at > from) {
            noteDamage(from, at);
        } else if (at < limit) {
            torn = true;
        }
        return false;
    }

    /** Loads the body of the record that {@link #next} has found; -1 if it is damaged. */
    int loadBody(SpoolHeader header, long limit) {
        try {
            int at = load(recordStart + SpoolHeader.BYTES, header.bodyLength, limit);
            if (header.matchesBody(window, at)) {
                return at;
            }
        } catch (IOException e) {
            // A bad sector or a file cut short by somebody else: as lost as wrong bytes are.
        }
        damages++;
        return -1;
    }

    /** Goes on at an offset where a record starts. */
    void seek(long offset) {
        recordEnd = offset;
    }

    /** Where {@link #loadBody} put the body; good until the next call of any method here. */
    byte[] window() {
        return window;
    }

    long recordStart() {
        return recordStart;
    }

    long recordEnd() {
        return recordEnd;
    }

    /** How many damaged places have been stepped over. */
    int damages() {
        return damages;
    }

    /** Whether the file ends within a record, as it does when its writer was killed. */
    boolean isTorn() {
        return torn;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void noteDamage(long from, long to) {
        if (to > from) {
            damages++;
        }
    }

    /** Makes sure that so many bytes are in the window and returns the index of the first. */
    private int load(long at, int length, long limit) throws IOException {
        if (at < windowStart || at + length > windowStart + windowLength) {
            int wanted = (int) Math.min(Math.max(length, windowBytes), limit - at);
            if (window.length < wanted) {
                window = new byte[wanted];
            }
            windowLength = 0;
            file.seek(at);
            file.readFully(window, 0, wanted);
            windowStart = at;
            windowLength = wanted;
        }
        return (int) (at - windowStart);
    }
}

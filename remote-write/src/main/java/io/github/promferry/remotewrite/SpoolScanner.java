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
    private final SpoolHeader follower = new SpoolHeader();

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
     * Moves to the next record with a sound header that ends before the limit. What is stepped over is damage, and so is
     * what the disk cannot read; but not what nothing sound follows: that has never been written completely, or is left from
     * an earlier use of the file.
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
                recordStart = at;
                recordEnd = at + SpoolHeader.BYTES + header.bodyLength;
                return !header.isEnd() && recordEnd <= limit;
            }
            at++;
        }
        return false;
    }

    /**
     * Whether all of the record was written that {@link #next} has found: another one or the end of the segment follows it,
     * or else its body is sound. If not, what follows is looked for from behind its beginning.
     */
    boolean isComplete(SpoolHeader header, long limit) {
        try {
            if (recordEnd + SpoolHeader.BYTES <= limit
                    && follower.read(window, load(recordEnd, SpoolHeader.BYTES, limit), salt)) {
                return true;
            }
            if (header.matchesBody(window, load(recordStart + SpoolHeader.BYTES, header.bodyLength, limit))) {
                return true;
            }
        } catch (IOException e) {
            // Cannot be read now and will not be later.
        }
        recordEnd = recordStart + 1;
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

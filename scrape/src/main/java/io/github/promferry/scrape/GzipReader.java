package io.github.promferry.scrape;

import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks gzip (RFC 1952) from array to array with one inflater for good: {@code GZIPInputStream} would allocate an
 * inflater and some buffers for each page. Several members one after the other are one page, as in Go and in gunzip.
 * Used by one thread at a time.
 */
final class GzipReader {
    private static final int HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;
    private static final int DEFLATE = 8;
    private static final int FLAG_HEADER_CRC = 2;
    private static final int FLAG_EXTRA = 4;
    private static final int FLAG_NAME = 8;
    private static final int FLAG_COMMENT = 16;
    private static final int STEP_BYTES = 32 * 1024;

    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();

    /**
     * Unpacks the packed page.
     *
     * @param maxBytes fails once the page reaches this many bytes, before more is unpacked
     */
    void unpack(PageBuffer packed, PageBuffer page, int maxBytes) throws FetchException {
        byte[] bytes = packed.bytes();
        int end = packed.length();
        int at = 0;
        do {
            at = member(bytes, skipHeader(bytes, at, end), end, page, maxBytes);
        } while (at < end);
    }

    /** Frees the memory of zlib. */
    void close() {
        inflater.end();
    }

    private int member(byte[] bytes, int from, int end, PageBuffer page, int maxBytes) throws FetchException {
        inflater.reset();
        inflater.setInput(bytes, from, end - from);
        checksum.reset();
        int start = page.length();
        while (!inflater.finished()) {
            // At most up to the limit: a page that wants more is refused without unpacking it.
            int room = Math.min(STEP_BYTES, maxBytes - page.length());
            if (room <= 0) {
                throw bodyTooLarge(maxBytes);
            }
            page.reserve(room);
            int count = inflate(page, room);
            if (count == 0 && !inflater.finished()) {
                throw broken(inflater.needsInput() ? "it ends early" : "it needs a dictionary");
            }
            checksum.update(page.bytes(), page.length(), count);
            page.advance(count);
        }
        if (page.length() >= maxBytes) {
            throw bodyTooLarge(maxBytes);
        }
        int trailer = end - inflater.getRemaining();
        if (end - trailer < TRAILER_BYTES) {
            throw broken("it ends early");
        }
        if (int32(bytes, trailer) != (int) checksum.getValue() || int32(bytes, trailer + 4) != page.length() - start) {
            throw broken("checksum or length do not fit");
        }
        return trailer + TRAILER_BYTES;
    }

    private int inflate(PageBuffer page, int room) throws FetchException {
        try {
            return inflater.inflate(page.bytes(), page.length(), room);
        } catch (DataFormatException e) {
            throw broken(String.valueOf(e.getMessage()));
        }
    }

    private static int skipHeader(byte[] bytes, int from, int end) throws FetchException {
        if (end - from < HEADER_BYTES) {
            throw broken("it ends early");
        }
        if (bytes[from] != 0x1f || bytes[from + 1] != (byte) 0x8b || bytes[from + 2] != DEFLATE) {
            throw broken("it does not begin like gzip");
        }
        int flags = bytes[from + 3];
        int at = from + HEADER_BYTES;
        if ((flags & FLAG_EXTRA) != 0) {
            if (end - at < 2) {
                throw broken("it ends early");
            }
            at += 2 + (bytes[at] & 0xFF) + ((bytes[at + 1] & 0xFF) << 8);
        }
        if ((flags & FLAG_NAME) != 0) {
            at = afterZero(bytes, at, end);
        }
        if ((flags & FLAG_COMMENT) != 0) {
            at = afterZero(bytes, at, end);
        }
        if ((flags & FLAG_HEADER_CRC) != 0) {
            at += 2;
        }
        if (at > end) {
            throw broken("it ends early");
        }
        return at;
    }

    private static int afterZero(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != 0) {
            at++;
        }
        return at + 1;
    }

    private static int int32(byte[] bytes, int at) {
        return (bytes[at] & 0xFF)
                | (bytes[at + 1] & 0xFF) << 8
                | (bytes[at + 2] & 0xFF) << 16
                | (bytes[at + 3] & 0xFF) << 24;
    }

    private static FetchException broken(String how) {
        return new FetchException(
                ScrapeFailure.Kind.CONTENT, "the page is said to be gzip but cannot be unpacked: " + how);
    }

    static FetchException bodyTooLarge(int maxBytes) {
        return new FetchException(
                ScrapeFailure.Kind.BODY_SIZE,
                "the page reaches " + maxBytes
                        + " bytes (ScrapeLimits.bodyBytes of the job): raise the limit or have the target"
                        + " expose less");
    }
}

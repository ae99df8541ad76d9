package io.github.promferry.scrape;

import io.github.promferry.http.wire.ResponseReader;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The body of one response after the other: that of a 200 goes into a lent buffer, that of any other status is passed over.
 * Used by one thread at a time.
 */
final class PageBody implements ResponseReader.Body {
    /** An announced length is believed up to this size; a longer body makes the buffer grow as it comes. */
    private static final int MAX_RESERVED_BYTES = 1 << 20;

    private final PageBuffers buffers;
    private int maxBytes;
    private @Nullable PageBuffer page;

    PageBody(PageBuffers buffers) {
        this.buffers = buffers;
    }

    /** Before a response whose body is refused if it reaches so many bytes. */
    void limit(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean begin(int status, long length) throws FetchException {
        if (status != 200) {
            return false;
        }
        if (length >= maxBytes) {
            throw GzipReader.bodyTooLarge(maxBytes);
        }
        if (length > 0) {
            page().reserve((int) Math.min(length, MAX_RESERVED_BYTES));
        }
        return true;
    }

    @Override
    public boolean append(ByteBuffer bytes) throws FetchException {
        PageBuffer into = page();
        if (bytes.remaining() >= maxBytes - into.length()) {
            throw GzipReader.bodyTooLarge(maxBytes);
        }
        into.append(bytes);
        return true;
    }

    /** Not before the first byte: targets that hang hold no buffer. */
    private PageBuffer page() {
        PageBuffer known = page;
        if (known == null) {
            known = buffers.lend();
            page = known;
        }
        return known;
    }

    /** The page of a complete 200, which belongs to the caller. */
    PageBuffer take() {
        PageBuffer complete = page();
        page = null;
        return complete;
    }

    /** Gives up: the buffer is lent no more. */
    void discard() {
        if (page != null) {
            buffers.giveBack(page);
            page = null;
        }
    }
}

package io.github.promferry.scrape;

import io.github.promferry.parse.ExpositionFormat;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one page over HTTP. The seam between the scrape loop and the network: tests and other transports implement it.
 * Thread-safe.
 */
interface Fetcher {
    /**
     * Begins to read a page and returns without waiting for the network.
     *
     * @param receiver told exactly once of the outcome, on any thread, unless the fetch is canceled before
     */
    Fetch fetch(Request request, Receiver receiver);

    /** Ends threads and connections. Fetches under way may fail or never be heard of again. */
    void close();

    /** Has an empty page at once: for what is read without a network. */
    Fetcher NOTHING = new Fetcher() {
        @Override
        public Fetch fetch(Request request, Receiver receiver) {
            receiver.arrived(new Page(ExpositionFormat.TEXT_0_0_4.contentType(), null, new PageBuffer()));
            return () -> {};
        }

        @Override
        public void close() {}
    };

    /**
     * What to ask for.
     *
     * @param uri of the page
     * @param headers beside those of the HTTP settings
     * @param maxBytes a body that reaches this many bytes as sent over the wire is refused
     * @param timeout after which the fetch is canceled by who began it; what is tried one after the other shares it
     */
    record Request(URI uri, Map<String, String> headers, int maxBytes, Duration timeout) {}

    /**
     * A page that has come completely, with status 200.
     *
     * @param contentType as sent, or null
     * @param contentEncoding as sent, or null
     * @param body now belongs to the receiver
     */
    record Page(@Nullable String contentType, @Nullable String contentEncoding, PageBuffer body) {}

    /** A fetch under way. */
    interface Fetch {
        /** Closes the connection. The receiver may still be told if the outcome is on its way. */
        void cancel();
    }

    /** Takes the outcome. Called on the fetcher's threads: must be quick and must not throw. */
    interface Receiver {
        void arrived(Page page);

        void failed(ScrapeFailure failure);
    }
}

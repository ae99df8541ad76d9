package io.github.promferry.examples;

import java.time.Instant;

/**
 * Where the events of this process go: to stderr, one line each, with time in UTC, level and message. Found by the JVM as
 * a service. java.util.logging would do the same, but closes its handlers as soon as the process begins to end, when the
 * forwarder still has to tell what it delivered; and it takes longer to load than a scrape takes.
 */
public final class EventLog extends System.LoggerFinder {
    /** For the service loader. */
    public EventLog() {}

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new EventLogger(name, System.err, Instant::now);
    }
}

package io.github.promferry.examples;

import java.time.Instant;

/**
 * Where the events of this process go: to stderr, one line each, with time in UTC, level and message. Found by the JVM as
 * a service. java.util.logging would do the same, but closes its handlers as soon as the process begins to end, when the
 * forwarder still has to tell what it delivered; and it takes longer to load than a scrape takes.
 */
public final class EventLog extends System.LoggerFinder {
    private static volatile System.Logger.Level threshold = System.Logger.Level.INFO;

    /** For the service loader. */
    public EventLog() {}

    /** Leaves out everything below WARNING, where a command shows by itself what goes on. */
    static void warningsOnly() {
        threshold = System.Logger.Level.WARNING;
    }

    static System.Logger.Level threshold() {
        return threshold;
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new EventLogger(name, System.err, Instant::now);
    }
}

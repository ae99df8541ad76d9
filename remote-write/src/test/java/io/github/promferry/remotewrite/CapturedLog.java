package io.github.promferry.remotewrite;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.text.MessageFormat;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** What this JVM logs, for tests to look at; found as a service. */
public final class CapturedLog extends System.LoggerFinder {
    private static final List<String> LINES = new CopyOnWriteArrayList<>();

    /** For the service loader. */
    public CapturedLog() {}

    static List<String> lines() {
        return List.copyOf(LINES);
    }

    /** What was thrown, with its causes. */
    static String trace(@Nullable Throwable thrown) {
        StringWriter text = new StringWriter();
        if (thrown != null) {
            thrown.printStackTrace(new PrintWriter(text));
        }
        return text.toString();
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Recorder(name);
    }

    private record Recorder(String name) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level.getSeverity() >= Level.INFO.getSeverity();
        }

        @Override
        public void log(
                Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
            write(level, message + " " + trace(thrown));
        }

        @Override
        public void log(
                Level level, @Nullable ResourceBundle bundle, @Nullable String format, @Nullable Object... parameters) {
            boolean isPlain = format == null || parameters == null || parameters.length == 0;
            write(level, isPlain ? String.valueOf(format) : MessageFormat.format(format, parameters));
        }

        @SuppressWarnings("SystemOut") // Where a log goes.
        private void write(Level level, String message) {
            if (isLoggable(level)) {
                LINES.add(level + " " + message);
                System.err.println(level + " " + message);
            }
        }
    }
}

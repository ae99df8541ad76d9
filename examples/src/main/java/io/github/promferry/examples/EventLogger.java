package io.github.promferry.examples;

import java.io.PrintStream;
import java.text.MessageFormat;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ResourceBundle;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A logger that writes INFO and above. */
final class EventLogger implements System.Logger {
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

    private final String name;
    private final PrintStream out;
    private final Supplier<Instant> clock;

    EventLogger(String name, PrintStream out, Supplier<Instant> clock) {
        this.name = name;
        this.out = out;
        this.clock = clock;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean isLoggable(Level level) {
        return level.getSeverity() >= EventLog.threshold().getSeverity() && level != Level.OFF;
    }

    @Override
    public void log(
            Level level, @Nullable ResourceBundle bundle, @Nullable String message, @Nullable Throwable thrown) {
        if (isLoggable(level)) {
            write(level, String.valueOf(message), thrown);
        }
    }

    @Override
    public void log(
            Level level,
            @Nullable ResourceBundle bundle,
            @Nullable String format,
            @Nullable Object @Nullable ... params) {
        if (isLoggable(level)) {
            boolean plain = format == null || params == null || params.length == 0;
            write(level, plain ? String.valueOf(format) : MessageFormat.format(format, params), null);
        }
    }

    /**
     * Writes the line. A message that somebody else wrote (a receiver's error, a page) cannot forge lines or move the
     * cursor, since control characters are escaped.
     */
    private void write(Level level, String message, @Nullable Throwable thrown) {
        StringBuilder line = new StringBuilder(160);
        TIME.formatTo(clock.get(), line);
        line.append(' ').append(word(level)).append(' ');
        appendVisible(line, message);
        if (thrown != null) {
            StackTraceElement[] trace = thrown.getStackTrace();
            appendVisible(line, " (" + thrown + (trace.length == 0 ? "" : " at " + trace[0]) + ")");
        }
        out.println(line);
    }

    /** Padded, so that messages begin in one column. */
    private static String word(Level level) {
        return switch (level) {
            case ERROR -> "ERROR";
            case WARNING -> "WARN ";
            default -> "INFO ";
        };
    }

    private static void appendVisible(StringBuilder line, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isISOControl(c)) {
                line.append(c);
            } else if (c == '\n') {
                line.append("\\n");
            } else {
                line.append(String.format("\\u%04x", (int) c));
            }
        }
    }
}

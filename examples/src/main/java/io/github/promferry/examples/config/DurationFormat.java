package io.github.promferry.examples.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How durations are written: Prometheus and the collector differ. */
enum DurationFormat {
    /** Integers with units in descending order, each at most once: {@code 1h30m}, {@code 1s500ms}, {@code 0}. */
    PROMETHEUS("15s, 1m30s or 500ms") {
        @Override
        Duration parse(String text) {
            if (text.equals("0")) {
                return Duration.ZERO;
            }
            Matcher matcher = PROMETHEUS_GRAMMAR.matcher(text);
            if (text.isEmpty() || !matcher.matches()) {
                throw notADuration(text);
            }
            Duration sum = Duration.ZERO;
            for (int group = 1; group <= PROMETHEUS_UNITS.length; group++) {
                String count = matcher.group(group);
                if (count != null) {
                    sum = sum.plus(PROMETHEUS_UNITS[group - 1].multipliedBy(parseCount(count)));
                }
            }
            return inRange(sum);
        }
    },
    /** Go's {@code time.ParseDuration}: decimal numbers with units, in any order: {@code 1.5s}, {@code 1m30s}. */
    GO("200ms, 1.5s or 1m30s") {
        @Override
        Duration parse(String text) {
            if (text.equals("0")) {
                return Duration.ZERO;
            }
            BigDecimal nanos = BigDecimal.ZERO;
            Matcher matcher = GO_PART.matcher(text);
            int end = 0;
            while (matcher.find() && matcher.start() == end) {
                nanos = nanos.add(
                        new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(goUnit(matcher.group(2)))));
                end = matcher.end();
            }
            if (text.isEmpty() || end != text.length()) {
                throw notADuration(text);
            }
            BigDecimal[] parts = nanos.divideAndRemainder(NANOS_PER_SECOND);
            if (parts[0].compareTo(BigDecimal.valueOf(MAX.toSeconds())) > 0) {
                throw tooLong();
            }
            return Duration.ofSeconds(
                    parts[0].longValueExact(),
                    parts[1].setScale(0, RoundingMode.DOWN).longValueExact());
        }
    };

    /** What {@code long} nanoseconds hold, as in Go and in both originals. */
    private static final Duration MAX = Duration.ofNanos(Long.MAX_VALUE);

    private static final BigDecimal NANOS_PER_SECOND = BigDecimal.valueOf(1_000_000_000);
    private static final Pattern PROMETHEUS_GRAMMAR =
            Pattern.compile("(?:(\\d+)y)?(?:(\\d+)w)?(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?(?:(\\d+)ms)?");
    private static final Duration[] PROMETHEUS_UNITS = {
        Duration.ofDays(365),
        Duration.ofDays(7),
        Duration.ofDays(1),
        Duration.ofHours(1),
        Duration.ofMinutes(1),
        Duration.ofSeconds(1),
        Duration.ofMillis(1)
    };
    private static final Pattern GO_PART = Pattern.compile("(\\d+(?:\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)");
    private static final Pattern BARE_NUMBER = Pattern.compile("\\d+(\\.\\d+)?");

    private final String examples;

    DurationFormat(String examples) {
        this.examples = examples;
    }

    /**
     * Reads a duration.
     *
     * @throws IllegalArgumentException if it is none; the message does not repeat the text
     */
    abstract Duration parse(String text);

    /** The shortest text that both formats read as this duration, such as {@code 1m30s}. */
    static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis == 0) {
            return "0s";
        }
        StringBuilder text = new StringBuilder();
        long[] units = {3_600_000, 60_000, 1_000, 1};
        String[] names = {"h", "m", "s", "ms"};
        for (int i = 0; i < units.length; i++) {
            if (millis >= units[i]) {
                text.append(millis / units[i]).append(names[i]);
                millis %= units[i];
            }
        }
        return text.toString();
    }

    IllegalArgumentException notADuration(String text) {
        if (BARE_NUMBER.matcher(text).matches()) {
            return new IllegalArgumentException("a duration needs a unit, such as " + examples);
        }
        if (text.startsWith("-")) {
            return new IllegalArgumentException("a duration must not be negative");
        }
        return new IllegalArgumentException("not a duration; write for instance " + examples);
    }

    private static IllegalArgumentException tooLong() {
        return new IllegalArgumentException("longer than 292 years");
    }

    private static Duration inRange(Duration duration) {
        if (duration.compareTo(MAX) > 0) {
            throw tooLong();
        }
        return duration;
    }

    private static long parseCount(String digits) {
        // 10^10 years still fit a Duration, so that the sum can be compared with the limit.
        if (digits.length() > 10) {
            throw tooLong();
        }
        return Long.parseLong(digits);
    }

    private static long goUnit(String unit) {
        return switch (unit) {
            case "ns" -> 1L;
            case "us", "µs", "μs" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
        };
    }
}

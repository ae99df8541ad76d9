package io.github.promferry.scrape;

import java.time.Duration;

/** Durations as Prometheus writes them: {@code 15s}, {@code 1h30m}, {@code 1s500ms}. */
final class PrometheusDuration {
    private static final String[] UNITS = {"y", "w", "d", "h", "m", "s", "ms"};
    private static final long[] MILLIS = {365L * 86_400_000, 7L * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1};

    private PrometheusDuration() {}

    /**
     * Reads a duration: integers with units in descending order, each unit once; a bare 0 is allowed.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Duration parse(String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        long millis = 0;
        int at = 0;
        int firstUnit = 0;
        while (at < text.length()) {
            int digits = at;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                at++;
            }
            int unitStart = at;
            while (at < text.length() && text.charAt(at) >= 'a' && text.charAt(at) <= 'z') {
                at++;
            }
            int unit = unit(text.substring(unitStart, at), firstUnit);
            if (unitStart == digits || unit < 0) {
                throw invalid(text);
            }
            try {
                millis = Math.addExact(
                        millis, Math.multiplyExact(Long.parseLong(text, digits, unitStart, 10), MILLIS[unit]));
            } catch (ArithmeticException | NumberFormatException e) {
                throw invalid(text);
            }
            firstUnit = unit + 1;
        }
        if (text.isEmpty()) {
            throw invalid(text);
        }
        return Duration.ofMillis(millis);
    }

    /** Writes the duration in the same grammar; parts of a millisecond are cut off. */
    static String format(Duration duration) {
        long rest = duration.toMillis();
        if (rest == 0) {
            return "0s";
        }
        StringBuilder text = new StringBuilder();
        for (int unit = 0; unit < UNITS.length; unit++) {
            long count = rest / MILLIS[unit];
            // Years and weeks are written only where nothing is left over, as Prometheus does.
            if (count > 0 && (unit >= 2 || rest % MILLIS[unit] == 0)) {
                text.append(count).append(UNITS[unit]);
                rest -= count * MILLIS[unit];
            }
        }
        return text.toString();
    }

    private static int unit(String name, int from) {
        for (int unit = from; unit < UNITS.length; unit++) {
            if (UNITS[unit].equals(name)) {
                return unit;
            }
        }
        return -1;
    }

    private static IllegalArgumentException invalid(String text) {
        return new IllegalArgumentException(
                "\"" + text + "\" is not a duration: write it like 15s, 1m30s or 500ms (units y w d h m s ms)");
    }
}

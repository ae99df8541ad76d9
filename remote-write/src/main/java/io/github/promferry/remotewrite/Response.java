package io.github.promferry.remotewrite;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a receiver answered.
 *
 * @param status the HTTP status
 * @param headers all headers
 * @param message the first bytes of the body
 */
record Response(int status, HttpHeaders headers, String message) {
    private static final String WRITTEN = "X-Prometheus-Remote-Write-%s-Written";

    /** Of each kind that a block may hold; the order does not matter. */
    private static final List<String> WRITTEN_HEADERS =
            List.of(WRITTEN.formatted("Samples"), WRITTEN.formatted("Histograms"), WRITTEN.formatted("Exemplars"));

    private static final int MAX_DIGITS = 18;

    boolean hasWrittenHeader() {
        return WRITTEN_HEADERS.stream()
                .anyMatch(name -> headers.firstValue(name).isPresent());
    }

    /** Samples and native histograms that were written; a missing header counts as 0, an unreadable one too. */
    long written() {
        return number(WRITTEN_HEADERS.get(0)) + number(WRITTEN_HEADERS.get(1));
    }

    private long number(String header) {
        return headers.firstValue(header)
                .map(String::strip)
                .filter(Response::isNumber)
                .map(Long::parseLong)
                .orElse(0L);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() <= MAX_DIGITS && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /**
     * How long to wait before the next request, by {@code Retry-After}: seconds, or a date, which is compared with the
     * response's own {@code Date} so that the two clocks need not agree.
     */
    @Nullable
    Duration retryAfter(long wallMillis) {
        Optional<String> value = headers.firstValue("Retry-After").map(String::strip);
        if (value.isEmpty()) {
            return null;
        }
        if (isNumber(value.get())) {
            return Duration.ofSeconds(Long.parseLong(value.get()));
        }
        Instant until = date(value.get());
        if (until == null) {
            return null;
        }
        Instant sent = headers.firstValue("Date").map(Response::date).orElse(null);
        Duration wait = Duration.between(sent == null ? Instant.ofEpochMilli(wallMillis) : sent, until);
        return wait.isNegative() ? null : wait;
    }

    private static @Nullable Instant date(String text) {
        try {
            return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}

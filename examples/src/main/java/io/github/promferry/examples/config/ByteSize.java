package io.github.promferry.examples.config;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as Prometheus writes them: {@code 16MB}, {@code 1.5GiB}, {@code 0}; KB is 1024 bytes, with or without the i. */
final class ByteSize {
    private static final Pattern GRAMMAR =
            Pattern.compile("(\\d+(?:\\.\\d+)?)(?:([KMGTPE])i?)?B", Pattern.CASE_INSENSITIVE);
    private static final String PREFIXES = "KMGTPE";

    private ByteSize() {}

    /**
     * Reads a size.
     *
     * @throws IllegalArgumentException if it is none; the message does not repeat the text
     */
    static long parse(String text) {
        if (text.equals("0")) {
            return 0;
        }
        Matcher matcher = GRAMMAR.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a size; write a number with a unit, such as 512KB, 16MB or 1GB");
        }
        BigDecimal bytes = new BigDecimal(matcher.group(1));
        if (matcher.group(2) != null) {
            int thousands = PREFIXES.indexOf(matcher.group(2).toUpperCase(Locale.ROOT)) + 1;
            bytes = bytes.multiply(BigDecimal.valueOf(1L << (10 * thousands)));
        }
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("more than 8 EB");
        }
        return bytes.longValue();
    }
}

package io.github.promferry.parse;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Undoes the quoting of a page that is one JSON string, as some llama.cpp builds of 2025 send it. */
final class QuotedPage {
    private QuotedPage() {}

    /** The page without its quotes and escapes, or null if it is not one JSON string. No page begins with a quote. */
    static byte @Nullable [] unquoted(byte[] page, int from, int to) {
        int start = from;
        int end = to;
        while (start < end && page[start] <= ' ' && page[start] >= 0) {
            start++;
        }
        if (start == end || page[start] != '"') {
            return null;
        }
        while (end > start && page[end - 1] <= ' ' && page[end - 1] >= 0) {
            end--;
        }
        if (end - start < 2 || page[end - 1] != '"') {
            return null;
        }
        return unescaped(page, start + 1, end - 1);
    }

    private static byte @Nullable [] unescaped(byte[] page, int from, int to) {
        ByteArrayOutputStream text = new ByteArrayOutputStream(to - from);
        int at = from;
        while (at < to) {
            byte b = page[at++];
            if (b == '"') {
                return null;
            }
            if (b != '\\') {
                text.write(b);
                continue;
            }
            int length = at == to ? 0 : escape(page, at, to, text);
            if (length == 0) {
                return null;
            }
            at += length;
        }
        return text.toByteArray();
    }

    /** Writes what the escape behind a backslash means; returns its length, or 0 if it is none. */
    private static int escape(byte[] page, int at, int to, ByteArrayOutputStream text) {
        int plain = switch (page[at]) {
            case '"', '\\', '/' -> page[at];
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'b' -> '\b';
            case 'f' -> '\f';
            default -> -1;
        };
        if (plain >= 0) {
            text.write(plain);
            return 1;
        }
        int unit = page[at] == 'u' ? hex(page, at + 1, to) : -1;
        if (unit < 0) {
            return 0;
        }
        int low = unit >= 0xD800 && unit < 0xDC00 && at + 7 <= to && page[at + 5] == '\\' && page[at + 6] == 'u'
                ? hex(page, at + 7, to)
                : -1;
        boolean pair = low >= 0xDC00 && low < 0xE000;
        String character = pair ? new String(new char[] {(char) unit, (char) low}) : String.valueOf((char) unit);
        text.writeBytes(character.getBytes(StandardCharsets.UTF_8));
        return pair ? 11 : 5;
    }

    private static int hex(byte[] page, int from, int to) {
        if (to - from < 4) {
            return -1;
        }
        int value = 0;
        for (int at = from; at < from + 4; at++) {
            int digit = Character.digit(page[at], 16);
            if (digit < 0) {
                return -1;
            }
            value = 16 * value + digit;
        }
        return value;
    }
}

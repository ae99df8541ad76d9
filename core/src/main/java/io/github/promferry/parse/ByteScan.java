package io.github.promferry.parse;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/**
 * Looks at eight bytes at a time. Nothing here reads at or behind {@code to}, whatever the array holds there: the tail of
 * a range is read by an overlapping word or byte by byte.
 */
final class ByteScan {
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    private static final long NEWLINES = '\n' * ONES;

    /** Random for each JVM, so that nobody can write a page whose series all fall into one slot of the dictionary. */
    private static final long SALT;

    private static final long SECRET;

    static {
        SecureRandom random = new SecureRandom();
        SALT = random.nextLong();
        SECRET = random.nextLong();
    }

    private ByteScan() {}

    static long wordAt(byte[] bytes, int at) {
        return (long) WORDS.get(bytes, at);
    }

    /** The first newline, or {@code to}. */
    static int indexOfNewline(byte[] bytes, int from, int to) {
        int at = from;
        for (; at <= to - 8; at += 8) {
            // Those above the lowest flagged byte may be false, so take only the lowest.
            long hits = zeroBytes(wordAt(bytes, at) ^ NEWLINES);
            if (hits != 0) {
                return at + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
        }
        while (at < to && bytes[at] != '\n') {
            at++;
        }
        return at;
    }

    /** Eight times the same byte, for {@link #indexOfAny}. */
    static long eightOf(char c) {
        return c * ONES;
    }

    /** The first of three bytes, each given {@linkplain #eightOf eight times}, or {@code to}. */
    static int indexOfAny(byte[] bytes, int from, int to, long a, long b, long c) {
        int at = from;
        for (; at <= to - 8; at += 8) {
            long word = wordAt(bytes, at);
            // False flags stand above a true one of the same byte, so the lowest flag of all three is true.
            long hits = zeroBytes(word ^ a) | zeroBytes(word ^ b) | zeroBytes(word ^ c);
            if (hits != 0) {
                return at + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
        }
        while (at < to && bytes[at] != (byte) a && bytes[at] != (byte) b && bytes[at] != (byte) c) {
            at++;
        }
        return at;
    }

    /** The high bit of each byte of a word that is the one given {@linkplain #eightOf eight times}; no others. */
    static long exactFlags(long word, long eight) {
        long difference = word ^ eight;
        return ~(((difference & ~HIGH_BITS) + ~HIGH_BITS) | difference) & HIGH_BITS;
    }

    /** Whether all bytes of a word, or of several words or-ed, are ASCII. */
    static boolean isAscii(long word) {
        return (word & HIGH_BITS) == 0;
    }

    /** Flags the zero bytes, the lowest of them exactly: above it a borrow may flag others. */
    private static long zeroBytes(long word) {
        return (word - ONES) & ~word & HIGH_BITS;
    }

    /** The first byte that is neither space nor tab, or {@code to}. */
    static int skipBlanks(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && isBlank(bytes[at])) {
            at++;
        }
        return at;
    }

    static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    /** Multiplies and folds sixteen bytes a step: a byte-wise polynomial takes many times as long on a page of series. */
    static int hash(byte[] bytes, int from, int to) {
        long hash = SALT ^ ((long) (to - from) << 32);
        int at = from;
        for (; at < to - 16; at += 16) {
            hash = mix(wordAt(bytes, at), wordAt(bytes, at + 8) ^ hash);
        }
        if (at < to - 8) {
            hash = mix(wordAt(bytes, at), wordAt(bytes, to - 8) ^ hash);
        } else if (at < to) {
            hash = mix(to - from >= 8 ? wordAt(bytes, to - 8) : shortWord(bytes, at, to), hash);
        }
        return (int) (hash ^ (hash >>> 32));
    }

    /** Nobody who does not know the multiplier can choose a word that makes the product zero. */
    private static long mix(long word, long hash) {
        long factor = word ^ SECRET;
        return (factor * hash) ^ Math.multiplyHigh(factor, hash);
    }

    private static long shortWord(byte[] bytes, int from, int to) {
        long word = 0;
        for (int at = from; at < to; at++) {
            word = (word << 8) | (bytes[at] & 0xFF);
        }
        return word;
    }

    /** The first byte that does not belong to valid UTF-8 (RFC 3629: no surrogates, nothing overlong), or -1. */
    static int invalidUtf8(byte[] bytes, int from, int to) {
        int at = from;
        while (true) {
            while (at <= to - 8 && isAscii(wordAt(bytes, at))) {
                at += 8;
            }
            while (at < to && bytes[at] >= 0) {
                at++;
            }
            if (at >= to) {
                return -1;
            }
            int length = sequenceLength(bytes, at, to);
            if (length == 0) {
                return at;
            }
            at += length;
        }
    }

    /** Of a sequence that begins with a byte above 0x7F; 0 if it is not valid. */
    private static int sequenceLength(byte[] bytes, int at, int to) {
        int lead = bytes[at] & 0xFF;
        int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (lead < 0xC2 || lead > 0xF4 || at + length > to) {
            return 0;
        }
        int second = bytes[at + 1] & 0xFF;
        int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < low || second > high) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    /** How many code points valid UTF-8 has. */
    static int codePoints(byte[] bytes, int from, int to) {
        int count = 0;
        for (int at = from; at < to; at++) {
            if ((bytes[at] & 0xC0) != 0x80) {
                count++;
            }
        }
        return count;
    }
}

package io.github.promferry.remotewrite;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** The first bytes of an answer's body, as much as Prometheus keeps of a receiver's message. */
final class AnswerText {
    static final int MAX_KEPT = 1024;

    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    /** Takes what it still needs. */
    void append(ByteBuffer bytes) {
        byte[] some = new byte[Math.min(bytes.remaining(), MAX_KEPT - kept.size())];
        bytes.get(some);
        kept.writeBytes(some);
    }

    boolean isFull() {
        return kept.size() == MAX_KEPT;
    }

    void clear() {
        kept.reset();
    }

    /** One line, without what would disturb a terminal or forge a line of a log. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder();
        kept.toString(UTF_8)
                .strip()
                .codePoints()
                .forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
        return line.toString();
    }
}

package io.github.promferry.remotewrite;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The compressed bytes of a request, at the beginning of an array that may be longer and is used again. Handled by one
 * thread at a time, like the {@link Block} that it belongs to.
 */
final class Body {
    final int length;

    /** Null once it is somebody else's. */
    private byte @Nullable [] array;

    private boolean lent;

    Body(byte[] array, int length) {
        this.array = array;
        this.length = length;
    }

    /** A body that fills its array. */
    static Body of(byte[] bytes) {
        return new Body(bytes, bytes.length);
    }

    byte[] array() {
        byte[] current = array;
        if (current == null) {
            throw new IllegalStateException("this body has been given back");
        }
        return current;
    }

    /** The bytes, to be read until the body is given back. */
    ByteBuffer bytes() {
        return ByteBuffer.wrap(array(), 0, length);
    }

    byte[] copy() {
        return Arrays.copyOf(array(), length);
    }

    /** From now on it may be read by somebody of whom nobody knows when he has done. */
    void lend() {
        lent = true;
    }

    /** Takes the array away; null if somebody may be reading it. */
    byte @Nullable [] release() {
        byte[] released = lent ? null : array();
        array = null;
        return released;
    }
}

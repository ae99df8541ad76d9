package io.github.promferry.remotewrite;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A growing byte array and the few primitives of protobuf's wire format that Remote Write needs. Fields are open to the
 * encoders of this package, whose loops work on them directly.
 */
final class WireBuffer {
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** A 64-bit varint at its longest. */
    static final int MAX_VARINT = 10;

    private static final int INITIAL_CAPACITY = 1024;

    byte[] bytes = new byte[INITIAL_CAPACITY];
    int length;

    /** Makes room for so many more bytes. */
    void reserve(int more) {
        if (bytes.length - length < more) {
            grow(more);
        }
    }

    private void grow(int more) {
        int needed = Math.addExact(length, more);
        bytes = Arrays.copyOf(bytes, (int) Math.min(Math.max(bytes.length * 2L, needed), Integer.MAX_VALUE - 8));
    }

    void put(int b) {
        reserve(1);
        bytes[length++] = (byte) b;
    }

    void put(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, length, to - from);
        length += to - from;
    }

    void varint(long value) {
        reserve(MAX_VARINT);
        length = putVarint(bytes, length, value);
    }

    void fixed64(long bits) {
        reserve(Long.BYTES);
        LONG.set(bytes, length, bits);
        length += Long.BYTES;
    }

    /** Writes a varint and returns the index after it. */
    static int putVarint(byte[] target, int at, long value) {
        int next = at;
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            target[next++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[next++] = (byte) rest;
        return next;
    }

    static int varintLength(long value) {
        // One byte for each started group of 7 bits; 0 takes one as well.
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }
}

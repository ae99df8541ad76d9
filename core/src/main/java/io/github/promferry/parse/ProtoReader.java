package io.github.promferry.parse;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Walks the fields of protobuf messages in a byte array. Never reads at or behind the end it was given. */
final class ProtoReader {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private static final VarHandle DOUBLES =
            MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int MAX_VARINT_BYTES = 10;

    private byte[] bytes = {};
    private int origin;
    private int at;
    private int limit;

    /** Begins to read a range; offsets in errors count from {@code origin}. */
    void begin(byte[] bytes, int origin, int from, int to) {
        this.bytes = bytes;
        this.origin = origin;
        at = from;
        limit = to;
    }

    /** Goes on with another range of the same array. */
    void enter(int from, int to) {
        at = from;
        limit = to;
    }

    boolean hasMore() {
        return at < limit;
    }

    int at() {
        return at;
    }

    int limit() {
        return limit;
    }

    /** The next tag: field number and wire type. */
    int tag() {
        long tag = varint();
        if (tag <= 0 || tag > 0xFFFF_FFFFL || tag >>> 3 == 0) {
            throw error("a field with the tag " + tag, "a field number from 1 on");
        }
        return (int) tag;
    }

    long varint() {
        long value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            if (at >= limit) {
                throw error("the end of the message", "the rest of a number");
            }
            byte b = bytes[at++];
            value |= (b & 0x7FL) << (7 * i);
            if (b >= 0) {
                return value;
            }
        }
        throw error("a number of more than " + MAX_VARINT_BYTES + " bytes", "a varint");
    }

    long zigzag() {
        long value = varint();
        return (value >>> 1) ^ -(value & 1);
    }

    double fixed64() {
        if (limit - at < 8) {
            throw error("the end of the message", "8 bytes of a double");
        }
        double value = (double) DOUBLES.get(bytes, at);
        at += 8;
        return value;
    }

    /** Reads a length and passes over that many bytes; the bytes are those before {@link #at}. */
    int bytes() {
        long length = varint();
        if (length < 0 || length > limit - at) {
            throw error(
                    "a length of " + Long.toUnsignedString(length) + " bytes", "at most the " + (limit - at) + " left");
        }
        at += (int) length;
        return (int) length;
    }

    void skip(int tag) {
        switch (tag & 7) {
            case VARINT -> varint();
            case FIXED64 -> skipBytes(8);
            case BYTES -> bytes();
            case FIXED32 -> skipBytes(4);
            default -> throw error("wire type " + (tag & 7), "0, 1, 2 or 5");
        }
    }

    private void skipBytes(int count) {
        if (limit - at < count) {
            throw error("the end of the message", count + " bytes of a field");
        }
        at += count;
    }

    ExpositionException error(String found, String expected) {
        return ExpositionException.binary(found, expected, at - origin);
    }
}

package io.github.promferry.parse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A protobuf message under construction, field by field, so that every odd form of the encoding can be had. */
final class ProtoMessage {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ProtoMessage rawVarint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes.write((int) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        bytes.write((int) rest);
        return this;
    }

    ProtoMessage varint(int field, long value) {
        return rawVarint(field << 3).rawVarint(value);
    }

    ProtoMessage zigzag(int field, long value) {
        return varint(field, (value << 1) ^ (value >> 63));
    }

    ProtoMessage rawDouble(double value) {
        bytes.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(Double.doubleToRawLongBits(value))
                .array());
        return this;
    }

    ProtoMessage fixed(int field, double value) {
        return rawVarint((field << 3) | 1).rawDouble(value);
    }

    ProtoMessage bytes(int field, byte[] content) {
        rawVarint((field << 3) | 2).rawVarint(content.length);
        bytes.writeBytes(content);
        return this;
    }

    ProtoMessage text(int field, String content) {
        return bytes(field, content.getBytes(UTF_8));
    }

    ProtoMessage message(int field, ProtoMessage content) {
        return bytes(field, content.toBytes());
    }

    ProtoMessage label(String name, String value) {
        return message(1, new ProtoMessage().text(1, name).text(2, value));
    }

    /** Appends the fields of another message. */
    ProtoMessage raw(ProtoMessage fields) {
        bytes.writeBytes(fields.toBytes());
        return this;
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }

    byte[] delimited() {
        ProtoMessage page = new ProtoMessage().rawVarint(bytes.size());
        page.bytes.writeBytes(toBytes());
        return page.toBytes();
    }
}
